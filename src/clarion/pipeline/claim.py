# SPDX-License-Identifier: Apache-2.0
"""Stage 3, claim: take a slice under a lease and open its first chunk.

Reads a slice that is due and free. Commits, in one transaction, the verdict on whatever chunk an earlier
holder left open, the lease with a higher fence, and the intent to work the first chunk. If the process dies
before the commit nothing changed; after it, the open chunk is on record and the next claim settles it: exactly,
where this machine has the dead process's flight record, else by listing the whole chunk as in doubt.
"""

from collections.abc import Callable, Collection, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.pipeline import booking, copying, flight, verdict
from clarion.pipeline.flight import ChunkName, Evidence, Mark
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import NO_ROUTING, UNROUTED, Routed, Routing, intended_by
from clarion.pipeline.verdict import Verdict, bound_by
from clarion.store import control, ledger, slices, triggers
from clarion.store.engine import Row, Transaction
from clarion.store.slices import Claim, Picked, Standing

Prepare = Callable[[ChunkName, Sequence[tuple[DeliveryKey, int]]], None]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Accounts that are worked together, with what composing needs; `now_ms` is database time at the opening.

    `content_hash`: what the trigger sends from this opening on. `paced`: its messages were taken out of a rate.
    `routed`: to which accounts at providers they go, which the intent names.
    """

    rows: tuple[Row, ...]
    now_ms: int
    content_hash: str = ""
    paced: bool = False
    routed: Routed = UNROUTED

    @property
    def first_seq(self) -> int:
        """The first person's number."""
        return int(self.rows[0]["seq"])

    @property
    def last_seq(self) -> int:
        """The last person's number."""
        return int(self.rows[-1]["seq"])


@dataclass(frozen=True, slots=True)
class Work:
    """A slice in hand. Without a chunk there was nothing left to send: the slice is given back already."""

    claim: Claim
    picked: Picked
    chunk: Chunk | None


@dataclass(frozen=True, slots=True)
class ChunkRules:
    """`rows` a chunk, `lease_ms` a slice is held beyond the last commit; `prepare` lays out the flight record.

    `routing` knows the accounts at providers.
    """

    rows: int
    lease_ms: int
    prepare: Prepare
    routing: Routing = NO_ROUTING


def claim(
    tx: Transaction,
    *,
    owner: str,
    flights: Path,
    retry: RetryPolicy,
    rules: ChunkRules,
    trigger_id: int = 0,
    no: int = 0,
    without: Collection[int] = (),
    seen: Callable[[Picked], None] = lambda _: None,
) -> Work | None:
    """Take a certain slice, or any for trigger 0; None when there is nothing to take.

    `without`: triggers of which none is taken, unless they were stopped. `seen` is told which one it is before
    anything is done with it.
    """
    picked = slices.pick(tx, trigger_id, no, without=without)
    if picked is None:
        return None
    seen(picked)
    outcomes = _settle_abandoned(tx, picked, flights, retry, rules.routing)
    ledger.settle(tx, picked.trigger_id, outcomes, shard=picked.no, by=slices.worker_of(picked.owner))
    copying.note_lost(tx, picked.trigger_id, picked.content_hash, outcomes, shard=picked.no)
    held, standing = slices.held_by(picked, owner), picked.standing
    chunk = _next_chunk(tx, held, standing, after=held.lo, rules=rules)
    if chunk is None:
        slices.take(tx, picked, owner, rules.lease_ms)
        let_go(tx, held, standing)
        return Work(held, picked, None)
    opening = chunk.first_seq, chunk.last_seq, chunk.now_ms
    slices.take(tx, picked, owner, rules.lease_ms, opening, chunk.routed.intent(held.fence))
    control.note_turn(tx, picked.trigger_id)
    _lay_out(held, chunk, rules)
    return Work(held, picked, chunk)


def open_next(tx: Transaction, held: Claim, standing: Standing, *, after: int, rules: ChunkRules) -> Chunk | None:
    """Open the next chunk behind person `after`, or give the slice back when nothing may be sent, or nothing is due.

    The slice's row was locked by `slices.renew`, which said how the trigger stands.
    """
    chunk = _next_chunk(tx, held, standing, after=after + 1, rules=rules)
    if chunk is None:
        let_go(tx, held, standing)
        return None
    intent = chunk.routed.intent(held.fence)
    slices.open_chunk(tx, held, chunk.first_seq, chunk.last_seq, chunk.now_ms, rules.lease_ms, intent)
    _lay_out(held, chunk, rules)
    return chunk


def recover(tx: Transaction, work: Work, *, flights: Path, retry: RetryPolicy, routing: Routing = NO_ROUTING) -> None:
    """Give a slice back out of the middle of a chunk, after an error: settled as if its holder, we, had died.

    The flight record is abandoned by now. What the chunk took out of a rate stays taken.

    Raises:
        LostLease: another worker holds the slice; nothing was written.
    """
    held = work.claim
    left = slices.holding(tx, held.trigger_id, held.no)
    standing = slices.renew(tx, held, 0)
    if left is not None:
        picked = replace(
            work.picked,
            owner=held.owner,
            fence=held.fence,
            open_lo=left.open_lo,
            open_hi=left.open_hi,
            open_ms=left.open_ms,
            open_outlets=left.open_outlets,
        )
        outcomes = _settle_abandoned(tx, picked, flights, retry, routing)
        ledger.settle(tx, held.trigger_id, outcomes, shard=held.no, by=slices.worker_of(held.owner))
        copying.note_lost(tx, held.trigger_id, picked.content_hash, outcomes, shard=held.no)
    let_go(tx, held, standing)


