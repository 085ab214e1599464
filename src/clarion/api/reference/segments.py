# SPDX-License-Identifier: Apache-2.0
"""Our own API: segments with their sizes and uses."""

from clarion.api.schemas import record, shown, text

_SEGMENT = {
    "id": 3,
    "name": "Paid plans",
    "description": "",
    "type": "manual",
    "people": 1204,
    "counted_at": 1796040000,
    "created_at": 1790000000,
    "changed_at": 1796000000,
    "used_by": [{"id": 12, "name": "Spring"}],
}

LIST = shown(
    {"segments": [_SEGMENT]},
    note="`people` is kept with each membership: it costs nothing to ask, and is true at `counted_at`. `used_by`: "
    "broadcasts whose default audience names the segment. `changed_at`: when it was renamed or somebody came or went.",
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
CHANGE = shown(
    {"segment": _SEGMENT},
    body=record(
        name=text("1 to 150 bytes."), description=text("At most 1,000 bytes."), optional=("name", "description")
    ),
    body_example={"name": "Paid plans"},
    errors=(404, 422),
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
    errors=(400, 404),
    note="Newest first, the last 30 days: `entered` or `left`. Who is deleted meanwhile is not told. Go on with "
    "`?start=` and the `next` of the page before, until it is empty.",
)
