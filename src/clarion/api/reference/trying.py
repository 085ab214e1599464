# SPDX-License-Identifier: Apache-2.0
"""Our own API: trying a trigger call, sample data, who has a broadcast open (docs/guide.md)."""

from clarion.api.schemas import Loose, Reference, array, flag, integer, nullable, record, shown, text

_LEFT_OUT = record(
    condition=integer(),
    unsubscribed=integer(),
    no_address=integer(),
    invalid_address=integer(),
    unsubscribed_topic=integer(),
    message_limit=integer(),
    esp_suppressed=integer(),
)
_SOME = {
    "condition": 0,
    "unsubscribed": 3,
    "no_address": 0,
    "invalid_address": 0,
    "unsubscribed_topic": 0,
    "message_limit": 0,
    "esp_suppressed": 2,
}
CHECK = Reference(
    body={"type": "object", "description": "The body of a trigger call."},
    body_example={"data": {"headline": "Hello"}, "recipients": {"segment": {"id": 1}}},
    answer=record(
        ready=flag("It would be taken now."),
        problems=array(record(field=text(), message=text())),
        reach=nullable(
            record(
                people=integer(),
                exact=flag(),
                will_get=integer("Of them, who gets at least one message."),
                left_out=_LEFT_OUT,
                messages=integer("All that would go out."),
                actions=array(
                    record(id=integer(), name=text(), kind=text(), will_get=integer(), left_out=_LEFT_OUT),
                    "Each of its messages.",
                ),
            )
        ),
        first=nullable(record(id=nullable(text()), email=nullable(text()), cio_id=text())),
        errors=array(text("Of named people: lines that name nobody.")),
        limits=record(wait_seconds=integer(), unfinished=integer(), queue=integer()),
        data=record(wanted={"type": "object"}, missing=array(text())),
    ),
    answer_example={
        "ready": True,
        "problems": [],
        "reach": {
            "people": 1204,
            "exact": True,
            "will_get": 1199,
            "left_out": _SOME,
            "messages": 1199,
            "actions": [{"id": 4, "name": "News", "kind": "email", "will_get": 1199, "left_out": _SOME}],
        },
        "first": {"id": "u-1", "email": "u1@example.com", "cio_id": "d9c10600"},
        "errors": [],
        "limits": {"wait_seconds": 0, "unfinished": 0, "queue": 5},
        "data": {"wanted": {"headline": "headline"}, "missing": []},
    },
    note="Nothing is written. `data.wanted` is an example of what the messages ask for; `first` is one of those who "
    "are reached, to show a message as.",
)
SAMPLE_DATA = Reference(
    answer=record(
        wanted={"type": "object"},
        earlier=array(record(trigger_id=integer(), created_at=integer(), data={"type": "object"})),
    ),
    answer_example={
        "wanted": {"headline": "headline"},
        "earlier": [{"trigger_id": 7, "created_at": 1796040000, "data": {"headline": "Hello"}}],
    },
    note="Of the last 30 days, newest first, at most ten.",
)
EDITING = shown(
    {"others": [{"name": "bo@example.com", "seen_at": 1796040000}], "version": 4, "changed_by": "bo@example.com"},
    Loose(nullable=("changed_by",)),
)
