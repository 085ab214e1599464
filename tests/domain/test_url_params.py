# SPDX-License-Identifier: Apache-2.0
"""What URL parameters may be."""

import pytest

from clarion.domain.errors import InvalidRequest
from clarion.domain.url_params import parse, shape


def test_they_are_read_as_they_are_shown() -> None:
    params = (("utm_source", "shop"), ("utm_campaign", "{{ campaign.name }}"))
    assert parse(shape(params), "") == params
    assert parse(None, "") == ()


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ("utm", "/x"),
        ([{"name": f"n{no}", "value": "x"} for no in range(11)], "/x"),
        (["utm"], "/x/0"),
        ([{"name": "a", "value": "x", "more": 1}], "/x/0"),
        ([{"name": "a b", "value": "x"}], "/x/0/name"),
        ([{"name": "a", "value": "x"}, {"name": "a", "value": "y"}], "/x/1/name"),
        ([{"name": "a", "value": " "}], "/x/0/value"),
        ([{"name": "a", "value": 1}], "/x/0/value"),
    ],
)
def test_what_is_wrong_is_named(value: object, pointer: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(value, "/x")
    assert [problem.pointer for problem in caught.value.problems] == [pointer]
