# SPDX-License-Identifier: Apache-2.0
"""Where the installation is, whether it sends from there, and confirming a move."""

from clarion.store import identity
from clarion.store.engine import Store
from clarion.store.identity import Place

from .conftest import Client

PATH = "/api/clarion/v1/installation"


async def test_a_database_that_never_sent_may_send_anywhere(manage: Client, store: Store) -> None:
    found = (await manage("GET", PATH)).json["installation"]
    place = identity.here(store)
    assert found["id"] == store.write(identity.installation_id)
    assert (found["sends"], found["hint"], found["homes"]) == (True, None, [])
    assert found["here"] == {"system": place.system, "address": place.address}


async def test_a_copy_says_that_it_does_not_send_until_the_move_is_confirmed(manage: Client, store: Store) -> None:
    store.write(lambda tx: identity.move(tx, Place("where it was", "old:5432")))
    before = (await manage("GET", PATH)).json["installation"]
    assert before["sends"] is False
    assert "clarion confirm-move" in before["hint"]
    assert [home["system"] for home in before["homes"]] == ["where it was"]

    confirmed = (await manage("POST", f"{PATH}/confirm_move")).json["installation"]
    assert confirmed["sends"] is True
    assert [home["system"] for home in confirmed["homes"]] == [confirmed["here"]["system"]]
    assert (await manage("GET", PATH)).json["installation"] == confirmed


async def test_another_address_of_the_same_server_is_no_copy(manage: Client, store: Store) -> None:
    place = identity.here(store)
    store.write(lambda tx: identity.move(tx, Place(place.system, "as-the-workers-know-it:5432", place.timeline)))
    assert (await manage("GET", PATH)).json["installation"]["sends"] is True


async def test_needs_the_scope(client: Client) -> None:
    assert (await client("GET", PATH)).status == 401
    assert (await client("POST", f"{PATH}/confirm_move")).status == 401
