# SPDX-License-Identifier: Apache-2.0
"""The worker: takes slices and sends them, resolves triggers, and looks after what others left behind."""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from clarion.domain.errors import Unavailable, detail_of
from clarion.pipeline import again, evidence, flight
from clarion.pipeline.compose import Sign
from clarion.pipeline.control import LOOK_SECONDS, Control, Tell
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.flight import FlightRecord
from clarion.pipeline.meter import UNMETERED, Meter
from clarion.pipeline.prepared import Prepared
from clarion.pipeline.resolve import Resolver
from clarion.pipeline.send import SendStage
from clarion.pipeline.sender import Sender, SenderRules
from clarion.pipeline.setback import Telling, cause_of
from clarion.pipeline.tracing import UNTRACED, Tracing
from clarion.store import domain_limits, outlets, triggers
from clarion.store.engine import Store
from clarion.store.jobs import RESOLVING, Handlers, Jobs

_log = structlog.get_logger("clarion.worker")
_RESTART_SECONDS = 3.0
_FOLLOW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class WorkerRules:
    """`slots` slices at once; `chunk_rows` accounts a commit; leases in ms; `reconcile_seconds` between looks
    after the dead; `overdue_ms` a new trigger is left to the driver.

    `look_seconds`: how soon a pause, a rate or a stop is effective, and work that nobody was told of is found.
    """

    slots: int = 2
    chunk_rows: int = 200
    lease_ms: int = 60_000
    reconcile_seconds: float = 5.0
    overdue_ms: int = 5_000
    look_seconds: float = LOOK_SECONDS


def new_owner() -> str:
    """A name for this process that no other process, here or elsewhere, ever has."""
    return f"{socket.gethostname()[:40]}/{os.getpid()}/{secrets.token_hex(6)}"


