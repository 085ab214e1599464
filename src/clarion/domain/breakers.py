# SPDX-License-Identifier: Apache-2.0
"""When a trigger is paused by itself: shares of its messages that bounce, are complained about, or fail. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from clarion.domain.deliveries import Reason, State
from clarion.domain.errors import InvalidRequest, Problem
from clarion.domain.metrics import NEVER_LEFT, Metric

MOST_AFTER = 1_000_000
_AFTER = 200
_SHARES = ("bounced", "spammed", "failed")
_WORDS = {"bounced": "bounced", "spammed": "were marked as spam", "failed": "were refused by the provider"}


@dataclass(frozen=True, slots=True)
class Breaker:
    """Shares in percent that must not be passed, None where nobody minds, once `after` messages were handed over."""

    after: int = _AFTER
    bounced: float | None = None
    spammed: float | None = None
    failed: float | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """Messages of a trigger: handed over to a provider, and of these what went wrong."""

    handed_over: int = 0
    bounced: int = 0
    spammed: int = 0
    failed: int = 0

    def since(self, before: "Counted") -> "Counted":
        """What came after an earlier count."""
        return Counted(*(getattr(self, one.name) - getattr(before, one.name) for one in fields(self)))


def shape(breaker: Breaker | None) -> dict[str, Any] | None:
    """As it is stored and shown."""
    return None if breaker is None else asdict(breaker)


def counted(counts: Mapping[tuple[State, str], int], heard: Mapping[str, int]) -> Counted:
    """From a trigger's counters. An address that the server does not know has bounced at once."""
    handed_over = bounced = failed = 0
    for (state, reason), n in counts.items():
        if state is State.FAILED and reason not in NEVER_LEFT:
            handed_over += n
            if reason == Reason.INVALID_ADDRESS:
                bounced += n
            else:
                failed += n
        elif state in {State.SENT, State.IN_DOUBT}:
            handed_over += n
    return Counted(handed_over, bounced + heard.get(Metric.BOUNCED, 0), heard.get(Metric.SPAMMED, 0), failed)


def verdict(breaker: Breaker, found: Counted) -> str | None:
    """Why the trigger must not go on; None when it may."""
    if found.handed_over < breaker.after:
        return None
    for name in _SHARES:
        most, n = getattr(breaker, name), getattr(found, name)
        if most is not None and n * 100 > most * found.handed_over:
            share = n * 100 / found.handed_over
            return f"{share:.3g} % of {found.handed_over} messages {_WORDS[name]}; {most:g} % is the limit"
    return None


def parse(value: object, pointer: str = "/circuit_breaker") -> Breaker | None:
    """From JSON; null is none.

    Raises:
        InvalidRequest: every field that is wrong.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidRequest("must be an object or null", pointer)
    known = ("after", *_SHARES)
    problems = [
        Problem(f"unknown key; known: {', '.join(known)}", f"{pointer}/{str(key)[:60]}")
        for key in value
        if key not in known
    ]
    after = value.get("after", _AFTER)
    if not isinstance(after, int) or isinstance(after, bool) or not 1 <= after <= MOST_AFTER:
        problems.append(Problem(f"must be a whole number from 1 to {MOST_AFTER}", f"{pointer}/after"))
    shares = {name: value.get(name) for name in _SHARES}
    for name, share in shares.items():
        is_number = isinstance(share, int | float) and not isinstance(share, bool)
        if share is not None and not (is_number and 0 < share <= 100):
            problems.append(Problem("must be a number above 0 and at most 100, or null", f"{pointer}/{name}"))
    if problems:
        first, *more = problems
        raise InvalidRequest(first.detail, first.pointer, more=tuple(more))
    if not any(share is not None for share in shares.values()):
        raise InvalidRequest("must name a share that is not to be passed, or be null", pointer)
    return Breaker(after, **shares)
