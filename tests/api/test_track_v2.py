# SPDX-License-Identifier: Apache-2.0
"""Track v2: single operations and batches (contract §8.3)."""

import asyncio
from typing import Any

import pytest

from clarion.domain.people import IdKind, Person, Reference
from clarion.store import people
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .conftest import Client

ENTITY, BATCH = "/api/v2/entity", "/api/v2/batch"


def operation(action: str, identifiers: object = None, **more: Any) -> dict[str, object]:
    return {
        "type": "person",
        "identifiers": {"id": "7"} if identifiers is None else identifiers,
        "action": action,
        **more,
    }


@pytest.fixture
def person(store: Store, workspace: Workspace) -> Any:
    """Look a person up by id or e-mail address."""

    def look_up(name: str) -> Person | None:
        kind = IdKind.EMAIL if "@" in name else IdKind.ID
        found = store.read(lambda tx: people.find(tx, workspace, Reference(kind, name)))
        return found[0] if found else None

    return look_up


async def test_life_of_a_person(track: Client, person: Any, store: Store) -> None:
    async def entity(*given: Any, **more: Any) -> None:
        answer = await track("POST", ENTITY, operation(*given, **more))
        assert (answer.status, answer.body) == (200, b"{}\n")

    await entity("identify", attributes={"email": "a@x.test", "plan": "pro"}, timestamp=100)
    await entity("identify", {"email": "A@x.test"}, attributes={"plan": "late"}, timestamp=50)
    assert person("7").attributes == {"plan": "pro"}
    await entity("identify", {"cio_id": person("7").cio_id}, attributes={"id": "8"})
    await entity("identify", {"cio_id": "cio_" + person("8").cio_id, "id": None}, attributes={"id": "7"})
    await entity("event", name=" bought ", id="01X", timestamp=5, attributes={"price": 2})
    await entity("event", name="bought", id="01X", timestamp=5)
    await entity("page", name="/home", timestamp=6)
    await entity("screen", name="Main", timestamp=7)
    await entity("add_device", device={"token": "t", "platform": "ios"})
    person_id = person("7").person_id

    def rows(tx: Transaction) -> list[tuple[str, str]]:
        found = tx.composed("SELECT * FROM person_event WHERE person_id = :p ORDER BY at_ms", {"p": person_id})
        return [(row["kind"], row["name"]) for row in found]

    assert store.read(rows) == [("event", "bought"), ("page", "/home"), ("screen", "Main")]
    assert [one.token for one in store.read(lambda tx: people.devices(tx, person_id))] == ["t"]
    await entity("delete_device", device={"token": "t"})
    assert store.read(lambda tx: people.devices(tx, person_id)) == []
    await entity("delete")
    assert person("7") is None
    await entity("suppress")
    await entity("identify")
    assert person("7") is None
    await entity("unsuppress")
    await entity("identify", attributes=None)
    assert person("7").attributes == {}


BAD = [
    ([], "", "an operation must be a JSON object"),
    ({}, "type", 'must be "person", "object" or "delivery"'),
    ({"type": 5}, "type", 'must be "person", "object" or "delivery"'),
    ({"type": ["object"]}, "type", 'must be "person", "object" or "delivery"'),
    ({"type": "object", "action": "identify"}, "identifiers", "must be an object"),
    ({"type": "delivery", "action": "event"}, "identifiers", "the id of a delivery"),
    (operation("merge"), "primary", "one of id, email, cio_id"),
    (operation("add_relationships"), "cio_relationships", "at least one object"),
    (operation("delete_relationships"), "cio_relationships", "at least one object"),
    (operation("dance"), "action", "must be one of identify"),
    ({"type": "person", "action": ["x"], "identifiers": {"id": "7"}}, "action", "must be one of"),
    ({"type": "person", "identifiers": {"id": "7"}}, "action", "must be one of"),
    ({"type": "person", "action": "delete"}, "identifiers", "must be an object"),
    (operation("delete", []), "identifiers", "must be an object"),
    (operation("delete", {}), "identifiers", "exactly one"),
    (operation("delete", {"id": "7", "email": "a@x.test"}), "identifiers", "exactly one"),
    (operation("delete", {"name": "7"}), "identifiers", "exactly one"),
    (operation("delete", {"phone": "+1"}), "identifiers.phone", "phone"),
    (operation("delete", {"id": ""}), "identifiers.id", "empty"),
    (operation("delete", {"id": ["7"]}), "identifiers.id", "must be a string"),
    (operation("delete", {"id": "x" * 151}), "identifiers.id", "longer than 150 bytes"),
    (operation("delete", {"email": "nobody"}), "identifiers.email", "not an e-mail address"),
    (operation("identify", attributes=[1]), "attributes", "must be an object"),
    (operation("identify", attributes={"a": "x" * 1_001}), "attributes.a", "longer than 1000 bytes"),
    (operation("identify", timestamp="x"), "timestamp", "Unix seconds"),
    (operation("event"), "name", "needs a name"),
    (operation("event", name="a", attributes=[1]), "attributes", "must be an object"),
    (operation("event", name="a", timestamp=-1), "timestamp", "Unix seconds"),
    (operation("add_device"), "device", "must be an object"),
    (operation("add_device", device={"id": "t", "platform": "ios"}), "device.token", "token"),
    (operation("delete_device", device={}), "device.token", "token"),
    (operation("delete_device"), "device", "must be an object"),
]


