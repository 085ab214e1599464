# SPDX-License-Identifier: Apache-2.0
"""One person as an editor sees and changes them; changes are the operations of the Track API."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.audiences import one_person, person_shape
from clarion.api.clarion.fields import Fields
from clarion.api.reference import one_person as told
from clarion.api.track.operations import read_identify
from clarion.api.track.segments import MAX_IDS
from clarion.domain.errors import InvalidRequest, MalformedRequest, NotFound
from clarion.domain.operations import Delete, DeleteDevice, Operation, Suppress
from clarion.domain.people import (
    IdKind,
    Person,
    Reference,
    attribute_changed,
    attribute_text,
    cio_id,
    is_unsubscribed,
    person_id_of,
)
from clarion.pipeline import identify
from clarion.pipeline.membership import change_members
from clarion.store import merging, people
from clarion.store.engine import Transaction
from clarion.store.people import PersonEvent

_MOST_EVENTS = 200


def _named(call: Call) -> Reference:
    value = call.text("cio_id").removeprefix("cio_")
    if person_id_of(value) is None:
        raise NotFound
    return Reference(IdKind.CIO_ID, value)


async def _perform(call: Call, operation: Operation) -> None:
    api = call.api
    (outcome,) = await api.run(lambda: identify.perform(api.store, api.numbers, call.workspace, [operation]))
    if outcome is not None:
        raise outcome


def _value(person: Person, name: str, value: object) -> dict[str, Any]:
    """An attribute with its type. Its value is JSON text: a number keeps all its digits in any client."""
    kind = "json" if isinstance(value, dict | list) else "text"
    if isinstance(value, int | float):
        kind = "boolean" if isinstance(value, bool) else "number"
    return {
        "name": name,
        "type": kind,
        "json": people.encode(value),
        "text": attribute_text(value) or "",
        "changed_at": attribute_changed(person, name),
    }


async def get(call: Call) -> Response:
    """`GET /people/{cio_id}`: attributes with their types, devices, which people were merged into this one."""
    reference = _named(call)

    def read(tx: Transaction) -> dict[str, Any]:
        person = one_person(tx, call, reference)
        return {
            **person.identifiers,
            "unsubscribed": is_unsubscribed(person.attributes),
            "created_at": person.created_ms // 1_000,
            "attributes": [_value(person, name, value) for name, value in person.attributes.items()],
            "devices": [
                {
                    "token": one.token,
                    "platform": one.platform,
                    "last_used": one.last_used,
                    "attributes": [
                        {"name": name, "json": people.encode(value)} for name, value in one.attributes.items()
                    ],
                }
                for one in people.devices(tx, person.person_id)
            ],
            "merged": [cio_id(number) for number in merging.merged(tx, person.person_id)],
        }

    return answer({"person": await call.api.read(read)})


async def events(call: Call) -> Response:
    """`GET /people/{cio_id}/events?start=&limit=`: what they did, newest first, with what each carried."""
    reference, token = _named(call), call.query("start")
    most = call.query_number("limit", 50, low=1, high=_MOST_EVENTS)
    at, _, event_id = token.partition("-")
    if token and not (at.isascii() and at.isdigit() and len(at) <= 18):
        raise MalformedRequest("is not the next of an earlier page", "/start")
    before = (int(at), event_id) if token else (2**62, "")

    def read(tx: Transaction) -> list[PersonEvent]:
        return people.events(tx, one_person(tx, call, reference).person_id, before, most + 1)

    found = await call.api.read(read)
    shown = found[:most]
    return answer(
        {
            "events": [
                {
                    "id": one.event_id,
                    "type": one.kind,
                    "name": one.name,
                    "at": one.at_ms // 1_000,
                    "data": one.data,
                }
                for one in shown
            ],
            "next": f"{shown[-1].at_ms}-{shown[-1].event_id}" if len(found) > most else "",
        }
    )


async def delete_device(call: Call) -> Response:
    """`DELETE /people/{cio_id}/devices/{token}`."""
    reference, token = _named(call), call.text("token")

    def there(tx: Transaction) -> bool:
        return any(one.token == token for one in people.devices(tx, one_person(tx, call, reference).person_id))

    if not await call.api.read(there):
        raise NotFound("the person has no such device")
    await _perform(call, DeleteDevice(reference, token))
    return nothing()


async def change(call: Call) -> Response:
    """`PATCH /people/{cio_id} {attributes}`: those that are named; an empty text or null takes one away."""
    reference = _named(call)
    fields = Fields(await call.json_object())
    fields.only(("attributes",))
    attributes = fields.value.get("attributes")
    if not isinstance(attributes, dict):
        raise InvalidRequest("must be an object", "/attributes")
    await call.api.read(lambda tx: one_person(tx, call, reference))
    await _perform(call, read_identify(reference, attributes))
    found = await call.api.read(lambda tx: one_person(tx, call, reference))
    return answer({"person": person_shape(found)})


async def delete(call: Call) -> Response:
    """`DELETE /people/{cio_id}`."""
    reference = _named(call)
    await call.api.read(lambda tx: one_person(tx, call, reference))
    await _perform(call, Delete(reference))
    return nothing()


async def suppress(call: Call) -> Response:
    """`POST /people/{cio_id}/suppress`: deleted, and not taken again under these identifiers."""
    reference = _named(call)
    await call.api.read(lambda tx: one_person(tx, call, reference))
    await _perform(call, Suppress(reference))
    return nothing()


async def change_segment(call: Call) -> Response:
    """`POST /segments/{segment_id}/people {action, identifier, names}`: put people in or take them out."""
    segment_id = call.number("segment_id")
    fields = Fields(await call.json_object())
    fields.only(("action", "identifier", "names"))
    action, kind = fields.value.get("action"), fields.value.get("identifier", "id")
    if action not in ("add", "remove"):
        fields.fault("must be add or remove", "action")
    kinds = [one.value for one in IdKind if one is not IdKind.EMAIL or call.workspace.email_is_unique]
    if kind not in kinds:
        fields.fault(f"must be one of {', '.join(kinds)}", "identifier")
    names = fields.items("names", MAX_IDS)
    if not names or not all(isinstance(one, str) for one in names):
        fields.fault(f"must be a list of 1 to {MAX_IDS} texts", "names")
    fields.refuse()
    wanted = [str(one) for one in names or ()]
    changed = await call.api.write(
        lambda tx: change_members(tx, call.workspace, segment_id, IdKind(kind), wanted, add=action == "add")
    )
    return answer({"people": changed})


_ONE = "/api/clarion/v1/people/{cio_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", _ONE, get, "manage", "app", "A person: attributes with their types, devices", reference=told.PERSON
    ),
    Endpoint("GET", f"{_ONE}/events", events, "manage", "app", "What a person did", reference=told.EVENTS),
    Endpoint(
        "DELETE",
        f"{_ONE}/devices/{{token}}",
        delete_device,
        "manage",
        "app",
        "Take a device from a person",
        reference=told.GONE,
    ),
    Endpoint("PATCH", _ONE, change, "manage", "app", "Change a person's attributes", reference=told.CHANGE_PERSON),
    Endpoint("DELETE", _ONE, delete, "manage", "app", "Delete a person", reference=told.GONE),
    Endpoint(
        "POST", f"{_ONE}/suppress", suppress, "manage", "app", "Delete a person and block them", reference=told.GONE
    ),
    Endpoint(
        "POST",
        "/api/clarion/v1/segments/{segment_id}/people",
        change_segment,
        "manage",
        "app",
        "Put people into a segment, or take them out",
        reference=told.CHANGE_SEGMENT,
    ),
)
