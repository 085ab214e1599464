# SPDX-License-Identifier: Apache-2.0
"""Pause, resume, stop, cancel, priority and rate of one trigger; repeats and applied edits; the contract's cancel."""

from typing import Any

import pytest
from tests.store.ledgers import Played
from tests.support.audience import playing

from clarion.domain.broadcasts import BroadcastState
from clarion.domain.deliveries import Outcome, Reason, State
from clarion.pipeline.again import work_off
from clarion.store import broadcasts, ledger
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client


def path(played: Played, call: str = "") -> str:
    return f"/api/clarion/v1/triggers/{played.trigger_id}{call}"


@pytest.fixture
def played(store: Store, workspace: Workspace) -> Played:
    return playing(store, workspace, size=6)


async def test_pause_and_resume_as_often_as_one_likes(manage: Client, played: Played) -> None:
    for call, paused in [("pause", True), ("pause", True), ("resume", False), ("resume", False), ("pause", True)]:
        answer = await manage("POST", path(played, f"/{call}"))
        assert (answer.status, answer.json["trigger"]["paused"]) == (200, paused)
    shown = (await manage("GET", path(played))).json["trigger"]["control"]
    assert shown == (await manage("GET", path(played, "/control"))).json["trigger"]
    assert shown["changed_by"] == "Management"
    assert shown["changed_at"] > 0
    assert shown["paused_at"] > 0


async def test_a_stopped_one_is_over(manage: Client, played: Played) -> None:
    for _ in range(2):
        answer = await manage("POST", path(played, "/stop"))
        assert (answer.status, answer.json["trigger"]["state"]) == (200, "stopped")
    for method, call, body in [
        ("POST", "/pause", None),
        ("POST", "/resume", None),
        ("POST", "/cancel", None),
        ("PUT", "/control", {"priority": 1}),
        ("POST", "/send_again", {"to": "failed"}),
        ("POST", "/apply_content", None),
    ]:
        answer = await manage(method, path(played, call), body)
        assert (answer.status, "stopped" in answer.error) == (409, True), call


async def test_priority_and_rate(manage: Client, played: Played) -> None:
    async def put(body: dict[str, Any]) -> dict[str, Any]:
        answer = await manage("PUT", path(played, "/control"), body)
        assert answer.status == 200, answer.body
        shown: dict[str, Any] = answer.json["trigger"]
        return shown

    shown = await put({"priority": 7, "rate": {"messages": 100, "per": "minute"}})
    assert (shown["priority"], shown["rate"]) == (7, {"messages": 100, "per": "minute"})
    assert (await put({"priority": -3}))["rate"] == {"messages": 100, "per": "minute"}
    shown = await put({"spread": 3_600})
    assert (shown["priority"], set(shown["rate"])) == (-3, {"spread_until"})
    assert (await put({"priority": 1}))["rate"] == shown["rate"]
    assert (await put({"rate": {"messages": 1, "per": "day"}}))["rate"] == {"messages": 1, "per": "day"}
    assert (await put({"rate": None}))["rate"] is None
    await put({"spread": 60})
    assert (await put({"spread": None}))["rate"] is None
    assert (await put({}))["priority"] == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"priority": 1.5}, "priority"),
        ({"priority": True}, "priority"),
        ({"priority": 10**7}, "priority"),
        ({"rate": 5}, "rate"),
        ({"rate": {}}, "rate/messages"),
        ({"rate": {"messages": 0, "per": "second"}}, "rate/messages"),
        ({"rate": {"messages": 10**9, "per": "second"}}, "rate/messages"),
        ({"rate": {"messages": 1, "per": "week"}}, "rate/per"),
        ({"rate": {"messages": 1, "per": ["day"]}}, "rate/per"),
        ({"rate": {"messages": 1, "per": "day", "x": 1}}, "rate/x"),
        ({"spread": 0}, "spread"),
        ({"spread": "1h"}, "spread"),
        ({"rate": {"messages": 1, "per": "day"}, "spread": 5}, "spread"),
        ({"speed": 1}, "speed"),
    ],
)
async def test_refused_with_its_field(manage: Client, played: Played, body: dict[str, Any], field: str) -> None:
    answer = await manage("PUT", path(played, "/control"), body)
    assert answer.status == 422
    assert field in str(answer.json["errors"]), answer.body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "to"),
        ({"to": "everybody"}, "to"),
        ({"to": ["failed"]}, "to"),
        ({"to": "failed", "reasons": "refused"}, "reasons"),
        ({"to": "failed", "reasons": ["no"]}, "reasons/0"),
        ({"to": "failed", "reasons": [{}]}, "reasons/0"),
        ({"to": "joined_since", "reasons": ["refused"]}, "reasons"),
        ({"to": "in_doubt", "may_double": "yes"}, "may_double"),
        ({"to": "in_doubt"}, "may_double"),
    ],
)
async def test_a_repeat_refused_with_its_field(
    manage: Client, played: Played, body: dict[str, Any], field: str
) -> None:
    answer = await manage("POST", path(played, "/send_again"), body)
    assert answer.status == 422
    assert field in str(answer.json["errors"]), answer.body


