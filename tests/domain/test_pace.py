# SPDX-License-Identifier: Apache-2.0
"""How many messages a rate grants, whoever asks and whenever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.pace import PERIODS_MS, Rate, bucket, spread

START_MS = 1_800_000_000_000
rates = st.builds(Rate, st.integers(1, 50_000), st.sampled_from(sorted(PERIODS_MS.values())))


@given(rates, st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 500)), min_size=1, max_size=40))
def test_never_more_than_the_rate_and_two_seconds_of_it(rate: Rate, asked: list[tuple[int, int]]) -> None:
    """In any window, whatever its askers: the rate times its length, and two seconds' worth."""
    next_us, now_ms, sent = 0, START_MS, []
    for pause_ms, most in asked:
        now_ms += pause_ms
        found = bucket(next_us, now_ms, rate.interval_us, most)
        taken = found.available if found.open else 0
        next_us, ready_ms = found.after(taken)
        sent.append((now_ms, taken))
        if taken == 0:
            assert ready_ms > now_ms
        again = bucket(next_us, max(now_ms, ready_ms), rate.interval_us, most)
        assert again.open, "a claim at the moment that was told finds a chunk"
    for first, (from_ms, _) in enumerate(sent):
        total = 0
        for at_ms, taken in sent[first:]:
            total += taken
            window_us = (at_ms - from_ms) * 1_000
            assert total <= window_us // rate.interval_us + max(1, 2_000_000 // rate.interval_us) + 1


@given(rates)
def test_what_is_asked_at_the_moments_told_is_the_rate(rate: Rate) -> None:
    next_us, now_ms, total = 0, START_MS, 0
    for _ in range(50):
        found = bucket(next_us, now_ms, rate.interval_us, 500)
        assert found.open
        total += found.available
        next_us, now_ms = found.after(found.available)
    span_us = (now_ms - START_MS) * 1_000
    if rate.interval_us >= 2_000:  # chunks of 500 at the moments told are slower than a rate above 500/s
        assert total >= span_us // rate.interval_us


@pytest.mark.parametrize(
    ("messages", "per", "wanted"), [(10, "day", 1), (1, "second", 1), (100, "second", 50), (60_000, "minute", 200)]
)
def test_a_chunk_is_half_a_second_worth_or_one(messages: int, per: str, wanted: int) -> None:
    found = bucket(0, START_MS, Rate(messages, PERIODS_MS[per]).interval_us, 200)
    assert (found.open, found.wanted) == (True, wanted)
    assert 1 <= found.available <= max(1, messages * 1_000 // PERIODS_MS[per])


def test_what_was_not_sent_goes_back() -> None:
    rate = Rate(10, PERIODS_MS["day"])
    first = bucket(0, START_MS, rate.interval_us, 500)
    next_us, ready_ms = first.after(1)
    assert ready_ms == START_MS + 8_640_000
    assert not bucket(next_us, START_MS, rate.interval_us, 500).open
    assert bucket(next_us - rate.interval_us, START_MS, rate.interval_us, 500).open


def test_a_person_with_many_actions_is_paid_for_later() -> None:
    rate = Rate(1, PERIODS_MS["second"])
    next_us, ready_ms = bucket(0, START_MS, rate.interval_us, 500).after(3)
    assert ready_ms == START_MS + 2_000
    assert not bucket(next_us, START_MS + 1_999, rate.interval_us, 500).open


@pytest.mark.parametrize(
    ("remaining", "seconds", "interval_us"), [(100, 10, 100_000), (0, 10, 10_000_000), (7, -5, None)]
)
def test_a_spread_is_the_rate_that_ends_in_time(remaining: int, seconds: int, interval_us: int | None) -> None:
    assert spread(remaining, START_MS, START_MS + seconds * 1_000) == interval_us
