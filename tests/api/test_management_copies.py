# SPDX-License-Identifier: Apache-2.0
"""Copying into another workspace: what comes along, what is told as missing, and who may."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.types import ASGIApp

from clarion.api import application
from clarion.api.calls import Api
from clarion.api.passwords import Passwords
from clarion.domain.roles import Role
from clarion.store import access, users
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store, Transaction

from .conftest import Client
from .test_session import Browser

_ROOT = "/api/clarion/v1"
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_PASSWORD = "correct horse battery"
_MAIL = {"subject": "One", "body": "{{ snippets.footer }} {% unsubscribe %}", "from": "a@example.com", "name": "Mail"}


@pytest.fixture
def app(api: Api) -> ASGIApp:
    return application.build(replace(api, passwords=Passwords(_QUICK)))


@pytest.fixture
def other_keys() -> Keys:
    return access.random_keys()


@pytest.fixture
def other(store: Store, other_keys: Keys) -> Workspace:
    return store.write(lambda tx: access.create_workspace(tx, "Other", "id_email", other_keys))


@pytest.fixture
def there(app: ASGIApp, other: Workspace, other_keys: Keys) -> Client:
    """The other workspace's own key."""
    return Client(app, f"Bearer {other_keys.manage_key}")


Enter = Callable[[dict[int, tuple[Role, ...]]], Any]


@pytest.fixture
def enter(app: ASGIApp, store: Store, workspace: Workspace) -> Enter:
    """Somebody signed in, with roles by workspace."""

    async def go(roles: dict[int, tuple[Role, ...]]) -> Browser:
        def add(tx: Transaction) -> None:
            number = users.create(tx, "ada@example.com", "Ada", _QUICK.hash(_PASSWORD))
            for workspace_id, given in roles.items():
                users.put_member(tx, workspace_id, number, given)

        store.write(add)
        browser = Browser(app, workspace.workspace_id)
        signed_in = await browser("POST", f"{_ROOT}/session", {"email": "ada@example.com", "password": _PASSWORD})
        assert signed_in.status == 200, signed_in.body
        return browser

    return go


async def make(manage: Client, **more: Any) -> int:
    made = await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": [_MAIL], **more})
    assert made.status == 201, made.body
    return int(made.json["broadcast"]["id"])


async def furnish(client: Client, html: str, snippet: str) -> dict[str, int]:
    segment = await client("POST", "/v1/segments", {"segment": {"name": "Premium", "description": ""}})
    layout = await client("POST", f"{_ROOT}/layouts", {"name": "Frame", "html": html})
    identity = {"name": "Acme", "email": "news@example.com"}
    sender = await client("POST", f"{_ROOT}/sender_identities", identity)
    await client("PUT", "/v1/snippets", {"name": "footer", "value": snippet})
    return {
        "segment": segment.json["segment"]["id"],
        "layout": layout.json["layout"]["id"],
        "sender": sender.json["sender_identity"]["id"],
    }


async def test_what_the_other_workspace_has_by_the_same_name_is_used(
    manage: Client, there: Client, enter: Enter, workspace: Workspace, other: Workspace
) -> None:
    here = await furnish(manage, "<b>{{ content }}</b>", "Bye")
    theirs = await furnish(there, "<b>{{ content }}</b>", "Bye")
    recipients = {"and": [{"segment": {"id": here["segment"]}}, {"not": {"segment": {"id": here["segment"]}}}]}
    goal = {"kind": "enters_segment", "segment_id": here["segment"]}
    number = await make(manage, recipients=recipients, goal=goal, tags=["news"])
    action = (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]["actions"][0]["id"]
    path = f"{_ROOT}/broadcasts/{number}/actions/{action}"
    await manage("PATCH", path, {"layout_id": here["layout"], "from_id": here["sender"]})
    await manage("PUT", f"{path}/languages/de", {"subject": "Eins"})
    await manage("POST", f"{path}/attachments?name=a.pdf", b"%PDF")
    browser = await enter({workspace.workspace_id: (Role.EDITOR,), other.workspace_id: (Role.EDITOR,)})
    made = await browser("POST", f"{_ROOT}/broadcasts/{number}/copy", {"workspace_id": other.workspace_id})
    assert made.status == 201, made.body
    assert made.json["missing"] == []
    copy = (await there("GET", f"{_ROOT}/broadcasts/{made.json['broadcast']['id']}")).json["broadcast"]
    segment = {"segment": {"id": theirs["segment"]}}
    assert copy["recipients"] == {"and": [segment, {"not": segment}]}
    assert copy["goal"]["segment_id"] == theirs["segment"]
    assert (copy["name"], copy["state"], copy["tags"]) == ("[COPY] Spring", "draft", ["news"])
    (message,) = copy["actions"]
    assert (message["layout_id"], message["from_id"]) == (theirs["layout"], theirs["sender"])
    (file,) = message["attachments"]
    fetched = await there("GET", f"{_ROOT}/broadcasts/{copy['id']}/actions/{message['id']}/attachments/{file['hash']}")
    assert fetched.body == b"%PDF"
    german = await there("GET", f"{_ROOT}/broadcasts/{copy['id']}/actions/{message['id']}/languages/de")
    assert (german.json["content"]["subject"], german.json["content"]["layout_id"]) == ("Eins", theirs["layout"])
    assert (await there("POST", f"{_ROOT}/broadcasts/{copy['id']}/activate")).status == 200
    assert (await manage("GET", f"{_ROOT}/broadcasts/{copy['id']}")).status == 404, "it is the other workspace's only"
    entries = (await there("GET", f"{_ROOT}/audit")).json["entries"]
    assert ("ada@example.com", "Copied from another workspace") in [(one["who"], one["what"]) for one in entries]


