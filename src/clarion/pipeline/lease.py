# SPDX-License-Identifier: Apache-2.0
"""How long a slice is certainly still ours, judged on this machine without asking the database.

The database's clock rules leases; a sender needs to know, before each hand-over, that its lease cannot have ended.
So it counts from the moment before it asked for the lease, on a clock that goes on while the machine sleeps.
"""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds on a clock of this machine that is never set and does not stop in suspend."""
    return time.clock_gettime(_CLOCK)


class Lease:
    """One held slice's lease of `lease_ms`, asked for at `asked` (see `now`)."""

    def __init__(self, lease_ms: int, asked: float) -> None:
        self._seconds = lease_ms / 1_000
        self._until = asked + self._seconds

    def renewed(self, asked: float) -> None:
        """A step that was begun at `asked` has extended the lease."""
        self._until = max(self._until, asked + self._seconds)

    def fresh(self, seconds: float) -> bool:
        """Whether the last extension was asked for less than `seconds` ago."""
        return now() < self._until - self._seconds + seconds

    @property
    def holds(self) -> bool:
        """Whether nobody else can have taken the slice."""
        return now() < self._until
