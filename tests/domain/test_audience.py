# SPDX-License-Identifier: Apache-2.0
"""The audience filter: what is read, what is refused and where, whom it means."""

from typing import Any

import pytest

from clarion.domain.audience import (
    MAX_DEPTH,
    MAX_NODES,
    And,
    Equals,
    Everybody,
    Exists,
    Filter,
    InSegment,
    Not,
    Or,
    matches,
    parse,
    segment_ids,
)
from clarion.domain.errors import InvalidRequest


def attribute(**parts: Any) -> dict[str, Any]:
    return {"attribute": {"field": "plan", "operator": "eq", "value": "gold", **parts}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"segment": {"id": 7}}, InSegment(7)),
        ({"segment": {"id": "7"}}, InSegment(7)),
        ({"segment": {"id": 2**63 - 1}}, InSegment(2**63 - 1)),
        (attribute(), Equals("plan", "gold")),
        (attribute(value=True), Equals("plan", "true")),
        (attribute(value=10), Equals("plan", "10")),
        (attribute(value=10.0), Equals("plan", "10")),
        (attribute(value=1.5), Equals("plan", "1.5")),
        (attribute(value=""), Equals("plan", "")),
        (attribute(inverse=True), Equals("plan", "gold", inverse=True)),
        ({"attribute": {"field": "plan", "operator": "exists"}}, Exists("plan")),
        ({"attribute": {"field": "plan", "operator": "exists", "value": "x", "inverse": True}}, Exists("plan", True)),
        ({"not": {"segment": {"id": 1}}}, Not(InSegment(1))),
        ({"and": [{"segment": {"id": 1}}, {"or": [attribute()]}]}, And((InSegment(1), Or((Equals("plan", "gold"),))))),
    ],
)
def test_read(value: object, expected: Filter) -> None:
    assert parse(value) == expected


@pytest.mark.parametrize(
    ("value", "pointer", "words"),
    [
        (None, "", "must be an object"),
        ([], "", "must be an object"),
        ("x", "", "must be an object"),
        ({}, "", "needs one of and, or, not, segment, attribute"),
        ({"AND": []}, "", 'unknown key "AND"'),
        ({"and": [], "or": []}, "", "found and, or"),
        ({"and": {}}, "/and", "list of filters"),
        ({"or": []}, "/or", "at least one"),
        ({"not": []}, "/not", "must be an object"),
        ({"not": {}}, "/not", "needs one of"),
        ({"and": [attribute(), {"not": {"segment": {"id": "x"}}}]}, "/and/1/not/segment/id", "integer"),
        ({"segment": 7}, "/segment", 'with an "id"'),
        ({"segment": {}}, "/segment", 'with an "id"'),
        ({"segment": {"id": 7, "name": "x"}}, "/segment", 'unknown key "name"'),
        ({"segment": {"id": True}}, "/segment/id", "integer"),
        ({"segment": {"id": 1.5}}, "/segment/id", "integer"),
        ({"segment": {"id": None}}, "/segment/id", "integer"),
        ({"segment": {"id": "٣"}}, "/segment/id", "integer"),
        ({"segment": {"id": "-1"}}, "/segment/id", "integer"),
        ({"segment": {"id": "9" * 5_000}}, "/segment/id", "integer"),
        ({"segment": {"id": 0}}, "/segment/id", "positive"),
        ({"segment": {"id": 2**63}}, "/segment/id", "positive"),
        ({"segment": {"id": "9" * 19}}, "/segment/id", "positive"),
        ({"attribute": []}, "/attribute", "must be an object"),
        (attribute(extra=1), "/attribute", 'unknown key "extra"'),
        (attribute(field=""), "/attribute/field", "non-empty string"),
        (attribute(field=None), "/attribute/field", "non-empty string"),
        (attribute(operator="gt"), "/attribute/operator", '"eq" or "exists"'),
        (attribute(operator=None), "/attribute/operator", '"eq" or "exists"'),
        (attribute(inverse="yes"), "/attribute/inverse", "true or false"),
        (attribute(value=None), "/attribute/value", "a string, a number or a boolean"),
        (attribute(value=["gold"]), "/attribute/value", "a string, a number or a boolean"),
        ({"attribute": {"field": "a", "operator": "eq"}}, "/attribute/value", "needs a value"),
    ],
)
def test_refused_with_its_place(value: object, pointer: str, words: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(value, "/filter")
    (problem,) = refused.value.problems
    assert problem.pointer == "/filter" + pointer
    assert words in problem.detail


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"segment": {"id": 1}}
    for at in range(levels - 1):
        value = {"not": value} if at % 2 else {"and": [value]}
    return value


def test_depth_is_bounded() -> None:
    parse(nested(MAX_DEPTH))
    with pytest.raises(InvalidRequest, match="nested deeper than 32") as refused:
        parse(nested(MAX_DEPTH + 1))
    assert refused.value.problems[0].pointer.startswith("/recipients/")
    with pytest.raises(InvalidRequest, match="nested deeper than 32"):
        parse(nested(500))


def test_size_is_bounded() -> None:
    parse({"or": [attribute()] * (MAX_NODES - 1)})
    with pytest.raises(InvalidRequest, match="more than 2000 conditions"):
        parse({"or": [attribute()] * MAX_NODES})


PERSON = {"plan": "gold", "n": 10, "yes": True, "none": None, "empty": "", "list": [1, "ü"], "id": "7", "zero": 0}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Everybody(), True),
        (Equals("plan", "gold"), True),
        (Equals("plan", "Gold"), False),
        (Equals("plan", "gold", inverse=True), False),
        (Equals("plan", "iron", inverse=True), True),
        (Equals("n", "10"), True),
        (Equals("n", "10.0"), False),
        (Equals("yes", "true"), True),
        (Equals("yes", "True"), False),
        (Equals("zero", "0"), True),
        (Equals("list", '[1,"ü"]'), True),
        (Equals("id", "7"), True),
        (Equals("missing", "x"), False),
        (Equals("missing", "x", inverse=True), True),
        (Equals("missing", ""), False),
        (Equals("empty", ""), False),
        (Equals("empty", "", inverse=True), True),
        (Exists("plan"), True),
        (Exists("zero"), True),
        (Exists("none"), False),
        (Exists("empty"), False),
        (Exists("missing"), False),
        (Exists("missing", inverse=True), True),
        (Exists("plan", inverse=True), False),
        (InSegment(4), True),
        (InSegment(5), False),
    ],
)
def test_whom_a_condition_means(condition: Filter, expected: bool) -> None:
    assert matches(condition, PERSON, {4}) is expected
    assert matches(Not(condition), PERSON, {4}) is not expected
    assert matches(Not(Not(condition)), PERSON, {4}) is expected


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
def test_and_and_or(first: bool, second: bool) -> None:
    members = tuple(Everybody() if member else Not(Everybody()) for member in (first, second))
    assert matches(And(members), {}, ()) is (first and second)
    assert matches(Or(members), {}, ()) is (first or second)


def test_segments_named() -> None:
    condition = And((InSegment(1), Not(Or((InSegment(2), Equals("a", "b"), InSegment(1)))), Exists("x"), Everybody()))
    assert segment_ids(condition) == {1, 2}
    assert segment_ids(Everybody()) == frozenset()
