# SPDX-License-Identifier: Apache-2.0
"""Data-driven segments: built in batches, followed in the transaction of what changes, looked at again with time."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.domain.errors import InvalidRequest, RequestError
from clarion.domain.operations import Delete, Event, Identify, Merge, Operation
from clarion.domain.people import IdKind, Reference
from clarion.pipeline import membership, segment_building, segment_defining
from clarion.pipeline.identify import perform
from clarion.store import access, people, retention, segment_rules, segments
from clarion.store.access import Workspace
from clarion.store.activities import Happened
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers

from .stage import Broken, breaking_at

DAY = 86_400_000
PRO = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}
BUYS = {"event": {"name": "buy", "within": {"days": 5}}}


class Life:
    """A workspace whose people do things and change."""

    def __init__(self, store: Store, workspace: Workspace) -> None:
        self.store, self.workspace = store, workspace
        self._numbers = PersonNumbers(store)

    def calls(self, *operations: Operation) -> None:
        assert perform(self.store, self._numbers, self.workspace, operations) == [None] * len(operations)

    def person(self, name: str, **attributes: Any) -> None:
        self.calls(Identify(Reference(IdKind.ID, name), attributes))

    def does(self, name: str, event: str, days_ago: int = 0, **data: Any) -> None:
        now_s = self.store.read(lambda tx: tx.now_ms()) // 1_000
        self.calls(Event(Reference(IdKind.ID, name), "event", event, data, at=now_s - days_ago * 86_400))

    def segment(self, conditions: Mapping[str, Any] | None, name: str = "S") -> int:
        def work(tx: Transaction) -> int:
            if conditions is None:
                return segments.create(tx, self.workspace, name, "").segment_id
            return segment_defining.create(tx, self.workspace, name, "", conditions).segment_id

        return self.store.write(work)

    def change(self, segment_id: int, conditions: Mapping[str, Any]) -> None:
        self.store.write(lambda tx: segment_defining.change(tx, self.workspace, segment_id, conditions))

    def put(self, segment_id: int, *names: str, add: bool = True) -> None:
        kind = partial(membership.change_members, kind=IdKind.ID, values=names, add=add)
        self.store.write(lambda tx: kind(tx, self.workspace, segment_id))

    def build(self, at_once: int = 3) -> None:
        while segment_building.build_some(self.store, at_once=at_once):
            pass

    def look_again(self) -> None:
        while segment_building.look_again(self.store):
            pass

    def passes(self, days: int) -> None:
        """Everything is so much older: as if time had passed."""
        by, first = days * DAY, self.workspace.workspace_id << 40
        mine = f"person_id BETWEEN {first} AND {first + 2**40 - 1}"
        self.store.script(
            f"UPDATE person_event SET at_ms = at_ms - {by} WHERE {mine};\n"
            f"UPDATE segment_due SET due_ms = due_ms - {by} WHERE {mine};"
        )

        def age(tx: Transaction) -> None:
            for person in people.by_numbers(tx, self.workspace, range(first, first + 1_000)):
                if "at" in person.attributes:
                    older = {**person.attributes, "at": person.attributes["at"] - days * 86_400}
                    people.update(tx, self.workspace, replace(person, attributes=older))

        self.store.write(age)

    def members(self, segment_id: int) -> set[str | None]:
        """Their ids; the size that is kept must agree."""

        def read(tx: Transaction) -> set[str | None]:
            one = segments.get(tx, self.workspace, segment_id)
            found = segments.members(tx, segment_id, 0, 1_000)
            assert one is not None
            assert one.size == len(found)
            return {person.id for person in found}

        return self.store.read(read)

    def told(self, segment_id: int) -> list[tuple[str | None, bool]]:
        """Who entered (True) and left, newest first."""
        found = self.store.read(lambda tx: segments.changes(tx, segment_id, (2**62, 0), 100))
        return [(one.person.id, one.entered) for one in found]


@pytest.fixture
def life(store: Store, workspace: Workspace) -> Life:
    return Life(store, workspace)


def test_whoever_matches_is_found_by_building_and_followed_afterwards(life: Life) -> None:
    for no in range(7):
        life.person(f"p{no}", plan="pro" if no % 2 else "free")
    segment = life.segment(PRO)
    assert life.members(segment) == set()
    life.person("p0", plan="pro")
    assert life.members(segment) == {"p0"}, "who changes meanwhile is not waited for"
    life.build()
    assert life.members(segment) == {"p0", "p1", "p3", "p5"}
    assert life.told(segment) == [("p0", True)], "whom the conditions found did not come just now"
    life.person("p1", plan="free")
    life.person("new", plan="pro")
    life.calls(Delete(Reference(IdKind.ID, "p3")))
    assert life.members(segment) == {"p0", "p5", "new"}
    assert life.told(segment) == [("new", True), ("p1", False), ("p0", True)]


def test_events_bring_people_in_and_time_takes_them_out(life: Life) -> None:
    life.person("a")
    life.person("b")
    life.does("b", "buy", days_ago=3)
    segment, quiet = life.segment(BUYS), life.segment({"not": BUYS})
    life.build()
    assert (life.members(segment), life.members(quiet)) == ({"b"}, {"a"})
    life.does("a", "buy")
    life.look_again()
    assert (life.members(segment), life.members(quiet)) == ({"a", "b"}, set())
    life.passes(days=3)
    life.look_again()
    assert (life.members(segment), life.members(quiet)) == ({"a"}, {"b"})
    life.does("a", "buy")
    life.passes(days=3)
    life.look_again()
    assert life.members(segment) == {"a"}, "the later one counts"
    life.passes(days=3)
    life.look_again()
    assert life.members(segment) == set()
    assert life.store.read(segment_rules.next_due_ms) is None


def test_segments_of_segments_follow_in_the_same_transaction(life: Life) -> None:
    life.person("a", plan="pro")
    vip = life.segment(None)
    pro = life.segment(PRO)
    both = life.segment({"and": [{"segment": {"id": pro}}, {"segment": {"id": vip}}]})
    others = life.segment({"not": {"segment": {"id": both}}})
    life.build()
    assert life.members(others) == {"a"}
    life.put(vip, "a")
    assert (life.members(both), life.members(others)) == ({"a"}, set())
    life.person("a", plan="free")
    assert (life.members(both), life.members(others)) == (set(), {"a"})
    assert life.told(both) == [("a", False), ("a", True)]


def test_changed_conditions_are_built_anew_and_members_stay_until_then(life: Life) -> None:
    life.person("a", plan="pro")
    life.person("b", plan="free")
    segment = life.segment(PRO)
    over = life.segment({"segment": {"id": segment}})
    life.build()
    life.change(segment, {"not": PRO})
    assert life.members(segment) == {"a"}
    life.build()
    assert life.members(segment) == life.members(over) == {"b"}


def test_circles_are_refused_with_the_way(life: Life) -> None:
    pro = life.segment(PRO, "Pro")
    over = life.segment({"and": [{"segment": {"id": pro}}]}, "Over")
    with pytest.raises(InvalidRequest, match="Pro → Over → Pro"):
        life.change(pro, {"not": {"segment": {"id": over}}})
    with pytest.raises(InvalidRequest, match="Over → Over"):
        life.change(over, {"segment": {"id": over}})
    with pytest.raises(InvalidRequest, match="no segment 999"):
        life.segment({"segment": {"id": 999}})
    with pytest.raises(RequestError, match="data-driven"):
        life.put(pro, "nobody")


def test_a_merge_brings_what_the_second_did_but_not_its_data_driven_segments(life: Life) -> None:
    life.person("a", plan="free")
    life.person("b", plan="pro")
    life.does("b", "buy")
    pro, buys, vip = life.segment(PRO), life.segment(BUYS), life.segment(None)
    life.build()
    life.put(vip, "b")
    life.calls(Merge(Reference(IdKind.ID, "a"), Reference(IdKind.ID, "b")))
    assert (life.members(pro), life.members(buys), life.members(vip)) == (set(), {"a"}, {"a"})


def test_events_that_retention_removes_do_not_count_any_more(life: Life) -> None:
    life.person("a")
    life.does("a", "buy", days_ago=20)
    ever = life.segment({"event": {"name": "buy"}})
    life.build()
    now_ms = life.store.read(lambda tx: tx.now_ms())
    assert sum(retention.clear_events(life.store, now_ms - 10 * DAY)) == 1
    life.look_again()
    assert life.members(ever) == set()


@pytest.mark.parametrize("passing", [1, 2, 3])
def test_a_builder_that_dies_leaves_the_rest_to_another(life: Life, passing: int) -> None:
    for no in range(7):
        life.person(f"p{no}", plan="pro" if no % 2 else "free")
    segment = life.segment(PRO)
    with pytest.raises(Broken):
        segment_building.build_some(life.store, at_once=3, failpoint=breaking_at("segment.people_decided", passing))
    assert not segment_building.build_some(life.store), "the dead one's lease holds"
    built = life.members(segment)
    assert built == {f"p{no}" for no in range(1, min(3 * (passing - 1), 7), 2)}
    life.store.script("UPDATE segment_rule SET lease_ms = 0;")
    life.person("p1", plan="free")
    life.build()
    assert life.members(segment) == {"p3", "p5"}


def test_a_builder_whose_conditions_are_changed_meanwhile_writes_nothing_more(life: Life) -> None:
    for no in range(7):
        life.person(f"p{no}", plan="pro" if no % 2 else "free")
    segment = life.segment(PRO)
    clock: Iterator[float] = iter(range(1_000))

    def later() -> float:
        life.change(segment, {"not": PRO})
        return next(clock)

    assert segment_building.build_some(life.store, at_once=3, seconds=100, clock=later)
    assert life.members(segment) == set(), "its first batch came after the change, and did not pass the fence"
    life.build()
    assert life.members(segment) == {"p0", "p2", "p4", "p6"}


def test_building_waits_for_whoever_writes_without_knowing_the_conditions(life: Life) -> None:
    life.person("a", plan="free")
    written, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        """A call that changes somebody, and read the conditions before there were these."""
        (person,) = people.find(tx, life.workspace, Reference(IdKind.ID, "a"))
        people.update(tx, life.workspace, replace(person, attributes={"plan": "pro"}))
        membership.follow(tx, life.workspace, [Happened(person.person_id, "attribute_change", {"plan": {}})])
        written.set()
        assert go_on.wait(30)

    writer = threading.Thread(target=life.store.write, args=(slow,))
    writer.start()
    assert written.wait(30)
    if life.store.engine == "sqlite":  # its writer is alone: nobody makes a segment beside it
        go_on.set()
    segment = life.segment(PRO)
    assert segment_building.build_some(life.store) is (life.store.engine == "sqlite")
    go_on.set()
    writer.join(30)
    life.store.script("UPDATE segment_rule SET lease_ms = 0;")
    life.build()
    assert life.members(segment) == {"a"}


def test_progress_is_told(life: Life) -> None:
    for no in range(4):
        life.person(f"p{no}")
    segment = life.segment(PRO)

    def progress() -> float:
        one = life.store.read(lambda tx: segments.get(tx, life.workspace, segment))
        assert one is not None
        return one.progress

    assert progress() == 0.0
    segment_building.build_some(life.store, at_once=2, seconds=0)
    assert 0.0 < progress() < 1.0
    life.build()
    assert progress() == 1.0


NAMES = ("a", "b", "c", "d")
names = st.sampled_from(NAMES)
actions = st.one_of(
    st.tuples(st.just("plan"), names, st.sampled_from(["pro", "free", ""])),
    st.tuples(st.just("at"), names, st.integers(-6, 6)),
    st.tuples(st.just("buy"), names, st.integers(0, 6), st.integers(1, 3)),
    st.tuples(st.just("put"), names, st.booleans()),
    st.tuples(st.just("delete"), names),
    st.tuples(st.just("merge"), names, names),
    st.tuples(st.just("passes"), st.integers(1, 4)),
    st.tuples(st.just("forget"), st.integers(3, 8)),
    st.tuples(st.just("build"), st.integers(1, 3)),
    st.tuples(st.just("change"), st.integers(0, 5)),
)


def definitions(vip: int) -> list[dict[str, Any]]:
    big = {"field": "total", "operator": "gte", "value": 2}
    return [
        PRO,
        {"event": {"name": "buy", "at_least": 2, "within": {"days": 5}}},
        {"event": {"name": "buy", "where": [big], "inverse": True}},
        {"and": [{"attribute": {"field": "at", "operator": "in_past", "value": {"days": 3}}}, {"not": PRO}]},
        {"or": [{"segment": {"id": vip}}, {"attribute": {"field": "at", "operator": "in_next", "value": {"days": 4}}}]},
        {"event": {"name": "buy", "at_most": 1, "within": {"days": 4}}},
    ]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(actions, min_size=4, max_size=25))
def test_following_ends_where_building_anew_would(store: Store, done: list[tuple[Any, ...]]) -> None:
    workspace = store.write(lambda tx: access.create_workspace(tx, "Any", "id_email", access.random_keys()))
    life = Life(store, workspace)
    vip = life.segment(None)
    wanted = definitions(vip)
    made = [life.segment(conditions) for conditions in wanted]
    over = {"or": [{"not": {"segment": {"id": made[0]}}}, {"segment": {"id": made[1]}}]}
    made.append(life.segment(over))
    made.append(life.segment({"and": [{"segment": {"id": made[-1]}}, {"segment": {"id": made[4]}}]}))
    now_s = store.read(lambda tx: tx.now_ms()) // 1_000
    for action, *rest in done:
        match action:
            case "plan":
                life.person(rest[0], plan=rest[1])
            case "at":
                life.person(rest[0], at=now_s + rest[1] * 86_400 + 3_600)
            case "buy":
                life.does(rest[0], "buy", days_ago=rest[1], total=rest[2])
            case "put":
                life.put(vip, rest[0], add=rest[1])
            case "delete":
                life.calls(Delete(Reference(IdKind.ID, rest[0])))
            case "merge":
                life.calls(Merge(*(Reference(IdKind.ID, name) for name in rest)))
            case "passes":
                life.passes(rest[0])
            case "forget":
                sum(retention.clear_events(store, (now_s - rest[0] * 86_400) * 1_000))
            case "build":
                segment_building.build_some(store, at_once=rest[0], seconds=0)
            case _:
                wanted[rest[0]], wanted[0] = wanted[0], wanted[rest[0]]
                life.change(made[rest[0]], wanted[rest[0]])
                life.change(made[0], wanted[0])
    life.build()
    life.look_again()
    followed = [life.members(segment) for segment in made]
    again = {"and": [{"segment": {"id": made[-2]}}, {"segment": {"id": made[4]}}]}
    first = workspace.workspace_id << 40
    for segment, conditions in zip(made, [*wanted, over, again], strict=True):
        everybody = partial(segments.remove, segment_id=segment, person_ids=range(first, first + 1_000))
        store.write(everybody)
        life.change(segment, conditions)
    life.build()
    assert followed == [life.members(segment) for segment in made]
