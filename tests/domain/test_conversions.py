# SPDX-License-Identifier: Apache-2.0
"""When a goal is reached in a message's window, what an event must have, and which messages convert at all."""

from collections.abc import Mapping
from typing import Any

import pytest

from clarion.domain.broadcasts import Action, EmailContent, SendingState, WebhookCall
from clarion.domain.conversions import Candidate, converts, has_property, open_ms
from clarion.domain.deliveries import DeliveryKey, State
from clarion.domain.goals import CountedFrom, Goal, GoalKind
from clarion.domain.metrics import Metric

DAY = 86_400_000
T = 1_700_000_000_400  # in the middle of a second


def message(
    counted_from: CountedFrom,
    heard: Mapping[Metric, int] | None = None,
    *,
    state: State = State.SENT,
    days: int = 7,
) -> Candidate:
    goal = Goal(GoalKind.EVENT, "purchase", window_days=days, counted_from=counted_from)
    return Candidate(DeliveryKey(1, 1, 1), goal, state, T if state is State.SENT else None, heard or {})


@pytest.mark.parametrize(
    ("at_ms", "fits"),
    [
        (T, True),
        (T - 400, True),  # events are dated to the second
        (T - 401, False),
        (T + 7 * DAY, True),
        (T + 7 * DAY + 599, True),
        (T + 7 * DAY + 600, False),
    ],
)
def test_the_window_has_two_edges_to_the_second(at_ms: int, fits: bool) -> None:
    assert message(CountedFrom.SENT).fits(at_ms) is fits


@pytest.mark.parametrize(
    ("counted_from", "heard", "begins"),
    [
        (CountedFrom.SENT, {}, T),
        (CountedFrom.SENT, {Metric.OPENED: T - 5_000}, T - 5_000),  # quicker than our own books
        (CountedFrom.DELIVERED, {}, None),
        (CountedFrom.DELIVERED, {Metric.DELIVERED: T + 2_000}, T + 2_000),
        (CountedFrom.DELIVERED, {Metric.OPENED: T + 3_000}, T + 3_000),  # who opens it has it
        (CountedFrom.OPENED, {Metric.DELIVERED: T}, None),
        (CountedFrom.OPENED, {Metric.OPENED: T + 4_000}, T + 4_000),  # a report that does not say by whom
        (CountedFrom.OPENED, {Metric.OPENED: T, Metric.PREFETCH_OPENED: T}, None),
        (
            CountedFrom.OPENED,
            {Metric.OPENED: T, Metric.PREFETCH_OPENED: T, Metric.HUMAN_OPENED: T + 9_000},
            T + 9_000,
        ),
        (CountedFrom.OPENED, {Metric.CLICKED: T + 6_000, Metric.HUMAN_CLICKED: T + 6_000}, T + 6_000),
        (CountedFrom.CLICKED, {Metric.OPENED: T, Metric.HUMAN_OPENED: T}, None),
        (CountedFrom.CLICKED, {Metric.CLICKED: T, Metric.MACHINE_CLICKED: T}, None),
        (CountedFrom.CLICKED, {Metric.CLICKED: T, Metric.HUMAN_CLICKED: T + 1_000}, T + 1_000),
    ],
)
def test_from_when_the_window_runs(counted_from: CountedFrom, heard: Mapping[Metric, int], begins: int | None) -> None:
    one = message(counted_from, heard)
    if begins is None:
        assert not any(one.fits(at) for at in range(T - 10_000, T + 100_000, 500))
    else:
        assert one.fits(begins)
        assert not one.fits(begins - 1_000)


@pytest.mark.parametrize("state", [State.QUEUED, State.DRAFTED, State.FAILED, State.IN_DOUBT, State.SKIPPED])
def test_what_did_not_reach_anybody_fits_nothing(state: State) -> None:
    assert message(CountedFrom.SENT, state=state).received_ms is None
    # … unless somebody had it in hand.
    assert message(CountedFrom.SENT, {Metric.CLICKED: T}, state=state).fits(T)


@pytest.mark.parametrize(
    ("name", "wanted", "data", "has"),
    [
        ("", "", {}, True),
        ("plan", "", {"plan": "gold"}, True),
        ("plan", "", {"plan": None}, False),
        ("plan", "", {}, False),
        ("plan", "gold", {"plan": "gold"}, True),
        ("plan", "gold", {"plan": "Gold"}, False),
        ("plan", "gold", {"plan": ["gold"]}, False),
        ("total", "5", {"total": 5.0}, True),
        ("total", "5.50", {"total": 5.5}, True),
        ("total", "five", {"total": 5}, False),
        ("total", "5", {"total": "5"}, True),
        ("first", "true", {"first": True}, True),
        ("first", "1", {"first": True}, False),
        ("cart.total", "5", {"cart": {"total": 5}}, True),
        ("cart.total", "5", {"cart.total": 5}, True),
        ("cart.total", "5", {"cart": [5]}, False),
    ],
)
def test_the_property_that_an_event_must_have(name: str, wanted: str, data: dict[str, Any], has: bool) -> None:
    assert has_property(Goal(GoalKind.EVENT, "e", name, wanted), data) is has


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("email", True),
        ("sms", True),
        ("push", True),
        ("in_app", True),
        ("whatsapp", True),
        ("slack", False),
        ("attribute_update", False),
    ],
)
def test_which_actions_convert(kind: str, expected: bool) -> None:
    action = Action(1, 1, "", kind, SendingState.AUTOMATIC, False, EmailContent(), 0, 0)
    assert converts(action) is expected


@pytest.mark.parametrize("tracked", [True, False])
def test_a_webhook_converts_where_it_is_asked_for(tracked: bool) -> None:
    content = EmailContent(webhook=WebhookCall("https://x.test", conversion_tracking=tracked))
    assert converts(Action(1, 1, "", "webhook", SendingState.AUTOMATIC, False, content, 0, 0)) is tracked


def test_a_goal_stays_open_for_its_window_and_for_what_the_window_waits_for() -> None:
    goals = [Goal(GoalKind.EVENT, "e", window_days=30, counted_from=one) for one in CountedFrom]
    assert [open_ms(goal) // DAY for goal in goals] == [31, 38, 120, 120]
