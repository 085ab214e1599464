# SPDX-License-Identifier: Apache-2.0
"""How many calls to a service may be under way at once, and when to try again one that is in trouble."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from clarion.domain.errors import Away

MAX_BACK_OFF_SECONDS = 60.0


class Gate:
    """One place for each call, up to `most`. Opens by one place with each call that worked, from a single one.

    So one call goes first, when the process starts and after each trouble: a wrong token is tried once, and a
    service that comes back is not met by everything that waited for it. `health` is None, or what is wrong.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.health: str | None = None
        self._most = most
        self._clock = clock
        self._open = 1
        self._busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._failures = 0
        self._failed_at = float("-inf")
        self._next_at = float("-inf")

    async def enter(self) -> None:
        """Wait for a place. First come, first served, over everybody who shares the gate."""
        if self._busy < self._open and not self._waiting:
            self._busy += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._let_in()  # those before it may all have given up
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had its turn: the next one's
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._busy -= 1
        self._let_in()

    def now(self) -> float:
        """The clock by which calls are told apart, in seconds."""
        return self._clock()

    def away(self) -> Away | None:
        """What to raise while no call may be made."""
        wait = self._next_at - self._clock()
        return Away(self.health or "waiting", wait) if wait > 0 else None

    def worked(self, began: float) -> None:
        """A call that began at `began` was answered by a service that takes messages."""
        if began < self._failed_at:  # it says nothing about the time after the failure
            return
        self._failures, self.health = 0, None
        if self._open < self._most:
            self._open += 1
            self._let_in()

    def troubled(self, words: str, began: float, *, spare_first: bool = False) -> None:
        """A call failed in a way that the next would too. Those that were under way together count once.

        `spare_first`: only a second one in a row makes anybody wait; the first just closes the gate to one place.
        """
        self._open, self.health = 1, words
        if began < self._failed_at:
            return
        self._failures += 1
        self._failed_at = self._clock()
        steps = self._failures - 1 - spare_first
        if steps >= 0:
            self._wait(min(MAX_BACK_OFF_SECONDS, 2.0 ** min(steps, 10)))

    def told(self, words: str, seconds: float) -> None:
        """The service, or what somebody has to change in the set-up, asks for a pause."""
        self._open, self.health, self._failed_at = 1, words, self._clock()
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        self._next_at = max(self._next_at, self._clock() + seconds)

    def _let_in(self) -> None:
        while self._waiting and self._busy < self._open:
            turn = self._waiting.popleft()
            if not turn.done():
                self._busy += 1
                turn.set_result(None)
