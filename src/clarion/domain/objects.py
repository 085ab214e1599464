# SPDX-License-Identifier: Apache-2.0
"""Objects, which people are related to: how they are named, and what is asked to be done (contract §8.1, §8.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from clarion.domain.people import Reference

PREFIX: Final = "ob"
MAX_RELATIONSHIPS: Final = 1_000  # in one call
MAX_ATTRIBUTES_BYTES: Final = 100_000


@dataclass(frozen=True, slots=True)
class ObjectName:
    """An object as a caller names it: by type and id, or by the number that we gave it."""

    type_id: str = ""
    object_id: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """One end of a relationship, and what is said of it; null attributes clear."""

    to: ObjectName | Reference
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relate:
    """Relate a person to objects, or no longer; unknown objects are made."""

    reference: Reference
    relations: tuple[Relation, ...]
    add: bool


@dataclass(frozen=True, slots=True)
class ChangeObject:
    """Create or change an object and its relationships; `delete` removes it, `add` False only relationships."""

    name: ObjectName
    attributes: Mapping[str, Any] = field(default_factory=dict)
    relations: tuple[Relation, ...] = ()
    add: bool = True
    delete: bool = False
    create: bool = True


def cio_object_id(number: int) -> str:
    """The public form of an object's number."""
    return f"{PREFIX}{number:010x}"


def number_of(cio: str) -> int | None:
    """The number behind a cio_object_id; None when it cannot be one."""
    text = cio.removeprefix(PREFIX)
    if text == cio or not 0 < len(text) <= 15 or any(c not in "0123456789abcdef" for c in text):
        return None
    return int(text, 16)
