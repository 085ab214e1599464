# SPDX-License-Identifier: Apache-2.0
"""Limits of calls: a second's worth for each workspace and kind, over all processes (contract §1.5)."""

from contextlib import suppress
from dataclasses import dataclass, replace

import pytest
from tests.support.audience import add_people, playing

from clarion.api import application
from clarion.api.calls import Api
from clarion.api.limits import Limits
from clarion.domain.deliveries import public_id
from clarion.domain.errors import RateLimited
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client, basic


@dataclass
class Clock:
    """A process's clock that stands still until it is moved."""

    at: float = 100.0

    def __call__(self) -> float:
        return self.at


def counted(store: Store) -> tuple[int, int]:
    """The second that is counted, and how many calls of it are taken."""
    (row,) = store.read(lambda tx: tx.composed("SELECT second, taken FROM call_count", {}))
    return int(row["second"]), int(row["taken"])


async def test_no_more_than_the_limit_in_a_second_of_several_processes(store: Store, workspace: Workspace) -> None:
    """Whatever second a call falls into: in none of them more than the limit was given."""
    processes = [Limits(store, {"app": 7, "track": 40}) for _ in range(3)]
    given: dict[int, int] = {}
    refused = 0
    for turn in range(120):
        try:
            standing = await processes[turn % 3].take(workspace.workspace_id, "track")
        except RateLimited:
            refused += 1
        else:
            assert standing is not None
            assert standing.limit == 40
            assert 0 <= standing.remaining < 40
        second, taken = counted(store)
        given[second] = taken
    assert 120 - refused <= 40 * len(given) + 12  # what a process held at the end of a second it may still use


async def test_a_process_that_was_refused_does_not_ask_again_in_that_second(store: Store, workspace: Workspace) -> None:
    clock = Clock()
    limits = Limits(store, {"app": 2}, now=clock)
    await limits.take(workspace.workspace_id, "app")
    passed = 1
    for _ in range(20):
        try:
            await limits.take(workspace.workspace_id, "app")
            passed += 1
        except RateLimited:
            break
    with pytest.raises(RateLimited):
        await limits.take(workspace.workspace_id, "app")
    before = counted(store)
    with pytest.raises(RateLimited, match="rate limited to 2 requests per 1s") as caught:
        await limits.take(workspace.workspace_id, "app")
    assert caught.value.retry_after == 1
    assert counted(store) == before
    clock.at += 2
    with suppress(RateLimited):  # for the database it may be the same second still
        await limits.take(workspace.workspace_id, "app")
    assert counted(store) != before


async def test_kinds_and_workspaces_do_not_share(
    api: Api, store: Store, workspace: Workspace, keys: Keys, id_only: tuple[Workspace, Keys]
) -> None:
    app = application.build(replace(api, limits=Limits(store, {"app": 1, "send": 1, "track": 1}, now=Clock())))
    client, track = Client(app, f"Bearer {keys.app_key}"), Client(app, basic(keys.site_id, keys.track_key))
    answers = [await client("GET", "/v1/segments") for _ in range(5)]
    assert answers[0].status == 200
    assert answers[0].headers["ratelimit-limit"] == "1"
    assert answers[0].headers["ratelimit-remaining"] == "0"
    assert answers[0].headers["ratelimit-reset"] == "1"
    limited = [answer for answer in answers if answer.status == 429]
    assert limited
    assert limited[0].headers["retry-after"] == "1"
    assert limited[0].json["errors"][0]["status"] == "429"
    assert "rate limited to 1 requests per 1s (reference " in limited[0].error
    assert (await client("POST", "/v1/campaigns/1/triggers", {})).status == 404  # counted apart
    assert (await track("PUT", "/api/v1/customers/7", {"a": 1})).status == 200
    other = Client(app, f"Bearer {id_only[1].app_key}")
    assert (await other("GET", "/v1/segments")).status == 200


async def test_without_limits_nothing_is_counted(client: Client, store: Store) -> None:
    answer = await client("GET", "/v1/segments")
    assert "ratelimit-limit" not in answer.headers
    assert not store.read(lambda tx: tx.composed("SELECT taken FROM call_count", {}))


async def test_archived_messages_are_a_hundred_a_day(api: Api, store: Store, workspace: Workspace, keys: Keys) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    path = f"/v1/messages/{public_id(played.key(1), api.secret)}/archived_message"
    limited = Client(application.build(replace(api, limits=Limits(store, {}))), f"Bearer {keys.app_key}")
    assert {(await limited("GET", path)).status for _ in range(100)} == {200}
    over = await limited("GET", path)
    assert over.status == 429
    assert "retry-after" not in over.headers  # contract §1.5: absent for a daily quota
    assert (await limited("GET", path.replace("/archived_message", "?archived_message=true"))).status == 429
    assert (await limited("GET", path.removesuffix("/archived_message"))).status == 200
    free = Client(application.build(api), f"Bearer {keys.app_key}")
    assert (await free("GET", path)).status == 200
    store.write(lambda tx: tx.composed("UPDATE call_count SET second = second - 1 RETURNING kind", {}))
    assert (await limited("GET", path)).status == 200
    whole = await free("GET", path.replace("/archived_message", "?archived_message=true"))
    assert whole.json["message"]["archived_message"]["subject"] == "Hi"
