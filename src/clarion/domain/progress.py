# SPDX-License-Identifier: Apache-2.0
"""How a trigger gets on: separate numbers, its rate of late, when it ends, and what holds it back. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from clarion.domain.deliveries import Reason, State
from clarion.domain.metrics import NEVER_LEFT
from clarion.domain.triggers import UNFINISHED, TriggerState

RATE_OVER_MS = 60_000
_LEAST_MS = 1_500  # between two looks that tell a rate
GRACE_MS = 10_000  # work that is due and that nobody has taken for so long
Counts = Mapping[tuple[State, str], int]


class Brake(StrEnum):
    """What a trigger waits for."""

    SCHEDULED = "scheduled"
    PAUSED = "paused"
    RESOLVING = "resolving"
    RATE = "rate"
    SPREAD = "spread"
    LIMIT = "limit"
    PROVIDER = "provider"
    RETRIES = "retries"
    TURN = "turn"
    NO_WORKER = "no_worker"


BRAKE_WORDS: Mapping[Brake, str] = {
    Brake.SCHEDULED: "it is scheduled for later",
    Brake.PAUSED: "it is paused",
    Brake.RESOLVING: "its audience is being worked out",
    Brake.RATE: "its rate is limited",
    Brake.SPREAD: "it is spread over a time",
    Brake.LIMIT: "so many a second are let through to the provider",
    Brake.PROVIDER: "the provider takes nothing at present",
    Brake.RETRIES: "what is left waits for another attempt",
    Brake.TURN: "other triggers are served first",
    Brake.NO_WORKER: "no worker takes it",
}


@dataclass(frozen=True, slots=True)
class Held:
    """Something that holds a trigger back: until when in Unix milliseconds, where known, and what was said."""

    brake: Brake
    until_ms: int | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """What an account that waits for another attempt was told; `attempts` that counted."""

    words: str | None
    attempts: int
    due_ms: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A trigger at one moment (`now_ms`, of the database's clock). Times in Unix milliseconds; 0 is never.

    `fresh_…` are of slices not tried to the end yet, `tried_…` of those that hold retries: the latest lease among the
    first of them, and when the first is due. `turn`: when a slice was last claimed, of this and of any other trigger.
    """

    state: TriggerState
    now_ms: int
    created_ms: int
    paused_ms: int | None
    scheduled_ms: int | None
    audience_ms: int | None
    rated: bool
    spread_until_ms: int | None
    ready_ms: int
    resolve_lease_ms: int
    resolve_due_ms: int
    open_slices: int
    fresh_lease_ms: int
    tried_lease_ms: int
    fresh_due_ms: int | None
    tried_due_ms: int | None
    turn: int
    other_turn: int
    paused_words: str | None = None  # why, where nobody paused it
    limits: tuple[str, ...] = ()  # of sending, which were reached of late: channel/provider
    away: tuple[str, ...] = ()  # accounts at providers, where a channel has none that takes messages, and why


@dataclass(frozen=True, slots=True)
class Numbers:
    """Accounts (person × action) by what became of them. `made` were rendered, `handed_over` reached a provider."""

    accounts: int
    made: int
    handed_over: int
    sent: int
    failed: int
    skipped: int
    drafted: int
    in_doubt: int
    stopped: int
    left: int


def numbers(counts: Counts) -> Numbers:
    """The numbers from a trigger's counters."""
    by_state = dict.fromkeys(State, 0)
    never_made = never_left = 0
    for (state, reason), n in counts.items():
        by_state[state] += n
        if state is State.FAILED and reason in NEVER_LEFT:
            never_left += n
            never_made += n if reason == Reason.RENDER_FAILED else 0
    handed = by_state[State.SENT] + by_state[State.FAILED] + by_state[State.IN_DOUBT] - never_left
    return Numbers(
        accounts=sum(by_state.values()),
        made=handed + never_left - never_made + by_state[State.DRAFTED],
        handed_over=handed,
        sent=by_state[State.SENT],
        failed=by_state[State.FAILED],
        skipped=by_state[State.SKIPPED],
        drafted=by_state[State.DRAFTED],
        in_doubt=by_state[State.IN_DOUBT],
        stopped=by_state[State.STOPPED],
        left=by_state[State.QUEUED],
    )


