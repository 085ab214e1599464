# SPDX-License-Identifier: Apache-2.0
"""People: how they are named, what their attributes may be, and how those merge (contract §1.6, §1.7, §8.1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from clarion.domain.errors import InvalidRequest, MalformedRequest

MAX_ID_BYTES = 150
MAX_NAME_BYTES = 150
MAX_VALUE_BYTES = 1_000
MAX_ATTRIBUTES = 300
MAX_NESTED_BYTES = 100_000
MAX_NESTING = 32
_NO_TIME = 10**15  # more than milliseconds

CONSENT: Final = "cio_email_tracking_consent"  # Customer.io's name (contract §7.1)

# Keys of an identify call that are instructions, not attributes (contract §8.1).
INSTRUCTIONS = frozenset({"_update", "_timestamp", "cio_relationships", "anonymous_id", "cio_id"})


class IdKind(StrEnum):
    """The ways to name a person."""

    ID = "id"
    EMAIL = "email"
    CIO_ID = "cio_id"


@dataclass(frozen=True, slots=True)
class Reference:
    """A person as a caller names them; `value` is the bare id, e-mail or cio_id."""

    kind: IdKind
    value: str


@dataclass(frozen=True, slots=True)
class Person:
    """A stored person. `attributes` excludes id and email; `changed` holds seconds per attribute name."""

    person_id: int
    id: str | None
    email: str | None
    attributes: dict[str, Any]
    changed: dict[str, int]
    created_ms: int

    @property
    def cio_id(self) -> str:
        """The server-assigned identifier."""
        return cio_id(self.person_id)

    @property
    def identifiers(self) -> dict[str, str | None]:
        """As answers show them: unset ones are null (contract §1.7)."""
        return {"email": self.email, "id": self.id, "cio_id": self.cio_id}


@dataclass(frozen=True, slots=True)
class Device:
    """A device that can be pushed to; `token` is the v1 API's `id`."""

    token: str
    platform: str
    last_used: int | None
    attributes: dict[str, Any]


def cio_id(person_id: int) -> str:
    """The public form of a person's number: lower-case hex, at least 12 digits."""
    return f"{person_id:012x}"


def person_id_of(cio: str) -> int | None:
    """The number behind a cio_id, with or without the `cio_` prefix; None when it cannot be one."""
    text = cio.removeprefix("cio_")
    if not text or len(text) > 15 or any(c not in "0123456789abcdef" for c in text):
        return None
    return int(text, 16)


def cio_id_of(text: str) -> str:
    """A cio_id as it stands in answers, without the prefix by which the Track API knows it.

    Raises:
        ValueError: it is none.
    """
    if person_id_of(text) is None:
        raise ValueError("is no cio_id of a person")
    return text.removeprefix("cio_")


def looks_like_email(value: str) -> bool:
    """Whether an identifier is read as an e-mail address: one @ with something on either side."""
    local, at, domain = value.rpartition("@")
    return bool(at and local and domain) and not any(c.isspace() for c in value)


def infer(identifier: str) -> Reference:
    """The kind of a Track v1 path identifier, from its shape (contract §1.7).

    Raises:
        MalformedRequest: empty, with a NUL character, or an id longer than 150 bytes.
    """
    if not identifier:
        raise MalformedRequest("the identifier is empty", "/identifier")
    if "\0" in identifier:
        raise MalformedRequest("the identifier contains a NUL character", "/identifier")
    if identifier.startswith("cio_"):
        return Reference(IdKind.CIO_ID, identifier.removeprefix("cio_"))
    if looks_like_email(identifier):
        return Reference(IdKind.EMAIL, identifier)
    if len(identifier.encode()) > MAX_ID_BYTES:
        raise MalformedRequest(f"the identifier is longer than {MAX_ID_BYTES} bytes", "/identifier")
    return Reference(IdKind.ID, identifier)


def email_key(email: str) -> str:
    """The form under which e-mail addresses are compared: case does not count (contract §1.7)."""
    return email.casefold()


