# SPDX-License-Identifier: Apache-2.0
"""The in-process runner, for SQLite: a loop over the rows themselves, woken by commits of this process.

Other processes on the same file are noticed by polling; there is nothing to submit to.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import structlog

from clarion.store import slices
from clarion.store.engine import Store, Transaction
from clarion.store.jobs import RESOLVING, Handlers

_log = structlog.get_logger("clarion.jobs")
_POLL_SECONDS = 0.5
_AFTER_FAILURE_SECONDS, _AFTER_MANY_SECONDS = 1.0, 5.0


class InProcessJobs:
    """Runs handlers in this process's event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._handlers: Handlers | None = None
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived: list[asyncio.Event] = []

    def submit_resolve(self, tx: Transaction, trigger_id: int) -> None:  # noqa: ARG002 - the row says it
        """Wake the runner after the commit."""
        tx.after_commit(self._wake)

    def submit_slices(self, tx: Transaction, trigger_id: int, numbers: Iterable[int]) -> None:  # noqa: ARG002
        """Wake the runner after the commit."""
        tx.after_commit(self._wake)

    def register(self, handlers: Handlers) -> None:
        """Say what the runner calls."""
        self._handlers = handlers

    def _wake(self) -> None:
        with self._guard:
            if self._loop is not None:
                for arrived in self._arrived:
                    self._loop.call_soon_threadsafe(arrived.set)

    async def run(self, *, slots: int, stopping: asyncio.Event) -> None:
        """Work until `stopping`."""
        if self._handlers is None:
            raise AssertionError("register handlers before running")
        resolve, send = partial(self._handlers.resolve, 0), self._handlers.send
        with self._guard:
            self._loop = asyncio.get_running_loop()
        try:
            await asyncio.gather(*(self._repeat(work, stopping) for work in [resolve] * RESOLVING + [send] * slots))
        finally:
            with self._guard:
                self._loop = None

    async def _repeat(self, work: Callable[[], Awaitable[bool]], stopping: asyncio.Event) -> None:
        arrived = asyncio.Event()
        with self._guard:
            self._arrived.append(arrived)
        pause, told = _AFTER_FAILURE_SECONDS, ""
        try:
            while not stopping.is_set():
                try:
                    arrived.clear()
                    if not await work():
                        await self._pause(stopping, arrived, await self._idle_seconds())
                    pause, told = _AFTER_FAILURE_SECONDS, ""
                except Exception as error:  # noqa: BLE001 - whatever it was, the rows still say what is to do
                    if told != repr(error):
                        _log.exception("job.failed")
                    told = repr(error)
                    await self._pause(stopping, asyncio.Event(), pause)
                    pause = min(_AFTER_MANY_SECONDS, 2 * pause)
        finally:
            with self._guard:
                self._arrived.remove(arrived)

    async def _idle_seconds(self) -> float:
        """Until a retry is due, if that is soon."""
        due_ms, now_ms = await asyncio.to_thread(self._store.read, lambda tx: (slices.next_due_ms(tx), tx.now_ms()))
        if due_ms is None or due_ms <= now_ms:
            return _POLL_SECONDS
        return float(min(_POLL_SECONDS, max(0.01, (due_ms - now_ms) / 1_000)))

    @staticmethod
    async def _pause(stopping: asyncio.Event, arrived: asyncio.Event, seconds: float) -> None:
        """Until work arrives, `stopping` is set, or the time is over."""
        waits = [asyncio.create_task(stopping.wait()), asyncio.create_task(arrived.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
