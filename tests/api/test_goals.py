# SPDX-License-Identifier: Apache-2.0
"""A goal from the call that sets it to everything that shows its conversions: sent, clicked, bought."""

from pathlib import Path
from typing import Any

from tests.pipeline.providers import Scripted
from tests.pipeline.stage import Stage
from tests.support.jobs import LostJobs

from clarion.pipeline.converting import work_off
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_GOAL = {
    "kind": "event",
    "event": "purchase",
    "property_name": "plan",
    "property_value": "gold",
    "window_days": 3,
    "counted_from": "clicked",
}
_MAIL = {"subject": "Hi", "body": '<p><a href="https://shop.example/">Shop</a></p>', "from": "Acme <n@example.com>"}


async def sent(manage: Client, client: Client, track: Client, stage: Stage, *names: str) -> tuple[dict[str, Any], int]:
    for name in names:
        await track("PUT", f"/api/v1/customers/{name}", {"email": f"{name}@example.com"})
    made = await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "goal": _GOAL, "actions": [_MAIL]})
    broadcast: dict[str, Any] = made.json["broadcast"]
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    answered = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(answered.json["id"])
    return broadcast, answered.json["id"]


async def test_from_the_click_in_a_mail_to_the_numbers(
    manage: Client, client: Client, track: Client, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    broadcast, trigger_id = await sent(manage, client, track, Stage(store, workspace, tmp_path), "ann", "bob")
    messages = (await client("GET", "/v1/messages")).json["messages"]
    ids = {one["customer_id"]: one["id"] for one in messages}
    click = {"delivery_id": ids["ann"], "metric": "clicked", "href": "https://shop.example/"}
    assert (await track("POST", "/api/v1/metrics", click)).status == 200
    for name in ("ann", "bob"):  # bob never clicked
        for plan in ("tin", "gold"):
            event = {"name": "purchase", "data": {"plan": plan}}
            assert (await track("POST", f"/api/v1/customers/{name}/events", event)).status == 200
    assert work_off(store) == 2

    one = f"/v1/broadcasts/{broadcast['id']}"
    for metrics in (f"{one}/metrics", f"{one}/actions/{broadcast['actions'][0]['id']}/metrics"):
        series = (await client("GET", f"{metrics}?steps=2")).json["metric"]["series"]
        assert series["converted"] == [0, 1]
    journeys = (await client("GET", f"/v1/campaigns/{broadcast['id']}/journey_metrics?steps=2")).json
    assert journeys["journey_metric"]["converted"] == [0, 1]
    of_trigger = (await client("GET", f"/v1/campaigns/{broadcast['id']}/triggers/{trigger_id}/metrics")).json
    assert of_trigger["metric"]["counts"]["converted"] == 1
    (message,) = (await client("GET", "/v1/messages?metric=converted")).json["messages"]
    assert message["customer_id"] == "ann"
    assert message["metrics"]["converted"] >= message["metrics"]["clicked"]
    told = (await client("GET", "/v1/customers/ann/activities?type=converted_email")).json["activities"]
    assert [activity["delivery_id"] for activity in told] == [message["id"]]
    timeline = (await manage("GET", f"{_ROOT}/deliveries/{message['id']}")).json["delivery"]["timeline"]
    (moment,) = [moment for moment in timeline if moment["what"] == "converted"]
    assert (moment["detail"]["goal"], moment["words"]) == ("event", "purchase")


async def test_a_review_says_why_a_goal_counts_nothing(manage: Client) -> None:
    async def warned(goal: dict[str, Any], *actions: dict[str, Any]) -> list[str]:
        body = {"name": "Spring", "goal": goal, "actions": list(actions)}
        number = (await manage("POST", f"{_ROOT}/broadcasts", body)).json["broadcast"]["id"]
        found = (await manage("GET", f"{_ROOT}/broadcasts/{number}/review")).json["warnings"]
        return [each["message"] for each in found if each["field"] == "goal"]

    hook = {"kind": "webhook", "url": "https://x.example", "body": "{}"}
    assert await warned(_GOAL, _MAIL) == []
    assert await warned({"kind": "enters_segment", "segment_id": 77}, _MAIL) == [
        "segment 77 does not exist: nobody can reach the goal"
    ]
    (why,) = await warned(_GOAL, hook)
    assert "conversion_tracking" in why
    assert await warned({**_GOAL, "counted_from": "sent"}, {**hook, "conversion_tracking": True}) == []
    (why,) = await warned(_GOAL, {**_MAIL, "tracked": False})
    assert why == "it counts from when a message was clicked, and none is tracked"
    assert await warned({**_GOAL, "counted_from": "sent"}, {**_MAIL, "tracked": False}) == []
