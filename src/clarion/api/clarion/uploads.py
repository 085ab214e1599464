# SPDX-License-Identifier: Apache-2.0
"""Imports of CSV files that are sent here: the file, a trial that changes nothing, the import, and the list of them."""

import asyncio
from functools import partial
from typing import Any

from starlette.responses import Response

from clarion.api.app.imports import shape
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.edits import MAX_NAME_BYTES
from clarion.api.clarion.fields import Fields
from clarion.api.reference import uploads as told
from clarion.api.streams import pieces
from clarion.domain.errors import Conflict, InvalidRequest, MalformedRequest, NotFound, TooLarge
from clarion.domain.people import MAX_NAME_BYTES as MAX_ATTRIBUTE_BYTES
from clarion.pipeline import import_trial, importing
from clarion.pipeline.csv_rows import BadFile, Reading
from clarion.pipeline.csv_values import ColumnType
from clarion.pipeline.receive_file import ENCODINGS, BadEncoding, Receiving
from clarion.store import imports, segments, uploads
from clarion.store.engine import Transaction
from clarion.store.imports import Import
from clarion.store.uploads import Upload

MOST_BYTES = 2_000_000_000
_AT_ONCE = 2**20
_WORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "type": (("people", "event"), "people"),
    "identifier": (("id", "email"), ""),
    "data_to_process": (("all", "only_new", "only_existing"), "all"),
}
_MOST_COLUMNS = 1_000


async def send(call: Call) -> Response:
    """`POST /uploads?name=&encoding=`: the body is the file, stored while it arrives."""
    name = (call.query("name").strip() or "people.csv")[:MAX_NAME_BYTES]
    encoding = call.query("encoding")
    if encoding and encoding not in ENCODINGS:
        raise MalformedRequest(f"must be one of {', '.join(ENCODINGS)}", "/encoding")
    declared = call.request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise TooLarge(f"the file is larger than {MOST_BYTES} bytes")
    api = call.api
    receiving = await api.run(lambda: Receiving(api.store, call.workspace, name, encoding))
    try:
        held = bytearray()
        async for piece in pieces(call.request, MOST_BYTES):
            held += piece
            if len(held) >= _AT_ONCE:
                await api.run(partial(receiving.feed, bytes(held)))
                held.clear()
        await api.run(partial(receiving.feed, bytes(held)))
        made = await api.run(receiving.finish)
        async with api.searches:
            found = await api.read(lambda tx: import_trial.preview(tx, made))
    except BadFile as error:
        await api.run(receiving.abandon)
        raise MalformedRequest(str(error), "/encoding" if isinstance(error, BadEncoding) else "") from None
    except BaseException:
        await asyncio.shield(api.run(receiving.abandon))
        raise
    return answer(
        {
            "upload": {
                "id": made.upload_id,
                "name": made.name,
                "bytes": made.size,
                "encoding": receiving.read_as,
                "delimiter": found.delimiter,
                "rows": found.rows,
                "counted": found.counted,
                "columns": found.columns,
                "sample": found.sample,
            }
        }
    )


async def _asked(call: Call, *more: str) -> tuple[Fields, int, Reading]:
    fields = Fields(await call.json_object())
    fields.only(("upload_id", "type", "identifier", "data_to_process", "columns", "types", *more))
    upload_id = fields.number("upload_id", 0) or 0
    if "upload_id" not in fields.value:
        fields.fault("is required", "upload_id")
    words: dict[str, str] = {}
    for name, (known, default) in _WORDS.items():
        value = fields.value.get(name, default)
        if value not in known:
            fields.fault(f"must be one of {', '.join(known)}", name)
        words[name] = str(value)
    if words["identifier"] == "email" and not call.workspace.email_is_unique:
        fields.fault("this workspace does not identify people by e-mail", "identifier")
    columns = fields.value.get("columns", {})
    if not _are_columns(columns):
        fields.fault("must be an object: a column of the file → an attribute, or null to leave it out", "columns")
    types = _types(fields)
    return (
        fields,
        upload_id,
        Reading(words["type"], words["identifier"], words["data_to_process"], columns, types=types),
    )


def _types(fields: Fields) -> dict[str, ColumnType]:
    """`types` of a body: attribute → what its column holds."""
    value = fields.value.get("types", {})
    known = [kind.value for kind in ColumnType]
    if not isinstance(value, dict) or len(value) > _MOST_COLUMNS:
        fields.fault("must be an object: an attribute → what its column holds", "types")
        return {}
    wrong = next((name for name, kind in value.items() if kind not in known), None)
    if wrong is not None:
        fields.fault(f"must be one of {', '.join(known)}", f"types/{wrong[:60]}")
        return {}
    return {name: ColumnType(kind) for name, kind in value.items() if kind != ColumnType.TEXT}


