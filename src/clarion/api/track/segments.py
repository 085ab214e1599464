# SPDX-License-Identifier: Apache-2.0
"""Track v1: who is in a manual segment (contract §8)."""

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.identifiers import id_type, ids_of
from clarion.api.reference import track as reference
from clarion.pipeline.membership import change_members

MAX_IDS = 1_000


async def add_customers(call: Call) -> Response:
    """`POST /api/v1/segments/{segment_id}/add_customers`."""
    return await _change(call, add=True)


async def remove_customers(call: Call) -> Response:
    """`POST /api/v1/segments/{segment_id}/remove_customers`."""
    return await _change(call, add=False)


async def _change(call: Call, *, add: bool) -> Response:
    segment_id, kind = call.number("segment_id"), id_type(call)
    ids = ids_of(await call.json_object(), MAX_IDS)
    await call.api.write(lambda tx: change_members(tx, call.workspace, segment_id, kind, ids, add=add))
    return answer({})


_ONE = "/api/v1/segments/{segment_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        f"{_ONE}/add_customers",
        add_customers,
        "track",
        "track_v1",
        "Put people into a segment",
        reference=reference.ADD_MEMBERS,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/remove_customers",
        remove_customers,
        "track",
        "track_v1",
        "Take people out of it",
        reference=reference.ADD_MEMBERS,
    ),
)
