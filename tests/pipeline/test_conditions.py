# SPDX-License-Identifier: Apache-2.0
"""Actions that are for some of an audience: each person is decided about once, and everybody has an account."""

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.audience import Everybody
from clarion.domain.broadcasts import Broadcast
from clarion.domain.deliveries import Reason, State
from clarion.domain.errors import Conflict, InvalidRequest, RequestError
from clarion.domain.metrics import metrics_of
from clarion.domain.operations import Merge
from clarion.domain.people import IdKind, Reference
from clarion.domain.reporting import event_of
from clarion.domain.triggers import Repeat
from clarion.pipeline import again, forecast
from clarion.pipeline.edit import apply_content
from clarion.pipeline.freezing import frozen
from clarion.pipeline.merge import merge
from clarion.pipeline.resolve import Sizes
from clarion.pipeline.segment_defining import refuse_in_use
from clarion.pipeline.terms import Terms
from clarion.store import broadcasts, segments, triggers
from clarion.store.engine import Transaction

from .providers import Scripted
from .stage import MAIL, Broken, Stage, breaking_at

TINY = Sizes(range_people=3, slice_people=2)
Condition = dict[str, Any]


def having(name: str, value: str) -> Condition:
    return {"attribute": {"field": name, "operator": "eq", "value": value}}


PRO = having("plan", "pro")


def got(stage: Stage, trigger_id: int) -> dict[tuple[str, int], str]:
    """(id, place of the action) → how the account stands, "queued" or the reason."""
    rows = stage.rows(trigger_id)
    places = {action_id: no for no, action_id in enumerate(sorted({int(row["action_id"]) for row in rows}))}
    names = {int(row["person_id"]): str(row["id"]) for row in stage.select("SELECT person_id, id FROM person")}
    return {
        (names.get(int(row["person_id"]), "gone"), places[int(row["action_id"])]): row["reason"]
        or State(row["state"]).word
        for row in rows
    }


async def resolved(stage: Stage, trigger_id: int, **more: Any) -> int:
    assert await stage.resolver(sizes=TINY, **more).run_once(trigger_id)
    return trigger_id


def crowd(stage: Stage) -> Broadcast:
    """Eight people, and a broadcast of three e-mails of which two have a condition."""
    for no in range(1, 8):
        stage.person(f"p{no}", plan="pro" if no % 2 else "free", unsubscribed=no > 5)
    some = stage.segment([stage.person("p8", None, plan="pro")])
    conditions: tuple[Condition, ...] = ({}, PRO, {"not": {"segment": {"id": some}}})
    return stage.broadcast(MAIL, MAIL, MAIL, conditions=conditions, to_unsubscribed=(False, True, True))


_ENDS = {
    "p1": ("queued", "queued", "queued"),
    "p2": ("queued", "condition", "queued"),
    "p3": ("queued", "queued", "queued"),
    "p4": ("queued", "condition", "queued"),
    "p5": ("queued", "queued", "queued"),
    "p6": ("unsubscribed", "condition", "queued"),
    "p7": ("unsubscribed", "queued", "queued"),
    "p8": ("no_address", "no_address", "condition"),
}


@pytest.mark.parametrize("named", [False, True], ids=["by filter", "named"])
async def test_whoever_does_not_match_is_skipped_and_the_sums_are_those_of_the_audience(
    stage: Stage, named: bool
) -> None:
    broadcast = crowd(stage)
    body = {"per_user_data": [{"id": name, "data": {"plan": "pro"}} for name in _ENDS]} if named else {}
    trigger_id = await resolved(stage, stage.trigger(broadcast, body))
    assert got(stage, trigger_id) == {(name, no): end for name, ends in _ENDS.items() for no, end in enumerate(ends)}
    sums = {"queued": 16, "skipped unsubscribed": 2, "skipped condition": 4, "skipped no_address": 2}
    assert stage.sums(trigger_id) == sums
    assert stage.get(trigger_id).recipients == 7, "nobody is sent anything of p8's"


async def test_the_numbers_before_sending_are_those_of_the_trigger(stage: Stage) -> None:
    broadcast = crowd(stage)
    content = stage.store.read(lambda tx: frozen(tx, stage.workspace, broadcast))
    foreseen = stage.store.read(
        lambda tx: forecast.count(tx, stage.workspace, Everybody(), Terms.of(content), seconds=60)
    )
    assert (foreseen.people, foreseen.will_get, foreseen.left_out) == (8, 7, {Reason.NO_ADDRESS: 1})
    trigger_id = await resolved(stage, stage.trigger(broadcast))
    for no, action in enumerate(broadcast.actions):
        ends = Counter(end for (_, place), end in got(stage, trigger_id).items() if place == no)
        assert foreseen.messages[no].action_id == action.action_id
        assert foreseen.messages[no].will_get == ends.pop("queued")
        assert foreseen.messages[no].left_out == {Reason(word): n for word, n in ends.items()}


async def test_nobody_is_sent_what_is_not_for_them_and_nothing_is_counted_or_told_of_it(stage: Stage) -> None:
    stage.person("pro", plan="pro")
    stage.person("free", plan="free")
    trigger_id = stage.trigger(stage.broadcast(MAIL, conditions=(PRO,)))
    provider = Scripted()
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 1, "skipped condition": 1}
    assert [message.recipient for message in provider.taken] == ["pro@x.test"]
    counted = stage.select("SELECT metric, SUM(n) AS n FROM metric_count GROUP BY metric")
    found = {row["metric"]: int(row["n"]) for row in counted}
    assert (found["created"], found["sent"], found.get("undeliverable", 0)) == (1, 1, 0)
    assert metrics_of(State.SKIPPED, Reason.CONDITION) == ()
    assert event_of(State.SKIPPED, Reason.CONDITION) is None


