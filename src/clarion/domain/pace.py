# SPDX-License-Identifier: Apache-2.0
"""How fast a trigger may send: a rate, and how many messages it grants at a moment. Pure.

All processes share one number per trigger, the moment from which the next message may go (the cell-rate rule of
ATM networks): it moves on by one interval per message, and never lies further in the past than two seconds.
"""

from dataclasses import dataclass

_SECOND_US = 1_000_000
_BATCH_US = _SECOND_US // 2  # fewer than this are not worth a claim of their own
_KEPT_US = 2 * _SECOND_US  # what was not claimed in time is made up for so long
MAX_MESSAGES = 1_000_000
PERIODS_MS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `messages` in `per_ms` milliseconds, evenly."""

    messages: int
    per_ms: int

    @property
    def interval_us(self) -> int:
        """Microseconds from one message to the next."""
        return max(1, self.per_ms * 1_000 // self.messages)


def spread(remaining: int, now_ms: int, until_ms: int) -> int | None:
    """The interval in microseconds at which `remaining` messages end at `until_ms`; None when that is past."""
    if until_ms <= now_ms:
        return None
    return max(1, (until_ms - now_ms) * 1_000 // max(1, remaining))


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is granted at a moment: `available` messages, from `base_us` on, one each `interval_us`."""

    base_us: int
    interval_us: int
    wanted: int
    available: int

    @property
    def open(self) -> bool:
        """Whether enough has gathered for a chunk."""
        return self.available >= self.wanted

    def after(self, taken: int) -> tuple[int, int]:
        """(when the next message may go in microseconds, when the next chunk is worth a claim in milliseconds)."""
        next_us = self.base_us + taken * self.interval_us
        return next_us, -(-(next_us + (self.wanted - 1) * self.interval_us) // 1_000)


def bucket(next_us: int, now_ms: int, interval_us: int, most: int) -> Bucket:
    """The bucket of a trigger whose next message may go at `next_us`, for chunks of at most `most` messages.

    At most one second's worth is granted at once, so that a change is effective within a second; at least one.
    """
    now_us = now_ms * 1_000
    base_us = max(next_us, now_us - max(0, _KEPT_US - interval_us))
    gathered = (now_us - base_us) // interval_us + 1 if base_us <= now_us else 0
    available = min(gathered, max(1, _SECOND_US // interval_us))
    wanted = min(most, max(1, _BATCH_US // interval_us))
    return Bucket(base_us, interval_us, wanted, min(most, available))
