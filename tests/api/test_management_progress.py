# SPDX-License-Identifier: Apache-2.0
"""Progress of triggers from counters, badge counts, and the send history."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from tests.store.ledgers import FAR, Played
from tests.support.audience import add_people, playing

from clarion.domain.copied import Copied, CopyEnd
from clarion.domain.deliveries import Outcome, Reason, State
from clarion.domain.goals import Goal, GoalKind
from clarion.domain.metrics import Metric
from clarion.store import control, copied, goals, ledger, metrics
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

ROOT = "/api/clarion/v1"


def settle(played: Played, seqs: Iterable[int], state: State, reason: Reason | None = None, **more: Any) -> None:
    outcomes = [Outcome(played.key(seq), state, reason, **more) for seq in seqs]
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=0))


async def test_separate_numbers(manage: Client, store: Store, workspace: Workspace) -> None:
    played = playing(store, workspace, size=8)
    settle(played, [1, 2, 3], State.SENT)
    settle(played, [4], State.FAILED, Reason.REFUSED)
    settle(played, [5], State.FAILED, Reason.RENDER_FAILED)
    settle(played, [6], State.IN_DOUBT, Reason.NO_ANSWER)
    shown = (await manage("GET", f"{ROOT}/triggers/{played.trigger_id}/progress")).json["trigger"]
    assert shown["numbers"] == {
        "accounts": 8,
        "made": 5,
        "handed_over": 5,
        "sent": 3,
        "failed": 2,
        "skipped": 0,
        "drafted": 0,
        "in_doubt": 1,
        "stopped": 0,
        "left": 2,
    }
    assert shown["reasons"] == {"failed": {"refused": 1, "render_failed": 1}, "in_doubt": {"no_answer": 1}}
    assert shown["resolved"] == {"people": 8, "expected": 8, "share": 1.0, "done": True, "errors": 0}
    assert (shown["state"], shown["running"], shown["paused"], shown["repeating"]) == ("sending", True, False, False)
    assert shown["broadcast"] == {"id": played.broadcast.broadcast_id, "name": "Spring"}


async def test_rate_is_shared_through_the_database(manage: Client, store: Store, workspace: Workspace) -> None:
    played = playing(store, workspace, size=200)
    target = f"{ROOT}/triggers/{played.trigger_id}/progress"
    first = (await manage("GET", target)).json["trigger"]
    assert (first["rate"], first["estimated_end_at"]) == (None, None)
    store.script("UPDATE trigger_sample SET at_ms = at_ms - 10000")  # somebody looked ten seconds ago
    settle(played, range(1, 101), State.SENT)
    shown = (await manage("GET", target)).json["trigger"]
    assert 9 < shown["rate"] <= 10
    assert shown["estimated_end_at"] >= first["created_at"] + 9
    assert [n for _, n in shown["handed_over_at"]] == [0]
    again = (await manage("GET", target)).json["trigger"]
    assert [n for _, n in again["handed_over_at"]] == [0, 100]
    await manage("GET", target)
    kept = store.read(lambda tx: tx.composed("SELECT COUNT(*) AS n FROM trigger_sample", {}))
    assert kept[0]["n"] == 2  # at most one in some seconds, however many look


async def test_several_in_one_call_with_badges(manage: Client, store: Store, workspace: Workspace) -> None:
    one, other = playing(store, workspace, size=3), playing(store, workspace, size=2)
    store.write(lambda tx: control.pause(tx, other.trigger_id, "Ann"))
    settle(one, [1], State.DRAFTED)
    settle(one, [2, 3], State.IN_DOUBT, Reason.NO_ANSWER)
    found = (await manage("GET", f"{ROOT}/progress?ids={other.trigger_id},{one.trigger_id},999")).json
    assert [item["id"] for item in found["triggers"]] == [other.trigger_id, one.trigger_id]
    assert found["badges"] == {"running_triggers": 2, "drafts": 1, "in_doubt": 2}
    assert found["triggers"][0]["paused"] is True
    assert [held["what"] for held in found["triggers"][0]["held_back"]] == ["paused"]
    bare = (await manage("GET", f"{ROOT}/progress")).json
    assert (bare["triggers"], bare["badges"]) == ([], found["badges"])
    running = (await manage("GET", f"{ROOT}/progress?running=true")).json
    assert [item["id"] for item in running["triggers"]] == [other.trigger_id, one.trigger_id]
    assert (await manage("GET", f"{ROOT}/progress?ids=1,x")).status == 400
    assert (await manage("GET", f"{ROOT}/progress?ids={','.join('1' * 101)}")).status == 400


async def test_what_retries_were_told(manage: Client, store: Store, workspace: Workspace) -> None:
    played = playing(store, workspace, size=3)
    claim = played.sure_claim(0)
    settle(played, [1, 2, 3], State.QUEUED, words="451 later", due_ms=FAR)
    assert not played.give_back(claim)  # it is not done
    shown = (await manage("GET", f"{ROOT}/triggers/{played.trigger_id}/progress")).json["trigger"]
    assert [(held["what"], held["words"]) for held in shown["held_back"]] == [("retries", "451 later")]
    assert shown["held_back"][0]["until"] == FAR // 1_000


async def test_trigger_of_another_workspace_is_not_shown(
    manage: Client, store: Store, id_only: tuple[Workspace, object]
) -> None:
    played = playing(store, id_only[0], size=2)
    assert (await manage("GET", f"{ROOT}/triggers/{played.trigger_id}/progress")).status == 404
    assert (await manage("GET", f"{ROOT}/progress?ids={played.trigger_id}")).json["triggers"] == []
    assert (await manage("GET", f"{ROOT}/broadcasts/{played.broadcast.broadcast_id}/sends")).status == 404


async def test_what_was_heard_of_each_action_of_a_trigger(
    manage: Client, store: Store, workspace: Workspace, id_only: tuple[Workspace, object]
) -> None:
    played, other = (playing(store, workspace, size=4, actions=2) for _ in range(2))
    settle(played, [1, 2, 3], State.SENT)
    settle(played, [4], State.FAILED, Reason.REFUSED)
    heard = {1: (Metric.OPENED, Metric.HUMAN_OPENED, Metric.CONVERTED), 2: (Metric.OPENED, Metric.PREFETCH_OPENED)}
    for seq, some in heard.items():
        for metric in some:
            store.write(partial(metrics.hear, key=played.key(seq), metric=metric))
    store.write(partial(metrics.hear, key=played.key(3, 1), metric=Metric.BOUNCED))
    store.write(partial(metrics.hear, key=other.key(3, 1), metric=Metric.CLICKED))
    goal = Goal(GoalKind.EVENT, event="booked", window_days=7)
    workspace_id, broadcast_id = workspace.workspace_id, played.broadcast.broadcast_id
    store.write(lambda tx: goals.aim(tx, workspace_id, broadcast_id, played.trigger_id, goal, played.action_ids[:1]))
    copies = Copied()
    copies.note(played.action_ids[1], None, CopyEnd.SENT, copies=3)
    copies.note(played.action_ids[1], None, CopyEnd.NOT_SENT, "552 full")
    for shard in (0, 1):
        store.write(partial(copied.add, trigger_id=played.trigger_id, shard=shard, copied=copies))
    told = (await manage("GET", f"{ROOT}/triggers/{played.trigger_id}/actions")).json
    first, second = told["actions"]
    assert first["copies"] is None
    assert second["copies"] == {"sent": 6, "not_sent": 2, "unknown": 0, "last_reason": "552 full"}
    assert (told["goal"]["event"], told["goal"]["window_days"]) == ("booked", 7)
    assert [first["id"], second["id"]] == played.action_ids
    assert {name: n for name, n in first["metrics"].items() if n} == {
        "created": 4,
        "attempted": 4,
        "sent": 3,
        "failed": 1,
        "opened": 2,
        "human_opened": 1,
        "prefetch_opened": 1,
        "converted": 1,
    }
    assert first["reasons"] == {"failed": {"refused": 1}}
    assert {name: n for name, n in second["metrics"].items() if n} == {"created": 4, "bounced": 1}
    assert set(first["tells"]) - set(second["tells"]) == {"converted"}
    assert {"opened", "clicked", "bounced"} < set(second["tells"])
    assert (await manage("GET", f"{ROOT}/triggers/{other.trigger_id}/actions")).json["goal"] is None
    assert (await manage("GET", f"{ROOT}/triggers/999/actions")).status == 404
    elsewhere = playing(store, id_only[0], size=2)
    assert (await manage("GET", f"{ROOT}/triggers/{elsewhere.trigger_id}/actions")).status == 404


async def test_send_history_in_pages(manage: Client, client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 2)
    played = playing(store, workspace, size=2)
    number = played.broadcast.broadcast_id
    settle(played, [1], State.SENT)
    for metric in (Metric.OPENED, Metric.HUMAN_OPENED):
        store.write(partial(metrics.hear, key=played.key(1), metric=metric))
    store.script(f"UPDATE broadcast SET state = 'running' WHERE broadcast_id = {number}")
    made = (await client("POST", f"/v1/campaigns/{number}/triggers", {"ids": ["p1"]})).json["id"]
    first = (await manage("GET", f"{ROOT}/broadcasts/{number}/sends?limit=1")).json
    assert [(send["id"], send["state"]) for send in first["sends"]] == [(made, "queued")]
    assert first["sends"][0]["triggered_by"]
    second = (await manage("GET", f"{ROOT}/broadcasts/{number}/sends?limit=1&start={first['next']}")).json
    assert second["next"] is None
    (send,) = second["sends"]
    assert (send["id"], send["people"], send["numbers"]["sent"]) == (played.trigger_id, 2, 1)
    heard = {name: n for name, n in send["heard"].items() if n}
    assert heard == {"opened": 1, "human_opened": 1}
    assert set(send["heard"]) > {"clicked", "human_clicked", "converted"}
