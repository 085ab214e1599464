# SPDX-License-Identifier: Apache-2.0
"""Conditions of data-driven segments: what is refused and where, what they decide, until when, how they are said."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.errors import InvalidRequest
from clarion.domain.segment_deciding import NEVER, Facts, decider, moment_ms
from clarion.domain.segment_rule_parsing import parse
from clarion.domain.segment_rules import Demand, EventKind, circle, demands, in_order
from clarion.domain.segment_sentences import sentence

DAY, NOW = 86_400_000, 1_000 * 86_400_000


def attribute(field: str, operator: str, value: object = None, **more: object) -> dict[str, Any]:
    return {
        "attribute": {"field": field, "operator": operator, **({"value": value} if value is not None else {}), **more}
    }


def event(name: str, **more: object) -> dict[str, Any]:
    return {"event": {"name": name, **more}}


def facts(
    attributes: Mapping[str, object] | None = None,
    events: Mapping[str, list[tuple[int, dict[str, Any]]]] | None = None,
    segments: frozenset[int] = frozenset(),
    now_ms: int = NOW,
    messages: Mapping[tuple[int, str], list[tuple[int, int]]] | None = None,
) -> Facts:
    found = {(EventKind.EVENT, name): done for name, done in (events or {}).items()}
    return Facts(attributes or {}, set(segments), found, messages or {}, now_ms)


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ([], ""),
        ({}, ""),
        ({"near": 1}, ""),
        ({"and": [], "or": []}, ""),
        ({"and": {}}, "/and"),
        ({"or": []}, "/or"),
        ({"and": [{"not": 1}]}, "/and/0/not"),
        ({"segment": {"id": "7"}}, "/segment/id"),
        ({"segment": {"id": 7, "name": "x"}}, "/segment"),
        (attribute("", "eq", 1), "/attribute/field"),
        (attribute("a\0", "eq", 1), "/attribute/field"),
        (attribute("a", "like", 1), "/attribute/operator"),
        (attribute("a", "eq"), "/attribute/value"),
        (attribute("a", "eq", ""), "/attribute/value"),
        (attribute("a", "eq", ["x"]), "/attribute/value"),
        (attribute("a", "exists", "x"), "/attribute/value"),
        (attribute("a", "gt", "many"), "/attribute/value"),
        (attribute("a", "gt", True), "/attribute/value"),
        (attribute("a", "lt", "1e999"), "/attribute/value"),
        (attribute("a", "in", []), "/attribute/value"),
        (attribute("a", "in", ["x", None]), "/attribute/value/1"),
        (attribute("a", "in_past", 30), "/attribute/value"),
        (attribute("a", "in_past", {"years": 1}), "/attribute/value"),
        (attribute("a", "in_past", {"days": 0}), "/attribute/value/days"),
        (attribute("a", "in_next", {"days": 3_651}), "/attribute/value/days"),
        (attribute("a", "eq", 1, inverse=1), "/attribute/inverse"),
        (event(" "), "/event/name"),
        (event("buy", type="click"), "/event/type"),
        (event("buy", at_least=-1), "/event/at_least"),
        (event("buy", at_least=0), "/event/at_least"),
        (event("buy", at_least=True), "/event/at_least"),
        (event("buy", at_least=3, at_most=2), "/event/at_most"),
        (event("buy", within={"days": 1.5}), "/event/within/days"),
        (event("buy", where={}), "/event/where"),
        (event("buy", where=[{"field": "at", "operator": "in_past", "value": {"days": 1}}]), "/event/where/0/operator"),
        (event("buy", times=3), "/event"),
        ({"message": {"metric": "sent"}}, "/message/broadcast"),
        ({"message": {"broadcast": 7, "metric": "seen"}}, "/message/metric"),
        ({"message": {"broadcast": 7, "metric": "sent", "action": "x"}}, "/message/action"),
        ({"message": {"broadcast": 7, "metric": "sent", "within": 3}}, "/message/within"),
        ({"or": [attribute("a", "exists")] * 201}, "/or/199"),
    ],
)
def test_faults_are_named_by_their_place(value: object, pointer: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(value)
    assert refused.value.problems[0].pointer == f"/conditions{pointer}"


def test_depth_and_conditions_of_events_are_bounded() -> None:
    deep: dict[str, Any] = attribute("a", "exists")
    for _ in range(31):
        deep = {"not": deep}
    parse(deep)
    with pytest.raises(InvalidRequest, match="32 levels"):
        parse({"not": deep})
    with pytest.raises(InvalidRequest, match="at most 200"):
        parse(event("buy", where=[{"field": "x", "operator": "exists"}] * 200))


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        (("eq", "pro"), ["pro"], ["Pro", "", None, ["pro"]]),
        (("eq", 10), [10, "10", 10.0], ["10.0", 11]),
        (("eq", True), [True, "true"], [1, "True"]),
        (("in", ["a", 2]), ["a", 2, "2"], ["A", "", None]),
        (("exists",), ["x", 0, False, []], ["", None]),
        (("contains", "Berlin"), ["east berlin", ["x", "Berlin"]], ["Bern", ["berlin"], None]),
        (("starts_with", "A"), ["ada"], ["bada", None]),
        (("ends_with", "@X.test"), ["a@x.test"], ["a@x.test.com", None]),
        (("gt", 10), [11, "10.5", 1e300], [10, "ten", True, None, "nan", [11]]),
        (("gte", "10"), [10, "10"], [9]),
        (("lt", 0), [-1, "-0.5"], [0, None]),
        (("lte", 0), [0], [0.1, ""]),
    ],
)
def test_each_operator_and_its_inverse(condition: tuple[Any, ...], yes: list[object], no: list[object]) -> None:
    decide = decider(parse(attribute("a", *condition)))
    inverse = decider(parse(attribute("a", *condition, inverse=True)))
    for value in yes:
        assert decide(facts({"a": value})) == (True, NEVER), value
        assert inverse(facts({"a": value})) == (False, NEVER), value
    for value in no:
        assert decide(facts({"a": value})) == (False, NEVER), value
        assert inverse(facts({"a": value})) == (True, NEVER), value


@pytest.mark.parametrize(
    ("operator", "age_days", "expected"),
    [
        ("in_past", -2, (False, 2)),
        ("in_past", 0, (True, 30)),
        ("in_past", 29, (True, 1)),
        ("in_past", 30, (False, None)),
        ("longer_ago", 29, (False, 1)),
        ("longer_ago", 30, (True, None)),
        ("in_next", -31, (False, 1)),
        ("in_next", -30, (True, 30)),
        ("in_next", -1, (True, 1)),
        ("in_next", 0, (False, None)),
    ],
)
def test_times_answer_until_they_change(operator: str, age_days: int, expected: tuple[bool, int | None]) -> None:
    decide = decider(parse(attribute("at", operator, {"days": 30})))
    holds, due_days = expected
    due_ms = NEVER if due_days is None else NOW + due_days * DAY
    assert decide(facts({"at": (NOW - age_days * DAY) // 1_000})) == (holds, due_ms)


def test_moments_are_seconds_or_iso() -> None:
    assert (
        moment_ms(86_400) == moment_ms("86400") == moment_ms("1970-01-02") == moment_ms("1970-01-02T01:00+01:00") == DAY
    )
    assert [moment_ms(value) for value in (None, "", "soon", True, "9" * 40, 10**13, [1])] == [None] * 7


def done(*days_ago: int, **carried: object) -> list[tuple[int, dict[str, Any]]]:
    return [(NOW - days * DAY, dict(carried)) for days in days_ago]


@pytest.mark.parametrize(
    ("condition", "days_ago", "expected"),
    [
        ({}, (), (False, None)),
        ({}, (400,), (True, None)),
        ({"inverse": True}, (), (True, None)),
        ({"within": {"days": 30}}, (40,), (False, None)),
        ({"within": {"days": 30}}, (10, 40), (True, 20)),
        ({"within": {"days": 30}, "inverse": True}, (10,), (False, 20)),
        ({"within": {"days": 30}, "at_least": 2}, (1, 10, 20), (True, 20)),
        ({"within": {"days": 30}, "at_least": 4}, (1, 10, 20), (False, None)),
        ({"within": {"days": 30}, "at_most": 1}, (1, 10, 20), (False, 20)),
        ({"within": {"days": 30}, "at_most": 2}, (1, 10), (True, None)),
        ({"within": {"days": 30}, "at_least": 2, "at_most": 2}, (1, 10), (True, 20)),
        ({"at_most": 0}, (1,), (False, None)),
    ],
)
def test_events_count_within_their_time(
    condition: dict[str, Any], days_ago: tuple[int, ...], expected: tuple[bool, int | None]
) -> None:
    holds, due_days = expected
    due_ms = NEVER if due_days is None else NOW + due_days * DAY
    assert decider(parse(event("buy", **condition)))(facts(events={"buy": done(*days_ago)})) == (holds, due_ms)


def test_what_an_event_carries_decides_by_name_or_by_path() -> None:
    big = decider(parse(event("buy", where=[{"field": "cart.total", "operator": "gte", "value": 100}])))
    for carried, holds in (
        ({"cart": {"total": 100}}, True),
        ({"cart.total": 120}, True),
        ({"cart": [{"total": 100}]}, False),
        ({}, False),
    ):
        assert big(facts(events={"buy": [(NOW, carried)]}))[0] is holds, carried
    not_gift = decider(parse(event("buy", where=[{"field": "gift", "operator": "eq", "value": True, "inverse": True}])))
    assert not_gift(facts(events={"buy": done(1)}))[0]
    assert not not_gift(facts(events={"buy": done(1, gift=True)}))[0]


def test_what_cannot_change_the_answer_is_not_waited_for() -> None:
    recent, gone = event("buy", within={"days": 30}), attribute("plan", "eq", "pro")
    both, either = decider(parse({"and": [recent, gone]})), decider(parse({"or": [recent, gone]}))
    bought = {"buy": done(10)}
    assert both(facts({}, bought)) == (False, NEVER)
    assert both(facts({"plan": "pro"}, bought)) == (True, NOW + 20 * DAY)
    assert either(facts({"plan": "pro"}, bought)) == (True, NEVER)
    assert either(facts({}, bought)) == (True, NOW + 20 * DAY)


leaf = st.one_of(
    st.builds(lambda n: attribute("plan", "eq", n), st.sampled_from(["a", "b"])),
    st.builds(
        lambda op, days, inv: attribute("at", op, {"days": days}, inverse=inv),
        st.sampled_from(["in_past", "longer_ago", "in_next"]),
        st.integers(1, 5),
        st.booleans(),
    ),
    st.builds(
        lambda least, more, days, inv: event(
            "buy", at_least=least, at_most=least + more, within={"days": days}, inverse=inv
        ),
        st.integers(0, 3),
        st.integers(0, 2),
        st.integers(1, 6),
        st.booleans(),
    ),
)
tree = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(lambda some: {"and": some}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda some: {"or": some}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one: {"not": one}, inner),
    ),
    max_leaves=6,
)


@given(
    tree,
    st.fixed_dictionaries({}, optional={"plan": st.sampled_from(["a", "b"]), "at": st.integers(-8, 8)}),
    st.lists(st.integers(0, 8), max_size=5),
)
def test_nothing_changes_before_the_moment_that_is_told(
    conditions: dict[str, Any], attributes: dict[str, Any], days_ago: list[int]
) -> None:
    if "at" in attributes:
        attributes["at"] = (NOW + attributes["at"] * DAY) // 1_000
    rule, events = parse(conditions), {"buy": done(*sorted(days_ago))}
    decide = decider(rule)
    holds, due_ms = decide(facts(attributes, events))
    assert due_ms > NOW
    moments: Iterator[int] = (NOW + half * DAY // 2 - shift for half in range(1, 30) for shift in (0, 1))
    for now_ms in moments:
        if now_ms < due_ms:
            assert decide(facts(attributes, events, now_ms=now_ms))[0] is holds
    assert sentence(rule, {})


def test_messages_count_by_broadcast_metric_and_action() -> None:
    became = {(7, "clicked"): [(1, NOW - 3 * DAY), (2, NOW - DAY)]}

    def decided(**condition: Any) -> tuple[bool, int]:
        message = {"broadcast": 7, "metric": "clicked", **condition}
        return decider(parse({"message": message}))(facts(messages=became))

    assert decided() == (True, NEVER)
    assert decided(inverse=True) == (False, NEVER)
    assert decided(broadcast=8)[0] is decided(metric="opened")[0] is decided(action=3)[0] is False
    assert decided(within={"days": 2}) == (True, NOW + DAY)
    assert decided(within={"days": 2}, action=1) == (False, NEVER)
    assert decided(within={"days": 2}, inverse=True) == (False, NOW + DAY)


def test_what_must_be_read_covers_every_condition_on_an_event() -> None:
    rule = parse({"and": [event("buy", at_least=3, within={"days": 2}), event("buy", at_most=5, within={"days": 9})]})
    assert demands(rule) == {(EventKind.EVENT, "buy"): Demand(9 * DAY, 6, with_data=False)}
    some = parse(event("buy", where=[{"field": "x", "operator": "exists"}]))
    assert demands(rule, some) == {(EventKind.EVENT, "buy"): Demand(None, None, with_data=True)}


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ({"and": [attribute("plan", "eq", "pro"), {"or": [{"segment": {"id": 7}}, {"segment": {"id": 8}}]}]},
         "plan is “pro” and (in Paid or in segment 8)"),
        ({"message": {"broadcast": 3, "metric": "opened", "within": {"days": 2}}},
         "opened Spring within the last 2 days"),
        ({"message": {"broadcast": 4, "metric": "sent", "action": 9, "inverse": True}},
         "was not sent broadcast 4, action 9,"),
        ({"not": attribute("age", "gte", 18)}, "not age is at least 18"),
        (attribute("seen", "longer_ago", {"days": 14}), "seen is longer than 2 weeks ago"),
        (attribute("due", "in_next", {"hours": 1}, inverse=True), "due is not within the next 1 hour"),
        (attribute("city", "in", list("abcdefg")), "city is one of “a”, “b”, “c”, “d”, “e” and 2 more"),
        (attribute("city", "exists", inverse=True), "city is not there"),
        (event("buy"), "performed buy"),
        (event("buy", at_most=0, within={"days": 30}), "did not perform buy within the last 30 days"),
        (event("buy", inverse=True), "did not perform buy"),
        (event("buy", at_least=2, at_most=2), "performed buy exactly 2 times"),
        (event("buy", at_most=1), "performed buy at most once"),
        (event("/pricing", type="page", at_least=3), "viewed the page /pricing at least 3 times"),
        (event("buy", at_least=2, at_most=4, where=[{"field": "total", "operator": "gt", "value": 9.5}]),
         "performed buy 2 to 4 times where total is above 9.5"),
    ],
)  # fmt: skip
def test_conditions_are_said(conditions: dict[str, Any], words: str) -> None:
    assert sentence(parse(conditions), {7: "Paid"}, {3: "Spring"}) == words


def test_segments_come_behind_those_that_they_name_and_circles_are_found() -> None:
    named = {5: frozenset({3, 99}), 3: frozenset({4}), 4: frozenset[int]()}
    assert in_order(named) == [4, 3, 5]
    assert circle(5, named) == []
    assert circle(4, {**named, 4: frozenset({5})}) == [4, 5, 3, 4]
    assert circle(7, {7: frozenset({7})}) == [7, 7]
