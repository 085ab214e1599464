# SPDX-License-Identifier: Apache-2.0
"""A message before it is sent: previewed, checked for many, sent to oneself; what an editor completes."""

import json
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import registry
from clarion.channels.base import Deliverer
from clarion.store import access, previews, tracking_domains
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_ACTION: dict[str, Any] = {
    "subject": "Hello {{ customer.first_name }}",
    "body": "<p>{{ trigger.headline }} {{ delivery_id }}</p><a href='https://a.example/x'>x</a>"
    "{% for item in trigger.items %}{{ item.name }}{% endfor %}{% unsubscribe_url %}",
    "from": "News <news@example.com>",
    "headers": [{"name": "X-Plan", "value": "{{ customer.plan | default: 'none' }}"}],
    "bcc": "archive@example.com",
}
_DATA = {"headline": "News", "items": [{"name": "One"}]}


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """Where test messages are captured."""
    return tmp_path / "outbox"


@pytest.fixture
def app(api: Api, outbox: Path) -> ASGIApp:
    """With a provider, for tests."""

    def provider(channel: str) -> Deliverer:
        return registry.build("outbox", {"directory": outbox, "channel": channel})

    return application.build(replace(api, provider=provider))


@pytest.fixture
async def crowd(track: Client) -> None:
    """Twenty people; every fifth lacks a first name, one is unsubscribed, one has no address."""
    operations = [
        {
            "type": "person",
            "action": "identify",
            "identifiers": {"id": f"p{no}"},
            "attributes": {"plan": "pro"}
            | ({} if no % 5 == 0 else {"first_name": f"Name {no}"})
            | ({"unsubscribed": True} if no == 1 else {})
            | ({} if no == 2 else {"email": f"p{no}@example.com"}),
        }
        for no in range(20)
    ]
    assert (await track("POST", "/api/v2/batch", {"batch": operations})).status == 200


async def _preview(manage: Client, action: dict[str, Any], **more: object) -> dict[str, Any]:
    answer = await manage("POST", f"{_ROOT}/preview", {"action": action, **more})
    assert answer.status == 200, answer.body
    made: dict[str, Any] = answer.json
    return made


async def test_a_message_is_shown_as_somebody_gets_it(manage: Client, crowd: None) -> None:
    shown = await _preview(manage, _ACTION, person={"id": "p3"}, data=_DATA)
    message = shown["message"]
    assert message["subject"] == "Hello Name 3"
    assert message["to"] == "p3@example.com"
    assert message["headers"] == [{"name": "X-Plan", "value": "pro"}]
    assert message["bcc"] == ["archive@example.com"]
    assert "<p>News unsent</p><a href='https://a.example/x'>" in message["html"]  # no tracked links
    assert message["html"].count("One") == 1
    assert message["size"] > 300
    assert shown["errors"] == []
    assert shown["outcome"] == {"state": "sent", "reason": None}
    assert next(one["message"].split(" ")[0] for one in shown["warnings"]) == "customer.first_name"
    assert {"customer.first_name", "trigger.headline"} <= set(shown["names"])
    assert shown["wanted"] == {"headline": "headline", "items": [{"name": "name"}]}


