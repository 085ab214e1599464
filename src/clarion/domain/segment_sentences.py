# SPDX-License-Identifier: Apache-2.0
"""The conditions of a data-driven segment read back as a sentence."""

from collections.abc import Mapping
from typing import NamedTuple, assert_never

from clarion.domain.segment_rules import (
    EventKind,
    Every,
    InSegment,
    Messaged,
    MessageMetric,
    Not,
    Operator,
    Performed,
    Rule,
    Some,
    Value,
)

_UNITS = (("week", 604_800_000), ("day", 86_400_000), ("hour", 3_600_000), ("minute", 60_000))
_VERBS = {
    EventKind.EVENT: ("performed", "did not perform"),
    EventKind.PAGE: ("viewed the page", "did not view the page"),
    EventKind.SCREEN: ("viewed the screen", "did not view the screen"),
}
# With and without the inverse.
_WORDS: dict[Operator, tuple[str, str]] = {
    Operator.EQ: ("is", "is not"),
    Operator.IN: ("is one of", "is none of"),
    Operator.CONTAINS: ("contains", "does not contain"),
    Operator.STARTS_WITH: ("begins with", "does not begin with"),
    Operator.ENDS_WITH: ("ends with", "does not end with"),
    Operator.GT: ("is above", "is not above"),
    Operator.GTE: ("is at least", "is not at least"),
    Operator.LT: ("is below", "is not below"),
    Operator.LTE: ("is at most", "is not at most"),
    Operator.IN_PAST: ("is within the last", "is not within the last"),
    Operator.IN_NEXT: ("is within the next", "is not within the next"),
}
_BECAME: dict[MessageMetric, tuple[str, str]] = {
    MessageMetric.SENT: ("was sent", "was not sent"),
    MessageMetric.FAILED: ("could not be sent", "had no failure of"),
    MessageMetric.DELIVERED: ("received", "did not receive"),
    MessageMetric.OPENED: ("opened", "did not open"),
    MessageMetric.HUMAN_OPENED: ("opened in person", "did not open in person"),
    MessageMetric.CLICKED: ("clicked in", "did not click in"),
    MessageMetric.HUMAN_CLICKED: ("clicked in person in", "did not click in person in"),
    MessageMetric.CONVERTED: ("converted by", "did not convert by"),
    MessageMetric.BOUNCED: ("bounced", "did not bounce"),
    MessageMetric.UNSUBSCRIBED: ("unsubscribed by", "did not unsubscribe by"),
    MessageMetric.SPAMMED: ("complained about", "did not complain about"),
}
_SHOWN = 5  # values of a list


def sentence(rule: Rule, segments: Mapping[int, str], broadcasts: Mapping[int, str] | None = None) -> str:
    """What the rule says; `segments` and `broadcasts` are names by number."""
    return _said(rule, _Names(segments, broadcasts or {}), inner=False)


class _Names(NamedTuple):
    segments: Mapping[int, str]
    broadcasts: Mapping[int, str]


def _said(rule: Rule, names: _Names, *, inner: bool) -> str:
    match rule:
        case Every(members) | Some(members):
            word = " and " if isinstance(rule, Every) else " or "
            text = word.join(_said(member, names, inner=True) for member in members)
            return f"({text})" if inner and len(members) > 1 else text
        case Not(member):
            return f"not {_said(member, names, inner=True)}"
        case InSegment(segment_id):
            return f"in {names.segments.get(segment_id) or f'segment {segment_id}'}"
        case Value():
            return _compared(rule)
        case Performed():
            return _performed(rule)
        case Messaged():
            return _messaged(rule, names.broadcasts)
        case _:
            assert_never(rule)


def _compared(rule: Value) -> str:
    if rule.operator is Operator.EXISTS:
        return f"{rule.name} is {'not ' if rule.inverse else ''}there"
    if rule.operator is Operator.LONGER_AGO:
        return f"{rule.name} is {'not ' if rule.inverse else ''}longer than {spoken(rule.period_ms)} ago"
    words = f"{rule.name} {_WORDS[rule.operator][rule.inverse]}"
    if rule.period_ms:
        return f"{words} {spoken(rule.period_ms)}"
    if not rule.texts:
        return f"{words} {rule.number:g}"
    shown = ", ".join(f"“{text}”" for text in rule.texts[:_SHOWN])
    more = len(rule.texts) - _SHOWN
    return f"{words} {shown}{f' and {more} more' if more > 0 else ''}"


def _performed(rule: Performed) -> str:
    least, most = rule.at_least, rule.at_most
    denied = rule.inverse is not (most == 0)  # not at most none is at least one
    times = ""
    if most == 0:
        times = ""
    elif most is None:
        times = "" if least == 1 else f" at least {least} times"
    elif least == most:
        times = f" exactly {_times(most)}"
    else:
        times = f" at most {_times(most)}" if least == 0 else f" {least} to {most} times"
    words = f"{_VERBS[rule.kind][denied]} {rule.name}{times}"
    if rule.where:
        words += f" where {' and '.join(_compared(one) for one in rule.where)}"
    return words if rule.within_ms is None else f"{words} within the last {spoken(rule.within_ms)}"


def _messaged(rule: Messaged, names: Mapping[int, str]) -> str:
    name = names.get(rule.broadcast_id) or f"broadcast {rule.broadcast_id}"
    action = "" if rule.action_id is None else f", action {rule.action_id},"
    words = f"{_BECAME[rule.metric][rule.inverse]} {name}{action}"
    return words if rule.within_ms is None else f"{words} within the last {spoken(rule.within_ms)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def spoken(period_ms: int) -> str:
    """A stretch of time in its largest whole unit, such as "30 days"."""
    for unit, ms in _UNITS:
        if period_ms % ms == 0:
            count = period_ms // ms
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{period_ms} ms"
