# SPDX-License-Identifier: Apache-2.0
"""Merging two people, events of strangers, forms, and feedback from outside (contract §8.2, §8.4, §8.5)."""

from typing import Any

import pytest
from tests.support.audience import add_people, playing

from clarion.api.calls import Api
from clarion.domain.deliveries import State, public_id
from clarion.store import merging
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_app_messages import settle

PEOPLE = "/api/v1/customers"


async def shown(client: Client, name: str) -> Any:
    return (await client("GET", f"/v1/customers/{name}/attributes")).json["customer"]


def events(store: Store) -> list[tuple[int, str]]:
    rows = store.read(lambda tx: tx.composed("SELECT person_id, name FROM person_event ORDER BY name", {}))
    return [(int(row["person_id"]), str(row["name"])) for row in rows]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_the_primary_keeps_its_own_and_gets_what_it_lacks(
    track: Client, client: Client, store: Store, version: str
) -> None:
    segment_id = (await client("POST", "/v1/segments", {"segment": {"name": "S"}})).json["segment"]["id"]
    await track("PUT", f"{PEOPLE}/one", {"plan": "free", "city": ""})
    await track("PUT", f"{PEOPLE}/two", {"email": "two@x.test", "plan": "paid", "city": "Oslo", "age": 7})
    await track("POST", f"{PEOPLE}/two/events", {"name": "bought", "id": "01"})
    await track("PUT", f"{PEOPLE}/two/devices", {"device": {"id": "tok", "platform": "ios"}})
    await track("POST", f"/api/v1/segments/{segment_id}/add_customers", {"ids": ["one", "two"]})
    both = {"primary": {"id": "one"}, "secondary": {"email": "TWO@x.test"}}
    merge: tuple[str, dict[str, Any]] = ("/api/v1/merge_customers", both)
    if version == "v2":
        merge = ("/api/v2/entity", {"type": "person", "action": "merge", **both})
    for _ in range(2):  # the repeat finds nobody to merge
        answer = await track("POST", *merge)
        assert (answer.status, answer.json) == (200, {})
    one = await shown(client, "one")
    assert {"plan": "free", "city": "Oslo", "age": "7"}.items() <= one["attributes"].items()
    assert one["identifiers"]["email"] == "two@x.test"
    assert [device["id"] for device in one["devices"]] == ["tok"]
    assert (await client("GET", "/v1/customers/two/attributes")).status == 404
    assert (await client("GET", f"/v1/segments/{segment_id}/customer_count")).json["count"] == 1
    assert [name for _, name in events(store)] == ["bought"]
    numbers = store.read(lambda tx: tx.composed("SELECT person_id FROM person", {}))
    assert len(numbers) == 1
    assert len(store.read(lambda tx: merging.merged(tx, int(numbers[0]["person_id"])))) == 1


async def test_nothing_is_merged_without_a_primary_or_with_oneself(track: Client, client: Client) -> None:
    await track("PUT", f"{PEOPLE}/two", {"plan": "paid"})
    for primary in ("nobody", "two"):
        both = {"primary": {"id": primary}, "secondary": {"id": "two"}}
        assert (await track("POST", "/api/v1/merge_customers", both)).status == 200
    assert (await shown(client, "two"))["attributes"]["plan"] == "paid"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "primary"),
        ({"primary": {"id": "1"}}, "secondary"),
        ({"primary": {"id": "1", "email": "a@b.c"}, "secondary": {"id": "2"}}, "primary"),
        ({"primary": {"id": "1"}, "secondary": {"email": "no address"}}, "secondary.email"),
        ({"primary": {"id": ""}, "secondary": {"id": "2"}}, "primary.id"),
    ],
)
async def test_a_merge_that_cannot_be_read(track: Client, body: Any, field: str) -> None:
    refused = await track("POST", "/api/v1/merge_customers", body)
    assert refused.status == 400
    assert refused.error.startswith(field)


async def test_a_merged_chain_leads_to_the_last_one(track: Client, store: Store) -> None:
    for name in ("a", "b", "c"):
        await track("PUT", f"{PEOPLE}/{name}", {})
    for primary, secondary in (("b", "a"), ("c", "b")):
        both = {"primary": {"id": primary}, "secondary": {"id": secondary}}
        await track("POST", "/api/v1/merge_customers", both)
    (last,) = store.read(lambda tx: tx.composed("SELECT person_id FROM person", {}))
    assert len(store.read(lambda tx: merging.merged(tx, int(last["person_id"])))) == 2