@pytest.mark.parametrize(
    ("change", "field", "message", "marked"),
    [
        ({"subject": "Hello {{ customer.first_nam }}"}, "subject", "Variable 'customer.first_nam' is missing", None),
        ({"body": "one\ntwo {% if customer.plan %} three"}, "body", "if tag was never closed", None),
        ({"body": "one {{ 'a' | nonsense }}"}, "body", "Unknown filter 'nonsense'", "nonsense"),
        ({"body": "one {% nonsense %}"}, "body", "Unknown tag 'nonsense'", None),
        ({"body": "{{ snippets.none }}"}, "body", "Variable 'snippets.none' is missing", None),
        ({"subject": " "}, "subject", "subject can not be blank", None),
        ({"from": ""}, "from", None, None),
        ({"headers": [{"name": "a b", "value": "c"}]}, "headers/a b", None, None),
    ],
)
async def test_errors_say_where_they_are_and_leave_the_rest(
    change: dict[str, Any], field: str, message: str | None, marked: str | None, manage: Client, crowd: None
) -> None:
    action = _ACTION | change
    shown = await _preview(manage, action, person={"id": "p3"}, data=_DATA)
    error = next(one for one in shown["errors"] if one["field"] == field)
    assert message is None or error["message"] == message
    if error["line"] is not None:
        text = action[field]
        assert 0 <= error["from"] < error["to"] <= len(text)
        assert marked is None or text[error["from"] : error["to"]] == marked
        assert text.count("\n", 0, error["from"]) + 1 == error["line"]
    others = {"subject": "Hello Name 3", "html": "News"}
    others.pop({"body": "html"}.get(field, field), None)
    assert all(text in (shown["message"][part] or "") for part, text in others.items())
    assert shown["outcome"]["state"] == "failed"


async def test_every_broken_part_is_told_at_once(manage: Client, crowd: None) -> None:
    action = _ACTION | {"subject": "{{ customer.a }}", "body": "{{ customer.b }}", "preheader": "{{ customer.c }}"}
    shown = await _preview(manage, action, person={"id": "p3"})
    assert {one["field"] for one in shown["errors"]} == {"subject", "body", "preheader"}
    assert shown["message"]["html"] is None
    assert shown["preview_id"] is None


async def test_without_a_person_and_for_one_who_gets_nothing(manage: Client, crowd: None) -> None:
    plain = {"subject": "Hi", "body": "<p>Hi</p>", "from": "a@example.com"}
    nobody = await _preview(manage, plain)
    assert nobody["outcome"] == {"state": None, "reason": None}
    assert nobody["message"]["subject"] == "Hi"
    gone = await _preview(manage, plain, person={"id": "p1"})
    assert gone["outcome"] == {"state": "skipped", "reason": "unsubscribed"}
    addressless = await _preview(manage, plain, person={"id": "p2"})
    assert addressless["outcome"] == {"state": "skipped", "reason": "no_address"}
    somebody = await _preview(manage, plain, person="random")
    assert somebody["person"]["id"].startswith("p")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"nonsense": 1}, "/nonsense"),
        ({"data": []}, "/data"),
        ({"action": 1}, "/action"),
        ({"action": {"subject": 1}}, "/action/subject"),
        ({"action": {"from_id": 4711}}, None),
        ({"action_id": 1}, "/broadcast_id"),
        ({"person": 1}, "/person"),
        ({"person": {}}, "/person"),
        ({"filter": {"and": []}, "person": "random"}, "/filter/and"),
    ],
)
async def test_what_is_asked_wrongly_is_refused_at_its_place(
    body: dict[str, Any], pointer: str | None, manage: Client, crowd: None
) -> None:
    refused = await manage("POST", f"{_ROOT}/preview", body)
    assert refused.status == 422, refused.body
    if pointer is not None:
        assert refused.json["errors"][0]["source"]["pointer"] == f"/data/attributes{pointer}"


async def test_the_html_is_served_in_a_sandbox_for_a_while(
    manage: Client, nobody: Client, crowd: None, store: Store
) -> None:
    shown = await _preview(manage, _ACTION, person={"id": "p3"}, data=_DATA)
    page = await nobody("GET", shown["url"])
    assert page.status == 200
    assert b"<p>News unsent</p>" in page.body
    policy = page.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src *;")
    assert "script-src" not in policy
    with_images = await nobody("GET", shown["url"] + "?images=1")
    assert "img-src data: *;" in with_images.headers["content-security-policy"]
    assert (await nobody("GET", shown["url"] + "x")).status == 404
    styled = {**_ACTION, "body": "<style>@media (prefers-color-scheme: dark) {p {color: red}}</style><p>x</p>"}
    themed = (await _preview(manage, styled, person={"id": "p3"}))["url"]
    assert b"@media (min-width: 0px)" in (await nobody("GET", themed + "?theme=dark")).body
    assert b"@media (max-width: 0px)" in (await nobody("GET", themed + "?theme=light")).body
    assert store.write(previews.clear) == 0


