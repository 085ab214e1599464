# SPDX-License-Identifier: Apache-2.0
"""The audience filter: parse, bound, and decide whether a person matches (contract §2.2).

Meaning lives here and nowhere else: SQL may narrow the candidates, `matches` decides.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, assert_never

from clarion.domain.errors import InvalidRequest
from clarion.domain.people import attribute_text

MAX_DEPTH = 32
MAX_NODES = 2_000


@dataclass(frozen=True, slots=True)
class And:
    """Every member matches."""

    members: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one member matches."""

    members: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The member does not match."""

    member: "Filter"


@dataclass(frozen=True, slots=True)
class InSegment:
    """The person is in the segment."""

    segment_id: int


@dataclass(frozen=True, slots=True)
class Equals:
    """The attribute's text equals `value`; a person without the attribute does not match."""

    name: str
    value: str
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Exists:
    """The person has the attribute with a value that is not empty."""

    name: str
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Everybody:
    """No condition."""


Filter = And | Or | Not | InSegment | Equals | Exists | Everybody

Predicate = Callable[[Mapping[str, object], Collection[int]], bool]
"""Whether a person with these attributes (id, email and cio_id among them) and segments matches."""

_ABSENT = (None, "")  # what `attribute_text` has no text for
_KEYS = ("and", "or", "not", "segment", "attribute")


def parse(value: object, pointer: str = "/recipients") -> Filter:
    """Read a filter object as it came over the wire.

    `pointer` is the JSON pointer of `value`, used to name the field in errors.

    Raises:
        InvalidRequest: unknown or several properties, wrong types, unknown operator, empty list, deeper
            than 32 levels or more than 2,000 conditions.
    """
    return _Parser().parse(value, pointer, 1)


class _Parser:
    def __init__(self) -> None:
        self.nodes = 0

    def parse(self, value: object, pointer: str, depth: int) -> Filter:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise InvalidRequest(f"the filter has more than {MAX_NODES} conditions", pointer)
        if depth > MAX_DEPTH:
            raise InvalidRequest(f"the filter is nested deeper than {MAX_DEPTH} levels", pointer)
        if not isinstance(value, dict):
            raise InvalidRequest("a filter must be an object", pointer)
        if not value:
            raise InvalidRequest(f"a filter needs one of {', '.join(_KEYS)}", pointer)
        unknown = [key for key in value if key not in _KEYS]
        if unknown:
            raise InvalidRequest(f'unknown key "{unknown[0]}" in a filter; known: {", ".join(_KEYS)}', pointer)
        if len(value) > 1:
            raise InvalidRequest(f"a filter takes one property, found {', '.join(value)}; nest them in and/or", pointer)
        key, inner = next(iter(value.items()))
        here = f"{pointer}/{key}"
        if key == "and":
            return And(self._members(inner, here, depth))
        if key == "or":
            return Or(self._members(inner, here, depth))
        if key == "not":
            return Not(self.parse(inner, here, depth + 1))
        if key == "segment":
            return _segment(inner, here)
        return _attribute(inner, here)

    def _members(self, value: object, pointer: str, depth: int) -> tuple[Filter, ...]:
        if not isinstance(value, list):
            raise InvalidRequest("must be a list of filters", pointer)
        if not value:
            raise InvalidRequest("must have at least one filter", pointer)
        return tuple(self.parse(item, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value))


def _segment(value: object, pointer: str) -> InSegment:
    if not isinstance(value, dict) or "id" not in value:
        raise InvalidRequest('must be an object with an "id"', pointer)
    _only(value, {"id"}, pointer)
    segment_id = value["id"]
    if isinstance(segment_id, str) and segment_id.isascii() and segment_id.isdigit() and len(segment_id) < 20:
        segment_id = int(segment_id)
    if isinstance(segment_id, bool) or not isinstance(segment_id, int):
        raise InvalidRequest("must be an integer", f"{pointer}/id")
    if not 0 < segment_id < 2**63:
        raise InvalidRequest("must be a positive integer", f"{pointer}/id")
    return InSegment(segment_id)


