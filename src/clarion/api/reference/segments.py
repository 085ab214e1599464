# SPDX-License-Identifier: Apache-2.0
"""Our own API: segments with their sizes and uses."""

from clarion.api.schemas import Loose, Reference, record, shown, text

_SEGMENT = {
    "id": 3,
    "name": "Paid plans",
    "description": "",
    "type": "manual",
    "people": 1204,
    "counted_at": 1796040000,
    "created_at": 1790000000,
    "changed_at": 1796000000,
    "used_by": [{"id": 12, "name": "Spring", "places": ["recipients", "goal"]}],
    "conditions": None,
    "state": "finished",
    "progress": 1.0,
    "used_by_segments": [{"id": 9, "name": "Paid, and active"}],
    "sentence": "",
}
_CONDITIONS = {
    "and": [
        {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}},
        {
            "event": {
                "name": "purchase",
                "at_least": 2,
                "within": {"days": 30},
                "where": [{"field": "total", "operator": "gte", "value": 100}],
            }
        },
    ]
}
_SAID = "plan is “pro” and performed purchase at least 2 times where total is at least 100 within the last 30 days"
_DRIVEN = {
    **_SEGMENT,
    "type": "dynamic",
    "conditions": _CONDITIONS,
    "sentence": _SAID,
    "state": "building",
    "progress": 0.25,
    "used_by": [],
    "used_by_segments": [],
}
_A_CONDITION = {
    "type": "object",
    "description": "One of `and`, `or` (lists), `not`, `segment`, `attribute`, `event`, `message` (docs/segments.md).",
}

LIST = shown(
    {"segments": [_SEGMENT]},
    note="`people` is kept with each membership: it costs nothing to ask, and is true at `counted_at`. `used_by`: "
    "broadcasts that name the segment, and in which places: recipients, goal, the condition of an action, or "
    "an action that moves people; "
    "`used_by_segments`: data-driven ones that are made of it. "
    "`conditions` of a data-driven one (`type` dynamic), said in `sentence`; while it is built `state` is building and "
    "`progress` the share of people that was looked at. `changed_at`: when it was renamed or somebody came or went.",
)
ONE = shown({"segment": _SEGMENT}, errors=(404,))
FILL = shown(
    {"matching": 5000, "added": 4870, "looked_through": 0.4, "next": "~WyJuYW1lIiwiIiw1XQ"},
    body=record(
        filter={"type": "object", "description": "Whom to put in; {} for everybody."},
        start=text("The `next` of the call before; without it from the beginning."),
        optional=("start",),
    ),
    body_example={"filter": {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}},
    errors=(404, 422),
    note="One call puts in up to 5,000 people, or those whom it finds in a second and a half. Call again with `next` "
    "until it is empty. Who is in already is not put in twice, so the same calls may be made again after a failure. "
    "The segment does not follow the filter afterwards.",
)
CREATE = shown(
    {"segment": _DRIVEN},
    Loose(free=("conditions",)),
    body=record(
        name=text("1 to 150 bytes."),
        description=text("At most 1,000 bytes."),
        conditions=_A_CONDITION,
        optional=("description",),
    ),
    body_example={"name": "Paid, and buying", "conditions": _CONDITIONS},
    errors=(422,),
    note="A worker goes through everybody; who changes meanwhile is decided about at once. From then on people come "
    "and go in the transaction that changes them, or when time passes.",
)
CHANGE = shown(
    {"segment": _DRIVEN},
    Loose(free=("conditions",), nullable=("conditions",)),  # null of a manual one
    body=record(
        name=text("1 to 150 bytes."),
        description=text("At most 1,000 bytes."),
        conditions=_A_CONDITION,
        optional=("name", "description", "conditions"),
    ),
    body_example={"name": "Paid plans", "conditions": _CONDITIONS},
    errors=(404, 422),
    note="`conditions` only of a data-driven segment: it is built anew, and its members stay until each was decided "
    "about. Conditions that lead back to the segment itself are refused with the way.",
)
DELETED = Reference(status=204, errors=(400, 404), note="A segment that a broadcast or another segment names stays.")
COUNT = shown(
    {"people": 1204, "exact": True, "sentence": _SAID},
    body=record(conditions=_A_CONDITION),
    body_example={"conditions": _CONDITIONS},
    errors=(422,),
    note="At most about a second and a half; `exact` false: scaled up from the share of people that was looked at.",
)
CHANGES = shown(
    {
        "changes": [
            {
                "at": 1796000000,
                "change": "entered",
                "person": {"email": "ada@example.com", "id": "7", "cio_id": "010000000007"},
            }
        ],
        "next": "1796000000123-1099511627783",
    },
    Loose(nullable=("email", "id")),
    errors=(400, 404),
    note="Newest first, the last 30 days: `entered` or `left`. Who is deleted meanwhile is not told. Go on with "
    "`?start=` and the `next` of the page before, until it is empty.",
)
