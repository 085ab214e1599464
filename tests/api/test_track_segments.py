# SPDX-License-Identifier: Apache-2.0
"""Track v1: who is in a manual segment (contract §8)."""

import asyncio
from typing import Any

import pytest

from clarion.store import segments
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client


@pytest.fixture
def segment_id(store: Store, workspace: Workspace) -> int:
    return store.write(lambda tx: segments.create(tx, workspace, "VIP", "")).segment_id


@pytest.fixture
def members(store: Store, workspace: Workspace, segment_id: int) -> Any:
    """Ids of the people in the segment; its size must agree."""

    def read() -> list[str | None]:
        found = store.read(lambda tx: segments.members(tx, segment_id, 0, 5_000))
        segment = store.read(lambda tx: segments.get(tx, workspace, segment_id))
        assert segment is not None
        assert segment.size == len(found)
        return [one.id for one in found]

    return read


async def people(track: Client, count: int) -> None:
    for n in range(count):
        await track("PUT", f"/api/v1/customers/{n}", {"email": f"p{n}@x.test"})


async def test_add_and_remove_by_id(track: Client, segment_id: int, members: Any) -> None:
    await people(track, 3)
    answer = await track("POST", f"/api/v1/segments/{segment_id}/add_customers", {"ids": ["0", 1, "0", "unknown"]})
    assert (answer.status, answer.body) == (200, b"{}\n")
    assert members() == ["0", "1"]
    await track("POST", f"/api/v1/segments/{segment_id}/add_customers?id_type=id", {"ids": ["1", "2"]})
    assert members() == ["0", "1", "2"]
    answer = await track("POST", f"/api/v1/segments/{segment_id}/remove_customers", {"ids": ["1", "x", "1"]})
    assert (answer.status, answer.body) == (200, b"{}\n")
    assert members() == ["0", "2"]


async def test_by_email_and_cio_id(track: Client, client: Client, segment_id: int, members: Any) -> None:
    await people(track, 3)
    path = f"/api/v1/segments/{segment_id}/add_customers"
    await track("POST", f"{path}?id_type=email", {"ids": ["P0@x.test", "nobody@x.test"]})
    results = (await client("GET", "/v1/customers?email=p1@x.test")).json["results"]
    cio_id = results[0]["cio_id"]
    await track("POST", f"{path}?id_type=cio_id", {"ids": [cio_id, f"cio_{cio_id}", "zzz", "cio_00000000000f"]})
    assert members() == ["0", "1"]


async def test_people_of_another_workspace_are_nobody(
    track: Client, id_track: Client, id_client: Client, segment_id: int, members: Any
) -> None:
    await id_track("PUT", "/api/v1/customers/7", {"email": "a@x.test"})
    cio_id = (await id_client("GET", "/v1/customers?email=a@x.test")).json["results"][0]["cio_id"]
    for kind, value in (("id", "7"), ("email", "a@x.test"), ("cio_id", cio_id)):
        path = f"/api/v1/segments/{segment_id}/add_customers?id_type={kind}"
        assert (await track("POST", path, {"ids": [value]})).status == 200
    assert members() == []
    assert (await id_track("POST", f"/api/v1/segments/{segment_id}/add_customers", {"ids": ["7"]})).status == 404


async def test_thousand_ids(track: Client, segment_id: int, members: Any) -> None:
    await people(track, 2)
    path = f"/api/v1/segments/{segment_id}/add_customers"
    assert (await track("POST", path, {"ids": [str(n) for n in range(1_000)]})).status == 200
    assert members() == ["0", "1"]
    answer = await track("POST", path, {"ids": [str(n) for n in range(1_001)]})
    assert answer.status == 400
    assert answer.error == "ids: must be a list of 1 to 1000 identifiers"


@pytest.mark.parametrize(
    ("query", "body", "field"),
    [
        ("", None, "ids: "),
        ("", {"ids": []}, "ids: "),
        ("", {"ids": "7"}, "ids: "),
        ("", {"ids": ["7", None]}, "ids.1: "),
        ("", {"ids": [True]}, "ids.0: "),
        ("", ["7"], "object"),
        ("?id_type=phone", {"ids": ["7"]}, "id_type: "),
    ],
)
async def test_bad_calls(track: Client, segment_id: int, query: str, body: object, field: str) -> None:
    for verb in ("add_customers", "remove_customers"):
        answer = await track("POST", f"/api/v1/segments/{segment_id}/{verb}{query}", body)
        assert answer.status == 400
        assert field in answer.error


async def test_bad_segments(track: Client, workspace: Workspace) -> None:
    answer = await track("POST", "/api/v1/segments/99/add_customers", {"ids": ["7"]})
    assert answer.status == 404
    assert "99" in answer.error
    answer = await track("POST", "/api/v1/segments/vip/add_customers", {"ids": ["7"]})
    assert answer.status == 400


async def test_email_is_no_identifier_in_id_only_workspace(
    id_track: Client, id_only: tuple[Workspace, Keys], store: Store
) -> None:
    made = store.write(lambda tx: segments.create(tx, id_only[0], "VIP", ""))
    path = f"/api/v1/segments/{made.segment_id}/add_customers?id_type=email"
    answer = await id_track("POST", path, {"ids": ["a@x.test"]})
    assert answer.status == 400
    assert answer.error == "id_type: must be one of id, cio_id"


async def test_size_holds_under_concurrency(track: Client, segment_id: int, members: Any) -> None:
    path = f"/api/v1/segments/{segment_id}"
    for _ in range(4):
        await people(track, 4)
        everybody = {"ids": ["0", "1", "2", "3"]}
        await asyncio.gather(
            track("POST", f"{path}/add_customers", everybody),
            track("DELETE", "/api/v1/customers/1"),
            track("POST", f"{path}/remove_customers", {"ids": ["2", "3"]}),
            track("POST", f"{path}/add_customers", everybody),
            track("DELETE", "/api/v1/customers/3"),
        )
        members()


async def test_members_against_delete_of_the_segment(
    track: Client, client: Client, store: Store, workspace: Workspace
) -> None:
    await people(track, 3)
    for _ in range(4):
        made = store.write(lambda tx: segments.create(tx, workspace, "VIP", ""))
        added, deleted = await asyncio.gather(
            track("POST", f"/api/v1/segments/{made.segment_id}/add_customers", {"ids": ["0", "1", "2"]}),
            client("DELETE", f"/v1/segments/{made.segment_id}"),
        )
        assert added.status in {200, 404}
        assert deleted.status == 204
    sum(segments.clear_deleted(store, 0))
    text = "SELECT 1 AS yes FROM segment_member WHERE segment_id NOT IN (SELECT segment_id FROM segment)"
    assert store.read(lambda tx: tx.composed(text, {})) == []
