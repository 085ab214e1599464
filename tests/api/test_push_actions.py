# SPDX-License-Identifier: Apache-2.0
"""Push actions: made, reviewed, previewed, sent to devices as one account a person, and what apps report of them."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.channels.google_server import GoogleServer, says
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import LEASE, SIGN, Broken, Stage, breaking_at
from tests.support.jobs import LostJobs

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import registry
from clarion.channels.base import Capabilities, Source, parts_of
from clarion.domain.deliveries import DeliveryKey, Outcome, State, public_id
from clarion.domain.errors import Permanent
from clarion.domain.reporting import Answered
from clarion.pipeline.claim import ChunkRules, claim
from clarion.pipeline.record import record
from clarion.pipeline.reporting import Telling
from clarion.pipeline.retry import RetryPolicy
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_webhook_actions import made

_ROOT = "/api/clarion/v1"
_APPLE = "ab" * 32
_PUSH: dict[str, Any] = {
    "kind": "push",
    "name": "News",
    "title": "{{ trigger.headline }}",
    "message": "Hello {{ customer.name | default: 'you' }}",
    "image_url": "https://x.example/a.png",
    "link": "app://news",
    "sound": "default",
    "badge": "1",
    "custom_data": '{"headline": {{ trigger.headline }}}',
    "custom_payload": "",
    "to": "all",
}


async def people(track: Client) -> None:
    """p1 has an iPhone and a newer Android phone, p2 no device."""
    await track("PUT", "/api/v1/customers/p1", {"name": "Ada"})
    await track("PUT", "/api/v1/customers/p2", {})
    for token, platform, used in ((_APPLE, "ios", 100), ("droid:1", "android", 200)):
        device = {"id": token, "platform": platform, "last_used": used}
        await track("PUT", "/api/v1/customers/p1/devices", {"device": device})


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


async def work_off(stage: Stage, number: int) -> None:
    pushes = registry.build("outbox", {"directory": stage.folder / "outbox", "channel": "push"})
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(pushes,))):
        await stage.finished(number)


def captured(stage: Stage) -> list[tuple[str, str]]:
    page = registry.captured_mail(stage.folder / "outbox", stage.workspace.workspace_id).page(0, 9)
    return [(one.recipient, one.subject) for one in page]


async def triggered(manage: Client, client: Client, broadcast: dict[str, Any]) -> int:
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    sent = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": {"headline": "News"}})
    assert sent.status == 200, sent.body
    return int(sent.json["id"])


async def test_it_is_made_and_changed_by_either_api(manage: Client, client: Client) -> None:
    broadcast = await made(manage, _PUSH)
    (action,) = broadcast["actions"]
    assert {name: action[name] for name in _PUSH} == _PUSH
    path = f"/v1/broadcasts/{broadcast['id']}/actions/{action['id']}"
    shown = (await client("GET", path)).json["action"]
    assert (shown["type"], shown["title"], shown["message"]) == ("push", _PUSH["title"], _PUSH["message"])
    mine = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{action['id']}"
    assert (await manage("PATCH", mine, {"to": "last_used"})).json["action"]["to"] == "last_used"
    refused = await manage("PATCH", mine, {"to": "everybody"})
    assert refused.status == 422
    assert "must be one of all, last_used" in str(refused.json)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, []),
        ({"title": "", "message": "Hi"}, []),
        ({"title": "a", "message": "", "image_url": "ftp://x", "custom_data": ""}, ["image_url"]),
        ({"title": " ", "message": " ", "custom_data": ""}, ["message"]),
        ({"title": "a", "message": "", "custom_data": "", "badge": "-1"}, ["badge"]),
        ({"title": "a", "message": "", "custom_data": "[1]"}, ["custom_data"]),
        ({"title": "a", "message": "", "custom_data": "", "custom_payload": '{"tv": {}}'}, ["custom_payload"]),
        ({"title": "a", "message": "", "custom_data": "", "custom_payload": '{"ios": 1}'}, ["custom_payload"]),
        ({"custom_payload": "{"}, ["custom_payload"]),
    ],
)
async def test_what_a_review_says(manage: Client, changes: dict[str, Any], problems: list[str]) -> None:
    broadcast = await made(manage, {**_PUSH, **changes})
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json
    where = f"actions/{broadcast['actions'][0]['id']}/"
    assert [each["field"].removeprefix(where) for each in found["problems"]] == problems


async def test_it_is_previewed_and_checked(manage: Client, track: Client) -> None:
    await people(track)
    broadcast = await made(manage, _PUSH)
    ids = {"broadcast_id": broadcast["id"], "action_id": broadcast["actions"][0]["id"]}
    asked = {**ids, "person": {"id": "p1"}, "data": {"headline": 'Ne"ws'}}
    found = (await manage("POST", f"{_ROOT}/preview", asked)).json
    assert (found["outcome"]["state"], found["errors"]) == ("sent", [])
    assert (found["message"]["message"], found["message"]["custom_data"]) == ("Hello Ada", '{"headline": "Ne\\"ws"}')
    found = (await manage("POST", f"{_ROOT}/preview", {**asked, "person": {"id": "p2"}})).json
    assert found["outcome"] == {"state": "skipped", "reason": "no_address"}
    checked = (await manage("POST", f"{_ROOT}/preview/check", {**ids, "data": {"headline": "x"}})).json
    assert (checked["people"], checked["sent"]) == (2, 1)


async def test_a_test_goes_to_devices(api: Api, keys: Keys, manage: Client, track: Client, tmp_path: Path) -> None:
    await people(track)
    broadcast = await made(manage, {**_PUSH, "to": "last_used"})
    path = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}/test_send"
    app = application.build(
        replace(api, provider=lambda channel: registry.build("outbox", {"directory": tmp_path, "channel": channel}))
    )
    client = Client(app, f"Bearer {keys.manage_key}")
    asked = {"person": {"id": "p1"}, "data": {"headline": "News"}, "to": [_APPLE, "unknown:token"]}
    results = (await client("POST", path, asked)).json["results"]
    assert [(one["address"], one["sent"]) for one in results] == [(_APPLE, True), ("unknown:token", True)]
    refused = await client("POST", path, {**asked, "to": ["two words"]})
    assert refused.status == 422
    assert "is not the token of a device" in str(refused.json)


@pytest.mark.parametrize(("to", "recipient"), [("all", f"droid:1, {_APPLE}"), ("last_used", "droid:1")])
async def test_one_account_a_person_whatever_the_devices(
    manage: Client, client: Client, track: Client, stage: Stage, to: str, recipient: str
) -> None:
    await people(track)
    number = await triggered(manage, client, await made(manage, {**_PUSH, "to": to}))
    await work_off(stage, number)
    assert stage.sums(number) == {"sent": 1, "skipped no_address": 1}
    assert captured(stage) == [(recipient, "News")]
    messages = (await client("GET", "/v1/messages?type=push")).json["messages"]
    (arrived,) = [one for one in messages if "sent" in one["metrics"]]
    assert (arrived["type"], arrived["recipient"]) == ("push", recipient)
    said = (await client("GET", f"/v1/messages/{arrived['id']}/archived_message")).json["archived_message"]
    assert (said["body"], said["recipient"]) == ("News", recipient)


async def test_a_device_was_used_last_when_it_was_told_of_unless_it_says_when(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    device = {"id": "droid:fresh", "platform": "android"}
    assert (await track("PUT", "/api/v1/customers/p1/devices", {"device": device})).status == 200
    number = await triggered(manage, client, await made(manage, {**_PUSH, "to": "last_used"}))
    await work_off(stage, number)
    assert captured(stage) == [("droid:fresh", "News")]


async def test_a_device_that_shows_nothing_gets_nothing(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    off = {"id": "droid:1", "platform": "android", "last_used": 300, "attributes": {"push_enabled": "false"}}
    alone = {"id": "droid:2", "platform": "android", "attributes": {"push_enabled": False}}
    on = {"id": "droid:3", "platform": "android", "last_used": 50, "attributes": {"push_enabled": "true"}}
    for person, device in (("p1", off), ("p1", on), ("p2", alone)):
        await track("PUT", f"/api/v1/customers/{person}/devices", {"device": device})
    number = await triggered(manage, client, await made(manage, _PUSH))
    await work_off(stage, number)
    assert stage.sums(number) == {"sent": 1, "skipped no_address": 1}
    assert [recipient for recipient, _ in captured(stage)] == [f"{_APPLE}, droid:3"]


async def test_beside_another_channel_only_a_push_needs_devices(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    call = {"kind": "webhook", "url": "https://x.example/", "method": "get", "name": "Call"}
    number = await triggered(manage, client, await made(manage, call, _PUSH))
    calls = registry.build("outbox", {"directory": stage.folder / "calls", "channel": "webhook"})
    pushes = registry.build("outbox", {"directory": stage.folder / "outbox", "channel": "push"})
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(calls, pushes))):
        await stage.finished(number)
    assert stage.sums(number) == {"sent": 3, "skipped no_address": 1}


async def test_a_draft_keeps_its_devices(manage: Client, client: Client, track: Client, stage: Stage) -> None:
    await people(track)
    number = await triggered(manage, client, await made(manage, {**_PUSH, "sending_state": "draft"}))
    await work_off(stage, number)
    (draft,) = (await manage("GET", f"{_ROOT}/drafts")).json["drafts"]
    assert draft["recipient"] == f"droid:1, {_APPLE}"
    assert "message: Hello Ada" in (await manage("GET", f"{_ROOT}/drafts/{draft['id']}")).json["draft"]["plain"]
    assert (await manage("POST", f"{_ROOT}/drafts/send", {"ids": [draft["id"]]})).status == 200
    await work_off(stage, number)
    assert captured(stage) == [(f"droid:1, {_APPLE}", "News")]


async def sent_alone(client: Client, stage: Stage, **asked: Any) -> str:
    sent = await client("POST", "/v1/send/push", {"transactional_message_id": "news", **asked})
    assert sent.status == 200, sent.body
    number = max(int(row["trigger_id"]) for row in stage.select("SELECT trigger_id FROM broadcast_trigger"))
    await work_off(stage, number)
    found: str = sent.json["delivery_id"]
    return found


async def test_one_person_is_sent_one(manage: Client, client: Client, track: Client, stage: Stage) -> None:
    await people(track)
    message = await made(manage, _PUSH, kind="transactional", trigger_name="news")
    assert (await manage("POST", f"{_ROOT}/broadcasts/{message['id']}/activate")).status == 200
    whole: dict[str, Any] = {"identifiers": {"id": "p1"}, "message_data": {"headline": "Own"}}
    await sent_alone(client, stage, **whole, to="last_used", title="T {{ trigger.headline }}")
    await sent_alone(client, stage, **whole, to=_APPLE, custom_data={"a": 1}, custom_payload={"ios": {"aps": {}}})
    device = {"token": "droid:new", "platform": "android", "last_used": 900}
    await sent_alone(client, stage, identifiers={"id": "p2"}, message_data={"headline": "Own"}, custom_device=device)
    assert captured(stage) == [("droid:1", "T Own"), (_APPLE, "Own"), ("droid:new", "Own")]
    journal = (await client("GET", "/v1/activities?type=device_change&customer_id=p2")).json["activities"]
    assert [one["data"] for one in journal] == [{"device": {"from": None, "to": "droid:new"}}]
    attributes = (await client("GET", "/v1/customers/p2/attributes")).json["customer"]
    assert [one["id"] for one in attributes["devices"]] == ["droid:new"]
    for changes, pointer in (
        ({"custom_data": [1]}, "custom_data"),
        ({"custom_payload": {"tv": {}}}, "custom_payload"),
        ({"title": 3}, "title"),
        ({"custom_device": "droid"}, "custom_device"),
        ({"custom_device": {"token": "a b", "platform": "ios"}}, "custom_device/token"),
        ({"custom_device": {"platform": "ios"}}, "custom_device/token"),
        ({"custom_device": {"token": "x", "platform": "tv"}}, "custom_device/platform"),
        ({"custom_device": {"token": "x", "platform": "ios", "last_used": "x"}}, "custom_device/last_used"),
        ({"custom_device": {"token": "x", "platform": "ios", "attributes": 1}}, "custom_device/attributes"),
        ({"custom_device": {"token": "x", "platform": "ios", "colour": 1}}, "custom_device"),
    ):
        refused = await client("POST", "/v1/send/push", {**whole, "transactional_message_id": "news", **changes})
        assert refused.status == 422, changes
        assert pointer in str(refused.json)


async def test_what_apps_report_is_counted_and_told(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    hook = {"name": "Hook", "endpoint": "https://hook.example/", "events": ["push_sent", "push_opened"]}
    assert (await client("POST", "/v1/reporting_webhooks", hook)).status in {200, 201}
    number = await triggered(manage, client, await made(manage, _PUSH))
    await work_off(stage, number)
    messages = (await client("GET", "/v1/messages?type=push")).json["messages"]
    (arrived,) = [one for one in messages if "sent" in one["metrics"]]
    told = {"delivery_id": arrived["id"], "event": "opened", "device_id": "droid:1", "timestamp": 1_796_040_000}
    assert (await track("POST", "/api/v1/push/events", told)).status == 200
    assert (await track("POST", "/api/v1/metrics", {"delivery_id": arrived["id"], "metric": "delivered"})).status == 200
    shown = (await client("GET", f"/v1/messages/{arrived['id']}")).json["message"]["metrics"]
    assert {"sent", "opened", "delivered"} <= shown.keys()
    heard: list[dict[str, Any]] = []

    async def post(_: str, body: bytes, __: dict[str, str]) -> Answered:
        heard.append(json.loads(body))
        return Answered(200, "", 1)

    telling = Telling(stage.store, SIGN, post)
    while await telling.turn():
        pass
    recipients = [(one["object_type"], one["metric"], one["data"]["recipients"]) for one in heard]
    assert recipients == [
        ("push", "sent", [{"device_id": "droid:1"}, {"device_id": _APPLE}]),
        ("push", "opened", [{"device_id": "droid:1"}]),
    ]
    refused = await track("POST", "/api/v1/metrics", {"delivery_id": arrived["id"], "metric": "bounced"})
    assert refused.status == 400
    assert "type push" in str(refused.json)


async def test_a_broadcast_reaches_devices_by_google(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    google = GoogleServer()
    await google.start()
    provider = registry.build("push", {"fcm_credentials": google.credentials(stage.folder), "fcm_url": google.url})
    try:
        google.script.append(says(404, "NOT_FOUND", "UNREGISTERED"))
        number = await triggered(manage, client, await made(manage, _PUSH))
        async with stage.working(stage.worker(Scripted(), LostJobs(), others=(provider,))):
            await stage.finished(number)
    finally:
        await provider.close()
        await google.stop()
    assert (stage.sums(number), devices(stage)) == ({"sent": 1, "skipped no_address": 1}, [_APPLE])
    (message,) = google.taken
    assert message["data"].pop("CIO-Delivery-ID") in {public_id(key, SIGN.secret) for key in stage.keys(number)}
    assert message["data"] == {
        "headline": "News",
        "link": "app://news",
        "image": "https://x.example/a.png",
        "CIO-Delivery-Token": _APPLE,
    }


class Vanishing:
    """A provider for which the devices named are no more; a message to nothing but them is refused for good."""

    name = "vanishing"

    def __init__(self, *gone: str) -> None:
        self.capabilities = Capabilities(channel="push", connections=1)
        self._gone = set(gone)

    async def deliver(self, source: Source) -> None:
        while (handover := source.take()) is not None:
            tokens = [one.token for one in parts_of(handover).devices]
            assert handover.begin()
            handover.gone([token for token in tokens if token in self._gone])
            if set(tokens) <= self._gone:
                handover.failed(Permanent("all gone", "invalid_address"))
            else:
                handover.sent("one took it")

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(("gone", "left", "state"), [([_APPLE], ["droid:1"], "sent"), ([_APPLE, "droid:1"], [], "")])
async def test_a_device_that_is_no_more_is_taken_from_its_person(
    manage: Client, client: Client, track: Client, stage: Stage, gone: list[str], left: list[str], state: str
) -> None:
    await people(track)
    number = await triggered(manage, client, await made(manage, _PUSH))
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=(Vanishing(*gone),))):
        await stage.finished(number)
    assert devices(stage) == left
    assert stage.sums(number) == {state or "failed invalid_address": 1, "skipped no_address": 1}


async def test_a_device_goes_with_the_outcome_or_not_at_all(
    manage: Client, client: Client, track: Client, stage: Stage
) -> None:
    await people(track)
    number = await triggered(manage, client, await made(manage, _PUSH))
    await stage.resolver().run_once(number)
    rules = ChunkRules(10, LEASE, lambda *_: None)
    work = stage.store.write(
        lambda tx: claim(tx, owner="one", flights=stage.folder, retry=RetryPolicy(()), rules=rules)
    )
    assert work is not None
    assert work.chunk is not None
    row = next(one for one in work.chunk.rows if one["id"] == "p1")
    outcome = Outcome(DeliveryKey(number, row["seq"], row["action_id"]), State.SENT, gone=(_APPLE,))
    settle = partial(record, held=work.claim, chunk=work.chunk, outcomes=[outcome], rules=rules)
    with pytest.raises(Broken):
        stage.store.write(partial(settle, failpoint=breaking_at("record.before_commit")))
    assert (devices(stage), stage.sums(number)) == ([_APPLE, "droid:1"], {"queued": 2})
    stage.store.write(settle)
    assert (devices(stage), stage.sums(number)) == (["droid:1"], {"queued": 1, "sent": 1})
    journal = (await client("GET", "/v1/activities?type=device_change")).json["activities"]
    assert [one["data"] for one in journal].count({"device": {"from": _APPLE, "to": None}}) == 1


def devices(stage: Stage) -> list[str]:
    return [row["token"] for row in stage.select("SELECT token FROM device ORDER BY token")]


async def test_its_picture_is_looked_at_in_a_frame(manage: Client) -> None:
    action = {"kind": "push", "title": "Hi", "image_url": 'https://a.example/{{ "x" }}.png?a="&b'}
    found = (await manage("POST", f"{_ROOT}/preview", {"action": action})).json
    shown = await manage("GET", f"{found['url']}?images=1")
    assert 'src="https://a.example/x.png?a=&quot;&amp;b"' in shown.body.decode()
    assert "img-src data: *" in shown.headers["content-security-policy"]
    without = (await manage("POST", f"{_ROOT}/preview", {"action": {"kind": "push", "title": "Hi"}})).json
    assert without["url"] is None
