# SPDX-License-Identifier: Apache-2.0
"""Our own API: audiences before anything is sent, and people while one types (docs/guide.md)."""

from typing import Any

from clarion.api.schemas import Loose, Reference, array, flag, integer, nullable, one_of, record, shown, text

_FILTER: dict[str, Any] = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}
_PERSON: dict[str, Any] = {
    "id": "person-7",
    "email": "person-7@example.com",
    "cio_id": "000000000007",
    "unsubscribed": False,
    "created_at": 1796040000,
    "attributes": {"plan": "pro"},
}
_LOOSE = Loose(nullable=("id", "email"), free=("attributes",))
_FILTER_SCHEMA = {
    "type": "object",
    "description": "A filter as `recipients` of a trigger; absent or {} means everybody.",
}

_LEFT_OUT = {
    "condition": 0,
    "unsubscribed": 31,
    "no_address": 4,
    "invalid_address": 0,
    "unsubscribed_topic": 12,
    "message_limit": 0,
    "esp_suppressed": 2,
}

COUNT = shown(
    {
        "people": 12480,
        "exact": True,
        "will_get": 12431,
        "left_out": _LEFT_OUT,
        "messages": 12431,
        "actions": [{"id": 4, "name": "News", "kind": "email", "will_get": 12431, "left_out": _LEFT_OUT}],
    },
    body=record(
        filter=_FILTER_SCHEMA,
        broadcast_id=integer("Whose messages and topic decide; without a `filter`, its default audience."),
        topic_id=integer("A topic in place of the broadcast's."),
        optional=("filter", "broadcast_id", "topic_id"),
    ),
    body_example={"filter": _FILTER, "broadcast_id": 12},
    errors=(422,),
    note="`will_get`: who gets at least one message, by the rules of a trigger; `left_out`: the others by reason, in "
    "this order: not matching the message's condition, unsubscribed (from everything, or from its channel), without an "
    "e-mail address, phone number, Slack account or device that it could go to, with one that is none, not subscribed "
    "to the topic, over the workspace's message limit as it is now, a suppressed address. `actions` tells each one. "
    "Without a broadcast, or with one that has no message yet, it is counted as for one plain e-mail. Not foreseen: a "
    "template that fails for somebody, and where a message goes whose `to` is made by Liquid. Counts for about 1.5 "
    "seconds; what was not looked at until then is estimated, and `exact` is false.",
)
SAMPLE = shown(
    {"people": [_PERSON]},
    _LOOSE,
    body=record(filter=_FILTER_SCHEMA, limit=integer("At most 25; 5 unless given."), optional=("filter", "limit")),
    body_example={"filter": _FILTER, "limit": 5},
    errors=(422,),
)
_WHY = record(
    kind=one_of("everybody", "and", "or", "not", "segment", "attribute"),
    words=text("The condition."),
    matches=flag(),
    seen=nullable(text("What the person has there.")),
    members=array({"type": "object"}, "The same for what it is made of."),
)
EXPLAIN = Reference(
    body=record(
        filter=_FILTER_SCHEMA, id=text(), email=text(), cio_id=text(), optional=("filter", "id", "email", "cio_id")
    ),
    body_example={"filter": _FILTER, "id": "person-7"},
    answer=record(person={"type": "object"}, matches=flag(), why=_WHY),
    answer_example={
        "person": {"id": "person-7", "email": "person-7@example.com", "cio_id": "000000000007"},
        "matches": True,
        "why": {"kind": "attribute", "words": "plan is 'pro'", "matches": True, "seen": "pro", "members": []},
    },
    errors=(404, 422),
)
ATTRIBUTES = shown(
    {
        "learned_at": 1796040000,
        "attributes": [{"name": "plan", "share": 0.98, "values": [{"value": "pro", "count": 212}]}],
    },
    note="Learned from some hundreds of people, and remembered for a minute by each process.",
)
PEOPLE = shown(
    {"people": [_PERSON], "next": "", "stopped": False, "looked_through": 1.0},
    _LOOSE,
    query={
        "search": text(
            "How an id, an e-mail address or a name begins, or a whole cio_id. Names are `name`, `first_name`, "
            "`last_name` and their like; of several words each must begin one of a name's."
        ),
        "filter": text("A filter as JSON, as `recipients` of a trigger: only people who match."),
        "start": text("`next` of the answer before."),
        "limit": integer("At most 200; 50 unless given."),
    },
    errors=(400, 422),
    note="Ids and addresses are found by index. Names and filters are looked for among all people, the newest first, "
    "for about a second: when it is over before the page is full, `stopped` is true, `looked_through` is the share of "
    "people who were looked at, and `next` goes on from there. Counting all who match is `POST /audience/count`.",
)
