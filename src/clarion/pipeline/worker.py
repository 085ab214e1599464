# SPDX-License-Identifier: Apache-2.0
"""The worker: takes slices and sends them, resolves triggers, and looks after what others left behind."""

import asyncio
import itertools
import os
import secrets
import socket
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from clarion.domain.errors import Unavailable, detail_of
from clarion.pipeline import evidence, flight
from clarion.pipeline.claim import Chunk, ChunkRules, Work, claim
from clarion.pipeline.compose import Messages, Sign
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.flight import FlightRecord
from clarion.pipeline.lease import Lease, now
from clarion.pipeline.record import record
from clarion.pipeline.resolve import Resolver
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.send import SendStage, Task
from clarion.store import people, slices, triggers
from clarion.store.engine import Store, Transaction
from clarion.store.jobs import Handlers, Jobs
from clarion.store.slices import Claim, LostLease

_log = structlog.get_logger("clarion.worker")
_REMEMBERED_TRIGGERS = 32
_RESTART_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class WorkerRules:
    """`slots` slices at once; `chunk_rows` accounts a commit; leases in ms; `reconcile_seconds` between looks."""

    slots: int = 2
    chunk_rows: int = 100
    lease_ms: int = 60_000
    reconcile_seconds: float = 5.0
    overdue_ms: int = 5_000


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
        retry: RetryPolicy,
        rules: WorkerRules,
        failpoint: Failpoint = nothing,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._resolver = resolver
        self._send = send
        self._owner = owner
        self._flights = flights
        self._sign = sign
        self._retry = retry
        self._rules = rules
        self._failpoint = failpoint
        self._stopping = asyncio.Event()
        self._messages: OrderedDict[int, Messages] = OrderedDict()
        self._messages_guard = threading.Lock()
        self._claims = itertools.count(1)
        self._busy = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping` is set, then drain."""
        self._stopping = stopping
        self._jobs.register(Handlers(resolve=self._resolver.run_once, send=self.send_slice))
        # Its lock says that this process is alive; found unlocked, what it was resolving is free to take.
        presence = FlightRecord(self._flights, self._owner)
        await self._reported(self._look_after_the_dead)
        reconciling = asyncio.create_task(self._reconcile())
        telling = asyncio.create_task(self._tell_the_resolver())
        try:
            while not stopping.is_set():
                await self._drive(stopping)
        finally:
            stopping.set()
            await asyncio.gather(reconciling, telling)
            presence.close()

    async def _tell_the_resolver(self) -> None:
        await self._stopping.wait()
        self._resolver.stop()

    async def _drive(self, stopping: asyncio.Event) -> None:
        """Run the driver; a database that went away is not the end, the driver is started again."""
        try:
            await self._jobs.run(slots=self._rules.slots, stopping=stopping)
        except Exception:  # noqa: BLE001 - the driver's own errors are not ours to know
            _log.exception("jobs.failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _RESTART_SECONDS)

    # -- sending -----------------------------------------------------------------------------------------

    async def send_slice(self) -> bool:
        """Work a slice until nothing of it is due; False: there was none to take."""
        if self._stopping.is_set() or self._busy >= 2 * self._rules.slots:  # the driver's, and the reconciler's
            return False
        if not self._send.is_ready():
            return False
        self._busy += 1
        try:
            return await self._send_slice()
        finally:
            self._busy -= 1

    async def _send_slice(self) -> bool:
        if not await asyncio.to_thread(self._store.read, slices.anything_due):
            return False
        # A name of its own for each claim: an abandoned record must not be written over.
        slot = f"{self._owner}/{next(self._claims)}"
        flying = FlightRecord(self._flights, slot)
        rules = ChunkRules(self._rules.chunk_rows, self._rules.lease_ms, flying.prepare)

        def take(tx: Transaction) -> Work | None:
            return claim(
                tx,
                owner=slot,
                flights=self._flights,
                retry=self._retry,
                rules=rules,
            )

        settled = False
        lease = Lease(self._rules.lease_ms, now())
        try:
            work = await asyncio.to_thread(self._store.write, take)
            if work is not None and work.chunk is not None:
                flying.activate()
                self._failpoint("claim.after_commit")
                await self._work(work, flying, rules, lease)
            settled = True
            return work is not None
        except LostLease as lost:
            _log.warning("slice.lease_lost", slot=slot, why=str(lost))
            return True
        finally:
            if settled:
                flying.close()
            else:
                flying.abandon()  # it still holds what the ledger does not know

    async def _work(self, work: Work, flying: FlightRecord, rules: ChunkRules, lease: Lease) -> None:
        """Send and record one chunk after another until the slice is given back."""
        held, chunk = work.claim, work.chunk
        messages = await asyncio.to_thread(self._messages_of, held.trigger_id)
        halt = asyncio.Event()
        keeping = asyncio.create_task(self._keep(held, lease, halt))
        try:
            while chunk is not None:
                task = Task(
                    held.trigger_id,
                    chunk,
                    messages,
                    work.picked.doubt_policy,
                    await self._suppressed_in(chunk),
                    partial(self._may_send, held.trigger_id, lease),
                    halt,
                )
                outcomes = await self._send.send(task, flying)
                last = self._stopping.is_set() or not self._send.is_ready()
                asked = now()
                chunk = await asyncio.to_thread(
                    self._store.write,
                    lambda tx, chunk=chunk, outcomes=outcomes, last=last: record(
                        tx, held, chunk, outcomes, rules=rules, last=last, failpoint=self._failpoint
                    ),
                )
                lease.renewed(asked)
                if chunk is not None:
                    flying.activate()
                self._failpoint("record.after_commit")
        finally:
            keeping.cancel()

    def _may_send(self, trigger_id: int, lease: Lease) -> bool:  # noqa: ARG002 - pausing comes with it
        return lease.holds

    async def _suppressed_in(self, chunk: Chunk) -> Set[int]:
        """People of a chunk who are gone because they were suppressed."""
        gone = [int(row["person_id"]) for row in chunk.rows if row["alive"] is None]
        if not gone:
            return frozenset()
        return await asyncio.to_thread(self._store.read, lambda tx: people.suppressed_among(tx, gone))

    async def _keep(self, held: Claim, lease: Lease, halt: asyncio.Event) -> None:
        """Extend the lease while a slice is worked; set `halt` when it is lost, or when this worker is stopping."""
        extend = partial(slices.extend, claim=held, lease_ms=self._rules.lease_ms)
        pause = self._rules.lease_ms / 3_000
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            if self._stopping.is_set():
                break
            if lease.fresh(pause):  # a chunk was recorded meanwhile
                continue
            asked = now()
            try:
                await asyncio.to_thread(self._store.write, extend)
            except LostLease:
                break
            except Exception as error:  # noqa: BLE001 - whatever it is: the lease runs out, unless the next try works
                _log.warning("lease.not_extended", error=detail_of(error))
            else:
                lease.renewed(asked)
        halt.set()

    def _messages_of(self, trigger_id: int) -> Messages:
        """The compiled messages of a trigger; kept for the next slices. Blocking."""
        with self._messages_guard:
            known = self._messages.get(trigger_id)
            if known is not None:
                self._messages.move_to_end(trigger_id)
                return known

        def load(tx: Transaction) -> Messages:
            trigger = triggers.get(tx, trigger_id)
            if trigger is None:
                raise LostLease("the trigger is gone")
            return Messages(triggers.content(tx, trigger.content_hash), trigger.data, self._sign)

        messages = self._store.read(load)
        with self._messages_guard:
            self._messages[trigger_id] = messages
            while len(self._messages) > _REMEMBERED_TRIGGERS:
                self._messages.popitem(last=False)
        return messages

    # -- looking after -----------------------------------------------------------------------------------

    async def _reconcile(self) -> None:
        """Every few seconds: settle what dead processes left, and take up work that nobody came for."""
        # What is taken up may take long, and neither the dead nor each other must wait for it.
        looks = [self._look_after_the_dead, self._take_up_audiences]
        looks += [self._take_up_slices] * self._rules.slots  # each by itself: a slow chunk holds up one of them
        taking: dict[int, asyncio.Task[None]] = {}
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._rules.reconcile_seconds)
            if self._stopping.is_set():
                break
            for number, look in enumerate(looks):
                if number not in taking or taking[number].done():
                    taking[number] = asyncio.create_task(self._reported(look))
        await asyncio.gather(*taking.values())

    @staticmethod
    async def _reported(look: Callable[[], Awaitable[None]]) -> None:
        try:
            await look()
        except Unavailable as error:
            _log.warning("store.unavailable", error=str(error))
        except Exception:  # noqa: BLE001 - the next look may fare better; the rows are still there
            _log.exception("reconcile.failed")

    async def _take_up_slices(self) -> None:
        """On PostgreSQL also every retry: no job is submitted for it. All that is due, not only what was seen."""
        grace_ms = self._rules.overdue_ms
        if await asyncio.to_thread(self._store.read, lambda tx: slices.anything_due(tx, grace_ms=grace_ms)):
            while await self.send_slice():
                pass

    async def _take_up_audiences(self) -> None:
        grace_ms = self._rules.overdue_ms
        waiting = await asyncio.to_thread(self._store.read, lambda tx: triggers.overdue(tx, grace_ms))
        if waiting and not self._stopping.is_set():
            await self._resolver.run_once(waiting)

    async def _look_after_the_dead(self) -> None:
        """Settle from the flight records of processes on this machine that are gone."""
        for path in await asyncio.to_thread(flight.orphans, self._flights):
            try:
                settled = await asyncio.to_thread(evidence.settle_orphan, self._store, path, self._retry)
            except OSError as error:  # one file that cannot be used must not keep the others from being used
                _log.warning("flight_record.unusable", path=str(path), error=detail_of(error))
                continue
            _log.warning("worker.died", owner=flight.owner_of(path), settled=settled)
