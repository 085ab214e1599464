# SPDX-License-Identifier: Apache-2.0
"""Drafts by the management API, and how the App API tells of them."""

from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import Stage
from tests.support.jobs import LostJobs

from clarion.api.calls import Api
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_MAIL = {
    "subject": "Hello {{ customer.id }}",
    "body": "<p>Hi {{ customer.id }}</p><img src='https://x.example/a.png'>{% unsubscribe %}",
    "from": "Acme <news@example.com>",
    "sending_state": "draft",
}


@pytest.fixture
async def drafted(
    manage: Client, client: Client, track: Client, store: Store, workspace: Workspace, api: Api, tmp_path: Path
) -> tuple[Stage, int, int]:
    """Five people whose messages are drafted: the stage, the broadcast and the trigger."""
    for no in range(5):
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com"})
    made = (await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": [_MAIL]})).json["broadcast"]
    assert (await manage("POST", f"{_ROOT}/broadcasts/{made['id']}/activate")).status == 200
    trigger = (await client("POST", f"/v1/campaigns/{made['id']}/triggers", {})).json["id"]
    stage = Stage(store, workspace, tmp_path)
    await work(stage, trigger, Scripted())
    return stage, made["id"], trigger


async def work(stage: Stage, trigger: int, provider: Scripted) -> None:
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(trigger)


async def listed(manage: Client, query: str = "") -> list[dict[str, Any]]:
    return list((await manage("GET", f"{_ROOT}/drafts?{query}")).json["drafts"])


async def test_drafts_are_listed_looked_at_and_sent(drafted: tuple[Stage, int, int], manage: Client) -> None:
    stage, broadcast, trigger = drafted
    found = await listed(manage)
    assert [one["recipient"] for one in found] == [f"p{no}@example.com" for no in range(5)]
    assert found[0]["subject"] == "Hello p0"
    assert (found[0]["trigger_id"], found[0]["broadcast"]["name"], found[0]["changed_since"]) == (
        trigger,
        "Spring",
        False,
    )
    page = (await manage("GET", f"{_ROOT}/drafts?limit=3")).json
    rest = (await manage("GET", f"{_ROOT}/drafts?limit=3&start={page['next']}")).json
    assert (len(page["drafts"]), len(rest["drafts"]), rest["next"]) == (3, 2, "")
    whole = (await manage("GET", f"{_ROOT}/drafts/{found[0]['id']}")).json["draft"]
    assert "<p>Hi p0</p>" in whole["html"]
    assert "Hi p0" in whole["plain"]
    shown = await manage("GET", f"{_ROOT}/drafts/{found[0]['id']}/html")
    assert "sandbox" in shown.headers["content-security-policy"]
    action = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast}")).json["broadcast"]["actions"][0]["id"]
    await manage("PATCH", f"{_ROOT}/broadcasts/{broadcast}/actions/{action}", {"subject": "New words"})
    assert {one["changed_since"] for one in await listed(manage)} == {True}

    decided = await manage("POST", f"{_ROOT}/drafts/send", {"ids": [found[0]["id"], found[1]["id"]]})
    assert decided.json == {"drafts": 2, "not_waiting": []}
    again = await manage("POST", f"{_ROOT}/drafts/send", {"ids": [found[0]["id"]]})
    assert again.json == {"drafts": 0, "not_waiting": [found[0]["id"]]}
    provider = Scripted()
    await work(stage, trigger, provider)
    assert sorted(message.subject for message in provider.taken) == ["Hello p0", "Hello p1"]
    deleted = await manage("POST", f"{_ROOT}/drafts/delete", {"all": {"broadcast_id": broadcast}})
    assert deleted.json["drafts"] == 3
    assert await listed(manage) == []
    assert stage.sums(trigger) == {"sent": 2, "skipped draft_deleted": 3}


async def test_the_app_api_tells_of_drafts(drafted: tuple[Stage, int, int], client: Client, manage: Client) -> None:
    _, broadcast, trigger = drafted
    found = (await client("GET", f"/v1/messages?campaign_id={broadcast}&drafts=true")).json["messages"]
    assert len(found) == 5
    assert all("drafted" in one["metrics"] for one in found)
    state = (await client("GET", f"/v1/broadcasts/{broadcast}/messages?state=drafted")).json["messages"]
    assert len(state) == 5
    series = (await client("GET", f"/v1/broadcasts/{broadcast}/metrics?period=days&steps=2")).json["metric"]["series"]
    assert (sum(series["drafted"]), sum(series["sent"])) == (5, 0)
    badges = (await manage("GET", f"{_ROOT}/progress")).json["badges"]
    assert badges["drafts"] == 5
    assert trigger


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"ids": ["nonsense"]}, "/ids/0"),
        ({"all": {}}, "/all"),
        ({"all": {"trigger_id": 1}, "ids": []}, ""),
        ({"all": {"colour": 1}}, "/all/colour"),
        ({"all": {"trigger_id": "x"}}, "/all/trigger_id"),
    ],
)
async def test_a_decision_that_names_nothing_is_refused(body: dict[str, Any], pointer: str, manage: Client) -> None:
    refused = await manage("POST", f"{_ROOT}/drafts/send", body)
    assert refused.status == 422
    pointers = [one.get("source", {}).get("pointer", "") for one in refused.json["errors"]]
    assert f"/data/attributes{pointer}" in pointers or pointer in pointers


async def test_unknown_drafts_are_404(manage: Client) -> None:
    assert (await manage("GET", f"{_ROOT}/drafts/nonsense")).status == 404
    assert (await manage("GET", f"{_ROOT}/drafts?start=nonsense")).status == 400


async def test_what_was_a_draft_is_shown_as_it_was_kept(
    drafted: tuple[Stage, int, int], client: Client, track: Client, manage: Client
) -> None:
    stage, _, trigger = drafted
    (first, *_) = await listed(manage)
    cio = (await client("GET", "/v1/customers/p0/attributes")).json["customer"]["identifiers"]["cio_id"]
    assert (await track("PUT", f"/api/v1/customers/cio_{cio}", {"id": "renamed"})).status == 200
    for done in (False, True):
        said = (await client("GET", f"/v1/messages/{first['id']}/archived_message")).json["archived_message"]
        assert (said["subject"], said["forgotten"]) == ("Hello p0", False)
        assert "<p>Hi p0</p>" in said["body"]
        assert (said["from"], said["recipient"]) == ("Acme <news@example.com>", "p0@example.com")
        if not done:
            await manage("POST", f"{_ROOT}/drafts/send", {"ids": [first["id"]]})
            await work(stage, trigger, Scripted())
