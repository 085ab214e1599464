# SPDX-License-Identifier: Apache-2.0
"""The buckets of metrics: Eastern Standard Time all year, weeks from Sunday, months from the 1st."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.series import HOUR_MS, MOST_STEPS, PERIODS, Period, edges, edges_between, start_of, steps_of


def hour(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 3_600


@pytest.mark.parametrize(
    ("period", "moment", "start"),
    [
        ("hours", "2026-07-15T04:59", "2026-07-15T04:00"),
        ("days", "2026-07-15T04:59", "2026-07-14T05:00"),  # in summer too
        ("days", "2026-07-15T05:00", "2026-07-15T05:00"),
        ("weeks", "2026-11-24T12:00", "2026-11-22T05:00"),  # a Tuesday
        ("weeks", "2026-11-22T04:00", "2026-11-15T05:00"),  # still Saturday there
        ("months", "2026-03-01T04:00", "2026-02-01T05:00"),
        ("months", "2026-12-31T23:00", "2026-12-01T05:00"),
    ],
)
def test_where_a_bucket_begins(period: Period, moment: str, start: str) -> None:
    assert start_of(period, hour(moment)) == hour(start)


@pytest.mark.hypothesis
@given(st.sampled_from(PERIODS), st.integers(0, 4_000_000_000_000), st.data())
def test_buckets_follow_each_other_and_hold_now(period: Period, now_ms: int, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, MOST_STEPS[period]))
    found = edges(period, steps, now_ms)
    assert len(found) == steps + 1
    assert found == sorted(set(found))
    assert found[-2] <= now_ms // HOUR_MS < found[-1]
    for start, end in pairwise(found):
        assert start_of(period, start) == start_of(period, end - 1) == start
        assert start_of(period, end) == end
    assert edges_between(period, found[0], found[-1] - 1, MOST_STEPS[period]) == found


@pytest.mark.parametrize(
    ("period", "asked", "steps"),
    [("days", None, 45), ("months", None, 12), ("months", 0, 121), ("days", 1, 2), ("weeks", 99, 12), ("hours", 5, 5)],
)
def test_how_many_steps(period: Period, asked: int | None, steps: int) -> None:
    assert steps_of(period, asked) == steps


@pytest.mark.parametrize(
    ("zone", "period", "moment", "start"),
    [
        ("Europe/Oslo", "days", "2026-07-15T12:00", "2026-07-14T22:00"),
        ("Europe/Oslo", "days", "2026-12-15T22:59", "2026-12-14T23:00"),
        ("Europe/Oslo", "weeks", "2026-10-26T12:00", "2026-10-24T22:00"),  # clocks changed on that Sunday
        ("Asia/Kolkata", "days", "2026-07-15T18:00", "2026-07-14T19:00"),  # midnight is at half past
        ("Pacific/Apia", "months", "2026-07-31T12:00", "2026-07-31T11:00"),
    ],
)
def test_where_a_bucket_begins_in_a_zone(zone: str, period: Period, moment: str, start: str) -> None:
    assert start_of(period, hour(moment), ZoneInfo(zone)) == hour(start)


@pytest.mark.hypothesis
@given(
    st.sampled_from(("Europe/Oslo", "Asia/Kathmandu", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Beirut")),
    st.sampled_from(PERIODS),
    st.integers(1_000_000_000_000, 4_000_000_000_000),
)
def test_buckets_of_a_zone_follow_each_other(zone: str, period: Period, now_ms: int) -> None:
    where = ZoneInfo(zone)
    found = edges(period, MOST_STEPS[period], now_ms, where)
    assert found[-2] <= now_ms // HOUR_MS < found[-1]
    for start, end in pairwise(found):
        assert start_of(period, start, where) == start_of(period, end - 1, where) == start
        assert start_of(period, end, where) == end