@pytest.mark.parametrize(("body", "field", "message"), BAD)
async def test_bad_operations(track: Client, person: Any, body: object, field: str, message: str) -> None:
    answer = await track("POST", ENTITY, body)
    assert answer.status == 400
    (error,) = answer.json["errors"]
    assert error.keys() == {"reason", "field", "message"}
    assert error["reason"] == "invalid"
    assert error["field"] == field
    assert message in error["message"]
    assert person("7") is None


async def test_every_bad_operation_in_one_batch(track: Client, person: Any) -> None:
    good = operation("identify", attributes={"a": 1})
    answer = await track("POST", BATCH, {"batch": [*(body for body, _, _ in BAD), good]})
    assert answer.status == 207
    errors = answer.json["errors"]
    assert [error["batch_index"] for error in errors] == list(range(len(BAD)))
    assert [error["field"] for error in errors] == [field for _, field, _ in BAD]
    assert person("7").attributes == {"a": 1}


async def test_batch_in_order(track: Client, person: Any) -> None:
    batch = [operation("identify", {"id": str(n)}, attributes={"n": n}) for n in range(250)]
    batch += [operation("delete", {"id": "3"}), operation("identify", attributes={"n": "last"})]
    answer = await track("POST", BATCH, {"batch": batch})
    assert (answer.status, answer.body) == (200, b"{}\n")
    assert person("3") is None
    assert person("7").attributes == {"n": "last"}
    assert person("249").attributes == {"n": 249}


async def test_refusal_by_the_state_of_a_person(track: Client, person: Any) -> None:
    full = {f"a{n}": 1 for n in range(300)}
    batch = [
        operation("identify", attributes=full),
        operation("identify", attributes={"b": 1, "email": "a@x.test"}),
        operation("identify", {"id": "8"}),
    ]
    answer = await track("POST", BATCH, {"batch": batch})
    assert answer.status == 207
    assert [error["batch_index"] for error in answer.json["errors"]] == [1]
    assert "at most 300 attributes" in answer.json["errors"][0]["message"]
    assert person("7").email is None
    assert person("8") is not None


@pytest.mark.parametrize("body", [None, {}, {"batch": []}, {"batch": {}}, [], b"{"])
async def test_bad_batches(track: Client, body: object) -> None:
    answer = await track("POST", BATCH, body)
    assert answer.status == 400
    assert answer.json["errors"][0]["message"]


async def test_sizes(track: Client, person: Any) -> None:
    large = operation("identify", attributes={f"a{n}": "x" * 1_000 for n in range(33)})
    answer = await track("POST", ENTITY, large)
    assert answer.status == 413
    assert "32768" in answer.json["errors"][0]["message"]
    answer = await track("POST", BATCH, {"batch": [large, operation("identify", {"id": "8"})]})
    assert answer.status == 207
    assert "32768" in answer.json["errors"][0]["message"]
    assert person("7") is None
    assert person("8") is not None
    answer = await track("POST", BATCH, b" " * 512_001)
    assert answer.status == 413


async def test_email_is_no_identifier_in_id_only_workspace(id_track: Client) -> None:
    answer = await id_track("POST", ENTITY, operation("identify", {"email": "a@x.test"}))
    assert answer.status == 400
    assert answer.json["errors"][0]["field"] == "identifiers.email"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods(track: Client, method: str) -> None:
    answer = await track(method, ENTITY)
    assert answer.status == 405
    assert answer.error == "Method Not Allowed"
    assert answer.json["errors"] == [{"reason": "invalid", "field": "", "message": "Method Not Allowed"}]


async def test_credentials(nobody: Client, client: Client) -> None:
    for caller in (nobody, client):
        answer = await caller("POST", ENTITY, operation("identify"))
        assert answer.status == 401
        assert answer.error == "unauthorized"


async def test_batches_at_once(track: Client, person: Any) -> None:
    def batch(turn: int) -> dict[str, object]:
        ids = range(40) if turn % 2 else range(39, -1, -1)
        return {"batch": [operation("identify", {"id": str(n)}, attributes={f"t{turn}": 1}) for n in ids]}

    answers = await asyncio.gather(*(track("POST", BATCH, batch(turn)) for turn in range(4)))
    assert [answer.status for answer in answers] == [200] * 4
    for n in range(40):
        assert person(str(n)).attributes == {f"t{turn}": 1 for turn in range(4)}
