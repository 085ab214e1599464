# SPDX-License-Identifier: Apache-2.0
"""The conditions of a data-driven segment as values, and what they look at (docs/segments.md).

How they are written is in `segment_rule_parsing`, what they decide in `segment_deciding`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Operator(StrEnum):
    """How a value is compared. The last three are about times and change their answer by themselves."""

    EQ = "eq"
    IN = "in"
    EXISTS = "exists"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN_PAST = "in_past"
    LONGER_AGO = "longer_ago"
    IN_NEXT = "in_next"


NUMERIC = frozenset({Operator.GT, Operator.GTE, Operator.LT, Operator.LTE})
TIMED = frozenset({Operator.IN_PAST, Operator.LONGER_AGO, Operator.IN_NEXT})


class EventKind(StrEnum):
    """What kind of thing somebody did; the names of pages and screens are apart from those of events."""

    EVENT = "event"
    PAGE = "page"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True)
class Every:
    """Every member matches."""

    members: "tuple[Rule, ...]"


@dataclass(frozen=True, slots=True)
class Some:
    """At least one member matches."""

    members: "tuple[Rule, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The member does not match."""

    member: "Rule"


@dataclass(frozen=True, slots=True)
class InSegment:
    """The person is in another segment."""

    segment_id: int


@dataclass(frozen=True, slots=True)
class Value:
    """A value of this name compares so: an attribute of a person, or what an event carries.

    `texts`: what is looked for, several for `in`; `number` of numeric operators, `period_ms` of those about times.
    """

    name: str
    operator: Operator
    texts: tuple[str, ...] = ()
    number: float = 0.0
    period_ms: int = 0
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Performed:
    """Somebody did something, so many times, within a period until now; each time with these properties."""

    name: str
    kind: EventKind = EventKind.EVENT
    at_least: int = 1
    at_most: int | None = None
    within_ms: int | None = None
    where: tuple[Value, ...] = ()
    inverse: bool = False


class MessageMetric(StrEnum):
    """What may have become of a message, for a segment (contract §11)."""

    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    OPENED = "opened"
    HUMAN_OPENED = "human_opened"
    CLICKED = "clicked"
    HUMAN_CLICKED = "human_clicked"
    CONVERTED = "converted"
    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    SPAMMED = "spammed"


@dataclass(frozen=True, slots=True)
class Messaged:
    """A message of a broadcast, or of one of its actions, reached this metric, within a period until now."""

    broadcast_id: int
    metric: MessageMetric
    action_id: int | None = None
    within_ms: int | None = None
    inverse: bool = False


Rule = Every | Some | Not | InSegment | Value | Performed | Messaged


@dataclass(frozen=True, slots=True)
class Demand:
    """What of one event must be read to decide: how far back (None: all), how many of the newest (None: all of
    them), and whether with what they carry."""

    within_ms: int | None
    most: int | None
    with_data: bool

    def joined(self, other: "Demand") -> "Demand":
        """What serves both; the newest of a longer time hold the newest of a shorter one."""
        within = None if self.within_ms is None or other.within_ms is None else max(self.within_ms, other.within_ms)
        most = None if self.most is None or other.most is None else max(self.most, other.most)
        return Demand(within, most, self.with_data or other.with_data)


def leaves(rule: Rule) -> Iterator[Rule]:
    """Its conditions, without the groups that hold them."""
    waiting = [rule]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Every | Some):
            waiting.extend(reversed(one.members))
        elif isinstance(one, Not):
            waiting.append(one.member)
        else:
            yield one


def attribute_names(rule: Rule) -> frozenset[str]:
    """Every attribute it looks at, identifiers included."""
    return frozenset(one.name for one in leaves(rule) if isinstance(one, Value))


def segment_ids(rule: Rule) -> frozenset[int]:
    """Every segment it names."""
    return frozenset(one.segment_id for one in leaves(rule) if isinstance(one, InSegment))


def broadcast_ids(rule: Rule) -> frozenset[int]:
    """Every broadcast whose messages it looks at."""
    return frozenset(one.broadcast_id for one in leaves(rule) if isinstance(one, Messaged))


def event_names(rule: Rule) -> frozenset[tuple[EventKind, str]]:
    """Every event it looks at."""
    return frozenset((one.kind, one.name) for one in leaves(rule) if isinstance(one, Performed))


def demands(*rules: Rule) -> dict[tuple[EventKind, str], Demand]:
    """What must be read of each event to decide about all of these."""
    found: dict[tuple[EventKind, str], Demand] = {}
    for rule in rules:
        for one in leaves(rule):
            if isinstance(one, Performed):
                key, wanted = (one.kind, one.name), _demand(one)
                found[key] = found[key].joined(wanted) if key in found else wanted
    return found


def _demand(one: Performed) -> Demand:
    enough = one.at_least if one.at_most is None else max(one.at_least, one.at_most + 1)
    return Demand(one.within_ms, None if one.where else enough, bool(one.where))


def in_order(named: Mapping[int, frozenset[int]]) -> list[int]:
    """Segments, each behind those that it names; what is not a key of `named` is left out."""
    placed: dict[int, None] = {}
    waiting = sorted(named)
    while waiting:
        ready = [one for one in waiting if all(other in placed or other not in named for other in named[one])]
        placed |= dict.fromkeys(ready or waiting)  # a circle is refused before it is stored
        waiting = [one for one in waiting if one not in placed]
    return list(placed)


def circle(segment_id: int, named: Mapping[int, frozenset[int]]) -> list[int]:
    """The way from a segment over those that it names back to itself; empty where there is none."""
    came_from: dict[int, int] = {}
    waiting = [segment_id]
    while waiting:
        here = waiting.pop(0)
        for other in sorted(named.get(here, frozenset())):
            if other == segment_id:
                path = [here]
                while path[-1] != segment_id:
                    path.append(came_from[path[-1]])
                return [*reversed(path), segment_id]
            if other not in came_from:
                came_from[other] = here
                waiting.append(other)
    return []
