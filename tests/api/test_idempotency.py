# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key: one trigger however often a call arrives; a key is for one call, and for 30 days."""

import asyncio
from pathlib import Path

import pytest
from tests.pipeline.stage import Stage

from clarion.store import calls
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

KEY = {"Idempotency-Key": "order 7/a"}


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    made = Stage(store, workspace, tmp_path)
    made.crowd(2)
    return made


@pytest.fixture
def path(stage: Stage) -> str:
    return f"/v1/campaigns/{stage.broadcast().broadcast_id}/triggers"


def made(stage: Stage) -> int:
    return len(stage.select("SELECT trigger_id FROM broadcast_trigger"))


def age(stage: Stage) -> None:
    """What is remembered was made 30 days earlier."""
    older = "UPDATE idempotent_call SET made_ms = made_ms - :ms RETURNING made_ms"
    stage.store.write(lambda tx: tx.composed(older, {"ms": calls.KEPT_MS}))


async def test_the_first_answer_is_given_again_and_nothing_is_made_twice(
    client: Client, stage: Stage, path: str
) -> None:
    body = {"data": {"a": 1}}
    first = await client("POST", path, body, KEY)
    assert first.status == 200
    assert "idempotency-replayed" not in first.headers
    for _ in range(2):
        again = await client("POST", path, body, KEY)
        assert (again.status, again.body) == (200, first.body)
        assert again.headers["idempotency-replayed"] == "true"
    assert made(stage) == 1
    other = await client("POST", path, body, {"Idempotency-Key": "order 8"})
    assert other.json["id"] != first.json["id"]
    assert (await client("POST", path, body)).json["id"] not in (first.json["id"], other.json["id"])


async def test_of_many_at_once_one_makes_the_trigger(client: Client, stage: Stage, path: str) -> None:
    answers = await asyncio.gather(*(client("POST", path, {"ids": ["p1"]}, KEY) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert made(stage) == 1


async def test_another_body_or_path_is_a_conflict(client: Client, stage: Stage, path: str) -> None:
    await client("POST", path, {"data": {"a": 1}}, KEY)
    other_path = f"/v1/campaigns/{stage.broadcast().broadcast_id}/triggers"
    for target, body in ((path, {"data": {"a": 2}}), (path, None), (other_path, {"data": {"a": 1}})):
        refused = await client("POST", target, body, {**KEY, "content-type": "application/json"})
        assert refused.status == 409
        assert "another call" in refused.error
    assert made(stage) == 1


async def test_a_refusal_that_left_a_trigger_is_remembered_and_any_other_is_not(
    client: Client, stage: Stage, path: str
) -> None:
    first = await client("POST", path, {"ids": ["nobody"]}, KEY)
    assert first.status == 422
    assert "errors endpoint for trigger" in first.error
    again = await client("POST", path, {"ids": ["nobody"]}, KEY)
    assert (again.status, again.body) == (422, first.body)
    assert made(stage) == 1
    fresh = {"Idempotency-Key": "fresh"}
    assert (await client("POST", path, {"ids": "p1"}, fresh)).status == 422
    assert (await client("POST", path, {"ids": ["p1"]}, fresh)).status == 200


async def test_the_other_workspace_has_keys_of_its_own(
    client: Client, id_client: Client, stage: Stage, path: str
) -> None:
    assert (await client("POST", path, {}, KEY)).status == 200
    assert (await id_client("POST", path, {}, KEY)).status == 404


async def test_it_is_forgotten_after_30_days(client: Client, stage: Stage, path: str) -> None:
    first = await client("POST", path, {}, KEY)
    age(stage)
    second = await client("POST", path, {"data": {"b": 1}}, KEY)
    assert second.status == 200
    assert second.json["id"] != first.json["id"]
    assert stage.store.write(calls.clear) == 0
    age(stage)
    assert stage.store.write(calls.clear) == 1


@pytest.mark.parametrize("key", ["x" * 256, "ü", "a\x7f"])
async def test_a_key_that_cannot_be_one(client: Client, path: str, key: str) -> None:
    refused = await client("POST", path, {}, {"Idempotency-Key": key.encode().decode("latin-1")})
    assert refused.status == 400
    assert "Idempotency-Key" in refused.error


async def test_a_stream_takes_none(client: Client, path: str) -> None:
    refused = await client("POST", path, b'{}\n{"id":"p1"}\n', {**KEY, "content-type": "application/x-ndjson"})
    assert refused.status == 400
    assert "Idempotency-Key" in refused.error
