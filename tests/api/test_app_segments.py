# SPDX-License-Identifier: Apache-2.0
"""Manual segments in the App API (contract §7.2)."""

from functools import partial
from typing import Any

import pytest

from clarion.domain.broadcasts import BroadcastState
from clarion.store import broadcasts, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .conftest import Client


async def make(client: Client, name: str = "VIP", description: str | None = None) -> dict[str, Any]:
    answer = await client("POST", "/v1/segments", {"segment": {"name": name, "description": description}})
    assert answer.status == 200
    made: dict[str, Any] = answer.json["segment"]
    return made


async def test_shape(client: Client) -> None:
    made = await make(client, " VIP ", "the best")
    number, _, at = made["deduplicate_id"].partition(":")
    assert (int(number), at.isdigit()) == (made["id"], True)
    assert made == {
        "id": made["id"],
        "deduplicate_id": made["deduplicate_id"],
        "name": "VIP",
        "description": "the best",
        "state": "finished",
        "progress": None,
        "type": "manual",
        "tags": [],
    }
    assert (await client("GET", f"/v1/segments/{made['id']}")).json == {"segment": made}
    other = await make(client)
    assert other["description"] == ""
    assert (await client("GET", "/v1/segments")).json == {"segments": [made, other]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "segment: "),
        ({}, "segment: "),
        ({"segment": "VIP"}, "segment: "),
        ({"segment": {}}, "segment.name: "),
        ({"segment": {"name": " "}}, "segment.name: "),
        ({"segment": {"name": 5}}, "segment.name: "),
        ({"segment": {"name": "x" * 151}}, "segment.name: "),
        ({"segment": {"name": "x", "description": []}}, "segment.description: "),
        ({"segment": {"name": "x", "description": "x" * 1_001}}, "segment.description: "),
    ],
)
async def test_bad_segments(client: Client, body: object, field: str) -> None:
    answer = await client("POST", "/v1/segments", body)
    assert answer.status == 400
    assert answer.error.startswith(field)
    assert (await client("GET", "/v1/segments")).json == {"segments": []}


@pytest.mark.parametrize("rest", ["", "/customer_count", "/membership", "/used_by"])
async def test_unknown_segments(client: Client, id_client: Client, rest: str) -> None:
    made = await make(client)
    assert (await client("GET", f"/v1/segments/99{rest}")).status == 404
    assert (await client("GET", f"/v1/segments/vip{rest}")).status == 400
    assert (await id_client("GET", f"/v1/segments/{made['id']}{rest}")).status == 404


async def test_members(client: Client, track: Client) -> None:
    path = f"/v1/segments/{(await make(client))['id']}"
    assert (await client("GET", f"{path}/customer_count")).json == {"count": 0}
    assert (await client("GET", f"{path}/membership")).json == {"ids": [], "identifiers": [], "next": ""}
    for n in range(5):
        await track("PUT", f"/api/v1/customers/{n}", {"email": f"{n}@x.test"})
    await track("PUT", "/api/v1/customers/only@x.test")
    everybody = {"ids": [*(f"{n}@x.test" for n in range(5)), "only@x.test"]}
    await track("POST", f"/api{path}/add_customers?id_type=email", everybody)
    assert (await client("GET", f"{path}/customer_count")).json == {"count": 6}
    ids, names, start = [], [], ""
    for expected in (4, 2):
        answer = (await client("GET", f"{path}/membership?limit=4&start={start}")).json
        assert len(answer["identifiers"]) == expected
        ids += answer["ids"]
        names += [(one["id"], one["email"]) for one in answer["identifiers"]]
        start = answer["next"]
    assert start == ""
    assert ids == ["0", "1", "2", "3", "4"]
    assert names == [*((str(n), f"{n}@x.test") for n in range(5)), (None, "only@x.test")]
    await track("DELETE", "/api/v1/customers/3")
    await track("POST", "/api/v1/customers/4/suppress")
    assert (await client("GET", f"{path}/customer_count")).json == {"count": 4}


async def test_members_of_id_only_workspace_have_no_email(id_client: Client, id_track: Client) -> None:
    made = await make(id_client)
    await id_track("PUT", "/api/v1/customers/7", {"email": "a@x.test"})
    await id_track("POST", f"/api/v1/segments/{made['id']}/add_customers", {"ids": ["7"]})
    answer = (await id_client("GET", f"/v1/segments/{made['id']}/membership")).json
    assert [one.keys() for one in answer["identifiers"]] == [{"id", "cio_id"}]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=10001", "start=zzz"])
async def test_bad_pages(client: Client, query: str) -> None:
    made = await make(client)
    answer = await client("GET", f"/v1/segments/{made['id']}/membership?{query}")
    assert answer.status == 400
    assert answer.error.startswith(query.partition("=")[0])


