# SPDX-License-Identifier: Apache-2.0
"""People, segments and snippets as Customer.io shows them (contract §7.1-7.3)."""

from typing import Any

from clarion.api.schemas import Loose, Reference, array, integer, one_of, record, shown, text

_CUSTOMER: dict[str, Any] = {
    "id": "42",
    "identifiers": {"email": "ada@example.com", "id": "42", "cio_id": "010000000001"},
    "attributes": {
        "first_name": "Ada",
        "plan": "pro",
        "created_at": "1796040000",
        "id": "42",
        "email": "ada@example.com",
        "cio_id": "010000000001",
    },
    "timestamps": {
        "first_name": 1796040000,
        "plan": 1796040000,
        "created_at": 1796040000,
        "id": 1796040000,
        "email": 1796040000,
        "cio_id": 1796040000,
    },
    "unsubscribed": False,
    "devices": [{"id": "t1", "platform": "ios", "last_used": 1796040000, "attributes": {}}],
}
_SEGMENT: dict[str, Any] = {
    "id": 1,
    "deduplicate_id": "1:1796040000",
    "name": "Beta",
    "description": "Early adopters",
    "state": "finished",
    "progress": None,
    "type": "manual",
    "tags": [],
}
_NAMES: dict[str, Any] = {"email": "ada@example.com", "id": "42", "cio_id": "010000000001"}
_LOOSE = Loose(nullable=("id", "email", "last_used"), free=("attributes", "timestamps"), optional=("email",))
_ID_TYPE: dict[str, Any] = {
    "id_type": one_of("id", "email", "cio_id", description="What the path names them by; id unless given.")
}
_PAGES: dict[str, Any] = {
    "start": text("The `next` of the page before."),
    "limit": integer("How many at most.", minimum=1, maximum=1_000),
}

BY_EMAIL = shown({"results": [_NAMES]}, _LOOSE, query={"email": text("Required.")}, errors=(400,), contract="§7.1")
SEARCH = shown(
    {"identifiers": [_NAMES], "ids": ["42"], "next": ""},
    _LOOSE,
    query=_PAGES,
    body=record(filter={"type": "object", "description": "As of a trigger's recipients (contract §2.2)."}),
    body_example={"filter": {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}},
    note="A page may be short before the end: go on while there is a `next`.",
    contract="§7.1",
)
ATTRIBUTES = shown({"customer": _CUSTOMER}, _LOOSE, query=_ID_TYPE, note="All values are texts.", contract="§7.1")
MANY_ATTRIBUTES = shown(
    {"customers": [{"customer": _CUSTOMER}]},
    _LOOSE,
    body=record(ids=array({"type": ["string", "integer"]}, "1 to 100.")),
    body_example={"ids": ["42"]},
    note="Unknown ids are left out.",
    contract="§7.1",
)
SEGMENTS_OF = shown(
    {"segments": [{"id": "1", "name": "Beta", "description": "Early adopters"}]},
    _LOOSE,
    query=_ID_TYPE,
    contract="§7.1",
)
CREATE_SEGMENT = shown(
    {"segment": _SEGMENT},
    body=record(segment=record(name=text(), description=text(), optional=("description",))),
    body_example={"segment": {"name": "Beta", "description": "Early adopters"}},
    contract="§7.2",
)
SEGMENTS = shown({"segments": [_SEGMENT]}, contract="§7.2")
SEGMENT = shown({"segment": _SEGMENT}, contract="§7.2")
DELETE_SEGMENT = Reference(
    status=204, errors=(400, 404, 409), note="One that a broadcast or a waiting trigger names stays.", contract="§7.2"
)
SEGMENT_COUNT = shown({"count": 1}, contract="§7.2")
MEMBERSHIP = shown({"ids": ["42"], "identifiers": [_NAMES], "next": ""}, _LOOSE, query=_PAGES, contract="§7.2")
SEGMENT_USED_BY = shown(
    {"used_by": {"campaigns": [12], "sent_newsletters": [], "draft_newsletters": []}}, contract="§7.2"
)
SNIPPETS = shown({"snippets": [{"name": "footer", "value": "Acme, Oslo", "updated_at": 1796040000}]}, contract="§7.3")
SAVE_SNIPPET = shown(
    {"snippet": {"name": "footer", "value": "Acme, Oslo", "updated_at": 1796040000}},
    body=record(name=text(), value=text("Liquid, at most 16 KB.")),
    body_example={"name": "footer", "value": "Acme, Oslo"},
    errors=(409,),
    contract="§7.3",
)
DELETE_SNIPPET = Reference(
    status=204, errors=(400, 404), note="One that a message or another snippet mentions stays: 400.", contract="§7.3"
)
