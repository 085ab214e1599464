# SPDX-License-Identifier: Apache-2.0
"""Columns as PostgreSQL array literals (PostgreSQL manual, 8.15.2) and as the lines that COPY reads (manual, COPY).

The driver's own array dumper looks at each element several times in Python: a chunk's settling spent more there than
in all else. Statements cast each parameter, ``CAST(:seq AS bigint[])``, so the text has the column's type.
"""

from collections.abc import Sequence
from types import NoneType
from typing import cast

import msgspec

_AS_JSON = {int, str, NoneType}


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


_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copied(columns: Sequence[Sequence[object]]) -> bytes:
    """Rows in COPY's text format, of columns of numbers, texts and None, all of one length."""
    lines = map("\t".join, zip(*map(_fields, columns), strict=True))
    return "".join([line + "\n" for line in lines]).encode()


def _fields(values: Sequence[object]) -> list[str]:
    if isinstance(values, range):
        return list(map(str, values))
    kinds = set(map(type, values))
    if kinds == {int}:
        return list(map(str, values))
    texts = [value for value in values if isinstance(value, str)] if kinds != {str} else cast("Sequence[str]", values)
    together = "".join(texts)
    if any(special in together for special in "\\\t\n\r"):
        return [_field(value) for value in values]
    return [r"\N" if value is None else str(value) for value in values]


def _field(value: object) -> str:
    if value is None:
        return r"\N"
    return value.translate(_ESCAPED) if isinstance(value, str) else str(value)


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):  # enumerations of texts too
        return '"' + str.__str__(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int):  # truth values too
        return str(int(value))
    raise TypeError(f"no array element is made of {type(value).__name__}")
