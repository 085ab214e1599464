# SPDX-License-Identifier: Apache-2.0
"""One person as an editor changes them."""

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