async def test_send_again_is_seen_in_history_and_account(manage: Client, store: Store, played: Played) -> None:
    outcomes = [Outcome(played.key(seq), State.FAILED, Reason.REFUSED) for seq in (1, 2)]
    outcomes += [Outcome(played.key(3), State.IN_DOUBT, Reason.NO_ANSWER)]
    store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=0))
    answer = await manage("POST", path(played, "/send_again"), {"to": "failed", "reasons": ["refused"]})
    assert (answer.status, answer.json["accounts"]) == (200, 2)
    answer = await manage("POST", path(played, "/send_again"), {"to": "in_doubt", "may_double": True})
    assert answer.json["accounts"] == 1
    answer = await manage("POST", path(played, "/send_again"), {"to": "failed", "reasons": ["gave_up"]})
    assert answer.json["accounts"] == 0
    assert work_off(store) == 3
    told = (await manage("GET", path(played, "/history"))).json["again"]
    assert [(item["to"], item["queued"], item["done"], item["asked_by"]) for item in told] == [
        ("failed", 2, True, "Management"),
        ("in_doubt", 1, True, "Management"),
    ]
    shown = (await manage("GET", path(played, "/deliveries"))).json["deliveries"]
    assert [item["again"] for item in shown] == [1, 1, 1, 0, 0, 0]


async def test_joined_since_is_resolved_once_more(manage: Client, played: Played) -> None:
    answer = await manage("POST", path(played, "/send_again"), {"to": "joined_since"})
    assert (answer.status, answer.json["accounts"]) == (200, None)
    assert [(item["to"], item["queued"]) for item in answer.json["again"]] == [("joined_since", 0)]
    assert (await manage("GET", path(played))).json["trigger"]["state"] == "queued"
    assert (await manage("POST", path(played, "/send_again"), {"to": "joined_since"})).status == 409


async def test_an_edit_is_applied_when_asked(manage: Client, store: Store, played: Played) -> None:
    before = played.trigger().content_hash
    assert (await manage("POST", path(played, "/apply_content"))).json["changed"] is False
    action = played.action_ids[0]
    edit = f"/api/clarion/v1/broadcasts/{played.broadcast.broadcast_id}/actions/{action}"
    assert (await manage("PATCH", edit, {"subject": "Other"})).status == 200
    assert played.trigger().content_hash == before
    answer = await manage("POST", path(played, "/apply_content"))
    assert answer.json["changed"] is True
    (change,) = answer.json["content_changes"]
    assert (change["before"], change["content"]) == (before, played.trigger().content_hash)
    assert (await manage("DELETE", edit)).status in {200, 204}
    answer = await manage("POST", path(played, "/apply_content"))
    assert (answer.status, str(action) in answer.error) == (409, True)


async def test_nobody_elses_trigger(manage: Client, client: Client, played: Played, id_client: Client) -> None:
    for method, call in [
        ("GET", "/control"),
        ("PUT", "/control"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/stop"),
        ("POST", "/cancel"),
        ("POST", "/apply_content"),
        ("GET", "/history"),
    ]:
        assert (await client(method, path(played, call))).status == 401, "an app key may not"
        assert (await manage(method, f"/api/clarion/v1/triggers/999{call}")).status == 404
    broadcast_id = played.broadcast.broadcast_id
    cancel = f"/v1/campaigns/{broadcast_id}/triggers/{played.trigger_id}/cancel"
    assert (await id_client("POST", cancel)).status == 404


async def test_the_contracts_cancel(client: Client, store: Store, played: Played) -> None:
    broadcast_id = played.broadcast.broadcast_id
    store.write(lambda tx: broadcasts.set_state(tx, broadcast_id, BroadcastState.RUNNING))
    base = f"/v1/campaigns/{broadcast_id}/triggers"
    answer = await client("POST", base, {"scheduled_at": 4_000_000_000, "expires_after": 60, "ids": []})
    assert answer.status == 422
    answer = await client("POST", base, {"scheduled_at": 4_000_000_000, "expires_after": 60})
    trigger_id = answer.json["id"]
    status = (await client("GET", f"{base}/{trigger_id}")).json["clarion"]
    assert (status["state"], status["scheduled_at"], status["expires_at"]) == ("scheduled", 4 * 10**9, 4 * 10**9 + 60)
    for _ in range(2):
        answer = await client("POST", f"{base}/{trigger_id}/cancel")
        assert answer.status == 200
        shown = answer.json["trigger"]
        assert shown.pop("cancelled_at") > 0
        assert shown.pop("created_at") > 0
        assert shown == {
            "broadcast_id": broadcast_id,
            "expires_after": 60,
            "id": trigger_id,
            "processed_at": 0,
            "scheduled_at": 4_000_000_000,
        }
    assert (await client("POST", f"{base}/{played.trigger_id}/cancel")).status == 409
    assert (await client("POST", f"{base}/x/cancel")).status == 400
    assert (await client("POST", f"{base}/999/cancel")).status == 404
