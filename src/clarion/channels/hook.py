# SPDX-License-Identifier: Apache-2.0
"""The contract of event webhooks: a call of a provider's, checked to be the provider's, becomes events."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from clarion.channels.words import printable
from clarion.domain.provider_events import ProviderEvent, Reply

S = TypeVar("S", bound=msgspec.Struct)
_MOST_HREF = 4_000
_MOST_ADDRESS = 320
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000  # 2000 to 2100
_STATUS = re.compile(r"(?:^|\D)([245]\d\d)(?:\D|$)")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call as it came. `headers` by name in lower case; `now`: Unix seconds; `url`: where it was made to, as whoever
    calls knows it."""

    body: bytes
    headers: Mapping[str, str]
    now: float
    url: str = ""


class NotGenuineError(Exception):
    """It is not signed by the provider. The sentence says what is wrong, for whoever sets it up."""


class UnreadableError(Exception):
    """It is the provider's, and makes no sense."""


Hook = Callable[[Incoming], Awaitable[Sequence[ProviderEvent | Reply]]]
"""What a call tells. Raises NotGenuineError, UnreadableError."""


def decoded(body: bytes | str) -> Any:
    """JSON. Raises UnreadableError."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise UnreadableError("the body is not JSON") from None


def read_as(kind: type[S], value: object) -> S | None:
    """What a value means; None: it is none of these, as are events of a sort that we do not ask for."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except (msgspec.MsgspecError, RecursionError):
        return None


def words_of(*values: object) -> str:
    """The first that says something, for people, on one line."""
    return next((printable(str(value)) for value in values if isinstance(value, str | int) and str(value).strip()), "")


def status_of(*values: object) -> str:
    """The SMTP code at the beginning of an answer (``550``), "" where there is none."""
    for value in values:
        found = _STATUS.search(str(value)[:40]) if isinstance(value, str | int) else None
        if found:
            return found[1]
    return ""


def address_of(value: object) -> str:
    """An address as it was told, without its name; "" for what is none."""
    text = value if isinstance(value, str) else ""
    if text.endswith(">"):
        text = text[:-1].rpartition("<")[2]
    return text.strip() if len(text) <= _MOST_ADDRESS and "\0" not in text else ""


def href_of(value: object) -> str:
    """A link; "" for what is none."""
    return value if isinstance(value, str) and 0 < len(value) <= _MOST_HREF and "\0" not in value else ""


def ms_of(value: object) -> int | None:
    """Unix milliseconds of Unix seconds or an ISO 8601 date; None for what is neither."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = int(value * 1_000)
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            found = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    return found if _EARLIEST_MS < found < _LATEST_MS else None