@pytest.fixture
async def broadcast(manage: Client, crowd: None) -> tuple[int, int]:
    """A broadcast for everybody, and its action."""
    made = await manage("POST", f"{_ROOT}/broadcasts", {"name": "News", "actions": [_ACTION]})
    assert made.status == 201, made.body
    one = made.json["broadcast"]
    return one["id"], one["actions"][0]["id"]


async def test_a_stored_action_in_the_language_of_the_person(manage: Client, broadcast: tuple[int, int]) -> None:
    one = {"broadcast_id": broadcast[0], "action_id": broadcast[1], "data": _DATA}
    path = f"{_ROOT}/broadcasts/{one['broadcast_id']}/actions/{one['action_id']}/languages/de"
    assert (await manage("PUT", path, {"subject": "Hallo"})).status == 200
    english = await manage("POST", f"{_ROOT}/preview", {**one, "person": {"id": "p3"}})
    assert english.json["message"]["subject"] == "Hello Name 3"
    german = await manage("POST", f"{_ROOT}/preview", {**one, "person": {"id": "p3"}, "language": "de"})
    assert german.json["message"]["subject"] == "Hallo"
    assert german.json["language"] == "de"
    missing = await manage("POST", f"{_ROOT}/preview", {**one, "language": "fr"})
    assert missing.status == 404


async def test_a_hundred_people_are_checked(manage: Client, broadcast: tuple[int, int]) -> None:
    one = {"broadcast_id": broadcast[0], "action_id": broadcast[1], "data": _DATA}
    answer = await manage("POST", f"{_ROOT}/preview/check", one)
    assert answer.status == 200, answer.body
    checked = answer.json
    assert (checked["people"], checked["complete"], checked["sent"]) == (20, True, 14)
    by_reason = {cause["reason"]: cause for cause in checked["causes"]}
    assert by_reason["render_failed"]["people"] == 4
    assert by_reason["render_failed"]["message"] == "Variable 'customer.first_name' is missing"
    assert by_reason["render_failed"]["field"] == "subject"
    assert len(by_reason["render_failed"]["examples"]) == 4
    assert by_reason["unsubscribed"]["state"] == "skipped"
    assert by_reason["no_address"]["people"] == 1
    fewer = await manage("POST", f"{_ROOT}/preview/check", {**one, "limit": 3})
    assert fewer.json["people"] == 3
    refused = await manage("POST", f"{_ROOT}/preview/check", {**one, "limit": 101})
    assert refused.status == 422


async def test_a_test_goes_out_at_once_without_copies(
    manage: Client, broadcast: tuple[int, int], outbox: Path, workspace: Workspace
) -> None:
    path = f"{_ROOT}/broadcasts/{broadcast[0]}/actions/{broadcast[1]}/test_send"
    body = {"to": ["Me@example.com", "you@example.com", "me@example.com"], "person": {"id": "p3"}, "data": _DATA}
    answer = await manage("POST", path, body)
    assert answer.status == 200, answer.body
    assert [(one["address"], one["sent"]) for one in answer.json["results"]] == [
        ("Me@example.com", True),
        ("you@example.com", True),
    ]
    captured = registry.captured_mail(outbox, workspace.workspace_id)
    assert captured.count() == 2
    mail = captured.page(0, 2)[0]
    assert mail.copies == ()
    parsed = message_from_bytes(mail.content)
    assert parsed["Subject"] == "[TEST] Hello Name 3"
    assert parsed["List-Unsubscribe"] is None
    plain = await manage("POST", path, body | {"prefix": False, "to": ["me@example.com"]})
    assert plain.status == 200
    assert captured.page(2, 1)[0].subject == "Hello Name 3"
    entries = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast[0]}")).json
    assert entries["broadcast"]["state"] == "draft"  # nothing else happened


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"to": []}, "/to"),
        ({"to": ["nobody"]}, "/to/0"),
        ({"to": [f"p{no}@example.com" for no in range(26)]}, "/to"),
        ({"to": ["me@example.com"], "person": {"id": "p0"}, "data": _DATA}, "/action/subject"),
    ],
)
async def test_a_test_that_cannot_be_sent(
    body: dict[str, Any], pointer: str, manage: Client, broadcast: tuple[int, int]
) -> None:
    refused = await manage("POST", f"{_ROOT}/broadcasts/{broadcast[0]}/actions/{broadcast[1]}/test_send", body)
    assert refused.status == 422, refused.body
    assert refused.json["errors"][0]["source"]["pointer"] == f"/data/attributes{pointer}"
    assert not refused.json["errors"][0]["detail"].startswith("action.")


