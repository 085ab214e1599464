# SPDX-License-Identifier: Apache-2.0
"""The audience, frozen: everybody who matches is in it once, whatever breaks on the way; and who is not sent, why."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from clarion.domain.broadcasts import EmailContent
from clarion.domain.triggers import TriggerState
from clarion.pipeline.resolve import Resolver, Sizes
from clarion.store import access, triggers
from clarion.store.engine import Store

from .stage import MAIL, Broken, Stage, breaking_at

TINY = Sizes(range_people=3, slice_people=2)


def members(stage: Stage, trigger_id: int) -> list[int]:
    """The audience's people in order, of an action."""
    rows = stage.rows(trigger_id)
    return [int(row["person_id"]) for row in rows if row["action_id"] == rows[0]["action_id"]]


# -- by a filter ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sizes", [Sizes(1, 1), Sizes(2, 5), TINY, Sizes(5, 3), Sizes(13, 13), Sizes(12, 100), Sizes()], ids=str
)
async def test_everybody_who_matches_is_in_once(stage: Stage, sizes: Sizes) -> None:
    people = stage.crowd(13)
    chosen = [people[n] for n in (0, 2, 3, 4, 7, 11, 12)]
    segment = {"segment": {"id": stage.segment(chosen)}}
    everybody, some, others = (
        stage.trigger(stage.broadcast(), {"recipients": which}) for which in ({}, segment, {"not": segment})
    )
    resolver = stage.resolver(sizes=sizes)
    for trigger_id, expected in [
        (everybody, people),
        (some, chosen),
        (others, [person for person in people if person not in chosen]),
    ]:
        stage.submitted.clear()
        assert await resolver.run_once(trigger_id)
        assert members(stage, trigger_id) == expected
        assert stage.sums(trigger_id) == {"queued": len(expected)}
        trigger = stage.get(trigger_id)
        assert (trigger.state, trigger.audience, trigger.recipients) == (TriggerState.SENDING,) + (len(expected),) * 2
        slices = stage.slices(trigger_id)
        assert stage.submitted == [no for no, _, _ in slices] == list(range(trigger.open_slices))
        assert all(hi - lo < sizes.slice_people for _, lo, hi in slices)


async def test_attributes_are_compared_as_text(stage: Stage) -> None:
    gold = [stage.person(f"g{n}", plan="gold", rank=n, vip=n == 1) for n in range(3)]
    stage.person("s", plan="silver", rank="1")
    stage.person("none")

    def eq(field: str, value: Any, **more: Any) -> dict[str, Any]:
        return {"attribute": {"field": field, "operator": "eq", "value": value, **more}}

    for condition, expected in [
        (eq("plan", "gold"), gold),
        ({"and": [eq("plan", "gold"), eq("rank", "1")]}, gold[1:2]),
        ({"and": [eq("plan", "gold"), eq("rank", 1.0)]}, gold[1:2]),
        (eq("vip", True), gold[1:2]),
        ({"or": [eq("id", "g0"), eq("email", "g2@x.test")]}, [gold[0], gold[2]]),
    ]:
        trigger_id = stage.trigger(stage.broadcast(), {"recipients": condition})
        assert await stage.resolver(sizes=TINY).run_once(trigger_id)
        assert members(stage, trigger_id) == expected, condition


async def test_nobody_matches(stage: Stage) -> None:
    stage.crowd(7)
    trigger_id = stage.trigger(stage.broadcast(recipients={"segment": {"id": stage.segment([])}}))
    assert await stage.resolver(sizes=TINY).run_once()
    assert stage.sums(trigger_id) == {}
    assert (stage.get(trigger_id).state, stage.get(trigger_id).audience) == (TriggerState.DONE, 0)


async def test_an_empty_workspace(stage: Stage) -> None:
    trigger_id = stage.trigger(stage.broadcast())
    stage.crowd(2)  # too late
    assert await stage.resolver(sizes=TINY).run_once()
    assert stage.sums(trigger_id) == {}
    assert stage.get(trigger_id).state is TriggerState.DONE


async def test_another_workspaces_people_are_not_in_it(stage: Stage, store: Store) -> None:
    other = store.write(lambda tx: access.create_workspace(tx, "Other", "id", access.random_keys()))
    neighbour = Stage(store, other, stage.folder)
    theirs, ours = neighbour.crowd(4), stage.crowd(3)
    for where, expected in ((stage, ours), (neighbour, theirs)):
        trigger_id = where.trigger(where.broadcast())
        assert await where.resolver(sizes=TINY).run_once(trigger_id)
        assert members(where, trigger_id) == expected


