# SPDX-License-Identifier: Apache-2.0
"""Exports of people and of messages as CSV files (contract §7.5)."""

import csv
import io
import time
from collections.abc import AsyncIterator
from functools import partial
from hashlib import blake2s
from hmac import compare_digest
from typing import Any

from starlette.responses import Response, StreamingResponse

from clarion.api.app.messages import HEARD, METRICS, OR_REASON
from clarion.api.calls import Api, Call, Endpoint, answer
from clarion.api.reference.exports import CUSTOMERS, DELIVERIES, DOWNLOAD, FILE, LIST, ONE
from clarion.domain.audience import parse, segment_ids
from clarion.domain.broadcasts import BroadcastKind
from clarion.domain.errors import InvalidRequest, NotFound, RequestError
from clarion.store import broadcasts, exports, segments
from clarion.store.deliveries import ALL_STATES
from clarion.store.engine import Transaction
from clarion.store.exports import Export

_URL_SECONDS = 900  # contract §7.5
_PURPOSE = b"export"
_MAX_ATTRIBUTES = 300
_LATEST = 2**40
_OTHER_PARENTS = ("newsletter_id", "transactional_message_id")
_KINDS = {
    "campaign_id": (BroadcastKind.BROADCAST,),
    "transactional_message_id": (BroadcastKind.TRANSACTIONAL,),
    "action_id": (BroadcastKind.BROADCAST, BroadcastKind.TRANSACTIONAL),
}
_ASKED = frozenset({
    *_OTHER_PARENTS, "campaign_id", "action_id", "template_id", "start", "end", "attributes", "metric", "drafts",
})  # fmt: skip


def _shape(export: Export) -> dict[str, Any]:
    updated = export.updated_ms // 1_000
    return {
        "id": export.export_id,
        "deduplicate_id": f"{export.export_id}:{updated}",
        "type": export.kind,
        "failed": export.state == "failed",
        "description": export.description,
        "downloads": export.downloads,
        "created_at": export.created_ms // 1_000,
        "updated_at": updated,
        "user_id": 0,
        "user_email": "",
        "total": export.rows if export.state == "done" else 0,
        "status": export.state,
        "clarion": {"rows_so_far": export.rows, "failure": export.failure},
    }


async def listing(call: Call) -> Response:
    """`GET /v1/exports`."""
    found = await call.api.read(lambda tx: exports.listing(tx, call.workspace))
    return answer({"exports": [_shape(export) for export in found]})


async def _one(call: Call) -> Export:
    export_id = call.number("export_id")
    found = await call.api.read(lambda tx: exports.listing(tx, call.workspace, export_id)) if export_id else []
    if not found:
        raise NotFound
    return found[0]


async def get(call: Call) -> Response:
    """`GET /v1/exports/{export_id}`."""
    return answer({"export": _shape(await _one(call))})


async def create_customers(call: Call) -> Response:
    """`POST /v1/exports/customers`: everybody unless there are `filters`."""
    body = await call.json_object()
    filters = body.get("filters")
    if isinstance(filters, dict) and filters:
        condition = parse(filters, "/filters")
    elif filters in (None, {}, ""):
        filters, condition = {}, None
    else:
        raise InvalidRequest("must be a filter object", "/filters")
    only = {"attributes": _attributes(body)} if body.get("attributes") is not None else {}

    def work(tx: Transaction) -> Export:
        for segment_id in segment_ids(condition) if condition is not None else ():
            if segments.get(tx, call.workspace, segment_id) is None:
                raise InvalidRequest(f"there is no segment {segment_id}", "/filters")
        what = "people who match a filter" if filters else "everybody"
        return exports.create(tx, call.workspace, "customers", {"filters": filters, **only}, what, call.by)

    return answer({"export": _shape(await call.api.write(work))})


async def create_deliveries(call: Call) -> Response:
    """`POST /v1/exports/deliveries` of a broadcast, by `campaign_id`, or of one `action_id`."""
    body = await call.json_object()
    for name in body:
        if name not in _ASKED:
            raise InvalidRequest("is not known", f"/{name}")
    parents = [name for name in (*_OTHER_PARENTS, "campaign_id", "action_id") if body.get(name) is not None]
    if len(parents) != 1:
        raise InvalidRequest("give exactly one of campaign_id, action_id, newsletter_id, transactional_message_id")
    number, template = _number(body, parents[0], 1), _number(body, "template_id", 0)
    asked: dict[str, Any] = {"start": _number(body, "start", 0), "end": _number(body, "end", _LATEST)}
    asked |= {"attributes": _attributes(body), **_metric(body)}

    def work(tx: Transaction) -> Export:
        kinds = _KINDS.get(parents[0], ())
        found = [one for kind in kinds for one in broadcasts.listing(tx, call.workspace, kind)]
        by_action = {action.action_id: one.broadcast_id for one in found for action in one.actions}
        if parents[0] == "action_id":
            asked["broadcast_id"], asked["action_id"] = by_action.get(number), number
        elif any(one.broadcast_id == number for one in found):
            asked["broadcast_id"], asked["action_id"] = number, template
        if asked.get("broadcast_id") is None or template not in {0, asked["action_id"]}:
            raise NotFound
        if template and by_action.get(template) != asked["broadcast_id"]:
            raise NotFound
        return exports.create(
            tx, call.workspace, "deliveries", asked, f"messages of {parents[0].removesuffix('_id')} {number}", call.by
        )

    return answer({"export": _shape(await call.api.write(work))})


