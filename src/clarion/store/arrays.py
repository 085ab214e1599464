# SPDX-License-Identifier: Apache-2.0
"""Columns as PostgreSQL array literals (PostgreSQL manual, 8.15.2).

The driver's own array dumper looks at each element several times in Python: a chunk's settling spent more there than
in all else. Statements cast each parameter, ``CAST(:seq AS bigint[])``, so the text has the column's type.
"""

from collections.abc import Sequence
from types import NoneType

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


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):  # enumerations of texts too
        return '"' + str.__str__(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int):  # truth values too
        return str(int(value))
    raise TypeError(f"no array element is made of {type(value).__name__}")
