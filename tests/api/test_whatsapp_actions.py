# SPDX-License-Identifier: Apache-2.0
"""WhatsApp actions: a template and what is put into it, in broadcasts and to one person."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import Stage
from tests.support.jobs import LostJobs

from clarion.channels import registry
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_webhook_actions import made

_ROOT = "/api/clarion/v1"
_SID = "HX" + 32 * "a"
_WHATSAPP: dict[str, Any] = {
    "kind": "whatsapp",
    "name": "Reminder",
    "body": '{"content_sid": "' + _SID + '", "variables": {"1": {{ customer.name | default: "you" }}}}',
}


async def test_what_is_put_in_is_json(
    manage: Client, client: Client, track: Client, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    await track("PUT", "/api/v1/customers/p1", {"phone": "+1 555 123 4567", "name": 'Ada "A"'})
    await track("PUT", "/api/v1/customers/p2", {"name": "Bob"})
    broadcast = await made(manage, _WHATSAPP)
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})
    stage = Stage(store, workspace, tmp_path)
    texts = registry.build("outbox", {"directory": tmp_path / "outbox", "channel": "whatsapp"})
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(texts,))):
        await stage.finished(sent.json["id"])
    assert stage.sums(sent.json["id"]) == {"sent": 1, "skipped no_address": 1}
    messages = (await client("GET", "/v1/messages?type=whatsapp")).json["messages"]
    (arrived,) = [one for one in messages if "sent" in one["metrics"]]
    assert (arrived["type"], arrived["recipient"]) == ("whatsapp", "+15551234567")
    said = (await client("GET", f"/v1/messages/{arrived['id']}/archived_message")).json["archived_message"]
    assert json.loads(said["body"]) == {"content_sid": _SID, "variables": {"1": 'Ada "A"'}}


async def test_it_is_shown_as_customer_io_shows_it(manage: Client, client: Client) -> None:
    broadcast = await made(manage, _WHATSAPP)
    path = f"/v1/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}"
    shown = (await client("GET", path)).json["action"]
    assert (shown["type"], shown["body"], shown["body_json"]) == ("whatsapp", _WHATSAPP["body"], _WHATSAPP["body"])
    assert (shown["tracked"], shown["send_to_unsubscribed"], shown["sender_identity_id"]) == (False, False, None)
    assert (await client("PUT", path, shown)).json["action"] == shown


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "blank"),
        ("hello", "JSON"),
        ("[]", "content_sid"),
        ('{"content_sid": "HX1"}', "template"),
        (f'{{"content_sid": "{_SID}", "variables": {{"1": 2}}}}', "texts"),
        (f'{{"content_sid": "{_SID}", "text": "x"}}', "content_sid"),
    ],
)
async def test_a_body_that_names_no_template_is_found_by_the_review(manage: Client, body: str, words: str) -> None:
    broadcast = await made(manage, {**_WHATSAPP, "body": body})
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json
    (problem,) = found["problems"]
    assert problem["field"].endswith("/body")
    assert words in problem["message"]


async def test_one_without_a_template_lacks_one_thing(manage: Client) -> None:
    broadcast = await made(manage, {"kind": "whatsapp", "name": "New"})
    body = {"broadcast_id": broadcast["id"], "action_id": broadcast["actions"][0]["id"], "action": {"body": ""}}
    answer = await manage("POST", f"{_ROOT}/preview", body)
    assert [(one["field"], one["message"]) for one in answer.json["errors"]] == [("body", "body can not be blank")]


async def test_one_person_is_sent_one(manage: Client, client: Client, track: Client) -> None:
    await track("PUT", "/api/v1/customers/p1", {"phone": "+15551234567"})
    message = await made(manage, _WHATSAPP, kind="transactional", trigger_name="code")
    assert (await manage("POST", f"{_ROOT}/broadcasts/{message['id']}/activate")).status == 200
    asked = {"transactional_message_id": "code", "identifiers": {"id": "p1"}, "to": "+44 20 7946 0000"}
    sent = await client("POST", "/v1/send/whatsapp", asked)
    assert sent.status == 200, sent.body
    shown = (await client("GET", f"/v1/messages/{sent.json['delivery_id']}")).json["message"]
    assert (shown["type"], shown["transactional_message_id"]) == ("whatsapp", message["id"])
    refused = await client("POST", "/v1/send/whatsapp", {**asked, "body": {"content_sid": 1}})
    assert refused.status == 422
    assert "/body" in str(refused.json)
