# SPDX-License-Identifier: Apache-2.0
"""The Track API (contract §8). Every success is 200 and an empty object."""

from typing import Any

from clarion.api.schemas import Reference, array, integer, mapping, one_of, record, shown, text

_DONE: dict[str, Any] = {"answer": {"type": "object", "maxProperties": 0}, "answer_example": {}}
_DEVICE = record(
    id=text("The token."),
    platform=one_of("ios", "android"),
    last_used=integer("Unix seconds."),
    attributes={"type": "object"},
    optional=("last_used", "attributes"),
)
_EVENT: dict[str, Any] = {
    "name": text("At most 100 bytes."),
    "type": one_of("event", "page", "screen"),
    "id": text("A ULID: a repeat is one event."),
    "timestamp": integer("Unix seconds; now unless given."),
    "data": {"type": "object", "description": "At most 100 KB."},
}
_IDS: dict[str, Any] = {
    "body": record(ids=array({"type": ["string", "integer"]}, "1 to 1,000.")),
    "body_example": {"ids": ["42", "43"]},
    "query": {"id_type": one_of("id", "email", "cio_id", description="What the ids are; id unless given.")},
}
_OPERATION = record(
    "An operation on a person, an object or a delivery (contract §8.3).",
    type=one_of("person", "object", "delivery"),
    action=text(),
    identifiers={"type": "object"},
    attributes={"type": "object"},
    optional=("identifiers", "attributes"),
)
_OPERATION_EXAMPLE = {
    "type": "person",
    "action": "identify",
    "identifiers": {"id": "42"},
    "attributes": {"plan": "pro"},
}

REGION = shown({"url": "https://clarion.example.com", "region": "us", "environment_id": 1}, contract="§8")
IDENTIFY = Reference(
    body=mapping({}, "Attributes; with _update, _timestamp, anonymous_id and cio_relationships as instructions."),
    body_example={"email": "ada@example.com", "first_name": "Ada", "plan": "pro"},
    note="The path names the person by id, e-mail or cio_<cio_id>. null and the empty text clear an attribute.",
    contract="§8.1",
    **_DONE,
)
DELETE = Reference(contract="§8", **_DONE)
EVENT = Reference(
    body=record(optional=("type", "id", "timestamp", "data"), **_EVENT),
    body_example={"name": "bought", "data": {"what": "tea"}},
    contract="§8.2",
    **_DONE,
)
ADD_DEVICE = Reference(
    body=record(device=_DEVICE),
    body_example={"device": {"id": "token-1", "platform": "ios", "last_used": 1_796_040_000}},
    contract="§8",
    **_DONE,
)
ADD_MEMBERS = Reference(note="Ids that nobody has are passed over.", contract="§8", **_IDS, **_DONE)
ENTITY = Reference(body=_OPERATION, body_example=_OPERATION_EXAMPLE, note="At most 32 KB.", contract="§8.3", **_DONE)
BATCH = Reference(
    body=record(batch=array(_OPERATION, "At most 500 KB.")),
    body_example={"batch": [_OPERATION_EXAMPLE]},
    note="Each stands for itself: 207 with `errors` names those that were refused, by `batch_index`.",
    contract="§8.3",
    **_DONE,
)