@pytest.mark.parametrize("name", ["resolve.before_commit", "resolve.after_commit"])
@pytest.mark.parametrize("named", [False, True], ids=["by filter", "named"])
async def test_killed_in_the_middle_nobody_is_decided_about_twice(stage: Stage, name: str, named: bool) -> None:
    """Who was decided about stays so, whatever becomes of them; the others are decided about as they are then."""
    people = [stage.person(f"p{no}", plan="pro") for no in range(1, 9)]
    ids = [f"p{no}" for no in range(1, 9)]
    trigger_id = stage.trigger(stage.broadcast(conditions=(PRO,)), {"ids": ids} if named else {})
    with pytest.raises(Broken):
        await resolved(stage, trigger_id, failpoint=breaking_at(name, 2))
    decided = 6 if name == "resolve.after_commit" else 3
    assert stage.get(trigger_id).audience == decided
    for no, person_id in enumerate(people, start=1):
        stage.change(person_id, f"p{no}", f"p{no}@x.test", plan="free")
    stage.died()
    await resolved(stage, trigger_id)
    assert [end for _, end in sorted(got(stage, trigger_id).items())] == ["queued"] * decided + ["condition"] * (
        8 - decided
    )
    assert stage.sums(trigger_id) == {"queued": decided, "skipped condition": 8 - decided}


async def test_who_is_gone_is_told_as_gone(stage: Stage) -> None:
    """Deleted or merged before their turn: that is why they get nothing, whatever the condition would have said."""
    deleted, secondary, _ = (stage.person(f"p{no}", plan="free") for no in range(3))
    trigger_id = stage.trigger(stage.broadcast(conditions=(PRO,)), {"ids": ["p0", "p1", "p2"]})
    stage.delete(deleted)
    call = Merge(Reference(IdKind.ID, "p2"), Reference(IdKind.ID, "p1"))
    assert stage.store.write(lambda tx: merge(tx, stage.workspace, call))
    await resolved(stage, trigger_id)
    ends = {int(row["person_id"]): row["reason"] for row in stage.rows(trigger_id)}
    assert (ends[deleted], ends[secondary]) == ("deleted", "deleted")
    assert stage.sums(trigger_id) == {"skipped deleted": 2, "skipped condition": 1}


async def test_a_trigger_keeps_the_conditions_that_it_was_accepted_with(stage: Stage) -> None:
    stage.person("p1", plan="pro")
    stage.person("p2", plan="free")
    broadcast = stage.broadcast(conditions=(PRO,))
    trigger_id = stage.trigger(broadcast)
    (action,) = broadcast.actions
    changed = replace(action, condition=having("plan", "free"), content=replace(action.content, subject="Later"))
    stage.store.write(lambda tx: broadcasts.update_action(tx, changed))
    trigger = stage.get(trigger_id)
    assert stage.store.write(lambda tx: apply_content(tx, stage.workspace, trigger, "ada"))
    content_hash = stage.get(trigger_id).content_hash
    (sent,) = stage.store.read(lambda tx: triggers.content(tx, content_hash)).actions
    assert (sent.content.subject, sent.condition) == ("Later", PRO)
    await resolved(stage, trigger_id)
    assert got(stage, trigger_id) == {("p1", 0): "queued", ("p2", 0): "condition"}
    again_id = await resolved(stage, stage.trigger(broadcast))
    assert got(stage, again_id) == {("p1", 0): "condition", ("p2", 0): "queued"}


async def test_a_segment_of_a_condition_is_in_use(stage: Stage) -> None:
    segment_id = stage.segment([stage.person("p1")])
    broadcast = stage.broadcast(MAIL, conditions=({"not": {"segment": {"id": segment_id}}},))

    def delete(tx: Transaction) -> None:
        refuse_in_use(tx, stage.workspace, segment_id)
        segments.delete(tx, stage.workspace, segment_id)

    with pytest.raises(RequestError, match="segment in use"):
        stage.store.write(delete)
    trigger_id = stage.trigger(broadcast)
    (action,) = broadcast.actions
    stage.store.write(lambda tx: broadcasts.update_action(tx, replace(action, condition={})))
    with pytest.raises(RequestError, match="segment in use"):  # of the trigger that is still to be worked out
        stage.store.write(delete)
    await resolved(stage, trigger_id)
    assert stage.sums(trigger_id) == {"skipped condition": 1}
    stage.store.write(delete)

    # Without it "not in this segment" would be everybody: nothing is taken any more that asks for it.
    stage.store.write(lambda tx: broadcasts.update_action(tx, action))
    with pytest.raises(InvalidRequest, match=f"segment {segment_id}, which the condition of action"):
        stage.trigger(broadcast)
    trigger = stage.get(trigger_id)
    ask = partial(
        again.ask, kind=Repeat.JOINED_SINCE, reasons=(), by="ada", may_double=False, submit=lambda _, __: None
    )
    with pytest.raises(Conflict, match=f"segment {segment_id}, by which people were chosen"):
        stage.store.write(partial(ask, trigger=trigger))
