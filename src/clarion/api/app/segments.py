# SPDX-License-Identifier: Apache-2.0
"""Segments: list, count, manual ones made and deleted (contract §7.2). Members of these come by the Track API."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.identifiers import next_after, shown, start_after
from clarion.api.reference import people as reference
from clarion.domain.errors import MalformedRequest, NotFound, RequestError
from clarion.pipeline import segment_defining
from clarion.store import broadcasts, segments
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import Identifiers
from clarion.store.segments import Segment

MAX_NAME_BYTES = 150
MAX_DESCRIPTION_BYTES = 1_000
DEFAULT_LIMIT = 1_000
MAX_LIMIT = 10_000


def _shape(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.segment_id,
        "deduplicate_id": f"{segment.segment_id}:{segment.updated_ms // 1_000}",
        "name": segment.name,
        "description": segment.description,
        "state": "finished" if segment.progress == 1.0 else "build",
        "progress": None if segment.progress == 1.0 else int(segment.progress * 100),
        "type": segment.kind,
        "tags": [],
    }


async def create(call: Call) -> Response:
    """`POST /v1/segments`."""
    wanted = (await call.json_object()).get("segment")
    if not isinstance(wanted, dict):
        raise MalformedRequest("must be an object with a name", "/segment")
    name = _text(wanted, "name", MAX_NAME_BYTES).strip()
    if not name:
        raise MalformedRequest("a segment needs a name", "/segment/name")
    description = _text(wanted, "description", MAX_DESCRIPTION_BYTES)
    made = await call.api.write(lambda tx: segments.create(tx, call.workspace, name, description))
    return answer({"segment": _shape(made)})


def _text(wanted: dict[str, Any], key: str, limit: int) -> str:
    value = wanted.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedRequest("must be a string", f"/segment/{key}")
    if len(value.encode()) > limit:
        raise MalformedRequest(f"is longer than {limit} bytes", f"/segment/{key}")
    return value


async def listing(call: Call) -> Response:
    """`GET /v1/segments`."""
    found = await call.api.read(lambda tx: segments.listing(tx, call.workspace))
    return answer({"segments": [_shape(segment) for segment in found]})


async def get(call: Call) -> Response:
    """`GET /v1/segments/{segment_id}`."""
    return answer({"segment": _shape(await _segment(call))})


async def count(call: Call) -> Response:
    """`GET /v1/segments/{segment_id}/customer_count`."""
    return answer({"count": (await _segment(call)).size})


async def _segment(call: Call) -> Segment:
    segment_id = call.number("segment_id")
    return await call.api.read(lambda tx: _existing(tx, call.workspace, segment_id))


def _existing(tx: Transaction, workspace: Workspace, segment_id: int) -> Segment:
    segment = segments.get(tx, workspace, segment_id)
    if segment is None:
        raise NotFound
    return segment


async def membership(call: Call) -> Response:
    """`GET /v1/segments/{segment_id}/membership?start=&limit=`."""
    segment_id, after = call.number("segment_id"), start_after(call)
    limit = call.query_number("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)

    def work(tx: Transaction) -> list[Identifiers]:
        _existing(tx, call.workspace, segment_id)
        return segments.members(tx, segment_id, after, limit + 1)

    found = await call.api.read(work)
    page = found[:limit]
    identifiers = [shown(one.person_id, one.id, one.email) for one in page]
    if not call.workspace.email_is_unique:
        for one in identifiers:
            del one["email"]
    return answer(
        {
            "ids": [one.id for one in page if one.id is not None],
            "identifiers": identifiers,
            "next": next_after(page[-1].person_id if len(found) > limit else None),
        }
    )


async def used_by(call: Call) -> Response:
    """`GET /v1/segments/{segment_id}/used_by`: broadcasts that name the segment in any place."""
    segment_id = call.number("segment_id")

    def work(tx: Transaction) -> list[int]:
        _existing(tx, call.workspace, segment_id)
        return _users(tx, call.workspace, segment_id)

    return answer(
        {"used_by": {"campaigns": await call.api.read(work), "sent_newsletters": [], "draft_newsletters": []}}
    )


def _users(tx: Transaction, workspace: Workspace, segment_id: int) -> list[int]:
    return [one.broadcast_id for one in broadcasts.naming_segments(tx, workspace) if segment_id in one.places]


async def delete(call: Call) -> Response:
    """`DELETE /v1/segments/{segment_id}`.

    One that something names stays; a data-driven one is deleted by our own API.
    """
    segment_id = call.number("segment_id")

    def work(tx: Transaction) -> None:
        if not segments.lock(tx, call.workspace, segment_id):
            raise NotFound
        if _existing(tx, call.workspace, segment_id).conditions is not None:
            raise RequestError("only manual segments can be deleted")
        segment_defining.refuse_in_use(tx, call.workspace, segment_id)
        segments.delete(tx, call.workspace, segment_id)

    await call.api.write(work)
    return nothing()


_ONE = "/v1/segments/{segment_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/v1/segments",
        create,
        "app",
        "app",
        "Make a manual segment",
        reference=reference.CREATE_SEGMENT,
    ),
    Endpoint(
        "GET",
        "/v1/segments",
        listing,
        "app",
        "app",
        "Every segment",
        reference=reference.SEGMENTS,
    ),
    Endpoint(
        "GET",
        _ONE,
        get,
        "app",
        "app",
        "One segment",
        reference=reference.SEGMENT,
    ),
    Endpoint(
        "DELETE",
        _ONE,
        delete,
        "app",
        "app",
        "Delete a segment that no broadcast uses",
        reference=reference.DELETE_SEGMENT,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/customer_count",
        count,
        "app",
        "app",
        "How many people are in a segment",
        reference=reference.SEGMENT_COUNT,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/membership",
        membership,
        "app",
        "app",
        "Who is in a segment",
        reference=reference.MEMBERSHIP,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/used_by",
        used_by,
        "app",
        "app",
        "Which broadcasts name a segment",
        reference=reference.SEGMENT_USED_BY,
    ),
)