async def test_what_a_stranger_did_is_theirs_once_they_are_known(track: Client, store: Store) -> None:
    for name in ("first", "second"):
        assert (await track("POST", "/api/v1/events", {"name": name, "anonymous_id": "a-1", "id": name})).json == {}
    assert (await track("POST", "/api/v1/events", {"name": "invited", "data": {"recipient": "x@y.z"}})).json == {}
    old = {"name": "old", "anonymous_id": "a-1", "timestamp": 1_000_000_000}
    assert (await track("POST", "/api/v1/events", old)).status == 200
    assert events(store) == []
    await track("PUT", f"{PEOPLE}/known", {"anonymous_id": "a-1"})
    assert [name for _, name in events(store)] == ["first", "second"]
    await track("PUT", f"{PEOPLE}/another", {"anonymous_id": "a-1"})
    assert len(events(store)) == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "name"), ({"name": "x", "anonymous_id": []}, "anonymous_id"), ({"name": "x", "data": 1}, "data")],
)
async def test_a_strangers_event_that_cannot_be_read(track: Client, body: Any, field: str) -> None:
    refused = await track("POST", "/api/v1/events", body)
    assert refused.status == 400
    assert field in refused.error


async def test_a_form(track: Client, client: Client, store: Store) -> None:
    answer = await track("POST", "/api/v1/forms/f%201/submit", {"data": {"email": "ada@x.test", "first_name": "Ada"}})
    assert (answer.status, answer.body) == (204, b"")
    found = (await client("GET", "/v1/customers?email=ada@x.test")).json["results"]
    assert len(found) == 1
    assert [name for _, name in events(store)] == ["form_submit"]
    bad: list[dict[str, Any]] = [{}, {"data": {}}, {"data": {"email": "x"}}, {"data": {"id": "1", "deep": {"a": 1}}}]
    for wrong in bad:
        assert (await track("POST", "/api/v1/forms/f/submit", wrong)).status == 400


async def test_what_others_saw_of_a_message(
    track: Client, id_track: Client, client: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.SENT, words="250 ok", recipient="p1@x.test")
    public = public_id(played.key(1), api.secret)
    bounced = {"delivery_id": public, "metric": "bounced", "reason": "550 gone", "timestamp": 1_796_040_000}
    assert (await id_track("POST", "/api/v1/metrics", bounced)).status == 200  # another workspace: nothing comes of it
    assert "bounced" not in (await client("GET", f"/v1/messages/{public}")).json["message"]["metrics"]
    for path, body in (
        ("/api/v1/metrics", bounced),
        ("/api/v1/metrics", {"delivery_id": public, "metric": "clicked", "href": "https://x.test/"}),
        ("/push/events", {"delivery_id": public, "event": "converted", "device_id": "t"}),
        ("/api/v1/push/events", {"delivery_id": public, "event": "delivered"}),
        (
            "/api/v2/entity",
            {"type": "delivery", "action": "event", "identifiers": {"id": public}, "name": "opened"},
        ),
        (
            "/api/v2/batch",
            {"batch": [{"type": "delivery", "action": "event", "identifiers": {"id": public}, "name": "opened"}]},
        ),
        ("/api/v1/metrics", {"delivery_id": "of nobody", "metric": "opened"}),
    ):
        answer = await track("POST", path, body)
        assert (answer.status, answer.json) == (200, {}), answer.body
    metrics = (await client("GET", f"/v1/messages/{public}")).json["message"]["metrics"]
    assert {"bounced", "clicked", "converted", "delivered", "opened", "human_opened"} <= metrics.keys()
    assert metrics["bounced"] == 1_796_040_000


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/v1/metrics", {"metric": "opened"}, "delivery_id"),
        ("/api/v1/metrics", {"delivery_id": "x", "metric": "sent"}, "metric"),
        ("/api/v1/metrics", {"delivery_id": "x", "metric": ["opened"]}, "metric"),
        ("/api/v1/metrics", {"delivery_id": "x", "metric": "opened", "timestamp": -1}, "timestamp"),
        ("/api/v1/metrics", {"delivery_id": "x", "metric": "bounced", "reason": 5}, "reason"),
        ("/push/events", {"delivery_id": "x", "event": "bounced"}, "event"),
    ],
)
async def test_feedback_that_cannot_be_read(track: Client, path: str, body: Any, field: str) -> None:
    refused = await track("POST", path, body)
    assert refused.status == 400
    assert field in refused.error
