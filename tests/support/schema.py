# SPDX-License-Identifier: Apache-2.0
"""Whether a value is as a JSON Schema says, for as much of it as our references use."""

from collections.abc import Iterator, Mapping
from typing import Any

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def misfits(schema: Mapping[str, Any], value: object, at: str = "") -> Iterator[str]:
    """What is not as the schema says, with its place."""
    kinds = schema.get("type")
    wanted = [kinds] if isinstance(kinds, str) else kinds or []
    if wanted and not any(_is(kind, value) for kind in wanted):
        yield f"{at}: {value!r} is not {' or '.join(wanted)}"
        return
    if "enum" in schema and value not in schema["enum"] and value is not None:
        yield f"{at}: {value!r} is not one of {schema['enum']}"
    if isinstance(value, dict):
        yield from (f"{at}/{name} is missing" for name in schema.get("required", ()) if name not in value)
        more = schema.get("additionalProperties")
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name, more)
            if isinstance(known, Mapping):
                yield from misfits(known, inner, f"{at}/{name}")
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for no, inner in enumerate(value):
            yield from misfits(schema["items"], inner, f"{at}/{no}")


def _is(kind: str, value: object) -> bool:
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))
