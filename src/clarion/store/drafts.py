# SPDX-License-Identifier: Apache-2.0
"""Messages that were made and wait for somebody to send them. Steps inside the caller's transaction.

A draft is written in the transaction that settles its account as drafted, and approved or removed in the one that moves
the account on: neither is ever without the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clarion.domain.deliveries import DeliveryKey, Outcome
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction


@dataclass(frozen=True, slots=True)
class Waiting:
    """One in a list; `changed_since`: its action was edited after it was made. Times in Unix milliseconds."""

    key: DeliveryKey
    broadcast_id: int
    broadcast_name: str
    action_name: str
    person_id: int
    person: str | None
    email: str | None
    recipient: str
    subject: str
    made_ms: int
    changed_since: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A whole one; `message` as `pipeline.drafting` writes it."""

    workspace_id: int
    recipient: str
    subject: str
    message: str
    made_ms: int
    waiting: bool


@dataclass(frozen=True, slots=True)
class Of:
    """Which ones are meant: of a broadcast, a trigger, an action; 0 means any."""

    broadcast_id: int = 0
    trigger_id: int = 0
    action_id: int = 0


def keep(tx: Transaction, trigger_id: int, outcomes: Sequence[Outcome]) -> None:
    """Store the drafts that come with outcomes."""
    rows = [
        {
            "trigger_id": trigger_id,
            "seq": one.key.seq,
            "action_id": one.key.action_id,
            "recipient": one.draft.recipient,
            "subject": one.draft.subject,
            "message": one.draft.message,
        }
        for one in outcomes
        if one.draft is not None
    ]
    if rows:
        tx.many("keep_draft", rows)


def approved(tx: Transaction, trigger_id: int, lo: int, hi: int) -> dict[tuple[int, int], str]:
    """(seq, action) → message of those in a range of the audience that go out."""
    rows = tx.all("approved_drafts", trigger_id=trigger_id, lo=lo, hi=hi)
    return {(int(row["seq"]), int(row["action_id"])): str(row["message"]) for row in rows}


def page(
    tx: Transaction, workspace: Workspace, of: Of = Of(), *, after: DeliveryKey | None = None, most: int
) -> list[Waiting]:
    """Those that wait, after one of them."""
    behind = after or DeliveryKey(0, 0, 0)
    rows = tx.all(
        "waiting_drafts",
        workspace_id=workspace.workspace_id,
        trigger_id=behind.trigger_id,
        seq=behind.seq,
        action_id=behind.action_id,
        of_trigger=of.trigger_id,
        of_broadcast=of.broadcast_id,
        of_action=of.action_id,
        most=most,
    )
    return [_waiting(row) for row in rows]


def _waiting(row: Row) -> Waiting:
    updated_ms = row["action_updated_ms"]
    return Waiting(
        DeliveryKey(int(row["trigger_id"]), int(row["seq"]), int(row["action_id"])),
        int(row["broadcast_id"]),
        str(row["broadcast_name"]),
        str(row["action_name"] or ""),
        int(row["person_id"]),
        row["id"],
        row["email"],
        str(row["recipient"]),
        str(row["subject"]),
        int(row["made_ms"]),
        updated_ms is None or int(updated_ms) > int(row["made_ms"]),
    )


def get(tx: Transaction, key: DeliveryKey) -> Stored | None:
    """One, whether it waits or goes out."""
    row = tx.one("draft", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id)
    if row is None:
        return None
    return Stored(
        int(row["workspace_id"]),
        str(row["recipient"]),
        str(row["subject"]),
        str(row["message"]),
        int(row["made_ms"]),
        row["approved_ms"] is None,
    )


def approve(tx: Transaction, keys: Iterable[DeliveryKey]) -> set[DeliveryKey]:
    """They go out; those that waited."""
    return {key for key in keys if _meets(tx, "approve_draft", key)}


def drop(tx: Transaction, keys: Iterable[DeliveryKey]) -> set[DeliveryKey]:
    """They are gone; those that waited."""
    return {key for key in keys if _meets(tx, "drop_draft", key)}


def _meets(tx: Transaction, query: str, key: DeliveryKey) -> bool:
    return tx.execute(query, trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id) > 0