async def test_who_comes_after_the_trigger_is_not_in_it(stage: Stage) -> None:
    elsewhere = Stage(stage.store, stage.workspace, stage.folder)  # another process, with numbers of its own
    early = [*stage.crowd(2), *elsewhere.crowd(2, first=3)]
    assert early == sorted(early)
    trigger_id = stage.trigger(stage.broadcast())
    late = [*stage.crowd(3, first=5), *elsewhere.crowd(3, first=8)]
    assert min(late) < max(early) < max(late)  # their numbers do not tell
    created = stage.get(trigger_id).created_ms
    stage.store.script(f"UPDATE person SET created_ms = {created + 1} WHERE id IN ('p5', 'p6', 'p7');")
    assert await stage.resolver(sizes=TINY).run_once()
    assert members(stage, trigger_id) == early


async def test_who_leaves_before_their_range_is_not_in_it(stage: Stage) -> None:
    people = stage.crowd(8)
    trigger_id = stage.trigger(stage.broadcast())

    def check(name: str) -> None:
        if name == "resolve.after_commit" and stage.get(trigger_id).audience == 3:
            stage.delete(people[0])  # is in already, and stays
            stage.delete(people[6])

    assert await stage.resolver(sizes=TINY, failpoint=check).run_once()
    assert members(stage, trigger_id) == [person for person in people if person != people[6]]
    assert stage.sums(trigger_id) == {"queued": 7}


@pytest.mark.parametrize("name", ["resolve.before_commit", "resolve.after_commit"])
async def test_the_next_one_goes_on_behind_the_last_range(stage: Stage, name: str) -> None:
    people = stage.crowd(11)
    for passing in range(1, 5):
        trigger_id = stage.trigger(stage.broadcast())
        stage.submitted.clear()
        with pytest.raises(Broken):
            await stage.resolver(sizes=TINY, failpoint=breaking_at(name, passing)).run_once()
        reached = passing if name == "resolve.after_commit" else passing - 1
        assert stage.get(trigger_id).audience == min(3 * reached, 11)
        assert not await stage.resolver(owner="next", sizes=TINY).run_once()  # the lease still stands
        stage.died()
        assert await stage.resolver(owner="next", sizes=TINY).run_once()
        assert members(stage, trigger_id) == people
        assert stage.sums(trigger_id) == {"queued": 11}
        assert stage.submitted == [no for no, _, _ in stage.slices(trigger_id)]
        assert stage.get(trigger_id).resolve_fence == 2


async def test_broken_again_and_again(stage: Stage) -> None:
    people = stage.crowd(11)
    trigger_id = stage.trigger(stage.broadcast())
    broken = 0
    while stage.get(trigger_id).state is not TriggerState.SENDING:
        name = ("resolve.before_commit", "resolve.after_commit")[broken % 2]
        try:
            await stage.resolver(sizes=TINY, failpoint=breaking_at(name)).run_once()
        except Broken:
            broken += 1
            stage.died()
    assert broken >= 4
    assert members(stage, trigger_id) == people
    stage.sums(trigger_id)


@pytest.mark.parametrize("matching", [9, 1], ids=["full ranges", "empty ranges"])
async def test_one_that_was_replaced_stops_although_it_does_not_know(stage: Stage, matching: int) -> None:
    people = stage.crowd(9)
    chosen = people[:matching]
    # Written so that SQL cannot narrow it: each range is a page of three, most of whom may not match.
    others = [{"field": "id", "operator": "eq", "value": f"p{n + 1}", "inverse": True} for n in range(matching)]
    condition = {"not": {"and": [{"attribute": other} for other in others]}}
    trigger_id = stage.trigger(stage.broadcast(), {"recipients": condition})
    taken: list[int] = []

    def taken_over(name: str) -> None:
        if name == "resolve.after_commit" and not taken:
            stage.died("slept")  # its lease is over, as far as the next one can tell
            held = stage.store.write(lambda tx: triggers.hold(tx, "next", 60_000, trigger_id))
            assert held is not None
            taken.append(held.resolve_fence)

    assert await stage.resolver(owner="slept", sizes=TINY, failpoint=taken_over).run_once()
    trigger = stage.get(trigger_id)
    assert (trigger.resolve_fence, trigger.state) == (taken[0], TriggerState.RESOLVING)
    assert trigger.resolved_to == people[2]  # nothing of the next range, not under the next one's name either
    stage.died("next")
    assert await stage.resolver(owner="third", sizes=TINY).run_once()
    assert members(stage, trigger_id) == chosen
    stage.sums(trigger_id)


