# SPDX-License-Identifier: Apache-2.0
"""What happened to people (contract §7.1)."""

from typing import Any

from clarion.api.schemas import Reference, array, flag, integer, nullable, one_of, record, text

_PAGES: dict[str, Any] = {
    "start": text("The `next` of the page before."),
    "limit": integer("How many at most; 10 unless given.", minimum=1, maximum=100),
    "type": text("Only this kind: event, page, screen, attribute_change, profile_create, sent_email, …"),
    "name": text("Only events of this name."),
    "id_type": one_of("id", "email", "cio_id", description="What the customer id is; id unless given."),
}
_ACTIVITY = record(
    id=text("A ULID."),
    type=text(),
    timestamp=integer("Unix seconds."),
    customer_id=nullable(text()),
    customer_identifiers=record(email=nullable(text()), id=nullable(text()), cio_id=text()),
    delivery_id=nullable(text()),
    delivery_type=nullable(text()),
    data={"type": "object", "description": "Of a change: attribute → from and to."},
    name=text("Of an event."),
    optional=("name",),
)
_BOTH: dict[str, Any] = {
    "answer": record(activities=array(_ACTIVITY), next=text("Empty at the end.")),
    "answer_example": {
        "activities": [
            {
                "id": "01K9ZJX3QH6A0P1B2C3D4E5F6G",
                "type": "attribute_change",
                "timestamp": 1_796_040_000,
                "customer_id": "42",
                "customer_identifiers": {"email": "ada@example.com", "id": "42", "cio_id": "d9c106000001"},
                "delivery_id": None,
                "delivery_type": None,
                "data": {"plan": {"from": "free", "to": "pro"}},
            }
        ],
        "next": "",
    },
    "contract": "§7.1",
}
_NOTE = "Newest first; of the last 30 days. A page may be short before the end: go on while there is a `next`."
ACTIVITIES = Reference(
    query={
        **_PAGES,
        "deleted": flag("Of people who are gone, instead of those who are there."),
        "customer_id": text("Of one person only."),
    },
    errors=(400, 404),
    note=f"{_NOTE} What became of messages is among them only with `customer_id`.",
    **_BOTH,
)
OF_PERSON = Reference(query=_PAGES, errors=(400, 404), note=_NOTE, **_BOTH)
