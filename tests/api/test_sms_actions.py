# SPDX-License-Identifier: Apache-2.0
"""SMS actions, as an example of messages that are texts by name: made, previewed, reviewed, sent, and shown again."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import SIGN, Stage
from tests.support.jobs import LostJobs

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import registry
from clarion.domain.deliveries import key_of
from clarion.domain.short_links import behind
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_webhook_actions import made

_ROOT = "/api/clarion/v1"
_SMS: dict[str, Any] = {
    "kind": "sms",
    "name": "Reminder",
    "recipient": "{{customer.phone}}",
    "from": "+15550001111",
    "body": "{{ trigger.headline }}, {{ customer.name | default: 'you' }}",
    "image_url": "",
}


async def people(track: Client) -> None:
    phones: list[dict[str, Any]] = [{"phone": "+1 (555) 123-4567", "name": "Ada"}, {}, {"phone": "12"}]
    for no, more in enumerate(phones, start=1):
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com", **more})


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


async def work_off(stage: Stage, number: int) -> None:
    texts = registry.build("outbox", {"directory": stage.folder / "outbox", "channel": "sms"})
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(texts,))):
        await stage.finished(number)


def captured(stage: Stage) -> list[Any]:
    return list(registry.captured_mail(stage.folder / "outbox", stage.workspace.workspace_id).page(0, 9))


async def test_it_is_made_and_changed_by_either_api(manage: Client, client: Client) -> None:
    broadcast = await made(manage, _SMS)
    (action,) = broadcast["actions"]
    assert {name: action[name] for name in _SMS} == _SMS
    assert action["tracked"] is True
    assert not action.keys() & {"subject", "headers", "url"}
    path = f"/v1/broadcasts/{broadcast['id']}/actions/{action['id']}"
    shown = (await client("GET", path)).json["action"]
    assert (shown["type"], shown["body"], shown["image_url"], shown["recipient"]) == ("twilio", _SMS["body"], "", "")
    assert (await client("PUT", path, shown)).json["action"] == shown
    kept = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}")).json["broadcast"]["actions"][0]
    assert kept["recipient"] == "{{customer.phone}}"
    changed = (await client("PUT", path, {"body": "Hi", "image_url": "https://x.example/a.png"})).json["action"]
    assert (changed["body"], changed["image_url"]) == ("Hi", "https://x.example/a.png")
    refused = await client("PUT", path, {"subject": "Hi"})
    assert refused.status == 422
    assert refused.json["errors"][0]["detail"] == "subject: is not a field of an SMS"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({"kind": "sms", "subject": "Hi"}, "/subject"), ({"kind": "sms", "body": 1}, "/body"), ({"title": "x"}, "/title")],
)
async def test_faults_are_named(manage: Client, body: dict[str, Any], pointer: str) -> None:
    broadcast = await made(manage)
    answered = await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/actions", body)
    assert answered.status == 422
    assert [error["source"]["pointer"] for error in answered.json["errors"]] == [f"/data/attributes{pointer}"]


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, []),
        ({"body": " "}, ["body"]),
        ({"body": "{% if %}"}, ["body"]),
        ({"recipient": "12"}, ["recipient"]),
        ({"body": "a", "recipient": "+15551234567", "image_url": "ftp://x"}, ["image_url"]),
    ],
)
async def test_what_a_review_says(manage: Client, changes: dict[str, Any], problems: list[str]) -> None:
    broadcast = await made(manage, {**_SMS, **changes})
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json
    where = f"actions/{broadcast['actions'][0]['id']}/"
    assert [each["field"].removeprefix(where) for each in found["problems"]] == problems
    assert not any(each["field"].endswith("/recipient") for each in found["warnings"]), "who has no phone is skipped"


async def test_it_is_previewed_and_checked(manage: Client, track: Client) -> None:
    await people(track)
    broadcast = await made(manage, _SMS)
    ids = {"broadcast_id": broadcast["id"], "action_id": broadcast["actions"][0]["id"]}
    asked = {**ids, "person": {"id": "p1"}, "data": {"headline": "News"}}
    found = (await manage("POST", f"{_ROOT}/preview", asked)).json
    assert (found["message"]["body"], found["outcome"]["state"], found["errors"]) == ("News, Ada", "sent", [])
    found = (await manage("POST", f"{_ROOT}/preview", {**asked, "person": {"id": "p2"}})).json
    assert found["outcome"] == {"state": "skipped", "reason": "no_address"}
    broken = {**asked, "action": {"body": "{{ customer.nowhere }}"}}
    found = (await manage("POST", f"{_ROOT}/preview", broken)).json
    assert (found["message"]["body"], found["errors"][0]["field"]) == (None, "body")
    checked = (await manage("POST", f"{_ROOT}/preview/check", {**ids, "data": {"headline": "x"}})).json
    assert (checked["people"], checked["sent"]) == (3, 1)
    assert {cause["reason"] for cause in checked["causes"]} == {"no_address", "invalid_address"}


async def test_a_test_goes_to_numbers(api: Api, keys: Keys, manage: Client, track: Client, tmp_path: Path) -> None:
    await people(track)
    broadcast = await made(manage, _SMS)
    path = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}/test_send"
    app = application.build(
        replace(api, provider=lambda channel: registry.build("outbox", {"directory": tmp_path, "channel": channel}))
    )
    client = Client(app, f"Bearer {keys.manage_key}")
    asked = {"person": {"id": "p1"}, "data": {"headline": "News"}, "to": ["+44 20 7946 0000"]}
    (result,) = (await client("POST", path, asked)).json["results"]
    assert result == {"address": "+442079460000", "sent": True, "words": "kept in the outbox"}
    for wrong in (["nobody"], []):
        refused = await client("POST", path, {**asked, "to": wrong})
        assert refused.status == 422
        assert "/to" in refused.json["errors"][0]["source"]["pointer"]


async def test_who_has_no_address_is_left_out_whatever_the_text_lacks(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)  # the second has neither phone nor name, the third no name
    broadcast = await made(manage, {**_SMS, "body": "{{ customer.name }}"})
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})
    await work_off(stage, sent.json["id"])
    assert stage.sums(sent.json["id"]) == {"sent": 1, "skipped no_address": 1, "failed render_failed": 1}


async def test_everybody_is_accounted_for(manage: Client, client: Client, track: Client, stage: Stage) -> None:
    await people(track)
    broadcast = await made(manage, _SMS)
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": {"headline": "News"}})
    await work_off(stage, sent.json["id"])
    assert stage.sums(sent.json["id"]) == {"sent": 1, "skipped no_address": 1, "failed invalid_address": 1}
    messages = (await client("GET", "/v1/messages?type=twilio")).json["messages"]
    assert {one["type"] for one in messages} == {"twilio"}
    (arrived,) = [one for one in messages if "sent" in one["metrics"]]
    assert arrived["recipient"] == "+15551234567"
    said = (await client("GET", f"/v1/messages/{arrived['id']}/archived_message")).json["archived_message"]
    assert (said["body"], said["from"], said["recipient"]) == ("News, Ada", "+15550001111", "+15551234567")
    (kept,) = registry.captured_mail(stage.folder / "outbox", stage.workspace.workspace_id).page(0, 9)
    assert (kept.recipient, kept.subject) == ("+15551234567", "News, Ada")


async def test_its_links_are_tracked(manage: Client, client: Client, track: Client, stage: Stage, api: Api) -> None:
    await people(track)
    await track("PUT", "/api/v1/customers/p4", {"phone": "+15550004444", "cio_email_tracking_consent": False})
    body = "See https://nightbus.example/lines and {{ trigger.link }}."
    broadcast = await made(manage, {**_SMS, "body": body})
    ids = {"broadcast_id": broadcast["id"], "action_id": broadcast["actions"][0]["id"]}
    data = {"link": "https://x.example/a?b=1"}
    asked = {**ids, "person": {"id": "p1"}, "data": data}
    previewed = (await manage("POST", f"{_ROOT}/preview", asked)).json["message"]["body"]
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": data})
    await work_off(stage, sent.json["id"])
    kept = {one.recipient: one for one in captured(stage)}
    assert kept["+15550004444"].subject == f"See https://nightbus.example/lines and {data['link']}.", "they said no"
    text = kept["+15551234567"].subject
    assert len(previewed) - 8 <= len(text) <= len(previewed), "what is previewed costs as much"
    messages = (await client("GET", "/v1/messages?type=twilio")).json["messages"]
    (arrived,) = [one for one in messages if one["recipient"] == "+15551234567"]
    key = key_of(arrived["id"], api.secret)
    found = re.fullmatch(r"See \S+/s/([\w-]+) and \S+/s/([\w-]+)\.", text)
    assert found is not None
    links = [behind(token, SIGN.secret) for token in found.groups()]
    assert links == [(key, "https://nightbus.example/lines"), (key, data["link"])]
    series = (await client("GET", f"/v1/broadcasts/{broadcast['id']}/metrics?period=days&steps=1")).json["metric"]
    assert (sum(series["series"]["untracked"]), sum(series["series"]["link_untracked"])) == (1, 0)


async def test_untracked_links_stay_and_are_counted_as_such(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    broadcast = await made(manage, {**_SMS, "body": "See https://x.example/a", "tracked": False})
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})
    await work_off(stage, sent.json["id"])
    (kept,) = captured(stage)
    assert kept.subject == "See https://x.example/a"
    series = (await client("GET", f"/v1/broadcasts/{broadcast['id']}/metrics?period=days&steps=1")).json["metric"]
    assert (sum(series["series"]["open_untracked"]), sum(series["series"]["link_untracked"])) == (0, 1)


async def test_a_call_may_say_whether_links_are_tracked(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    message = await made(manage, {**_SMS, "body": "https://x.example/a"}, kind="transactional", trigger_name="code")
    assert (await manage("POST", f"{_ROOT}/broadcasts/{message['id']}/activate")).status == 200
    asked = {"transactional_message_id": "code", "identifiers": {"id": "p1"}}
    for more in ({}, {"tracked": False}):
        assert (await client("POST", "/v1/send/sms", {**asked, **more})).status == 200
    refused = await client("POST", "/v1/send/sms", {**asked, "tracked": "no"})
    assert (refused.status, "tracked" in str(refused.json)) == (422, True)
    for row in stage.select("SELECT trigger_id FROM broadcast_trigger"):
        await work_off(stage, int(row["trigger_id"]))
    tracked, plain = sorted((one.subject for one in captured(stage)), key=len, reverse=True)
    assert ("/s/" in tracked, plain) == (True, "https://x.example/a")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Hi", ""),
        ("a" * 161, "as 2 segments: 161 characters in GSM-7"),
        ("a" * 120 + " https://x.example/a", "of them because its links are tracked"),
        ("{{ trigger.x | default: 'y' }}" + "a" * 161, ""),
    ],
)
async def test_a_review_tells_what_it_costs(manage: Client, body: str, told: str) -> None:
    broadcast = await made(manage, {**_SMS, "body": body})
    warnings = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json["warnings"]
    said = [one["message"] for one in warnings if one["field"].endswith("/body")]
    assert (said != [], told in "".join(said)) == (bool(told), True)


async def test_who_wants_no_sms_gets_other_messages(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    said = {"topics": {}, "channels": {"sms": False, "push": True}}
    for name, more in {"p1": {"cio_subscription_preferences": said}, "p2": {}}.items():
        await track("PUT", f"/api/v1/customers/{name}", {"email": f"{name}@x.test", "phone": "+15551234567", **more})
    mail = {"subject": "Hi", "body": "<p>Hi {% unsubscribe %}", "from": "a@x.test"}
    broadcast = await made(manage, {**_SMS, "body": "Hi"}, mail)
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})
    await work_off(stage, sent.json["id"])
    assert stage.sums(sent.json["id"]) == {"sent": 3, "skipped unsubscribed": 1}
    (row,) = stage.select("SELECT words FROM delivery WHERE reason = 'unsubscribed'")
    assert row["words"] == "from sms"


async def test_drafts_say_it_in_the_language_of_whom_they_are_for(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await track("PUT", "/api/v1/customers/p1", {"phone": "+491701234567", "language": "de"})
    broadcast = await made(manage, {**_SMS, "sending_state": "draft"})
    action = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}"
    assert (await manage("PUT", f"{action}/languages/de", {"body": "Hallo"})).status in {200, 201}
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": {"headline": "News"}})
    await work_off(stage, sent.json["id"])
    (draft,) = (await manage("GET", f"{_ROOT}/drafts")).json["drafts"]
    assert (draft["recipient"], draft["subject"]) == ("+491701234567", "Hallo")
    shown = (await manage("GET", f"{_ROOT}/drafts/{draft['id']}")).json["draft"]
    assert "body: Hallo" in shown["plain"]
    assert (await manage("POST", f"{_ROOT}/drafts/send", {"ids": [draft["id"]]})).status == 200
    await work_off(stage, sent.json["id"])
    assert stage.sums(sent.json["id"]) == {"sent": 1}


async def test_one_person_is_sent_one(manage: Client, client: Client, track: Client, stage: Stage) -> None:
    await people(track)
    message = await made(manage, _SMS, kind="transactional", trigger_name="code")
    assert (await manage("POST", f"{_ROOT}/broadcasts/{message['id']}/activate")).status == 200
    asked: dict[str, Any] = {
        "transactional_message_id": "code",
        "identifiers": {"id": "p2"},
        "to": "+1 555 000 2222",
        "body": "Code {{ trigger.code }}",
        "message_data": {"code": 7},
    }
    sent = await client("POST", "/v1/send/sms", asked)
    assert sent.status == 200, sent.body
    shown = (await client("GET", f"/v1/messages/{sent.json['delivery_id']}")).json["message"]
    assert (shown["type"], shown["transactional_message_id"]) == ("twilio", message["id"])
    (number,) = [int(row["trigger_id"]) for row in stage.select("SELECT trigger_id FROM broadcast_trigger")]
    await work_off(stage, number)
    (kept,) = registry.captured_mail(stage.folder / "outbox", stage.workspace.workspace_id).page(0, 9)
    assert (kept.recipient, kept.subject) == ("+15550002222", "Code 7")
    for changes, pointer in (
        ({"to": "nobody"}, "to"),
        ({"body": "{% if %}"}, "body"),
        ({"body": 3}, "body"),
        ({"transactional_message_id": None}, "transactional_message_id"),
        ({"subject": "x"}, "subject"),
        ({"identifiers": {"id": "nobody"}, "auto_create": False}, "identifiers/id"),
    ):
        refused = await client("POST", "/v1/send/sms", {**asked, **changes})
        assert refused.status == 422
        assert pointer in str(refused.json)
    other = await client("POST", "/v1/send/email", {"transactional_message_id": "code", "identifiers": {"id": "p1"}})
    assert other.status == 422
    assert "is of kind sms" in str(other.json)


async def test_what_is_told_of_an_sms_counts_and_bars_nobody_s_address(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    broadcast = await made(manage, _SMS)
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": {"headline": "Hi"}})
    await work_off(stage, sent.json["id"])
    messages = (await client("GET", "/v1/messages?type=twilio")).json["messages"]
    (arrived,) = [one for one in messages if "sent" in one["metrics"]]
    told: dict[str, Any] = {"delivery_id": arrived["id"], "timestamp": arrived["metrics"]["sent"]}
    link = {**told, "metric": "clicked", "href": "https://x.example/a"}
    bounced = {**told, "metric": "bounced", "recipient": "p1@example.com", "reason": "30003"}
    for one in (link, bounced, {**told, "metric": "delivered"}):
        assert (await track("POST", "/api/v1/metrics", one)).status == 200
    refused = await track("POST", "/api/v1/metrics", {**told, "metric": "spammed"})
    assert (refused.status, "twilio" in str(refused.json)) == (400, True)
    shown = (await client("GET", f"/v1/messages/{arrived['id']}")).json["message"]["metrics"]
    assert {"bounced", "clicked", "human_clicked", "delivered", "opened"} <= shown.keys()
    found = (await client("GET", "/v1/esp/suppression/bounces")).json
    assert found["suppressions"] == []