async def test_a_stop_ends_it_and_what_is_frozen_stays_in_account(stage: Stage) -> None:
    stage.crowd(9)
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast)

    def stop(name: str) -> None:
        if name == "resolve.after_commit" and stage.get(trigger_id).audience == 6:
            stage.stop(broadcast)

    assert await stage.resolver(sizes=TINY, failpoint=stop).run_once()
    trigger = stage.get(trigger_id)
    assert (trigger.state, trigger.audience) == (TriggerState.STOPPED, 6)
    assert stage.sums(trigger_id) == {"queued": 6}  # whoever claims the slices accounts for them
    assert not await stage.resolver().run_once(trigger_id)


async def test_who_is_taken_and_who_is_not(stage: Stage) -> None:
    stage.crowd(1)
    broadcast = stage.broadcast()
    assert not await stage.resolver().run_once()
    assert not await stage.resolver().run_once(99)
    first, second, third = (stage.trigger(broadcast) for _ in range(3))
    assert await stage.resolver().run_once(second)
    assert await stage.resolver().run_once()
    assert [stage.get(n).state.value for n in (first, second, third)] == ["sending", "sending", "queued"]
    assert not await stage.resolver().run_once(second)


# -- reasons ----------------------------------------------------------------------------------------------------


async def test_several_actions_are_an_account_each(stage: Stage) -> None:
    own, also, other, spaced, blank = (
        MAIL,
        MAIL,
        replace(MAIL, recipient="desk+{{customer.id}}@x.test"),
        replace(MAIL, recipient=" {{ customer.email }}"),
        replace(MAIL, recipient=""),
    )
    broadcast = stage.broadcast(own, also, other, spaced, blank, to_unsubscribed=(False, True))
    stage.crowd(4)
    stage.person("quiet", unsubscribed=True)
    stage.person("silent", None, unsubscribed="1")
    stage.person("nomail", None)
    trigger_id = stage.trigger(broadcast)
    assert await stage.resolver(sizes=TINY).run_once()
    assert stage.sums(trigger_id) == {
        "queued": 4 * 5 + 1 + 1,  # the quiet one by the second action, the one without address by the third
        "skipped unsubscribed": 4 + 4,
        "skipped no_address": 1 + 4,
    }
    trigger = stage.get(trigger_id)
    assert (trigger.audience, trigger.recipients) == (7, 6)
    reasons = {(row["seq"], row["action_id"]): row["reason"] for row in stage.rows(trigger_id)}
    ids = [action.action_id for action in broadcast.actions]
    assert [reasons[6, action_id] for action_id in ids] == ["unsubscribed", "no_address"] + ["unsubscribed"] * 3
    assert [reasons[7, action_id] for action_id in ids] == ["no_address"] * 2 + [None] + ["no_address"] * 2


async def test_actions_that_are_off_have_no_accounts(stage: Stage) -> None:
    stage.crowd(3)
    broadcast = stage.broadcast(MAIL, EmailContent())
    stage.store.script(f"UPDATE action SET sending_state = 'off' WHERE action_id = {broadcast.actions[1].action_id};")
    trigger_id = stage.trigger(broadcast)
    assert await stage.resolver().run_once()
    assert stage.sums(trigger_id) == {"queued": 3}


# -- named one by one ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [Sizes(1, 1), TINY, Sizes(8, 3), Sizes()], ids=str)
async def test_named_people_keep_their_order_and_their_reasons(stage: Stage, sizes: Sizes) -> None:
    p1, p2, p3, p4, p5 = stage.crowd(5)
    ids = ["p4", "p2", "p4", "p1", "p3", "p2", "p4", "p5"]
    trigger_id = stage.trigger(stage.broadcast(MAIL, MAIL), {"ids": ids})
    stage.delete(p1)
    stage.change(p3, "p3", "p3@x.test", unsubscribed=True)
    stage.change(p5, "p5", None)
    assert await stage.resolver(sizes=sizes).run_once()
    assert members(stage, trigger_id) == [p4, p2, p4, p1, p3, p2, p4, p5]
    rows = stage.rows(trigger_id)[::2]
    reasons = [None, None, "duplicate", "deleted", "unsubscribed", "duplicate", "duplicate", "no_address"]
    assert [row["reason"] for row in rows] == reasons
    assert stage.sums(trigger_id) == {
        "queued": 4,
        "skipped duplicate": 6,
        "skipped deleted": 2,
        "skipped unsubscribed": 2,
        "skipped no_address": 2,
    }
    assert (stage.get(trigger_id).audience, stage.get(trigger_id).recipients) == (8, 2)


