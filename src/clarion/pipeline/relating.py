# SPDX-License-Identifier: Apache-2.0
"""What calls about objects mean, in the transaction of the calls around them; see `identify` (contract §8.3).

Whoever is named and unknown is made, as by an identify call; so is an object. What a number names, and is not there,
is passed over: nothing is known to make it of.
"""

from collections.abc import Callable
from typing import Any

from clarion.domain.objects import ChangeObject, ObjectName, Relate, Relation, cio_object_id
from clarion.domain.people import Person, Reference
from clarion.store import objects
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

Meet = Callable[[Reference], Person | None]
"""The person of a reference, made if need be; None when calls about them are ignored."""
Note = Callable[[int, str, dict[str, Any]], None]
"""Write down what happened to a person."""


def relate(tx: Transaction, workspace: Workspace, call: Relate, person: Person, note: Note) -> None:
    """Relate a person to objects, or no longer."""
    for relation in call.relations:
        if isinstance(relation.to, ObjectName):
            _one(tx, workspace, person, relation.to, relation, note, add=call.add)


def _one(
    tx: Transaction,
    workspace: Workspace,
    person: Person,
    name: ObjectName,
    relation: Relation,
    note: Note,
    *,
    add: bool,
) -> None:
    if add:
        found = objects.save(tx, workspace, name, {})
        if found is not None and objects.relate(tx, person.person_id, found.number, relation.attributes):
            note(person.person_id, "add_relationship", _told(found))
    else:
        found = objects.find(tx, workspace, name)
        if found is not None and objects.unrelate(tx, person.person_id, found.number):
            note(person.person_id, "delete_relationship", _told(found))


def _told(found: objects.StoredObject) -> dict[str, Any]:
    return {
        "object_type_id": found.type_id,
        "object_id": found.object_id,
        "cio_object_id": cio_object_id(found.number),
    }


def change(tx: Transaction, workspace: Workspace, call: ChangeObject, meet: Meet, note: Note) -> None:
    """Create, change or remove an object, and its relationships."""
    if call.delete:
        found = objects.find(tx, workspace, call.name)
        if found is not None:
            objects.delete(tx, found.number)
        return
    found = objects.save(tx, workspace, call.name, call.attributes) if call.create else None
    found = found or objects.find(tx, workspace, call.name)
    if found is None:
        return
    for relation in call.relations:
        person = meet(relation.to) if isinstance(relation.to, Reference) else None
        if person is not None:
            _one(tx, workspace, person, ObjectName(number=found.number), relation, note, add=call.add)
