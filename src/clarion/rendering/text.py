# SPDX-License-Identifier: Apache-2.0
"""How Liquid values are shown as text, and as JSON."""

import json
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from liquid.undefined import Undefined

from clarion.rendering.context import Missing

ITEM_LIMIT = 100_000  # values inside one value that is shown or collected


def shown(value: object) -> str:
    """The text of any value: lists joined without separator, objects as JSON, nil as nothing.

    Raises UndefinedError for a missing attribute, ValueError for more than `ITEM_LIMIT` items.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        measure(value)
        return "".join(shown(item) for item in value)
    if isinstance(value, dict):
        return to_json(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S %z")
    if isinstance(value, range):
        return f"{value.start}..{value.stop - 1}"
    return str(value)


def to_json(value: object, *, indent: int | None = None) -> str:
    """Compact JSON, non-ASCII kept. Raises ValueError for values without bounds."""
    measure(value)
    separators = (",", ":") if not indent else (",", ": ")
    return json.dumps(value, ensure_ascii=False, separators=separators, indent=indent or None, default=_jsonable)


def measure(value: object, limit: int = ITEM_LIMIT) -> int:
    """The number of values inside `value`, shared ones counted each time. Raises ValueError above `limit`."""
    count = 0
    pending: list[Any] = [value]
    while pending:
        item = pending.pop()
        count += 1
        if isinstance(item, list | tuple):
            pending.extend(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
        if count + len(pending) > limit:
            raise ValueError(f"more than {limit} items")
    return count


def flat(items: Collection[object], level: int = 5) -> list[object]:
    """Lists inside lists taken apart, `level` deep as in Ruby. Raises ValueError above `ITEM_LIMIT`."""
    found: list[object] = []
    for item in items:
        if level and isinstance(item, list | tuple):
            found.extend(flat(item, level - 1))
        else:
            found.append(item)
        if len(found) > ITEM_LIMIT:
            raise ValueError(f"more than {ITEM_LIMIT} items")
    return found


def _jsonable(value: object) -> object:
    if isinstance(value, Missing):
        raise value.failure()
    if isinstance(value, Undefined):
        return None
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, range):
        return list(value)
    return str(value)
