# SPDX-License-Identifier: Apache-2.0
"""Numbers, rate, end and brakes of a trigger."""

from dataclasses import replace

import pytest

from clarion.domain.deliveries import State
from clarion.domain.progress import Brake, Retry, Standing, ends_at_ms, held_back, numbers, rate
from clarion.domain.triggers import TriggerState

NOW = 10_000_000
LONG_AGO = NOW - 60_000
SENDING = Standing(
    state=TriggerState.SENDING,
    now_ms=NOW,
    created_ms=LONG_AGO,
    paused_ms=None,
    scheduled_ms=None,
    audience_ms=None,
    rated=False,
    spread_until_ms=None,
    ready_ms=0,
    resolve_lease_ms=0,
    resolve_due_ms=0,
    open_slices=3,
    fresh_lease_ms=NOW + 1,
    tried_lease_ms=0,
    fresh_due_ms=0,
    tried_due_ms=None,
    turn=LONG_AGO,
    other_turn=0,
)
FREE = replace(SENDING, fresh_lease_ms=0)


def test_numbers_are_apart() -> None:
    found = numbers(
        {
            (State.QUEUED, ""): 5,
            (State.SENT, ""): 10,
            (State.FAILED, "refused"): 3,
            (State.FAILED, "render_failed"): 2,
            (State.FAILED, "bad_content"): 1,
            (State.SKIPPED, "unsubscribed"): 4,
            (State.DRAFTED, ""): 6,
            (State.IN_DOUBT, "no_answer"): 7,
            (State.STOPPED, "expired"): 8,
        }
    )
    assert found.accounts == 46
    assert (found.sent, found.failed, found.skipped, found.drafted) == (10, 6, 4, 6)
    assert (found.in_doubt, found.stopped, found.left) == (7, 8, 5)
    assert found.handed_over == 10 + 3 + 7
    assert found.made == found.handed_over + 1 + 6  # what could not be written down was rendered


def test_rate_is_of_the_last_minute() -> None:
    samples = [(NOW - 90_000, 0), (NOW - 50_000, 100), (NOW - 5_000, 1_000)]
    assert rate(samples, NOW, 1_100) == 20.0
    assert rate(samples[:1], NOW, 1_100) is None
    assert rate([(NOW - 500, 5)], NOW, 1_100) is None
    assert rate(samples, NOW, 40) == 0  # a repeat took failures back


def test_end_is_told_when_it_can_be() -> None:
    assert ends_at_ms(SENDING, 100, 10.0) == NOW + 10_000
    assert ends_at_ms(SENDING, 100, None) is None
    assert ends_at_ms(SENDING, 100, 0.0) is None
    assert ends_at_ms(SENDING, 0, 10.0) is None
    assert ends_at_ms(replace(SENDING, paused_ms=1), 100, 10.0) is None
    assert ends_at_ms(replace(SENDING, spread_until_ms=NOW + 7), 100, None) == NOW + 7


@pytest.mark.parametrize(
    ("standing", "retry", "brakes"),
    [
        (SENDING, None, []),
        (replace(SENDING, state=TriggerState.DONE, paused_ms=1), None, []),
        (replace(SENDING, paused_ms=1, rated=True), None, [Brake.PAUSED, Brake.RATE]),
        (replace(SENDING, rated=True), None, [Brake.RATE]),
        (replace(SENDING, spread_until_ms=NOW + 9), None, [Brake.SPREAD]),
        (FREE, None, [Brake.NO_WORKER]),
        (replace(FREE, other_turn=NOW - 1), None, [Brake.TURN]),
        (replace(FREE, turn=NOW - 1), None, []),
        (replace(FREE, rated=True, ready_ms=NOW + 50), None, [Brake.RATE]),
        (replace(FREE, fresh_due_ms=None, tried_due_ms=NOW + 5), Retry("451", 1, NOW + 5), [Brake.RETRIES]),
        (replace(FREE, fresh_due_ms=None, tried_due_ms=NOW + 5), Retry("away", 0, NOW + 5), [Brake.PROVIDER]),
        (replace(FREE, state=TriggerState.QUEUED), None, [Brake.NO_WORKER]),
        (replace(FREE, state=TriggerState.QUEUED, created_ms=NOW), None, [Brake.RESOLVING]),
        (replace(FREE, state=TriggerState.RESOLVING, resolve_lease_ms=NOW + 1), None, [Brake.RESOLVING]),
        (replace(FREE, state=TriggerState.QUEUED, scheduled_ms=NOW + 9), None, [Brake.SCHEDULED]),
    ],
)
def test_what_holds_it_back(standing: Standing, retry: Retry | None, brakes: list[Brake]) -> None:
    assert [held.brake for held in held_back(standing, retry)] == brakes


def test_a_limit_holds_back_what_is_being_sent() -> None:
    limited = replace(SENDING, limits=("email/smtp",))
    assert [(held.brake, held.words) for held in held_back(limited)] == [(Brake.LIMIT, "email/smtp")]
    assert [held.brake for held in held_back(replace(limited, paused_ms=NOW))] == [Brake.PAUSED, Brake.LIMIT]
    assert held_back(replace(limited, state=TriggerState.DONE)) == ()


def test_accounts_that_take_nothing_hold_back_what_is_being_sent() -> None:
    away = replace(SENDING, away=("email/ses: 503", "email/relay: switched off"))
    assert [(held.brake, held.words) for held in held_back(away)] == [
        (Brake.PROVIDER, "email/ses: 503; email/relay: switched off")
    ]
    assert held_back(replace(away, state=TriggerState.DONE)) == ()
