# SPDX-License-Identifier: Apache-2.0
"""The rule of one entry, as an inline `per_user_data` element meets it."""

import json
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.entries import EntryValue, parse_entry


def nested(levels: int) -> object:
    """Objects in lists in objects …, `levels` containers deep."""
    value: object = 1
    for at in range(levels):
        value = [value] if at % 2 else {"k": value}
    return value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": "wiley"}, EntryValue("wiley", None, b"{}")),
        ({"email": "road@runner.net"}, EntryValue(None, "road@runner.net", b"{}")),
        ({"id": "a", "data": None}, EntryValue("a", None, b"{}")),
        ({"id": "a", "email": None}, EntryValue("a", None, b"{}")),
        ({"id": None, "email": "e@x"}, EntryValue(None, "e@x", b"{}")),
        ({"id": 7, "data": {"a": [1, 2.0, "ü"]}}, EntryValue("7", None, '{"a":[1,2.0,"ü"]}'.encode())),
        ({"id": 0}, EntryValue("0", None, b"{}")),
        ({"id": -3}, EntryValue("-3", None, b"{}")),
        ({"id": 10**40}, EntryValue("1" + "0" * 40, None, b"{}")),
        ({"id": "a", "data": {"s": "\\u0000"}}, EntryValue("a", None, rb'{"s":"\\u0000"}')),
        ({"id": "a", "data": {"n": 10**30}}, EntryValue("a", None, b'{"n":1' + b"0" * 30 + b"}")),
    ],
)
def test_good_entries(value: object, expected: EntryValue) -> None:
    assert parse_entry(value) == expected


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ([], "must be an object"),
        (None, "must be an object"),
        ("wiley", "must be an object"),
        ({}, "id or email is required"),
        ({"data": {}}, "id or email is required"),
        ({"id": None}, "id or email is required"),
        ({"id": ""}, "id or email is required"),
        ({"email": ""}, "id or email is required"),
        ({"id": "a", "email": "e@x"}, "give either id or email, not both"),
        ({"id": "", "email": "e@x"}, "give either id or email, not both"),
        ({"id": True}, "id must be a string or a number"),
        ({"id": 1.0}, "id must be a string or a number"),
        ({"id": ["a"]}, "id must be a string or a number"),
        ({"email": 5}, "email must be a string"),
        ({"email": False}, "email must be a string"),
        ({"id": "a", "data": []}, "data must be an object"),
        ({"id": "a", "data": False}, "data must be an object"),
        ({"id": "a", "data": {"x": "\ud800"}}, "invalid utf-8"),
        ({"id": "a", "dta": {}}, 'unknown key "dta"'),
        ({"id": "a", 'q"\0': 1}, r'unknown key "q\"\u0000"'),
        ({"id": "a", "\ud800": 1}, 'unknown key "?"'),
        ({"id": "a", "k" * 100: 1}, f'unknown key "{"k" * 64}…"'),
        ({"id": "a\0"}, "contains a NUL character"),
        ({"email": "\0"}, "contains a NUL character"),
        ({"id": "a", "data": {"x": "\0"}}, "contains a NUL character"),
        ({"id": "a", "data": {"x": [{"\0": 1}]}}, "contains a NUL character"),
        ({"id": "a", "data": {"x": [["b\0"]]}}, "contains a NUL character"),
    ],
)
def test_bad_entries(value: object, sentence: str) -> None:
    assert parse_entry(value) == sentence


def test_nesting_counts_the_entry_as_level_one() -> None:
    allowed, too_deep = {"k": nested(62)}, {"k": nested(63)}
    assert isinstance(parse_entry({"id": "a", "data": allowed}), EntryValue)
    assert parse_entry({"id": "a", "data": too_deep}) == "nested deeper than 64 levels"
    assert parse_entry({"id": "a", "data": {"k": nested(5000)}}) == "nested deeper than 64 levels"
    assert sys.getrecursionlimit() < 5000


def test_many_brackets_side_by_side_are_not_deep() -> None:
    data: dict[str, object] = {str(n): [{}] for n in range(200)}
    assert parse_entry({"id": "a", "data": data}) == EntryValue("a", None, msgspec.json.encode(data))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "email", "data"]) | st.text(), inner),
)


@given(json_values)
def test_any_json_value_gets_an_answer_without_nul(value: object) -> None:
    answer = parse_entry(value)
    if isinstance(answer, str):
        assert "\0" not in answer
    else:
        assert (answer.id is None) != (answer.email is None)
        assert b"\\u0000" not in answer.data.replace(rb"\\", b"")
        assert isinstance(json.loads(answer.data), dict)
