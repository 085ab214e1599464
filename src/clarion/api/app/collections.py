# SPDX-License-Identifier: Apache-2.0
"""Collections: rows of a caller's own, from the call or from a URL (contract §7.6)."""

import csv
import io
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.responses import Response

from clarion.api.bodies import decode, read_body
from clarion.api.calls import Call, Endpoint, answer, nothing
from clarion.api.reference.files import (
    COLLECTION,
    COLLECTION_CONTENT,
    COLLECTIONS,
    CREATE_COLLECTION,
    DELETE_COLLECTION,
    PUT_COLLECTION,
    PUT_CONTENT,
)
from clarion.domain.errors import InvalidRequest, MalformedRequest, NotFound
from clarion.store import collections
from clarion.store.collections import Collection
from clarion.store.engine import Transaction

MAX_BYTES = 10_000_000  # contract §1.6
MAX_ROW_BYTES = 10_240
MAX_NAME_BYTES = 150
_CSV = frozenset({"text/csv", "application/csv", "text/comma-separated-values"})
_BODY_BYTES = MAX_BYTES + 1_000_000


def _shape(found: Collection) -> dict[str, Any]:
    return {
        "id": found.collection_id,
        "name": found.name,
        "rows": found.size,
        "bytes": found.bytes,
        "schema": list(found.columns),
        "created_at": found.created_ms // 1_000,
        "updated_at": found.updated_ms // 1_000,
    }


def _load(tx: Transaction, call: Call, collection_id: int) -> Collection:
    found = collections.listing(tx, call.workspace, collection_id) if collection_id else []
    if not found:
        raise NotFound
    return found[0]


async def _given(call: Call, body: dict[str, Any], *, needed: bool) -> list[dict[str, Any]] | None:
    """The rows that a body brings or names; None when it says nothing of rows.

    Raises:
        InvalidRequest: both or, where they are needed, none of `data` and `url`; rows that are none.
    """
    data, url = body.get("data"), body.get("url")
    if data is not None and url is not None:
        raise InvalidRequest("give data or url, not both", "/url")
    if url is not None:
        if not isinstance(url, str):
            raise InvalidRequest("must be a URL", "/url")
        return _rows(await _fetched(call, url), "/url")
    if data is None:
        if needed:
            raise InvalidRequest("is required, or a url", "/data")
        return None
    return _rows(data, "/data")


async def _fetched(call: Call, url: str) -> object:
    fetch = call.api.options.fetch
    if fetch is None:
        raise InvalidRequest("this server fetches no URLs", "/url")
    content, media_type = await fetch(url, MAX_BYTES)
    if _is_csv(url, media_type):
        try:
            text = content.decode("utf-8-sig")
            return [dict(row) for row in csv.DictReader(io.StringIO(text, newline=""), strict=True)]
        except (UnicodeDecodeError, csv.Error) as error:
            raise InvalidRequest(f"what it serves is not CSV: {error}", "/url") from None
    try:
        return decode(content)
    except MalformedRequest as error:
        raise InvalidRequest(f"what it serves is not JSON: {error.detail}", "/url") from None


def _is_csv(url: str, media_type: str) -> bool:
    """By what it is served as, then by how its path ends, and else JSON (contract §7.6)."""
    if media_type in _CSV or media_type.endswith("json"):
        return media_type in _CSV
    return urlsplit(url).path.lower().endswith(".csv")


def _rows(value: object, pointer: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise InvalidRequest("must be a list of objects", pointer)
    size = 0
    for no, row in enumerate(value):
        if not isinstance(row, dict) or not all(isinstance(name, str) for name in row):
            raise InvalidRequest("must be an object", f"{pointer}/{no}")
        length = len(msgspec.json.encode(row))
        size += length
        if length > MAX_ROW_BYTES:
            raise InvalidRequest(f"is larger than {MAX_ROW_BYTES} bytes", f"{pointer}/{no}")
    if size > MAX_BYTES:
        raise InvalidRequest(f"is larger than {MAX_BYTES} bytes in all", pointer)
    return value


def _name(body: dict[str, Any]) -> str:
    name = body.get("name")
    if not isinstance(name, str) or not name.strip() or len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidRequest(f"must be a text of 1 to {MAX_NAME_BYTES} bytes", "/name")
    return name.strip()


async def create(call: Call) -> Response:
    """`POST /v1/collections {name, data | url}`."""
    body = await call.json_object(_BODY_BYTES)
    name = _name(body)
    rows = await _given(call, body, needed=True) or []

    def work(tx: Transaction) -> Collection:
        return _load(tx, call, collections.save(tx, call.workspace, 0, name, rows))

    return answer({"collection": _shape(await call.api.write(work))})


async def listing(call: Call) -> Response:
    """`GET /v1/collections`."""
    found = await call.api.read(lambda tx: collections.listing(tx, call.workspace))
    return answer({"collections": [_shape(one) for one in found]})


async def get(call: Call) -> Response:
    """`GET /v1/collections/{collection_id}`."""
    number = call.number("collection_id")
    return answer({"collection": _shape(await call.api.read(lambda tx: _load(tx, call, number)))})


async def update(call: Call) -> Response:
    """`PUT /v1/collections/{collection_id} {name?, data? | url?}`: rows are replaced."""
    number, body = call.number("collection_id"), await call.json_object(_BODY_BYTES)
    name = _name(body) if "name" in body else None
    return await _store(call, number, name, await _given(call, body, needed=False))


async def _store(call: Call, number: int, name: str | None, rows: list[dict[str, Any]] | None) -> Response:
    def work(tx: Transaction) -> Collection:
        before = _load(tx, call, number)
        content = rows if rows is not None else collections.rows_of(tx, call.workspace, number) or []
        collections.save(tx, call.workspace, number, name or before.name, content)
        return _load(tx, call, number)

    return answer({"collection": _shape(await call.api.write(work))})


async def content(call: Call) -> Response:
    """`GET /v1/collections/{collection_id}/content`: the rows."""
    number = call.number("collection_id")
    rows = await call.api.read(lambda tx: collections.rows_of(tx, call.workspace, number))
    if rows is None:
        raise NotFound
    return answer(rows)


async def put_content(call: Call) -> Response:
    """`PUT /v1/collections/{collection_id}/content`: a list of rows instead of those that are there."""
    number = call.number("collection_id")
    return await _store(call, number, None, _rows(decode(await read_body(call.request, _BODY_BYTES)), "/data"))


async def delete(call: Call) -> Response:
    """`DELETE /v1/collections/{collection_id}`."""
    number = call.number("collection_id")
    if not await call.api.write(lambda tx: collections.delete(tx, call.workspace, number)):
        raise NotFound
    return nothing()


_ALL, _ONE = "/v1/collections", "/v1/collections/{collection_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("POST", _ALL, create, "app", "app", "Make a collection", reference=CREATE_COLLECTION),
    Endpoint("GET", _ALL, listing, "app", "app", "Every collection", reference=COLLECTIONS),
    Endpoint("GET", _ONE, get, "app", "app", "One collection", reference=COLLECTION),
    Endpoint("PUT", _ONE, update, "app", "app", "Change a collection", reference=PUT_COLLECTION),
    Endpoint("DELETE", _ONE, delete, "app", "app", "Remove a collection", reference=DELETE_COLLECTION),
    Endpoint("GET", f"{_ONE}/content", content, "app", "app", "A collection's rows", reference=COLLECTION_CONTENT),
    Endpoint("PUT", f"{_ONE}/content", put_content, "app", "app", "Replace its rows", reference=PUT_CONTENT),
)
