# SPDX-License-Identifier: Apache-2.0
"""A person decides about accounts that are in doubt: sent, failed, or hand over again; or a provider tells that it has
the message.

Reads the accounts in doubt that are meant. Commits, in batches of 1,000, their new states with the counters;
for a repeat also the slices that hold them, so that a worker finds them. Until a repeat is handed over it keeps its
account at a provider and why it was in doubt: should the trigger be stopped first, it is in doubt after all. If the
process dies in the middle, the batches committed stay decided, the rest is in doubt and listed as before, and the same
call goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import Conflict, NotFound
from clarion.domain.triggers import TriggerState
from clarion.store import deliveries, ledger, retention, slices, triggers
from clarion.store.access import Workspace
from clarion.store.deliveries import Locked, Wanted
from clarion.store.engine import Store, Transaction

BATCH = 1_000


class Decision(StrEnum):
    """What is decided about a message that may or may not have been sent."""

    SENT = "sent"
    FAILED = "failed"
    RESEND = "resend"


@dataclass(frozen=True, slots=True)
class Settled:
    """How many accounts were settled, and which of those named were not in doubt (any more)."""

    settled: int
    not_in_doubt: tuple[DeliveryKey, ...]


def settle_all(
    store: Store, workspace: Workspace, trigger_id: int, decision: Decision, *, batch: int = BATCH
) -> Settled:
    """Decide about everything in doubt in a trigger, `batch` accounts a transaction.

    Raises:
        NotFound: no such trigger in this workspace.
        Conflict: a repeat in a trigger that was stopped or failed, or parts of which were removed.
    """
    settled, after = 0, DeliveryKey(trigger_id, 0, 0)
    while True:
        keys = store.read(partial(_in_doubt, workspace=workspace, after=after, most=batch))
        settled += len(_settle(store, workspace, trigger_id, decision, keys))
        if len(keys) < batch:
            return Settled(settled, ())
        after = keys[-1]


def settle_some(
    store: Store, workspace: Workspace, trigger_id: int, decision: Decision, keys: Sequence[DeliveryKey]
) -> Settled:
    """Decide about the accounts named; all are of this trigger. Raises like `settle_all`."""
    settled: set[DeliveryKey] = set()
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), BATCH):
        settled |= _settle(store, workspace, trigger_id, decision, wanted[start : start + BATCH])
    return Settled(len(settled), tuple(key for key in wanted if key not in settled))


def _in_doubt(tx: Transaction, workspace: Workspace, after: DeliveryKey, most: int) -> list[DeliveryKey]:
    trigger = triggers.get(tx, after.trigger_id)
    if trigger is None or trigger.workspace_id != workspace.workspace_id:
        raise NotFound
    wanted = Wanted(trigger.broadcast_id, trigger.trigger_id, states=frozenset({State.IN_DOUBT}))
    page = deliveries.page(tx, workspace, wanted, after=after, most=most)
    return [item.key for item in page.items]


def _settle(
    store: Store, workspace: Workspace, trigger_id: int, decision: Decision, keys: Sequence[DeliveryKey]
) -> set[DeliveryKey]:
    return store.write(lambda tx: settle_batch(tx, workspace, trigger_id, decision, keys))


def settle_batch(
    tx: Transaction, workspace: Workspace, trigger_id: int, decision: Decision, keys: Sequence[DeliveryKey]
) -> set[DeliveryKey]:
    """One step of it: settle those of `keys` that are in doubt; which they were. Raises like `settle_all`."""
    trigger = triggers.get(tx, trigger_id)
    if trigger is None or trigger.workspace_id != workspace.workspace_id:
        raise NotFound
    if decision is Decision.RESEND and trigger.state in {TriggerState.STOPPED, TriggerState.FAILED}:
        raise Conflict(f"the trigger is {trigger.state.value}: nothing of it is sent any more", "/as")
    locked = deliveries.lock(tx, trigger_id, keys)
    in_doubt = sorted(key for key, found in locked.items() if found.state is State.IN_DOUBT)
    if decision is Decision.RESEND and in_doubt:
        retention.refuse_removed(tx, trigger_id)
        slices.reopen(tx, in_doubt)
    due_ms = tx.now_ms() + 1  # later than the opening of any chunk there is: what is open now does not hold these
    outcomes = [_outcome(key, locked[key], decision, due_ms) for key in in_doubt]
    ledger.settle(tx, trigger_id, outcomes, shard=0, source=State.IN_DOUBT)
    return set(in_doubt)


def clear(tx: Transaction, key: DeliveryKey, words: str) -> bool:
    """Somebody who can know it tells that a message was taken: if it is in doubt, it is sent. Whether it was."""
    found = deliveries.lock(tx, key.trigger_id, [key]).get(key)
    if found is None or found.state is not State.IN_DOUBT:
        return False
    outcome = Outcome(key, State.SENT, None, words, counted=False)
    ledger.settle(tx, key.trigger_id, [outcome], shard=0, source=State.IN_DOUBT)
    return True


def _outcome(key: DeliveryKey, found: Locked, decision: Decision, due_ms: int) -> Outcome:
    match decision:
        case Decision.SENT:
            return Outcome(key, State.SENT, Reason.RESOLVED_AS_SENT, counted=False)
        case Decision.FAILED:
            return Outcome(key, State.FAILED, Reason.RESOLVED_AS_FAILED, counted=False)
        case Decision.RESEND:
            return Outcome(key, State.QUEUED, found.reason, due_ms=due_ms, counted=False, outlet=found.outlet)
