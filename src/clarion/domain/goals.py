# SPDX-License-Identifier: Apache-2.0
"""What a broadcast is to bring about, and when a person leaves it (contract §10). As it is set, stored and shown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeVar

from clarion.domain.errors import InvalidRequest, Problem

MAX_WINDOW_DAYS = 90
_MAX_NAME_BYTES = 100


class GoalKind(StrEnum):
    """Somebody performs an event, or comes into or out of a segment."""

    EVENT = "event"
    ENTERS_SEGMENT = "enters_segment"
    LEAVES_SEGMENT = "leaves_segment"


class CountedFrom(StrEnum):
    """What a message must have reached for the goal to count, and from when its window runs."""

    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"


class Exit(StrEnum):
    """When somebody leaves the broadcast early. All of it is performed at once, so nothing is left to leave."""

    NEVER = "never"
    GOAL = "goal"
    NO_LONGER_MATCHING = "no_longer_matching"


@dataclass(frozen=True, slots=True)
class Goal:
    """`event` and the property it must have (any value, for none), or `segment_id`; within `window_days` of
    `counted_from`; None: any time after it."""

    kind: GoalKind
    event: str = ""
    property_name: str = ""
    property_value: str = ""
    segment_id: int | None = None
    window_days: int | None = 7
    counted_from: CountedFrom = CountedFrom.SENT

    @property
    def subject(self) -> str:
        """What it is found by: the event's name, or the segment's number."""
        return self.event if self.kind is GoalKind.EVENT else str(self.segment_id)


def shape(goal: Goal | None) -> dict[str, Any] | None:
    """A goal as it is stored and shown; None for none."""
    return None if goal is None else asdict(goal)


def parse(value: object, pointer: str = "/goal") -> Goal | None:
    """A goal from JSON; null is none.

    Raises:
        InvalidRequest: every field that is wrong.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InvalidRequest("must be an object or null", pointer)
    reader = _Reader(value, pointer)
    kind = reader.word("kind", GoalKind, None)
    event, name, expected = (reader.text(field) for field in ("event", "property_name", "property_value"))
    of_segment = kind in {GoalKind.ENTERS_SEGMENT, GoalKind.LEAVES_SEGMENT}
    if kind is GoalKind.EVENT and not event:
        reader.fault("can not be blank", "event")
    segment_id = reader.number("segment_id", 2**53, None) if of_segment else None
    any_time = value.get("window_days", 0) is None
    days = None if any_time else reader.number("window_days", MAX_WINDOW_DAYS, 7)
    counted_from = reader.word("counted_from", CountedFrom, CountedFrom.SENT)
    reader.refuse()
    if kind is None or counted_from is None:
        raise AssertionError("each of them was refused")
    return Goal(kind, event, name, expected, segment_id, days, counted_from)


E = TypeVar("E", bound=StrEnum)


class _Reader:
    """Reads the fields of a goal; what is wrong is gathered."""

    def __init__(self, value: Mapping[Any, Any], pointer: str) -> None:
        self._value = value
        self._pointer = pointer
        self._problems: list[Problem] = []
        known = tuple(Goal.__dataclass_fields__)
        for key in value:
            if key not in known:
                self.fault(f"unknown key; known: {', '.join(known)}", str(key)[:60])

    def fault(self, detail: str, name: str) -> None:
        self._problems.append(Problem(detail, f"{self._pointer}/{name}"))

    def text(self, name: str) -> str:
        text = self._value.get(name, "")
        if not isinstance(text, str) or len(text.encode()) > _MAX_NAME_BYTES:
            self.fault(f"must be a string of at most {_MAX_NAME_BYTES} bytes", name)
            return ""
        return text.strip()

    def number(self, name: str, most: int, default: int | None) -> int | None:
        number = self._value.get(name, default)
        if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= most:
            return number
        self.fault(f"must be a whole number from 1 to {most}", name)
        return default

    def word(self, name: str, kind: type[E], default: E | None) -> E | None:
        word = self._value.get(name, default)
        words = [member.value for member in kind]
        if word in words:
            return kind(word)
        self.fault(f"must be one of {', '.join(words)}", name)
        return default

    def refuse(self) -> None:
        if self._problems:
            first, *more = self._problems
            raise InvalidRequest(first.detail, first.pointer, more=tuple(more))
