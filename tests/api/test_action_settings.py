# SPDX-License-Identifier: Apache-2.0
"""What is set for each action, on every channel: kept, shown, frozen with a trigger; and what is not offered."""

from typing import Any

import pytest

from clarion.store import triggers
from clarion.store.engine import Store

from .conftest import Client
from .test_webhook_actions import made

_ROOT = "/api/clarion/v1"
_MAIL = {"subject": "One", "body": "Hi {% unsubscribe_url %}", "from": "a@example.com", "name": "Mail"}


@pytest.mark.parametrize("kind", ["delay_seconds_action", "delay_time_window", "wait", "grace_period_action"])
async def test_a_step_that_waits_is_refused_with_the_reason(manage: Client, kind: str) -> None:
    number = (await made(manage))["id"]
    answered = await manage("POST", f"{_ROOT}/broadcasts/{number}/actions", {"kind": kind})
    (error,) = answered.json["errors"]
    assert (answered.status, error["source"]["pointer"]) == (422, "/data/attributes/kind")
    assert "a broadcast performs all its actions at once" in error["detail"]


@pytest.mark.parametrize("field", ["delay", "delay_seconds", "time_window", "send_at"])
async def test_a_setting_that_waits_is_refused_with_the_reason(manage: Client, client: Client, field: str) -> None:
    broadcast = await made(manage, _MAIL)
    path = f"broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}"
    for answered in (
        await manage("PATCH", f"{_ROOT}/{path}", {field: 3_600}),
        await client("PUT", f"/v1/{path}", {field: 3_600}),
    ):
        assert answered.status == 422
        assert "a broadcast performs all its actions at once" in answered.json["errors"][0]["detail"]


_SET: dict[str, Any] = {
    "name": "For some",
    "sending_state": "draft",
    "send_to_unsubscribed": True,
    "condition": {"attribute": {"field": "plan", "operator": "exists"}},
}
_WHOLE: dict[str, dict[str, Any]] = {
    "email": {"subject": "Hi", "body": "Hi", "from": "a@example.com"},
    "webhook": {"url": "https://crm.example/", "body": "{}"},
    "sms": {"body": "Hi"},
    "push": {"title": "Hi", "message": "There"},
    "whatsapp": {"body": '{"content_sid": "HX0123456789abcdef0123456789abcdef"}'},
    "in_app": {"body": "Hi"},
    "inbox_message": {"type": "news", "properties": "{}"},
    "slack": {"body": "Hi"},
}


@pytest.mark.parametrize("kind", _WHOLE)
async def test_settings_of_every_channel_are_kept_and_go_with_a_trigger(
    manage: Client, client: Client, store: Store, kind: str
) -> None:
    topic = (await manage("POST", f"{_ROOT}/subscription_topics", {"name": "Offers"})).json["topic"]["id"]
    wanted = {**_SET, "topic_id": topic}
    broadcast = await made(manage, {"kind": kind, "name": "", **_WHOLE[kind]})
    path = f"{_ROOT}/broadcasts/{broadcast['id']}"
    action = f"{path}/actions/{broadcast['actions'][0]['id']}"
    assert {name: broadcast["actions"][0][name] for name in _SET} == {
        "name": "",
        "sending_state": "automatic",
        "send_to_unsubscribed": False,
        "condition": {},
    }
    for name, value in wanted.items():
        assert (await manage("PATCH", action, {name: value})).json["action"][name] == value
    shown = (await manage("GET", path)).json["broadcast"]["actions"][0]
    assert {name: shown[name] for name in wanted} == wanted
    assert (await manage("POST", f"{path}/activate")).status == 200
    accepted = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})
    changed = {"name": "Other", "sending_state": "automatic", "send_to_unsubscribed": False, "topic_id": None}
    assert (await manage("PATCH", action, changed)).status == 200

    def frozen(trigger_id: int) -> Any:
        found = store.read(lambda tx: triggers.get(tx, trigger_id))
        assert found is not None
        return store.read(lambda tx: triggers.content(tx, found.content_hash))

    content = frozen(accepted.json["id"])
    (kept,) = content.actions
    assert {
        "name": kept.name,
        "sending_state": kept.sending_state.value,
        "send_to_unsubscribed": kept.send_to_unsubscribed,
        "condition": kept.condition,
        "topic_id": kept.topic_id,
    } == wanted
    assert content.topic_of(kept).name == "Offers"


async def test_an_action_on_a_person_has_no_topic(manage: Client) -> None:
    number, topic = (await made(manage))["id"], await _topic(manage, "Offers")
    body = {"kind": "create_event", "event_name": "e", "topic_id": topic}
    refused = await manage("POST", f"{_ROOT}/broadcasts/{number}/actions", body)
    assert [error["source"]["pointer"] for error in refused.json["errors"]] == ["/data/attributes/topic_id"]


async def _topic(manage: Client, name: str) -> int:
    return int((await manage("POST", f"{_ROOT}/subscription_topics", {"name": name})).json["topic"]["id"])


async def test_a_message_has_its_own_topic_or_the_broadcasts(manage: Client, track: Client) -> None:
    common, own = await _topic(manage, "News"), await _topic(manage, "Offers")
    for number in (common, own):
        choice = {f"cio_subscription_preferences.topics.topic_{number}": False}
        await track("PUT", f"/api/v1/customers/no-{number}", {"email": f"no-{number}@example.com", **choice})
    text = {**_MAIL, "subject": "{% subscription_topic_name %} {{ message.subscription_topic_ids | join: '+' }}"}
    broadcast = await made(manage, text, {**text, "topic_id": own}, topic_id=common)
    path = f"{_ROOT}/broadcasts/{broadcast['id']}"
    first, second = (action["id"] for action in broadcast["actions"])

    async def outcome(action: int, number: int) -> tuple[Any, Any]:
        asked = {"broadcast_id": broadcast["id"], "action_id": action, "person": {"id": f"no-{number}"}}
        found = (await manage("POST", f"{_ROOT}/preview", asked)).json
        return found["outcome"]["reason"], found["message"]["subject"]

    assert await outcome(first, common) == ("unsubscribed_topic", f"News {common}")
    assert await outcome(first, own) == (None, f"News {common}")
    assert await outcome(second, common) == (None, f"Offers {own}")
    assert await outcome(second, own) == ("unsubscribed_topic", f"Offers {own}")
    counted = (await manage("POST", f"{_ROOT}/audience/count", {"broadcast_id": broadcast["id"]})).json
    assert [(one["will_get"], one["left_out"]["unsubscribed_topic"]) for one in counted["actions"]] == [(1, 1), (1, 1)]
    assert counted["will_get"] == 2

    refused = await manage("DELETE", f"{_ROOT}/subscription_topics/{own}")
    assert (refused.status, str(broadcast["id"]) in refused.json["errors"][0]["detail"]) == (409, True)
    await manage("PATCH", f"{path}/actions/{second}", {"topic_id": None})
    assert (await manage("DELETE", f"{_ROOT}/subscription_topics/{own}")).status == 204
    newest, first_version = (await manage("GET", f"{path}/versions")).json["versions"]
    assert newest["changed"] == [f"actions/{second}/topic_id"]
    back = (await manage("POST", f"{path}/versions/{first_version['version']}/restore")).json
    assert back["broadcast"]["actions"][1]["topic_id"] is None, "it is not there any more"
    await manage("PATCH", f"{path}/actions/{second}", {"topic_id": own})
    found = (await manage("GET", f"{path}/review")).json["problems"]
    assert f"actions/{second}/topic_id" in [one["field"] for one in found]
