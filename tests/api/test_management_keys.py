# SPDX-License-Identifier: Apache-2.0
"""Keys: made, shown once, revoked at once; scopes; tokens of service accounts (contract §1.2)."""

from typing import Any

import pytest
from starlette.types import ASGIApp
from tests.support.audience import add_people, person_id, playing

from clarion.api import application, auth
from clarion.api.known_keys import KnownKeys
from clarion.domain.deliveries import public_id
from clarion.domain.people import cio_id
from clarion.store import access
from clarion.store.access import Access, Keys, Workspace
from clarion.store.engine import Store, Transaction

from .conftest import Client, basic

KEYS = "/api/clarion/v1/keys"


async def test_a_key_is_shown_once_and_opens_until_it_is_revoked(manage: Client, app: ASGIApp, store: Store) -> None:
    made = (await manage("POST", KEYS, {"name": "job"})).json["key"]
    assert made["scopes"] == ["app"]
    new = Client(app, f"Bearer {made['secret']}")
    assert (await new("GET", "/v1/segments")).status == 200
    listed = (await manage("GET", KEYS)).json["keys"]
    (mine,) = [key for key in listed if key["id"] == made["id"]]
    assert "secret" not in mine
    assert mine["last_used_at"]
    assert not store.read(
        lambda tx: tx.composed("SELECT 1 AS yes FROM api_key WHERE secret_hash = :s", {"s": made["secret"]})
    )
    assert (await manage("DELETE", f"{KEYS}/{made['id']}")).status == 204
    assert (await new("GET", "/v1/segments")).status == 401
    (mine,) = [key for key in (await manage("GET", KEYS)).json["keys"] if key["id"] == made["id"]]
    assert mine["revoked_at"]


async def test_a_track_key(manage: Client, app: ASGIApp) -> None:
    made = (await manage("POST", KEYS, {"kind": "track", "name": "site"})).json["key"]
    track = Client(app, basic(made["site_id"], made["secret"]))
    assert (await track("PUT", "/api/v1/customers/7", {})).status == 200
    assert (await Client(app, f"Bearer {made['secret']}")("GET", "/v1/segments")).status == 401


@pytest.mark.parametrize(
    ("scope", "reads", "writes", "sends"),
    [("app:read", 200, 401, 401), ("app:write", 401, 200, 401), ("app:send", 401, 401, 404), ("app", 200, 200, 404)],
)
async def test_a_key_does_what_its_scopes_say(
    manage: Client, app: ASGIApp, scope: str, reads: int, writes: int, sends: int
) -> None:
    made = (await manage("POST", KEYS, {"name": "narrow", "scopes": [scope]})).json["key"]
    narrow = Client(app, f"Bearer {made['secret']}")
    assert (await narrow("GET", "/v1/segments")).status == reads
    assert (await narrow("POST", "/v1/customers/attributes", {"ids": ["x"]})).status == reads
    assert (await narrow("PUT", "/v1/snippets", {"name": "a", "value": "b"})).status == writes
    assert (await narrow("POST", "/v1/campaigns/999/triggers", {})).status == sends
    assert (await narrow("GET", KEYS)).status == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x", "kind": "service"}, "kind"),
        ({"name": "x", "scopes": ["all"]}, "scopes.0"),
        ({"name": "x", "kind": "track", "scopes": ["app"]}, "scopes.0"),
        ({"name": "x", "more": 1}, "more"),
    ],
)
async def test_what_is_wrong_with_a_key_is_named(manage: Client, body: Any, field: str) -> None:
    refused = await manage("POST", KEYS, body)
    assert refused.status == 422
    assert field in refused.error


async def test_keys_of_others_cannot_be_revoked(
    manage: Client, app: ASGIApp, store: Store, id_only: tuple[Workspace, Keys]
) -> None:
    theirs = store.read(lambda tx: access.keys(tx, id_only[0]))
    for key in theirs:
        assert (await manage("DELETE", f"{KEYS}/{key.key_id}")).status == 404
    assert (await Client(app, f"Bearer {id_only[1].app_key}")("GET", "/v1/segments")).status == 200


