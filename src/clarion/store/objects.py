# SPDX-License-Identifier: Apache-2.0
"""Objects, their types, and who is related to them (contract §8.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clarion.domain.objects import ObjectName
from clarion.domain.people import merge
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.people import decode, encode


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Times in Unix milliseconds."""

    number: int
    type_id: str
    object_id: str
    attributes: dict[str, Any]
    created_ms: int
    updated_ms: int


def _object(row: Row) -> StoredObject:
    return StoredObject(
        int(row["object_no"]),
        str(row["object_type_id"]),
        str(row["object_id"]),
        decode(row["attributes"]),
        int(row["created_ms"]),
        int(row["updated_ms"]),
    )


def types(tx: Transaction, workspace: Workspace) -> list[tuple[str, int]]:
    """The types of a workspace's objects, with how many there are."""
    rows = tx.all("object_types", workspace_id=workspace.workspace_id)
    return [(str(row["object_type_id"]), int(row["objects"])) for row in rows]


def find(tx: Transaction, workspace: Workspace, name: ObjectName, *, hold: bool = False) -> StoredObject | None:
    """An object by its name; `hold`: by type and id it is locked until the transaction ends."""
    if name.number is not None:
        row = tx.one("object_by_number", workspace_id=workspace.workspace_id, object_no=name.number)
    else:
        row = tx.one(
            "hold_object" if hold else "object_by_id",
            workspace_id=workspace.workspace_id,
            object_type_id=name.type_id,
            object_id=name.object_id,
        )
    return _object(row) if row else None


def save(tx: Transaction, workspace: Workspace, name: ObjectName, changes: Mapping[str, Any]) -> StoredObject | None:
    """Create or change; None for a number that nothing has.

    Raises:
        InvalidRequest: it would have more than 300 attributes.
    """
    found = find(tx, workspace, name, hold=True)
    if found is None and name.number is not None:
        return None
    if found is None:
        number = numbers.take(tx, "object")
        tx.execute("note_object_type", workspace_id=workspace.workspace_id, object_type_id=name.type_id)
        tx.execute(
            "insert_object",
            object_no=number,
            workspace_id=workspace.workspace_id,
            object_type_id=name.type_id,
            object_id=name.object_id,
            attributes=encode(merge({}, changes)),
        )
        return find(tx, workspace, name)
    if changes:
        tx.execute("update_object", object_no=found.number, attributes=encode(merge(found.attributes, changes)))
    return found


def delete(tx: Transaction, number: int) -> None:
    """Remove an object and its relationships."""
    tx.execute("delete_relationships_of_object", object_no=number)
    tx.execute("delete_object", object_no=number)


def relate(tx: Transaction, person_id: int, number: int, changes: Mapping[str, Any]) -> bool:
    """Relate, or change what is said of a relationship; whether it is a new one."""
    row = tx.one("relationship", person_id=person_id, object_no=number)
    before = decode(row["attributes"]) if row else {}
    if row is None or changes:
        tx.execute("relate", person_id=person_id, object_no=number, attributes=encode(merge(before, changes)))
    return row is None


def unrelate(tx: Transaction, person_id: int, number: int) -> bool:
    """Relate no longer; whether they were."""
    return tx.execute("unrelate", person_id=person_id, object_no=number) > 0


def move(tx: Transaction, person_id: int, into_id: int) -> None:
    """A merged person's relationships are another's."""
    tx.execute("move_relationships", person_id=person_id, into_id=into_id)
    tx.execute("delete_relationships_of_person", person_id=person_id)


def of_person(tx: Transaction, person_id: int, *, after: int, most: int) -> list[Row]:
    """A person's objects with what is said of each, by their numbers."""
    return tx.all("objects_of_person", person_id=person_id, after=after, most=most)


def of_object(tx: Transaction, number: int, *, after: int, most: int) -> list[Row]:
    """Who is related to an object, by their numbers."""
    return tx.all("people_of_object", object_no=number, after=after, most=most)
