# SPDX-License-Identifier: Apache-2.0
"""One entry of per-user data: whom it names and what it carries.

The same rule for a line of a data file and for an element of an inline `per_user_data` array.
Source: contract §2.3 and §2.4.
"""

from typing import Final

import msgspec

MAX_LEVELS: Final = 64
"""How deep objects and arrays may nest; the entry itself is level 1, its `data` level 2."""

MAX_ID_BYTES: Final = 150  # contract §1.6
MAX_EMAIL_BYTES: Final = 254  # RFC 5321 §4.5.3.1.3, without the brackets

CONTAINS_NUL: Final = "contains a NUL character"
NESTED_TOO_DEEPLY: Final = f"nested deeper than {MAX_LEVELS} levels"

_KEYS: Final = frozenset({"id", "email", "data"})
_LONGEST_KEY_SHOWN: Final = 64
_encode: Final = msgspec.json.Encoder().encode


# A msgspec.Struct is as frozen as our dataclasses and ten times faster to make; there are millions of these.
class EntryValue(msgspec.Struct, frozen=True, gc=False):
    """A well-formed entry. Exactly one of `id` and `email` is set; `data` is compact JSON, ``{}`` if none."""

    id: str | None
    email: str | None
    data: bytes


def parse_entry(value: object) -> EntryValue | str:
    """Read one decoded JSON value as an entry; a str is the sentence that says what is wrong with it.

    A whole number as `id` becomes its decimal text; floats and booleans are no ids. A null counts as absent,
    an empty `id` or `email` names nobody. NUL is refused because PostgreSQL's text cannot hold it.
    """
    if not isinstance(value, dict):
        return "must be an object"
    if not value.keys() <= _KEYS:
        return _unknown_key(value)
    person_id, email = value.get("id"), value.get("email")
    if person_id is not None and email is not None:
        return "give either id or email, not both"
    if type(person_id) is int:
        person_id = str(person_id)
    elif person_id is not None and not isinstance(person_id, str):
        return "id must be a string or a number"
    if email is not None and not isinstance(email, str):
        return "email must be a string"
    named = person_id or email
    if not named:
        return "id or email is required"
    if "\0" in named:
        return CONTAINS_NUL
    longest = MAX_ID_BYTES if person_id else MAX_EMAIL_BYTES
    if len(named) > longest or len(named.encode(errors="replace")) > longest:
        return f"{'id' if person_id else 'email'} is longer than {longest} bytes"
    data = encode_data(value.get("data"))
    return data if isinstance(data, str) else EntryValue(person_id, email, data)


def encode_data(data: object) -> bytes | str:
    """The `data` object of an entry as compact JSON; a str is the sentence that says what is wrong with it."""
    if data is None:
        return b"{}"
    if not isinstance(data, dict):
        return "data must be an object"
    try:
        encoded = _encode(data)
    except RecursionError:
        return NESTED_TOO_DEEPLY
    except UnicodeEncodeError:  # a lone surrogate, which other JSON readers let through
        return "invalid utf-8"
    # Both counts are upper bounds that cost nothing; only the rare suspect is walked.
    if (b"\\" in encoded and b"\\u0000" in encoded) or encoded.count(b"{") + encoded.count(b"[") >= MAX_LEVELS:
        flaw = _flaw(data)
        if flaw is not None:
            return flaw
    return encoded


def _flaw(data: dict[str, object]) -> str | None:
    """Walk the object level by level, without recursion, for a NUL or too many levels."""
    level: list[dict[str, object] | list[object]] = [data]
    depth = 2
    while level:
        if depth > MAX_LEVELS:
            return NESTED_TOO_DEEPLY
        below: list[dict[str, object] | list[object]] = []
        for container in level:
            if isinstance(container, dict) and any("\0" in key for key in container):
                return CONTAINS_NUL
            for child in container.values() if isinstance(container, dict) else container:
                if isinstance(child, str) and "\0" in child:
                    return CONTAINS_NUL
                if isinstance(child, dict | list):
                    below.append(child)
        level = below
        depth += 1
    return None


def _unknown_key(value: dict[str, object]) -> str:
    """Name the first key that does not belong, shortened, with control characters escaped."""
    key = next(key for key in value if key not in _KEYS)
    shown = key if len(key) <= _LONGEST_KEY_SHOWN else key[:_LONGEST_KEY_SHOWN] + "…"
    return f"unknown key {_encode(shown.encode(errors='replace').decode()).decode()}"
