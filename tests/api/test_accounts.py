# SPDX-License-Identifier: Apache-2.0
"""Accounts in an installation with two workspaces: who may disable whom, what that ends, who reads of whom."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.types import ASGIApp

from clarion.api import application
from clarion.api.calls import Api
from clarion.api.passwords import Passwords
from clarion.domain.roles import Role
from clarion.store import users
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store, Transaction

from .conftest import Client
from .test_session import PASSWORD, QUICK, Browser, sign_in

ROOT = "/api/clarion/v1"


@dataclass
class House:
    """Ada owns the shop, Bo the museum; Cy reads in the shop, Di in both, Eve owns both."""

    app: ASGIApp
    shop: Workspace
    museum: Workspace
    numbers: dict[str, int]

    async def enter(self, name: str, workspace: Workspace | None = None) -> Browser:
        browser = Browser(self.app, (workspace or self.shop).workspace_id)
        assert (await sign_in(browser, f"{name}@x.test")).status == 200
        return browser


@pytest.fixture
def house(api: Api, store: Store, workspace: Workspace, id_only: tuple[Workspace, Keys]) -> House:
    museum = id_only[0]
    places: dict[str, dict[Workspace, Role]] = {
        "ada": {workspace: Role.OWNER},
        "bo": {museum: Role.OWNER},
        "cy": {workspace: Role.READER},
        "di": {workspace: Role.EDITOR, museum: Role.READER},
        "eve": {workspace: Role.OWNER, museum: Role.OWNER},
    }

    def add(tx: Transaction) -> dict[str, int]:
        numbers = {}
        for name, roles in places.items():
            numbers[name] = users.create(tx, f"{name}@x.test", name.title(), QUICK.hash(PASSWORD))
            for place, role in roles.items():
                users.put_member(tx, place.workspace_id, numbers[name], (role,))
        return numbers

    return House(application.build(replace(api, passwords=Passwords(QUICK))), workspace, museum, store.write(add))


async def entries(browser: Browser, query: str = "sign_ins=true") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await browser("GET", f"{ROOT}/audit?{query}")).json["entries"]
    return found


async def test_a_disabled_account_is_out_at_once_and_stays_out_until_it_is_enabled(house: House) -> None:
    ada, cy, elsewhere = await house.enter("ada"), await house.enter("cy"), await house.enter("cy")
    target = f"{ROOT}/users/{house.numbers['cy']}"
    assert (await cy("GET", f"{ROOT}/broadcasts")).status == 200
    disabled = await ada("POST", f"{target}/disable")
    assert (disabled.status, disabled.json["user"]["disabled_at"] is None) == (200, False)
    for session in (cy, elsewhere):
        assert (await session("GET", f"{ROOT}/broadcasts")).status == 401
        assert (await session("GET", f"{ROOT}/session")).json["user"] is None
    refused = await sign_in(Browser(house.app, house.shop.workspace_id), "cy@x.test")
    assert (refused.status, "disabled" in refused.error) == (403, True)
    wrong = await cy("POST", f"{ROOT}/session", {"email": "cy@x.test", "password": "guess"})
    assert (wrong.status, "disabled" in wrong.error) == (401, False), "who guesses is told nothing"
    assert (await ada("POST", f"{target}/reset")).status == 409
    assert (await ada("POST", f"{target}/disable")).status == 200, "twice is no error"
    assert [one["disabled_at"] is None for one in (await ada("GET", f"{ROOT}/users")).json["users"]].count(False) == 1
    assert (await ada("POST", f"{target}/enable")).json["user"]["disabled_at"] is None
    assert (await cy("GET", f"{ROOT}/broadcasts")).status == 401, "an old session is not alive again"
    assert (await (await house.enter("cy"))("GET", f"{ROOT}/broadcasts")).status == 200


async def test_only_who_owns_all_of_their_workspaces_may_disable_somebody(
    house: House, store: Store, keys: Keys
) -> None:
    ada, eve = await house.enter("ada"), await house.enter("eve")
    di, bo, cy = (house.numbers[name] for name in ("di", "bo", "cy"))
    with_key = Client(house.app, f"Bearer {keys.manage_key}")
    for call in (ada, with_key):
        assert (await call("POST", f"{ROOT}/users/{di}/disable")).status == 409, "di is in the museum too"
        assert (await call("POST", f"{ROOT}/users/{bo}/disable")).status == 404, "bo is not in the shop"
    assert (await (await house.enter("cy"))("POST", f"{ROOT}/users/{di}/disable")).status == 403
    assert (await eve("POST", f"{ROOT}/users/{di}/disable")).status == 200
    assert (await ada("POST", f"{ROOT}/users/{di}/enable")).status == 409, "nor enable"
    assert (await with_key("POST", f"{ROOT}/users/{cy}/disable")).status == 200
    assert store.read(lambda tx: users.by_id(tx, bo)) is not None
    assert not any(one.disabled_ms for one in store.read(lambda tx: users.members(tx, house.museum.workspace_id)[:1]))


async def test_somebody_who_can_sign_in_is_always_left_to_own_a_workspace(house: House, keys: Keys) -> None:
    ada, eve = house.numbers["ada"], house.numbers["eve"]
    owner = await house.enter("eve")
    assert (await owner("POST", f"{ROOT}/users/{eve}/disable")).status == 409, "not oneself"
    assert (await owner("POST", f"{ROOT}/users/{ada}/disable")).status == 200
    with_key = Client(house.app, f"Bearer {keys.manage_key}")
    roles = {"roles": ["reader"]}
    assert (await with_key("DELETE", f"{ROOT}/users/{eve}")).status == 409, "who is disabled does not count"
    assert (await with_key("PATCH", f"{ROOT}/users/{eve}", roles)).status == 409
    assert (await with_key("DELETE", f"{ROOT}/users/{ada}")).status == 204, "and can be taken out"


async def test_the_last_owner_who_can_sign_in_cannot_be_disabled_by_a_key(
    house: House, store: Store, keys: Keys
) -> None:
    with_key = Client(house.app, f"Bearer {keys.manage_key}")
    store.write(lambda tx: users.remove_member(tx, house.shop.workspace_id, house.numbers["eve"]))
    assert (await with_key("POST", f"{ROOT}/users/{house.numbers['ada']}/disable")).status == 409


async def test_a_link_of_the_operator_enables_the_account(house: House, store: Store) -> None:
    eve = await house.enter("eve")
    assert (await eve("POST", f"{ROOT}/users/{house.numbers['ada']}/disable")).status == 200
    token = store.write(lambda tx: users.create_link(tx, "owner", made_by="the operator"))
    ada = Browser(house.app, house.museum.workspace_id)
    claim = {"token": token, "email": "ada@x.test", "password": "another one entirely"}
    assert (await ada("POST", f"{ROOT}/session/claim", claim)).status == 200
    assert (await ada("GET", f"{ROOT}/broadcasts")).status == 200


async def test_an_invitation_lets_no_disabled_account_in(house: House, store: Store) -> None:
    eve = await house.enter("eve")
    token = store.write(
        lambda tx: users.create_link(
            tx,
            "invitation",
            made_by="eve",
            email="cy@x.test",
            roles=(Role.OWNER,),
            workspace_id=house.museum.workspace_id,
        )
    )
    await eve("POST", f"{ROOT}/users/{house.numbers['cy']}/disable")
    cy = Browser(house.app, house.museum.workspace_id)
    assert (await cy("POST", f"{ROOT}/session/claim", {"token": token, "password": PASSWORD})).status == 409
    assert store.read(lambda tx: users.link(tx, token)) is not None, "it was not used"


async def test_what_happens_to_accounts_is_written_down(house: House) -> None:
    cy, ada, elsewhere = await house.enter("cy"), await house.enter("ada"), await house.enter("cy")
    assert (await cy("PATCH", f"{ROOT}/session", {"name": "Cyrus"})).status == 200
    assert (await cy("PATCH", f"{ROOT}/session", {"name": "Cyrus"})).status == 200, "the same: nothing to tell"
    found = (await cy("GET", f"{ROOT}/session/sessions")).json["sessions"]
    other = next(one["id"] for one in found if not one["current"])
    assert (await cy("DELETE", f"{ROOT}/session/sessions/{other}")).status == 204
    assert (await elsewhere("DELETE", f"{ROOT}/session")).status == 204, "it was over: nothing to tell"
    assert (await cy("DELETE", f"{ROOT}/session")).status == 204
    for what in ("disable", "enable", "enable"):
        await ada("POST", f"{ROOT}/users/{house.numbers['cy']}/{what}")
    told = [(one["what"], one["subject"]) for one in await entries(ada, "sign_ins=true&who=cy@x.test")]
    assert told == [
        ("Account enabled", "by ada@x.test"),
        ("Account disabled", "by ada@x.test"),
        ("Signed out", told[2][1]),
        ("Ended one of their sessions", "Test/1"),
        ("Changed their name", "from Cy to Cyrus"),
        ("Signed in", told[5][1]),
        ("Signed in", told[6][1]),
    ]
    changes = [one["what"] for one in await entries(ada, "limit=5")]
    assert changes == ["Enable an account", "Enable an account", "Disable an account"]


async def test_an_owner_reads_of_those_with_whom_he_shares_a_workspace(house: House) -> None:
    for name in ("bo", "cy", "di", "eve"):
        await house.enter(name)
    stranger = Browser(house.app, house.shop.workspace_id)
    await stranger("POST", f"{ROOT}/session", {"email": "Nobody@x.test", "password": "guess"})
    await stranger("POST", f"{ROOT}/session", {"email": "BO@x.test", "password": "guess"})
    await stranger("POST", f"{ROOT}/session", {"email": "CY@x.test", "password": "guess"})
    ada, bo = await house.enter("ada"), await house.enter("bo", house.museum)
    assert {one["who"] for one in await entries(ada)} == {
        "ada@x.test",
        "cy@x.test",
        "CY@x.test",
        "di@x.test",
        "eve@x.test",
    }
    assert {one["who"] for one in await entries(bo)} == {"bo@x.test", "BO@x.test", "di@x.test", "eve@x.test"}
    assert await entries(ada, "sign_ins=true&who=bo@x.test") == []
    eve = await house.enter("eve")
    everybody = {one["who"] for one in await entries(eve)}
    assert {"Nobody@x.test", "bo@x.test", "BO@x.test", "ada@x.test"} <= everybody, "she owns all there is"


async def test_a_key_reads_of_its_own_workspace_only(house: House, keys: Keys) -> None:
    await house.enter("bo")
    ada = await house.enter("ada")
    await ada("POST", f"{ROOT}/broadcasts", {"name": "Spring"})
    bo = await house.enter("bo", house.museum)
    await bo("POST", f"{ROOT}/broadcasts", {"name": "Autumn"})
    with_key = Client(house.app, f"Bearer {keys.manage_key}")
    for query in ("sign_ins=true", "limit=9"):
        found = (await with_key("GET", f"{ROOT}/audit?{query}")).json["entries"]
        assert {one["who"] for one in found} == {"ada@x.test"}
    assert {one["who"] for one in await entries(bo, "limit=9")} == {"bo@x.test"}


@pytest.mark.parametrize("most", [1, 2, 3])
async def test_pages_hold_what_may_be_read(house: House, most: int) -> None:
    for name in ("cy", "bo", "cy", "bo", "bo", "cy"):
        await house.enter(name)
    ada = await house.enter("ada")
    found: list[str] = []
    start = ""
    while True:
        page = (await ada("GET", f"{ROOT}/audit?sign_ins=true&limit={most}&start={start}")).json
        found += [one["who"] for one in page["entries"]]
        if not (start := page["next"]):
            break
    assert found == ["ada@x.test", "cy@x.test", "cy@x.test", "cy@x.test"]


async def test_two_owners_who_disable_each_other_at_once_leave_one(house: House, store: Store) -> None:
    store.write(lambda tx: users.put_member(tx, house.museum.workspace_id, house.numbers["ada"], (Role.OWNER,)))
    store.write(lambda tx: users.remove_member(tx, house.museum.workspace_id, house.numbers["bo"]))
    ada, eve = await house.enter("ada"), await house.enter("eve", house.museum)
    answers = await asyncio.gather(
        ada("POST", f"{ROOT}/users/{house.numbers['eve']}/disable"),
        eve("POST", f"{ROOT}/users/{house.numbers['ada']}/disable"),
    )
    assert min(answer.status for answer in answers) == 200
    members = store.read(lambda tx: users.members(tx, house.shop.workspace_id))
    owners = [one for one in members if Role.OWNER in one.roles]
    assert [one.disabled_ms is None for one in owners].count(True) == 1
