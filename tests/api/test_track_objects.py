# SPDX-License-Identifier: Apache-2.0
"""Objects and relationships by the Track API, and as the App API shows them (contract §7.1, §8.1, §8.3)."""

from typing import Any

import pytest

from .conftest import Client

SHOP = {"object_type_id": "shop", "object_id": "oslo 1/a"}
PATH = "/v1/objects/shop/oslo%201%2Fa"


async def do(track: Client, **operation: Any) -> None:
    done = await track("POST", "/api/v2/entity", operation)
    assert (done.status, done.json) == (200, {}), done.body


async def people(client: Client, path: str = PATH) -> dict[str, dict[str, str]]:
    """Who is related to an object, and what is said of it, page by page."""
    found: dict[str, dict[str, str]] = {}
    start = ""
    while True:
        page = (await client("GET", f"{path}/relationships?limit=1&start={start}")).json
        found |= {str(one["identifiers"]["id"]): one["relationship_attributes"] for one in page["cio_relationships"]}
        if not (start := page["next"]):
            return found


async def shops(client: Client, who: str) -> list[str]:
    page = (await client("GET", f"/v1/customers/{who}/relationships")).json
    return [one["identifiers"]["object_id"] for one in page["cio_relationships"]]


async def test_an_object_with_the_people_it_names(client: Client, track: Client) -> None:
    related = [
        {"identifiers": {"id": "ada"}, "relationship_attributes": {"role": "owner", "since": 2020}},
        {"identifiers": {"id": "bob"}},
    ]
    await do(
        track,
        type="object",
        action="identify",
        identifiers=SHOP,
        attributes={"city": "Oslo", "rooms": 3},
        cio_relationships=related,
    )
    shown = (await client("GET", f"{PATH}/attributes")).json["object"]
    assert shown["attributes"] == {"city": "Oslo", "rooms": "3"}
    assert shown["identifiers"]["object_id"] == "oslo 1/a"
    assert await people(client) == {"ada": {"role": "owner", "since": "2020"}, "bob": {}}
    assert await shops(client, "ada") == ["oslo 1/a"]
    assert (await client("GET", "/v1/object_types")).json["types"] == [{"id": "shop", "name": "shop", "objects": 1}]
    [workspace] = (await client("GET", "/v1/workspaces")).json["workspaces"]
    assert (workspace["object_types"], workspace["objects"]) == (1, 1)
    by_number = {"cio_object_id": shown["identifiers"]["cio_object_id"]}
    await do(track, type="object", action="identify", identifiers=by_number, attributes={"rooms": None, "open": True})
    path = f"/v1/objects/shop/{by_number['cio_object_id']}/attributes?id_type=cio_object_id"
    assert (await client("GET", path)).json["object"]["attributes"] == {"city": "Oslo", "open": "true"}
    await do(track, type="object", action="delete_relationships", identifiers=SHOP, cio_relationships=related[1:])
    assert list(await people(client)) == ["ada"]
    await do(track, type="object", action="delete", identifiers=SHOP)
    assert (await client("GET", f"{PATH}/attributes")).status == 404
    assert await shops(client, "ada") == []


async def test_a_person_names_the_objects(client: Client, track: Client) -> None:
    relation = {"identifiers": SHOP, "relationship_attributes": {"role": "guest"}}
    add = {"action": "add_relationships", "relationships": [relation]}
    assert (await track("PUT", "/api/v1/customers/ada", {"plan": "pro", "cio_relationships": add})).status == 200
    assert await people(client) == {"ada": {"role": "guest"}}
    shown = (await client("GET", "/v1/customers/ada/attributes")).json["customer"]["attributes"]
    assert "cio_relationships" not in shown
    await do(
        track, type="person", action="identify", identifiers={"id": "bob"}, attributes={}, cio_relationships=[relation]
    )
    await do(
        track,
        type="person",
        action="add_relationships",
        identifiers={"id": "ada"},
        cio_relationships=[{"identifiers": SHOP, "relationship_attributes": {"role": None, "vip": True}}],
    )
    assert await people(client) == {"ada": {"vip": "true"}, "bob": {"role": "guest"}}
    remove = {"action": "delete_relationships", "relationships": [relation]}
    assert (await track("PUT", "/api/v1/customers/bob", {"cio_relationships": remove})).status == 200
    assert list(await people(client)) == ["ada"]
    kinds = [one["type"] for one in (await client("GET", "/v1/customers/bob/activities")).json["activities"]]
    assert kinds == ["delete_relationship", "add_relationship", "profile_create"]


