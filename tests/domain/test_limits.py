# SPDX-License-Identifier: Apache-2.0
"""Which messages would be one too many, and what a workspace may set."""

import pytest

from clarion.domain.errors import InvalidRequest
from clarion.domain.limits import MessageLimit, Wanted, parse, passing, shape


def test_the_first_ones_pass_and_each_person_counts_alone() -> None:
    wanted = [Wanted(1, 1, 7), Wanted(1, 1, 8), Wanted(1, 1, 9), Wanted(2, 2, 7)]
    fresh, over = passing(MessageLimit(2, 7), wanted, {1: 1}, set())
    assert fresh == [Wanted(1, 1, 7), Wanted(2, 2, 7)]
    assert over == {(1, 8), (1, 9)}


def test_another_attempt_is_no_other_message() -> None:
    wanted = [Wanted(1, 1, 7), Wanted(1, 1, 8)]
    assert passing(MessageLimit(1, 7), wanted, {1: 1}, {(1, 7)}) == ([], {(1, 8)})
    assert passing(MessageLimit(2, 7), wanted, {1: 1}, {(1, 7)}) == ([Wanted(1, 1, 8)], set())


def test_what_is_set_is_shown_and_said() -> None:
    assert shape(parse({"messages": 3, "days": 7})) == {"messages": 3, "days": 7}
    assert parse(None) is None
    assert shape(None) is None
    assert MessageLimit(3, 7).words == "3 messages within 7 days"
    assert MessageLimit(1, 1).words == "a message within a day"


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        (3, [""]),
        ({}, ["/messages", "/days"]),
        ({"messages": 0, "days": 31, "hours": 1}, ["/hours", "/messages", "/days"]),
        ({"messages": True, "days": "7"}, ["/messages", "/days"]),
    ],
)
def test_faults_are_named(value: object, pointers: list[str]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(value)
    found = [problem.pointer for problem in refused.value.problems]
    assert found == [f"/message_limit{pointer}" for pointer in pointers]
