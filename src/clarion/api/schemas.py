# SPDX-License-Identifier: Apache-2.0
"""What the API reference says of a route, and small words to say it in JSON Schema 2020-12 (OpenAPI 3.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """What a caller needs to know of a route beyond its summary.

    `query`: name → schema (with a description) of each query parameter; `body`, `answer`: schemas of the JSON that is
    sent and of the JSON of a success with `status`, None where there is none; `errors`: statuses that it may fail
    with beside 401, 429 and 503, which every route has; `note`: Markdown; `contract`: the section that asks for it.
    """

    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    body_example: object = None
    answer: Schema | None = None
    answer_example: object = None
    status: int = 200
    errors: tuple[int, ...] = ()
    note: str = ""
    contract: str = ""


def text(description: str = "", **more: object) -> Schema:
    """A string."""
    return _described({"type": "string", **more}, description)


def integer(description: str = "", **more: object) -> Schema:
    """A whole number."""
    return _described({"type": "integer", **more}, description)


def flag(description: str = "", **more: object) -> Schema:
    """True or false."""
    return _described({"type": "boolean", **more}, description)


def one_of(*words: str, description: str = "") -> Schema:
    """One of some words."""
    return _described({"type": "string", "enum": list(words)}, description)


def array(items: Schema, description: str = "", **more: object) -> Schema:
    """A list."""
    return _described({"type": "array", "items": items, **more}, description)


def nullable(schema: Schema) -> Schema:
    """The same, or null; `schema` names a `type`."""
    return {**schema, "type": [schema["type"], "null"]}


def record(description: str = "", /, *, optional: tuple[str, ...] = (), **properties: Schema) -> Schema:
    """An object with these properties, all of which are there except the `optional` ones; it may have others."""
    required = [name for name in properties if name not in optional]
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return _described(schema, description)


def mapping(values: Schema, description: str = "") -> Schema:
    """An object whose properties are the caller's own, all of one kind."""
    return _described({"type": "object", "additionalProperties": values}, description)


def _described(schema: dict[str, Any], description: str) -> Schema:
    return {**schema, "description": description} if description else schema
