# SPDX-License-Identifier: Apache-2.0
"""People as the App API shows them (contract §7.1)."""

import time
from functools import partial
from typing import Any

import pytest

from clarion.domain.people import Person
from clarion.store import people, segments
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers

from .conftest import Client


async def put(track: Client, identifier: str, body: object = None) -> None:
    assert (await track("PUT", f"/api/v1/customers/{identifier}", body)).status == 200


async def cio_id_of(client: Client, email: str) -> str:
    return str((await client("GET", f"/v1/customers?email={email}")).json["results"][0]["cio_id"])


async def test_by_email(client: Client, track: Client) -> None:
    await put(track, "7", {"email": "Ann@x.test"})
    await put(track, "bea@x.test")
    answer = await client("GET", "/v1/customers?email=ANN%40x.test")
    assert answer.status == 200
    (found,) = answer.json["results"]
    assert found == {"email": "Ann@x.test", "id": "7", "cio_id": found["cio_id"]}
    (other,) = (await client("GET", "/v1/customers?email=bea@x.test")).json["results"]
    assert other["id"] is None
    assert (await client("GET", "/v1/customers?email=nobody@x.test")).json == {"results": []}
    assert (await client("GET", "/v1/api/customers?email=nobody@x.test")).json == {"results": []}


@pytest.mark.parametrize("query", ["", "?email=", "?email=a%00b"])
async def test_by_email_needs_one(client: Client, query: str) -> None:
    answer = await client("GET", f"/v1/customers{query}")
    assert answer.status == 400
    assert answer.error.startswith("email: ")
    assert answer.json["errors"][0]["status"] == "400"


async def test_shared_email(id_client: Client, id_track: Client) -> None:
    for identifier in ("7", "8"):
        await put(id_track, identifier, {"email": "team@x.test"})
    results = (await id_client("GET", "/v1/customers?email=team@x.test")).json["results"]
    assert [one["id"] for one in results] == ["7", "8"]


async def pages(client: Client, body: object, limit: int) -> list[list[str]]:
    found, start = [], ""
    while True:
        answer = await client("POST", f"/v1/customers?limit={limit}&start={start}", body)
        assert answer.status == 200, answer.body
        assert answer.json["ids"] == [one["id"] for one in answer.json["identifiers"] if one["id"]]
        found.append(answer.json["ids"])
        start = answer.json["next"]
        if not start:
            return found


async def test_search_by_pages(client: Client, track: Client) -> None:
    for n in range(7):
        await put(track, str(n), {"plan": "pro" if n % 2 else "free", "n": n})
    pro = {"filter": {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}}
    assert await pages(client, pro, 2) == [["1", "3"], ["5"]]
    assert await pages(client, pro, 3) == [["1", "3", "5"]]
    everybody = {"filter": {"not": {"attribute": {"field": "nothing", "operator": "exists"}}}}
    assert await pages(client, everybody, 3) == [["0", "1", "2"], ["3", "4", "5"], ["6"]]
    nobody = {"filter": {"attribute": {"field": "n", "operator": "eq", "value": 99}}}
    answer = await client("POST", "/v1/customers", nobody)
    assert answer.json == {"identifiers": [], "ids": [], "next": ""}


async def test_search_names_everybody_by_all_identifiers(client: Client, track: Client) -> None:
    await put(track, "a@x.test")
    body = {"filter": {"attribute": {"field": "email", "operator": "exists"}}}
    answer = await client("POST", "/v1/customers", body)
    cio_id = await cio_id_of(client, "a@x.test")
    assert answer.json["identifiers"] == [{"email": "a@x.test", "id": None, "cio_id": cio_id}]
    assert answer.json["ids"] == []


async def test_search_by_segment(client: Client, track: Client, store: Store, workspace: Workspace) -> None:
    for n in range(3):
        await put(track, str(n))
    segment = store.write(lambda tx: segments.create(tx, workspace, "VIP", ""))
    await track("POST", f"/api/v1/segments/{segment.segment_id}/add_customers", {"ids": ["1"]})
    inside = {"segment": {"id": segment.segment_id}}
    assert await pages(client, {"filter": inside}, 50) == [["1"]]
    assert await pages(client, {"filter": {"not": inside}}, 50) == [["0", "2"]]