def attribute_text(value: object) -> str | None:
    """An attribute as text, the form in which filters compare it and templates see it.

    None for what counts as absent: missing, null and the empty string. Booleans are lower-case, whole
    numbers have no decimals, objects and lists are compact JSON.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def template_view(
    person_id: int, person: str | None, email: str | None, attributes: Mapping[str, Any]
) -> dict[str, object]:
    """A person as templates and answers see them: attributes with the identifiers among them.

    Top-level scalars are text, as Customer.io keeps them (contract §1.7, §13.5); objects and lists stay
    what they are, so that a template can loop over them.
    """
    seen: dict[str, object] = {
        name: value if isinstance(value, dict | list) else attribute_text(value) for name, value in attributes.items()
    }
    if person is not None:
        seen["id"] = person
    if email is not None:
        seen["email"] = email
    seen["cio_id"] = cio_id(person_id)
    return seen


def view(person: Person) -> dict[str, object]:
    """`template_view` of a stored person."""
    return template_view(person.person_id, person.id, person.email, person.attributes)


def attribute_changed(person: Person, name: str) -> int:
    """Seconds of an attribute's last change; a topic may be changed by its own dotted name."""
    topics = f"{name}.topics."
    times = [at for key, at in person.changed.items() if key == name or key.startswith(topics)]
    return max(times, default=person.created_ms // 1_000)


def is_unsubscribed(attributes: Mapping[str, object]) -> bool:
    """Whether `unsubscribed` counts as true: "true" in any casing, 1 or "1" (contract §4)."""
    value = attributes.get("unsubscribed")
    return value is True or str(value).lower() in {"true", "1"}


def denies_tracking(attributes: Mapping[str, object]) -> bool:
    """Whether somebody said that we may not see what they open and follow."""
    return str(attributes.get(CONSENT)).lower() in {"false", "0"}


def check_attributes(changes: Mapping[str, Any]) -> None:
    """Bound one call's attributes (contract §1.6).

    Raises:
        InvalidRequest: naming the attribute that breaks a limit.
    """
    if len(changes) > MAX_ATTRIBUTES:
        raise InvalidRequest(f"more than {MAX_ATTRIBUTES} attributes in one call", "/attributes")
    for name, value in changes.items():
        pointer = f"/attributes/{name[:60]}"
        if not name.strip():
            raise InvalidRequest("an attribute needs a name", "/attributes")
        if len(name.encode()) > MAX_NAME_BYTES:
            raise InvalidRequest(f"the attribute name is longer than {MAX_NAME_BYTES} bytes", pointer)
        if isinstance(value, str) and len(value.encode()) > MAX_VALUE_BYTES:
            raise InvalidRequest(f"the value is longer than {MAX_VALUE_BYTES} bytes", pointer)
        if _deeper(value, MAX_NESTING):
            raise InvalidRequest(f"the value is nested deeper than {MAX_NESTING} levels", pointer)
        if isinstance(value, dict | list) and len(json.dumps(value).encode()) > MAX_NESTED_BYTES:
            raise InvalidRequest(f"the value is longer than {MAX_NESTED_BYTES} bytes", pointer)


def may_be_created_at(value: object) -> bool:
    """Whether `created_at` may be this; it is stored as it was sent, not computed with."""
    if isinstance(value, bool | list | dict):
        return False
    return not isinstance(value, int | float) or 0 <= value < _NO_TIME


def _deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in inner)


def merge(attributes: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes after a call: later values win, null and the empty string clear (contract §8.1).

    A dotted `cio_subscription_preferences.topics.x` key changes only that topic.

    Raises:
        InvalidRequest: the person would have more than 300 attributes.
    """
    merged = dict(attributes)
    for name, value in changes.items():
        if name.startswith("cio_subscription_preferences.topics."):
            preferences = merged.get("cio_subscription_preferences")
            preferences = preferences if isinstance(preferences, dict) else {}
            topics = preferences.get("topics")
            topics = dict(topics) if isinstance(topics, dict) else {}
            topics[name.removeprefix("cio_subscription_preferences.topics.")] = value
            merged["cio_subscription_preferences"] = {**preferences, "topics": topics}
        elif value is None or value == "":
            merged.pop(name, None)
        else:
            merged[name] = int(value) if isinstance(value, float) and value.is_integer() else value
    if len(merged) > MAX_ATTRIBUTES:
        raise InvalidRequest(f"a person has at most {MAX_ATTRIBUTES} attributes", "/attributes")
    return merged
