# SPDX-License-Identifier: Apache-2.0
"""The third of many links at once shows that a machine followed the first two, and everything is counted anew."""

import json
import random
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from tests.store.ledgers import together

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.goals import CountedFrom, Goal, GoalKind
from clarion.domain.machines import MachineRules, SpeedRule
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.operations import Event, Merge
from clarion.domain.people import IdKind, Reference
from clarion.pipeline import converting, feedback
from clarion.pipeline.feedback import Looked
from clarion.pipeline.identify import perform
from clarion.store import broadcasts, metrics
from clarion.store import feedback as heard
from clarion.store.engine import Transaction
from clarion.store.numbers import PersonNumbers

from .stage import Broken, Stage
from .test_segments_of_messages import members, segment, send, settle

ALL = SpeedRule("many-links", "links", 3_600_000, "x", links=3)
RULES = MachineRules((), (ALL,))
HUMAN = {Metric.OPENED, Metric.HUMAN_OPENED, Metric.CLICKED, Metric.HUMAN_CLICKED}
MACHINE = {Metric.CLICKED, Metric.MACHINE_CLICKED}


async def sent(stage: Stage, people: int = 1) -> list[DeliveryKey]:
    stage.crowd(people)
    trigger_id = await send(stage, stage.broadcast().broadcast_id, {"ids": [f"p{no}" for no in range(1, people + 1)]})
    return stage.keys(trigger_id)


def click(stage: Stage, key: DeliveryKey, *links_: int) -> None:
    for link in links_:
        work = partial(feedback.clicked, key=key, href=f"https://x.test/{link}", looked=Looked(None, RULES))
        assert stage.store.write(work)


def long_ago(stage: Stage) -> None:
    """Whatever was heard so far was heard before the rule's time."""
    for table in ("delivery_event", "delivery_metric", "delivery_link"):
        stage.store.script(f"UPDATE {table} SET at_ms = at_ms - {2 * ALL.within_ms};")


def shown(stage: Stage, key: DeliveryKey) -> set[Metric]:
    return set(stage.store.read(lambda tx: heard.first_times(tx, key)))


def check(stage: Stage) -> None:
    """The counters are what the events say."""
    events = stage.select("SELECT trigger_id, seq, action_id, metric, at_ms, detail FROM delivery_event")
    first: dict[tuple[int, int, int, str], int] = {}
    clicks: Counter[tuple[int, str]] = Counter()
    followed = set()
    for row in events:
        key = (int(row["trigger_id"]), int(row["seq"]), int(row["action_id"]), str(row["metric"]))
        first[key] = min(first.get(key, 2**62), int(row["at_ms"]))
        if str(row["metric"]).endswith("clicked"):
            link = int(json.loads(row["detail"])["link_id"])
            clicks[link, str(row["metric"])] += 1
            followed.add((*key, link))
    rows = stage.select("SELECT trigger_id, seq, action_id, metric, at_ms FROM delivery_metric")
    columns = ("trigger_id", "seq", "action_id", "metric")
    assert {tuple(row[name] for name in columns): row["at_ms"] for row in rows} == first
    per_metric = Counter(metric for _, _, _, metric in first)
    for table in ("metric_count", "trigger_metric"):
        sums = stage.select(f"SELECT metric, CAST(SUM(n) AS bigint) AS n FROM {table} GROUP BY metric")
        counted = {str(row["metric"]): int(row["n"]) for row in sums if str(row["metric"]) in set(Metric)}
        assert {name: counted.get(name, 0) for name in per_metric} == per_metric, table
        assert all(n == per_metric[name] for name, n in counted.items() if "opened" in name or "clicked" in name)
    sums = stage.select(
        "SELECT link_id, metric, CAST(SUM(n) AS bigint) AS n, CAST(SUM(people) AS bigint) AS people FROM link_count "
        "GROUP BY link_id, metric"
    )
    assert {(row["link_id"], row["metric"]): row["n"] for row in sums if row["n"]} == clicks
    people = Counter((link, metric) for _, _, _, metric, link in followed)
    assert {(row["link_id"], row["metric"]): row["people"] for row in sums if row["people"]} == people


async def test_the_clicks_before_the_third_become_the_machines(stage: Stage) -> None:
    (key,) = await sent(stage)
    click(stage, key, 1, 2, 2)
    assert shown(stage, key) == HUMAN
    click(stage, key, 3)
    assert shown(stage, key) == MACHINE
    check(stage)
    told = stage.select("SELECT metric, detail FROM delivery_event")
    assert {json.loads(row["detail"]).get("rule") for row in told} == {"many-links"}
    assert all(json.loads(row["detail"])["machine"] is True for row in told)
    before = stage.select("SELECT * FROM metric_count ORDER BY metric")
    click(stage, key, 4)  # nothing is left to move
    check(stage)
    assert stage.select("SELECT * FROM metric_count ORDER BY metric") == before


