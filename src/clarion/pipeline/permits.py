# SPDX-License-Identifier: Apache-2.0
"""One rate limit of sending as a process sees it: it holds permits for a moment, and gets more while it sends.

Commits, a few times a second while something is sent, that the next piece of the limit's time is this process's: the
pieces of all processes lie one behind the other. If the process dies, the rest of its piece goes unused.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable

import structlog

from clarion.domain.errors import detail_of
from clarion.domain.permits import Block, spacing_of
from clarion.pipeline.setback import Telling, cause_of
from clarion.store import permits
from clarion.store.engine import Store
from clarion.store.permits import Span

_log = structlog.get_logger("clarion.permits")
_BLOCK_SECONDS = 0.1  # the most that is asked for at once
_EARLY_SECONDS = 0.05  # before the end of what we have
_PATIENCE_SECONDS = 0.05, 2.0
_AFTER_ERROR_SECONDS = 0.5
_SURE_SECONDS = 60.0  # for how long the closest look at the database's clock is believed
_DRIFT_SECONDS = 0.05  # that two clocks may come apart in that time


Lease = Callable[[int], Span]
"""Takes the next so many microseconds of the limit's time; called in a thread."""


class Permits:
    """Asked from one event loop only. `name` is for people who read the log."""

    def __init__(self, name: str, per_second: float, lease: Lease, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._lease = lease
        self._clock = clock
        self.spacing = spacing_of(per_second)
        self._most = max(1, int(_BLOCK_SECONDS / self.spacing))
        self._size = 1
        self._patience = 0.0
        self._blocks: deque[Block] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._ahead = 0.0  # what has to be added to our clock for the database's
        self._unsure, self._looked = float("inf"), 0.0
        self._telling = Telling()

    def due(self) -> bool:
        """Whether a message may go now."""
        at = self._next_at()
        return at is not None and at <= self._clock()

    def take(self) -> bool:
        """Use a permit for a message that goes now; False: none is due."""
        if self._next_at() is None:
            return False
        now, block = self._clock(), self._blocks[0]
        if not block.take(now):
            return False
        if block.passed == block.count:
            self._learn(self._blocks.popleft())
        if not self._blocks or self._blocks[-1].end - now < _EARLY_SECONDS:
            self._ask()
        return True

    async def soon(self, at_least: float, at_most: float) -> None:
        """Wait until a message may go, within these bounds in seconds."""
        began = self._clock()
        await asyncio.sleep(at_least)
        at = self._next_at()
        if at is None:
            self._ask()
            left = at_most - (self._clock() - began)
            if self._asking is None:
                await asyncio.sleep(max(0.0, left))
            else:
                await asyncio.wait({self._asking}, timeout=max(0.0, left))
            at = self._next_at()
        now = self._clock()
        if at is not None and at > now:
            await asyncio.sleep(max(0.0, min(at - now, began + at_most - now)))

    async def close(self) -> None:
        """Wait for what was asked."""
        if self._asking is not None:
            await self._asking

    def _next_at(self) -> float | None:
        now = self._clock()
        while self._blocks:
            at = self._blocks[0].next_at(now)
            if at is not None:
                return at
            self._learn(self._blocks.popleft())
        return None

    def _learn(self, block: Block) -> None:
        """From a block that is over: how many at once can be used, and whether we come too late for a single one."""
        self._size = min(self._most, 2 * block.used if block.used == block.count else max(1, block.used))
        shortest, longest = _PATIENCE_SECONDS
        if not block.used:
            self._patience = min(longest, max(shortest, 2 * self._patience))
        elif not block.moved:
            self._patience = 0.0

    def _ask(self) -> None:
        if self._asking is None and self._clock() >= self._not_before:
            self._asking = asyncio.create_task(self._asked())

    async def _asked(self) -> None:
        count, patience = self._size, self._patience
        span_us = int((count * self.spacing + patience) * 1_000_000) + 1
        began = self._clock()
        try:
            span = await asyncio.to_thread(self._lease, span_us)
        except Exception as error:  # noqa: BLE001 - without permits nothing goes; the next try may fare better
            self._not_before = self._clock() + _AFTER_ERROR_SECONDS
            times = self._telling.again(cause_of(error))
            if times is not None:
                _log.warning("permits.not_taken", limit=self.name, error=detail_of(error), times=times)
        else:
            self._look(span.now_us / 1e6, began, self._clock())
            self._blocks.append(Block(span.start_us / 1e6 - self._ahead, count, self.spacing, patience))
        finally:
            self._asking = None

    def _look(self, theirs: float, began: float, ended: float) -> None:
        """The quickest answer tells the database's time best, until one shows that its clock was set."""
        unsure, ahead = ended - began, theirs - (began + ended) / 2
        was_set = abs(ahead - self._ahead) > (unsure + self._unsure) / 2 + _DRIFT_SECONDS
        if unsure <= self._unsure or was_set or ended - self._looked > _SURE_SECONDS:
            self._unsure, self._looked, self._ahead = unsure, ended, ahead


def permits_of(store: Store, name: str, per_second: float) -> Permits | None:
    """Those of a limit whose time is in a database; None for 0: there is none."""
    if not per_second:
        return None
    return Permits(name, per_second, lambda span_us: store.write(lambda tx: permits.take(tx, name, span_us)))
