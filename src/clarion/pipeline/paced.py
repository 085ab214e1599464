# SPDX-License-Identifier: Apache-2.0
"""Delivering within a rate limit: what is due is given to the provider, again and again, while more is waited for.

Commits nothing. A message is composed when there is a permit for it and a connection is free, so waiting holds none
up, and whatever ends a chunk (a pause, a stop, another trigger's turn) ends the wait.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from clarion.channels.base import Deliverer, Handover, Source

_APART_SECONDS = 0.005  # so that one wave takes what has become due since the last
_LOOK_SECONDS = 0.1  # how soon a pause is noticed
AT_ONCE_SECONDS = 2.0
"""For how long a chunk waits for permits; then what it has sent is recorded, and others have their turn."""


class Gate(Protocol):
    """What a wave waits for."""

    def due(self) -> bool:
        """Whether a message may go now."""
        ...

    async def soon(self, at_least: float, at_most: float) -> None:
        """Wait until one may go, within these bounds in seconds."""
        ...


class PacedSource(Source, Protocol):
    """`take` gives None where no permit is due."""

    @property
    def dry(self) -> bool:
        """Whether there is nothing left to take."""
        ...

    def gate(self) -> Gate | None:
        """What is waited for; None: nothing."""
        ...

    def may_go_on(self) -> bool:
        """Whether waiting makes sense."""
        ...


class _Wave:
    """The source until it has nothing for now; `over` is done by then."""

    def __init__(self, source: Source, over: asyncio.Future[None]) -> None:
        self._source = source
        self.over = over

    def take(self) -> Handover | None:
        taken = None if self.over.done() else self._source.take()
        if taken is None and not self.over.done():
            self.over.set_result(None)
        return taken


async def deliver(provider: Deliverer, source: PacedSource, gate: Gate, clock: Callable[[], float]) -> None:
    """`Deliverer.deliver`, within a limit; it may end before the source is dry."""
    loop = asyncio.get_running_loop()
    waves: set[asyncio.Task[None]] = set()
    until = clock() + AT_ONCE_SECONDS
    failed: BaseException | None = None
    try:
        while failed is None and not source.dry and source.may_go_on() and clock() < until:
            await gate.soon(_APART_SECONDS, _LOOK_SECONDS)
            if gate.due():
                wave = _Wave(source, loop.create_future())
                delivering = loop.create_task(provider.deliver(wave))
                waves.add(delivering)
                # A second one before this one is taken from could only wait behind it.
                await asyncio.wait({delivering, wave.over}, return_when=asyncio.FIRST_COMPLETED)
            failed = _ended(waves)
        while waves and failed is None:
            await asyncio.wait(waves, return_when=asyncio.FIRST_COMPLETED)
            failed = _ended(waves)
        if waves:
            await asyncio.wait(waves)
    finally:
        for each in waves:
            each.cancel()
        await asyncio.gather(*waves, return_exceptions=True)
    if failed is not None:
        raise failed


def _ended(waves: set[asyncio.Task[None]]) -> BaseException | None:
    """Forget those that are over; what one of them raised."""
    failed = None
    for wave in [wave for wave in waves if wave.done()]:
        waves.discard(wave)
        failed = failed or wave.exception()
    return failed
