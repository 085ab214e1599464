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
    broadcast = await made(manage, {"kind": kind, "name": "", **_WHOLE[kind]})
    path = f"{_ROOT}/broadcasts/{broadcast['id']}"
    action = f"{path}/actions/{broadcast['actions'][0]['id']}"
    assert {name: broadcast["actions"][0][name] for name in _SET} == {
        "name": "",
        "sending_state": "automatic",
        "send_to_unsubscribed": False,
        "condition": {},
    }
    for name, value in _SET.items():
        assert (await manage("PATCH", action, {name: value})).json["action"][name] == value
    shown = (await manage("GET", path)).json["broadcast"]["actions"][0]
    assert {name: shown[name] for name in _SET} == _SET
    assert (await manage("POST", f"{path}/activate")).status == 200
    accepted = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {})
    await manage("PATCH", action, {"name": "Other", "sending_state": "automatic", "send_to_unsubscribed": False})

    def frozen(trigger_id: int) -> Any:
        found = store.read(lambda tx: triggers.get(tx, trigger_id))
        assert found is not None
        return store.read(lambda tx: triggers.content(tx, found.content_hash))

    (kept,) = frozen(accepted.json["id"]).actions
    assert {
        "name": kept.name,
        "sending_state": kept.sending_state.value,
        "send_to_unsubscribed": kept.send_to_unsubscribed,
        "condition": kept.condition,
    } == _SET
