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
PERSON = shown(
    {
        "person": {
            "id": "person-7",
            "email": "person-7@example.com",
            "cio_id": "000000000007",
            "unsubscribed": False,
            "created_at": 1_796_040_000,
            "attributes": [{"name": "visits", "type": "number", "json": "7", "text": "7", "changed_at": 1_796_040_000}],
            "devices": [
                {
                    "token": "t-1",
                    "platform": "ios",
                    "last_used": 1_796_040_000,
                    "attributes": [{"name": "app_version", "json": '"4.2"'}],
                }
            ],
            "merged": ["000000000003"],
        }
    },
    Loose(nullable=("id", "email", "last_used")),
    errors=(404,),
    note="`type` is text, number, boolean or json (an object or a list); `json` is the value as JSON, with every digit "
    "of a number; `text` is what filters compare and templates see. `merged`: people who were merged into this one.",
)
EVENTS = shown(
    {
        "events": [
            {
                "id": "01JE0000000000000000000000",
                "type": "event",
                "name": "purchase",
                "at": 1_796_040_000,
                "data": {"total": 12.5},
            }
        ],
        "next": "",
    },
    Loose(free=("data",)),
    query={
        "start": text("`next` of the answer before."),
        "limit": integer("At most 200; 50 unless given."),
    },
    errors=(400, 404),
    note="All that are kept, newest first: events, and views of pages and screens.",
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
