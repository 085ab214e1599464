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
