# SPDX-License-Identifier: Apache-2.0
"""Webhook actions over both APIs: made, changed, previewed, reviewed, sent, and shown again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import Stage
from tests.pipeline.test_webhook_actions import Called
from tests.support.jobs import LostJobs

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import registry
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_CALL: dict[str, Any] = {
    "kind": "webhook",
    "name": "CRM",
    "method": "put",
    "url": "https://crm.example/{{ customer.id | url_encode }}",
    "headers": [{"name": "X-Plan", "value": "{{ customer.plan | default: 'none' }}"}],
    "body": '{"headline": "{{ trigger.headline }}"}',
}


async def made(manage: Client, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    answered = await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": list(actions), **more})
    assert answered.status == 201, answered.json
    found: dict[str, Any] = answered.json["broadcast"]
    return found


async def test_it_is_made_and_changed_by_either_api(manage: Client, client: Client) -> None:
    broadcast = await made(manage, _CALL)
    (action,) = broadcast["actions"]
    assert {name: action[name] for name in _CALL} == _CALL
    assert action["conversion_tracking"] is False
    assert not action.keys() & {"subject", "from", "recipient", "tracked"}
    path = f"/v1/broadcasts/{broadcast['id']}/actions/{action['id']}"
    shown = (await client("GET", path)).json["action"]
    assert (shown["type"], shown["url"], shown["method"]) == ("webhook", _CALL["url"], "put")
    assert json.loads(shown["headers"]) == _CALL["headers"]
    # What was read may be sent back, headers as a text too (contract §5.3).
    assert (await client("PUT", path, shown)).json["action"] == shown
    changed = await client(
        "PUT", path, {"url": "https://new.example/", "method": "delete", "headers": "[]", "body": ""}
    )
    again = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}")).json["broadcast"]["actions"][0]
    assert (again["url"], again["method"], again["headers"], again["body"]) == (
        "https://new.example/",
        "delete",
        [],
        "",
    )
    assert changed.json["action"]["headers"] == "[]"
    mine = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{action['id']}"
    tracked = (await manage("PATCH", mine, {"conversion_tracking": True})).json["action"]
    # Customer.io's API has no word for it, and leaves it as it is.
    await client("PUT", path, {"url": "https://newer.example/"})
    kept = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}")).json["broadcast"]["actions"][0]
    assert tracked["conversion_tracking"]
    assert (kept["url"], kept["conversion_tracking"]) == ("https://newer.example/", True)
    listed = (await client("GET", f"/v1/broadcasts/{broadcast['id']}")).json["broadcast"]["actions"]
    assert listed == [{"id": action["id"], "type": "webhook"}]
    summary = (await manage("GET", f"{_ROOT}/broadcasts")).json["broadcasts"][0]["actions"][0]
    assert (summary["kind"], summary["name"]) == ("webhook", "CRM")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "pigeon"}, "/kind"),
        ({"kind": ["webhook"]}, "/kind"),
        ({"kind": "webhook", "method": "head"}, "/method"),
        ({"kind": "webhook", "url": 1}, "/url"),
        ({"kind": "webhook", "conversion_tracking": "yes"}, "/conversion_tracking"),
        ({"kind": "email", "conversion_tracking": True}, "/conversion_tracking"),
        ({"kind": "webhook", "url": "x" * 8_001}, "/url"),
        ({"kind": "webhook", "subject": "Hi"}, "/subject"),
        ({"kind": "email", "url": "https://x.example"}, "/url"),
        ({"kind": "webhook", "headers": [{"name": ""}]}, "/headers/0/name"),
    ],
)
async def test_faults_are_named(manage: Client, body: dict[str, Any], pointer: str) -> None:
    broadcast = await made(manage)
    answered = await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/actions", body)
    assert answered.status == 422
    assert [error["source"]["pointer"] for error in answered.json["errors"]] == [f"/data/attributes{pointer}"]


async def test_it_stays_what_it_is_and_has_no_languages(manage: Client, client: Client) -> None:
    broadcast = await made(manage, _CALL)
    path = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}"
    assert (await manage("PATCH", path, {"kind": "email"})).status == 422
    answered = await manage("PUT", f"{path}/languages/de", {})
    assert answered.status == 422
    assert "no languages" in answered.json["errors"][0]["detail"]
    refused = await client("PUT", path.replace(_ROOT, "/v1"), {"subject": "Hi"})
    assert refused.status == 422
    assert refused.json["errors"][0]["source"]["pointer"] == "/data/attributes/subject"
    copied = (await manage("POST", f"{path}/duplicate")).json["action"]
    assert (copied["kind"], copied["url"]) == ("webhook", _CALL["url"])


async def findings(manage: Client, **changes: Any) -> tuple[list[str], list[str]]:
    broadcast = await made(manage, {**_CALL, **changes})
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json
    where = f"actions/{broadcast['actions'][0]['id']}/"
    loud = [each for each in found["warnings"] if not each["quiet"]]
    problems, warnings = ([one["field"].removeprefix(where) for one in some] for some in (found["problems"], loud))
    return problems, warnings


async def test_what_a_review_says(manage: Client) -> None:
    assert await findings(manage) == ([], ["body"])  # trigger.headline has no fallback
    assert await findings(manage, body="{}") == ([], [])
    assert await findings(manage, body="{}", url="") == (["url"], [])
    assert await findings(manage, body="{}", url="ftp://x.example") == (["url"], [])
    assert await findings(manage, body="{}", url="https://x.example/{{ customer.id }}") == ([], ["url"])
    assert await findings(manage, body="{}", url="{{ trigger.to | default: 'https://x.example' }}") == ([], [])
    assert await findings(manage, body="a=1") == ([], ["body"])
    form = [{"name": "content-type", "value": "application/x-www-form-urlencoded"}]
    assert await findings(manage, body="a=1", headers=form) == ([], [])
    assert await findings(manage, body="{% if %}") == (["body"], [])
    assert await findings(manage, body="{}", headers=[{"name": "Host", "value": "x"}]) == (["headers/Host"], [])


async def test_a_transactional_message_is_no_webhook(manage: Client) -> None:
    broadcast = await made(manage, _CALL, kind="transactional")
    answered = await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")
    assert answered.status == 422
    assert "is no webhook" in str(answered.json)


async def test_it_is_previewed_and_checked(manage: Client, track: Client) -> None:
    for no in range(4):
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com", **({"vip": True} if no else {})})
    broadcast = await made(manage, _CALL)
    ids = {"broadcast_id": broadcast["id"], "action_id": broadcast["actions"][0]["id"]}
    asked = {**ids, "person": {"id": "p1"}, "data": {"headline": 'Say "hi"'}}
    found = (await manage("POST", f"{_ROOT}/preview", asked)).json
    message = found["message"]
    assert (message["method"], message["url"]) == ("put", "https://crm.example/p1")
    assert json.loads(message["body"]) == {"headline": 'Say "hi"'}
    assert {"name": "Content-Type", "value": "application/json"} in message["headers"]
    assert (found["errors"], found["outcome"]["state"], message["size"]) == ([], "sent", len(message["body"]))
    broken = {**asked, "action": {"url": "https://x.example/{{ customer.nowhere }}", "body": "{{ trigger.none }}"}}
    found = (await manage("POST", f"{_ROOT}/preview", broken)).json
    assert (found["message"]["url"], found["message"]["body"]) == (None, None)
    assert {error["field"] for error in found["errors"]} == {"url", "body"}
    assert all(error["line"] == 1 for error in found["errors"])
    wanted = {**ids, "action": {"body": '{"v": {{ customer.vip }}}'}, "data": {"headline": "x"}}
    checked = (await manage("POST", f"{_ROOT}/preview/check", wanted)).json
    assert (checked["people"], checked["sent"]) == (4, 3)
    assert checked["causes"][0]["field"] == "body"


async def test_one_call_is_made_as_a_test(api: Api, keys: Keys, manage: Client, track: Client, tmp_path: Path) -> None:
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})
    broadcast = await made(manage, _CALL)
    path = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}/test_send"
    app = application.build(
        replace(api, provider=lambda channel: registry.build("outbox", {"directory": tmp_path, "channel": channel}))
    )
    client = Client(app, f"Bearer {keys.manage_key}")
    asked = {"person": {"id": "p1"}, "data": {"headline": "News"}}
    (result,) = (await client("POST", path, asked)).json["results"]
    assert result == {"address": "https://crm.example/p1", "sent": True, "words": "kept in the outbox"}
    (kept,) = registry.captured_mail(tmp_path, 1).page(0, 9)
    assert (kept.recipient, kept.subject) == ("https://crm.example/p1", "PUT https://crm.example/p1")
    assert kept.delivery_id.startswith("test-")
    for wrong, pointer in (({**asked, "to": ["a@example.com"]}, "to"), (asked | {"data": {}}, "action/body")):
        refused = await client("POST", path, wrong)
        assert refused.status == 422
        assert refused.json["errors"][0]["source"]["pointer"].endswith(pointer)


async def test_what_was_called_is_listed_and_shown(
    manage: Client, client: Client, track: Client, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})
    mail = {"subject": "Hi", "body": "<p>Hi</p>", "from": "Acme <news@example.com>"}
    broadcast = await made(manage, mail, _CALL)
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": {"headline": "News"}})
    stage = Stage(store, workspace, tmp_path)
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(Called(),))):
        await stage.finished(sent.json["id"])
    messages = (await client("GET", "/v1/messages")).json["messages"]
    assert {(one["type"], one["recipient"]) for one in messages} == {
        ("email", "p1@example.com"), ("webhook", "https://crm.example/p1"),
    }  # fmt: skip
    (called,) = (await client("GET", "/v1/messages?type=webhook")).json["messages"]
    assert [one["type"] for one in (await client("GET", "/v1/messages?type=email")).json["messages"]] == ["email"]
    assert (await client("GET", "/v1/messages?type=push")).json["messages"] == []
    kept = (await client("GET", f"/v1/messages/{called['id']}/archived_message")).json["archived_message"]
    assert (kept["url"], kept["request_method"]) == ("https://crm.example/p1", "put")
    assert json.loads(kept["body"]) == {"headline": "News"}
    action_id = broadcast["actions"][1]["id"]
    path = f"/v1/broadcasts/{broadcast['id']}/actions/{action_id}/metrics?period=days&steps=2"
    series = (await client("GET", path)).json["metric"]["series"]
    assert [sum(series[name]) for name in ("sent", "2xx", "5xx")] == [1, 1, 0]


async def test_drafts_show_the_request(
    manage: Client, client: Client, track: Client, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})
    broadcast = await made(manage, {**_CALL, "sending_state": "draft"})
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": {"headline": "News"}})
    stage, called = Stage(store, workspace, tmp_path), Called()
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(called,))):
        await stage.finished(sent.json["id"])
    (draft,) = (await manage("GET", f"{_ROOT}/drafts")).json["drafts"]
    assert (draft["recipient"], draft["subject"]) == ("https://crm.example/p1", "PUT https://crm.example/p1")
    shown = (await manage("GET", f"{_ROOT}/drafts/{draft['id']}")).json["draft"]
    assert shown["plain"].startswith("PUT https://crm.example/p1\nX-Plan: none\n")
    assert called.taken == []
    assert (await manage("POST", f"{_ROOT}/drafts/send", {"ids": [draft["id"]]})).status == 200
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(called,))):
        await stage.finished(sent.json["id"])
    assert [message.url for message in called.taken] == ["https://crm.example/p1"]
    assert json.loads(called.taken[0].body) == {"headline": "News"}
