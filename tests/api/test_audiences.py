# SPDX-License-Identifier: Apache-2.0
"""What is known of an audience before anything is sent to it."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from clarion.pipeline.terms import REASONS
from clarion.store import segments
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
PRO = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}


@pytest.fixture
async def crowd(track: Client, workspace: Workspace, store: Store) -> int:
    """Forty people, every fourth "pro", one of them unsubscribed and one without an address; a segment of none."""
    operations = [
        {
            "type": "person",
            "action": "identify",
            "identifiers": {"id": f"p{no}"},
            "attributes": {"plan": "pro" if no % 4 == 0 else "free", "city": "Oslo"}
            | ({"unsubscribed": True} if no == 4 else {})
            | ({} if no == 8 else {"email": f"Person-{no}@example.com"}),
        }
        for no in range(40)
    ]
    assert (await track("POST", "/api/v2/batch", {"batch": operations})).status == 200
    return store.write(lambda tx: segments.create(tx, workspace, "Nobody yet", "")).segment_id


async def test_a_filter_is_counted_with_who_is_left_out(manage: Client, crowd: int) -> None:
    answer = await manage("POST", f"{_ROOT}/audience/count", {"filter": PRO})
    assert answer.json == {
        "people": 10,
        "exact": True,
        "will_get": 8,
        "left_out": {
            "condition": 0,
            "unsubscribed": 1,
            "no_address": 1,
            "invalid_address": 0,
            "unsubscribed_topic": 0,
            "message_limit": 0,
            "esp_suppressed": 0,
        },
        "messages": 0,
        "actions": [],
    }
    everybody = await manage("POST", f"{_ROOT}/audience/count", {})
    assert everybody.json["people"] == 40


@pytest.mark.parametrize(
    ("condition", "pointer"),
    [
        ({"attribute": {"field": "plan", "operator": "like"}}, "/filter/attribute/operator"),
        ({"and": []}, "/filter/and"),
        ({"segment": {"id": 4711}}, "/filter"),
    ],
)
async def test_a_filter_that_is_wrong_is_refused_at_its_place(
    condition: dict[str, Any], pointer: str, manage: Client, crowd: int
) -> None:
    for path in ("count", "sample"):
        refused = await manage("POST", f"{_ROOT}/audience/{path}", {"filter": condition})
        assert refused.status == 422
        assert refused.json["errors"][0]["source"]["pointer"] == f"/data/attributes{pointer}"


async def test_a_sample_is_of_those_who_match(manage: Client, crowd: int) -> None:
    found = (await manage("POST", f"{_ROOT}/audience/sample", {"filter": PRO, "limit": 25})).json["people"]
    assert len(found) == 10
    assert {one["attributes"]["plan"] for one in found} == {"pro"}
    assert len({one["cio_id"] for one in found}) == 10
    few = (await manage("POST", f"{_ROOT}/audience/sample", {})).json["people"]
    assert len(few) == 5
    assert (await manage("POST", f"{_ROOT}/audience/sample", {"limit": 26})).status == 422


async def test_nobody_is_sampled_where_nobody_is(manage: Client) -> None:
    assert (await manage("POST", f"{_ROOT}/audience/sample", {})).json == {"people": []}
    assert (await manage("POST", f"{_ROOT}/audience/count", {})).json["people"] == 0
    assert (await manage("GET", f"{_ROOT}/attributes")).json["attributes"] == []


async def test_why_somebody_matches_is_told_condition_by_condition(manage: Client, crowd: int) -> None:
    condition = {
        "and": [
            PRO,
            {"or": [{"segment": {"id": crowd}}, {"not": {"attribute": {"field": "age", "operator": "exists"}}}]},
        ]
    }
    told = (await manage("POST", f"{_ROOT}/audience/explain", {"filter": condition, "id": "p0"})).json
    assert told["matches"] is True
    plan, either = told["why"]["members"]
    assert (plan["words"], plan["matches"], plan["seen"]) == ("plan is 'pro'", True, "pro")
    segment, no_age = either["members"]
    assert (segment["words"], segment["matches"]) == ("in segment Nobody yet", False)
    assert (no_age["matches"], no_age["members"][0]["seen"]) == (True, "nothing")
    other = (
        await manage("POST", f"{_ROOT}/audience/explain", {"filter": condition, "email": "person-1@example.com"})
    ).json
    assert other["matches"] is False
    assert (await manage("POST", f"{_ROOT}/audience/explain", {"filter": PRO, "id": "stranger"})).status == 404
    assert (await manage("POST", f"{_ROOT}/audience/explain", {"filter": PRO})).status == 422


async def test_attributes_in_use_come_with_common_values(manage: Client, crowd: int) -> None:
    found = {one["name"]: one for one in (await manage("GET", f"{_ROOT}/attributes")).json["attributes"]}
    assert found["plan"]["values"][0] == {"value": "free", "count": 30}
    assert found["city"]["share"] == 1.0
    assert found["unsubscribed"]["share"] < 0.1


async def test_people_are_found_by_id_by_cio_id_and_by_the_beginning_of_an_address(manage: Client, crowd: int) -> None:
    async def search(text: str) -> list[str]:
        return [one["id"] for one in (await manage("GET", f"{_ROOT}/people?search={text}")).json["people"]]

    assert await search("p7") == ["p7"]
    assert sorted(await search("PERSON-1")) == ["p1", *(f"p{no}" for no in range(10, 20))]
    (by_id,) = (await manage("GET", f"{_ROOT}/people?search=p7")).json["people"]
    assert await search(f"cio_{by_id['cio_id']}") == ["p7"]
    assert await search("%25") == []


async def test_people_are_listed_newest_first_page_by_page(manage: Client, crowd: int) -> None:
    seen: list[str] = []
    start = ""
    while True:
        page = (await manage("GET", f"{_ROOT}/people?limit=15&start={start}")).json
        seen += [one["id"] for one in page["people"]]
        start = page["next"]
        if not start:
            break
    assert sorted(seen) == sorted(f"p{no}" for no in range(40))
    assert seen[0] == "p39"


async def test_people_are_searched_within_a_filter_page_by_page(manage: Client, track: Client, crowd: int) -> None:
    named = {"first_name": "Grete", "plan": "pro"}
    for no in (50, 51):
        assert (await track("PUT", f"/api/v1/customers/x{no}", named)).status == 200
    found: list[str] = []
    start = ""
    asked = quote(json.dumps(PRO))
    while True:
        page = (await manage("GET", f"{_ROOT}/people?search=gret&filter={asked}&limit=1&start={start}")).json
        found += [one["id"] for one in page["people"]]
        start = page["next"]
        if not start:
            break
    assert found == ["x51", "x50"]
    assert (page["stopped"], page["looked_through"]) == (False, 1.0)
    everybody = (await manage("GET", f"{_ROOT}/people?filter={asked}&limit=200")).json["people"]
    assert len(everybody) == 12
    for query, pointer in (
        ("filter=no", "/filter"),
        ("filter=[]", "/filter"),
        (f"filter={quote(json.dumps({'segment': {'id': 4711}}))}", "/filter"),
        ("start=zz", "/start"),
    ):
        refused = await manage("GET", f"{_ROOT}/people?{query}")
        assert refused.status in {400, 422}
        assert refused.json["errors"][0]["source"]["pointer"].endswith(pointer)


async def test_attributes_are_remembered_with_the_time_they_were_learned(
    manage: Client, track: Client, crowd: int
) -> None:
    first = (await manage("GET", f"{_ROOT}/attributes")).json
    assert (await track("PUT", "/api/v1/customers/x1", {"brand_new": "1"})).status == 200
    assert (await manage("GET", f"{_ROOT}/attributes")).json == first
    assert first["learned_at"] > 0


async def test_a_filter_is_counted_for_a_broadcast_and_a_topic(manage: Client, track: Client, crowd: int) -> None:
    topic = (await manage("POST", f"{_ROOT}/subscription_topics", {"name": "News"})).json["topic"]["id"]
    said = {"cio_subscription_preferences": {"topics": {f"topic_{topic}": False}}}
    assert (await track("PUT", "/api/v1/customers/p12", said)).status == 200
    made = (await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "recipients": PRO})).json["broadcast"]["id"]
    unready = (await manage("POST", f"{_ROOT}/audience/count", {"broadcast_id": made})).json
    assert (unready["people"], unready["will_get"], unready["actions"]) == (10, 8, [])
    path = f"{_ROOT}/broadcasts/{made}"
    mail = {"name": "Mail", "subject": "Hi", "body": "<p>Hi</p>", "from": "news@acme.test"}
    everybody = {**mail, "name": "All", "send_to_unsubscribed": True}
    first, second = [(await manage("POST", f"{path}/actions", one)).json["action"]["id"] for one in (mail, everybody)]
    for body in ({"topic_id": topic}, {"topic_id": topic, "filter": PRO}):
        told = (await manage("POST", f"{_ROOT}/audience/count", {"broadcast_id": made, **body})).json
        assert (told["people"], told["will_get"], told["messages"]) == (10, 9, 7 + 9)
        assert [(one["id"], one["will_get"]) for one in told["actions"]] == [(first, 7), (second, 9)]
        assert {one["kind"] for one in told["actions"]} == {"email"}
        assert told["actions"][0]["left_out"]["unsubscribed_topic"] == 1
        assert told["left_out"] == dict.fromkeys(REASONS, 0) | {"no_address": 1}
    for field in ("broadcast_id", "topic_id"):
        refused = await manage("POST", f"{_ROOT}/audience/count", {field: 4711})
        assert refused.status == 422
        assert refused.json["errors"][0]["source"]["pointer"].endswith(field)