def let_go(tx: Transaction, held: Claim, standing: Standing) -> None:
    """Give a slice back; of a trigger that is over, with the end of everybody who was not reached."""
    if standing.ended is not None:
        stopped = [_stopped(key, doubted, standing.ended) for key, doubted in ledger.unreached(tx, held)]
        ledger.settle(tx, held.trigger_id, stopped, shard=held.no)
        if standing.ended is Reason.EXPIRED:
            control.expire(tx, held.trigger_id)
    slices.give_back(tx, held, locked=True)


def _next_chunk(tx: Transaction, held: Claim, standing: Standing, *, after: int, rules: ChunkRules) -> Chunk | None:
    if standing.ended is not None or standing.paused or after > held.hi:
        return None
    granted = None
    if standing.paced:
        granted = control.bucket(tx, held.trigger_id, standing.now_ms, rules.rows)
        if granted is not None and not granted.open:
            control.spend(tx, held.trigger_id, granted, 0)
            return None
    most = rules.rows if granted is None else granted.available
    rows = ledger.next_rows(tx, held, after=after, most=most, now_ms=standing.now_ms)
    if not rows:
        return None
    routed, kept = rules.routing.route(tx, standing.content_hash, rows, standing.now_ms)
    if granted is not None:
        control.spend(tx, held.trigger_id, granted, len(kept))
    return Chunk(tuple(kept), standing.now_ms, standing.content_hash, granted is not None, routed)


def _lay_out(held: Claim, chunk: Chunk, rules: ChunkRules) -> None:
    name = ChunkName(held.trigger_id, held.no, held.fence, chunk.first_seq, chunk.last_seq)
    rules.prepare(name, [(_key(held.trigger_id, row), int(row["attempts"])) for row in chunk.rows])


def _stopped(key: DeliveryKey, doubted: Reason | None, why: Reason) -> Outcome:
    """The end of an account that was not reached; one that was to be handed over again may have been sent before."""
    if doubted is None:
        return Outcome(key, State.STOPPED, why, counted=False)
    return Outcome(key, State.IN_DOUBT, doubted, "stopped before it was handed over again", counted=False)


def _key(trigger_id: int, row: Row) -> DeliveryKey:
    return DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"]))


def _settle_abandoned(
    tx: Transaction, picked: Picked, flights: Path, retry: RetryPolicy, routing: Routing
) -> Sequence[Outcome]:
    """What became of the chunk that an earlier holder left open."""
    rows = slices.opened(tx, picked)
    if not rows or picked.owner is None or picked.open_lo is None or picked.open_hi is None:
        return []
    name = ChunkName(picked.trigger_id, picked.no, picked.fence, picked.open_lo, picked.open_hi)
    found = flight.evidence(flights, picked.owner, name)
    intended = intended_by(picked.open_outlets, picked.fence)
    outcomes = []
    now_ms = tx.now_ms()
    held = [one for one in rows if intended is None or one.is_bound or one.key.action_id in intended]
    ends = [(one, said) for one in held if (said := _said(found, one.key)) is not None]
    repeated = _repeated(tx, picked) if any(said.mark is Mark.HANDED_OVER for _, said in ends) else frozenset[int]()
    for one, said in ends:
        outlet = one.outlet if one.outlet is not None else (intended or {}).get(one.key.action_id)
        certain = one.key.action_id in repeated
        outcome = verdict.outcome(
            one.key,
            said,
            attempts=one.attempts,
            now_ms=now_ms,
            retry=retry,
            doubt=DoubtPolicy.RESEND if certain else routing.doubt(picked.doubt_policy, outlet),
            outlet=outlet,
            bound=bound_by(one.outlet, one.reason),
        )
        outcomes.append(outcome._replace(doubt_fence=picked.fence) if outcome.state is State.IN_DOUBT else outcome)
    return booking.booked_late(tx, picked.trigger_id, picked.content_hash, outcomes)


def _repeated(tx: Transaction, picked: Picked) -> Set[int]:
    """Actions that nobody need decide about: asked for again, what was performed on people is not performed twice."""
    content = triggers.content(tx, picked.content_hash)
    return {action.action_id for action in content.actions if action.kind in PERSON_ACTIONS}


_NOT_KNOWN = Verdict(
    Mark.HANDED_OVER, "the sender died, and what it had handed over is not known here", Reason.SENDER_DIED
)


def _said(found: Evidence | None, key: DeliveryKey) -> Verdict | None:
    """What the record says of an account; None: certainly not handed over."""
    trace = found.traces.get(key) if found is not None else None
    if found is None or trace is None:
        return _NOT_KNOWN
    if found.alive and trace.mark in {Mark.UNTOUCHED, Mark.HANDED_OVER}:
        return _NOT_KNOWN  # it only slept through its lease, and goes on with these when it wakes up
    return verdict.of_trace(trace)
