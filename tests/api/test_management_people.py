# SPDX-License-Identifier: Apache-2.0
"""Erasing a person through the API."""

import pytest
from tests.support.audience import add_people, person_id

from clarion.domain.people import cio_id
from clarion.store import access, people
from clarion.store.engine import Store

from .conftest import Client

ERASE = "/api/clarion/v1/people/erase"
ERASURES = "/api/clarion/v1/people/erasures"


async def test_a_person_is_erased_once_and_for_all(manage: Client, track: Client, store: Store) -> None:
    await track("PUT", "/api/v1/customers/ann", {"email": "ann@x.test", "plan": "gold"})
    done = await manage("POST", ERASE, {"email": "ann@x.test", "suppress": True})
    assert (done.status, done.json["finished"], done.json["removed"]["people"]) == (200, True, 1)
    assert (await manage("GET", "/v1/customers/ann/attributes")).status == 404
    await track("PUT", "/api/v1/customers/ann", {"plan": "gold"})
    assert (await manage("GET", "/v1/customers/ann/attributes")).status == 404
    again = await manage("POST", ERASE, {"cio_id": done.json["cio_id"]})
    assert (again.status, set(again.json["removed"].values())) == (200, {0})
    (listed,) = (await manage("GET", ERASURES)).json["erasures"]
    assert listed["cio_id"] == done.json["cio_id"]
    assert listed["finished_at"] >= listed["asked_at"] > 0


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "exactly one of id, email and cio_id"),
        ({"id": "a", "email": "b"}, 422, "exactly one of id, email and cio_id"),
        ({"id": "a", "suppress": "yes"}, 422, "suppress"),
        ({"id": "a", "name": "x"}, 422, "name"),
        ({"id": ["a"]}, 400, "id"),
        ({"id": "nobody"}, 404, "not found"),
        ({"cio_id": "zz"}, 404, "not found"),
    ],
)
async def test_faulty_calls(manage: Client, body: dict[str, object], status: int, words: str) -> None:
    refused = await manage("POST", ERASE, body)
    assert refused.status == status
    assert words in refused.error


async def test_nobody_of_another_workspace(manage: Client, store: Store) -> None:
    other = store.write(lambda tx: access.create_workspace(tx, "Other", "id_email", access.random_keys()))
    add_people(store, other, 1)
    assert (await manage("POST", ERASE, {"cio_id": cio_id(person_id(other, 1))})).status == 404
    assert store.read(lambda tx: people.last_person(tx, other)) == person_id(other, 1)


async def test_needs_the_scope(client: Client) -> None:
    assert (await client("POST", ERASE, {"id": "a"})).status == 401
    assert (await client("GET", ERASURES)).status == 401