async def test_search_stays_in_its_workspace(
    client: Client, id_client: Client, track: Client, id_track: Client
) -> None:
    await put(track, "1", {"email": "a@x.test"})
    await put(id_track, "2", {"email": "b@x.test"})
    body = {"filter": {"attribute": {"field": "email", "operator": "exists"}}}
    assert await pages(client, body, 50) == [["1"]]
    assert await pages(id_client, body, 50) == [["2"]]
    foreign = await cio_id_of(id_client, "b@x.test")
    assert (await client("POST", f"/v1/customers?start={foreign}", body)).json["ids"] == []
    assert (await client("GET", f"/v1/customers/{foreign}/attributes?id_type=cio_id")).status == 404


@pytest.mark.parametrize(
    ("query", "body", "status", "field"),
    [
        ("", None, 422, "filter: "),
        ("", {}, 422, "filter: "),
        ("", {"filter": {}}, 422, "filter: "),
        ("", {"filter": []}, 422, "filter: "),
        ("", {"filter": {"and": [{"x": 1}]}}, 422, "filter.and.0: "),
        ("", {"filter": {"attribute": {"field": "a", "operator": "gt", "value": 1}}}, 422, "filter.attribute.operator"),
        ("", {"filter": {"segment": {"id": 99}}}, 422, "filter: there is no segment 99"),
        ("", [], 400, "object"),
        ("", b"{", 400, "JSON"),
        ("?limit=0", {}, 400, "limit: "),
        ("?limit=x", {}, 400, "limit: "),
        ("?limit=1001", {}, 400, "limit: "),
        ("?start=zzz", {}, 400, "start: "),
    ],
)
async def test_bad_searches(client: Client, query: str, body: object, status: int, field: str) -> None:
    answer = await client("POST", f"/v1/customers{query}", body)
    assert answer.status == status
    assert field in answer.error
    assert answer.json["errors"][0]["status"] == str(status)
    if field.startswith("filter"):
        assert answer.json["errors"][0]["source"]["pointer"].startswith("/data/attributes/filter")


async def test_attributes_are_strings(client: Client, track: Client) -> None:
    await put(
        track,
        "7",
        {
            "email": "a@x.test",
            "plan": "pro",
            "age": 30,
            "score": 1.5,
            "vip": True,
            "tags": ["a", {"b": None}],
            "unsubscribed": True,
            "created_at": 1_700_000_000,
            "cio_subscription_preferences.topics.topic_1": True,
        },
    )
    await put(track, "7", {"cio_subscription_preferences.topics.topic_1": False, "_timestamp": 2**31})
    device = {"id": "t", "platform": "ios", "last_used": 5, "attributes": {"push_enabled": True}}
    await track("PUT", "/api/v1/customers/7/devices", {"device": device})
    answer = await client("GET", "/v1/customers/7/attributes")
    assert answer.status == 200
    customer = answer.json["customer"]
    cio_id = customer["identifiers"]["cio_id"]
    timestamps = customer.pop("timestamps")
    assert customer == {
        "id": "7",
        "identifiers": {"email": "a@x.test", "id": "7", "cio_id": cio_id},
        "attributes": {
            "id": "7",
            "email": "a@x.test",
            "cio_id": cio_id,
            "plan": "pro",
            "age": "30",
            "score": "1.5",
            "vip": "true",
            "tags": '["a",{"b":null}]',
            "unsubscribed": "true",
            "created_at": "1700000000",
            "cio_subscription_preferences": '{"topics":{"topic_1":false}}',
        },
        "unsubscribed": True,
        "devices": [{"id": "t", "platform": "ios", "last_used": 5, "attributes": {"push_enabled": "true"}}],
    }
    assert timestamps.keys() == customer["attributes"].keys()
    assert all(abs(at - time.time()) < 120 for at in timestamps.values())


async def test_attributes_by_every_kind_of_identifier(client: Client, track: Client) -> None:
    await put(track, "a%2Fb", {"email": "a@x.test"})
    cio_id = await cio_id_of(client, "a@x.test")
    paths = [
        "a%2Fb/attributes",
        "a%2Fb/attributes?id_type=id",
        "A%40x.test/attributes?id_type=email",
        f"{cio_id}/attributes?id_type=cio_id",
        f"cio_{cio_id}/attributes?id_type=cio_id",
    ]
    for path in paths:
        assert (await client("GET", f"/v1/customers/{path}")).json["customer"]["id"] == "a/b"


@pytest.mark.parametrize("what", ["attributes", "segments"])
async def test_unknown_people(client: Client, track: Client, what: str) -> None:
    await put(track, "7", {"email": "a@x.test"})
    for path in (f"8/{what}", f"7/{what}?id_type=email", f"zzz/{what}?id_type=cio_id", f"a@x.test/{what}"):
        answer = await client("GET", f"/v1/customers/{path}")
        assert answer.status == 404
        assert answer.error.startswith("not found (reference ")


