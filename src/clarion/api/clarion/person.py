# SPDX-License-Identifier: Apache-2.0
"""One person as an editor changes them: attributes, deletion, suppression; by the same operations as the Track API."""

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.audiences import one_person, person_shape
from clarion.api.clarion.edits import Fields
from clarion.api.reference import one_person as told
from clarion.api.track.operations import read_identify
from clarion.domain.errors import InvalidRequest, NotFound
from clarion.domain.operations import Delete, Operation, Suppress
from clarion.domain.people import IdKind, Reference, person_id_of
from clarion.pipeline import identify


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


_ONE = "/api/clarion/v1/people/{cio_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("PATCH", _ONE, change, "manage", "app", "Change a person's attributes", reference=told.CHANGE_PERSON),
    Endpoint("DELETE", _ONE, delete, "manage", "app", "Delete a person", reference=told.GONE),
    Endpoint(
        "POST", f"{_ONE}/suppress", suppress, "manage", "app", "Delete a person and block them", reference=told.GONE
    ),
)
