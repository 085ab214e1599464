# SPDX-License-Identifier: Apache-2.0
"""What to do after an error that nobody foresaw: how long to leave alone what it met, and whether to say so again.

Kept by each process for itself, in memory: after a restart everything is tried at once, and said once, anew.
"""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

FIRST_SECONDS = 1.0
SLICE_SECONDS = 300.0  # the longest pause of one slice
TRIGGER_SECONDS = 30.0  # of a whole trigger
REST_SECONDS = 5.0  # of all sending, when no slice is to blame: a full disk, a database that is away
TOLD_SECONDS, TOLD_SELDOM_SECONDS = 30.0, 900.0
_MOST = 10_000  # remembered; beyond that everything begins anew


@dataclass(slots=True)
class _Known:
    """A cause that was told: `silent` times it came up since, next told at `next_at`, and then `pause` later."""

    silent: int
    next_at: float
    pause: float


class Telling:
    """Whether to say once more what was said before; each cause has its own growing pause.

    `clock` gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[Hashable, _Known] = {}

    def again(self, cause: Hashable) -> int | None:
        """How often it came up since it was told last, this time included (1 the first time); None: say nothing."""
        now = self._clock()
        known = self._known.get(cause)
        if known is None or now - known.next_at > TOLD_SELDOM_SECONDS:  # or it had stopped for long
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[cause] = _Known(0, now + TOLD_SECONDS, 2 * TOLD_SECONDS)
            return 1
        known.silent += 1
        if now < known.next_at:
            return None
        times, known.silent = known.silent, 0
        known.next_at, known.pause = now + known.pause, min(TOLD_SELDOM_SECONDS, 2 * known.pause)
        return times


class Setbacks:
    """Pauses that double with each failure of the same thing in a row, and end when it works."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._in_a_row: dict[Hashable, int] = {}
        self._resting_until = float("-inf")

    def pause(self, what: Hashable, longest: float) -> float:
        """Seconds to leave `what` alone after one more failure."""
        times = self._in_a_row.get(what, 0)
        if len(self._in_a_row) >= _MOST:
            self._in_a_row.clear()
        self._in_a_row[what] = times + 1
        return min(longest, FIRST_SECONDS * 2.0 ** min(times, 30))

    def worked(self, *whats: Hashable) -> None:
        """These did not fail."""
        for what in whats:
            self._in_a_row.pop(what, None)

    def rest(self, longest: float) -> float:
        """It was no slice's fault: nothing is begun for so many seconds."""
        seconds = self.pause(None, longest)
        self._resting_until = self._clock() + seconds
        return seconds

    @property
    def resting(self) -> bool:
        """Whether such a rest is not over."""
        return self._clock() < self._resting_until


def cause_of(error: BaseException) -> Hashable:
    """What tells one cause from another: the kind of error and the line that raised it, whatever its words."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = (at.tb_frame.f_code.co_filename, at.tb_lineno) if at is not None else None
    return type(error), where
