# SPDX-License-Identifier: Apache-2.0
"""URL parameters: set for a workspace, or for a message; in previews and in what triggers freeze."""

from typing import Any

from clarion.store import triggers
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_PARAMS = [{"name": "utm_campaign", "value": "{{ campaign.name | downcase }}"}]
_MAIL = {"subject": "Hi", "body": '<a href="https://x.test">x</a>', "from": "a@acme.test"}


async def _shown(manage: Client, body: dict[str, Any]) -> str:
    answer = await manage("POST", f"{_ROOT}/preview", body)
    assert answer.status == 200, answer.body
    return str(answer.json["message"]["html"])


async def test_those_of_the_workspace_hold_unless_a_message_has_its_own(manage: Client, store: Store) -> None:
    changed = await manage("PATCH", f"{_ROOT}/workspace", {"url_parameters": _PARAMS})
    assert changed.json["workspace"]["url_parameters"] == _PARAMS
    made = (await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": [_MAIL]})).json["broadcast"]
    number, action = made["id"], made["actions"][0]
    assert action["url_parameters"] is None
    body: dict[str, Any] = {"broadcast_id": number, "action_id": action["id"]}
    assert await _shown(manage, body) == '<a href="https://x.test?utm_campaign=spring">x</a>'
    own = [{"name": "ref", "value": "{{ message.id }}"}]
    with_own = await _shown(manage, body | {"action": {"url_parameters": own}})
    assert with_own == f'<a href="https://x.test?ref={action["id"]}">x</a>'

    await manage("POST", f"{_ROOT}/broadcasts/{number}/activate")
    assert (await manage("POST", f"/v1/campaigns/{number}/triggers", {})).status == 200
    path = f"{_ROOT}/broadcasts/{number}/actions/{action['id']}"
    assert (await manage("PATCH", path, {"url_parameters": own})).json["action"]["url_parameters"] == own
    assert (await manage("PATCH", path, {"subject": "Ho"})).json["action"]["url_parameters"] == own
    assert (await manage("PATCH", path, {"url_parameters": None})).json["action"]["url_parameters"] is None
    assert (await manage("PATCH", f"{_ROOT}/workspace", {"url_parameters": []})).json["workspace"][
        "url_parameters"
    ] == []
    frozen = store.read(lambda tx: triggers.content(tx, _trigger(tx).content_hash))  # as it was when it was accepted
    assert frozen.url_params == (("utm_campaign", "{{ campaign.name | downcase }}"),)


def _trigger(tx: Any) -> triggers.Trigger:
    found = triggers.get(tx, 1)
    assert found is not None
    return found


async def test_the_review_looks_at_those_of_the_workspace_too(manage: Client) -> None:
    risky = [{"name": "plan", "value": "{{ customer.plan }}"}, {"name": "who", "value": "{{ customer.id }}"}]
    await manage("PATCH", f"{_ROOT}/workspace", {"url_parameters": risky})
    sms = {"kind": "sms", "from": "+491701234567", "body": "Hi"}
    made = (await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": [_MAIL, sms]})).json["broadcast"]
    found = (await manage("GET", f"{_ROOT}/broadcasts/{made['id']}/review")).json
    assert f"actions/{made['actions'][0]['id']}/url_parameters/plan" in [one["field"] for one in found["warnings"]]
    assert not [one for one in found["problems"] + found["warnings"] if one["field"].endswith("/who")]
    assert not [one for one in found["warnings"] if one["field"].startswith(f"actions/{made['actions'][1]['id']}/")]


async def test_what_is_wrong_is_named(manage: Client) -> None:
    made = (await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": [_MAIL]})).json["broadcast"]
    for path in (f"{_ROOT}/workspace", f"{_ROOT}/broadcasts/{made['id']}/actions/{made['actions'][0]['id']}"):
        refused = await manage("PATCH", path, {"url_parameters": [{"name": "a b", "value": "x"}]})
        assert refused.status == 422
        assert [error["source"]["pointer"] for error in refused.json["errors"]] == [
            "/data/attributes/url_parameters/0/name"
        ]


async def test_liquid_of_a_workspace_must_be_right_and_that_of_a_message_is_reviewed(manage: Client) -> None:
    wrong = [{"name": "a", "value": "{{ x | nothing }}"}]
    refused = await manage("PATCH", f"{_ROOT}/workspace", {"url_parameters": wrong})
    assert [error["source"]["pointer"] for error in refused.json["errors"]] == [
        "/data/attributes/url_parameters/0/value"
    ]
    mail = {**_MAIL, "url_parameters": wrong}
    made = (await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": [mail]})).json["broadcast"]
    problems = (await manage("GET", f"{_ROOT}/broadcasts/{made['id']}/review")).json["problems"]
    assert [one["field"] for one in problems] == [f"actions/{made['actions'][0]['id']}/url_parameters/a"]
    place = {"broadcast_id": made["id"], "action_id": made["actions"][0]["id"]}
    shown = (await manage("POST", f"{_ROOT}/preview", place)).json
    assert shown["message"]["html"] == _MAIL["body"]
    assert "url_parameters/a" in [one["field"] for one in shown["errors"]]
