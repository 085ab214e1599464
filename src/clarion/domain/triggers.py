# SPDX-License-Identifier: Apache-2.0
"""The trigger call: its six audiences, its flags, its limits, and the states of a trigger (contract §2, §3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from clarion.domain import audience
from clarion.domain.entries import EntryValue, parse_entry
from clarion.domain.errors import InvalidRequest

MAX_BODY_BYTES = 25 * 1024 * 1024
MAX_DATA_BYTES = 50_000
MAX_ENTRIES = 10_000
MAX_URL_BYTES = 8_000


class Selector(StrEnum):
    """Who is meant: the audience selectors of contract §2.1."""

    DEFAULT = "default"
    RECIPIENTS = "recipients"
    EMAILS = "emails"
    IDS = "ids"
    PER_USER_DATA = "per_user_data"
    DATA_FILE = "data_file_url"
    STREAM = "stream"  # the people are the lines behind the call's own


class TriggerState(StrEnum):
    """QUEUED → RESOLVING → SENDING → DONE; FAILED and STOPPED from any unfinished one."""

    QUEUED = "queued"
    RESOLVING = "resolving"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


class Repeat(StrEnum):
    """Whom a trigger is sent to again."""

    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    JOINED_SINCE = "joined_since"


UNFINISHED = frozenset({TriggerState.QUEUED, TriggerState.RESOLVING, TriggerState.SENDING})


@dataclass(frozen=True, slots=True)
class Flags:
    """What to do about entries that do not name exactly one person (contract §2.1)."""

    email_add_duplicates: bool = False
    email_ignore_missing: bool = False
    id_ignore_missing: bool = False


@dataclass(frozen=True, slots=True)
class TriggerRequest:
    """A checked trigger call.

    `entries` holds, for the inline lists, one value per element in order: an entry, or the sentence that
    says why the element cannot be one. `echo` is the audience as it was sent, for the status answer.
    `scheduled_ms`: not before this moment. `expires_after_s`: whoever is still queued so long after it was due is
    not sent anything; 0 is never.
    """

    selector: Selector
    data: dict[str, Any]
    flags: Flags
    condition: audience.Filter | None = None
    entries: tuple[EntryValue | str, ...] = ()
    data_file_url: str | None = None
    echo: dict[str, Any] | None = None
    scheduled_ms: int | None = None
    expires_after_s: int = 0


_SELECTORS = {
    s.value: s for s in (Selector.RECIPIENTS, Selector.EMAILS, Selector.IDS, Selector.PER_USER_DATA, Selector.DATA_FILE)
}
_FLAGS = ("email_add_duplicates", "email_ignore_missing", "id_ignore_missing")
_TIMES = ("scheduled_at", "expires_after")
_LATEST_S = 253_402_300_800  # the year 10000; more are milliseconds by mistake
_LONGEST_S = 10 * 366 * 86_400


def parse(body: object) -> TriggerRequest:
    """Read the body of a trigger call.

    Selectors that are null count as absent, and so does an empty `recipients` object: the Go client sends
    both (contract §2.1).

    Raises:
        InvalidRequest: naming the field.
    """
    if not isinstance(body, dict):
        raise InvalidRequest("the body must be a JSON object")
    for key in body:
        if key not in _SELECTORS and key not in _FLAGS and key != "data" and key not in _TIMES:
            known = ", ".join(["data", *_SELECTORS, *_FLAGS, *_TIMES])
            raise InvalidRequest(f'unknown key "{key}"; known: {known}', f"/{key}")
    empty = {Selector.RECIPIENTS.value} if body.get("recipients") == {} else set()
    given = [key for key in _SELECTORS if body.get(key) is not None and key not in empty]
    if len(given) > 1:
        raise InvalidRequest(f"give only one of {', '.join(_SELECTORS)}; found {', '.join(given)}", f"/{given[1]}")
    times: Any = {"scheduled_ms": _scheduled_ms(body.get("scheduled_at")), "expires_after_s": _expires_after(body)}
    return replace(_request(body, given), **times)


def _request(body: Mapping[str, Any], given: Sequence[str]) -> TriggerRequest:
    data, flags = _data(body), _flags(body)
    if not given:
        return TriggerRequest(Selector.DEFAULT, data, flags)
    name = given[0]
    value = body[name]
    selector = _SELECTORS[name]
    if selector is Selector.RECIPIENTS:
        return TriggerRequest(selector, data, flags, audience.parse(value), echo={name: value})
    if selector is Selector.DATA_FILE:
        return TriggerRequest(selector, data, flags, data_file_url=_url(value), echo={name: value})
    return TriggerRequest(selector, data, flags, entries=_entries(selector, value), echo={name: value})


def _scheduled_ms(value: object) -> int | None:
    """Unix seconds, or ISO 8601 with a time zone; the contract knows the former only (§2.7)."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidRequest("must be Unix seconds, or a time like 2026-11-23T20:00:00Z", "/scheduled_at") from None
        if moment.tzinfo is None:
            raise InvalidRequest("needs a time zone, for example a Z at the end", "/scheduled_at")
        return int(moment.timestamp() * 1_000)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidRequest("must be Unix seconds, or a time like 2026-11-23T20:00:00Z", "/scheduled_at")
    if value >= _LATEST_S:
        raise InvalidRequest("must be in seconds, not milliseconds", "/scheduled_at")
    return value * 1_000


def _expires_after(body: Mapping[str, Any]) -> int:
    value = body.get("expires_after")
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LONGEST_S:
        raise InvalidRequest(f"must be a number of seconds from 0 (never) to {_LONGEST_S}", "/expires_after")
    return value


def _data(body: Mapping[str, Any]) -> dict[str, Any]:
    data = body.get("data")
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise InvalidRequest("must be an object", "/data")
    if len(msgspec.json.encode(data)) > MAX_DATA_BYTES:
        raise InvalidRequest(f"is larger than {MAX_DATA_BYTES} bytes", "/data")
    return data


def _flags(body: Mapping[str, Any]) -> Flags:
    for name in _FLAGS:
        if not isinstance(body.get(name, False), bool | None):
            raise InvalidRequest("must be true or false", f"/{name}")
    return Flags(**{name: bool(body.get(name)) for name in _FLAGS})


def _url(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest("must be a URL", "/data_file_url")
    if len(value.encode()) > MAX_URL_BYTES:
        raise InvalidRequest(f"is longer than {MAX_URL_BYTES} bytes", "/data_file_url")
    if not value.lower().startswith(("http://", "https://")):
        raise InvalidRequest("must start with http:// or https://", "/data_file_url")
    return value


def _entries(selector: Selector, value: object) -> tuple[EntryValue | str, ...]:
    pointer = f"/{selector.value}"
    if not isinstance(value, list):
        raise InvalidRequest("must be a list", pointer)
    if not value:
        raise InvalidRequest("must name at least one person", pointer)
    if len(value) > MAX_ENTRIES:
        raise InvalidRequest(f"has more than {MAX_ENTRIES} entries", pointer)
    if selector is Selector.PER_USER_DATA:
        return tuple(parse_entry(item) for item in value)
    key = "id" if selector is Selector.IDS else "email"
    entries: list[EntryValue | str] = []
    for index, item in enumerate(value):
        if not isinstance(item, str | int) or isinstance(item, bool) or (key == "email" and isinstance(item, int)):
            wanted = "a string" if key == "email" else "a string or an integer"
            raise InvalidRequest(f"must be {wanted}", f"{pointer}/{index}")
        entries.append(parse_entry({key: item}))
    return tuple(entries)
