# SPDX-License-Identifier: Apache-2.0
"""URL parameters: what is added to the links of messages, such as ``utm_campaign`` (contract §12.2)."""

import re
from typing import Final

from clarion.domain.errors import InvalidRequest, Problem

Params = tuple[tuple[str, str], ...]
"""Names and values, the latter Liquid."""

MOST: Final = 10
MAX_NAME_BYTES: Final = 100
MAX_VALUE_BYTES: Final = 1_000
_NAME = re.compile(r"[A-Za-z0-9_.~-]+")  # what no URL encodes, RFC 3986 §2.3


def parse(value: object, pointer: str) -> Params:
    """Read a list of names and values; null means none.

    Raises:
        InvalidRequest: naming everything that is wrong.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InvalidRequest("must be a list of names and values", pointer)
    if len(value) > MOST:
        raise InvalidRequest(f"has more than {MOST} items", pointer)
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for no, item in enumerate(value):
        where = f"{pointer}/{no}"
        if not isinstance(item, dict) or item.keys() != {"name", "value"}:
            problems.append(Problem("must be an object with name and value", where))
            continue
        name, text = item["name"], item["value"]
        if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > MAX_NAME_BYTES:
            problems.append(Problem(f"must be 1 to {MAX_NAME_BYTES} letters, digits, _, -, . or ~", f"{where}/name"))
        elif name in found:
            problems.append(Problem("is there already", f"{where}/name"))
        elif not isinstance(text, str) or not text.strip() or len(text.encode()) > MAX_VALUE_BYTES:
            problems.append(Problem(f"must be a text of 1 to {MAX_VALUE_BYTES} bytes", f"{where}/value"))
        else:
            found[name] = text
    if problems:
        first, *more = problems
        raise InvalidRequest(first.detail, first.pointer, more=tuple(more))
    return tuple(found.items())


def shape(params: Params) -> list[dict[str, str]]:
    """As `parse` reads it."""
    return [{"name": name, "value": value} for name, value in params]