async def test_a_persons_clicks_and_openings_stay_theirs(stage: Stage) -> None:
    """Before the burst's time; the picture that was loaded; and those of others."""
    one, other = await sent(stage, 2)
    click(stage, one, 1)
    long_ago(stage)
    click(stage, other, 1, 2)
    assert stage.store.write(lambda tx: feedback.opened(tx, one))
    click(stage, one, 1, 2, 3)
    assert shown(stage, one) == HUMAN | MACHINE
    assert shown(stage, other) == HUMAN
    check(stage)
    (row,) = stage.select(
        "SELECT COUNT(*) AS n FROM delivery_event WHERE seq = :seq AND metric = 'human_clicked'", seq=one.seq
    )
    assert row["n"] == 1  # that of long ago


async def test_an_opening_that_was_heard_is_kept_and_one_that_was_concluded_is_not(stage: Stage) -> None:
    one, other = await sent(stage, 2)
    for key, machine in ((one, False), (other, True)):
        assert stage.store.write(partial(feedback.opened, key=key, machine=machine))
        click(stage, key, 1, 2, 3)
    assert shown(stage, one) == MACHINE | {Metric.OPENED, Metric.HUMAN_OPENED}
    assert shown(stage, other) == MACHINE | {Metric.OPENED, Metric.PREFETCH_OPENED}
    check(stage)


async def test_in_whatever_order_they_come_the_counters_are_what_the_events_say(stage: Stage) -> None:
    keys, dice = await sent(stage, 6), random.Random(7)
    for _ in range(60):
        key, what = dice.choice(keys), dice.random()
        if what < 0.6:
            click(stage, key, dice.randrange(5))
        elif what < 0.75:
            stage.store.write(partial(feedback.opened, key=key, machine=dice.random() < 0.5))
        elif what < 0.85:
            stage.store.write(partial(feedback.clicked, key=key, href="https://x.test/1", machine=dice.random() < 0.5))
        elif what < 0.9:
            stage.store.write(partial(feedback.record, heard=Feedback(key, Metric.DELIVERED)))
        elif what < 0.93:
            long_ago(stage)
    check(stage)


async def test_of_many_at_the_same_time_none_stays_a_persons(stage: Stage) -> None:
    (key,) = await sent(stage)
    together(*(partial(click, stage, key, link) for link in range(6)))
    assert shown(stage, key) == MACHINE
    check(stage)


async def test_what_ends_in_the_middle_changes_nothing_and_is_done_by_the_next_click(stage: Stage) -> None:
    (key,) = await sent(stage)
    click(stage, key, 1, 2)

    def dies(tx: Transaction) -> None:
        feedback.clicked(tx, key, "https://x.test/3", looked=Looked(None, RULES))
        raise Broken

    with pytest.raises(Broken):
        stage.store.write(dies)
    assert shown(stage, key) == HUMAN
    check(stage)
    click(stage, key, 3)
    assert shown(stage, key) == MACHINE
    check(stage)


@pytest.mark.parametrize("merged", [False, True])
async def test_segments_that_look_at_people_decide_again(stage: Stage, *, merged: bool) -> None:
    stage.crowd(3)
    broadcast = stage.broadcast().broadcast_id
    clicked, human = segment(stage, broadcast, "clicked"), segment(stage, broadcast, "human_clicked")
    earlier = await send(stage, broadcast, {"ids": ["p1"]})
    later = await send(stage, broadcast, {"ids": ["p1", "p2"]})
    click(stage, stage.keys(earlier)[0], 1)
    one, other = stage.keys(later)
    click(stage, one, 1, 2)
    click(stage, other, 1, 2)
    who = {"p1", "p2"}
    if merged:
        both = [Reference(IdKind.ID, name) for name in ("p3", "p2")]
        assert perform(stage.store, PersonNumbers(stage.store), stage.workspace, [Merge(*both)]) == [None]
        who = {"p1", "p3"}
    settle(stage)
    assert members(stage, human) == who
    click(stage, one, 3)
    click(stage, other, 3)
    settle(stage)
    assert (members(stage, human), members(stage, clicked)) == ({"p1"}, who)  # by the earlier message


async def test_a_conversion_that_was_counted_stays(stage: Stage) -> None:
    stage.crowd(1)
    broadcast = stage.broadcast()
    goal = Goal(GoalKind.EVENT, event="booked", counted_from=CountedFrom.CLICKED)
    aimed = replace(broadcast, goal=goal)
    stage.store.write(lambda tx: broadcasts.update(tx, aimed))
    (key,) = stage.keys(await send(stage, broadcast.broadcast_id, {"ids": ["p1"]}))
    click(stage, key, 1, 2)
    event = Event(Reference(IdKind.ID, "p1"), "event", "booked", {})
    assert perform(stage.store, PersonNumbers(stage.store), stage.workspace, [event]) == [None]
    assert converting.work_off(stage.store) == 1
    click(stage, key, 3)
    assert shown(stage, key) == MACHINE | {Metric.CONVERTED}
    assert stage.store.read(lambda tx: metrics.heard_of(tx, key.trigger_id))["converted"] == 1
