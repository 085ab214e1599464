# SPDX-License-Identifier: Apache-2.0
"""Slices: ranges of an audience that one worker holds at a time, under a lease with a fencing number.

Database time rules leases. Every step of a holder names its owner and fence; one that meets no row has lost
the slice and keeps nothing of the step.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, Reason
from clarion.domain.errors import ClarionError, Conflict
from clarion.domain.triggers import TriggerState
from clarion.store.engine import Row, Transaction
from clarion.store.people import encode

_TURNS = 10


class LostLease(ClarionError):
    """Somebody else holds what this caller thought it held; stop at once, nothing of the step was kept."""


class LedgerFault(ClarionError):
    """A row was not in the state that the step requires: a defect, never to be papered over."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a slice's trigger stands at `now_ms` of the database.

    `ended`: nothing more of it is sent, and why. `paced`: a rate or a spread holds it back.
    """

    state: TriggerState
    ended: Reason | None
    paused: bool
    paced: bool
    content_hash: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class Picked:
    """A slice that may be taken, with what an earlier holder left: `open_lo`..`open_hi` is its open chunk."""

    trigger_id: int
    no: int
    lo: int
    hi: int
    tried: bool
    fence: int
    owner: str | None
    open_lo: int | None
    open_hi: int | None
    open_ms: int | None
    open_outlets: str | None
    workspace_id: int
    broadcast_id: int
    doubt_policy: DoubtPolicy
    standing: Standing

    @property
    def trigger_state(self) -> TriggerState:
        """The trigger's state."""
        return self.standing.state

    @property
    def content_hash(self) -> str:
        """What the trigger sends at present."""
        return self.standing.content_hash


@dataclass(frozen=True, slots=True)
class Claim:
    """A slice held under a lease; every step names owner and fence. `tried`: everybody in it was tried once."""

    trigger_id: int
    no: int
    lo: int
    hi: int
    owner: str
    fence: int
    tried: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds a slice, and what they have open."""

    owner: str | None
    fence: int
    open_lo: int | None
    open_hi: int | None
    open_ms: int | None
    open_outlets: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An account of an open chunk. `outlet` and `reason`: where an earlier attempt is in doubt, and why."""

    key: DeliveryKey
    attempts: int
    outlet: int | None
    reason: Reason | None

    @property
    def is_bound(self) -> bool:
        """Whether an earlier attempt is in doubt."""
        return self.outlet is not None or self.reason is not None


class Doubted(NamedTuple):
    """An account in doubt: its attempts so far, whether it was sent again on request before, and to which account at a
    provider it was handed."""

    attempts: int
    again: bool
    outlet: int | None


def worker_of(owner: str | None) -> str:
    """A holder as people know it: machine and process, without what makes its name unique; "" for nobody."""
    return "/".join((owner or "").split("/")[:2])


def pick(tx: Transaction, trigger_id: int = 0, no: int = 0, *, without: Collection[int] = ()) -> Picked | None:
    """A slice that is due and free (a certain one, or any for trigger 0), locked until the transaction ends.

    Any: by the triggers' priority, then in turns; never of one that is paused or whose rate is used up, nor of those
    in `without`, unless they were stopped.
    """
    if trigger_id:
        row = tx.one("pick_this_slice", trigger_id=trigger_id, no=no)
    else:
        row = tx.one("pick_slice", without=encode(list(without)))
    if row is None:
        return None
    known = {name: row[name] for name in Picked.__slots__ if name not in {"doubt_policy", "standing", "tried"}}
    return Picked(
        **known,
        tried=bool(row["tried"]),
        doubt_policy=DoubtPolicy(row["doubt_policy"]),
        standing=_standing(row),
    )


def _standing(row: Row) -> Standing:
    state, ended = TriggerState(row["trigger_state"]), None
    if state is TriggerState.STOPPED:
        ended = Reason(row["stop_reason"]) if row["stop_reason"] else Reason.BROADCAST_STOPPED
    elif row["expired"]:
        ended = Reason.EXPIRED
    return Standing(state, ended, bool(row["paused"]), bool(row["paced"]), str(row["content_hash"]), int(row["now_ms"]))


