# SPDX-License-Identifier: Apache-2.0
"""The API as an OpenAPI 3.1 document, made from the routes themselves."""

import re
from collections.abc import Iterable
from typing import Any

from clarion import __version__
from clarion.api.calls import Endpoint, Family
from clarion.api.schemas import Schema, array, integer, record, text

_PARAMETER = re.compile(r"\{(\w+)\}")
# Parts of a path that are texts although their names end like those of numbers.
_TEXTS = frozenset({"customer_id", "delivery_id", "device_id", "form_id"})
_TAGS = {"app": "App API", "track_v1": "Track API v1", "track_v2": "Track API v2", "clarion": "Management API"}
_SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "app": [{"app_key": []}],
    "manage": [{"manage_key": []}],
    "track": [{"track_key": []}],
    "none": [],
}
_WORDS = {
    400: "The request cannot be read: a wrong number in the path or query, or a body that is not JSON.",
    401: "No key, an unknown or revoked one, or one without the scope.",
    403: "Somebody is signed in whose roles do not allow it, or the call comes from another page.",
    404: "Nothing by that id in this workspace.",
    409: "Not possible as things stand, or the Idempotency-Key was used for another call.",
    413: "The body is larger than this takes.",
    422: "Well-formed, but against a rule; the field is named.",
    429: "Too many calls in this second, or too soon; see Retry-After.",
    503: "The database does not answer; see Retry-After.",
}
_OF_A_BODY, _OF_EVERY = (400, 413, 422), (401, 429, 503)


def document(endpoints: Iterable[Endpoint], base_url: str) -> dict[str, Any]:
    """The document for these routes, every path and alias of them."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        for no, path in enumerate((endpoint.path, *endpoint.aliases)):
            paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, path, is_alias=no > 0)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Clarion",
            "version": __version__,
            "summary": "API-triggered broadcasts on Customer.io's wire",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": name} for name in _TAGS.values()],
        "paths": paths,
        "components": {"schemas": _ERRORS, "securitySchemes": _SCHEMES},
    }


def _operation(endpoint: Endpoint, path: str, *, is_alias: bool) -> dict[str, Any]:
    reference = endpoint.reference
    family = "clarion" if "/clarion/" in endpoint.path else endpoint.family
    words = [reference.note] if reference.note else []
    if is_alias:
        words.append(f"The same as `{endpoint.path}`.")
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^A-Za-z0-9]+', '_', path)}",
        "tags": [_TAGS[family]],
        "summary": re.sub(r"\s*\(contract §[^)]*\)", "", endpoint.summary).rstrip("."),
        "security": _SECURITY[endpoint.scope],
        "parameters": [*_in_path(path), *_in_query(reference.query), *_in_headers(endpoint)],
        "responses": {str(reference.status): _success(endpoint), **_failures(endpoint, path)},
    }
    if is_alias:
        operation["x-alias-of"] = endpoint.path
    if words:
        operation["description"] = " ".join(words)
    if reference.body is not None:
        content: dict[str, Any] = {"schema": reference.body}
        if reference.body_example is not None:
            content["example"] = reference.body_example
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    elif endpoint.method in ("POST", "PUT", "PATCH"):
        operation["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}
    return operation


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": _kind(name)}}
        for name in _PARAMETER.findall(path)
    ]


def _kind(name: str) -> str:
    return "integer" if name.endswith("_id") and name not in _TEXTS else "string"


def _in_query(query: Any) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in query.items()]


def _in_headers(endpoint: Endpoint) -> list[dict[str, Any]]:
    if not endpoint.sends:
        return []
    words = "Carried out once: a repeat within 30 days gets the first answer; with another body it is 409."
    schema = text(words, maxLength=255)
    return [{"name": "Idempotency-Key", "in": "header", "schema": schema}]


def _success(endpoint: Endpoint) -> dict[str, Any]:
    reference = endpoint.reference
    response: dict[str, Any] = {"description": "Done."}
    if reference.status == 204:
        return response
    content: dict[str, Any] = {"schema": reference.answer or {"type": "object"}}
    if reference.answer_example is not None:
        content["example"] = reference.answer_example
    response["content"] = {"application/json": content}
    return response


def _failures(endpoint: Endpoint, path: str) -> dict[str, Any]:
    statuses = {*endpoint.reference.errors, *(_OF_EVERY if endpoint.scope != "none" else (503,))}
    if "{" in path:
        statuses |= {400, 404}
    if endpoint.scope in {"app", "manage"} or "/session" in path:
        statuses |= {403}
    if "/session" in path:
        statuses |= {401, 429}
    if endpoint.method in ("POST", "PUT", "PATCH"):
        statuses |= set(_OF_A_BODY)
    if endpoint.sends:
        statuses |= {409}
    if endpoint.family != "app":
        statuses -= {422}  # the Track API knows no 422
    return {str(status): _failure(status, endpoint.family) for status in sorted(statuses)}


def _failure(status: int, family: Family) -> dict[str, Any]:
    word = _WORDS[status]
    example: dict[str, Any] = {"errors": [{"detail": "…", "status": str(status)}], "meta": {"error": "…"}}
    if family == "track_v1":
        example = {"meta": {"errors": ["…"], "error": "…"}}
    elif family == "track_v2":
        example = {"errors": [{"reason": "invalid", "field": "…", "message": "…"}], "meta": {"error": "…"}}
    schema = {"$ref": f"#/components/schemas/{family}_error"}
    return {"description": word, "content": {"application/json": {"schema": schema, "example": example}}}


_META: Schema = record(error=text("The first problem in one sentence, for people."))
_ERRORS: dict[str, Schema] = {
    "app_error": record(
        errors=array(
            record(
                detail=text("What is wrong, the field first; at the end, of some, a reference for support."),
                status=text("The HTTP status."),
                source=record(pointer=text("Where, below /data/attributes.")),
                optional=("source",),
            )
        ),
        meta=_META,
    ),
    "track_v1_error": record(meta=record(errors=array(text()), error=text())),
    "track_v2_error": record(
        errors=array(
            record(batch_index=integer(), reason=text(), field=text(), message=text(), optional=("batch_index",))
        ),
        meta=_META,
    ),
}
_SCHEMES: dict[str, Any] = {
    "app_key": {"type": "http", "scheme": "bearer", "description": "An app key, or a service account's token."},
    "manage_key": {"type": "http", "scheme": "bearer", "description": "A key that may manage."},
    "track_key": {"type": "http", "scheme": "basic", "description": "Site id and track key."},
}
