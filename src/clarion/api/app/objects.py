# SPDX-License-Identifier: Apache-2.0
"""Objects as the App API shows them, and who is related to them (contract §7.1, §7.12)."""

from typing import Any

from starlette.responses import Response

from clarion.api.app.people import named, only
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.identifiers import shown
from clarion.api.reference import objects as reference
from clarion.domain.errors import MalformedRequest, NotFound
from clarion.domain.objects import ObjectName, cio_object_id, number_of
from clarion.domain.people import attribute_text
from clarion.store import objects
from clarion.store.engine import Row, Transaction
from clarion.store.objects import StoredObject
from clarion.store.people import decode

_LIMIT, _MOST = 50, 1_000
_ID_TYPES = ("object_id", "cio_object_id")


async def object_types(call: Call) -> Response:
    """`GET /v1/object_types`."""
    found = await call.api.read(lambda tx: objects.types(tx, call.workspace))
    return answer({"types": [{"id": type_id, "name": type_id, "objects": n} for type_id, n in found]})


async def relationships_of(call: Call) -> Response:
    """`GET /v1/customers/{customer_id}/relationships`."""
    who, after, limit = named(call), _after(call), call.query_number("limit", _LIMIT, low=1, high=_MOST)

    def read(tx: Transaction) -> list[Row]:
        person = only(tx, call.workspace, who)
        return objects.of_person(tx, person.person_id, after=after, most=limit + 1)

    rows = await call.api.read(read)
    related = [
        {
            "object_type_id": row["object_type_id"],
            "identifiers": _identifiers(str(row["object_type_id"]), str(row["object_id"]), int(row["object_no"])),
            "relationship_attributes": _texts(decode(row["attributes"])),
            "created_at": int(row["created_ms"]) // 1_000,
        }
        for row in rows[:limit]
    ]
    following = str(rows[limit - 1]["object_no"]) if len(rows) > limit else ""
    told = [one["identifiers"] for one in related]
    return answer({"identifiers": told, "cio_relationships": related, "relationships": related, "next": following})


async def attributes_of(call: Call) -> Response:
    """`GET /v1/objects/{object_type_id}/{object_id}/attributes`."""
    found = await call.api.read(lambda tx: _find(tx, call))
    return answer(
        {
            "object": {
                "identifiers": _identifiers(found.type_id, found.object_id, found.number),
                "attributes": _texts(found.attributes),
                "timestamps": {
                    "cio_object_created": found.created_ms // 1_000,
                    "cio_object_updated": found.updated_ms // 1_000,
                },
            }
        }
    )


async def people_of(call: Call) -> Response:
    """`GET /v1/objects/{object_type_id}/{object_id}/relationships`."""
    after, limit = _after(call), call.query_number("limit", _LIMIT, low=1, high=_MOST)

    def read(tx: Transaction) -> list[Row]:
        return objects.of_object(tx, _find(tx, call).number, after=after, most=limit + 1)

    rows = await call.api.read(read)
    related = [
        {
            "identifiers": shown(int(row["person_id"]), row["id"], row["email"]),
            "relationship_attributes": _texts(decode(row["attributes"])),
            "created_at": int(row["created_ms"]) // 1_000,
        }
        for row in rows[:limit]
    ]
    following = str(rows[limit - 1]["person_id"]) if len(rows) > limit else ""
    return answer({"cio_relationships": related, "relationships": related, "next": following})


def _find(tx: Transaction, call: Call) -> StoredObject:
    kind = call.query("id_type", "object_id")
    if kind not in _ID_TYPES:
        raise MalformedRequest(f"must be one of {', '.join(_ID_TYPES)}", "/id_type")
    type_id, object_id = call.text("object_type_id"), call.text("object_id")
    name = ObjectName(type_id, object_id)
    if kind == "cio_object_id":
        number = number_of(object_id)
        if number is None:
            raise NotFound
        name = ObjectName(number=number)
    found = objects.find(tx, call.workspace, name)
    if found is None or found.type_id != type_id:
        raise NotFound
    return found


def _after(call: Call) -> int:
    return call.query_number("start", 0) if call.query("start") else 0


def _identifiers(type_id: str, object_id: str, number: int) -> dict[str, str]:
    return {"object_type_id": type_id, "object_id": object_id, "cio_object_id": cio_object_id(number)}


def _texts(attributes: dict[str, Any]) -> dict[str, str]:
    return {name: text for name, value in attributes.items() if (text := attribute_text(value)) is not None}


_OBJECT = "/v1/objects/{object_type_id}/{object_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/v1/object_types", object_types, "app", "app", "Types of objects", reference=reference.TYPES),
    Endpoint(
        "GET",
        "/v1/customers/{customer_id}/relationships",
        relationships_of,
        "app",
        "app",
        "The objects of a person",
        reference=reference.OF_PERSON,
    ),
    Endpoint(
        "GET",
        f"{_OBJECT}/attributes",
        attributes_of,
        "app",
        "app",
        "An object",
        reference=reference.ATTRIBUTES,
    ),
    Endpoint(
        "GET",
        f"{_OBJECT}/relationships",
        people_of,
        "app",
        "app",
        "Who is related to an object",
        reference=reference.OF_OBJECT,
    ),
)
