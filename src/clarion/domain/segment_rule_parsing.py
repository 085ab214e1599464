# SPDX-License-Identifier: Apache-2.0
"""The conditions of a data-driven segment as they come over the wire: read, bounded, faults named by their place.

The shape is that of an audience filter (contract §2.2) with more operators, and with `event` beside `attribute`.
"""

import math
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from clarion.domain.errors import InvalidRequest
from clarion.domain.people import attribute_text
from clarion.domain.segment_rules import (
    NUMERIC,
    TIMED,
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

MAX_DEPTH = 32
MAX_CONDITIONS = 200
MAX_TIMES = 1_000
MAX_PERIOD_DAYS = 3_650
MAX_VALUES = 500
_MAX_TEXT_BYTES = 1_000
_KEYS = ("and", "or", "not", "segment", "attribute", "event", "message")
_UNITS = {"minutes": 60_000, "hours": 3_600_000, "days": 86_400_000, "weeks": 7 * 86_400_000}


def parse(value: object, pointer: str = "/conditions") -> Rule:
    """Read conditions; `pointer` is the JSON pointer of `value`, by which errors name the field.

    Raises:
        InvalidRequest: unknown or several properties, wrong types, deeper than 32 levels, more than 200 conditions.
    """
    return _Parser().parse(value, pointer, 1)


@lru_cache(maxsize=4_096)
def stored(text: str) -> Rule:
    """Conditions from the JSON that was stored of them."""
    return parse(msgspec.json.decode(text))


class _Parser:
    def __init__(self) -> None:
        self._conditions = 0

    def parse(self, value: object, pointer: str, depth: int) -> Rule:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise InvalidRequest(f"a segment has at most {MAX_CONDITIONS} conditions", pointer)
        if depth > MAX_DEPTH:
            raise InvalidRequest(f"the conditions are nested deeper than {MAX_DEPTH} levels", pointer)
        if not isinstance(value, dict):
            raise InvalidRequest("a condition must be an object", pointer)
        unknown = [key for key in value if key not in _KEYS]
        if unknown:
            known = ", ".join(_KEYS)
            raise InvalidRequest(f'unknown key "{unknown[0][:60]}" in a condition; known: {known}', pointer)
        if len(value) != 1:
            raise InvalidRequest(f"a condition has one of {', '.join(_KEYS)}; nest several in and/or", pointer)
        key, inner = next(iter(value.items()))
        here = f"{pointer}/{key}"
        match key:
            case "and":
                return Every(self._members(inner, here, depth))
            case "or":
                return Some(self._members(inner, here, depth))
            case "not":
                return Not(self.parse(inner, here, depth + 1))
            case "segment":
                return _segment(inner, here)
            case "attribute":
                return _value(inner, here, list(Operator))
            case "message":
                return _message(inner, here)
            case _:
                return self._event(inner, here)

    def _members(self, value: object, pointer: str, depth: int) -> tuple[Rule, ...]:
        if not isinstance(value, list):
            raise InvalidRequest("must be a list of conditions", pointer)
        if not value:
            raise InvalidRequest("must have at least one condition", pointer)
        return tuple(self.parse(item, f"{pointer}/{index}", depth + 1) for index, item in enumerate(value))

    def _event(self, value: object, pointer: str) -> Performed:
        given = _object(value, pointer, ("name", "type", "at_least", "at_most", "within", "where", "inverse"))
        name = _name(given.get("name"), f"{pointer}/name")
        kind = given.get("type", EventKind.EVENT.value)
        if kind not in list(EventKind):
            raise InvalidRequest(f"must be one of {', '.join(EventKind)}", f"{pointer}/type")
        at_most = _times(given, "at_most", None, pointer)
        at_least = _times(given, "at_least", 1 if at_most is None else 0, pointer)
        if at_least is None:
            raise InvalidRequest("must be a whole number", f"{pointer}/at_least")
        if at_least == 0 and at_most is None:
            raise InvalidRequest("at least 0 times is everybody; give at_most, or inverse", f"{pointer}/at_least")
        if at_most is not None and at_most < at_least:
            raise InvalidRequest("must not be below at_least", f"{pointer}/at_most")
        where = given.get("where", [])
        if not isinstance(where, list):
            raise InvalidRequest("must be a list of conditions on what the event carries", f"{pointer}/where")
        self._conditions += len(where)
        if self._conditions > MAX_CONDITIONS:
            raise InvalidRequest(f"a segment has at most {MAX_CONDITIONS} conditions", f"{pointer}/where")
        lasting = [one for one in Operator if one not in TIMED]
        return Performed(
            name,
            EventKind(str(kind)),
            at_least,
            at_most,
            period(given["within"], f"{pointer}/within") if given.get("within") is not None else None,
            tuple(_value(item, f"{pointer}/where/{no}", lasting) for no, item in enumerate(where)),
            _flag(given, pointer),
        )


def _object(value: object, pointer: str, known: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidRequest("must be an object", pointer)
    for key in value:
        if key not in known:
            raise InvalidRequest(f'unknown key "{key[:60]}"; known: {", ".join(known)}', pointer)
    return value


def _name(value: object, pointer: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequest("must be a non-empty string", pointer)
    if len(value.encode()) > _MAX_TEXT_BYTES or "\0" in value:
        raise InvalidRequest(f"must be at most {_MAX_TEXT_BYTES} bytes without a NUL character", pointer)
    return value


def _flag(given: Mapping[str, Any], pointer: str) -> bool:
    inverse = given.get("inverse", False)
    if not isinstance(inverse, bool):
        raise InvalidRequest("must be true or false", f"{pointer}/inverse")
    return inverse


def _times(given: Mapping[str, Any], key: str, default: int | None, pointer: str) -> int | None:
    value = given.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_TIMES:
        raise InvalidRequest(f"must be a whole number from 0 to {MAX_TIMES}", f"{pointer}/{key}")
    return value


def period(value: object, pointer: str) -> int:
    """A stretch of time such as ``{"days": 30}``, in milliseconds.

    Raises:
        InvalidRequest: another unit, several, or not a positive number; naming the field.
    """
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _UNITS:
        raise InvalidRequest(f"must be an object with one of {', '.join(_UNITS)}", pointer)
    unit, amount = next(iter(value.items()))
    most = MAX_PERIOD_DAYS * _UNITS["days"] // _UNITS[unit]
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= most:
        raise InvalidRequest(f"must be a whole number from 1 to {most}", f"{pointer}/{unit}")
    return amount * _UNITS[unit]


def _message(value: object, pointer: str) -> Messaged:
    given = _object(value, pointer, ("broadcast", "metric", "action", "within", "inverse"))
    metric = given.get("metric")
    if metric not in list(MessageMetric):
        raise InvalidRequest(f"must be one of {', '.join(MessageMetric)}", f"{pointer}/metric")
    return Messaged(
        _identified(given.get("broadcast"), f"{pointer}/broadcast"),
        MessageMetric(str(metric)),
        _identified(given["action"], f"{pointer}/action") if given.get("action") is not None else None,
        period(given["within"], f"{pointer}/within") if given.get("within") is not None else None,
        _flag(given, pointer),
    )


def _identified(value: object, pointer: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise InvalidRequest("must be a positive whole number", pointer)
    return value


def _segment(value: object, pointer: str) -> InSegment:
    return InSegment(_identified(_object(value, pointer, ("id",)).get("id"), f"{pointer}/id"))


def _value(value: object, pointer: str, operators: Collection[Operator]) -> Value:
    given = _object(value, pointer, ("field", "operator", "value", "inverse"))
    name, inverse = _name(given.get("field"), f"{pointer}/field"), _flag(given, pointer)
    word = given.get("operator")
    if word not in list(operators):
        raise InvalidRequest(f"must be one of {', '.join(operators)}", f"{pointer}/operator")
    operator, here = Operator(str(word)), f"{pointer}/value"
    if operator is Operator.EXISTS:
        if given.get("value") is not None:
            raise InvalidRequest("exists takes no value", here)
        return Value(name, operator, inverse=inverse)
    wanted = given.get("value")
    if wanted is None:
        raise InvalidRequest(f"{operator} needs a value", here)
    if operator in TIMED:
        return Value(name, operator, period_ms=period(wanted, here), inverse=inverse)
    if operator in NUMERIC:
        return Value(name, operator, number=_number(wanted, here), inverse=inverse)
    if operator is not Operator.IN:
        return Value(name, operator, (_text(wanted, here),), inverse=inverse)
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= MAX_VALUES:
        raise InvalidRequest(f"must be a list of 1 to {MAX_VALUES} values", here)
    texts = tuple(_text(one, f"{here}/{no}") for no, one in enumerate(wanted))
    return Value(name, operator, texts, inverse=inverse)


def _number(value: object, pointer: str) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise InvalidRequest("must be a number", pointer)
    return number


def _text(value: object, pointer: str) -> str:
    if not isinstance(value, str | int | float):
        raise InvalidRequest("must be a string, a number or a boolean", pointer)
    text = attribute_text(value)
    if not text:
        raise InvalidRequest("must not be empty: nobody has an empty value", pointer)
    if len(text.encode()) > _MAX_TEXT_BYTES or "\0" in text:
        raise InvalidRequest(f"must be at most {_MAX_TEXT_BYTES} bytes without a NUL character", pointer)
    return text
