# SPDX-License-Identifier: Apache-2.0
"""Imports of people, events, objects and relationships from CSV files (contract §7.11); the wrong rows are ours."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference.files import CREATE_IMPORT, IMPORT, IMPORT_ERRORS
from clarion.domain.errors import InvalidRequest, NotFound
from clarion.domain.people import MAX_ID_BYTES
from clarion.store import imports
from clarion.store.engine import Transaction
from clarion.store.imports import Import

_KINDS = ("people", "event", "object", "relationship")
_WHO = ("all", "only_new", "only_existing")
_IDENTIFIERS = {"relationship": ("id", "email", "cio_id"), "object": ("id",)}
_KNOWN = frozenset({
    "type", "name", "data_file_url", "identifier", "object_type_id", "description", "data_to_process",
    "people_to_process",
})  # fmt: skip
MAX_TEXT = 1_000
MAX_URL = 8_000


def shape(job: Import) -> dict[str, Any]:
    """An import as answers tell of it."""
    return {
        "import": {
            "id": job.import_id,
            "name": job.name,
            "description": job.description,
            "type": job.kind,
            "identifier": job.identifier,
            "state": job.state,
            "rows_to_import": job.rows_in_file,
            "rows_imported": job.rows_done,
            "error": job.failure or "",
            "data_to_process": job.who,
            "people_to_process": job.who,
            "object_type_id": job.object_type_id or "",
            "created_at": job.created_ms // 1_000,
            "updated_at": job.updated_ms // 1_000,
            "clarion": {
                "rows_wrong": job.rows_wrong,
                "segment_id": job.segment_id,
                "rows_joined": job.rows_joined,
                "cancelled": job.cancelled,
            },
        }
    }


async def create(call: Call) -> Response:
    """`POST /v1/imports {import: {…}}`."""
    body = (await call.json_object()).get("import")
    if not isinstance(body, dict):
        raise InvalidRequest("must be an object", "/import")
    for name in body:
        if name not in _KNOWN:
            raise InvalidRequest("is not known", f"/import/{name}")
    kind = _word(body, "type", _KINDS, None)
    who = _word(body, "data_to_process", _WHO, _word(body, "people_to_process", _WHO, "all"))
    identifiers = _IDENTIFIERS.get(kind, ("id", "email"))
    identifier = _word(body, "identifier", identifiers, "id" if kind == "object" else None)
    type_id = _type_of(body, kind)
    if identifier == "email" and not call.workspace.email_is_unique:
        raise InvalidRequest("this workspace does not identify people by e-mail", "/import/identifier")
    name, url = _text(body, "name", MAX_TEXT), _text(body, "data_file_url", MAX_URL)
    if not url.startswith(("http://", "https://")):
        raise InvalidRequest("must be an http or https URL", "/import/data_file_url")
    description = _text(body, "description", MAX_TEXT) if body.get("description") else ""
    made = await call.api.write(
        lambda tx: imports.create(
            tx,
            call.workspace,
            kind=kind,
            name=name,
            description=description,
            url=url,
            identifier=identifier,
            who=who,
            object_type_id=type_id,
        )
    )
    return answer(shape(made))


def _type_of(body: dict[str, Any], kind: str) -> str | None:
    """The type of an import's objects, a number or a text; relationships may name it row by row."""
    value = body.get("object_type_id")
    if value is None or value == "" or kind not in ("object", "relationship"):
        if kind == "object":
            raise InvalidRequest("is required", "/import/object_type_id")
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value.strip().encode()) > MAX_ID_BYTES:
        raise InvalidRequest(f"must be a number or a text of 1 to {MAX_ID_BYTES} bytes", "/import/object_type_id")
    return value.strip()


def _word(body: dict[str, Any], name: str, known: tuple[str, ...], default: str | None) -> str:
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or value not in known:
        raise InvalidRequest(f"must be one of {', '.join(known)}", f"/import/{name}")
    return value


def _text(body: dict[str, Any], name: str, most: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value.encode()) > most:
        raise InvalidRequest(f"must be a text of 1 to {most} bytes", f"/import/{name}")
    return value.strip()


def _load(tx: Transaction, call: Call) -> Import:
    found = imports.get(tx, call.number("import_id"))
    if found is None or found.workspace_id != call.workspace.workspace_id:
        raise NotFound
    return found


async def get(call: Call) -> Response:
    """`GET /v1/imports/{import_id}`."""
    return answer(shape(await call.api.read(lambda tx: _load(tx, call))))


async def errors(call: Call) -> Response:
    """`GET /imports/{import_id}/errors?start=&limit=`: rows that were wrong, by line."""
    after = call.query_number("start", 0)
    limit = call.query_number("limit", 100, low=1, high=1_000)

    def read(tx: Transaction) -> list[tuple[int, str]]:
        return imports.errors(tx, _load(tx, call).import_id, after, limit)

    found = await call.api.read(read)
    return answer(
        {
            "errors": [{"line": line, "error": text} for line, text in found],
            "next": found[-1][0] if len(found) == limit else 0,
        }
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST", "/v1/imports", create, "app", "app", "Import people or events from a CSV file", reference=CREATE_IMPORT
    ),
    Endpoint("GET", "/v1/imports/{import_id}", get, "app", "app", "An import and how far it is", reference=IMPORT),
    Endpoint(
        "GET",
        "/api/clarion/v1/imports/{import_id}/errors",
        errors,
        "manage",
        "app",
        "Rows of an import that were wrong",
        reference=IMPORT_ERRORS,
    ),
)