async def test_a_test_has_links_by_the_workspaces_own_domain(
    manage: Client, broadcast: tuple[int, int], outbox: Path, workspace: Workspace, store: Store
) -> None:
    number, url = workspace.workspace_id, "https://links.x.test"
    store.write(lambda tx: tracking_domains.put(tx, number, url))
    store.write(lambda tx: tracking_domains.note(tx, number, url, None))
    path = f"{_ROOT}/broadcasts/{broadcast[0]}/actions/{broadcast[1]}"
    body = {"subject": "x", "body": '<p><a href="{% unsubscribe_url %}">leave</a></p>'}
    draft = {"action": body, "to": ["me@example.com"], "person": {"id": "p3"}, "data": _DATA}
    answer = await manage("POST", f"{path}/test_send", draft)
    assert answer.status == 200, answer.body
    mail = registry.captured_mail(outbox, workspace.workspace_id).page(0, 1)[0]
    assert b"https://links.x.test/unsubscribe/" in mail.content.replace(b"=\r\n", b"")


async def test_what_an_editor_completes(manage: Client, broadcast: tuple[int, int]) -> None:
    await manage("PUT", "/v1/snippets", {"name": "footer", "value": "<p>Bye</p>"})
    found = (await manage("GET", f"{_ROOT}/completions?broadcast_id={broadcast[0]}")).json
    attributes = {one["name"]: one for one in found["attributes"]}
    assert attributes["plan"]["share"] == 1
    assert attributes["plan"]["values"] == ["pro"]
    assert {"headline", "items"} <= set(found["trigger"])
    tags, filters = ({one["name"]: one for one in found[kind]} for kind in ("tags", "filters"))
    assert tags["if"]["end"] == "endif"
    assert all(one["help"] for one in [*found["tags"], *found["filters"]]), json.dumps(found)
    assert "default" in filters
    assert (await manage("GET", f"{_ROOT}/completions?broadcast_id=4711")).status == 404


async def test_whoever_may_look_may_preview_and_only_senders_send_tests(
    app: ASGIApp, store: Store, workspace: Workspace, broadcast: tuple[int, int]
) -> None:
    _, reading, _ = store.write(lambda tx: access.create_key(tx, workspace, "app", "reader", "manage:read"))
    _, sending, _ = store.write(lambda tx: access.create_key(tx, workspace, "app", "sender", "manage:send"))
    reader, sender = Client(app, f"Bearer {reading}"), Client(app, f"Bearer {sending}")
    one = {"broadcast_id": broadcast[0], "action_id": broadcast[1], "data": _DATA}
    for path in ("preview", "preview/check"):
        assert (await reader("POST", f"{_ROOT}/{path}", one)).status == 200
    assert (await reader("GET", f"{_ROOT}/completions")).status == 200
    test = f"{_ROOT}/broadcasts/{broadcast[0]}/actions/{broadcast[1]}/test_send"
    body = {"to": ["me@example.com"], "person": {"id": "p3"}, "data": _DATA}
    assert (await reader("POST", test, body)).status == 401
    assert (await sender("POST", test, body)).status == 200
