# SPDX-License-Identifier: Apache-2.0
"""People as an editor changes them, by the same operations as the Track API: attributes, deletion, segments."""

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.clarion.audiences import one_person, person_shape
from clarion.api.clarion.edits import Fields
from clarion.api.reference import one_person as told
from clarion.api.track.operations import read_identify
from clarion.api.track.segments import MAX_IDS
from clarion.domain.errors import InvalidRequest, NotFound
from clarion.domain.operations import Delete, Operation, Suppress
from clarion.domain.people import IdKind, Reference, person_id_of
from clarion.pipeline import identify
from clarion.pipeline.membership import change_members


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
