# SPDX-License-Identifier: Apache-2.0
"""Control in mid-send: what a worker may send at this moment, as the database said half a second ago.

Reads, twice a second, how every unfinished trigger stands and what there is to do that nobody submits a job for.
Commits only the end of triggers whose time has run out. If the process dies nothing is lost: claims and openings of
chunks ask the database themselves, so this only makes a pause or a stop effective in the middle of a chunk.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import structlog

from clarion.domain.errors import Unavailable
from clarion.pipeline.setback import Telling, cause_of
from clarion.store import again, control, slices, triggers
from clarion.store.control import Standings
from clarion.store.engine import Store

_log = structlog.get_logger("clarion.control")
LOOK_SECONDS = 0.5
TURN_SECONDS = 1.0


def _nobody() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Tell:
    """What is called, in a thread, at each look that finds: a slice to claim, an audience to work out, a repeat."""

    sendable: Callable[[], None] = _nobody
    resolvable: Callable[[], None] = _nobody
    repeatable: Callable[[], None] = _nobody


class Turn:
    """How long one trigger may keep a slot of this process while another one comes before it.

    It begins when it is first asked about, so there is at least one message in each.
    """

    def __init__(self, others_wait: Callable[[], bool], clock: Callable[[], float]) -> None:
        self._others_wait = others_wait
        self._clock = clock
        self._began: float | None = None

    def over(self) -> bool:
        """Whether another trigger comes next."""
        if self._began is None:
            self._began = self._clock()
            return False
        return self._clock() - self._began >= TURN_SECONDS and self._others_wait()


class Control:
    """One per process. `overdue_ms`: for how long a new trigger is left to the driver."""

    def __init__(
        self,
        store: Store,
        *,
        look_seconds: float = LOOK_SECONDS,
        overdue_ms: int = 5_000,
        tell: Tell | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._look_seconds = look_seconds
        self._overdue_ms = overdue_ms
        self._tell = tell or Tell()
        self._clock = clock
        self._standings = Standings(frozenset(), frozenset(), {})
        self._due: frozenset[int] = frozenset()
        self._working: dict[int, int] = {}
        self._telling = Telling()

    def may_send(self, trigger_id: int) -> bool:
        """Whether the next message may be handed over: not when the trigger is paused, stopped or expired."""
        return trigger_id not in self._standings.held

    def turn(self, trigger_id: int) -> Turn:
        """A turn that begins now."""
        return Turn(partial(self._others_wait, trigger_id), self._clock)

    def _others_wait(self, trigger_id: int) -> bool:
        """Whether one that is not of a lower priority has something to send: only that one would be claimed next."""
        priorities = self._standings.priorities
        own = priorities.get(trigger_id, 0)
        return any(other != trigger_id and priorities.get(other, 0) >= own for other in self._due)

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
            except Exception as error:  # noqa: BLE001 - the next look may fare better; chunks ask the database themselves
                self._tell_of(error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self._look_seconds)

    def _tell_of(self, error: Exception) -> None:
        times = self._telling.again(cause_of(error))
        if times is None:
            return
        if isinstance(error, Unavailable):
            _log.warning("control.blind", error=str(error), times=times)
        else:
            _log.error("control.failed", times=times, exc_info=error)

    def look(self) -> None:
        """Ask once, and stop what has expired. Blocking."""
        found = self._store.read(control.standings)
        self._standings = Standings(found.held | found.expired, found.expired, found.priorities)
        for trigger_id in found.expired:
            if self._store.write(partial(control.expire, trigger_id=trigger_id)):
                self._store.write(partial(control.rush, trigger_ids=[trigger_id]))
                _log.info("trigger.expired", trigger_id=trigger_id)
        self._due, unresolved, repeat = self._store.read(
            lambda tx: (slices.due_triggers(tx), triggers.overdue(tx, self._overdue_ms), again.waiting(tx))
        )
        # A pause that ended, a rate that has gathered, a retry, a schedule: nobody submits a job for these.
        if self._due:
            self._tell.sendable()
        if unresolved:
            self._tell.resolvable()
        if repeat:
            self._tell.repeatable()
