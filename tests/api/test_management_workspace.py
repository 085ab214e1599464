# SPDX-License-Identifier: Apache-2.0
"""The workspace of a key."""

import pytest
from tests.support.audience import add_people

from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

PATH = "/api/clarion/v1/workspace"


async def test_name_and_identifiers_can_be_changed_while_nobody_is_there(manage: Client, workspace: Workspace) -> None:
    shown = {
        "id": workspace.workspace_id,
        "name": "Acme",
        "identifiers": "id_email",
        "circuit_breaker": None,
        "message_limit": None,
        "url_parameters": [],
        "inline_css": True,
    }
    assert (await manage("GET", PATH)).json == {"workspace": shown}
    changed = await manage("PATCH", PATH, {"name": "Acme & Co", "identifiers": "id"})
    assert changed.json == {"workspace": {**shown, "name": "Acme & Co", "identifiers": "id"}}
    assert (await manage("GET", PATH)).json == changed.json


async def test_a_circuit_breaker_is_set_and_removed(manage: Client) -> None:
    wanted = {"after": 500, "bounced": 5, "spammed": 0.3, "failed": None}
    assert (await manage("PATCH", PATH, {"circuit_breaker": wanted})).json["workspace"]["circuit_breaker"] == wanted
    assert (await manage("PATCH", PATH, {"name": "New"})).json["workspace"]["circuit_breaker"] == wanted
    refused = await manage("PATCH", PATH, {"name": "Newer", "circuit_breaker": {"bounced": 200}})
    assert refused.json["errors"][0]["source"]["pointer"] == "/data/attributes/circuit_breaker/bounced"
    assert (await manage("GET", PATH)).json["workspace"]["name"] == "New"
    assert (await manage("PATCH", PATH, {"circuit_breaker": None})).json["workspace"]["circuit_breaker"] is None


async def test_a_message_limit_is_set_told_by_reviews_and_removed(manage: Client) -> None:
    wanted = {"messages": 3, "days": 7}
    assert (await manage("PATCH", PATH, {"message_limit": wanted})).json["workspace"]["message_limit"] == wanted
    refused = await manage("PATCH", PATH, {"message_limit": {"messages": 3}})
    assert refused.json["errors"][0]["source"]["pointer"] == "/data/attributes/message_limit/days"
    made = (await manage("POST", "/api/clarion/v1/broadcasts", {"name": "Spring"})).json["broadcast"]
    assert made["ignores_message_limit"] is False
    one = f"/api/clarion/v1/broadcasts/{made['id']}"

    async def warned() -> list[str]:
        warnings = (await manage("GET", f"{one}/review")).json["warnings"]
        return [each["message"] for each in warnings if each["field"] == "ignores_message_limit"]

    (why,) = await warned()
    assert "3 messages within 7 days" in why
    changed = (await manage("PATCH", one, {"ignores_message_limit": True})).json["broadcast"]
    assert changed["ignores_message_limit"] is True
    assert await warned() == []
    assert (await manage("PATCH", one, {"ignores_message_limit": 1})).status == 422
    versions = (await manage("GET", f"{one}/versions")).json["versions"]
    assert any("ignores_message_limit" in version["changed"] for version in versions)
    exempt = {"name": "Terms", "ignores_message_limit": True}
    other = (await manage("POST", "/api/clarion/v1/broadcasts", exempt)).json["broadcast"]
    assert other["ignores_message_limit"] is True
    assert (await manage("PATCH", PATH, {"message_limit": None})).json["workspace"]["message_limit"] is None


async def test_identifiers_stay_once_people_exist(manage: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    refused = await manage("PATCH", PATH, {"name": "New", "identifiers": "id"})
    assert refused.status == 409
    assert (await manage("GET", PATH)).json["workspace"]["name"] == "Acme"
    assert (await manage("PATCH", PATH, {"name": "New", "identifiers": "id_email"})).status == 200


@pytest.mark.parametrize(
    "body", [{"name": ""}, {"name": 5}, {"identifiers": "email"}, {"identifiers": None}, {"id": 4}]
)
async def test_faulty_edits(body: dict[str, object], manage: Client) -> None:
    assert (await manage("PATCH", PATH, body)).status == 422


async def test_needs_the_scope(client: Client) -> None:
    assert (await client("GET", PATH)).status == 401
