# SPDX-License-Identifier: Apache-2.0
"""One `deliver` as several lanes side by side, each of which takes what it hands over from the same source.

Several `deliver` share a provider's places, first come, first served. A lane that waits for one when its source has
nothing more is sent home, rather than to stand behind other sources' messages for nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from clarion.channels.base import Handover, Source
from clarion.domain.errors import Away


class Run:
    """One `deliver`. `dry`: its source has nothing more; `away`: why nothing more is taken, if it is so."""

    def __init__(self, source: Source) -> None:
        self.dry = False
        self.away: Away | None = None
        self._source = source
        self._waiting: set[asyncio.Task[None]] = set()

    def is_over(self) -> bool:
        """Whether there is nothing to take any more."""
        return self.dry or self.away is not None

    def halt(self, away: Away | None) -> None:
        """Take nothing more, if the service is away."""
        self.away = self.away or away

    def take(self) -> Handover | None:
        """The source's next message, if any is taken."""
        handover = None if self.dry else self._source.take()
        self.dry = handover is None
        return handover

    async def enter(self, place: Awaitable[object]) -> bool:
        """Wait for a place; False when this run was over meanwhile."""
        lane = asyncio.current_task()
        if lane is None:
            raise AssertionError("a lane is a task")
        self._waiting.add(lane)
        try:
            await place
        except asyncio.CancelledError:
            if self.is_over():
                return False
            raise
        finally:
            self._waiting.discard(lane)
        return True

    def dismiss(self) -> None:
        """This run is over: nobody of it waits for a place any more."""
        for lane in self._waiting:
            lane.cancel()


async def drive(lane: Callable[[], Coroutine[None, None, None]], count: int) -> None:
    """Run so many lanes to their end; none of them outlives this."""
    tasks = [asyncio.create_task(lane()) for _ in range(count)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Lanes:
    """Each place for one message. `away`: why none may be sent for now, if it is so."""

    def __init__(
        self, places: int, send: Callable[[Handover], Awaitable[None]], away: Callable[[], Away | None] = lambda: None
    ) -> None:
        self._count = places
        self._places = asyncio.Semaphore(places)
        self._send = send
        self._away = away

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`."""
        run = Run(source)
        await drive(lambda: self._lane(run), self._count)
        if run.away is not None:
            raise run.away

    async def _lane(self, run: Run) -> None:
        while not run.is_over():
            if not await run.enter(self._places.acquire()):
                return
            try:
                run.halt(self._away())
                handover = None if run.is_over() else run.take()
                if handover is None:
                    run.dismiss()
                    return
                await self._send(handover)
            finally:
                self._places.release()
            await asyncio.sleep(0)  # people who are refused at once must not keep the loop from its other work
