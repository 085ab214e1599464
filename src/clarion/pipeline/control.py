# SPDX-License-Identifier: Apache-2.0
"""Control in mid-send: what a worker may send at this moment, as the database said half a second ago.

Reads, twice a second, how every unfinished trigger stands and whether a slice is due and free. Commits only the end
of triggers whose time has run out. If the process dies nothing is lost: claims and openings of chunks ask the database
themselves, so this only makes a pause or a stop effective in the middle of a chunk.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

import structlog

from clarion.domain.errors import Unavailable
from clarion.store import control, slices
from clarion.store.control import Standings
from clarion.store.engine import Store

_log = structlog.get_logger("clarion.control")
LOOK_SECONDS = 0.5


def _nobody() -> None:
    pass


class Control:
    """One per process. `sendable` is called at each look that finds a slice to claim, so that idle slots claim it."""

    def __init__(
        self, store: Store, *, look_seconds: float = LOOK_SECONDS, sendable: Callable[[], None] = _nobody
    ) -> None:
        self._store = store
        self._look_seconds = look_seconds
        self._sendable = sendable
        self._standings = Standings(frozenset(), frozenset())
        self._working: dict[int, int] = {}

    def may_send(self, trigger_id: int) -> bool:
        """Whether the next message may be handed over: not when the trigger is paused, stopped or expired."""
        return trigger_id not in self._standings.held

    @contextmanager
    def working(self, trigger_id: int) -> Iterator[None]:
        """While a slice of this trigger is in hand."""
        self._working[trigger_id] = self._working.get(trigger_id, 0) + 1
        try:
            yield
        finally:
            self._working[trigger_id] -= 1
            if not self._working[trigger_id]:
                del self._working[trigger_id]

    @property
    def at_work(self) -> frozenset[int]:
        """The triggers this process has slices of."""
        return frozenset(self._working)

    async def watch(self, stopping: asyncio.Event) -> None:
        """Look until `stopping`; a database that is away changes nothing of what is known."""
        while not stopping.is_set():
            try:
                await asyncio.to_thread(self.look)
            except Unavailable as error:
                _log.warning("control.blind", error=str(error))
            except Exception:  # noqa: BLE001 - the next look may fare better; chunks ask the database themselves
                _log.exception("control.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self._look_seconds)

    def look(self) -> None:
        """Ask once, and stop what has expired. Blocking."""
        found, due = self._store.read(lambda tx: (control.standings(tx), slices.anything_due(tx)))
        self._standings = Standings(found.held | found.expired, found.expired)
        for trigger_id in found.expired:
            if self._store.write(partial(control.expire, trigger_id=trigger_id)):
                self._store.write(partial(control.rush, trigger_ids=[trigger_id]))
                _log.info("trigger.expired", trigger_id=trigger_id)
        if due:  # a pause that ended, a rate that has gathered, a retry: nobody submits a job for these
            self._sendable()
