# SPDX-License-Identifier: Apache-2.0
"""Date filters (contract §13.4). Nothing depends on the host's time zone: what has no zone is UTC."""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_to_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from liquid.undefined import is_undefined

from clarion.rendering.strftime import is_of_day, ordinal, strftime
from clarion.rendering.text import shown

_SECONDS = re.compile(r"-?\d{1,11}(\.\d+)?")
_MILLISECONDS = re.compile(r"\d{12,14}")
_DAY = 86_400  # seconds; Unix times have no others
_OFFSET = re.compile(r"-?\d{1,4}")
_RUBY = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?) (UTC|Z|[+-]\d\d:?\d\d)")
_WORDED = (
    "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y", "%d %B %Y", "%d %b %Y", "%Y/%m/%d", "%m/%d/%Y",
    "%A, %B %d, %Y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")


def moment_of(value: object) -> datetime | None:
    """The time a value means, with a zone; None when it is not a time.

    Unix times in seconds (12 to 14 digits: milliseconds), ISO 8601, RFC 5322, usual English forms, ``now``
    and ``today``. Nothing incomplete is guessed from the current date.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _from_unix(float(value) / 1000 if abs(value) >= 10**11 else value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text.isdecimal() and text.isascii() and len(text) <= 11:
        return _from_unix(int(text))
    if is_moving(text):
        return datetime.now(UTC)
    if _SECONDS.fullmatch(text):
        return _from_unix(float(text) if "." in text else int(text))
    if _MILLISECONDS.fullmatch(text):
        return _from_unix(int(text) / 1000)
    return _parsed(text)


def is_moving(value: object) -> bool:
    """Whether a value means another time at each use."""
    return isinstance(value, str) and ("now" in value or "today" in value) and value.strip() in ("now", "today")


def date_(value: object, pattern: object = "", zone: object = None) -> object:
    """`value` in the words of `pattern`, in UTC or in `zone`; a value that is no time is returned as it is.

    `zone` is an IANA name or minutes *behind* UTC (360 is UTC-6), contract §13.1. Raises ValueError for an
    unknown zone.
    """
    if zone is None and type(value) is str and type(pattern) is str and pattern and not is_moving(value):
        return _dated(value, pattern)
    if is_undefined(value) or value is None or value == "":
        return ""
    moment = moment_of(value)
    if moment is None:
        return shown(value)
    if zone is not None and not is_undefined(zone):
        moment = moment.astimezone(zone_of(zone))
    elif not isinstance(value, datetime):  # the `timezone` filter's result keeps its zone
        moment = moment.astimezone(UTC)
    if is_undefined(pattern) or not pattern:
        return shown(value)
    return strftime(moment, str(pattern))


def _dated(value: str, pattern: str) -> str:
    """A text as a date in UTC. Nearly everybody's seconds are another number, but days are few."""
    if value.isdecimal() and value.isascii() and len(value) <= 11 and is_of_day(pattern):
        return _on_day(int(value) // _DAY, pattern)
    return _read_and_dated(value, pattern)


@lru_cache(maxsize=8_192)
def _on_day(day: int, pattern: str) -> str:
    return strftime(datetime.fromtimestamp(day * _DAY, UTC), pattern)


@lru_cache(maxsize=8_192)
def _read_and_dated(value: str, pattern: str) -> str:
    if not value:
        return ""
    moment = moment_of(value)
    return value if moment is None else strftime(moment.astimezone(UTC), pattern)


def zone_of(zone: object) -> tzinfo:
    """The time zone named. Raises ValueError."""
    if isinstance(zone, int | float) or (isinstance(zone, str) and _OFFSET.fullmatch(zone.strip())):
        return timezone(-timedelta(minutes=float(zone)))
    name = str(zone)
    try:
        return UTC if name in ("UTC", "Z") else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone '{name}'") from None


def timezone_(value: object, zone: object) -> object:
    """Legacy: the time in `zone`, for the `date` filter that follows. Raises ValueError."""
    moment = moment_of(value)
    return shown(value) if moment is None else moment.astimezone(zone_of(zone))


def date_to_string(value: object, kind: object = "", style: object = "") -> object:
    """``07 Nov 2008``; with "ordinal" ``7th Nov 2008``, with "ordinal", "US" ``Nov 7th, 2008``."""
    return _worded(value, "%b", kind, style)


def date_to_long_string(value: object, kind: object = "", style: object = "") -> object:
    """``07 November 2008``; arguments as for `date_to_string`."""
    return _worded(value, "%B", kind, style)


def date_to_rfc822(value: object) -> object:
    """``Fri, 07 Nov 2008 13:07:54 +0000``."""
    return date_(value, "%a, %d %b %Y %H:%M:%S %z")


def date_to_xmlschema(value: object) -> object:
    """``2008-11-07T13:07:54+00:00``."""
    return date_(value, "%Y-%m-%dT%H:%M:%S%:z")


def shifted(unit: str, sign: int) -> Callable[[object, object], object]:
    """A filter that adds (`sign` 1) or takes away (-1) whole days, months or years.

    A Unix time stays a Unix time in seconds, anything else becomes a time for `date`. Months and years end on
    the last day of a shorter month. Raises ValueError for what is no time or no number.
    """

    def shift(value: object, amount: object = 1) -> object:
        moment = moment_of(value)
        if moment is None:
            raise ValueError(f"'{shown(value)}' is not a date")
        number = sign * int(float(shown(amount)))
        if unit == "day":
            moved = moment + timedelta(days=number)
        else:
            moved = _months_later(moment, number * (12 if unit == "year" else 1))
        if _is_unix(value):
            return int(moved.timestamp())
        return moved

    shift.__doc__ = f"The time so many {unit}s {'later' if sign > 0 else 'earlier'}."
    return shift


def _worded(value: object, month: str, kind: object, style: object) -> object:
    moment = moment_of(value)
    if moment is None or kind != "ordinal":
        return date_(value, f"%d {month} %Y")
    moment = moment if isinstance(value, datetime) else moment.astimezone(UTC)
    day = f"{moment.day}{ordinal(moment.day)}"
    return strftime(moment, f"{month} {day}, %Y" if style == "US" else f"{day} {month} %Y")


def _is_unix(value: object) -> bool:
    if isinstance(value, str):
        return bool(_SECONDS.fullmatch(value.strip()))
    return isinstance(value, int | float)


def _from_unix(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last_day))


@lru_cache(maxsize=4096)
def _parsed(text: str) -> datetime | None:
    if len(text) > 64:
        return None
    if match := _RUBY.fullmatch(text):
        text = match[1] + ("+00:00" if match[2] in ("UTC", "Z") else match[2])
    if text[:4].isdigit() and "-" in text:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            pass
        else:
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if "," in text[:5] or ":" in text:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, IndexError, TypeError):
            pass
        else:
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    for day in _WORDED:
        for time in _TIMES:
            try:
                return datetime.strptime(text, day + time).replace(tzinfo=UTC)
            except ValueError:
                continue
    return None
