# SPDX-License-Identifier: Apache-2.0
"""Taking a trigger call: everything it writes or nothing, the limits among callers, and content that stays frozen."""

from dataclasses import replace
from functools import partial

import pytest
from tests.store.ledgers import together

from clarion.domain.broadcasts import Broadcast, BroadcastState, EmailContent, SendingState
from clarion.domain.errors import InvalidRequest, NotFound, RateLimited
from clarion.domain.triggers import Selector, TriggerState
from clarion.pipeline.accept import Limits
from clarion.store import broadcasts, snippets, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

from .stage import MAIL, UNLIMITED, Broken, Stage

TABLES = ("broadcast_trigger", "trigger_content", "trigger_entry", "trigger_error")


def written(stage: Stage) -> dict[str, int]:
    return {table: int(stage.select(f"SELECT COUNT(*) AS n FROM {table}")[0]["n"]) for table in TABLES}


def frozen(stage: Stage, trigger_id: int) -> list[str]:
    """Subjects and snippets of a trigger's content."""
    content_hash = stage.get(trigger_id).content_hash
    content = stage.store.read(lambda tx: triggers.content(tx, content_hash))
    return [action.content.subject for action in content.actions] + [f"{k}={v}" for k, v in content.snippets.items()]


def test_a_filter_is_written_with_the_last_person_of_its_moment(stage: Stage) -> None:
    *_, last = stage.crowd(3)
    segment = {"segment": {"id": stage.segment([])}}
    broadcast = stage.broadcast(recipients=segment)
    submitted: list[int] = []
    accepted = stage.accept(broadcast, {"data": {"a": 1}}, submit=lambda _, number: submitted.append(number))
    assert submitted == [accepted.trigger_id]
    trigger = stage.get(accepted.trigger_id)
    assert (trigger.state, trigger.selector) == (TriggerState.QUEUED, Selector.DEFAULT)
    assert (trigger.condition, trigger.echo, trigger.data) == (segment, {}, {"a": 1})
    assert trigger.resolve_until == last
    everybody = stage.get(stage.trigger(stage.broadcast(), {"recipients": {}}))
    assert everybody.condition == {}
    given = {"attribute": {"field": "a", "operator": "exists"}}
    replaced = stage.get(stage.trigger(broadcast, {"recipients": given}))
    assert (replaced.condition, replaced.echo) == (given, {"recipients": given})


def test_an_empty_workspace_has_an_audience_of_nobody(stage: Stage) -> None:
    assert stage.get(stage.trigger(stage.broadcast())).resolve_until == 0


def test_named_people_are_written_in_their_order(stage: Stage) -> None:
    one, two = stage.crowd(2)
    body = {"per_user_data": [{"email": "P2@x.test", "data": {"n": 2}}, {"id": "p1"}, {"id": "p2", "data": {}}]}
    trigger_id = stage.trigger(stage.broadcast(), body)
    rows = stage.select("SELECT entry, line, person_id, data FROM trigger_entry ORDER BY entry")
    assert [tuple(row.values()) for row in rows] == [(1, 1, two, '{"n":2}'), (2, 2, one, None), (3, 3, two, None)]
    assert stage.get(trigger_id).resolve_until == 3
    assert stage.get(trigger_id).condition is None


def test_a_call_that_cannot_be_submitted_leaves_nothing(stage: Stage) -> None:
    stage.crowd(1)
    broadcast = stage.broadcast()

    def submit(tx: Transaction, trigger_id: int) -> None:
        raise Broken

    with pytest.raises(Broken):
        stage.accept(broadcast, {"ids": ["p1", "x"], "id_ignore_missing": True}, submit=submit)
    assert written(stage) == dict.fromkeys(TABLES, 0)
    stage.accept(broadcast, limits=Limits(60_000, 5))  # nor did the clock start


def test_a_refused_call_is_not_submitted(stage: Stage) -> None:
    stage.crowd(1)
    submitted: list[int] = []
    body = {"ids": ["p1", "nobody"]}
    accepted = stage.accept(stage.broadcast(), body, submit=lambda _, number: submitted.append(number))
    assert accepted.refused
    assert submitted == []
    trigger = stage.get(accepted.trigger_id)
    assert (trigger.state, trigger.failure) == (TriggerState.FAILED, "1 of 2 entries do not name a person")
    assert written(stage) == {"broadcast_trigger": 1, "trigger_content": 1, "trigger_entry": 0, "trigger_error": 1}


@pytest.mark.parametrize("state", [BroadcastState.DRAFT, BroadcastState.STOPPED])
def test_only_an_active_broadcast(stage: Stage, state: BroadcastState) -> None:
    with pytest.raises(InvalidRequest, match="is not active"):
        stage.accept(stage.broadcast(state=state))
    assert written(stage) == dict.fromkeys(TABLES, 0)


