# SPDX-License-Identifier: Apache-2.0
"""Values of a CSV file: texts as they are, or the numbers, booleans and moments that a column is said to hold. Pure."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import assert_never

from clarion.domain.errors import RequestError

_NUMBER = re.compile(r"[+-]?(\d+)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)
_MOST_DIGITS = 300
_LATEST = 253_402_300_799  # 9999-12-31
_YES = frozenset({"true", "t", "yes", "y", "1"})
_NO = frozenset({"false", "f", "no", "n", "0"})


class ColumnType(StrEnum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"


def value_of(text: str, kind: ColumnType, name: str) -> str | int | float | bool:
    """A field as its column's type; a moment becomes Unix seconds, as Customer.io keeps them.

    Raises:
        RequestError: it is none.
    """
    bare = text.strip()
    match kind:
        case ColumnType.TEXT:
            return text
        case ColumnType.NUMBER:
            return _number(bare, name)
        case ColumnType.BOOLEAN:
            word = bare.lower()
            if word not in _YES and word not in _NO:
                raise RequestError("is not true or false (or yes, no, 1, 0)", f"/{name}")
            return word in _YES
        case ColumnType.DATE:
            return _moment(bare, name)
        case _:
            assert_never(kind)


def _number(text: str, name: str) -> int | float:
    found = _NUMBER.fullmatch(text)
    if found is None or len(text) > _MOST_DIGITS:
        raise RequestError("is not a number: digits with at most one point", f"/{name}")
    if found[2] is None and found[3] is None:
        return int(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise RequestError("is larger than any number that is kept", f"/{name}")
    return value


def _moment(text: str, name: str) -> int:
    # Eight digits are a date without dashes, not a second of 1970.
    if text.isascii() and text.isdigit() and len(text) != 8 and int(text[:20]) <= _LATEST:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError("is not a date: 2026-01-31, 2026-01-31T12:00:00Z or Unix seconds", f"/{name}") from None
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    if seconds < 0:
        raise RequestError("is before 1970, which moments do not reach", f"/{name}")
    return seconds
