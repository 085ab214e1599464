# SPDX-License-Identifier: Apache-2.0
"""Segments by what became of messages: gathered from the ledger, then written as they settle and are heard of."""

from typing import Any

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import InvalidRequest
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.operations import Merge
from clarion.domain.people import IdKind, Reference
from clarion.pipeline import feedback, segment_building, segment_defining
from clarion.pipeline.identify import perform
from clarion.store import broadcasts, segments, watched_messages
from clarion.store.engine import Transaction
from clarion.store.numbers import PersonNumbers
from clarion.store.retention import clear_accounts

from .providers import Scripted
from .stage import Broken, Stage, breaking_at


def segment(stage: Stage, broadcast: int, metric: str, **more: Any) -> int:
    conditions = {"message": {"broadcast": broadcast, "metric": metric, **more}}

    def work(tx: Transaction) -> int:
        return segment_defining.create(tx, stage.workspace, metric, "", conditions).segment_id

    return stage.store.write(work)


def settle(stage: Stage) -> None:
    while segment_building.build_some(stage.store) or segment_building.look_again(stage.store):
        pass


def members(stage: Stage, segment_id: int) -> set[str | None]:
    return {one.id for one in stage.store.read(lambda tx: segments.members(tx, segment_id, 0, 100))}


async def send(stage: Stage, broadcast: int, body: dict[str, Any]) -> int:
    found = stage.store.read(lambda tx: broadcasts.get(tx, stage.workspace, broadcast))
    assert found is not None
    trigger_id = stage.trigger(found, body)
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(trigger_id)
    return trigger_id


def hear(stage: Stage, trigger_id: int, name: str, metric: Metric) -> None:
    (row,) = stage.select(
        "SELECT d.seq, d.action_id FROM delivery d JOIN person p ON p.person_id = d.person_id "
        "WHERE d.trigger_id = :t AND p.id = :name",
        t=trigger_id,
        name=name,
    )
    key = DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"]))
    assert stage.store.write(lambda tx: feedback.record(tx, Feedback(key, metric)))


async def test_what_was_before_is_gathered_and_what_comes_is_followed(stage: Stage) -> None:
    stage.crowd(4)
    broadcast = stage.broadcast().broadcast_id
    first = await send(stage, broadcast, {"ids": ["p1", "p2"]})
    hear(stage, first, "p1", Metric.CLICKED)
    sent, clicked = segment(stage, broadcast, "sent"), segment(stage, broadcast, "clicked")
    unmoved = segment(stage, broadcast, "clicked", inverse=True)
    settle(stage)
    assert (members(stage, sent), members(stage, clicked)) == ({"p1", "p2"}, {"p1"})
    assert members(stage, unmoved) == {"p2", "p3", "p4"}
    second = await send(stage, broadcast, {"ids": ["p2", "p3"]})
    hear(stage, second, "p3", Metric.CLICKED)
    settle(stage)
    assert (members(stage, sent), members(stage, clicked)) == ({"p1", "p2", "p3"}, {"p1", "p3"})
    assert members(stage, unmoved) == {"p2", "p4"}


async def test_other_broadcasts_other_actions_and_old_messages_do_not_count(stage: Stage) -> None:
    stage.crowd(2)
    broadcast, other = stage.broadcast(), stage.broadcast()
    action = broadcast.actions[0].action_id
    await send(stage, broadcast.broadcast_id, {"ids": ["p1"]})
    await send(stage, other.broadcast_id, {"ids": ["p2"]})
    (of_action, of_another, lately) = (
        segment(stage, broadcast.broadcast_id, "sent", action=action),
        segment(stage, broadcast.broadcast_id, "sent", action=action + 1),
        segment(stage, broadcast.broadcast_id, "sent", within={"days": 2}),
    )
    settle(stage)
    assert [members(stage, one) for one in (of_action, of_another, lately)] == [{"p1"}, set(), {"p1"}]
    by = 3 * 86_400_000
    stage.store.script(f"UPDATE watched_message SET at_ms = at_ms - {by};")
    stage.store.script(f"UPDATE segment_due SET due_ms = due_ms - {by};")
    settle(stage)
    assert [members(stage, one) for one in (of_action, lately)] == [{"p1"}, set()]


async def test_accounts_that_go_do_not_take_the_segment_with_them_and_merging_brings_it(stage: Stage) -> None:
    stage.crowd(2)
    broadcast = stage.broadcast().broadcast_id
    trigger_id = await send(stage, broadcast, {"ids": ["p1"]})
    sent = segment(stage, broadcast, "sent")
    settle(stage)
    both = [Reference(IdKind.ID, name) for name in ("p2", "p1")]
    assert perform(stage.store, PersonNumbers(stage.store), stage.workspace, [Merge(*both)]) == [None]
    assert members(stage, sent) == {"p2"}
    stage.store.script(f"UPDATE broadcast_trigger SET processed_ms = 1 WHERE trigger_id = {trigger_id};")
    assert sum(clear_accounts(stage.store, 1_000)) > 0
    settle(stage)
    assert members(stage, sent) == {"p2"}


async def test_gathering_goes_on_where_a_dead_builder_left_it_and_what_nobody_looks_at_goes(stage: Stage) -> None:
    stage.crowd(5)
    broadcast = stage.broadcast().broadcast_id
    await send(stage, broadcast, {"recipients": {}})
    sent = segment(stage, broadcast, "sent")
    for _ in range(3):
        assert stage.store.write(lambda tx: watched_messages.gather(tx, sent, most=2)), "there are more"
    with pytest.raises(Broken):
        segment_building.build_some(stage.store, failpoint=breaking_at("segment.people_decided"))
    stage.store.script("UPDATE segment_rule SET lease_ms = 0;")
    settle(stage)
    assert members(stage, sent) == {"p1", "p2", "p3", "p4", "p5"}
    assert sum(watched_messages.clear(stage.store, 0)) == 0
    stage.store.write(lambda tx: segments.delete(tx, stage.workspace, sent))
    assert sum(watched_messages.clear(stage.store, 0)) == 5


def test_a_broadcast_that_is_not_there_is_refused(stage: Stage) -> None:
    with pytest.raises(InvalidRequest, match="no broadcast 99"):
        segment(stage, 99, "sent")
