# SPDX-License-Identifier: Apache-2.0
"""What the API reference says of a route, and small words to say it in JSON Schema 2020-12 (OpenAPI 3.1)."""

from collections.abc import Collection, Mapping
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
    return _nullable(schema)


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


@dataclass(frozen=True, slots=True)
class Loose:
    """Names of properties, at any depth, of which an example says less than it seems.

    `nullable` may be null (one that is null in the example may be anything), `optional` may be missing, `free` are
    objects whose keys are the caller's own.
    """

    nullable: Collection[str] = ()
    optional: Collection[str] = ()
    free: Collection[str] = ()


def like(example: object, loose: Loose = Loose()) -> Schema:
    """The schema of whatever has the parts of an example: its keys are there, of the kinds that it shows."""
    if isinstance(example, Mapping):
        properties: dict[str, Schema] = {}
        for name, value in example.items():
            is_free = name in loose.free and isinstance(value, Mapping)
            schema: Schema = {"type": "object"} if is_free else like(value, loose)
            properties[name] = _nullable(schema) if name in loose.nullable and "type" in schema else schema
        return record(optional=tuple(name for name in properties if name in loose.optional), **properties)
    if isinstance(example, list):
        return array(like(example[0], loose) if example else {})
    if isinstance(example, bool):
        return flag()
    if isinstance(example, int):
        return integer()
    return text() if isinstance(example, str) else {}


def _nullable(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def shown(example: object, loose: Loose = Loose(), **more: Any) -> Reference:
    """The reference of a route that answers with something like an example.

    Without a `body`, the one of `body_example` is described by the example, and everything in it may be left out.
    """
    body = more.get("body_example")
    if isinstance(body, Mapping) and "body" not in more:
        more["body"] = like(body, Loose(loose.nullable, tuple(body), loose.free))
    return Reference(answer=like(example, loose), answer_example=example, **more)