def test_only_a_broadcast_of_this_workspace(stage: Stage, workspace: Workspace) -> None:
    broadcast = stage.broadcast()
    elsewhere = Stage(stage.store, replace(workspace, workspace_id=workspace.workspace_id + 1), stage.folder)
    for number in (broadcast.broadcast_id, 999):
        with pytest.raises(NotFound):
            elsewhere.accept(number)


def test_the_broadcasts_own_filter_may_have_lost_its_segment(stage: Stage) -> None:
    broadcast = stage.broadcast(recipients={"not": {"segment": {"id": 77}}})
    with pytest.raises(InvalidRequest, match="segment 77 does not exist") as caught:
        stage.accept(broadcast)
    assert caught.value.problems[0].pointer == ""
    assert not stage.accept(broadcast, {"recipients": {"attribute": {"field": "a", "operator": "exists"}}}).refused


# -- limits -----------------------------------------------------------------------------------------------------


def test_the_time_since_the_last_one_counts_to_the_millisecond(stage: Stage) -> None:
    broadcast = stage.broadcast()
    limits = Limits(3_600_000, 1_000)
    stage.accept(broadcast, limits=limits)
    for ago_ms, fewest, most in [(0, 3_590, 3_600), (1_800_000, 1_790, 1_800), (3_589_000, 1, 11)]:
        stage.store.script(f"UPDATE broadcast SET last_trigger_ms = {now(stage) - ago_ms};")
        with pytest.raises(RateLimited, match="1 trigger of a broadcast per 3600s") as caught:
            stage.accept(broadcast, limits=limits)
        assert fewest <= (caught.value.retry_after or 0) <= most
    stage.store.script(f"UPDATE broadcast SET last_trigger_ms = {now(stage) - 3_600_000};")
    stage.accept(broadcast, limits=limits)
    assert written(stage)["broadcast_trigger"] == 2


def now(stage: Stage) -> int:
    return stage.store.read(lambda tx: tx.now_ms())


def calls_at_once(stage: Stage, broadcast: Broadcast, limits: Limits, count: int) -> list[bool]:
    """So many calls at once; which were taken."""

    def call() -> bool:
        try:
            stage.accept(broadcast, limits=limits)
        except RateLimited:
            return False
        return True

    return together(*[call] * count)


def test_of_many_calls_at_once_one_is_taken(stage: Stage) -> None:
    assert sorted(calls_at_once(stage, stage.broadcast(), Limits(60_000, 5), 6)) == [False] * 5 + [True]
    assert written(stage)["broadcast_trigger"] == 1


def test_of_many_calls_at_once_the_queue_takes_its_number(stage: Stage) -> None:
    assert sum(calls_at_once(stage, stage.broadcast(), Limits(0, 3), 7)) == 3
    assert written(stage)["broadcast_trigger"] == 3


async def test_a_trigger_is_in_the_queue_until_it_is_over(stage: Stage) -> None:
    stage.crowd(1)
    broadcast = stage.broadcast()
    full = Limits(0, 2)
    resolving, sending = stage.trigger(broadcast), stage.trigger(broadcast)
    assert await stage.resolver().run_once(sending)
    assert stage.get(sending).state is TriggerState.SENDING
    assert stage.store.write(lambda tx: triggers.hold(tx, "r", 60_000, resolving))
    with pytest.raises(RateLimited, match="2 triggers of this broadcast are not finished yet, 2 is the most"):
        stage.accept(broadcast, limits=full)
    stage.stop(broadcast)
    for _ in range(2):
        stage.accept(broadcast, limits=full)
    with pytest.raises(RateLimited):
        stage.accept(broadcast, limits=full)


# -- frozen content ---------------------------------------------------------------------------------------------


def test_edits_reach_the_next_trigger_only(stage: Stage) -> None:
    broadcast = stage.broadcast(EmailContent(subject="first"), EmailContent(subject="second"))
    put = partial(snippets.save, workspace=stage.workspace, name="foot")
    stage.store.write(lambda tx: put(tx, value="old"))
    before = stage.trigger(broadcast)
    edited = replace(broadcast.actions[0], content=EmailContent(subject="edited"))
    off = replace(broadcast.actions[1], sending_state=SendingState.OFF)

    def edit(tx: Transaction) -> None:
        broadcasts.update_action(tx, edited)
        broadcasts.update_action(tx, off)
        put(tx, value="new")

    stage.store.write(edit)
    after = stage.trigger(broadcast)
    assert frozen(stage, before) == ["first", "second", "foot=old"]
    assert frozen(stage, after) == ["edited", "foot=new"]


def test_the_same_content_is_kept_once(stage: Stage) -> None:
    broadcast = stage.broadcast(MAIL)
    for _ in range(3):
        stage.accept(broadcast, limits=UNLIMITED)
    assert written(stage) == {"broadcast_trigger": 3, "trigger_content": 1, "trigger_entry": 0, "trigger_error": 0}
