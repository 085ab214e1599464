# SPDX-License-Identifier: Apache-2.0
"""Clocks that a test sets."""

from clarion.domain.errors import Unavailable
from clarion.store.permits import Span


class Time:
    """A clock that is set by hand, and a limit's time by it; the database's clock is a year ahead.

    `step`: by how much it goes on each time somebody looks; `takes`: how long an answer takes to come.
    """

    AHEAD = 3e7
    step = 0.0
    takes = 0.0

    def __init__(self) -> None:
        self.now = 1_000.0
        self.ahead = self.AHEAD
        self.next_us = 0
        self.asked: list[int] = []
        self.away = False

    def __call__(self) -> float:
        self.now += self.step
        return self.now

    def set(self, seconds: float) -> None:
        """Somebody sets the database's clock forward, or back."""
        self.ahead += seconds

    def lease(self, span_us: int) -> Span:
        if self.away:
            raise Unavailable("the database is away")
        self.asked.append(span_us)
        self.now += self.takes
        now_us = int((self.now + self.ahead) * 1e6)
        start_us = self.next_us if now_us < self.next_us < now_us + 60_000_000 else now_us
        self.next_us = start_us + span_us
        return Span(start_us, now_us)
