# SPDX-License-Identifier: Apache-2.0
"""Stage 3, claim: take a slice under a lease and open its first chunk.

Reads a slice that is due and free. Commits, in one transaction, the verdict on whatever chunk an earlier
holder left open, the lease with a higher fence, and the intent to work the first chunk. If the process dies
before the commit nothing changed; after it, the open chunk is on record and the next claim settles it: exactly,
where this machine has the dead process's flight record, else by listing the whole chunk as in doubt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.triggers import TriggerState
from clarion.pipeline import flight, verdict
from clarion.pipeline.flight import ChunkName, Evidence, Mark
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.verdict import Verdict
from clarion.store import ledger, slices
from clarion.store.engine import Row, Transaction
from clarion.store.slices import Claim, Picked

Prepare = Callable[[ChunkName, Sequence[tuple[DeliveryKey, int]]], None]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Accounts that are worked together, with what composing needs; `now_ms` is database time at the opening."""

    rows: tuple[Row, ...]
    now_ms: int

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
    """`rows` a chunk, `lease_ms` a slice is held beyond the last commit; `prepare` lays out the flight record."""

    rows: int
    lease_ms: int
    prepare: Prepare


def claim(
    tx: Transaction,
    *,
    owner: str,
    flights: Path,
    retry: RetryPolicy,
    rules: ChunkRules,
    trigger_id: int = 0,
    no: int = 0,
) -> Work | None:
    """Take a certain slice, or any for trigger 0; None when there is nothing to take."""
    picked = slices.pick(tx, trigger_id, no)
    if picked is None:
        return None
    outcomes = _settle_abandoned(tx, picked, flights, retry)
    held = slices.take(tx, picked, owner, rules.lease_ms)
    ledger.settle(tx, picked.trigger_id, outcomes, shard=picked.no)
    return Work(held, picked, open_next(tx, held, picked.trigger_state, after=held.lo, rules=rules))


def open_next(tx: Transaction, held: Claim, state: TriggerState, *, after: int, rules: ChunkRules) -> Chunk | None:
    """Open the next chunk at or behind person `after`, or give the slice back when nothing is due."""
    if state is TriggerState.STOPPED:
        stopped = [_stopped(key, doubted) for key, doubted in ledger.unreached(tx, held)]
        ledger.settle(tx, held.trigger_id, stopped, shard=held.no)
    now_ms = tx.now_ms()
    rows = ledger.next_rows(tx, held, after=after, most=rules.rows, now_ms=now_ms)
    if not rows:
        slices.give_back(tx, held)
        return None
    lo, hi = int(rows[0]["seq"]), int(rows[-1]["seq"])
    slices.open_chunk(tx, held, lo, hi, now_ms, rules.lease_ms)
    name = ChunkName(held.trigger_id, held.no, held.fence, lo, hi)
    rules.prepare(name, [(_key(held.trigger_id, row), int(row["attempts"])) for row in rows])
    return Chunk(tuple(rows), now_ms)


def _stopped(key: DeliveryKey, doubted: Reason | None) -> Outcome:
    """The end of an account that was not reached; one that was to be handed over again may have been sent before."""
    if doubted is None:
        return Outcome(key, State.STOPPED, Reason.BROADCAST_STOPPED, counted=False)
    return Outcome(key, State.IN_DOUBT, doubted, "stopped before it was handed over again", counted=False)


def _key(trigger_id: int, row: Row) -> DeliveryKey:
    return DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"]))


def _settle_abandoned(tx: Transaction, picked: Picked, flights: Path, retry: RetryPolicy) -> list[Outcome]:
    """What became of the chunk that an earlier holder left open."""
    rows = slices.opened(tx, picked)
    if not rows or picked.owner is None or picked.open_lo is None or picked.open_hi is None:
        return []
    name = ChunkName(picked.trigger_id, picked.no, picked.fence, picked.open_lo, picked.open_hi)
    found = flight.evidence(flights, picked.owner, name)
    outcomes = []
    now_ms = tx.now_ms()
    for key, attempts in rows:
        said = _said(found, key)
        if said is None:
            continue
        outcome = verdict.outcome(key, said, attempts=attempts, now_ms=now_ms, retry=retry, doubt=picked.doubt_policy)
        outcomes.append(outcome._replace(doubt_fence=picked.fence) if outcome.state is State.IN_DOUBT else outcome)
    return outcomes


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
