# SPDX-License-Identifier: Apache-2.0
"""Slices: ranges of an audience that one worker holds at a time, under a lease with a fencing number.

Database time rules leases. Every step of a holder names its owner and fence; one that meets no row has lost
the slice and keeps nothing of the step.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import ClarionError
from clarion.domain.triggers import TriggerState
from clarion.store.engine import Transaction

_TURNS = 10


class LostLease(ClarionError):
    """Somebody else holds what this caller thought it held; stop at once, nothing of the step was kept."""


class LedgerFault(ClarionError):
    """A row was not in the state that the step requires: a defect, never to be papered over."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A slice that may be taken, with what an earlier holder left: `open_lo`..`open_hi` is its open chunk."""

    trigger_id: int
    no: int
    lo: int
    hi: int
    fence: int
    owner: str | None
    open_lo: int | None
    open_hi: int | None
    open_ms: int | None
    trigger_state: TriggerState
    content_hash: str
    workspace_id: int
    broadcast_id: int
    doubt_policy: DoubtPolicy


@dataclass(frozen=True, slots=True)
class Claim:
    """A slice held under a lease; every step names owner and fence."""

    trigger_id: int
    no: int
    lo: int
    hi: int
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds a slice, and what they have open."""

    owner: str | None
    fence: int
    open_lo: int | None
    open_hi: int | None


def pick(tx: Transaction, trigger_id: int = 0, no: int = 0) -> Picked | None:
    """A slice that is due and free (a certain one, or any for trigger 0), locked until the transaction ends."""
    row = tx.one("pick_slice", trigger_id=trigger_id, no=no)
    if row is None:
        return None
    known = {name: row[name] for name in Picked.__slots__ if name not in {"trigger_state", "doubt_policy"}}
    return Picked(
        **known, trigger_state=TriggerState(row["trigger_state"]), doubt_policy=DoubtPolicy(row["doubt_policy"])
    )


def take(tx: Transaction, picked: Picked, owner: str, lease_ms: int) -> Claim:
    """Take the lease; the fence grows, and the earlier holder's open chunk must be settled by now."""
    taken = tx.execute(
        "take_slice",
        trigger_id=picked.trigger_id,
        no=picked.no,
        fence=picked.fence,
        owner=owner,
        lease_ms=lease_ms,
    )
    if not taken:
        raise LostLease(f"slice {picked.no} of trigger {picked.trigger_id} was taken by another worker")
    return Claim(picked.trigger_id, picked.no, picked.lo, picked.hi, owner, picked.fence + 1)


def opened(tx: Transaction, picked: Picked) -> list[tuple[DeliveryKey, int]]:
    """(account, attempts so far) of an abandoned open chunk."""
    if picked.open_lo is None:
        return []
    rows = tx.all(
        "opened_rows",
        trigger_id=picked.trigger_id,
        lo=picked.open_lo,
        hi=picked.open_hi,
        opened_ms=picked.open_ms,
    )
    return [(DeliveryKey(picked.trigger_id, int(r["seq"]), int(r["action_id"])), int(r["attempts"])) for r in rows]


def open_chunk(tx: Transaction, claim: Claim, lo: int, hi: int, now_ms: int, lease_ms: int) -> None:
    """Write the intent: from now on people `lo`..`hi` may have been handed over. Renews the lease.

    Raises:
        LostLease: the slice has another holder.
    """
    _set_open(tx, claim, lo, hi, now_ms, lease_ms=lease_ms)


def extend(tx: Transaction, claim: Claim, lease_ms: int) -> None:
    """Keep a slice while its open chunk takes long.

    Raises:
        LostLease: the slice has another holder; nothing more may be handed over.
    """
    _as_holder(tx, "extend_slice", claim, lease_ms=lease_ms)


def renew(tx: Transaction, claim: Claim, lease_ms: int) -> TriggerState:
    """Close the open chunk and renew the lease; the trigger's state as of now.

    Raises:
        LostLease: the slice has another holder.
    """
    _set_open(tx, claim, None, None, None, lease_ms=lease_ms)
    return trigger_state(tx, claim)


def _set_open(
    tx: Transaction, claim: Claim, lo: int | None, hi: int | None, now_ms: int | None, *, lease_ms: int
) -> None:
    _as_holder(tx, "open_chunk", claim, lo=lo, hi=hi, now_ms=now_ms, lease_ms=lease_ms)


