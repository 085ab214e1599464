# SPDX-License-Identifier: Apache-2.0
"""Columns as PostgreSQL array literals (PostgreSQL manual, 8.15.2) and as the lines that COPY reads (manual, COPY).

The driver's own array dumper looks at each element several times in Python: a chunk's settling spent more there than
in all else. Statements cast each parameter, ``CAST(:seq AS bigint[])``, so the text has the column's type.
"""

from collections.abc import Iterable, Sequence
from types import NoneType

import msgspec

_AS_JSON = {int, str, NoneType}
_ESCAPED = ((b"\\", rb"\\"), (b"\t", rb"\t"), (b"\n", rb"\n"), (b"\r", rb"\r"))


def literal(values: Sequence[object]) -> str:
    """``{1,NULL,"a b"}`` for numbers, texts and None.

    Raises:
        TypeError: another kind of value.
    """
    if set(map(type, values)) <= _AS_JSON:
        # Such a literal is JSON but for its brackets and for control characters, which JSON spells with letters that
        # an array would take as they are: with those in it, element by element.
        text = msgspec.json.encode(values).decode()
        escapes = text.replace(r"\\", "") if "\\" in text else ""  # without backslashes that stand for themselves
        if escapes.count("\\") == escapes.count(r"\""):
            return "{" + text[1:-1] + "}"
    return "{" + ",".join([_element(value) for value in values]) + "}"


def copied(numbers: Sequence[Iterable[object]], texts: Sequence[bytes | None]) -> bytes:
    """Rows in COPY's text format: whole numbers, then a text in UTF-8 or None."""
    row = b"%d\t" * len(numbers) + b"%b\n"
    return b"".join([row % values for values in zip(*numbers, map(_copied, texts), strict=False)])


def _copied(text: bytes | None) -> bytes:
    if text is None:
        return rb"\N"
    for raw, escaped in _ESCAPED:
        if raw in text:
            text = text.replace(raw, escaped)
    return text


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):  # enumerations of texts too
        return '"' + str.__str__(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int):  # truth values too
        return str(int(value))
    raise TypeError(f"no array element is made of {type(value).__name__}")
