# SPDX-License-Identifier: Apache-2.0
"""Number filters (contract §13.4): LiquidJS arithmetic on decimals, and Babel for what people read."""

import math
import random
import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from babel.core import Locale, UnknownLocaleError, get_global
from babel.numbers import (
    NumberPattern,
    format_currency,
    format_decimal,
    get_territory_currencies,
    parse_pattern,
)
from liquid.undefined import is_undefined

Number = int | float

_LARGEST = 10**300  # beyond it a float is infinite and an int is only good for using up memory


def number_of(value: object, default: Number | None = 0) -> Number:
    """`value` as a number; text that is not one counts as `default`. Raises ValueError when that is None."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        text = value.strip()
        try:
            return int(text)
        except ValueError:
            pass
        try:
            found = float(text)
        except ValueError:
            pass
        else:
            if math.isfinite(found):
                return found
    if default is None:
        raise ValueError(f"'{value}' is not a number")
    return default


def plus(value: object, other: object) -> Number:
    """Sum, exact for decimals: 0.1 + 0.2 is 0.3."""
    left, right = number_of(value), number_of(other)
    if isinstance(left, int) and isinstance(right, int):
        return _bounded(left + right)
    return float(Decimal(str(left)) + Decimal(str(right)))


def minus(value: object, other: object) -> Number:
    """Difference, exact for decimals."""
    left, right = number_of(value), number_of(other)
    if isinstance(left, int) and isinstance(right, int):
        return _bounded(left - right)
    return float(Decimal(str(left)) - Decimal(str(right)))


def times(value: object, other: object) -> Number:
    """Product; a whole result has no ``.0`` (contract §13.1)."""
    left, right = _bounded(number_of(value)), _bounded(number_of(other))
    if isinstance(left, int) and isinstance(right, int):
        return _bounded(left * right)
    return _without_zero(float(Decimal(str(left)) * Decimal(str(right))))


def divided_by(value: object, other: object, whole: object = False) -> Number:
    """Quotient as in LiquidJS: 5 by 2 is 2.5, a whole result has no ``.0``; `whole` true rounds down.

    Raises ZeroDivisionError.
    """
    left, right = number_of(value), number_of(other)
    if right == 0:
        raise ZeroDivisionError("can't divide by 0")
    if isinstance(left, int) and isinstance(right, int):
        return left // right if whole is True or left % right == 0 else left / right
    return math.floor(left / right) if whole is True else _without_zero(left / right)


def modulo(value: object, other: object) -> Number:
    """Remainder, never negative (contract §13.1). Raises ZeroDivisionError."""
    left, right = number_of(value), number_of(other)
    if right == 0:
        raise ZeroDivisionError("can't divide by 0")
    if isinstance(left, int) and isinstance(right, int):
        return left % abs(right)
    size = abs(Decimal(str(right)))
    rest = Decimal(str(left)) % size
    return float(rest + size if rest < 0 else rest)


def round_(value: object, digits: object = 0) -> Number:
    """Rounded half up to `digits` decimals."""
    number, places = number_of(value), int(number_of(digits))
    if isinstance(number, int):
        return 0 if places < 0 else number
    if places < 0:
        return 0
    rounded = Decimal(str(number)).quantize(Decimal(1).scaleb(-min(places, 20)), ROUND_HALF_UP)
    return int(rounded) if places == 0 else float(rounded)


def random_(value: object) -> int:
    """A whole number from 0 up to and without `value`. Raises ValueError below 1."""
    limit = int(number_of(value, default=None))
    if limit < 1:
        raise ValueError("needs a whole number above 0")
    return random.randrange(limit)  # noqa: S311 not a secret


def format_number(value: object, locale: object = "en") -> str:
    """With the separators of a locale: 10000 is ``10,000``. Raises ValueError for what is no number."""
    return format_decimal(_decimal(value), locale=locale_of(locale), decimal_quantization=False)


def currency(value: object, locale: object = "en", code: object = None) -> str:
    """An amount of money with two decimals (or what the currency has). Raises ValueError."""
    known = locale_of(locale)
    return str(format_currency(_decimal(value), _currency_of(known, code), locale=known))


def rounded_currency(value: object, locale: object = "en", code: object = None) -> str:
    """An amount of money without decimals. Raises ValueError."""
    known = locale_of(locale)
    pattern = _whole_pattern(known)
    whole = _decimal(value).quantize(Decimal(1), ROUND_HALF_UP)
    code = _currency_of(known, code)
    return str(pattern.apply(whole, known, currency=code, currency_digits=False))


def pluralize(value: object, singular: object, plural: object = None) -> str:
    """``3 items``: the number and the word for it. Without `plural` an s is added to `singular`."""
    number = number_of(value, default=None)
    many = f"{singular}s" if plural is None or is_undefined(plural) else str(plural)
    shown = int(number) if isinstance(number, float) and number.is_integer() else number
    return f"{shown} {singular if number == 1 else many}"


def locale_of(name: object) -> Locale:
    """The locale named (``fr``, ``en-GB``, ``pt_BR``). Raises ValueError."""
    return _locale(str(name) if name is not None and not is_undefined(name) else "en")


@lru_cache(maxsize=128)
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError(f"unknown locale '{name}'") from None


def _currency_of(locale: Locale, code: object) -> str:
    if code is not None and not is_undefined(code):
        return str(code).upper()
    return _home_currency(locale)


@lru_cache(maxsize=128)
def _whole_pattern(locale: Locale) -> NumberPattern:
    """The locale's pattern for money without its decimals."""
    return parse_pattern(re.sub(r"\.[0#]+", "", locale.currency_formats["standard"].pattern))


@lru_cache(maxsize=128)
def _home_currency(locale: Locale) -> str:
    territory = locale.territory
    if territory is None:
        likely = get_global("likely_subtags").get(str(locale), "en_Latn_US")
        territory = likely.rpartition("_")[2]
    found = get_territory_currencies(territory)
    return str(found[0]) if found else "USD"


def _decimal(value: object) -> Decimal:
    try:
        return Decimal(str(number_of(value, default=None)))
    except InvalidOperation:
        raise ValueError(f"'{value}' is not a number") from None


def _without_zero(number: float) -> Number:
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _bounded(number: Number) -> Number:
    if abs(number) > _LARGEST:
        raise OverflowError("the number is too large")
    return number