def _are_columns(value: object) -> bool:
    if not isinstance(value, dict) or len(value) > _MOST_COLUMNS:
        return False
    return all(
        one is None or (isinstance(one, str) and 0 < len(one.encode()) <= MAX_ATTRIBUTE_BYTES) for one in value.values()
    )


def _load(tx: Transaction, call: Call, upload_id: int) -> Upload:
    found = uploads.get(tx, upload_id)
    if found is None or found.workspace_id != call.workspace.workspace_id:
        raise InvalidRequest("there is no such upload: it is kept for a day", "/upload_id")
    return found


async def check(call: Call) -> Response:
    """`POST /imports/check {upload_id, identifier, …}`."""
    fields, upload_id, reading = await _asked(call)
    fields.refuse()

    def work(tx: Transaction) -> import_trial.Trial:
        return import_trial.run(tx, call.workspace, _load(tx, call, upload_id).upload_id, reading)

    try:
        async with call.api.searches:
            found = await call.api.read(work)
    except BadFile as error:
        raise InvalidRequest(str(error), "/columns") from None
    return answer(
        {
            "check": {
                "rows": found.rows,
                "new": found.new,
                "changed": found.changed,
                "same": found.same,
                "left_out": found.left_out,
                "wrong": found.wrong,
                "looked_up": found.looked_up,
                "whole": found.whole,
                "errors": [{"line": line, "error": text} for line, text in found.errors],
            }
        }
    )


async def begin(call: Call) -> Response:
    """`POST /imports {upload_id, name?, identifier, segment_id?, …}`."""
    fields, upload_id, reading = await _asked(call, "name", "segment_id")
    name = fields.text("name", "", MAX_NAME_BYTES)
    segment_id = fields.number("segment_id", None)
    fields.refuse()

    def work(tx: Transaction) -> imports.Import:
        found = _load(tx, call, upload_id)
        if segment_id is not None and segments.get(tx, call.workspace, segment_id) is None:
            raise InvalidRequest(f"there is no segment {segment_id}", "/segment_id")
        return imports.create(
            tx,
            call.workspace,
            kind=reading.kind,
            name=name or found.name,
            description="",
            url=found.url,
            identifier=reading.identifier,
            who=reading.who,
            columns=reading.columns,
            types={name: kind.value for name, kind in reading.types.items()},
            segment_id=segment_id,
            newest_only=True,
        )

    return answer(shape(await call.api.write(work)))


async def cancel(call: Call) -> Response:
    """`POST /imports/{import_id}/cancel`."""
    import_id = call.number("import_id")

    def work(tx: Transaction) -> Import:
        found = imports.get(tx, import_id)
        if found is None or found.workspace_id != call.workspace.workspace_id:
            raise NotFound
        if not importing.cancel(tx, call.workspace, found):
            raise Conflict("the import is over already")
        return imports.get(tx, import_id) or found

    return answer(shape(await call.api.write(work)))


async def listing(call: Call) -> Response:
    """`GET /imports?start=&limit=`: the newest first."""
    before = call.query_number("start", 2**53)
    limit = call.query_number("limit", 50, low=1, high=200)
    found = await call.api.read(lambda tx: imports.listing(tx, call.workspace, before, limit))
    shown: list[dict[str, Any]] = [shape(one)["import"] for one in found]
    return answer({"imports": shown, "next": found[-1].import_id if len(found) == limit else 0})


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST", "/api/clarion/v1/uploads", send, "manage", "app", "Send a CSV file for an import", reference=told.SEND
    ),
    Endpoint(
        "POST",
        "/api/clarion/v1/imports/check",
        check,
        "manage",
        "app",
        "What an import would do, without doing it",
        reference=told.CHECK,
    ),
    Endpoint(
        "POST",
        "/api/clarion/v1/imports",
        begin,
        "manage",
        "app",
        "Import people or events from a file that was sent",
        reference=told.BEGIN,
    ),
    Endpoint(
        "POST",
        "/api/clarion/v1/imports/{import_id}/cancel",
        cancel,
        "manage",
        "app",
        "Cancel an import; rows that are in stay",
        reference=told.CANCEL,
    ),
    Endpoint(
        "GET", "/api/clarion/v1/imports", listing, "manage", "app", "Imports, the newest first", reference=told.LIST
    ),
)
