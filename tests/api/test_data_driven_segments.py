# SPDX-License-Identifier: Apache-2.0
"""Data-driven segments over HTTP: made, counted before, changed, used as recipients, deleted."""

from typing import Any

import pytest

from clarion.pipeline import segment_building
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_PRO = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}
_BOUGHT = {"event": {"name": "buy", "within": {"days": 30}}}


async def make(manage: Client, conditions: dict[str, Any], name: str = "Pro") -> dict[str, Any]:
    made = await manage("POST", f"{_ROOT}/segments", {"name": name, "conditions": conditions})
    assert made.status == 200, made.body
    found: dict[str, Any] = made.json["segment"]
    return found


@pytest.fixture
async def crowd(track: Client) -> None:
    """Nine people of whom three have the plan."""
    for no in range(9):
        await track("PUT", f"/api/v1/customers/p{no}", {"plan": "pro" if no % 3 == 0 else "free"})


async def test_a_segment_is_built_and_shown_by_both_apis(
    manage: Client, client: Client, track: Client, store: Store, crowd: None
) -> None:
    made = await make(manage, {"and": [_PRO, {"not": _BOUGHT}]})
    assert (made["type"], made["state"], made["progress"], made["people"]) == ("dynamic", "building", 0.0, 0)
    assert made["sentence"] == "plan is “pro” and not performed buy within the last 30 days"
    one = f"/v1/segments/{made['id']}"
    shown = (await client("GET", one)).json["segment"]
    assert (shown["type"], shown["state"], shown["progress"]) == ("dynamic", "build", 0)
    while segment_building.build_some(store):
        pass
    shown = (await client("GET", one)).json["segment"]
    assert (shown["state"], shown["progress"]) == ("finished", None)
    assert (await client("GET", f"{one}/customer_count")).json == {"count": 3}
    await track("POST", "/api/v1/customers/p3/events", {"name": "buy"})
    assert sorted((await client("GET", f"{one}/membership")).json["ids"]) == ["p0", "p6"]
    [left] = (await manage("GET", f"{_ROOT}/segments/{made['id']}/changes")).json["changes"]
    assert (left["person"]["id"], left["change"]) == ("p3", "left")
    reached = await manage("POST", f"{_ROOT}/audience/count", {"filter": {"segment": {"id": made["id"]}}})
    assert reached.json["people"] == 2


async def test_a_new_one_is_told_in_the_words_of_later_calls(manage: Client) -> None:
    called = await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": []})
    made = await make(manage, {"message": {"broadcast": called.json["broadcast"]["id"], "metric": "opened"}})
    assert made["sentence"] == (await manage("GET", f"{_ROOT}/segments/{made['id']}")).json["segment"]["sentence"]
    assert "Spring" in made["sentence"]
    nameless = await manage("POST", f"{_ROOT}/segments", {"conditions": _PRO})
    assert [one["detail"] for one in nameless.json["errors"]] == ["name: is required"]


async def test_conditions_are_counted_before_there_is_a_segment(manage: Client, track: Client, crowd: None) -> None:
    await track("POST", "/api/v1/customers/p3/events", {"name": "buy"})
    found = await manage("POST", f"{_ROOT}/segments/count", {"conditions": {"or": [_BOUGHT, {"not": _PRO}]}})
    assert found.json == {
        "people": 7,
        "exact": True,
        "sentence": "performed buy within the last 30 days or not plan is “pro”",
    }
    nobody = await manage("POST", f"{_ROOT}/segments/count", {"conditions": {"segment": {"id": 99}}})
    assert nobody.status == 422


async def test_other_conditions_are_built_anew(manage: Client, store: Store, crowd: None) -> None:
    made = await make(manage, _PRO)
    one = f"{_ROOT}/segments/{made['id']}"
    while segment_building.build_some(store):
        pass
    changed = (await manage("PATCH", one, {"name": "Others", "conditions": {"not": _PRO}})).json["segment"]
    assert (changed["name"], changed["state"], changed["people"]) == ("Others", "building", 3)
    while segment_building.build_some(store):
        pass
    assert (await manage("GET", one)).json["segment"]["people"] == 6
    assert (await manage("POST", f"{one}/rebuild", {})).json["segment"]["state"] == "building"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"conditions": _PRO}, "/name"),
        ({"name": " ", "conditions": _PRO}, "/name"),
        ({"name": "x"}, "/conditions"),
        ({"name": "x", "conditions": {"and": [{"event": {"name": ""}}]}}, "/conditions/and/0/event/name"),
        ({"name": "x", "conditions": {"segment": {"id": 99}}}, "/conditions"),
        ({"name": "x", "conditions": {"message": {"broadcast": 99, "metric": "sent"}}}, "/conditions"),
        ({"name": "x", "conditions": _PRO, "more": 1}, "/more"),
    ],
)
async def test_faults_are_named(manage: Client, body: dict[str, Any], pointer: str) -> None:
    refused = await manage("POST", f"{_ROOT}/segments", body)
    assert refused.status == 422
    assert refused.json["errors"][0]["source"]["pointer"] == f"/data/attributes{pointer}"


async def test_what_only_manual_segments_do_is_refused(
    manage: Client, client: Client, track: Client, crowd: None
) -> None:
    made = await make(manage, _PRO)
    named = {"ids": ["p1"]}
    assert (await track("POST", f"/api/v1/segments/{made['id']}/add_customers", named)).status == 400
    assert (await manage("POST", f"{_ROOT}/segments/{made['id']}/fill", {"filter": {}})).status == 400
    assert (await client("DELETE", f"/v1/segments/{made['id']}")).status == 400
    manual = (await client("POST", "/v1/segments", {"segment": {"name": "Some"}})).json["segment"]["id"]
    refused = await manage("PATCH", f"{_ROOT}/segments/{manual}", {"conditions": _PRO})
    assert refused.json["errors"][0]["source"]["pointer"] == "/data/attributes/conditions"


async def test_a_segment_that_another_is_made_of_stays(manage: Client, client: Client) -> None:
    pro = await make(manage, _PRO)
    over = await make(manage, {"not": {"segment": {"id": pro["id"]}}}, "Over")
    shown = (await manage("GET", f"{_ROOT}/segments/{pro['id']}")).json["segment"]
    assert shown["used_by_segments"] == [{"id": over["id"], "name": "Over"}]
    around = await manage("PATCH", f"{_ROOT}/segments/{pro['id']}", {"conditions": {"segment": {"id": over["id"]}}})
    assert "Pro → Over → Pro" in around.json["errors"][0]["detail"]
    assert (await manage("DELETE", f"{_ROOT}/segments/{pro['id']}")).status == 400
    assert (await manage("DELETE", f"{_ROOT}/segments/{over['id']}")).status == 204
    assert (await manage("DELETE", f"{_ROOT}/segments/{pro['id']}")).status == 204
    assert (await manage("DELETE", f"{_ROOT}/segments/{pro['id']}")).status == 404
