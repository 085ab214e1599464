# SPDX-License-Identifier: Apache-2.0
"""One person as an editor sees and changes them."""

import json

from .conftest import Client

_ROOT = "/api/clarion/v1"


async def test_one_person_is_changed_suppressed_and_gone(manage: Client, track: Client) -> None:
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com", "plan": "free", "old": "x"})
    (person,) = (await manage("GET", f"{_ROOT}/people?search=p1")).json["people"]
    path = f"{_ROOT}/people/{person['cio_id']}"
    changed = await manage("PATCH", path, {"attributes": {"plan": "pro", "old": None, "vip": True}})
    assert changed.json["person"]["attributes"] == {"plan": "pro", "vip": "true"}
    assert (await manage("PATCH", path, {"attributes": []})).status == 422
    assert (await manage("PATCH", f"{_ROOT}/people/zz", {"attributes": {}})).status == 404
    assert (await manage("POST", f"{path}/suppress")).status == 204
    assert (await manage("DELETE", path)).status == 404
    assert (await manage("GET", f"{_ROOT}/people?search=p1")).json["people"] == []


async def test_people_are_put_into_a_segment_and_taken_out(manage: Client, client: Client, track: Client) -> None:
    for no in range(3):
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com"})
    segment = (await client("POST", "/v1/segments", {"segment": {"name": "Some"}})).json["segment"]["id"]
    path = f"{_ROOT}/segments/{segment}/people"
    added = await manage("POST", path, {"action": "add", "names": ["p0", "p1", "nobody"]})
    assert added.json == {"people": 2}
    taken = await manage("POST", path, {"action": "remove", "identifier": "email", "names": ["p0@example.com"]})
    assert taken.json == {"people": 1}
    assert (await client("GET", f"/v1/segments/{segment}/customer_count")).json == {"count": 1}
    for wrong in (
        {"action": "paint", "names": ["p1"]},
        {"action": "add", "names": []},
        {"action": "add", "names": [1]},
    ):
        assert (await manage("POST", path, wrong)).status == 422
    assert (await manage("POST", f"{_ROOT}/segments/999/people", {"action": "add", "names": ["p1"]})).status == 404


async def test_values_keep_their_types(manage: Client, track: Client) -> None:
    sent = '{"text":"7","n":12345678901234567890,"f":1.5,"yes":true,"list":[null,{"a":1}]}'
    await track("PUT", "/api/v1/customers/p1", json.loads(sent))
    (person,) = (await manage("GET", f"{_ROOT}/people?search=p1")).json["people"]
    path = f"{_ROOT}/people/cio_{person['cio_id']}"

    async def values() -> dict[str, tuple[str, str, str]]:
        told = (await manage("GET", path)).json["person"]["attributes"]
        assert all(one["changed_at"] > 0 for one in told)
        return {one["name"]: (one["type"], one["json"], one["text"]) for one in told}

    assert await values() == {
        "text": ("text", '"7"', "7"),
        "n": ("number", "12345678901234567890", "12345678901234567890"),
        "f": ("number", "1.5", "1.5"),
        "yes": ("boolean", "true", "true"),
        "list": ("json", '[null,{"a":1}]', '[null,{"a":1}]'),
    }
    await manage("PATCH", path, {"attributes": {"text": 7, "f": "1.5", "yes": None, "list": False}})
    assert await values() == {
        "text": ("number", "7", "7"),
        "n": ("number", "12345678901234567890", "12345678901234567890"),
        "f": ("text", '"1.5"', "1.5"),
        "list": ("boolean", "false", "false"),
    }


async def test_what_a_person_did_is_listed_newest_first_page_by_page(manage: Client, track: Client) -> None:
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})
    for no in range(5):
        event = {"name": f"e{no}", "timestamp": 1_700_000_000 + no // 2, "data": {"no": no}}
        assert (await track("POST", "/api/v1/customers/p1/events", event)).status == 200
    (person,) = (await manage("GET", f"{_ROOT}/people?search=p1")).json["people"]
    path = f"{_ROOT}/people/{person['cio_id']}/events"
    seen: list[int] = []
    start = ""
    while True:
        page = (await manage("GET", f"{path}?limit=2&start={start}")).json
        assert len(page["events"]) <= 2
        seen += [one["data"]["no"] for one in page["events"]]
        start = page["next"]
        if not start:
            break
    assert sorted(seen) == [0, 1, 2, 3, 4]
    assert [no // 2 for no in seen] == [2, 1, 1, 0, 0]
    assert (await manage("GET", f"{path}?start=x-1")).status == 400
    assert (await manage("GET", f"{_ROOT}/people/0000000fffff/events")).status == 404


async def test_a_device_is_taken_from_a_person(manage: Client, track: Client) -> None:
    await track("PUT", "/api/v1/customers/p1", {})
    device = {"device": {"id": "a/b c", "platform": "ios", "attributes": {"app_version": "4"}}}
    assert (await track("PUT", "/api/v1/customers/p1/devices", device)).status == 200
    (person,) = (await manage("GET", f"{_ROOT}/people?search=p1")).json["people"]
    path = f"{_ROOT}/people/{person['cio_id']}"
    (told,) = (await manage("GET", path)).json["person"]["devices"]
    assert (told["token"], told["attributes"][0]) == ("a/b c", {"name": "app_version", "json": '"4"'})
    assert (await manage("DELETE", f"{path}/devices/a%2Fb%20c")).status == 204
    assert (await manage("DELETE", f"{path}/devices/a%2Fb%20c")).status == 404
    assert (await manage("GET", path)).json["person"]["devices"] == []
