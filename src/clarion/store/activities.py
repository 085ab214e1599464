# SPDX-License-Identifier: Apache-2.0
"""The journal of what happened to people: 30 days of it, in the transaction of what happened (contract §7.1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clarion.domain.ulids import ulid, ulid_floor
from clarion.store import access, people
from clarion.store.access import Workspace
from clarion.store.engine import Row, Store, Transaction
from clarion.store.people import decode, encode

KEPT_MS = 30 * 86_400_000
EVENT_KINDS = frozenset({"event", "page", "screen"})
_BATCH = 2_000
_STRETCH, _STRETCHES = 1_000, 5  # of the journal that a page of a workspace looks at


class Happened(NamedTuple):
    """Something that is to be written down. Of an event `data` holds its id: what it carried is with the events."""

    person_id: int
    kind: str
    data: dict[str, Any]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Activity:
    """Something that was written down; `id` is a ULID, whose time is when."""

    id: str
    person_id: int
    kind: str
    name: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Activities:
    """Newest first, and where to go on; "" at the end. A page may be short before it."""

    items: tuple[Activity, ...]
    next: str


def write(tx: Transaction, workspace: Workspace, happened: Sequence[Happened], now_ms: int) -> None:
    """Write it all down, in the order it happened."""
    rows = [
        {
            "workspace_id": workspace.workspace_id,
            "id": ulid(now_ms),
            "person_id": one.person_id,
            "kind": one.kind,
            "name": one.name,
            "data": encode(one.data),
        }
        for one in happened
    ]
    tx.many("insert_activities", rows)


def of_people(
    tx: Transaction, person_ids: Sequence[int], *, before: str, most: int, kind: str = "", name: str = ""
) -> list[Activity]:
    """What happened to one person before a moment, newest first; under several numbers after a merge."""
    rows = tx.all(
        "activities_of_people", person_ids=encode(list(person_ids)), before=before, most=most, kind=kind, name=name
    )
    return _with_events(tx, rows)


def of_workspace(
    tx: Transaction, workspace: Workspace, *, before: str, most: int, kind: str, name: str, deleted: bool
) -> Activities:
    """What happened to everybody who is there, or to those who are gone."""
    found: list[Row] = []
    for _ in range(_STRETCHES):
        rows = tx.all("activities_of_workspace", workspace_id=workspace.workspace_id, before=before, most=_STRETCH)
        # Not in the same statement: PostgreSQL reads every person for it.
        alive = people.identifiers(tx, {int(row["person_id"]) for row in rows})
        for row in rows:
            before = str(row["id"])
            if (int(row["person_id"]) in alive) != deleted and kind in ("", row["kind"]) and name in ("", row["name"]):
                found.append(row)
                if len(found) == most:
                    return Activities(tuple(_with_events(tx, found)), before)
        if len(rows) < _STRETCH:
            return Activities(tuple(_with_events(tx, found)), "")
    return Activities(tuple(_with_events(tx, found)), before)


def _with_events(tx: Transaction, rows: Sequence[Row]) -> list[Activity]:
    found = [
        Activity(str(row["id"]), int(row["person_id"]), str(row["kind"]), str(row["name"]), decode(row["data"]))
        for row in rows
    ]
    events = [one for one in found if one.kind in EVENT_KINDS]
    if not events:
        return found
    carried = {
        (int(row["person_id"]), str(row["event_id"])): row["data"]
        for row in tx.all(
            "event_data",
            person_ids=encode(sorted({one.person_id for one in events})),
            event_ids=encode(sorted({str(one.data["event_id"]) for one in events})),
        )
    }
    return [
        one
        if one.kind not in EVENT_KINDS
        else Activity(
            one.id,
            one.person_id,
            one.kind,
            one.name,
            decode(carried.get((one.person_id, str(one.data["event_id"])), "{}")),
        )
        for one in found
    ]


def forget(tx: Transaction, workspace: Workspace, person_id: int, identifiers: Sequence[str]) -> int:
    """Take everything about a person out, and that others were refused their identifiers; how many."""
    gone = tx.execute("forget_activities", person_id=person_id)
    for value in identifiers:
        gone += tx.execute("forget_refused", workspace_id=workspace.workspace_id, quoted=encode(value))
    return gone


def clear(store: Store, before_ms: int) -> Iterator[int]:
    """Remove what is older than a time; yields the rows gone after each transaction."""
    floor = ulid_floor(before_ms)
    for workspace in store.read(access.workspaces):

        def step(tx: Transaction, workspace_id: int = workspace.workspace_id) -> int:
            return tx.execute("clear_activities", workspace_id=workspace_id, before=floor, most=_BATCH)

        while gone := store.write(step):
            yield gone