def held_by(picked: Picked, owner: str) -> Claim:
    """What `take` will make of a slice that was picked."""
    return Claim(picked.trigger_id, picked.no, picked.lo, picked.hi, owner, picked.fence + 1, picked.tried)


def take(
    tx: Transaction,
    picked: Picked,
    owner: str,
    lease_ms: int,
    opening: tuple[int, int, int] | None = None,
    outlets: str | None = None,
) -> Claim:
    """Take the lease; the fence grows, and the earlier holder's open chunk must be settled by now.

    `opening` is the first chunk: from person, to person, database time, and to which accounts at providers it goes
    (`outlets`). See `open_chunk`.
    """
    lo, hi, now_ms = opening or (None, None, None)
    taken = tx.execute(
        "take_slice",
        trigger_id=picked.trigger_id,
        no=picked.no,
        fence=picked.fence,
        owner=owner,
        lease_ms=lease_ms,
        lo=lo,
        hi=hi,
        now_ms=now_ms,
        outlets=outlets,
    )
    if not taken:
        raise LostLease(f"slice {picked.no} of trigger {picked.trigger_id} was taken by another worker")
    return held_by(picked, owner)


def opened(tx: Transaction, picked: Picked) -> list[Opened]:
    """The accounts of an abandoned open chunk."""
    if picked.open_lo is None:
        return []
    rows = tx.all(
        "opened_rows",
        trigger_id=picked.trigger_id,
        lo=picked.open_lo,
        hi=picked.open_hi,
        opened_ms=picked.open_ms,
    )
    return [
        Opened(
            DeliveryKey(picked.trigger_id, int(r["seq"]), int(r["action_id"])),
            int(r["attempts"]),
            r["outlet"],
            Reason(r["reason"]) if r["reason"] else None,
        )
        for r in rows
    ]


def doubted(tx: Transaction, trigger_id: int, lo: int, hi: int, fence: int) -> dict[DeliveryKey, Doubted]:
    """What is in doubt since the holder with this fence vanished."""
    rows = tx.all("in_doubt_rows", trigger_id=trigger_id, lo=lo, hi=hi, doubt_fence=fence)
    return {
        DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"])): Doubted(
            int(row["attempts"]), bool(row["again"]), row["outlet"]
        )
        for row in rows
    }


def open_chunk(
    tx: Transaction, claim: Claim, lo: int, hi: int, now_ms: int, lease_ms: int, outlets: str | None = None
) -> None:
    """Write the intent: from now on people `lo`..`hi` may have been handed over, to `outlets`. Renews the lease.

    Raises:
        LostLease: the slice has another holder.
    """
    _set_open(tx, claim, lo, hi, now_ms, lease_ms=lease_ms, outlets=outlets)


def extend(tx: Transaction, claim: Claim, lease_ms: int) -> None:
    """Keep a slice while its open chunk takes long.

    Raises:
        LostLease: the slice has another holder; nothing more may be handed over.
    """
    _as_holder(tx, "extend_slice", claim, lease_ms=lease_ms)


def renew(tx: Transaction, claim: Claim, lease_ms: int) -> Standing:
    """Close the open chunk and renew the lease; how the trigger stands now.

    Raises:
        LostLease: the slice has another holder.
    """
    rows = tx.all(
        "renew_slice",
        trigger_id=claim.trigger_id,
        no=claim.no,
        owner=claim.owner,
        fence=claim.fence,
        lease_ms=lease_ms,
    )
    if not rows:
        raise _lost(claim)
    return _standing(rows[0])


def _set_open(
    tx: Transaction,
    claim: Claim,
    lo: int | None,
    hi: int | None,
    now_ms: int | None,
    *,
    lease_ms: int,
    outlets: str | None = None,
) -> None:
    _as_holder(tx, "open_chunk", claim, lo=lo, hi=hi, now_ms=now_ms, lease_ms=lease_ms, outlets=outlets)


def _as_holder(tx: Transaction, query: str, claim: Claim, **more: object) -> None:
    """Run a step of a slice's holder; LostLease when owner and fence meet no row."""
    held = tx.execute(query, trigger_id=claim.trigger_id, no=claim.no, owner=claim.owner, fence=claim.fence, **more)
    if not held:
        raise _lost(claim)


