# SPDX-License-Identifier: Apache-2.0
"""Our own API: drafts (docs/control.md)."""

from typing import Any

from clarion.api.schemas import Loose, Reference, array, integer, record, shown, text

_LOOSE = Loose(nullable=("id", "email"))
_ID = "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m"
_OF: dict[str, Any] = {"broadcast_id": integer(), "trigger_id": integer(), "action_id": integer()}
LISTING = shown(
    {
        "drafts": [
            {
                "id": _ID,
                "broadcast": {"id": 1, "name": "Spring"},
                "trigger_id": 7,
                "action": {"id": 1, "name": "Greeting"},
                "person": {"id": "42", "email": "ada@example.com", "cio_id": "010000000001"},
                "recipient": "ada@example.com",
                "subject": "Hello Ada",
                "made_at": 1796040000,
                "changed_since": False,
            }
        ],
        "next": "",
    },
    _LOOSE,
    query={
        **_OF,
        "start": text("`next` of the answer before."),
        "limit": integer("At most 1,000; 50 unless given."),
    },
    errors=(400,),
    note="`changed_since`: the action was edited after the draft was made; the draft keeps its words.",
)
ONE = shown(
    {
        "draft": {
            "id": _ID,
            "trigger_id": 7,
            "recipient": "ada@example.com",
            "subject": "Hello Ada",
            "made_at": 1796040000,
            "waiting": True,
            "from": "Acme <news@example.com>",
            "to": "ada@example.com",
            "html": "<p>Hello</p>",
            "plain": "Hello",
        }
    },
    _LOOSE,
)
HTML = Reference(
    answer={"type": "string"},
    answer_example="<p>Hello</p>",
    note="HTML under a policy of its own; `images=true` loads.",
)
DECIDE = Reference(
    body=record(
        ids=array(text(), "Delivery ids, at most 10,000."),
        all=record("Or all of these that wait.", optional=tuple(_OF), **_OF),
        optional=("ids", "all"),
    ),
    body_example={"all": {"trigger_id": 7}},
    answer=record(drafts=integer("How many."), not_waiting=array(text("Of those named, who did not wait any more."))),
    answer_example={"drafts": 12, "not_waiting": []},
    errors=(409, 422),
)
