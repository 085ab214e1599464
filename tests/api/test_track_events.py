# SPDX-License-Identifier: Apache-2.0
"""Track v1: events and devices (contract §7.1, §8.2)."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from clarion.domain.people import Device, IdKind, Person, Reference
from clarion.store import people
from clarion.store.access import Workspace
from clarion.store.engine import Row, Store

from .conftest import Client

ONE = "/api/v1/customers/7"


def rows(store: Store, text: str, **parameters: object) -> list[Row]:
    return store.read(lambda tx: tx.composed(text, parameters))


@pytest.fixture
def seven(store: Store, workspace: Workspace) -> Any:
    """The person with id 7, or None."""

    def look_up() -> Person | None:
        found = store.read(lambda tx: people.find(tx, workspace, Reference(IdKind.ID, "7")))
        return found[0] if found else None

    return look_up


@pytest.fixture
def events(store: Store, seven: Any) -> Any:
    """The events of the person with id 7, oldest first."""

    def read() -> list[dict[str, Any]]:
        person_id = seven().person_id
        text = "SELECT * FROM person_event WHERE person_id = :person_id ORDER BY at_ms"
        return [dict(row) for row in rows(store, text, person_id=person_id)]

    return read


async def test_event_creates_the_person(track: Client, seven: Any, events: Any) -> None:
    answer = await track("POST", f"{ONE}/events", {"name": "  bought ", "data": {"price": 2}})
    assert (answer.status, answer.body) == (200, b"{}\n")
    assert seven().attributes == {}
    (event,) = events()
    assert (event["name"], event["kind"], people.decode(event["data"])) == ("bought", "event", {"price": 2})
    assert abs(event["at_ms"] / 1_000 - time.time()) < 60


async def test_event_id_makes_repeats_one(track: Client, events: Any) -> None:
    for _ in range(2):
        body = {"name": "/home", "type": "page", "id": "01HB4HBDKTFWYZCK01DMRSWRFD", "timestamp": 1_700_000_000}
        assert (await track("POST", f"{ONE}/events", body)).status == 200
    await track("POST", f"{ONE}/events", {"name": "Main", "type": "screen", "timestamp": "1700000001", "data": None})
    assert [(one["name"], one["kind"], one["at_ms"]) for one in events()] == [
        ("/home", "page", 1_700_000_000_000),
        ("Main", "screen", 1_700_000_001_000),
    ]


async def test_equal_events_without_id_are_several(track: Client, events: Any) -> None:
    await asyncio.gather(*(track("POST", f"{ONE}/events", {"name": "tick", "timestamp": 5}) for _ in range(4)))
    assert len(events()) == 4


async def test_event_keeps_attributes(track: Client, seven: Any) -> None:
    await track("PUT", ONE, {"a": 1, "email": "a@x.test"})
    await track("POST", "/api/v1/customers/a%40x.test/events", {"name": "tick"})
    assert seven().attributes == {"a": 1}


async def test_event_of_unknown_cio_id_is_dropped(track: Client, seven: Any) -> None:
    assert (await track("POST", "/api/v1/customers/cio_00000000000f/events", {"name": "tick"})).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "name: "),
        ({}, "name: "),
        ({"name": " "}, "name: "),
        ({"name": 5}, "name: "),
        ({"name": "x" * 101}, "name: "),
        ({"name": "a", "type": "visit"}, "type: "),
        ({"name": "a", "type": ["page"]}, "type: "),
        ({"name": "a", "type": {}}, "type: "),
        ({"name": "a", "type": []}, "type: "),
        ({"name": "a", "type": False}, "type: "),
        ({"name": "a", "type": 0}, "type: "),
        ({"name": "a", "id": 5}, "id: "),
        ({"name": "a", "id": "x" * 151}, "id: "),
        ({"name": "a", "timestamp": "now"}, "timestamp: "),
        ({"name": "a", "timestamp": 1_700_000_000_000}, "timestamp: "),
        ({"name": "a", "data": [1]}, "data: "),
        ({"name": "a", "data": {"a": "x" * 100_000}}, "data: "),
        ([], "object"),
        (b"{", "JSON"),
    ],
)
async def test_bad_events(track: Client, seven: Any, body: object, field: str) -> None:
    answer = await track("POST", f"{ONE}/events", body)
    assert answer.status == 400
    assert field in answer.error
    assert seven() is None


async def test_devices(track: Client, seven: Any, store: Store) -> None:
    def devices() -> list[Device]:
        person_id = seven().person_id
        return store.read(lambda tx: people.devices(tx, person_id))

    device = {"id": "tok/1", "platform": "ios", "last_used": 1_700_000_000, "attributes": {"app_version": "1.2"}}
    answer = await track("PUT", f"{ONE}/devices", {"device": device})
    assert (answer.status, answer.body) == (200, b"{}\n")
    await track("PUT", f"{ONE}/devices", {"device": {"id": "tok2", "platform": "android"}})
    await track("PUT", f"{ONE}/devices", {"device": {"id": "tok2", "platform": "ios", "attributes": None}})
    first, second = devices()
    assert first == Device("tok/1", "ios", 1_700_000_000, {"app_version": "1.2"})
    assert replace(second, last_used=None) == Device("tok2", "ios", None, {})
    assert abs((second.last_used or 0) - time.time()) < 600, "used now, unless it says when"
    for token in ("tok%2F1", "tok%2F1", "other"):
        assert (await track("DELETE", f"{ONE}/devices/{token}", b"{}")).body == b"{}\n"
    assert [one.token for one in devices()] == ["tok2"]
    assert (await track("DELETE", "/api/v1/customers/nobody/devices/tok2")).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "device: "),
        ({"device": []}, "device: "),
        ({"device": {"platform": "ios"}}, "device.id: "),
        ({"device": {"id": "", "platform": "ios"}}, "device.id: "),
        ({"device": {"id": "x" * 1_001, "platform": "ios"}}, "device.id: "),
        ({"device": {"id": "t"}}, "device.platform: "),
        ({"device": {"id": "t", "platform": "web"}}, "device.platform: "),
        ({"device": {"id": "t", "platform": {}}}, "device.platform: "),
        ({"device": {"id": "t", "platform": "ios", "last_used": "x"}}, "device.last_used: "),
        ({"device": {"id": "t", "platform": "ios", "attributes": [1]}}, "device.attributes: "),
        ({"device": {"id": "t", "platform": "ios", "attributes": {"a": "x" * 1_001}}}, "longer than 1000 bytes"),
    ],
)
async def test_bad_devices(track: Client, seven: Any, body: object, field: str) -> None:
    answer = await track("PUT", f"{ONE}/devices", body)
    assert answer.status == 400
    assert field in answer.error
    assert seven() is None


async def test_delete_takes_events_and_devices_along(track: Client, seven: Any, events: Any, store: Store) -> None:
    await track("POST", f"{ONE}/events", {"name": "tick"})
    await track("PUT", f"{ONE}/devices", {"device": {"id": "t", "platform": "ios"}})
    person_id = seven().person_id
    await track("DELETE", ONE)
    for table in ("person_event", "device"):
        assert rows(store, f"SELECT 1 AS yes FROM {table} WHERE person_id = :person_id", person_id=person_id) == []


async def test_events_against_delete_leave_no_orphans(track: Client, store: Store) -> None:
    for _ in range(5):
        await asyncio.gather(
            track("POST", f"{ONE}/events", {"name": "tick"}),
            track("DELETE", ONE),
            track("PUT", f"{ONE}/devices", {"device": {"id": "t", "platform": "ios"}}),
        )
    for table in ("person_event", "device"):
        assert rows(store, f"SELECT 1 AS yes FROM {table} WHERE person_id NOT IN (SELECT person_id FROM person)") == []