@pytest.mark.parametrize("name", ["resolve.before_commit", "resolve.after_commit"])
async def test_named_people_go_on_behind_the_last_range(stage: Stage, name: str) -> None:
    people = stage.crowd(7)
    ids = [f"p{n}" for n in (7, 6, 5, 5, 4, 3, 2, 1, 7)]
    for passing in range(1, 4):
        trigger_id = stage.trigger(stage.broadcast(), {"ids": ids})
        with pytest.raises(Broken):
            await stage.resolver(sizes=TINY, failpoint=breaking_at(name, passing)).run_once()
        stage.died()
        assert await stage.resolver(sizes=TINY).run_once()
        assert members(stage, trigger_id) == [people[int(text[1:]) - 1] for text in ids]
        assert stage.sums(trigger_id) == {"queued": 7, "skipped duplicate": 2}


async def test_all_named_people_are_gone(stage: Stage) -> None:
    people = stage.crowd(3)
    trigger_id = stage.trigger(stage.broadcast(), {"emails": ["p1@x.test", "p2@x.test", "p3@x.test"]})
    for person in people:
        stage.delete(person)
    assert await stage.resolver(sizes=TINY).run_once()
    assert stage.sums(trigger_id) == {"skipped deleted": 3}
    trigger = stage.get(trigger_id)
    assert (trigger.state, trigger.audience, trigger.recipients) == (TriggerState.SENDING, 3, 0)


async def test_everybody_was_missing_and_excused(stage: Stage) -> None:
    trigger_id = stage.trigger(stage.broadcast(), {"ids": ["a", "b"], "id_ignore_missing": True})
    assert await stage.resolver().run_once()
    assert (stage.get(trigger_id).state, stage.sums(trigger_id)) == (TriggerState.DONE, {})
    assert stage.get(trigger_id).error_count == 2


async def test_a_resolver_that_is_stopped_gives_the_trigger_back_behind_the_last_range(stage: Stage) -> None:
    stage.crowd(20)
    trigger_id = stage.trigger(stage.broadcast())
    stopped: list[Resolver] = []

    def stop(name: str) -> None:
        if name == "resolve.after_commit":
            stopped[0].stop()

    stopped.append(stage.resolver(owner="first", sizes=TINY, failpoint=stop))
    assert await stopped[0].run_once()
    assert stage.get(trigger_id).state is TriggerState.RESOLVING
    assert 0 < stage.get(trigger_id).audience < 20

    assert await stage.resolver(owner="second", sizes=TINY).run_once(), "it can be taken at once"
    assert stage.get(trigger_id).state is TriggerState.SENDING
    assert stage.sums(trigger_id) == {"queued": 20}


async def test_a_small_audience_does_not_wait_for_a_large_one(stage: Stage) -> None:
    stage.crowd(30)
    few = {"ids": ["p1", "p2"]}
    large = [stage.trigger(stage.broadcast()) for _ in range(3)]
    holding, release = threading.Semaphore(0), threading.Event()
    passed: list[str] = []

    def wait_in_the_first_range(name: str) -> None:
        if name == "resolve.after_commit" and len(passed) < len(large):
            passed.append(name)
            holding.release()
            assert release.wait(20)

    resolver = stage.resolver(sizes=TINY, failpoint=wait_in_the_first_range)
    running = [asyncio.create_task(resolver.run_once(number)) for number in large]
    try:
        for _ in large:
            assert await asyncio.to_thread(holding.acquire, timeout=20)
        small = stage.trigger(stage.broadcast(), few)
        assert await resolver.run_once(small)
        assert stage.get(small).state is TriggerState.SENDING
        assert {stage.get(number).state for number in large} == {TriggerState.RESOLVING}
    finally:
        release.set()
    assert await asyncio.gather(*running) == [True] * len(large)
    assert all(stage.sums(number) == {"queued": 30} for number in large)
