# SPDX-License-Identifier: Apache-2.0
"""Actions on people: made, reviewed, previewed and performed, once each, with all that follows as from an API call."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import SIGN, Stage
from tests.support.jobs import LostJobs

from clarion.channels.person import PersonProvider
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.pipeline import converting
from clarion.pipeline.acting import Acting
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers

from .conftest import Client
from .test_webhook_actions import made

_ROOT = "/api/clarion/v1"
UPDATE: dict[str, Any] = {
    "kind": "attribute_update",
    "name": "New plan",
    "attributes": '{"plan": "{{ trigger.plan }}", "seats": {{ trigger.seats }}, "trial": null, "is_new": false}',
    "whom": "self",
    "identifier": "",
}
EVENT: dict[str, Any] = {
    "kind": "create_event",
    "name": "Told",
    "event_name": "plan {{ trigger.plan }} offered",
    "event_data": '{"who": {{ customer.name }}, "seats": {{ trigger.seats }}}',
}
MOVE: dict[str, Any] = {"kind": "static_seg_update", "name": "Offered", "segment_id": "1", "change": "add"}
DATA = {"plan": "pro", "seats": 3}


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


def providers(store: Store) -> list[PersonProvider]:
    act = Acting(store, PersonNumbers(store), SIGN.secret)
    return [PersonProvider(act, kind) for kind in PERSON_ACTIONS]


async def people(track: Client, *names: str, **attributes: Any) -> None:
    for name in names:
        await track("PUT", f"/api/v1/customers/{name}", {"email": f"{name}@x.example", "name": name, **attributes})


async def segment(client: Client, name: str = "Offered") -> int:
    return int((await client("POST", "/v1/segments", {"segment": {"name": name}})).json["segment"]["id"])


async def activated(manage: Client, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    broadcast = await made(manage, *actions, **more)
    answered = await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")
    assert answered.status == 200, answered.json
    return broadcast


async def worked_off(stage: Stage, *numbers: int) -> None:
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=providers(stage.store))):
        for number in numbers:
            await stage.finished(number)


async def triggered(client: Client, broadcast: dict[str, Any], **body: Any) -> int:
    accepted = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": DATA, **body})
    assert accepted.status == 200, accepted.json
    return int(accepted.json["id"])


async def attributes(client: Client, person: str) -> dict[str, str]:
    answered = await client("GET", f"/v1/customers/{person}/attributes?id_type=id")
    found: dict[str, str] = answered.json["customer"]["attributes"]
    return found


async def members(client: Client, segment_id: int) -> list[str]:
    found: list[str] = (await client("GET", f"/v1/segments/{segment_id}/membership")).json["ids"]
    return sorted(found)


def events(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    rows = stage.select("SELECT name, data FROM person_event ORDER BY name, data")
    return [(str(row["name"]), json.loads(row["data"])) for row in rows]


@pytest.mark.parametrize("action", [UPDATE, EVENT, MOVE], ids=lambda one: str(one["kind"]))
async def test_each_is_made_and_changed_by_either_api(manage: Client, client: Client, action: dict[str, Any]) -> None:
    broadcast = await made(manage, action)
    (kept,) = broadcast["actions"]
    assert {name: kept[name] for name in action} == action
    assert kept["send_to_unsubscribed"] is True
    assert not kept.keys() & {"subject", "headers", "url", "tracked", "recipient"}
    path = f"/v1/broadcasts/{broadcast['id']}/actions/{kept['id']}"
    shown = (await client("GET", path)).json["action"]
    assert (shown["type"], shown["sending_state"]) == (action["kind"], "automatic")
    assert (await client("PUT", path, shown)).json["action"] == shown
    changed = (await client("PUT", path, {"sending_state": "draft"})).json["action"]
    assert changed["sending_state"] == "draft"
    listed = (await client("GET", f"/v1/broadcasts/{broadcast['id']}")).json["broadcast"]["actions"]
    assert [one["type"] for one in listed] == [action["kind"]]
    refused = await manage("PATCH", f"{_ROOT}{path[3:]}", {"send_to_unsubscribed": False})
    assert [one["source"]["pointer"] for one in refused.json["errors"]] == ["/data/attributes/send_to_unsubscribed"]
    copied = await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/duplicate")
    assert {name: copied.json["broadcast"]["actions"][0][name] for name in action} == action


@pytest.mark.parametrize(
    ("action", "problem"),
    [
        (UPDATE, None),
        ({**UPDATE, "attributes": "{}"}, "attributes: attributes names no attribute"),
        ({**UPDATE, "attributes": " "}, "attributes: attributes can not be blank"),
        ({**UPDATE, "attributes": "[1]"}, "attributes: attributes must be a JSON object"),
        ({**UPDATE, "attributes": '{"a": '}, "attributes: attributes is not JSON"),
        ({**UPDATE, "attributes": '{"a": "\\ud800"}'}, "attributes: attributes is not JSON"),
        (
            {**UPDATE, "attributes": '{"email": "{{ trigger.plan }}"}'},
            "attributes: email is by what a person is known: an action does not change it",
        ),
        ({**UPDATE, "attributes": '{"id": "x"}'}, "attributes: id is by what a person is known"),
        ({**UPDATE, "attributes": '{"_update": true}'}, "attributes: _update is an instruction"),
        ({**UPDATE, "attributes": '{"created_at": true}'}, "attributes: created_at: must be Unix seconds"),
        ({**UPDATE, "attributes": '{"a": "' + "x" * 1_001 + '"}'}, "attributes: a: the value is longer"),
        ({**UPDATE, "whom": "other"}, "identifier: is needed"),
        (EVENT, None),
        ({**EVENT, "event_name": " "}, "event_name: event_name can not be blank"),
        ({**EVENT, "event_name": "é" * 51}, "event_name: the name is longer than 100 bytes"),
        ({**EVENT, "event_data": "3"}, "event_data: event_data must be a JSON object"),
        ({**EVENT, "event_data": ""}, None),
        ({**MOVE, "segment_id": "999"}, "segment_id: segment 999 does not exist"),
        ({**MOVE, "segment_id": ""}, "segment_id: segment_id can not be blank"),
        ({**MOVE, "segment_id": "x"}, "segment_id: segment_id must be the number of a segment"),
        ({**MOVE, "segment_id": "{{ trigger.plan }}"}, None),
    ],
)
async def test_what_a_review_says(manage: Client, action: dict[str, Any], problem: str | None) -> None:
    broadcast = await made(manage, action)
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json
    where = f"actions/{broadcast['actions'][0]['id']}/"
    said = [f"{each['field'].removeprefix(where)}: {each['message']}" for each in found["problems"]]
    assert len(said) == (problem is not None), said
    assert not problem or said[0].startswith(problem), said


async def test_nobody_is_moved_by_hand_where_conditions_decide(manage: Client) -> None:
    conditions = {"and": [{"attribute": {"field": "plan", "operator": "exists"}}]}
    made_now = await manage("POST", f"{_ROOT}/segments", {"name": "Paying", "conditions": conditions})
    assert made_now.status == 200, made_now.json
    broadcast = await made(manage, {**MOVE, "segment_id": str(made_now.json["segment"]["id"])})
    (problem,) = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json["problems"]
    assert "is data-driven" in problem["message"]
    ids = {"broadcast_id": broadcast["id"], "action_id": broadcast["actions"][0]["id"]}
    (error,) = (await manage("POST", f"{_ROOT}/preview", ids)).json["errors"]
    assert (error["field"], "is data-driven" in error["message"]) == ("segment_id", True)


async def test_a_segment_stays_while_people_are_moved_by_it(manage: Client, client: Client) -> None:
    number = await segment(client)
    broadcast = await made(manage, {**MOVE, "segment_id": f" {number}"})
    other = await made(manage, {**MOVE, "segment_id": "{{ trigger.which }}"})
    refused = await client("DELETE", f"/v1/segments/{number}")
    assert (refused.status, f"by the workflow of broadcast {broadcast['id']} (Spring)" in refused.error) == (400, True)
    used = (await client("GET", f"/v1/segments/{number}/used_by")).json["used_by"]["campaigns"]
    assert used == [broadcast["id"]] != [other["id"]]
    path = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}"
    assert (await manage("DELETE", path)).status == 204
    assert (await client("DELETE", f"/v1/segments/{number}")).status == 204


async def test_it_is_previewed_and_never_tested(manage: Client, track: Client) -> None:
    await people(track, "p1", "p2", unsubscribed=True)
    broadcast = await made(manage, UPDATE)
    ids = {"broadcast_id": broadcast["id"], "action_id": broadcast["actions"][0]["id"]}
    found = (await manage("POST", f"{_ROOT}/preview", {**ids, "person": {"id": "p1"}, "data": DATA})).json
    assert json.loads(found["message"]["attributes"]) == {"plan": "pro", "seats": 3, "trial": None, "is_new": False}
    assert found["outcome"] == {"state": "sent", "reason": None}
    checked = (await manage("POST", f"{_ROOT}/preview/check", {**ids, "data": DATA})).json
    assert (checked["people"], checked["sent"]) == (2, 2)
    path = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{ids['action_id']}/test_send"
    refused = await manage("POST", path, {"person": {"id": "p1"}, "to": ["a@x.example"]})
    assert (refused.status, "sends nothing" in refused.json["errors"][0]["detail"]) == (422, True)
    held = {
        **ids,
        "person": {"id": "p1"},
        "action": {"attributes": '{"{{ trigger.plan }}": 1}'},
        "data": {"plan": "id"},
    }
    found = (await manage("POST", f"{_ROOT}/preview", held)).json
    assert "id is by what a person is known" in found["errors"][0]["message"]


async def test_everybody_is_changed_once_and_what_follows_follows(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track, "p1", "p2", trial="yes")
    await people(track, "p3", unsubscribed=True)
    segment_id = await segment(client)
    conditions = {"and": [{"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}]}
    answered = await manage("POST", f"{_ROOT}/segments", {"name": "Pros", "conditions": conditions})
    pros = answered.json["segment"]["id"]
    goal = {"kind": "event", "event": "plan pro offered", "window_days": 7, "counted_from": "sent"}
    broadcast = await activated(manage, UPDATE, EVENT, {**MOVE, "segment_id": str(segment_id)}, goal=goal)
    number = await triggered(client, broadcast)
    await worked_off(stage, number)
    assert stage.sums(number) == {"sent": 9}
    found = await attributes(client, "p1")
    assert {name: found.get(name) for name in ("plan", "seats", "trial", "is_new", "name")} == {
        "plan": "pro",
        "seats": "3",
        "trial": None,
        "is_new": "false",
        "name": "p1",
    }
    assert (await attributes(client, "p3"))["plan"] == "pro"
    assert events(stage) == [("plan pro offered", {"who": f"p{no}", "seats": 3}) for no in (1, 2, 3)]
    assert await members(client, segment_id) == ["p1", "p2", "p3"]
    assert await members(client, pros) == ["p1", "p2", "p3"]
    journal = (await client("GET", "/v1/customers/p1/activities?id_type=id&limit=50")).json["activities"]
    kinds = [one["type"] for one in journal]
    assert {"attribute_change", "event", "sent_action", "attempted_action"} <= set(kinds)
    assert {one["data"]["plan"]["to"] for one in journal if "plan" in one["data"]} == {"pro"}
    messages = (await client("GET", "/v1/messages?type=create_event")).json["messages"]
    assert {(one["type"], one["subject"]) for one in messages} == {("create_event", None)}
    said = (await client("GET", f"/v1/messages/{messages[0]['id']}/archived_message")).json["archived_message"]
    assert said["body"] == "plan pro offered"
    shown = await manage("GET", f"{_ROOT}/deliveries/{messages[0]['id']}/html")
    assert "event_name: plan pro offered" in shown.body.decode()
    warnings = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json["warnings"]
    assert not [one for one in warnings if one["quiet"] and one["field"].startswith("actions/")]
    away = await activated(manage, {**MOVE, "segment_id": str(segment_id), "change": "remove"})
    out = await triggered(client, away, recipients={"attribute": {"field": "name", "operator": "eq", "value": "p2"}})
    await worked_off(stage, out)
    assert await members(client, segment_id) == ["p1", "p3"]


async def test_an_event_of_it_reaches_the_goal_of_another_broadcast(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track, "p1")
    goal = {"kind": "event", "event": "plan pro offered", "window_days": 7, "counted_from": "sent"}
    mail = {"subject": "Hi", "body": "<p>Hi</p>", "from": "Acme <a@x.example>"}
    first = await activated(manage, mail, goal=goal)
    sent = await triggered(client, first)
    await worked_off(stage, sent)
    second = await triggered(client, await activated(manage, EVENT))
    await worked_off(stage, second)
    assert await converting.errand(stage.store).turn()
    metrics = (await client("GET", f"/v1/campaigns/{first['id']}/metrics?period=days&steps=1")).json
    assert metrics["metric"]["series"]["converted"][-1] == 1


async def test_another_person_is_updated_or_made(manage: Client, client: Client, track: Client, stage: Stage) -> None:
    await people(track, "p1", "p2", friend="f1@x.example")
    await people(track, "p3", friend="cio_000000000fff")
    other = {**UPDATE, "attributes": '{"invited_by": {{ customer.id }}}', "whom": "other"}
    number = await triggered(client, await activated(manage, {**other, "identifier": "{{ customer.friend }}"}))
    await worked_off(stage, number)
    assert stage.sums(number) == {"sent": 2, "failed action_refused": 1}
    (friend,) = (await client("GET", "/v1/customers?email=f1@x.example")).json["results"]
    found = await client("GET", f"/v1/customers/cio_{friend['cio_id']}/attributes?id_type=cio_id")
    assert found.json["customer"]["attributes"]["invited_by"] == "p2"
    assert "invited_by" not in await attributes(client, "p1")


async def test_what_cannot_be_done_says_why(manage: Client, client: Client, track: Client, stage: Stage) -> None:
    await people(track, "p1")
    where = {"p1": "999"}
    number = await triggered(
        client, await activated(manage, {**MOVE, "segment_id": "{{ trigger.where }}"}), data={"where": where["p1"]}
    )
    held = {**UPDATE, "attributes": '{"{{ trigger.where }}": 1}'}
    second = await triggered(client, await activated(manage, held), data={"where": "email"})
    await worked_off(stage, number, second)
    assert stage.sums(number) == {"failed action_refused": 1}
    assert stage.sums(second) == {"failed render_failed": 1}
    words = [str(row["words"]) for one in (number, second) for row in stage.rows(one)]
    assert words[0] == "there is no segment 999"
    assert "email is by what a person is known" in words[1]


async def test_drafts_are_performed_when_somebody_says_so(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track, "p1", "p2")
    number = await triggered(client, await activated(manage, {**UPDATE, "sending_state": "draft"}))
    await worked_off(stage, number)
    assert stage.sums(number) == {"drafted": 2}
    assert "plan" not in await attributes(client, "p1")
    drafts = (await manage("GET", f"{_ROOT}/drafts")).json["drafts"]
    assert {one["subject"] for one in drafts} == {"plan, seats, trial, is_new"}
    chosen = (await manage("POST", f"{_ROOT}/drafts/send", {"ids": [drafts[0]["id"]]})).json
    assert chosen, "one of them"
    await worked_off(stage, number)
    plans = [("plan" in await attributes(client, name)) for name in ("p1", "p2")]
    assert sorted(plans) == [False, True]


async def test_it_is_no_transactional_message(manage: Client) -> None:
    broadcast = await made(manage, EVENT, kind="transactional")
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json
    assert "a transactional message is no action on a person" in [one["message"] for one in found["problems"]]


async def test_nobody_is_left_out_who_wants_no_messages(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    """By a topic, for all, or by the workspace's limit: the mail beside it is."""
    made_now = await manage("POST", f"{_ROOT}/subscription_topics", {"name": "Offers"})
    assert made_now.status in {200, 201}, made_now.json
    limited = await manage("PATCH", f"{_ROOT}/workspace", {"message_limit": {"messages": 1, "days": 1}})
    assert limited.status == 200, limited.json
    await people(track, "p1", unsubscribed=True)
    await people(track, "p2")
    unwanted = {"topics": {made_now.json["topic"]["identifier"]: False}}
    await people(track, "p3", cio_subscription_preferences=unwanted)
    mail = {"subject": "Hi", "body": "<p>Hi</p>", "from": "Acme <a@x.example>"}
    broadcast = await activated(manage, mail, EVENT, EVENT, topic_id=made_now.json["topic"]["id"])
    for expected in (
        {"sent": 7, "skipped unsubscribed": 1, "skipped unsubscribed_topic": 1},
        {"sent": 6, "skipped unsubscribed": 1, "skipped unsubscribed_topic": 1, "skipped message_limit": 1},
    ):
        told = (await manage("POST", f"{_ROOT}/audience/count", {"broadcast_id": broadcast["id"]})).json
        assert (told["will_get"], told["messages"]) == (3, expected["sent"]), told
        number = await triggered(client, broadcast)
        await worked_off(stage, number)
        assert stage.sums(number) == expected
    assert len(events(stage)) == 12


async def test_a_journey_is_a_person_not_an_action(manage: Client, client: Client, track: Client, stage: Stage) -> None:
    await people(track, "ann", "bob")
    await segment(client)
    broadcast = await activated(manage, UPDATE, EVENT, MOVE)
    await worked_off(stage, await triggered(client, broadcast))
    told = (await client("GET", f"/v1/campaigns/{broadcast['id']}/journey_metrics?steps=2")).json["journey_metric"]
    assert {name: numbers for name, numbers in told.items() if any(numbers)} == {
        "started": [0, 2], "activated": [0, 2], "finished": [0, 2],
    }  # fmt: skip
