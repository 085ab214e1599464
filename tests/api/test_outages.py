# SPDX-License-Identifier: Apache-2.0
"""An outage of the database is logged once in a while, and each answer leads to a line of the log."""

import structlog

from clarion.api.outages import Outages
from clarion.domain.errors import Unavailable, UnknownOutcome


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_hundred_failed_calls_are_one_line_that_each_answer_names() -> None:
    clock = Clock()
    outages = Outages(clock)
    with structlog.testing.capture_logs() as lines:
        references = {outages.reference(Unavailable("database or disk is full")) for _ in range(100)}
    assert len(lines) == 1
    assert references == {lines[0]["reference"]}
    assert lines[0]["error"] == "database or disk is full"


def test_the_next_line_comes_after_ten_seconds_and_counts() -> None:
    clock = Clock()
    outages = Outages(clock)
    with structlog.testing.capture_logs() as lines:
        first = outages.reference(Unavailable("away"))
        clock.now += 9.9
        assert outages.reference(Unavailable("away")) == first
        clock.now += 0.2
        assert outages.reference(Unavailable("away")) != first
    assert [line.get("more_since_last") for line in lines] == [None, 1]


def test_calls_of_unknown_outcome_are_spoken_of_apart() -> None:
    outages = Outages(Clock())
    with structlog.testing.capture_logs() as lines:
        outages.reference(Unavailable("away"))
        outages.reference(UnknownOutcome("cut off in the commit"))
    assert [line["unknown"] for line in lines] == [False, True]