def _as_holder(tx: Transaction, query: str, claim: Claim, **more: object) -> None:
    """Run a step of a slice's holder; LostLease when owner and fence meet no row."""
    held = tx.execute(query, trigger_id=claim.trigger_id, no=claim.no, owner=claim.owner, fence=claim.fence, **more)
    if not held:
        raise LostLease(f"slice {claim.no} of trigger {claim.trigger_id} has another holder")


def holding(tx: Transaction, trigger_id: int, no: int) -> Holding | None:
    """How a slice is held."""
    row = tx.one("slice", trigger_id=trigger_id, no=no)
    return Holding(row["owner"], int(row["fence"]), row["open_lo"], row["open_hi"]) if row else None


def anything_due(tx: Transaction, trigger_id: int = 0, no: int = 0) -> bool:
    """Whether `pick` would find a slice; a look without a lock."""
    return tx.one("slice_due", trigger_id=trigger_id, no=no) is not None


def trigger_state(tx: Transaction, claim: Claim) -> TriggerState:
    """How the slice's trigger stands."""
    row = tx.one("slice", trigger_id=claim.trigger_id, no=claim.no)
    if row is None:
        raise LostLease("the slice is gone")
    return TriggerState(row["trigger_state"])


def free_slices_of(tx: Transaction, owner: str) -> int:
    """End the leases of an owner that is known to be dead; how many."""
    return tx.execute("free_slices_of", owner=owner)


def give_back(tx: Transaction, claim: Claim) -> bool:
    """Close a slice when all its accounts are final, else leave it for its next due time; True when closed.

    Raises:
        LostLease: the slice has another holder.
    """
    # The row is locked before counting: somebody may be putting an account of it back to QUEUED right now.
    _set_open(tx, claim, None, None, None, lease_ms=0)
    left = tx.one("left_in_slice", trigger_id=claim.trigger_id, lo=claim.lo, hi=claim.hi)
    waiting = int(left["n"]) if left else 0
    tx.execute(
        "give_back_slice",
        trigger_id=claim.trigger_id,
        no=claim.no,
        owner=claim.owner,
        fence=claim.fence,
        done=int(waiting == 0),
        due_ms=int(left["due_ms"]) if left and waiting else 0,
    )
    # A due time is only ever set by an attempt: with none at 0, what is left are retries.
    tried = waiting == 0 or (left is not None and int(left["due_ms"]) > 0)
    if tried and tx.execute("tried_slice", trigger_id=claim.trigger_id, no=claim.no):
        tx.execute("tried_slice_of", trigger_id=claim.trigger_id)
    if waiting == 0:
        tx.execute("close_slice", trigger_id=claim.trigger_id)
    return waiting == 0


def reopen(tx: Transaction, keys: Iterable[DeliveryKey]) -> set[tuple[int, int]]:
    """Make the slices of accounts workable that are about to be queued again; (trigger, seq) of those reopened.

    Call it before `settle`, in the same transaction: it locks the slices against being closed meanwhile.
    """
    reopened: set[tuple[int, int]] = set()
    for key in keys:
        if _reopen_slice(tx, key):
            tx.execute("reopen_trigger", trigger_id=key.trigger_id, slices=1)
            reopened.add((key.trigger_id, key.seq))
    return reopened


def _reopen_slice(tx: Transaction, key: DeliveryKey) -> bool:
    # Either statement may miss a slice that another worker closes (or reopens) in the same moment, and then
    # the other one sees it: so ask by turns until one has changed, and thereby locked, the row.
    for _ in range(_TURNS):
        if tx.execute("reopen_slice", trigger_id=key.trigger_id, seq=key.seq):
            return True
        if tx.execute("hurry_slice", trigger_id=key.trigger_id, seq=key.seq):
            return False
    raise LedgerFault(f"no slice of trigger {key.trigger_id} has account {key.seq}")


def overdue(tx: Transaction, grace_ms: int, most: int) -> list[tuple[int, int]]:
    """(trigger, slice) that have been due and free for at least `grace_ms`."""
    rows = tx.all("overdue_slices", grace_ms=grace_ms, most=most)
    return [(int(r["trigger_id"]), int(r["no"])) for r in rows]


def next_due_ms(tx: Transaction) -> int | None:
    """When the next slice or unresolved trigger wants attention; None when nothing waits."""
    row = tx.one("next_due")
    return int(row["due"]) if row and row["due"] is not None else None
