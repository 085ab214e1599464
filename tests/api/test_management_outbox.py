# SPDX-License-Identifier: Apache-2.0
"""The captured outbox over HTTP: each workspace sees its own mail, the demo shows its one workspace's to everybody."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.channels.sources import ListSource

from clarion.api import application
from clarion.api.calls import Api
from clarion.channels import registry
from clarion.domain.messages import EmailMessage
from clarion.store.access import Keys, Workspace

from .conftest import Client

PATH = "/api/clarion/v1/outbox"
MAIL = (
    b"From: a@b.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"
)


async def fill(folder: Path, workspace_id: int, recipients: list[str]) -> None:
    provider = registry.build("outbox", {"directory": folder})
    messages = [
        EmailMessage(f"d{number}", "a@b.test", recipient, "Grüße", MAIL, workspace_id=workspace_id)
        for number, recipient in enumerate(recipients)
    ]
    await provider.deliver(ListSource(messages))
    await provider.close()


@pytest.fixture
def capturing(api: Api, tmp_path: Path) -> Api:
    return replace(api, outbox=partial(registry.captured_mail, tmp_path))


async def test_pages_and_one_mail(capturing: Api, workspace: Workspace, keys: Keys, tmp_path: Path) -> None:
    await fill(tmp_path, workspace.workspace_id, ["x@y.test", "z@y.test", "x@y.test"])
    client = Client(application.build(capturing), f"Bearer {keys.manage_key}")
    first = (await client("GET", f"{PATH}?limit=2")).json
    assert (first["count"], first["next"], [mail["to"] for mail in first["messages"]]) == (
        3,
        2,
        ["x@y.test", "z@y.test"],
    )
    rest = (await client("GET", f"{PATH}?start=2")).json
    assert (rest["next"], [mail["index"] for mail in rest["messages"]]) == (None, [2])
    assert len((await client("GET", f"{PATH}?recipient=x@y.test")).json["messages"]) == 2
    one = (await client("GET", f"{PATH}/0")).json
    assert (one["plain"].strip(), one["html"]) == ("Hello", None)
    assert {"name": "Subject", "value": "Grüße"} in one["headers"]
    assert (await client("GET", f"{PATH}/0/raw")).body == MAIL
    assert (await client("GET", f"{PATH}/3")).status == 404


async def test_the_newest_first(capturing: Api, workspace: Workspace, keys: Keys, tmp_path: Path) -> None:
    await fill(tmp_path, workspace.workspace_id, ["x@y.test", "z@y.test", "x@y.test", "z@y.test", "x@y.test"])
    client = Client(application.build(capturing), f"Bearer {keys.manage_key}")

    async def seen(query: str) -> tuple[list[int], int | None]:
        found = (await client("GET", f"{PATH}?newest=true&limit=2{query}")).json
        return [mail["index"] for mail in found["messages"]], found["next"]

    assert await seen("") == ([4, 3], 3)
    assert await seen("&start=3") == ([2, 1], 1)
    assert await seen("&start=1") == ([0], None)
    assert await seen("&recipient=x@y.test") == ([4, 2], 2)
    assert await seen("&recipient=x@y.test&start=2") == ([0], None)
    assert await seen("&recipient=nobody@y.test") == ([], None)


async def test_a_mail_is_shown_shut_in(capturing: Api, workspace: Workspace, keys: Keys, tmp_path: Path) -> None:
    await fill(tmp_path, workspace.workspace_id, ["x@y.test"])
    client = Client(application.build(capturing), f"Bearer {keys.manage_key}")
    shown = await client("GET", f"{PATH}/0/html")
    assert b"Hello" in shown.body
    assert shown.headers["content-type"].startswith("text/html")
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "img-src data:;" in policy
    with_images = await client("GET", f"{PATH}/0/html?images=true")
    assert "img-src data: https: http:;" in with_images.headers["content-security-policy"]
    assert (await client("GET", f"{PATH}/1/html")).status == 404


async def test_another_workspace_sees_nothing(
    capturing: Api, workspace: Workspace, id_only: tuple[Workspace, Keys], tmp_path: Path
) -> None:
    await fill(tmp_path, workspace.workspace_id, ["x@y.test"])
    client = Client(application.build(capturing), f"Bearer {id_only[1].manage_key}")
    assert (await client("GET", PATH)).json == {"count": 0, "messages": [], "next": None}
    assert (await client("GET", f"{PATH}/0/raw")).status == 404


async def test_only_the_demo_shows_it_without_a_key(capturing: Api, workspace: Workspace, tmp_path: Path) -> None:
    await fill(tmp_path, workspace.workspace_id, ["x@y.test"])
    assert (await Client(application.build(capturing), None)("GET", PATH)).status == 401
    demo = replace(capturing, options=replace(capturing.options, open_outbox=True))
    assert (await Client(application.build(demo), None)("GET", PATH)).json["count"] == 1


async def test_where_mail_is_not_captured_there_is_none(manage: Client) -> None:
    assert (await manage("GET", PATH)).status == 404