def _attribute(value: object, pointer: str) -> Equals | Exists:
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object", pointer)
    _only(value, {"field", "operator", "value", "inverse"}, pointer)
    name = value.get("field")
    if not isinstance(name, str) or not name:
        raise InvalidRequest("must be a non-empty string", f"{pointer}/field")
    inverse = value.get("inverse", False)
    if not isinstance(inverse, bool):
        raise InvalidRequest("must be true or false", f"{pointer}/inverse")
    operator = value.get("operator")
    if operator == "exists":
        return Exists(name, inverse)
    if operator != "eq":
        raise InvalidRequest('must be "eq" or "exists"', f"{pointer}/operator")
    if "value" not in value:
        raise InvalidRequest('"eq" needs a value', f"{pointer}/value")
    wanted = value["value"]
    if not isinstance(wanted, str | int | float | bool):
        raise InvalidRequest("must be a string, a number or a boolean", f"{pointer}/value")
    return Equals(name, attribute_text(wanted) or "", inverse)


def _only(value: dict[str, Any], known: set[str], pointer: str) -> None:
    for key in value:
        if key not in known:
            raise InvalidRequest(f'unknown key "{key}"; known: {", ".join(sorted(known))}', pointer)


def predicate(condition: Filter) -> Predicate:
    """The filter as one function, for deciding about many people: the tree is walked here, once."""
    match condition:
        case Everybody():
            return lambda _attributes, _segments: True
        case And(members):
            return _joined([predicate(member) for member in members], _both)
        case Or(members):
            return _joined([predicate(member) for member in members], _either)
        case Not(member):
            inner = predicate(member)
            return lambda attributes, segments: not inner(attributes, segments)
        case InSegment(segment_id):
            return lambda _attributes, segments: segment_id in segments
        case Equals() if condition.inverse:
            return predicate(Not(replace(condition, inverse=False)))
        case Equals(name, value):
            return _equals(name, value)
        case Exists() if condition.inverse:
            return predicate(Not(replace(condition, inverse=False)))
        case Exists(name):
            return lambda attributes, _segments: attributes.get(name) not in _ABSENT
        case _:
            assert_never(condition)


def _equals(name: str, wanted: str) -> Predicate:
    def equals(attributes: Mapping[str, object], _segments: Collection[int]) -> bool:
        value = attributes.get(name)
        if value.__class__ is str:
            return value == wanted != ""
        return attribute_text(value) == wanted

    return equals


def _both(one: Predicate, other: Predicate) -> Predicate:
    return lambda attributes, segments: one(attributes, segments) and other(attributes, segments)


def _either(one: Predicate, other: Predicate) -> Predicate:
    return lambda attributes, segments: one(attributes, segments) or other(attributes, segments)


def _joined(parts: list[Predicate], join: Callable[[Predicate, Predicate], Predicate]) -> Predicate:
    """Join from the middle: two thousand members are eleven calls deep, and in their order."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return join(_joined(parts[:middle], join), _joined(parts[middle:], join))


def matches(condition: Filter, attributes: Mapping[str, object], segments: Collection[int]) -> bool:
    """Whether a person with these attributes (id, email and cio_id among them) and segments matches."""
    return predicate(condition)(attributes, segments)


def attribute_names(condition: Filter) -> frozenset[str]:
    """Every attribute the filter looks at, identifiers included."""
    match condition:
        case And(members) | Or(members):
            return frozenset().union(*(attribute_names(member) for member in members))
        case Not(member):
            return attribute_names(member)
        case Equals(name) | Exists(name):
            return frozenset((name,))
        case InSegment() | Everybody():
            return frozenset()
        case _:
            assert_never(condition)


def segment_ids(condition: Filter) -> frozenset[int]:
    """Every segment the filter names."""
    match condition:
        case And(members) | Or(members):
            return frozenset().union(*(segment_ids(member) for member in members))
        case Not(member):
            return segment_ids(member)
        case InSegment(segment_id):
            return frozenset((segment_id,))
        case Equals() | Exists() | Everybody():
            return frozenset()
        case _:
            assert_never(condition)


def size(condition: Filter) -> int:
    """How many conditions the filter has: what deciding about one person costs."""
    match condition:
        case And(members) | Or(members):
            return sum(size(member) for member in members)
        case Not(member):
            return size(member)
        case _:
            return 1
