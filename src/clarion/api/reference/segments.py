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
CHANGE = shown(
    {"segment": _SEGMENT},
    body=record(
        name=text("1 to 150 bytes."), description=text("At most 1,000 bytes."), optional=("name", "description")
    ),
    body_example={"name": "Paid plans"},
    errors=(404, 422),
)