def rate(samples: Sequence[tuple[int, int]], now_ms: int, handed: int) -> float | None:
    """Messages a second since the oldest look of the last minute; None when there is none to compare with.

    `samples`: (when, how many were handed over until then), oldest first.
    """
    for at_ms, then in samples:
        if now_ms - RATE_OVER_MS <= at_ms <= now_ms - _LEAST_MS:
            return max(0, handed - then) * 1_000 / (now_ms - at_ms)
    return None


def ends_at_ms(standing: Standing, left: int, per_second: float | None) -> int | None:
    """When it will be done if it goes on like this; None when that cannot be told."""
    if standing.state is not TriggerState.SENDING or standing.paused_ms is not None or not left:
        return None
    if standing.spread_until_ms is not None:
        return max(standing.spread_until_ms, standing.now_ms)
    if not per_second:
        return None
    return standing.now_ms + int(left * 1_000 / per_second)


def held_back(standing: Standing, retry: Retry | None = None) -> tuple[Held, ...]:
    """What holds a trigger back, the gravest first; nothing for one that is over or goes as fast as it can."""
    if standing.state not in UNFINISHED:
        return ()
    found = [*_by_wish(standing)]
    if standing.state in (TriggerState.QUEUED, TriggerState.RESOLVING):
        return (*found, *_while_resolving(standing, waits=bool(found)))
    if found and found[0].brake is Brake.PAUSED:
        return tuple(found)
    return (*found, *_while_sending(standing, retry))


def _by_wish(standing: Standing) -> list[Held]:
    found = []
    if standing.paused_ms is not None:
        found.append(Held(Brake.PAUSED, words=standing.paused_words))
    if standing.scheduled_ms is not None and standing.audience_ms is None:
        found.append(Held(Brake.SCHEDULED, standing.scheduled_ms))
    if standing.state is TriggerState.SENDING and standing.spread_until_ms is not None:
        found.append(Held(Brake.SPREAD, standing.spread_until_ms))
    elif standing.state is TriggerState.SENDING and standing.rated:
        found.append(Held(Brake.RATE, standing.ready_ms if standing.ready_ms > standing.now_ms else None))
    if standing.state is TriggerState.SENDING and standing.limits:
        found.append(Held(Brake.LIMIT, words=", ".join(standing.limits)))
    if standing.state is TriggerState.SENDING and standing.away:
        found.append(Held(Brake.PROVIDER, words="; ".join(standing.away)))
    return found


def _while_resolving(standing: Standing, *, waits: bool) -> list[Held]:
    if standing.scheduled_ms is not None and standing.audience_ms is None and waits:
        return []
    free = standing.resolve_lease_ms < standing.now_ms and standing.resolve_due_ms <= standing.now_ms
    since = max(standing.created_ms, standing.resolve_due_ms, standing.resolve_lease_ms)
    if free and standing.now_ms - since > GRACE_MS:
        return [Held(Brake.NO_WORKER)]
    later = standing.resolve_due_ms if standing.resolve_due_ms > standing.now_ms else None
    return [Held(Brake.RESOLVING, later)]


def _while_sending(standing: Standing, retry: Retry | None) -> list[Held]:
    now = standing.now_ms
    if max(standing.fresh_lease_ms, standing.tried_lease_ms) >= now or not standing.open_slices:
        return []  # somebody is at it
    dues = [due for due in (standing.fresh_due_ms, standing.tried_due_ms) if due is not None]
    if not dues or standing.ready_ms > now:
        return []
    first = min(dues)
    if first > now:
        if retry is None or retry.attempts:
            return [Held(Brake.RETRIES, first, retry.words if retry else None)]
        return [Held(Brake.PROVIDER, first, retry.words)]
    if now - max(first, standing.created_ms, standing.turn, standing.ready_ms) <= GRACE_MS:
        return []
    return [Held(Brake.TURN if now - standing.other_turn <= GRACE_MS else Brake.NO_WORKER)]
