# SPDX-License-Identifier: Apache-2.0
"""Events of people who are not known yet, and what one person leaves to another when they are merged."""

from collections.abc import Iterable
from typing import Any

from clarion.store import limits, objects, people, segments, texts
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import encode

KEPT_MS = 30 * 24 * 3_600_000  # contract §8.2, §8.5


def add_anonymous_event(
    tx: Transaction,
    workspace: Workspace,
    anonymous_id: str,
    *,
    event_id: str,
    at_ms: int,
    kind: str,
    name: str,
    data: dict[str, Any],
) -> None:
    """Keep an event of somebody who may become known."""
    tx.execute(
        "insert_anonymous_event",
        workspace_id=workspace.workspace_id,
        anonymous_id=anonymous_id,
        event_id=event_id,
        at_ms=at_ms,
        kind=kind,
        name=name,
        data=encode(data),
    )


def adopt_anonymous_events(tx: Transaction, workspace: Workspace, anonymous_id: str, person_id: int) -> int:
    """The events of the last 30 days are a person's from now on; how many."""
    named = {"workspace_id": workspace.workspace_id, "anonymous_id": anonymous_id}
    adopted = tx.execute("adopt_anonymous_events", **named, person_id=person_id, since_ms=tx.now_ms() - KEPT_MS)
    tx.execute("drop_anonymous_events", **named)
    return adopted


def clear_anonymous_events(tx: Transaction) -> int:
    """Forget those that nobody will adopt any more; how many."""
    return tx.execute("clear_anonymous_events", kept_ms=KEPT_MS)


def leave(tx: Transaction, person_id: int, into_id: int) -> list[int]:
    """What a person has goes to another: 30 days of events and activities, devices, manual segments, relations.

    Then they are gone. Accounts in the ledger keep their number, so that no running trigger is touched; lists follow
    `merged`. Returns the segments that the other one came into by it.
    """
    tx.execute("copy_events", person_id=person_id, into_id=into_id, since_ms=tx.now_ms() - KEPT_MS)
    known = {device.token for device in people.devices(tx, into_id)}
    for device in people.devices(tx, person_id):
        if device.token not in known:
            people.save_device(tx, into_id, device)
    left = [int(row["segment_id"]) for row in tx.all("manual_memberships_of", person_id=person_id)]
    entered = [segment_id for segment_id in left if segments.add(tx, segment_id, [into_id])]
    objects.move(tx, person_id, into_id)
    tx.execute("move_watched_messages", person_id=person_id, into_id=into_id)
    tx.execute("move_activities", person_id=person_id, into_id=into_id)
    tx.execute("move_in_app", person_id=person_id, into_id=into_id)
    limits.move(tx, person_id, into_id)
    texts.move(tx, person_id, into_id)
    people.delete(tx, person_id)
    tx.execute("redirect_merges", person_id=person_id, into_id=into_id)
    tx.execute("note_merge", person_id=person_id, into_id=into_id)
    return entered


def survivors(tx: Transaction, person_ids: Iterable[int]) -> dict[int, int]:
    """Of people who are gone, those that were merged into others, and into whom."""
    rows = tx.all("survivors", person_ids=encode(sorted(person_ids)))
    return {int(row["person_id"]): int(row["into_person_id"]) for row in rows}


def merged(tx: Transaction, person_id: int) -> list[int]:
    """The numbers under which a person's earlier messages stand in the ledger, without their own."""
    return [int(row["person_id"]) for row in tx.all("merged_into", person_id=person_id)]
