# SPDX-License-Identifier: Apache-2.0
"""How people are named, and what their attributes mean."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.errors import InvalidRequest, MalformedRequest
from clarion.domain.people import (
    MAX_NESTING,
    IdKind,
    Person,
    Reference,
    attribute_text,
    check_attributes,
    cio_id,
    email_key,
    infer,
    is_unsubscribed,
    merge,
    person_id_of,
    view,
)


@pytest.mark.parametrize(
    ("identifier", "kind", "value"),
    [
        ("wiley", IdKind.ID, "wiley"),
        ("007", IdKind.ID, "007"),
        ("+4915112345678", IdKind.ID, "+4915112345678"),
        ("a@x", IdKind.EMAIL, "a@x"),
        ("Ä.b+c@Example.COM", IdKind.EMAIL, "Ä.b+c@Example.COM"),
        ("@x", IdKind.ID, "@x"),
        ("a@", IdKind.ID, "a@"),
        ("a b@x", IdKind.ID, "a b@x"),
        ("cio_d9c106000001", IdKind.CIO_ID, "d9c106000001"),
        ("cio_a@x", IdKind.CIO_ID, "a@x"),
        ("CIO_1", IdKind.ID, "CIO_1"),
        ("é" * 75, IdKind.ID, "é" * 75),
    ],
)
def test_the_kind_of_an_identifier(identifier: str, kind: IdKind, value: str) -> None:
    assert infer(identifier) == Reference(kind, value)


@pytest.mark.parametrize(
    ("identifier", "words"), [("", "empty"), ("x" * 151, "150 bytes"), ("é" * 76, "150 bytes"), ("a\0", "NUL")]
)
def test_identifiers_that_are_refused(identifier: str, words: str) -> None:
    with pytest.raises(MalformedRequest, match=words) as refused:
        infer(identifier)
    assert refused.value.problems[0].pointer == "/identifier"


@given(st.integers(0, 2**59))
def test_cio_ids_lead_back(number: int) -> None:
    assert person_id_of(cio_id(number)) == person_id_of("cio_" + cio_id(number)) == number
    assert len(cio_id(number)) >= 12


@pytest.mark.parametrize("text", ["", "cio_", "xyz", "A3000001", "-1", "1 ", "0x1", "1_0", "f" * 16, "٣", "cio_cio_1"])
def test_what_is_no_cio_id(text: str) -> None:
    assert person_id_of(text) is None


def test_addresses_are_compared_without_case() -> None:
    assert email_key("Ä@X.com") == email_key("ä@x.COM")
    assert email_key("a@x") != email_key("b@x")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("", None),
        ("x", "x"),
        (" ", " "),
        ("True", "True"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-0.0, "0"),
        (10.0, "10"),
        (10.5, "10.5"),
        (1e3, "1000"),
        (1e22, "10000000000000000000000"),
        (1e-7, "1e-07"),
        (2**70, str(2**70)),
        ([], "[]"),
        ({}, "{}"),
        ({"b": [1, None, "ü"], "a": True}, '{"b":[1,null,"ü"],"a":true}'),
    ],
)
def test_attributes_as_text(value: object, text: str | None) -> None:
    assert attribute_text(value) == text


def test_a_person_as_filters_see_them() -> None:
    person = Person(2**40 + 1, "7", None, {"n": 1.0, "yes": True, "list": [1.0], "no": None}, {}, 0)
    assert view(person) == {
        "n": "1",
        "yes": "true",
        "list": [1.0],
        "no": None,
        "id": "7",
        "cio_id": "010000000001",
    }
    assert person.identifiers == {"email": None, "id": "7", "cio_id": "010000000001"}


@pytest.mark.parametrize(
    ("before", "changes", "after"),
    [
        ({}, {}, {}),
        ({"a": 1, "b": 2}, {"b": "3", "c": True}, {"a": 1, "b": "3", "c": True}),
        ({"a": 1, "b": 2, "c": 3}, {"a": None, "b": "", "d": None}, {"c": 3}),
        ({"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"y": 2}}),
        ({}, {"n": 10.0, "m": 1.5, "z": -0.0}, {"n": 10, "m": 1.5, "z": 0}),
        ({}, {"zero": 0, "no": False, "list": [], "space": " "}, {"zero": 0, "no": False, "list": [], "space": " "}),
        (
            {"cio_subscription_preferences": {"topics": {"topic_1": True}, "other": 5}},
            {"cio_subscription_preferences.topics.topic_2": False},
            {"cio_subscription_preferences": {"topics": {"topic_1": True, "topic_2": False}, "other": 5}},
        ),
        (
            {},
            {"cio_subscription_preferences.topics.topic_2": False},
            {"cio_subscription_preferences": {"topics": {"topic_2": False}}},
        ),
        (
            {"cio_subscription_preferences": {"topics": ["odd"]}},
            {"cio_subscription_preferences.topics.topic_2": True},
            {"cio_subscription_preferences": {"topics": {"topic_2": True}}},
        ),
        (
            {"cio_subscription_preferences": "odd"},
            {"cio_subscription_preferences.topics.topic_2": True},
            {"cio_subscription_preferences": {"topics": {"topic_2": True}}},
        ),
    ],
)
def test_merging(before: dict[str, Any], changes: dict[str, Any], after: dict[str, Any]) -> None:
    kept = repr(before)
    assert merge(before, changes) == after
    assert repr(before) == kept


def test_a_person_has_at_most_300_attributes() -> None:
    full = {f"a{n}": n for n in range(300)}
    assert len(merge(full, {"a0": 5})) == 300
    assert len(merge(full, {"a0": None, "new": 1})) == 300
    with pytest.raises(InvalidRequest, match="at most 300"):
        merge(full, {"new": 1})


@pytest.mark.parametrize("value", [True, "true", "TRUE", "tRuE", 1, "1"], ids=repr)
def test_unsubscribed(value: object) -> None:
    assert is_unsubscribed({"unsubscribed": value})


@pytest.mark.parametrize(
    "value", [False, "false", "", None, 0, "0", 2, "yes", "t", " true", "01", "1.0", [True], {"a": 1}], ids=repr
)
def test_not_unsubscribed(value: object) -> None:
    assert not is_unsubscribed({"unsubscribed": value})
    assert not is_unsubscribed({})


def lists(levels: int) -> object:
    value: object = 1
    for at in range(levels):
        value = [value] if at % 2 else {"k": value}
    return value


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {f"a{n}": n for n in range(300)},
        {"é" * 75: "x"},
        {"a": "é" * 500},
        {"a": ["x" * 90_000]},
        {"a": lists(MAX_NESTING)},
        {"a": None, "b": True, "c": 1.5},
    ],
)
def test_within_the_limits(changes: dict[str, Any]) -> None:
    check_attributes(changes)


@pytest.mark.parametrize(
    ("changes", "pointer", "words"),
    [
        ({f"a{n}": n for n in range(301)}, "/attributes", "more than 300 attributes"),
        ({"": 1}, "/attributes", "needs a name"),
        ({" ": 1}, "/attributes", "needs a name"),
        ({"é" * 76: 1}, "/attributes/" + "é" * 60, "longer than 150 bytes"),
        ({"ok": 1, "long": "é" * 501}, "/attributes/long", "longer than 1000 bytes"),
        ({"big": ["x" * 100_000]}, "/attributes/big", "longer than 100000 bytes"),
        ({"deep": lists(MAX_NESTING + 1)}, "/attributes/deep", "nested deeper than 32 levels"),
    ],
)
def test_beyond_the_limits(changes: dict[str, Any], pointer: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as refused:
        check_attributes(changes)
    assert refused.value.problems[0].pointer == pointer
