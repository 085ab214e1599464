# SPDX-License-Identifier: Apache-2.0
"""Segments with how many people are in each and which broadcasts name it; their names are changed here."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.edits import Fields
from clarion.api.reference import segments as told
from clarion.domain.audience import parse, segment_ids
from clarion.domain.errors import NotFound
from clarion.store import broadcasts, segments
from clarion.store.engine import Transaction
from clarion.store.segments import Segment

_MAX_NAME_BYTES, _MAX_DESCRIPTION_BYTES = 150, 1_000


def _shape(segment: Segment, users: list[dict[str, Any]], now_ms: int) -> dict[str, Any]:
    return {
        "id": segment.segment_id,
        "name": segment.name,
        "description": segment.description,
        "type": segment.kind,
        "people": segment.size,
        "counted_at": now_ms // 1_000,  # a size moves in the transaction of its memberships: it is always today's
        "created_at": segment.created_ms // 1_000,
        "changed_at": segment.updated_ms // 1_000,
        "used_by": users,
    }


def _users(tx: Transaction, call: Call) -> dict[int, list[dict[str, Any]]]:
    """By segment, the broadcasts whose default audience names it."""
    found: dict[int, list[dict[str, Any]]] = {}
    for broadcast_id, name, recipients in broadcasts.naming_segments(tx, call.workspace):
        for segment_id in sorted(segment_ids(parse(recipients))):
            found.setdefault(segment_id, []).append({"id": broadcast_id, "name": name})
    return found


async def listing(call: Call) -> Response:
    """`GET /segments`."""

    def read(tx: Transaction) -> list[dict[str, Any]]:
        users, now_ms = _users(tx, call), tx.now_ms()
        every = segments.listing(tx, call.workspace)
        return [_shape(one, users.get(one.segment_id, []), now_ms) for one in every]

    return answer({"segments": await call.api.read(read)})


def _one(tx: Transaction, call: Call) -> dict[str, Any]:
    segment = segments.get(tx, call.workspace, call.number("segment_id"))
    if segment is None:
        raise NotFound
    return _shape(segment, _users(tx, call).get(segment.segment_id, []), tx.now_ms())


async def get(call: Call) -> Response:
    """`GET /segments/{segment_id}`."""
    return answer({"segment": await call.api.read(lambda tx: _one(tx, call))})


async def change(call: Call) -> Response:
    """`PATCH /segments/{segment_id} {name?, description?}`."""
    segment_id, fields = call.number("segment_id"), Fields(await call.json_object())
    fields.only(("name", "description"))

    def work(tx: Transaction) -> dict[str, Any]:
        before = segments.get(tx, call.workspace, segment_id)
        if before is None:
            raise NotFound
        name = fields.text("name", before.name, _MAX_NAME_BYTES, blank=False)
        description = fields.text("description", before.description, _MAX_DESCRIPTION_BYTES)
        fields.refuse()
        segments.rename(tx, call.workspace, segment_id, name.strip(), description)
        return _one(tx, call)

    return answer({"segment": await call.api.write(work)})


_ALL = "/api/clarion/v1/segments"
_ONE = f"{_ALL}/{{segment_id}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", _ALL, listing, "manage", "app", "Segments with their sizes and uses", reference=told.LIST),
    Endpoint("GET", _ONE, get, "manage", "app", "A segment with its size and uses", reference=told.ONE),
    Endpoint("PATCH", _ONE, change, "manage", "app", "Rename a segment", reference=told.CHANGE),
)
