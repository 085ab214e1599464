# SPDX-License-Identifier: Apache-2.0
"""Permits of a rate limit: never before their time, never long after it, and never too many in any second."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.permits import LATE_SECONDS, Block, spacing_of


def test_permits_come_one_after_the_other() -> None:
    block = Block(start=100.0, count=3, spacing=2.0)
    assert not block.take(99.9)
    assert [block.take(at) for at in (100.0, 100.0, 101.9, 102.0, 104.0, 106.0)] == [
        True,
        False,
        False,
        True,
        True,
        False,
    ]
    assert (block.used, block.next_at(106.0)) == (3, None)


def test_one_that_is_late_is_void_and_the_next_keeps_its_time() -> None:
    block = Block(start=100.0, count=4, spacing=1.0)
    assert not block.take(100.5)
    assert block.next_at(100.5) == 101.0
    assert block.take(101.0 + LATE_SECONDS * 0.9)
    assert block.next_at(103.5) is None
    assert (block.used, block.passed) == (1, 4)


def test_with_patience_the_rest_moves_back() -> None:
    block = Block(start=100.0, count=2, spacing=1.0, patience=0.5)
    assert block.end == 102.5
    assert block.take(100.4)
    assert block.end == pytest.approx(102.5)
    assert block.next_at(100.5) == pytest.approx(101.4 - LATE_SECONDS)
    assert block.next_at(101.6) is None, "what patience was left does not reach"


@given(st.integers(0, 10**6), st.sampled_from([1.0, 7.5, 100.0, 500.0]), st.sampled_from([0.0, 0.004, 0.05, 0.6]))
def test_no_second_sees_more_than_the_limit(seed: int, per_second: float, hitch: float) -> None:
    """Processes that take blocks in turn, each of which looks again at odd moments, up to `hitch` seconds apart."""
    dice, spacing, following = Random(seed), spacing_of(per_second), 0.0
    handed: list[float] = []
    while following < 3:
        patience = dice.choice((0.0, 0.0, 0.3)) if hitch > LATE_SECONDS else 0.0
        block = Block(following, dice.randint(1, max(1, int(0.1 / spacing))), spacing, patience)
        following = block.end
        now = block.start - dice.random() * hitch
        while (at := block.next_at(now)) is not None:
            now = max(now, at) + dice.random() * hitch
            while block.take(now):
                handed.append(now)
    handed.sort()
    most = int(per_second)
    assert all(later - earlier > 1 for earlier, later in zip(handed, handed[most + 1 :], strict=False))
    assert hitch > LATE_SECONDS or len(handed) >= 2.5 / spacing - 2, "who comes in time gets nearly all"
