# SPDX-License-Identifier: Apache-2.0
"""Our own API: one person as an editor changes them (docs/guide.md)."""

from clarion.api.schemas import Loose, Reference, array, integer, one_of, record, shown, text

CHANGE_PERSON = shown(
    {
        "person": {
            "id": "person-7",
            "email": "person-7@example.com",
            "cio_id": "000000000007",
            "unsubscribed": False,
            "created_at": 1_796_040_000,
            "attributes": {"plan": "pro"},
        }
    },
    Loose(nullable=("id", "email"), free=("attributes",)),
    body=record(attributes={"type": "object", "description": "As in an identify call; null takes one away."}),
    body_example={"attributes": {"plan": "pro", "old": None}},
    errors=(422,),
)
GONE = Reference(status=204, errors=(404,))
CHANGE_SEGMENT = Reference(
    body=record(
        action=one_of("add", "remove"),
        identifier=one_of("id", "email", "cio_id", description="id unless given."),
        names=array(text(), "At most 1,000."),
        optional=("identifier",),
    ),
    body_example={"action": "add", "identifier": "email", "names": ["ada@example.com"]},
    answer=record(people=integer("How many that changed; who is not known is passed over.")),
    answer_example={"people": 1},
    errors=(404, 422),
)
