# SPDX-License-Identifier: Apache-2.0
"""Objects and relationships (contract §7.1, §7.12)."""

from typing import Any

from clarion.api.schemas import Reference, array, integer, mapping, nullable, one_of, record, text

_PAGES: dict[str, Any] = {
    "start": text("The `next` of the page before."),
    "limit": integer("How many at most; 50 unless given.", minimum=1, maximum=1_000),
}
_NAMES = record(object_type_id=text(), object_id=text(), cio_object_id=text())
_NAMES_EXAMPLE = {"object_type_id": "shop", "object_id": "oslo-1", "cio_object_id": "ob000000000a"}
_RELATION = record(
    object_type_id=text(), identifiers=_NAMES, relationship_attributes=mapping(text()), created_at=integer()
)
_RELATION_EXAMPLE = {
    "object_type_id": "shop",
    "identifiers": _NAMES_EXAMPLE,
    "relationship_attributes": {"role": "owner"},
    "created_at": 1_796_040_000,
}
TYPES = Reference(
    answer=record(types=array(record(id=text(), name=text(), objects=integer()))),
    answer_example={"types": [{"id": "shop", "name": "shop", "objects": 12}]},
    note="A type is made when an object of it is first named.",
    contract="§7.12",
)
OF_PERSON = Reference(
    query={**_PAGES, "id_type": one_of("id", "email", "cio_id", description="What the path names them by.")},
    answer=record(
        identifiers=array(_NAMES),
        cio_relationships=array(_RELATION),
        relationships=array(_RELATION),
        next=text("Empty at the end."),
    ),
    answer_example={
        "identifiers": [_NAMES_EXAMPLE],
        "cio_relationships": [_RELATION_EXAMPLE],
        "relationships": [_RELATION_EXAMPLE],
        "next": "",
    },
    errors=(400, 404),
    contract="§7.1",
)
_ID_TYPE = {"id_type": one_of("object_id", "cio_object_id", description="What the path names it by.")}
ATTRIBUTES = Reference(
    query=_ID_TYPE,
    answer=record(
        object=record(identifiers=_NAMES, attributes=mapping(text()), timestamps=mapping(integer("Unix seconds.")))
    ),
    answer_example={
        "object": {
            "identifiers": _NAMES_EXAMPLE,
            "attributes": {"city": "Oslo"},
            "timestamps": {"cio_object_created": 1_796_040_000, "cio_object_updated": 1_796_040_000},
        }
    },
    errors=(400, 404),
)
_PERSON = record(
    identifiers=record(email=nullable(text()), id=nullable(text()), cio_id=text()),
    relationship_attributes=mapping(text()),
    created_at=integer(),
)
_PERSON_EXAMPLE = {
    "identifiers": {"email": "ada@example.com", "id": "42", "cio_id": "d9c106000001"},
    "relationship_attributes": {"role": "owner"},
    "created_at": 1_796_040_000,
}
OF_OBJECT = Reference(
    query={**_PAGES, **_ID_TYPE},
    answer=record(cio_relationships=array(_PERSON), relationships=array(_PERSON), next=text("Empty at the end.")),
    answer_example={"cio_relationships": [_PERSON_EXAMPLE], "relationships": [_PERSON_EXAMPLE], "next": ""},
    errors=(400, 404),
)
