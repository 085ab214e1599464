# SPDX-License-Identifier: Apache-2.0
"""One slice after another: claim it, send and record its chunks, give it back.

Each step is a stage's (`claim`, `send`, `record`); here is their order, and what holds while they run: the flight
record, the lease and its renewal, and whether a message may still be handed over. If the process dies, the ledger has
the open chunk on record and the flight record what became of it: see the stages.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from clarion.domain.deliveries import State
from clarion.domain.errors import Unavailable, detail_of
from clarion.domain.push import PushDevice
from clarion.pipeline import breaking, setback
from clarion.pipeline.chunk_source import Task
from clarion.pipeline.claim import Chunk, ChunkRules, Work, claim, recover
from clarion.pipeline.compose import Messages
from clarion.pipeline.control import Control
from clarion.pipeline.failpoint import Failpoint
from clarion.pipeline.flight import FlightRecord
from clarion.pipeline.lease import Lease, now
from clarion.pipeline.limiting import Limiting
from clarion.pipeline.meter import Meter
from clarion.pipeline.prepared import Prepared
from clarion.pipeline.record import record
from clarion.pipeline.send import SendStage
from clarion.pipeline.setback import Setbacks, Telling, cause_of
from clarion.pipeline.tracing import Tracing
from clarion.store import control, drafts, esp, people, slices
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import workspace_of
from clarion.store.slices import Claim, LostLease, Picked

_log = structlog.get_logger("clarion.sender")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SenderRules:
    """`most`: slices at once; `chunk_rows` accounts a commit; the lease in ms."""

    most: int
    chunk_rows: int
    lease_ms: int


@dataclass(slots=True)
class _Hand:
    """What a claim came upon, and what came of it; nothing where it did not get that far."""

    picked: Picked | None = None
    work: Work | None = None

    def see(self, picked: Picked) -> None:
        self.picked = picked


class Sender:
    """Everything a process needs to send slices; several run at once."""

    def __init__(
        self,
        store: Store,
        send: SendStage,
        prepared: Prepared,
        control: Control,
        *,
        owner: str,
        flights: Path,
        rules: SenderRules,
        failpoint: Failpoint,
        meter: Meter,
        tracing: Tracing,
    ) -> None:
        self._store = store
        self._send = send
        self._prepared = prepared
        self._control = control
        self._owner = owner
        self._flights = flights
        self._rules = rules
        self._failpoint = failpoint
        self._meter = meter
        self._tracing = tracing
        self._stopping = asyncio.Event()
        self._limiting = Limiting(store, self._database)
        self._claims = itertools.count(1)
        self._setbacks = Setbacks()
        self._telling = Telling()
        self.busy = 0

    def start(self, stopping: asyncio.Event) -> None:
        """From `stopping` on no slice is begun and those in hand are let go."""
        self._stopping = stopping

    async def send_slice(self) -> bool:
        """Work a slice until nothing of it is due, or its turn is over; False: there was none to take.

        An error that nobody foresaw puts the slice off, and others go on; see `setback`.
        """
        if self._stopping.is_set() or self.busy >= self._rules.most or self._setbacks.resting:
            return False
        self.busy += 1
        hand = _Hand()
        try:
            return await self._claim_and_work(hand)
        except Exception as error:  # noqa: BLE001 - whatever it is, everybody else's slices are worth working
            return await self._stumbled(hand, error)
        finally:
            self.busy -= 1

    async def _database(self, run: Callable[[Callable[[Transaction], T]], T], work: Callable[[Transaction], T]) -> T:
        """A transaction, beside the event loop where it waits for a server.

        SQLite's are computing, a millisecond or so at a time: in a thread they would hand the interpreter's lock to
        and fro for each row, which costs more than they do.
        """
        if self._store.engine == "sqlite":
            return run(work)
        return await asyncio.to_thread(run, work)

    async def _claim_and_work(self, hand: "_Hand") -> bool:
        certain = (0, 0)
        if self._send.is_ready():
            found = await self._database(self._store.read, slices.anything_due)
        else:  # a stop does not wait for a provider that is away
            ended = await self._database(self._store.read, slices.ended_due)
            found, certain = ended is not None, ended or certain
        if not found:
            return False
        # A name of its own for each claim: an abandoned record must not be written over.
        slot = f"{self._owner}/{next(self._claims)}"
        flying = FlightRecord(self._flights, slot)
        rules = ChunkRules(self._rules.chunk_rows, self._rules.lease_ms, flying.prepare, self._send.routes)

        def take(tx: Transaction) -> Work | None:
            trigger_id, no = certain
            return claim(
                tx,
                owner=slot,
                flights=self._flights,
                retry=self._send.retry,
                rules=rules,
                trigger_id=trigger_id,
                no=no,
                without=self._send.held(),
                seen=hand.see,
            )

        settled = False
        lease = Lease(self._rules.lease_ms, now())
        try:
            work = hand.work = await self._database(self._store.write, take)
            if work is not None and work.chunk is not None:
                flying.activate()
                self._failpoint("claim.after_commit")
                self._meter.slice_claimed()
                trigger_id = work.claim.trigger_id
                with self._control.working(trigger_id), self._tracing.span("slice", trigger_id, slice=work.claim.no):
                    await self._work(work, work.chunk, flying, rules, lease)
            settled = True
            if work is not None:
                self._setbacks.worked(None, work.claim.trigger_id, (work.claim.trigger_id, work.claim.no))
            return work is not None
        except LostLease as lost:
            _log.warning("slice.lease_lost", slot=slot, why=str(lost))
            self._meter.lease_lost()
            return True
        finally:
            if settled:
                flying.close()
            else:
                flying.abandon()  # it still holds what the ledger does not know

    async def _stumbled(self, hand: "_Hand", error: Exception) -> bool:
        """After any error; whether there may be other slices to take."""
        if hand.picked is None or isinstance(error, Unavailable):
            self._rest(error)
            return False
        await self._put_off(hand, hand.picked, error)
        return True

    def _rest(self, error: Exception) -> None:
        """No slice was in hand, or it is the database that failed: all sending rests for a moment."""
        seconds = self._setbacks.rest(setback.REST_SECONDS)
        times = self._telling.again(cause_of(error))
        if times is None:
            return
        if isinstance(error, OSError):  # a full disk, most likely; its own sentence would be masked, it has a path
            why = error.strerror or type(error).__name__
            _log.error("data_folder.unusable", folder=str(self._flights), error=why, times=times, pause_seconds=seconds)
        elif isinstance(error, Unavailable):
            _log.warning("store.unavailable", error=str(error), times=times, pause_seconds=seconds)
        else:
            _log.error("sending.held_up", times=times, pause_seconds=seconds, exc_info=error)

    async def _put_off(self, hand: "_Hand", picked: Picked, error: Exception) -> None:
        trigger_id, no = picked.trigger_id, picked.no
        slice_ms = int(self._setbacks.pause((trigger_id, no), setback.SLICE_SECONDS) * 1_000)
        trigger_ms = int(self._setbacks.pause(trigger_id, setback.TRIGGER_SECONDS) * 1_000)
        times = self._telling.again((trigger_id, cause_of(error)))
        if times is not None:
            seconds = slice_ms / 1_000
            _log.error(
                "slice.put_off", trigger_id=trigger_id, slice=no, times=times, pause_seconds=seconds, exc_info=error
            )
        self._meter.slice_put_off()
        work = hand.work
        fence = picked.fence if work is None else work.claim.fence

        def put_off(tx: Transaction) -> None:
            slices.put_off(tx, trigger_id, no, fence, slice_ms)
            control.rest(tx, trigger_id, trigger_ms)

        def give_back(tx: Transaction) -> None:
            if work is not None and work.chunk is not None:
                recover(tx, work, flights=self._flights, retry=self._send.retry, routing=self._send.routes)
            put_off(tx)

        # What is in its flight record may be the very thing that cannot be settled: then it stays there.
        for step in (give_back, put_off):
            try:
                await self._database(self._store.write, step)
            except LostLease:
                break
            except Exception as further:  # noqa: BLE001 - the lease runs out, and the next claim comes here again
                _log.warning("slice.not_put_off", trigger_id=trigger_id, slice=no, error=detail_of(further))
            else:
                break

    async def _work(self, work: Work, first: Chunk, flying: FlightRecord, rules: ChunkRules, lease: Lease) -> None:
        """Send and record one chunk after another until the slice is given back."""
        held = work.claim
        chunk: Chunk | None = first
        halt = asyncio.Event()
        turn = self._control.turn(held.trigger_id)
        keeping = asyncio.create_task(self._keep(held, lease, halt))
        try:
            while chunk is not None:
                opened = now()
                messages = await self._messages_of(held.trigger_id, chunk.content_hash)
                approved = await self._approved_in(held.trigger_id, chunk, messages)
                devices = await self._devices_in(chunk, messages)
                task = Task(
                    held.trigger_id,
                    chunk,
                    messages,
                    work.picked.doubt_policy,
                    await self._suppressed_in(chunk),
                    partial(self._may_send, held.trigger_id, lease),
                    halt,
                    turn.over,
                    await self._barred_in(held.trigger_id, chunk, messages),
                    approved,
                    await self._limiting.over(held.trigger_id, chunk, messages, approved, devices),
                    devices,
                )
                with self._tracing.span("chunk", held.trigger_id, slice=held.no, accounts=len(chunk.rows)):
                    outcomes = await self._send.send(task, flying)
                    outcomes = messages.booking.booked(chunk.rows, outcomes, task.approved)
                held_until = self._send.held_until(task)
                asked = now()
                chunk = await self._database(
                    self._store.write,
                    partial(
                        record,
                        held=held,
                        chunk=chunk,
                        outcomes=outcomes,
                        put_off=task.put_off,
                        copied=task.copied,
                        rules=rules,
                        last=self._is_last(task, held_until) or turn.over(),
                        failpoint=self._failpoint,
                    ),
                )
                lease.renewed(asked)
                if chunk is not None:
                    flying.activate()
                self._failpoint("record.after_commit")
                if any(one.state is State.FAILED for one in outcomes):
                    await self._stop_what_fails(held.trigger_id)
                if held_until is not None:
                    await self._hold(held, messages, held_until)
                for channel, some in messages.by_channel(outcomes).items():
                    self._meter.chunk_settled(channel, some, now() - opened)
        finally:
            keeping.cancel()

    async def _stop_what_fails(self, trigger_id: int) -> None:
        """Whether too much of it does is not left until the next look of the errand."""
        for bad in await self._database(self._store.read, partial(breaking.found, trigger_id=trigger_id)):
            await self._database(self._store.write, partial(breaking.pause, bad=bad))

    def _is_last(self, task: Task, held_until: float | None) -> bool:
        """Whether a slice is given back behind this chunk: we stop, or the rest of it waits for its provider."""
        waits = bool(task.left) and task.left == task.messages.channels_of(task.chunk.rows)
        return self._stopping.is_set() or held_until is not None or waits

    async def _hold(self, held: Claim, messages: Messages, until: float) -> None:
        """Leave alone until then what waits for a provider that is away.

        A trigger whose every message does waits here only, for another machine may reach what we do not. Of one with
        several channels it is the slice: the other channels' messages in the others go on.
        """
        if len(messages.channels) == 1:
            self._send.hold(held.trigger_id, until)
            return
        pause_ms = max(0, int((until - self._send.clock()) * 1_000))
        put_off = partial(slices.put_off, trigger_id=held.trigger_id, no=held.no, fence=held.fence, pause_ms=pause_ms)
        await self._database(self._store.write, put_off)

    def _may_send(self, trigger_id: int, lease: Lease) -> bool:
        return lease.holds and self._control.may_send(trigger_id)

    async def _messages_of(self, trigger_id: int, content_hash: str) -> Messages:
        known = self._prepared.known(trigger_id, content_hash)
        if known is not None:
            return known
        return await asyncio.to_thread(self._prepared.compile, trigger_id, content_hash)

    async def _suppressed_in(self, chunk: Chunk) -> Set[int]:
        """People of a chunk who are gone because they were suppressed."""
        gone = [int(row["person_id"]) for row in chunk.rows if row["alive"] is None]
        if not gone:
            return frozenset()
        return await self._database(self._store.read, lambda tx: people.suppressed_among(tx, gone))

    async def _barred_in(self, trigger_id: int, chunk: Chunk, messages: Messages) -> Set[str]:
        """Addresses of a chunk's messages that get no mail (contract §7.8); as of now, one question for the chunk."""
        emails = messages.addresses(trigger_id, chunk.rows)
        if not emails:
            return frozenset()
        workspace_id = workspace_of(int(chunk.rows[0]["person_id"]))
        return await self._database(self._store.read, lambda tx: esp.among(tx, workspace_id, emails))

    async def _devices_in(self, chunk: Chunk, messages: Messages) -> Mapping[int, Sequence[PushDevice]]:
        """Devices of the people whose messages go to devices; as of now, one question for the chunk."""
        wanted = {int(row["person_id"]) for row in chunk.rows if row["action_id"] in messages.to_devices}
        if not wanted:
            return {}
        return await self._database(self._store.read, lambda tx: people.push_devices(tx, wanted))

    async def _approved_in(self, trigger_id: int, chunk: Chunk, messages: Messages) -> Mapping[tuple[int, int], str]:
        """Drafts of a chunk that go out."""
        if not messages.drafting or not chunk.rows:
            return {}
        lo, hi = int(chunk.rows[0]["seq"]), int(chunk.rows[-1]["seq"])
        return await self._database(self._store.read, lambda tx: drafts.approved(tx, trigger_id, lo, hi))

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
                await self._database(self._store.write, extend)
            except LostLease:
                break
            except Exception as error:  # noqa: BLE001 - whatever it is: the lease runs out, unless the next try works
                _log.warning("lease.not_extended", error=detail_of(error))
            else:
                lease.renewed(asked)
        halt.set()
