# SPDX-License-Identifier: Apache-2.0
"""A piece of a rate limit's time, and the permits in it: one each `spacing` seconds. Pure; times are seconds."""

from dataclasses import dataclass
from math import ceil

LATE_SECONDS = 0.02
"""How much later than its time a permit may be used; then it is void."""


def spacing_of(per_second: float) -> float:
    """How far permits are apart.

    Each may be used late, so within any second there could be those of a second and `LATE_SECONDS`: the pace is so
    much slower that even these are no more than the limit.
    """
    return (1 + LATE_SECONDS) / per_second


@dataclass(slots=True)
class Block:
    """Permits that one process has, the first at `start`; used in order, none before its time.

    `patience`: for how long in all the rest may be moved back when one is late, since the time behind the last one
    is ours as well; `moved` says how much of it was needed. Permits whose time is over are void: what one process
    leaves unused no other one makes up for.
    """

    start: float
    count: int
    spacing: float
    patience: float = 0.0
    moved: float = 0.0
    passed: int = 0
    used: int = 0

    @property
    def end(self) -> float:
        """When all of it is over."""
        return self.start + self.count * self.spacing + self.patience

    def next_at(self, now: float) -> float | None:
        """When the next permit may be used, now or later; None when all are used or void."""
        late = now - self.start - self.passed * self.spacing - LATE_SECONDS
        if late > 0:
            step = min(late, self.patience)
            self.start, self.patience, self.moved = self.start + step, self.patience - step, self.moved + step
            if late > step:
                self.passed = min(self.count, self.passed + ceil((late - step) / self.spacing))
        return None if self.passed >= self.count else self.start + self.passed * self.spacing

    def take(self, now: float) -> bool:
        """Use one; False: none is due."""
        due = self.next_at(now)
        if due is None or due > now:
            return False
        self.passed += 1
        self.used += 1
        return True
