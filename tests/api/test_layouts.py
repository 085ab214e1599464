# SPDX-License-Identifier: Apache-2.0
"""Layouts: made, changed, named by messages, frozen with a trigger, not removed while they are used."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import Stage
from tests.support.jobs import LostJobs

from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client

OURS = "/api/clarion/v1"
ALL = f"{OURS}/layouts"
HTML = "<html><h1>{{ layout.name }}</h1>{{ content }}</html>"


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


async def layout(manage: Client, **more: Any) -> dict[str, Any]:
    made = await manage("POST", ALL, {"name": "Frame", "html": HTML, **more})
    assert made.status == 201, made.body
    found: dict[str, Any] = made.json["layout"]
    return found


async def bodies(stage: Stage, *numbers: int) -> list[str]:
    provider = Scripted()
    async with stage.working(stage.worker(provider, LostJobs())):
        for trigger_id in numbers:
            await stage.finished(trigger_id)
    read = [
        email.message_from_bytes(message.content, EmailMessage, policy=email.policy.default)
        for message in provider.taken
    ]
    parts = [mail.get_body(("html",)) for mail in read]
    return [str(part.get_content()) for part in parts if part is not None]


async def test_messages_are_sent_in_their_layout(client: Client, manage: Client, stage: Stage) -> None:
    stage.crowd(1)
    broadcast = stage.broadcast()
    made = await layout(manage)
    assert (made["used_by"], (await manage("GET", ALL)).json["layouts"]) == ([], [made])
    number = made["id"]
    one = f"{OURS}/broadcasts/{broadcast.broadcast_id}/actions/{broadcast.actions[0].action_id}"
    changed = await manage("PATCH", one, {"layout_id": number})
    assert (changed.status, changed.json["action"]["layout_id"]) == (200, number)
    shown = await client("GET", one.replace(OURS, "/v1"))
    assert shown.json["action"]["layout"] == HTML
    early = stage.trigger(broadcast)
    edited = await manage("PATCH", f"{ALL}/{number}", {"html": HTML.replace("h1", "h2"), "name": "New"})
    assert edited.json["layout"]["used_by"] == [{"id": broadcast.broadcast_id, "name": broadcast.name}]
    assert (await manage("PATCH", one, {"subject": "Other"})).json["action"]["layout_id"] == number
    late = stage.trigger(broadcast)
    first, second = sorted(await bodies(stage, early, late))
    assert "<h1>Frame</h1>" in first
    assert "<h2>New</h2>" in second
    refused = await manage("DELETE", f"{ALL}/{number}")
    assert (refused.status, broadcast.name in refused.error) == (409, True)
    assert (await manage("PATCH", one, {"layout_id": None})).json["action"]["layout_id"] is None
    assert (await manage("DELETE", f"{ALL}/{number}")).status == 204
    assert (await manage("GET", f"{ALL}/{number}")).status == 404


async def test_a_snippet_that_a_layout_mentions_stays(client: Client, manage: Client) -> None:
    await client("PUT", "/v1/snippets", {"name": "foot", "value": "bye"})
    await layout(manage, html="{{ content }}{{ snippets.foot }}")
    await client("PUT", "/v1/snippets", {"name": "foot-note", "value": "{{ snippets['foot'] }}"})
    assert (await client("DELETE", "/v1/snippets/foot")).status == 400
    used = (await manage("GET", f"{OURS}/snippet_uses")).json["snippets"]
    assert {one["name"]: [(by["kind"], by["name"]) for by in one["used_by"]] for one in used} == {
        "foot": [("layout", "Frame"), ("snippet", "foot-note")],
        "foot-note": [],
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"html": HTML}, "name"),
        ({"name": "x", "html": "<p>"}, "content"),
        ({"name": "x", "html": "{{ content }}{{ content }}"}, "html"),
        ({"name": "x", "html": "{{ content }}{% if %}"}, "html"),
        ({"name": "x", "html": "{{ content }}{{ snippets.gone }}"}, "html"),
        ({"name": "x", "html": HTML, "colour": 1}, "colour"),
    ],
)
async def test_a_wrong_layout_is_refused(manage: Client, body: Any, field: str) -> None:
    refused = await manage("POST", ALL, body)
    assert (refused.status, field in refused.error) == (422, True)


async def test_of_another_workspace_is_none(
    manage: Client, app: ASGIApp, id_only: tuple[Workspace, Keys], stage: Stage
) -> None:
    made, other = await layout(manage), Client(app, f"Bearer {id_only[1].manage_key}")
    assert (await other("GET", f"{ALL}/{made['id']}")).status == 404
    assert (await other("GET", ALL)).json["layouts"] == []
    broadcast = stage.broadcast()
    one = f"{OURS}/broadcasts/{broadcast.broadcast_id}/actions/{broadcast.actions[0].action_id}"
    refused = await manage("PATCH", one, {"layout_id": 4711})
    assert (refused.status, "layout_id" in refused.error) == (422, True)
