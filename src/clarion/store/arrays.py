# SPDX-License-Identifier: Apache-2.0
"""Columns as PostgreSQL array literals (PostgreSQL manual, 8.15.2).

The driver's own array dumper looks at each element several times in Python: a chunk's settling spent more there than
in all else. Statements cast each parameter, ``CAST(:seq AS bigint[])``, so the text has the column's type.
"""

from collections.abc import Sequence
from typing import cast


def literal(values: Sequence[object]) -> str:
    """``{1,NULL,"a b"}`` for numbers, texts and None.

    Raises:
        TypeError: another kind of value.
    """
    kinds = set(map(type, values))
    if kinds == {int}:
        return "{" + ",".join(map(str, values)) + "}"
    if kinds == {str}:
        text = '","'.join(cast("Sequence[str]", values))
        if "\\" not in text and text.count('"') == 2 * (len(values) - 1):
            return '{"' + text + '"}'
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):  # enumerations of texts too
        return '"' + str.__str__(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, int):  # truth values too
        return str(int(value))
    raise TypeError(f"no array element is made of {type(value).__name__}")