@pytest.mark.parametrize("what", ["attributes", "segments"])
async def test_identifier_types(client: Client, id_client: Client, what: str) -> None:
    answer = await client("GET", f"/v1/customers/7/{what}?id_type=phone")
    assert answer.status == 400
    assert "id_type: must be one of id, email, cio_id" in answer.error
    answer = await id_client("GET", f"/v1/customers/7/{what}?id_type=email")
    assert answer.status == 400
    assert "id_type: must be one of id, cio_id" in answer.error


async def test_attributes_of_many(client: Client, track: Client) -> None:
    for identifier in ("7", "8", "a@x.test"):
        await put(track, identifier, {"n": identifier})
    cio_id = await cio_id_of(client, "a@x.test")
    body = {"ids": ["8", "unknown", 7, "8", f"cio_{cio_id}"]}
    answer = await client("POST", "/v1/customers/attributes", body)
    assert answer.status == 200
    assert [one["customer"]["id"] for one in answer.json["customers"]] == ["8", "7", None]
    assert answer.json["customers"][0] == (await client("GET", "/v1/customers/8/attributes")).json
    answer = await client("POST", "/v1/customers/attributes", {"ids": [str(n) for n in range(100)]})
    assert len(answer.json["customers"]) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "ids: must be a list of 1 to 100"),
        ({"ids": []}, "ids: "),
        ({"ids": "7"}, "ids: "),
        ({"ids": ["7"] * 101}, "ids: "),
        ({"ids": [None]}, "ids.0: "),
        ([], "object"),
    ],
)
async def test_attributes_of_bad_lists(client: Client, body: object, field: str) -> None:
    answer = await client("POST", "/v1/customers/attributes", body)
    assert answer.status == 400
    assert field in answer.error


async def test_segments_of_a_person(client: Client, track: Client, store: Store, workspace: Workspace) -> None:
    await put(track, "7")
    assert (await client("GET", "/v1/customers/7/segments")).json == {"segments": []}
    made = store.write(lambda tx: [segments.create(tx, workspace, name, "why") for name in ("A", "B")])
    for segment in made:
        await track("POST", f"/api/v1/segments/{segment.segment_id}/add_customers", {"ids": ["7"]})
    assert (await client("GET", "/v1/customers/7/segments")).json == {
        "segments": [{"id": str(one.segment_id), "name": one.name, "description": "why"} for one in made]
    }


CALLS: list[tuple[str, str]] = [
    ("GET", "/v1/customers?email=a@x.test"),
    ("POST", "/v1/customers"),
    ("POST", "/v1/customers/attributes"),
    ("GET", "/v1/customers/7/attributes"),
    ("GET", "/v1/customers/7/segments"),
    ("GET", "/v1/segments"),
    ("POST", "/v1/segments"),
    ("DELETE", "/v1/segments/1"),
    ("GET", "/v1/snippets"),
    ("PUT", "/v1/snippets"),
    ("DELETE", "/v1/snippets/a"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_credentials(nobody: Client, track: Client, workspace: Workspace, method: str, path: str) -> None:
    callers: list[Any] = [nobody, track]
    for caller in callers:
        answer = await caller(method, path)
        assert answer.status == 401
        assert answer.json["errors"] == [{"detail": "unauthorized", "status": "401"}]


async def test_no_redirects(client: Client, id_only: tuple[Workspace, Keys]) -> None:
    assert (await client("GET", "/v1/segments/")).status == 404


async def test_a_large_filter_is_answered_in_bounded_pages(client: Client, store: Store, workspace: Workspace) -> None:
    """One call decides about a bounded number of people; nobody is left out over the pages."""
    numbers = PersonNumbers(store).take(workspace.workspace_id, 2_500)
    crowd = [
        Person(number, f"p{n}", None, {"f7": "x"} if n in {3, 2_400} else {}, {}, 0) for n, number in enumerate(numbers)
    ]
    store.write(partial(people.insert, workspace=workspace, people=crowd))
    many = [{"attribute": {"field": f"f{n}", "operator": "exists"}} for n in range(1_900)]
    found: list[str] = []
    start, pages = "", 0
    while pages == 0 or start:
        page = (await client("POST", f"/v1/customers?start={start}", {"filter": {"or": many}})).json
        found += page["ids"]
        start = page["next"]
        pages += 1
    assert found == ["p3", "p2400"]
    assert pages == 3
