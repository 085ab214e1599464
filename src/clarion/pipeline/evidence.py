# SPDX-License-Identifier: Apache-2.0
"""What a dead process's flight record still tells, whoever took its slices over.

Reads the record and the ledger. Commits, per chunk of the record and in one transaction: either the end of the
dead owner's lease (the next claim then settles the open chunk from the same record), or, where another worker
took the slice and had to list the whole chunk as in doubt, the truth about those that are not: what was certainly not
taken may go to any account at a provider again, unless it was tried before and may have been taken then. Running it
twice changes nothing more; the file is removed when everything in it is settled.
"""

from functools import partial
from pathlib import Path

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.pipeline import copying, flight, verdict
from clarion.pipeline.flight import Half
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.verdict import Bound
from clarion.store import deliveries, ledger, retention, slices, triggers
from clarion.store.engine import Store, Transaction


def settle_orphan(store: Store, path: Path, retry: RetryPolicy) -> int:
    """Use the record of a process that is gone; how many accounts it cleared of doubt.

    The file stays while a slice still has the chunk open that it describes.
    """
    owner = flight.owner_of(path)
    still_needed = False
    cleared = 0
    store.write(partial(triggers.free_held_by, owner=owner))
    for half in flight.read(path):
        needed, count = store.write(partial(_settle, owner=owner, half=half, retry=retry))
        still_needed = still_needed or needed
        cleared += count
    if not still_needed:
        path.unlink(missing_ok=True)
    return cleared


def _settle(tx: Transaction, *, owner: str, half: Half, retry: RetryPolicy) -> tuple[bool, int]:
    name = half.name
    held = slices.holding(tx, name.trigger_id, name.no)
    if held is not None and held.owner == owner and held.fence == name.fence:
        slices.free_slices_of(tx, owner)
        return (held.open_lo, held.open_hi) == (name.lo, name.hi), 0
    if not half.committed:
        return False, 0  # perhaps never opened: whoever did open these people's next chunk knows better
    deliveries.lock(tx, name.trigger_id, [trace.key for trace in half.traces])  # a person may be deciding right now
    doubted = slices.doubted(tx, name.trigger_id, name.lo, name.hi, name.fence)
    now_ms = tx.now_ms()
    outcomes: list[Outcome] = []
    for trace in half.traces:
        # The attempt that was doubted must be the one of this record: one more than it began with.
        found = doubted.get(trace.key)
        if found is None or found.attempts != trace.attempts + 1:
            continue
        # What an earlier attempt left behind is written over by the doubt of this one.
        tried = trace.attempts > 0 or found.again
        bound = Bound(found.outlet, Reason.SENDER_DIED) if tried else None
        said = verdict.of_trace(trace)
        if said is None:
            outcomes.append(_not_handed_over(trace.key, bound, now_ms))
            continue
        outcome = verdict.outcome(
            trace.key, said, attempts=trace.attempts, now_ms=now_ms, retry=retry, doubt=DoubtPolicy.HOLD, bound=bound
        )
        if outcome.state is not State.IN_DOUBT:
            outcomes.append(outcome._replace(counted=False))  # the attempt was counted when it was doubted
    if retention.removed(tx, name.trigger_id).data_ms is not None:  # nothing is left to make a message of
        outcomes = [outcome for outcome in outcomes if outcome.state is not State.QUEUED]
    slices.reopen(tx, [outcome.key for outcome in outcomes if outcome.state is State.QUEUED])
    ledger.settle(tx, name.trigger_id, outcomes, shard=name.no, source=State.IN_DOUBT)
    trigger = triggers.get(tx, name.trigger_id)
    if trigger is not None:
        copying.note_lost(tx, name.trigger_id, trigger.content_hash, outcomes, shard=name.no)
    return False, len(outcomes)


def _not_handed_over(key: DeliveryKey, bound: Bound | None, now_ms: int) -> Outcome:
    outlet, reason = bound or (None, None)
    # Later than the opening of any chunk there is: what is open now does not hold it.
    due_ms = now_ms + 1
    return Outcome(key, State.QUEUED, reason, "certainly not handed over", due_ms=due_ms, counted=False, outlet=outlet)
