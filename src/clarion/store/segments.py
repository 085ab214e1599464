# SPDX-License-Identifier: Apache-2.0
"""Manual segments and who is in them; each segment's size moves with its memberships."""

from collections.abc import Iterable
from dataclasses import dataclass

from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.people import Identifiers


@dataclass(frozen=True, slots=True)
class Segment:
    """A named group of people."""

    segment_id: int
    name: str
    description: str
    kind: str
    size: int
    created_ms: int
    updated_ms: int


def _segment(row: Row) -> Segment:
    return Segment(
        int(row["segment_id"]),
        str(row["name"]),
        str(row["description"]),
        str(row["kind"]),
        int(row["size"]),
        int(row["created_ms"]),
        int(row["updated_ms"]),
    )


def create(tx: Transaction, workspace: Workspace, name: str, description: str) -> Segment:
    """A new, empty manual segment."""
    segment_id = numbers.take(tx, "segment")
    tx.execute(
        "insert_segment",
        segment_id=segment_id,
        workspace_id=workspace.workspace_id,
        name=name,
        description=description,
    )
    created = get(tx, workspace, segment_id)
    if created is None:
        raise AssertionError("the segment was just made")
    return created


def listing(tx: Transaction, workspace: Workspace) -> list[Segment]:
    """Every segment of a workspace."""
    return [_segment(row) for row in tx.all("segments", workspace_id=workspace.workspace_id)]


def get(tx: Transaction, workspace: Workspace, segment_id: int) -> Segment | None:
    """One segment."""
    row = tx.one("segment", workspace_id=workspace.workspace_id, segment_id=segment_id)
    return _segment(row) if row else None


def rename(tx: Transaction, workspace: Workspace, segment_id: int, name: str, description: str) -> None:
    """Another name and description."""
    tx.execute(
        "rename_segment",
        workspace_id=workspace.workspace_id,
        segment_id=segment_id,
        name=name,
        description=description,
    )


def lock(tx: Transaction, workspace: Workspace, segment_id: int) -> bool:
    """Keep a segment from being deleted until the transaction ends; False when there is none."""
    return tx.one("lock_segment", workspace_id=workspace.workspace_id, segment_id=segment_id) is not None


def delete(tx: Transaction, workspace: Workspace, segment_id: int) -> bool:
    """Remove a segment and its memberships; False when there is none."""
    removed = tx.execute("delete_segment", workspace_id=workspace.workspace_id, segment_id=segment_id)
    if removed:
        tx.execute("delete_members", segment_id=segment_id)
    return removed > 0


def add(tx: Transaction, segment_id: int, person_ids: Iterable[int]) -> int:
    """Put people in; how many were not in yet."""
    rows = [{"segment_id": segment_id, "person_id": number} for number in sorted(set(person_ids))]
    added = tx.many("add_members", rows)
    if added:
        tx.execute("change_segment_size", segment_id=segment_id, by=added)
    return added


def remove(tx: Transaction, segment_id: int, person_ids: Iterable[int]) -> int:
    """Take people out; how many were in."""
    rows = [{"segment_id": segment_id, "person_id": number} for number in sorted(set(person_ids))]
    removed = tx.many("remove_members", rows)
    if removed:
        tx.execute("change_segment_size", segment_id=segment_id, by=-removed)
    return removed


def members(tx: Transaction, segment_id: int, after: int, most: int) -> list[Identifiers]:
    """People of a segment with a number above `after`, ascending, at most `most`."""
    rows = tx.all("members", segment_id=segment_id, after=after, most=most)
    return [Identifiers(int(r["person_id"]), r["id"], r["email"]) for r in rows]


def of_person(tx: Transaction, person_id: int) -> list[tuple[int, str, str]]:
    """(id, name, description) of the segments a person is in."""
    rows = tx.all("memberships_of", person_id=person_id)
    return [(int(r["segment_id"]), str(r["name"]), str(r["description"])) for r in rows]
