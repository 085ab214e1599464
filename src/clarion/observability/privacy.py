# SPDX-License-Identifier: Apache-2.0
"""Takes people out of log lines: whole fields that name them, addresses anywhere, and values quoted in errors.

What remains tells where something went wrong and of which kind: trigger, slice, person's number in the audience,
error class, line of code. The ledger, which needs a key, has the rest.
"""

import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

from structlog.typing import EventDict

MASK = "[masked]"
# Fields that are somebody's, whatever they hold.
_PERSONAL = frozenset(
    {
        "address", "attributes", "body", "cio_id", "content", "customer_id", "data", "email", "emails", "first_name",
        "id", "ids", "identifier", "last_name", "line", "name", "person", "person_id", "phone", "recipient",
        "recipients", "subject", "to", "user", "words",
    }
)  # fmt: skip
# Fields with the words of an error: of servers, drivers, parsers. They quote what they choke on.
_QUOTING = frozenset({"detail", "error", "exception", "message", "reason", "said", "why"})
_ADDRESS = re.compile(r"[^\s<>\"'(),:;\[\]=]+@[^\s<>\"'(),:;\[\]]+")
_QUOTED = re.compile(r"(?<!\w)(\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`|“[^”\n]*”)(?!\w)")
_KEY = re.compile(r"\)=\([^)\n]*\)")  # PostgreSQL: Key (id)=(somebody)


def mask(_: object, __: str, event: EventDict) -> EventDict:
    """A structlog processor; `event` names, levels and times are ours and stay."""
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: Any) -> Any:
    if key in _PERSONAL:
        return MASK
    if isinstance(value, str):
        text = _ADDRESS.sub(MASK, value)
        if key in _QUOTING or (key == "event" and " " in text):  # a sentence: a library's
            text = _KEY.sub(f")=({MASK})", _QUOTED.sub(MASK, text))
        return text
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, MutableMapping):
        return {name: _masked(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(key, inner) for inner in value]
    return _masked(key, str(value))


def traceback_without_values(logger: object, name: str, event: EventDict) -> EventDict:  # noqa: ARG001 - a processor
    """The traceback's places and classes without the exceptions' sentences, which may quote anything."""
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = info if isinstance(info, BaseException) else _current(info)
    if error is not None:
        event["exception"] = "\n".join(_lines(error))
    return event


def _current(info: Any) -> BaseException | None:
    found = info[1] if isinstance(info, tuple) else sys.exc_info()[1]
    return found if isinstance(found, BaseException) else None


def _lines(error: BaseException) -> list[str]:
    chain: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in chain:
        chain.append(at)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    lines = []
    for one in reversed(chain):
        for frame in traceback.extract_tb(one.__traceback__):
            lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
        lines.append(type(one).__qualname__)
    return lines