async def test_what_is_not_there_is_told_and_keeps_it_from_being_activated(
    manage: Client, there: Client, enter: Enter, workspace: Workspace, other: Workspace
) -> None:
    here = await furnish(manage, "<b>{{ content }}</b>", "Bye")
    await there("PUT", "/v1/snippets", {"name": "footer", "value": "Good night"})
    await there("POST", f"{_ROOT}/layouts", {"name": "Other", "html": "{{ content }}"})
    goal = {"kind": "leaves_segment", "segment_id": here["segment"]}
    number = await make(manage, recipients={"segment": {"id": here["segment"]}}, goal=goal)
    action = (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]["actions"][0]["id"]
    path = f"{_ROOT}/broadcasts/{number}/actions/{action}"
    await manage("PATCH", path, {"layout_id": here["layout"], "from_id": here["sender"]})
    browser = await enter({workspace.workspace_id: (Role.OWNER,), other.workspace_id: (Role.OWNER,)})
    made = (await browser("POST", f"{_ROOT}/broadcasts/{number}/copy", {"workspace_id": other.workspace_id})).json
    assert [one["field"] for one in made["missing"]] == [
        "recipients", "goal", "actions/0/from_id", "actions/0/layout_id", "snippets/footer",
    ]  # fmt: skip
    assert "says something else there" in made["missing"][-1]["message"]
    copy = made["broadcast"]
    assert copy["goal"] is None
    assert (copy["actions"][0]["from_id"], copy["actions"][0]["from"]) == (None, "Acme <news@example.com>")
    refused = await there("POST", f"{_ROOT}/broadcasts/{copy['id']}/activate")
    assert refused.status == 422, "not everybody by mistake"
    assert "does not exist" in refused.json["errors"][0]["detail"]


async def test_only_some_messages_without_the_settings(
    manage: Client, enter: Enter, workspace: Workspace, other: Workspace
) -> None:
    number = await make(manage, actions=[{**_MAIL, "name": name} for name in ("a", "b", "c")], tags=["news"])
    a, _, c = (one["id"] for one in (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]["actions"])
    browser = await enter({workspace.workspace_id: (Role.EDITOR,), other.workspace_id: (Role.EDITOR,)})
    path = f"{_ROOT}/broadcasts/{number}/copy"
    wanted = {"workspace_id": other.workspace_id, "actions": [c, a], "settings": False}
    copy = (await browser("POST", path, wanted)).json["broadcast"]
    assert [one["name"] for one in copy["actions"]] == ["c", "a"]
    assert copy["tags"] == []
    assert (await browser("POST", path, {**wanted, "actions": [99_999]})).status == 404
    for wrong in ({**wanted, "actions": []}, {**wanted, "actions": ["x"]}, {**wanted, "colour": 1}, {}):
        assert (await browser("POST", path, wrong)).status == 422


@pytest.mark.parametrize("roles", [None, (Role.READER,), (Role.SENDER,)])
async def test_nobody_copies_to_where_they_may_not_edit(
    roles: tuple[Role, ...] | None, manage: Client, there: Client, enter: Enter, workspace: Workspace, other: Workspace
) -> None:
    number = await make(manage)
    mine: dict[int, tuple[Role, ...]] = {workspace.workspace_id: (Role.OWNER,)}
    browser = await enter(mine if roles is None else {**mine, other.workspace_id: roles})
    path = f"{_ROOT}/broadcasts/{number}/copy"
    refused = await browser("POST", path, {"workspace_id": other.workspace_id})
    nowhere = await browser("POST", path, {"workspace_id": 987_654})
    assert (refused.status, nowhere.status) == (403, 403)
    assert refused.error.replace(str(other.workspace_id), "987654") == nowhere.error
    assert (await there("GET", f"{_ROOT}/broadcasts")).json["broadcasts"] == []


async def test_nobody_takes_what_belongs_to_another_workspace(
    manage: Client, there: Client, enter: Enter, workspace: Workspace, other: Workspace
) -> None:
    secret = await make(there)
    mine = await make(manage)
    theirs = (await there("GET", f"{_ROOT}/broadcasts/{secret}")).json["broadcast"]["actions"][0]["id"]
    browser = await enter({workspace.workspace_id: (Role.OWNER,)})
    here = {"workspace_id": workspace.workspace_id}
    assert (await browser("POST", f"{_ROOT}/broadcasts/{secret}/copy", here)).status == 404
    assert (await browser("POST", f"{_ROOT}/broadcasts/{mine}/copy", {**here, "actions": [theirs]})).status == 404
    browser.workspace_id = other.workspace_id
    assert (await browser("POST", f"{_ROOT}/broadcasts/{secret}/copy", here)).status == 403


async def test_a_key_copies_within_its_own_workspace_only(
    manage: Client, workspace: Workspace, other: Workspace
) -> None:
    number = await make(manage)
    path = f"{_ROOT}/broadcasts/{number}/copy"
    assert (await manage("POST", path, {"workspace_id": workspace.workspace_id})).status == 201
    refused = await manage("POST", path, {"workspace_id": other.workspace_id})
    assert refused.status == 403
    assert "a key opens one workspace" in refused.error
