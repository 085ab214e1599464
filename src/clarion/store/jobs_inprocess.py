# SPDX-License-Identifier: Apache-2.0
"""The in-process runner, for SQLite: a loop over the rows themselves, woken by commits of this process.

Other processes on the same file are noticed by polling; there is nothing to submit to.
"""

import asyncio
import threading
from collections.abc import Iterable

import structlog

from clarion.store import slices
from clarion.store.engine import Store, Transaction
from clarion.store.jobs import Handlers

_log = structlog.get_logger("clarion.jobs")
_POLL_SECONDS = 0.5
_AFTER_FAILURE_SECONDS = 1.0


class InProcessJobs:
    """Runs handlers in this process's event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._handlers: Handlers | None = None
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._work_arrived: asyncio.Event | None = None

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
            if self._loop is not None and self._work_arrived is not None:
                self._loop.call_soon_threadsafe(self._work_arrived.set)

    async def run(self, *, slots: int, stopping: asyncio.Event) -> None:
        """Work until `stopping`; one slot resolves first, the others send first."""
        if self._handlers is None:
            raise AssertionError("register handlers before running")
        with self._guard:
            self._loop, self._work_arrived = asyncio.get_running_loop(), asyncio.Event()
        try:
            await asyncio.gather(*(self._slot(self._handlers, number, stopping) for number in range(slots)))
        finally:
            with self._guard:
                self._loop = self._work_arrived = None

    async def _slot(self, handlers: Handlers, number: int, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            try:
                busy = await handlers.resolve(0) if number == 0 else False
                busy = await handlers.send_slice(0, 0) or busy
                if not busy:
                    await self._pause(stopping, await self._idle_seconds())
            except Exception:  # noqa: BLE001 - whatever it was, the rows still say what is to do
                _log.exception("job.failed")
                await self._pause(stopping, _AFTER_FAILURE_SECONDS)

    async def _idle_seconds(self) -> float:
        due_ms, now_ms = await asyncio.to_thread(self._store.read, lambda tx: (slices.next_due_ms(tx), tx.now_ms()))
        if due_ms is None:
            return _POLL_SECONDS
        return float(min(_POLL_SECONDS, max(0.01, (due_ms - now_ms) / 1_000)))

    async def _pause(self, stopping: asyncio.Event, seconds: float) -> None:
        """Until work arrives, `stopping` is set, or the time is over."""
        arrived = self._work_arrived
        if arrived is None:
            return
        waits = [asyncio.create_task(stopping.wait()), asyncio.create_task(arrived.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        arrived.clear()
