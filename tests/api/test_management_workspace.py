# SPDX-License-Identifier: Apache-2.0
"""The workspace of a key."""

import pytest
from tests.support.audience import add_people

from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

PATH = "/api/clarion/v1/workspace"


async def test_name_and_identifiers_can_be_changed_while_nobody_is_there(manage: Client, workspace: Workspace) -> None:
    shown = {"id": workspace.workspace_id, "name": "Acme", "identifiers": "id_email"}
    assert (await manage("GET", PATH)).json == {"workspace": shown}
    changed = await manage("PATCH", PATH, {"name": "Acme & Co", "identifiers": "id"})
    assert changed.json == {"workspace": {**shown, "name": "Acme & Co", "identifiers": "id"}}
    assert (await manage("GET", PATH)).json == changed.json


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
