# SPDX-License-Identifier: Apache-2.0
"""Whether somebody is in a data-driven segment, and when that may change though nothing happens.

A decision is a pair: yes or no, and the moment from which on it is to be asked again (`NEVER`: only when something of
the person changes). The tree is walked once, into one function, for deciding about many people.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, assert_never

from clarion.domain.people import attribute_text
from clarion.domain.segment_rules import (
    EventKind,
    Every,
    InSegment,
    Messaged,
    Not,
    Operator,
    Performed,
    Rule,
    Some,
    Value,
)

NEVER: Final = 2**62
_LATEST_SECONDS = 10**12  # thirty thousand years: beyond it is no time that somebody meant

Decision = tuple[bool, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of somebody: attributes with the identifiers among them, segments, what they did, newest first, as
    moments and what was carried; and by broadcast and metric the actions, with the last time of each."""

    attributes: Mapping[str, object]
    segments: set[int]
    events: Mapping[tuple[EventKind, str], Sequence[tuple[int, Mapping[str, Any]]]]
    messages: Mapping[tuple[int, str], Sequence[tuple[int, int]]]
    now_ms: int


Decide = Callable[[Facts], Decision]


def decider(rule: Rule) -> Decide:
    """The rule as one function."""
    match rule:
        case Every(members):
            return _joined([decider(member) for member in members], short=False)
        case Some(members):
            return _joined([decider(member) for member in members], short=True)
        case Not(member):
            return _turned(decider(member))
        case InSegment(segment_id):
            return lambda facts: (segment_id in facts.segments, NEVER)
        case Value():
            return _turned(_attribute(rule)) if rule.inverse else _attribute(rule)
        case Messaged():
            return _turned(_messaged(rule)) if rule.inverse else _messaged(rule)
        case Performed():
            return _turned(_performed(rule)) if rule.inverse else _performed(rule)
        case _:
            assert_never(rule)


def _turned(inner: Decide) -> Decide:
    def turned(facts: Facts) -> Decision:
        holds, due_ms = inner(facts)
        return not holds, due_ms

    return turned


def _joined(parts: Sequence[Decide], *, short: bool) -> Decide:
    """All of them (`short` False), or one of them (True). One that answers `short`, for good, decides alone."""

    def joined(facts: Facts) -> Decision:
        others_ms, short_ms = NEVER, -1
        for part in parts:
            holds, due_ms = part(facts)
            if holds is not short:
                others_ms = min(others_ms, due_ms)
            elif due_ms == NEVER:
                return short, NEVER
            else:
                short_ms = max(short_ms, due_ms)  # as long as one of them answers so, all of it does
        return (short, short_ms) if short_ms >= 0 else (not short, others_ms)

    return joined


def _attribute(rule: Value) -> Decide:
    name, period_ms = rule.name, rule.period_ms

    def in_past(facts: Facts) -> Decision:
        at_ms = moment_ms(inside(facts.attributes, name))
        if at_ms is None or at_ms <= facts.now_ms - period_ms:
            return False, NEVER
        return (False, at_ms) if at_ms > facts.now_ms else (True, at_ms + period_ms)

    def longer_ago(facts: Facts) -> Decision:
        at_ms = moment_ms(inside(facts.attributes, name))
        if at_ms is None:
            return False, NEVER
        return (False, at_ms + period_ms) if at_ms > facts.now_ms - period_ms else (True, NEVER)

    def in_next(facts: Facts) -> Decision:
        at_ms = moment_ms(inside(facts.attributes, name))
        if at_ms is None or at_ms <= facts.now_ms:
            return False, NEVER
        return (False, at_ms - period_ms) if at_ms > facts.now_ms + period_ms else (True, at_ms)

    match rule.operator:
        case Operator.IN_PAST:
            return in_past
        case Operator.LONGER_AGO:
            return longer_ago
        case Operator.IN_NEXT:
            return in_next
        case _:
            compares = comparison(rule)
            return lambda facts: (compares(inside(facts.attributes, name)), NEVER)


def _performed(rule: Performed) -> Decide:
    key, least, most, within = (rule.kind, rule.name), rule.at_least, rule.at_most, rule.within_ms
    tests = [(one.name, comparison(one), one.inverse) for one in rule.where]

    def fits(carried: Mapping[str, Any]) -> bool:
        return all(compares(inside(carried, name)) is not inverse for name, compares, inverse in tests)

    def performed(facts: Facts) -> Decision:
        since = -NEVER if within is None else facts.now_ms - within
        times = [at_ms for at_ms, carried in facts.events.get(key, ()) if at_ms > since and fits(carried)]
        too_many = most is not None and len(times) > most
        holds = len(times) >= least and not too_many
        if within is None or not (too_many or (holds and least)):
            return holds, NEVER
        # The one with which there are too many, or the last that is needed, gets too old.
        return holds, within + (times[most] if too_many and most is not None else times[least - 1])

    return performed


def _messaged(rule: Messaged) -> Decide:
    key, action, within = (rule.broadcast_id, rule.metric.value), rule.action_id, rule.within_ms

    def messaged(facts: Facts) -> Decision:
        times = [at_ms for number, at_ms in facts.messages.get(key, ()) if action in (None, number)]
        if within is None or not times:
            return bool(times), NEVER
        ends_ms = max(times) + within
        return (True, ends_ms) if ends_ms > facts.now_ms else (False, NEVER)

    return messaged


def inside(carried: Mapping[str, Any], name: str) -> object:
    """An attribute or a property by its name, or by its path (``cart.total``) where none is called so."""
    if name in carried:
        return carried[name]
    value: object = carried
    for part in name.split("."):
        if isinstance(value, list) and part.isdecimal() and len(part) < 10 and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Mapping) and part in value:
            value = value[part]
        else:
            return None
    return value


def moment_ms(value: object) -> int | None:
    """A time from an attribute, Unix milliseconds: Unix seconds as a number or as text, or ISO 8601."""
    seconds = number_of(value)
    if seconds is None and isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
            seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    return None if seconds is None or abs(seconds) > _LATEST_SECONDS else int(seconds * 1_000)


def number_of(value: object) -> float | None:
    """A number, or a text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < float("inf") else None  # NaN compares as false


_NUMERIC: dict[Operator, Callable[[float, float], bool]] = {
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
}


def comparison(rule: Value) -> Callable[[object], bool]:
    """How one value is compared, without the inverse. Texts count without their case where parts are looked for."""
    if (compares := _NUMERIC.get(rule.operator)) is not None:
        limit = rule.number

        def numeric(value: object) -> bool:
            number = number_of(value)
            return number is not None and compares(number, limit)

        return numeric
    if rule.operator is Operator.EXISTS:
        return lambda value: attribute_text(value) is not None
    if rule.operator in (Operator.EQ, Operator.IN):
        wanted = frozenset(rule.texts)
        return lambda value: attribute_text(value) in wanted
    return _parts(rule.operator, rule.texts[0])


def _parts(how: Operator, wanted: str) -> Callable[[object], bool]:
    key = wanted.casefold()

    def contains(value: object) -> bool:
        if isinstance(value, list):
            return any(attribute_text(one) == wanted for one in value)
        return key in (attribute_text(value) or "").casefold()

    def starts(value: object) -> bool:
        return (attribute_text(value) or "").casefold().startswith(key)

    def ends(value: object) -> bool:
        return (attribute_text(value) or "").casefold().endswith(key)

    match how:
        case Operator.CONTAINS:
            return contains
        case Operator.STARTS_WITH:
            return starts
        case Operator.ENDS_WITH:
            return ends
        case _:
            raise AssertionError(how)