def _number(body: dict[str, Any], name: str, default: int) -> int:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 18:  # Node's callers do
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2**53:
        raise InvalidRequest("must be a whole number", f"/{name}")
    return value


def _attributes(body: dict[str, Any]) -> list[str]:
    names = body.get("attributes")
    if names is None:
        return []
    if not isinstance(names, list) or len(names) > _MAX_ATTRIBUTES or not all(isinstance(one, str) for one in names):
        raise InvalidRequest(f"must be a list of at most {_MAX_ATTRIBUTES} names", "/attributes")
    return names


def _metric(body: dict[str, Any]) -> dict[str, Any]:
    metric, drafts = body.get("metric"), body.get("drafts")
    if drafts is not None and not isinstance(drafts, bool):
        raise InvalidRequest("must be true or false", "/drafts")
    without_drafts = sorted(ALL_STATES if drafts else ALL_STATES - METRICS["drafted"])
    if metric in (None, ""):
        return {"states": without_drafts}
    if not isinstance(metric, str) or metric not in METRICS.keys() | HEARD:
        raise InvalidRequest(f"must be one of {', '.join(sorted(METRICS.keys() | HEARD))}", "/metric")
    if metric in HEARD:
        return {"heard": HEARD[metric].value, "or_reason": OR_REASON.get(metric, "")}
    states = METRICS[metric] if metric == "drafted" else METRICS[metric] & frozenset(without_drafts)
    return {"states": sorted(states), "attempted": metric == "attempted"}


async def download(call: Call) -> Response:
    """`GET /v1/exports/{export_id}/download`: a URL that works for 15 minutes, without a key."""
    export = await _one(call)
    if export.state != "done":
        why = export.failure or "it is not finished yet"
        raise RequestError(f"the export cannot be downloaded: {why}")
    await call.api.write(lambda tx: exports.count_download(tx, export.export_id))
    until = int(time.time()) + _URL_SECONDS
    signature = _signature(call.api.secret, export.export_id, until)
    url = f"{call.api.options.base_url}/v1/exports/{export.export_id}/file?until={until}&signature={signature}"
    return answer({"url": url})


def _signature(secret: bytes, export_id: int, until: int) -> str:
    return blake2s(f"{export_id}:{until}".encode(), key=secret, person=_PURPOSE, digest_size=16).hexdigest()


async def file(call: Call) -> Response:
    """`GET /v1/exports/{export_id}/file`: the CSV, to whoever has a signed URL."""
    export_id, until = call.number("export_id"), call.query_number("until", 0)
    known = _signature(call.api.secret, export_id, until)
    if not compare_digest(known.encode(), call.query("signature").encode()) or until < time.time():
        raise NotFound
    export = await call.api.read(lambda tx: exports.get(tx, export_id))
    if export is None or export.state != "done":
        raise NotFound
    name = f"{export.kind}-{export.export_id}.csv"
    return StreamingResponse(
        _csv(call.api, export),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"},
    )


async def _csv(api: Api, export: Export) -> AsyncIterator[str]:
    """RFC 4180, a header line first; a stretch at a time, so that memory stays small whatever the size."""
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, export.columns, restval="")
    writer.writeheader()
    for no in range(export.chunks):
        writer.writerows(await api.read(partial(exports.chunk, export_id=export.export_id, no=no)))
        yield written.getvalue()
        written.seek(0)
        written.truncate()


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/v1/exports", listing, "app", "app", "Every export, newest first", reference=LIST),
    Endpoint("GET", "/v1/exports/{export_id}", get, "app", "app", "One export and how far it is", reference=ONE),
    Endpoint(
        "POST", "/v1/exports/customers", create_customers, "app", "app", "Export people as CSV", reference=CUSTOMERS
    ),
    Endpoint(
        "POST",
        "/v1/exports/deliveries",
        create_deliveries,
        "app",
        "app",
        "Export messages as CSV",
        reference=DELIVERIES,
    ),
    Endpoint(
        "GET",
        "/v1/exports/{export_id}/download",
        download,
        "app",
        "app",
        "Where an export's file is, for 15 minutes",
        reference=DOWNLOAD,
    ),
    Endpoint(
        "GET", "/v1/exports/{export_id}/file", file, "none", "app", "An export's file, by signed URL", reference=FILE
    ),
)