async def test_a_service_account_sends_in_the_workspace_it_names_and_does_nothing_else(
    app: ASGIApp, store: Store, workspace: Workspace, id_only: tuple[Workspace, Keys]
) -> None:
    token_id, token = store.write(lambda tx: access.create_service_token(tx, "mailer"))
    assert token.startswith(auth.SERVICE_PREFIX)
    service = Client(app, f"Bearer {token}")
    for one in (workspace, id_only[0]):
        named = {"X-Workspace-Id": str(one.workspace_id)}
        assert (await service("POST", "/v1/campaigns/999/triggers", {}, named)).status == 404
        assert (await service("GET", "/v1/segments", None, named)).status == 401
    for wrong in ({}, {"X-Workspace-Id": "x"}, {"X-Workspace-Id": "999999"}):
        assert (await service("POST", "/v1/campaigns/999/triggers", {}, wrong)).status == 401
    store.write(lambda tx: access.revoke_service_token(tx, token_id))
    named = {"X-Workspace-Id": str(workspace.workspace_id)}
    assert (await service("POST", "/v1/campaigns/999/triggers", {}, named)).status == 401


async def test_no_route_with_a_number_in_its_path_opens_something_of_another_workspace(
    app: ASGIApp, store: Store, workspace: Workspace, keys: Keys, id_only: tuple[Workspace, Keys]
) -> None:
    """Every route, those to come too: with the other workspace's keys it finds nothing of ours."""
    clients = {
        "app": Client(app, f"Bearer {id_only[1].app_key}"),
        "manage": Client(app, f"Bearer {id_only[1].manage_key}"),
        "track": Client(app, basic(id_only[1].site_id, id_only[1].track_key)),
    }
    numbers = _everything_of(store, workspace, keys)
    before = _rows(store)
    opened = []
    for endpoint in application.ENDPOINTS:
        for path in (endpoint.path, *endpoint.aliases):
            if "{" not in path or endpoint.scope == "none" or any(name in path for name in _NAMES_NO_NUMBER):
                continue
            target = path.format_map(numbers)
            answer = await clients[endpoint.scope](endpoint.method, target, {} if endpoint.method != "GET" else None)
            if answer.status < 400:
                opened.append(f"{endpoint.method} {path}: {answer.status}")
    assert opened == []
    assert _rows(store) == before


# Names that mean something in each workspace by themselves: calling them creates or finds one's own.
_NAMES_NO_NUMBER = ("{identifier}", "{name}", "{language}", "{type}", "{email}", "{domain}", "{form_id}")


class _Numbers(dict[str, object]):
    def __missing__(self, key: str) -> object:
        return self["one"]


def _everything_of(store: Store, workspace: Workspace, keys: Keys) -> _Numbers:
    """Numbers of things of a workspace by the names that paths have for them."""
    add_people(store, workspace, 2)
    played = playing(store, workspace, size=2)
    key_id = store.read(lambda tx: access.keys(tx, workspace))[0].key_id
    return _Numbers(
        one=1,
        broadcast_id=played.broadcast.broadcast_id,
        trigger_id=played.trigger_id,
        action_id=played.action_ids[0],
        delivery_id=public_id(played.key(1), b"0" * 32),
        customer_id=f"cio_{cio_id(person_id(workspace, 1))}?id_type=cio_id&x=",
        key_id=key_id,
    )


def _rows(store: Store) -> dict[str, int]:
    tables = ("broadcast", "action", "broadcast_trigger", "delivery", "person", "segment", "snippet", "api_key")

    def count(tx: Transaction) -> dict[str, int]:
        return {table: int(tx.composed(f"SELECT COUNT(*) AS n FROM {table}", {})[0]["n"]) for table in tables}

    return store.read(count)


async def test_what_a_key_opens_is_remembered_for_a_second_and_no_longer() -> None:
    clock = [0.0]
    known = KnownKeys(lambda: clock[0])
    opened = Access(Workspace(1, "A", "id"), frozenset({"app"}), "k")
    known.keep(("app", "x"), opened)
    clock[0] = 0.99
    assert known.get(("app", "x")) is opened
    assert known.get(("track", "x")) is None
    clock[0] = 1.0
    assert known.get(("app", "x")) is None
    known.keep(("app", "x"), opened)
    known.forget()
    assert known.get(("app", "x")) is None
