# SPDX-License-Identifier: Apache-2.0
"""The condition of an action over our API: set, changed, reviewed, previewed, counted, copied and compared."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.stage import Stage

from clarion.api.clarion.edits import NEW_ACTION, new_broadcast
from clarion.domain.copying import Belongings, Fitting
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_webhook_actions import made

_ROOT = "/api/clarion/v1"
_MAIL = {"subject": "One", "body": "Hi {% unsubscribe_url %}", "from": "a@example.com", "name": "Mail"}
_PRO: dict[str, Any] = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}


def member(segment_id: int) -> dict[str, Any]:
    return {"segment": {"id": segment_id}}


async def segment(client: Client) -> int:
    answered = await client("POST", "/v1/segments", {"segment": {"name": "Some"}})
    return int(answered.json["segment"]["id"])


async def people(track: Client) -> None:
    for no in range(4):
        plan = "pro" if no == 0 else "free"
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com", "plan": plan})


async def test_it_is_set_with_the_action_and_changed_by_itself(manage: Client) -> None:
    broadcast = await made(manage, {**_MAIL, "condition": _PRO})
    (action,) = broadcast["actions"]
    assert action["condition"] == _PRO
    path = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{action['id']}"
    kept = (await manage("PATCH", path, {"subject": "Two"})).json["action"]
    assert (kept["subject"], kept["condition"]) == ("Two", _PRO)
    copied = (await manage("POST", f"{path}/duplicate")).json["action"]
    assert copied["condition"] == _PRO
    assert (await manage("PATCH", path, {"condition": {}})).json["action"]["condition"] == {}
    stale = await manage("PATCH", path, {"condition": _PRO, "version": 1})
    assert (stale.status, (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}")).status) == (409, 200)


@pytest.mark.parametrize("kind", ["sms", "webhook", "push", "slack", "in_app", "whatsapp"])
async def test_every_channel_has_one(manage: Client, kind: str) -> None:
    broadcast = await made(manage, {"kind": kind, "name": "One", "condition": _PRO})
    assert broadcast["actions"][0]["condition"] == _PRO


@pytest.mark.parametrize(
    ("condition", "pointer"),
    [
        ([], ""),
        (None, ""),
        ({"attribute": {"field": "plan", "operator": "like", "value": 1}}, "/attribute/operator"),
        ({"and": []}, "/and"),
        ({"segment": {"id": "x"}}, "/segment/id"),
    ],
)
async def test_faults_are_named(manage: Client, condition: object, pointer: str) -> None:
    broadcast = await made(manage)
    answered = await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/actions", {**_MAIL, "condition": condition})
    assert answered.status == 422
    where = f"/data/attributes/condition{pointer}"
    assert [error["source"]["pointer"] for error in answered.json["errors"]] == [where]
    answered = await manage("POST", f"{_ROOT}/broadcasts", {"name": "B", "actions": [{"condition": condition}]})
    where = f"/data/attributes/actions/0/condition{pointer}"
    assert [error["source"]["pointer"] for error in answered.json["errors"]] == [where]


async def test_a_segment_that_is_not_there_holds_activation_back(manage: Client, client: Client) -> None:
    broadcast = await made(manage, {**_MAIL, "condition": {"not": member(77)}})
    where = f"actions/{broadcast['actions'][0]['id']}/condition"
    path = f"{_ROOT}/broadcasts/{broadcast['id']}"
    found = (await manage("GET", f"{path}/review")).json["problems"]
    assert [(one["field"], one["message"]) for one in found] == [(where, "segment 77 does not exist")]
    assert (await manage("POST", f"{path}/activate")).status == 422
    tried = (await manage("POST", f"{path}/trigger_check", {})).json["problems"]
    assert any("segment 77, which the condition of action" in one["message"] for one in tried)
    number = await segment(client)
    await manage("PATCH", f"{path}/{where.removesuffix('/condition')}", {"condition": {"not": member(number)}})
    assert (await manage("POST", f"{path}/activate")).status == 200
    worse = await manage("PATCH", f"{path}/{where.removesuffix('/condition')}", {"condition": member(77)})
    assert worse.status == 422, "of one that runs"
    used = (await client("GET", f"/v1/segments/{number}/used_by")).json["used_by"]["campaigns"]
    assert used == [broadcast["id"]]
    assert (await client("DELETE", f"/v1/segments/{number}")).status == 400


async def test_a_transactional_message_has_none(manage: Client) -> None:
    body = {"name": "Receipt", "kind": "transactional", "actions": [{**_MAIL, "condition": _PRO}]}
    broadcast = (await manage("POST", f"{_ROOT}/broadcasts", body)).json["broadcast"]
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json["problems"]
    assert [one["field"] for one in found] == [f"actions/{broadcast['actions'][0]['id']}/condition"]


async def test_the_numbers_and_the_preview_go_by_it(manage: Client, track: Client) -> None:
    await people(track)
    broadcast = await made(manage, {**_MAIL, "condition": _PRO}, _MAIL)
    one, other = (action["id"] for action in broadcast["actions"])
    counted = (await manage("POST", f"{_ROOT}/audience/count", {"broadcast_id": broadcast["id"]})).json
    assert (counted["people"], counted["will_get"], counted["messages"]) == (4, 4, 5)
    assert [(each["id"], each["will_get"], each["left_out"]["condition"]) for each in counted["actions"]] == [
        (one, 1, 3),
        (other, 4, 0),
    ]
    ids = {"broadcast_id": broadcast["id"], "action_id": one}
    found = (await manage("POST", f"{_ROOT}/preview", {**ids, "person": {"id": "p1"}})).json
    assert (found["outcome"], found["message"]["subject"]) == ({"state": "skipped", "reason": "condition"}, "One")
    found = (await manage("POST", f"{_ROOT}/preview", {**ids, "person": {"id": "p0"}})).json
    assert (found["outcome"]["state"], found["errors"]) == ("sent", [])
    as_edited = {**ids, "person": {"id": "p1"}, "action": {"condition": {"not": _PRO}}}
    assert (await manage("POST", f"{_ROOT}/preview", as_edited)).json["outcome"]["state"] == "sent"
    checked = (await manage("POST", f"{_ROOT}/preview/check", ids)).json
    assert (checked["people"], checked["sent"]) == (4, 1)
    assert [(cause["reason"], cause["people"]) for cause in checked["causes"]] == [("condition", 3)]


async def test_it_is_compared_and_gone_back_to(manage: Client) -> None:
    broadcast = await made(manage, _MAIL)
    path, number = f"{_ROOT}/broadcasts/{broadcast['id']}", broadcast["actions"][0]["id"]
    await manage("PATCH", f"{path}/actions/{number}", {"condition": _PRO})
    newest, first = (await manage("GET", f"{path}/versions")).json["versions"]
    assert newest["changed"] == [f"actions/{number}/condition"]
    one = (await manage("GET", f"{path}/versions/{newest['version']}")).json
    assert one["differences"] == [{"field": f"actions/{number}/condition", "before": {}, "after": _PRO}]
    back = await manage("POST", f"{path}/versions/{first['version']}/restore")
    assert (back.status, back.json["broadcast"]["actions"][0]["condition"]) == (200, {})
    again = await manage("POST", f"{path}/versions/{newest['version']}/restore")
    assert again.json["broadcast"]["actions"][0]["condition"] == _PRO


def test_in_a_copy_for_another_workspace_segments_and_topics_are_found_by_their_names() -> None:
    nothing = Belongings({}, {}, {}, {})
    here = replace(nothing, segments={1: "Some", 2: "Others"}, topics={3: "Offers"})
    there = replace(nothing, segments={9: "Some"}, topics={8: "Offers"})
    condition = {"or": [member(1), {"not": member(2)}, {"attribute": {"field": "segment", "operator": "exists"}}]}
    action = replace(NEW_ACTION, action_id=5, condition=condition, topic_id=3)
    fitting = Fitting(here, there)
    (fitted,) = fitting.fitted(replace(new_broadcast(1), actions=(action,))).actions
    assert fitted.topic_id == 8
    assert fitted.condition == {"or": [member(9), {"not": member(2)}, condition["or"][2]]}
    assert [(one.field, "'Others'" in one.message) for one in fitting.missing] == [("actions/0/condition", True)]


async def test_whoever_was_left_out_by_it_has_an_account_and_no_message(
    manage: Client, client: Client, track: Client, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    await people(track)
    broadcast = await made(manage, {**_MAIL, "condition": _PRO})
    await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")
    trigger_id = (await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})).json["id"]
    assert await Stage(store, workspace, tmp_path).resolver().run_once(trigger_id)
    trigger = (await manage("GET", f"{_ROOT}/triggers/{trigger_id}")).json["trigger"]
    assert (trigger["audience"], trigger["recipients"]) == (4, 1)
    assert trigger["reasons"] == {"skipped": {"condition": 3}}
    accounts = (await manage("GET", f"{_ROOT}/triggers/{trigger_id}/deliveries?state=skipped")).json["deliveries"]
    assert [one["reason"] for one in accounts] == ["condition"] * 3
    for query, expected in (("", 1), ("&metric=undeliverable", 0), ("&metric=created", 1), ("&state=attempted", 0)):
        for path in ("/v1/messages", f"/v1/broadcasts/{broadcast['id']}/messages"):
            listed = (await client("GET", f"{path}?limit=10{query}")).json["messages"]
            assert len(listed) == expected, (path, query)
    for number, expected in ((0, 1), (1, 0)):
        own = (await client("GET", f"/v1/customers/p{number}/messages")).json["messages"]
        assert len(own) == expected
        activities = (await client("GET", f"/v1/customers/p{number}/activities")).json["activities"]
        assert not any("undeliverable" in one["type"] for one in activities)
