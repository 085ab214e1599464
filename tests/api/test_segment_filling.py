# SPDX-License-Identifier: Apache-2.0
"""A segment is filled with who matches a filter, call by call, and no one twice."""

from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.stage import Stage

from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_PRO = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}


@pytest.fixture
async def segment(client: Client, track: Client) -> str:
    """An empty one, and thirty people of whom ten have the plan."""
    for no in range(30):
        plan = {"plan": "pro"} if no % 3 == 0 else {}
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com", **plan})
    made = await client("POST", "/v1/segments", {"segment": {"name": "Pro", "description": ""}})
    return f"{_ROOT}/segments/{made.json['segment']['id']}"


async def people_in(manage: Client, segment: str) -> int:
    found: int = (await manage("GET", segment)).json["segment"]["people"]
    return found


async def test_who_matches_is_put_in_once(manage: Client, track: Client, segment: str) -> None:
    filled = (await manage("POST", f"{segment}/fill", {"filter": _PRO})).json
    assert filled == {"matching": 10, "added": 10, "looked_through": 1.0, "next": ""}
    assert await people_in(manage, segment) == 10
    await track("PUT", "/api/v1/customers/p1", {"plan": "pro"})
    assert await people_in(manage, segment) == 10, "it does not follow the filter"
    again = (await manage("POST", f"{segment}/fill", {"filter": _PRO})).json
    assert (again["matching"], again["added"]) == (11, 1)
    assert (await manage("POST", f"{segment}/fill", {"filter": {}})).json["added"] == 19
    assert await people_in(manage, segment) == 30


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "filter"),
        ({"filter": []}, "filter"),
        ({"filter": {"nonsense": 1}}, "filter"),
        ({"filter": {"segment": {"id": 999}}}, "filter"),
        ({"filter": {}, "start": "nonsense"}, "start"),
        ({"filter": {}, "more": 1}, "more"),
    ],
)
async def test_faults_are_named(manage: Client, segment: str, body: dict[str, Any], pointer: str) -> None:
    refused = await manage("POST", f"{segment}/fill", body)
    assert refused.status == 422
    assert pointer in refused.json["errors"][0]["source"]["pointer"]
    assert await people_in(manage, segment) == 0


async def test_there_must_be_one(manage: Client, segment: str) -> None:
    assert (await manage("POST", f"{_ROOT}/segments/999/fill", {"filter": {}})).status == 404


async def test_many_are_put_in_call_by_call(
    manage: Client, segment: str, store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    Stage(store, workspace, tmp_path).crowd(5_100, first=1_000)
    start, calls, added = "", 0, 0
    while calls == 0 or start:
        filled = (await manage("POST", f"{segment}/fill", {"filter": {}, "start": start})).json
        start, calls, added = filled["next"], calls + 1, added + filled["added"]
        assert bool(start) is (filled["looked_through"] < 1)
        assert calls < 20
    assert calls >= 2
    assert added == await people_in(manage, segment) == 5_130
