# SPDX-License-Identifier: Apache-2.0
"""The buckets of metrics over time: hours, days, weeks and months, as Customer.io cuts them (contract §6).

Days begin at 00:00 Eastern Standard Time, which is UTC−5 all year, or in another zone that is asked for; weeks on
Sunday; months on the first. Moments are whole hours since 1970 in UTC, which is what counters are booked on: where a
zone's midnight lies between two of them, its day begins with the later one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal, get_args

Period = Literal["hours", "days", "weeks", "months"]
PERIODS: tuple[Period, ...] = get_args(Period)
MOST_STEPS: Mapping[Period, int] = {"hours": 24, "days": 45, "weeks": 12, "months": 121}
MONTHS_BY_DEFAULT = 12
LEAST_STEPS = 2
HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EST: tzinfo = timezone(timedelta(hours=-5))
_SUNDAY = 6  # datetime.weekday()


def steps_of(period: Period, asked: int | None) -> int:
    """How many steps a series has: two at least, and all there can be when 0 or none were asked for (contract §2.7).

    None means 12 of months.
    """
    most = MOST_STEPS[period]
    if asked is None:
        return MONTHS_BY_DEFAULT if period == "months" else most
    return min(max(asked, LEAST_STEPS), most) if asked else most


def start_of(period: Period, hour: int, zone: tzinfo = EST) -> int:
    """The hour in which the bucket of an hour begins."""
    if period == "hours":
        return hour
    local = (_EPOCH + timedelta(hours=hour)).astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, fold=0)
    if period == "weeks":
        day -= timedelta(days=(day.weekday() - _SUNDAY) % 7)
    elif period == "months":
        day = day.replace(day=1)
    return -((_EPOCH - day) // timedelta(hours=1))  # rounded up


def edges(period: Period, steps: int, now_ms: int, zone: tzinfo = EST) -> list[int]:
    """Where the last `steps` buckets begin, oldest first, and behind them where the running one ends."""
    first = start_of(period, now_ms // HOUR_MS, zone)
    found = [_next(period, first, zone), first]
    while len(found) <= steps:
        found.append(start_of(period, found[-1] - 1, zone))
    return found[::-1]


def edges_between(period: Period, start_hour: int, end_hour: int, most: int, zone: tzinfo = EST) -> list[int]:
    """The same from the bucket of one hour to that of another, at most `most` of them, from the end."""
    found = [_next(period, start_of(period, end_hour, zone), zone)]
    while len(found) <= most and (len(found) == 1 or found[-1] > start_hour):
        found.append(start_of(period, found[-1] - 1, zone))
    return found[::-1]


def _next(period: Period, start: int, zone: tzinfo) -> int:
    """Where the bucket behind begins; it is longer or shorter by an hour where clocks change."""
    return start_of(period, start + {"hours": 1, "days": 36, "weeks": 24 * 10, "months": 24 * 32}[period], zone)
