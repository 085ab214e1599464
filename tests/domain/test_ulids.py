# SPDX-License-Identifier: Apache-2.0
"""ULIDs sort by their time."""

from clarion.domain.ulids import ulid


def test_a_ulid_begins_with_its_time_and_no_two_are_the_same() -> None:
    assert ulid(1_469_918_176_385).startswith("01ARYZ6S41")  # the example of the specification
    made = [ulid(at) for at in (0, 1, 31, 32, 10**12, 2**48 - 1)]
    assert made == sorted(made)
    assert {len(one) for one in made} == {26}
    at_once = [ulid(5) for _ in range(1_000)]
    assert at_once == sorted(set(at_once)), "those of one moment sort in the order they were made"
