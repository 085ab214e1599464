# SPDX-License-Identifier: Apache-2.0
"""Which shares of what was handed over stop a trigger, and what a workspace may set."""

import pytest

from clarion.domain.breakers import Breaker, Counted, counted, parse, shape, verdict
from clarion.domain.deliveries import Reason, State
from clarion.domain.errors import InvalidRequest


def test_what_is_counted() -> None:
    counts = {
        (State.SENT, ""): 90,
        (State.IN_DOUBT, Reason.NO_ANSWER.value): 1,
        (State.FAILED, Reason.INVALID_ADDRESS.value): 4,
        (State.FAILED, Reason.REFUSED.value): 3,
        (State.FAILED, Reason.GAVE_UP.value): 2,
        (State.FAILED, Reason.RENDER_FAILED.value): 50,  # never left
        (State.SKIPPED, Reason.UNSUBSCRIBED.value): 70,
        (State.QUEUED, ""): 1_000,
    }
    assert counted(counts, {"bounced": 6, "spammed": 1, "opened": 50}) == Counted(100, 10, 1, 5)


@pytest.mark.parametrize(
    ("breaker", "found", "expected"),
    [
        (Breaker(100, bounced=5), Counted(99, 99), None),
        (Breaker(100, bounced=5), Counted(100, 5), None),
        (Breaker(100, bounced=5), Counted(100, 6), "6 % of 100 messages bounced; 5 % is the limit"),
        (Breaker(100, spammed=0.3), Counted(1_000, 900, 4), "0.4 % of 1000 messages were marked as spam; 0.3 %"),
        (Breaker(100, failed=20), Counted(300, 0, 0, 100), "33.3 % of 300 messages were refused by the provider"),
        (Breaker(100, spammed=1, failed=20), Counted(300, 300, 0, 0), None),
    ],
)
def test_a_share_that_is_passed_stops_it(breaker: Breaker, found: Counted, expected: str | None) -> None:
    said = verdict(breaker, found)
    assert (said is None) == (expected is None)
    assert (said or "").startswith(expected or "")


def test_it_counts_from_where_it_was_stopped_last() -> None:
    assert Counted(500, 60, 2, 9).since(Counted(300, 60, 1, 0)) == Counted(200, 0, 1, 9)


def test_what_is_set_is_shown() -> None:
    assert shape(parse({"bounced": 5, "failed": None})) == {
        "after": 200,
        "bounced": 5,
        "spammed": None,
        "failed": None,
    }
    assert parse(None) is None
    assert shape(None) is None


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ([], [""]),
        ({}, [""]),
        ({"after": 5}, [""]),
        ({"after": 0, "bounced": 101, "spammed": True, "failed": "5", "other": 1}, [
            "/other", "/after", "/bounced", "/spammed", "/failed",
        ]),
        ({"bounced": 0}, ["/bounced"]),
    ],
)  # fmt: skip
def test_faults_are_named(value: object, pointers: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(value)
    assert [problem.pointer for problem in refused.value.problems] == [
        f"/circuit_breaker{pointer}" for pointer in pointers
    ]