class Worker:
    """One process's worth of sending; everything it uses is handed in."""

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        resolver: Resolver,
        send: SendStage,
        *,
        owner: str,
        flights: Path,
        sign: Sign,
        rules: WorkerRules,
        failpoint: Failpoint = nothing,
        meter: Meter = UNMETERED,
        tracing: Tracing = UNTRACED,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._resolver = resolver
        self._send = send
        self._owner = owner
        self._flights = flights
        self._rules = rules
        self._meter = meter
        self._telling = Telling()
        self._settling: set[Path] = set()  # records that were found, and said so, and are still there
        self._stopping = asyncio.Event()
        self._due, self._unresolved, self._repeats = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._control = Control(
            store,
            look_seconds=rules.look_seconds,
            overdue_ms=rules.overdue_ms,
            tell=Tell(*(partial(self._tell, event) for event in (self._due, self._unresolved, self._repeats))),
        )
        self._sender = Sender(
            store,
            send,
            Prepared(store, sign, tracing),
            self._control,
            owner=owner,
            flights=flights,
            rules=SenderRules(2 * rules.slots, rules.chunk_rows, rules.lease_ms),  # the driver's, and our own finds
            failpoint=failpoint,
            meter=meter,
            tracing=tracing,
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, then drain."""
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()
        self._sender.start(stopping)
        self._jobs.register(Handlers(resolve=self._resolver.run_once, send=self._sender.send_slice))
        # Its lock says that this process is alive; found unlocked, what it was resolving is free to take.
        presence = FlightRecord(self._flights, self._owner)
        await self._reported(self._look_after_the_dead)
        beside = [
            asyncio.create_task(work)
            for work in (
                self._reconcile(),
                self._tell_the_resolver(),
                self._control.watch(stopping),
                self._follow_accounts(),
                self._whenever(self._due, self._take_up_slices, lambda _: self._sender.busy < self._rules.slots),
                self._whenever(self._unresolved, self._take_up_audience, lambda taking: taking < RESOLVING),
                self._whenever(self._repeats, self._send_again, lambda taking: not taking),
            )
        ]
        try:
            while not stopping.is_set():
                await self._drive(stopping)
        finally:
            stopping.set()
            for told in (self._due, self._unresolved, self._repeats):
                told.set()
            await asyncio.gather(*beside)
            await self._send.close()
            if self._send.routes.has_numbers:
                await self._reported(self._leave_accounts)
            presence.close()

    async def _tell_the_resolver(self) -> None:
        await self._stopping.wait()
        self._resolver.stop()

    async def _drive(self, stopping: asyncio.Event) -> None:
        """Run the driver; a database that went away is not the end, the driver is started again."""
        try:
            await self._jobs.run(slots=self._rules.slots, stopping=stopping)
        except Exception as error:  # noqa: BLE001 - the driver's own errors are not ours to know
            _log.warning("jobs.failed", error=detail_of(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _RESTART_SECONDS)

    # -- what nobody submits a job for: retries, rates, resumed triggers, schedules, repeats, jobs that were lost --

    def _tell(self, event: asyncio.Event) -> None:
        """Called in a thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: so is the work
                self._loop.call_soon_threadsafe(event.set)

    async def _whenever(
        self, told: asyncio.Event, work: Callable[[], Awaitable[None]], room: Callable[[int], bool]
    ) -> None:
        """Begin a piece of work each time it is told of, if there is `room` beside so many that are at it."""
        taking: set[asyncio.Task[None]] = set()
        while not self._stopping.is_set():
            await told.wait()
            told.clear()
            if not self._stopping.is_set() and room(len(taking)):
                task = asyncio.create_task(self._reported(work))
                taking.add(task)
                task.add_done_callback(taking.discard)
        await asyncio.gather(*taking)

    async def _take_up_slices(self) -> None:
        """All that is due, not only what was seen."""
        while await self._sender.send_slice():
            pass

    async def _take_up_audience(self) -> None:
        grace_ms = self._rules.overdue_ms
        waiting = await asyncio.to_thread(self._store.read, lambda tx: triggers.overdue(tx, grace_ms))
        if waiting and not self._stopping.is_set():
            await self._resolver.run_once(waiting)

    async def _send_again(self) -> None:
        await asyncio.to_thread(partial(again.work_off, self._store, halted=self._stopping.is_set))

    async def _follow_accounts(self) -> None:
        """What somebody changes about accounts at providers is effective within a second or so, and how they fare is
        written down for others to see."""
        routes = self._send.routes
        while routes.has_numbers and not self._stopping.is_set():
            await self._reported(self._look_at_accounts)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _FOLLOW_SECONDS)

    async def _look_at_accounts(self) -> None:
        routes = self._send.routes
        found, changed = await asyncio.to_thread(
            self._store.read, lambda tx: (outlets.listing(tx), domain_limits.changed(tx))
        )
        if routes.follow(found):
            self._send.forget_holds()
        await self._send.domains.follow(changed)
        news = routes.news()
        if news:
            noted = [one.standing for one in news]
            await asyncio.to_thread(self._store.write, partial(outlets.note_states, holder=self._owner, news=noted))
            routes.told(news)

    async def _leave_accounts(self) -> None:
        """Nobody is to think that we still wait for one; after a crash that is thought for an hour."""
        await asyncio.to_thread(self._store.write, partial(outlets.end_pauses, holder=self._owner))

    # -- looking after -----------------------------------------------------------------------------------

    async def _reconcile(self) -> None:
        """Every few seconds: settle what dead processes left."""
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._rules.reconcile_seconds)
            if not self._stopping.is_set():
                await self._reported(self._look_after_the_dead)

    async def _reported(self, look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except Exception as error:  # noqa: BLE001 - the next look may fare better; the rows are still there
            times = self._telling.again(cause_of(error))
            if times is not None and isinstance(error, Unavailable):
                _log.warning("store.unavailable", error=str(error), times=times)
            elif times is not None:
                _log.error("reconcile.failed", times=times, exc_info=error)

    async def _look_after_the_dead(self) -> None:
        """Settle from the flight records of processes on this machine that are gone, and of claims they abandoned."""
        found = await asyncio.to_thread(flight.orphans, self._flights)
        self._settling.intersection_update(found)
        for path in found:
            abandoned = await asyncio.to_thread(flight.is_abandoned, path)
            try:
                settled = await asyncio.to_thread(evidence.settle_orphan, self._store, path, self._send.retry)
            except OSError as error:  # one file that cannot be used must not keep the others from being used
                _log.warning("flight_record.unusable", path=str(path), error=str(error))
                continue
            if path in self._settling and not settled:
                continue  # still needed, and nothing new
            if path not in self._settling and not abandoned:
                self._meter.orphan_found()
            self._settling.add(path)
            self._meter.cleared(settled)
            event = "flight_record.abandoned" if abandoned else "worker.died"
            _log.warning(event, owner=flight.owner_of(path), settled=settled)
