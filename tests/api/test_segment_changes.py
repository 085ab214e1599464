# SPDX-License-Identifier: Apache-2.0
"""Who came into a segment and who left it, newest first."""

import pytest

from clarion.store import segments
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"


@pytest.fixture
async def segment(client: Client, track: Client) -> int:
    """An empty one, and five people."""
    for no in range(5):
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com", "no": no})
    made = await client("POST", "/v1/segments", {"segment": {"name": "Some", "description": ""}})
    return int(made.json["segment"]["id"])


async def change(track: Client, segment: int, what: str, *names: str) -> None:
    assert (await track("POST", f"/api/v1/segments/{segment}/{what}_customers", {"ids": list(names)})).status == 200


async def told(manage: Client, segment: int, limit: int = 50) -> list[set[tuple[str, str]]]:
    """(who, what) by page."""
    pages, start = [], ""
    while True:
        path = f"{_ROOT}/segments/{segment}/changes?limit={limit}&start={start}"
        page = (await manage("GET", path)).json
        pages.append({(one["person"]["id"], one["change"]) for one in page["changes"]})
        start = page["next"]
        if not start:
            return pages


async def test_who_comes_and_goes_within_a_millisecond_is_told_of_each_time(segment: int, store: Store) -> None:
    people = store.read(lambda tx: tx.composed("SELECT person_id FROM person ORDER BY person_id", {}))
    first, second, *_ = (int(row["person_id"]) for row in people)

    def note(*who: int, entered: bool) -> None:
        store.write(lambda tx: segments.note_changes(tx, segment, who, 7_000, entered=entered))

    note(first, second, entered=True)
    note(first, entered=False)
    note(first, entered=True)
    note(second, entered=False)
    changes = store.read(lambda tx: segments.changes(tx, segment, (2**62, 0), 10))
    assert [(one.person.id, one.entered, one.at_ms) for one in changes] == [
        ("p0", True, 7_002),
        ("p1", False, 7_001),
        ("p0", False, 7_001),
        ("p1", True, 7_000),
        ("p0", True, 7_000),
    ]


async def test_only_those_who_really_came_or_left_are_told(manage: Client, track: Client, segment: int) -> None:
    await change(track, segment, "add", "p0", "p1")
    await change(track, segment, "add", "p1", "nobody")
    await change(track, segment, "remove", "p1", "p4")
    pages = await told(manage, segment)
    assert pages == [{("p0", "entered"), ("p1", "entered"), ("p1", "left")}]
    newest, *_ = (await manage("GET", f"{_ROOT}/segments/{segment}/changes")).json["changes"]
    assert (newest["person"]["email"], newest["change"]) == ("p1@example.com", "left")


async def test_pages_go_on_behind_each_other_and_filling_is_told(manage: Client, track: Client, segment: int) -> None:
    await manage("POST", f"{_ROOT}/segments/{segment}/fill", {"filter": {}})
    pages = await told(manage, segment, limit=2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert set().union(*pages) == {(f"p{no}", "entered") for no in range(5)}


async def test_who_was_merged_into_a_member_brings_the_segment(manage: Client, track: Client, segment: int) -> None:
    await change(track, segment, "add", "p0")
    merging = {"primary": {"id": "p1"}, "secondary": {"id": "p0"}}
    assert (await track("POST", "/api/v1/merge_customers", merging)).status == 200
    assert await told(manage, segment) == [{("p1", "entered")}], "who is gone is not told"


async def test_changes_are_forgotten_with_time_and_with_their_segment(
    manage: Client, client: Client, track: Client, segment: int, store: Store
) -> None:
    await change(track, segment, "add", "p0")
    [one] = store.read(lambda tx: segments.changes(tx, segment, (2**62, 0), 10))
    assert sum(segments.clear_changes(store, one.at_ms)) == 0
    assert sum(segments.clear_changes(store, one.at_ms + 1)) == 1
    assert await told(manage, segment) == [set()]
    await change(track, segment, "add", "p1")
    assert (await client("DELETE", f"/v1/segments/{segment}")).status == 204
    assert (await manage("GET", f"{_ROOT}/segments/{segment}/changes")).status == 404
    assert sum(segments.clear_deleted(store, 0)) == 3  # p0 and p1 were in it, and p1 came
    assert store.read(lambda tx: segments.changes(tx, segment, (2**62, 0), 10)) == []
    assert sum(segments.clear_deleted(store, 0)) == 0


async def test_members_of_a_deleted_segment_are_nobodys_and_go_in_parts(
    manage: Client, client: Client, track: Client, segment: int, store: Store
) -> None:
    """A million of them are no transaction to wait for."""
    kept = (await client("POST", "/v1/segments", {"segment": {"name": "Kept"}})).json["segment"]["id"]
    for one in (segment, kept):
        await change(track, one, "add", "p0", "p1", "p2")
    assert (await client("DELETE", f"/v1/segments/{segment}")).status == 204
    shown = (await client("GET", "/v1/customers/p0/segments")).json["segments"]
    assert [one["name"] for one in shown] == ["Kept"]
    merge = {"primary": {"id": "p3"}, "secondary": {"id": "p2"}}
    assert (await track("POST", "/api/v1/merge_customers", merge)).status == 200
    shown = (await client("GET", "/v1/customers/p3/segments")).json["segments"]
    assert [one["name"] for one in shown] == ["Kept"]
    counts = list(segments.clear_deleted(store, 0))
    assert sum(counts) == 5  # p0 and p1, for p2 is gone; and that three came
    assert (await client("GET", f"/v1/segments/{kept}/customer_count")).json == {"count": 3}
    members = (await client("GET", f"/v1/segments/{kept}/membership")).json["ids"]
    assert sorted(members) == ["p0", "p1", "p3"]
    assert await told(manage, kept)


@pytest.mark.parametrize("start", ["x", "1", "1-", "1-x", "9" * 30 + "-1"])
async def test_a_token_that_no_page_carried_is_refused(manage: Client, segment: int, start: str) -> None:
    refused = await manage("GET", f"{_ROOT}/segments/{segment}/changes?start={start}")
    assert refused.status == 400