def _lost(claim: Claim) -> LostLease:
    return LostLease(f"slice {claim.no} of trigger {claim.trigger_id} has another holder")


def holding(tx: Transaction, trigger_id: int, no: int) -> Holding | None:
    """How a slice is held."""
    row = tx.one("slice", trigger_id=trigger_id, no=no)
    return Holding(**{name: row[name] for name in Holding.__slots__}) if row else None


def anything_due(tx: Transaction, trigger_id: int = 0, no: int = 0, *, grace_ms: int = 0) -> bool:
    """Whether `pick` would find a slice; a look without a lock. `grace_ms`: one that is due and free for so long."""
    if trigger_id:
        return tx.one("this_slice_due", trigger_id=trigger_id, no=no) is not None
    return tx.one("slice_due", grace_ms=grace_ms, most=1) is not None


def due_triggers(tx: Transaction, most: int = 2) -> frozenset[int]:
    """Up to `most` triggers of which `pick` could take a slice, of the highest priorities; a look without a lock."""
    return frozenset(int(row["trigger_id"]) for row in tx.all("slice_due", grace_ms=0, most=most))


def ended_due(tx: Transaction) -> tuple[int, int] | None:
    """(trigger, number) of a slice that is only to be closed, because its trigger was stopped; None for none."""
    row = tx.one("ended_slice_due")
    return (int(row["trigger_id"]), int(row["no"])) if row else None


def put_off(tx: Transaction, trigger_id: int, no: int, fence: int, pause_ms: int) -> None:
    """Let nobody claim a slice for so long, unless somebody has since `fence`."""
    tx.execute("put_off_slice", trigger_id=trigger_id, no=no, fence=fence, pause_ms=pause_ms)


def free_slices_of(tx: Transaction, owner: str) -> int:
    """End the leases of an owner that is known to be dead; how many."""
    return tx.execute("free_slices_of", owner=owner)


def give_back(tx: Transaction, claim: Claim, *, locked: bool = False) -> bool:
    """Close a slice when all its accounts are final, else leave it for its next due time; True when closed.

    `locked`: this transaction has locked the slice's row in an earlier statement.

    Raises:
        LostLease: the slice has another holder.
    """
    if not locked:
        # Before counting: somebody may be putting an account of it back to QUEUED right now.
        _set_open(tx, claim, None, None, None, lease_ms=0)
    left = tx.one("left_in_slice", trigger_id=claim.trigger_id, lo=claim.lo, hi=claim.hi)
    waiting = int(left["n"]) if left else 0
    due_ms = int(left["due_ms"]) if left and waiting else 0
    # A due time is only ever set by an attempt: with none at 0, what is left are retries.
    tried = claim.tried or waiting == 0 or due_ms > 0
    _as_holder(tx, "give_back_slice", claim, done=int(waiting == 0), due_ms=due_ms, tried=int(tried))
    first_time = tried and not claim.tried
    if first_time or waiting == 0:
        tx.execute("slice_given_back", trigger_id=claim.trigger_id, closed=int(waiting == 0), tried=int(first_time))
    return waiting == 0


def reopen(tx: Transaction, keys: Iterable[DeliveryKey]) -> set[tuple[int, int]]:
    """Make the slices of accounts workable that are about to be queued again; (trigger, seq) of those reopened.

    Call it before `settle`, in the same transaction: it locks the slices against being closed meanwhile.

    Raises:
        Conflict: retention has begun to remove what they would be made of.
    """
    reopened: set[tuple[int, int]] = set()
    for key in keys:
        if _reopen_slice(tx, key):
            if not tx.execute("reopen_trigger", trigger_id=key.trigger_id, slices=1):
                raise Conflict(f"parts of trigger {key.trigger_id} were removed when their time was over")
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


def next_due_ms(tx: Transaction) -> int | None:
    """When the next retry, rate or unresolved trigger wants attention; None when nothing waits for a time."""
    row = tx.one("next_due")
    return int(row["due"]) if row and row["due"] is not None else None
