# SPDX-License-Identifier: Apache-2.0
"""What a caller can ask to be done with a person (contract §8); `pipeline.identify` does it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clarion.domain.objects import ChangeObject, Relate
from clarion.domain.people import Device, Reference

MAX_EVENT_NAME_BYTES = 100
MAX_EVENT_DATA_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Identify:
    """Create or update a person.

    `attributes` holds neither identifiers nor instructions. `id` and `email` are those of the body: None when
    not mentioned, "" to clear. `at` is the call's `_timestamp` in Unix seconds. `relate`: objects that the same
    call relates them to.
    """

    reference: Reference
    attributes: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    email: str | None = None
    update_only: bool = False
    at: int | None = None
    anonymous_id: str | None = None
    relate: Relate | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a person; a later identify makes a new one."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Suppress:
    """Remove a person and block their identifiers; of an unknown person, block the one named."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Unsuppress:
    """Free the identifier named."""

    reference: Reference


@dataclass(frozen=True, slots=True)
class Event:
    """Something a person did. `event_id` makes repeats one event; `at` is Unix seconds, None for now."""

    reference: Reference
    kind: str
    name: str
    data: dict[str, Any]
    event_id: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class AddDevice:
    """Add or replace a device."""

    reference: Reference
    device: Device


@dataclass(frozen=True, slots=True)
class DeleteDevice:
    """Remove a device."""

    reference: Reference
    token: str


@dataclass(frozen=True, slots=True)
class AnonymousEvent:
    """Something that somebody did who may become known by this `anonymous_id`; "" when they will not."""

    anonymous_id: str
    kind: str
    name: str
    data: dict[str, Any]
    event_id: str | None = None
    at: int | None = None


@dataclass(frozen=True, slots=True)
class Merge:
    """Two people are one: the first stays, the second goes (contract §8.5)."""

    reference: Reference
    secondary: Reference


Operation = Identify | Delete | Suppress | Unsuppress | Event | AddDevice | DeleteDevice | Merge | Relate | ChangeObject
