# SPDX-License-Identifier: Apache-2.0
"""The body of a call to our own API, read field by field: every fault is named, all of them at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from clarion.domain.errors import InvalidRequest, Problem

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


@dataclass(slots=True)
class Fields:
    """An object of the body, read field by field; faults are collected."""

    value: Mapping[str, Any]
    pointer: str = ""
    problems: list[Problem] = field(default_factory=list)

    def fault(self, detail: str, name: str = "") -> None:
        """Note a fault of the field."""
        self.problems.append(Problem(detail, f"{self.pointer}/{name}" if name else self.pointer))

    def only(self, known: Collection[str], told: Mapping[str, str] = MappingProxyType({})) -> None:
        """Every other key is a fault; `told`: why some of them are."""
        for key in self.value:
            if key not in known:
                # "~" and "/" have a meaning in a JSON pointer (RFC 6901 §3).
                shown = key[:60].replace("~", "~0").replace("/", "~1")
                self.fault(told.get(key) or f"unknown key; known: {', '.join(known) or 'none'}", shown)

    def text(self, name: str, before: str, most_bytes: int, *, blank: bool = True) -> str:
        """A string of at most `most_bytes` bytes."""
        value = self.value.get(name, before)
        if not isinstance(value, str):
            self.fault("must be a string", name)
        elif len(value.encode()) > most_bytes:
            self.fault(f"is longer than {most_bytes} bytes", name)
        elif not blank and not value.strip():
            self.fault("can not be blank", name)
        else:
            return value
        return before

    def flag(self, name: str, *, before: bool) -> bool:
        """True or false."""
        value = self.value.get(name, before)
        if not isinstance(value, bool):
            self.fault("must be true or false", name)
            return before
        return value

    def choice(self, name: str, before: E) -> E:
        """One word of a vocabulary."""
        value = self.value.get(name, before.value)
        kind = type(before)
        words = [member.value for member in kind]
        if value not in words:
            self.fault(f"must be one of {', '.join(words)}", name)
            return before
        return kind(value)

    def number(self, name: str, before: int | None) -> int | None:
        """A number, or null for none."""
        value = self.value.get(name, before)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53):
            return value
        self.fault("must be a number or null", name)
        return before

    def items(self, name: str, most: int) -> Sequence[object] | None:
        """A list of at most `most` items; None when it is absent or faulty."""
        if name not in self.value:
            return None
        value = self.value[name]
        if not isinstance(value, list):
            self.fault("must be a list", name)
        elif len(value) > most:
            self.fault(f"has more than {most} items", name)
        else:
            return value
        return None

    def below(self, value: object, name: str) -> "Fields":
        """An object inside this one; its faults are noted here."""
        pointer = f"{self.pointer}/{name}"
        if not isinstance(value, dict):
            self.problems.append(Problem("must be an object", pointer))
            value = {}
        return Fields(value, pointer, self.problems)

    def refuse(self) -> None:
        """Raises InvalidRequest naming everything that is wrong, if anything is."""
        if self.problems:
            first, *more = self.problems
            raise InvalidRequest(first.detail, first.pointer, more=tuple(more))


def in_order(wanted: Sequence[object], known: Mapping[Any, T], words: str, pointer: str) -> tuple[T, ...]:
    """What is known by some keys, in the order of these keys.

    Raises:
        InvalidRequest: `words`, at `pointer`: they are not each key once.
    """
    by_key = {repr(key): one for key, one in known.items()}  # True is not 1, and a list has no place among keys
    if sorted(map(repr, wanted)) != sorted(by_key):
        raise InvalidRequest(words, pointer)
    return tuple(by_key[repr(key)] for key in wanted)
