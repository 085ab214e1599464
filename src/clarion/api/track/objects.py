# SPDX-License-Identifier: Apache-2.0
"""From JSON to operations on objects and relationships (contract §8.1, §8.3)."""

from typing import Any

import msgspec

from clarion.api.identifiers import identifier
from clarion.api.track.operations import from_identifiers
from clarion.domain.errors import InvalidRequest
from clarion.domain.objects import (
    MAX_ATTRIBUTES_BYTES,
    MAX_RELATIONSHIPS,
    ChangeObject,
    ObjectName,
    Relate,
    Relation,
    number_of,
)
from clarion.domain.people import MAX_ID_BYTES, Reference, check_attributes
from clarion.store.access import Workspace

ACTIONS = ("identify", "identify_anonymous", "delete", "add_relationships", "delete_relationships")
_V1_ACTIONS = ("add_relationships", "delete_relationships")


def read_object(item: dict[str, Any], workspace: Workspace) -> ChangeObject:
    """An operation of v2 with type "object".

    Raises:
        InvalidRequest: naming the field that is wrong.
    """
    action = item.get("action")
    if action not in ACTIONS:
        raise InvalidRequest(f"must be one of {', '.join(ACTIONS)}", "/action")
    name = _name(item.get("identifiers"), "/identifiers")
    if action == "delete":
        return ChangeObject(name, delete=True)
    people = _people(item.get("cio_relationships"), workspace)
    if action in _V1_ACTIONS and not people:
        raise InvalidRequest("must name at least one person", "/cio_relationships")
    return ChangeObject(
        name,
        _attributes(item.get("attributes"), "/attributes"),
        people,
        add=action != "delete_relationships",
        create=action != "delete_relationships",
    )


def read_relate(reference: Reference, value: object, *, add: bool, at: str = "/cio_relationships") -> Relate:
    """The relationships of a person in v2. Raises as `read_object`."""
    relations = [
        Relation(
            _name(_below(one, "identifiers"), f"{at}/{no}/identifiers"),
            _attributes(_below(one, "relationship_attributes"), f"{at}/{no}/relationship_attributes"),
        )
        for no, one in enumerate(_items(value, at))
    ]
    return Relate(reference, tuple(relations), add)


def read_instruction(reference: Reference, value: object) -> Relate | None:
    """`cio_relationships` among the attributes of an identify call; None where there are none (contract §8.1)."""
    at = "/cio_relationships"
    if value is None or value in ({}, []):
        return None
    if isinstance(value, list):  # v2 lists them as they are
        return read_relate(reference, value, add=True)
    if not isinstance(value, dict) or value.get("action") not in _V1_ACTIONS:
        raise InvalidRequest(f"must be an object with action, one of {', '.join(_V1_ACTIONS)}", f"{at}/action")
    add = value["action"] == "add_relationships"
    return read_relate(reference, value.get("relationships"), add=add, at=f"{at}/relationships")


def _items(value: object, at: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidRequest("must be a list", at)
    if len(value) > MAX_RELATIONSHIPS:
        raise InvalidRequest(f"has more than {MAX_RELATIONSHIPS} items", at)
    return value


def _below(one: object, key: str) -> object:
    return one.get(key) if isinstance(one, dict) else None


def _name(value: object, at: str) -> ObjectName:
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object with object_type_id and object_id, or cio_object_id", at)
    cio = value.get("cio_object_id")
    if cio is not None:
        number = number_of(cio) if isinstance(cio, str) else None
        if number is None:
            raise InvalidRequest("is not a cio_object_id", f"{at}/cio_object_id")
        return ObjectName(number=number)
    return ObjectName(_id(value, "object_type_id", at), _id(value, "object_id", at))


def _id(value: dict[str, Any], key: str, at: str) -> str:
    if value.get(key) is None:
        raise InvalidRequest("is required", f"{at}/{key}")
    text = identifier(value[key], f"{at}/{key}").strip()
    if not text or len(text.encode()) > MAX_ID_BYTES:
        raise InvalidRequest(f"must have 1 to {MAX_ID_BYTES} bytes", f"{at}/{key}")
    return text


def _people(value: object, workspace: Workspace) -> tuple[Relation, ...]:
    at = "/cio_relationships"
    return tuple(
        Relation(
            from_identifiers(_below(one, "identifiers"), workspace, f"{at}/{no}/identifiers"),
            _attributes(_below(one, "relationship_attributes"), f"{at}/{no}/relationship_attributes"),
        )
        for no, one in enumerate(_items(value, at))
    )


def _attributes(value: object, at: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object", at)
    if len(msgspec.json.encode(value)) > MAX_ATTRIBUTES_BYTES:
        raise InvalidRequest(f"is larger than {MAX_ATTRIBUTES_BYTES} bytes", at)
    check_attributes(value)
    return value