async def test_used_by(client: Client, store: Store, workspace: Workspace) -> None:
    made, other = await make(client), await make(client)
    named = {"and": [{"not": {"segment": {"id": made["id"]}}}]}

    def broadcast(recipients: dict[str, Any]) -> int:
        return store.write(lambda tx: broadcasts.create(tx, workspace, "B", recipients=recipients)).broadcast_id

    ids = [
        broadcast(named),
        broadcast({}),
        broadcast({"segment": {"id": made["id"]}}),
        broadcast({"segment": {"id": 99}}),
    ]
    answer = await client("GET", f"/v1/segments/{made['id']}/used_by")
    assert answer.json == {"used_by": {"campaigns": [ids[0], ids[2]], "sent_newsletters": [], "draft_newsletters": []}}
    answer = await client("GET", f"/v1/segments/{other['id']}/used_by")
    assert answer.json["used_by"]["campaigns"] == []
    answer = await client("DELETE", f"/v1/segments/{made['id']}")
    assert answer.status == 400
    assert answer.error.startswith(f"unable to delete segment in use: by the recipients of broadcast {ids[0]} (")
    assert (await client("DELETE", f"/v1/segments/{other['id']}")).status == 204


async def test_delete(client: Client, track: Client) -> None:
    made = await make(client)
    await track("PUT", "/api/v1/customers/7")
    await track("POST", f"/api/v1/segments/{made['id']}/add_customers", {"ids": ["7"]})
    answer = await client("DELETE", f"/v1/segments/{made['id']}", {})
    assert (answer.status, answer.body) == (204, b"")
    assert (await client("DELETE", f"/v1/segments/{made['id']}")).status == 404
    assert (await client("DELETE", "/v1/segments/vip")).status == 400
    assert (await client("GET", "/v1/customers/7/segments")).json == {"segments": []}


async def test_a_segment_that_a_waiting_audience_names_stays(
    client: Client, store: Store, workspace: Workspace
) -> None:
    """Deleted under the resolver, "not in this segment" would have become everybody."""
    segment_id = (await client("POST", "/v1/segments", {"segment": {"name": "Not these"}})).json["segment"]["id"]
    broadcast_id = store.write(partial(_running, workspace=workspace))
    body = {"recipients": {"not": {"segment": {"id": segment_id}}}}
    accepted = await client("POST", f"/v1/campaigns/{broadcast_id}/triggers", body)
    assert accepted.status == 200
    refused = await client("DELETE", f"/v1/segments/{segment_id}")
    why = "unable to delete segment in use: by a trigger whose audience is still to be worked out"
    assert (refused.status, refused.error) == (400, why)
    store.write(lambda tx: triggers.stop_all(tx, broadcast_id))
    assert (await client("DELETE", f"/v1/segments/{segment_id}")).status == 204


def _running(tx: Transaction, workspace: Workspace) -> int:
    broadcast = broadcasts.create(tx, workspace, "B", recipients={})
    broadcasts.set_state(tx, broadcast.broadcast_id, BroadcastState.RUNNING)
    return broadcast.broadcast_id


async def test_segments_are_told_with_their_sizes_and_uses(client: Client, manage: Client, track: Client) -> None:
    ours = "/api/clarion/v1"
    made = [
        (await client("POST", "/v1/segments", {"segment": {"name": name}})).json["segment"]["id"]
        for name in ("Some", "None")
    ]
    for no in range(3):
        await track("PUT", f"/api/v1/customers/p{no}", {})
    await manage("POST", f"{ours}/segments/{made[0]}/people", {"action": "add", "names": ["p0", "p1"]})
    recipients = {"not": {"segment": {"id": made[0]}}}
    broadcast = (await manage("POST", f"{ours}/broadcasts", {"name": "B", "recipients": recipients})).json["broadcast"]
    attribute = {"attribute": {"field": "segment", "operator": "exists"}}
    await manage("POST", f"{ours}/broadcasts", {"name": "Other", "recipients": attribute})
    listed = (await manage("GET", f"{ours}/segments")).json["segments"]
    told = {one["id"]: (one["people"], [user["id"] for user in one["used_by"]]) for one in listed}
    assert told == {made[0]: (2, [broadcast["id"]]), made[1]: (0, [])}
    one = f"{ours}/segments/{made[0]}"
    changed = await manage("PATCH", one, {"name": " Renamed ", "description": "x"})
    assert changed.json["segment"]["name"] == "Renamed"
    assert (await manage("GET", one)).json == changed.json
    assert (await client("GET", "/v1/segments")).json["segments"][0]["name"] == "Renamed"
    for wrong in ({"name": " "}, {"name": "x" * 151}, {"size": 3}, {"description": 7}):
        assert (await manage("PATCH", one, wrong)).status == 422
    for method in ("GET", "PATCH"):
        assert (await manage(method, f"{ours}/segments/4711", {} if method == "PATCH" else None)).status == 404