async def test_a_merge_moves_and_a_deletion_ends_relationships(client: Client, track: Client) -> None:
    for who in ("ada", "eve"):
        await do(
            track,
            type="person",
            action="add_relationships",
            identifiers={"id": who},
            cio_relationships=[{"identifiers": {**SHOP, "object_id": f"of {who}"}}],
        )
    await track("POST", "/api/v1/merge_customers", {"primary": {"id": "ada"}, "secondary": {"id": "eve"}})
    assert await shops(client, "ada") == ["of ada", "of eve"]
    await track("DELETE", "/api/v1/customers/ada")
    assert await people(client, "/v1/objects/shop/of%20eve") == {}


async def test_in_a_batch_the_wrong_ones_are_told(client: Client, track: Client) -> None:
    batch = [
        {"type": "object", "action": "identify", "identifiers": SHOP, "attributes": {"n": 1}},
        {"type": "object", "action": "explode", "identifiers": SHOP},
        {"type": "person", "action": "identify", "identifiers": {"id": "ada"}, "attributes": {"plan": "pro"}},
        {
            "type": "object",
            "action": "add_relationships",
            "identifiers": SHOP,
            "cio_relationships": [{"identifiers": {"id": "ada"}}, {"identifiers": {"email": "new@x.test"}}],
        },
    ]
    done = await track("POST", "/api/v2/batch", {"batch": batch})
    assert (done.status, [error["batch_index"] for error in done.json["errors"]]) == (207, [1])
    assert set(await people(client)) == {"ada", "None"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"identifiers": None}, "identifiers"),
        ({"identifiers": {"object_type_id": "shop"}}, "identifiers.object_id"),
        ({"identifiers": {"object_type_id": "x" * 151, "object_id": "1"}}, "identifiers.object_type_id"),
        ({"identifiers": {"cio_object_id": "nonsense"}}, "identifiers.cio_object_id"),
        ({"attributes": [1]}, "attributes"),
        ({"attributes": {f"a{n}": n for n in range(301)}}, "attributes"),
        ({"cio_relationships": {"id": 1}}, "cio_relationships"),
        ({"cio_relationships": [{"identifiers": {}}]}, "cio_relationships"),
        ({"cio_relationships": ["x"]}, "cio_relationships"),
        ({"action": "delete_relationships", "cio_relationships": []}, "cio_relationships"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(track: Client, change: Any, field: str) -> None:
    operation = {"type": "object", "action": "identify", "identifiers": SHOP, **change}
    done = await track("POST", "/api/v2/entity", operation)
    assert done.status == 400, done.body
    assert field in str(done.json["errors"]).replace("/", ".")


async def test_objects_of_another_workspace_are_not_there(
    client: Client, track: Client, id_track: Client, id_client: Client
) -> None:
    await do(track, type="object", action="identify", identifiers=SHOP, attributes={"n": 1})
    number = (await client("GET", f"{PATH}/attributes")).json["object"]["identifiers"]["cio_object_id"]
    assert (await id_client("GET", f"{PATH}/attributes")).status == 404
    await do(id_track, type="object", action="delete", identifiers={"cio_object_id": number})
    await do(id_track, type="object", action="identify", identifiers={"cio_object_id": number}, attributes={"n": 2})
    assert (await client("GET", f"{PATH}/attributes")).json["object"]["attributes"] == {"n": "1"}
