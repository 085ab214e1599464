# SPDX-License-Identifier: Apache-2.0
"""A copy of a database does not send until somebody confirms it; what only looks like one goes on."""

import asyncio
import os
import shutil
from pathlib import Path

import psycopg
import pytest
from tests.support.postgres_cluster import Cluster

from clarion.pipeline.home import HomeGuard, Standing, standing
from clarion.store import identity
from clarion.store.engine import Store
from clarion.store.identity import Home, Place
from clarion.store.opening import open_store

from .stage import until

HERE = Place("system 7 database 5 clarion", "db:5432", 1)
SEEN = [Home(HERE, 1_000)]


@pytest.mark.parametrize(
    ("place", "homes", "since_ms", "expected"),
    [
        (HERE, [], None, Standing.NEW),
        (HERE, SEEN, None, Standing.HOME),
        (Place(HERE.system, HERE.address, 2), SEEN, None, Standing.HOME),  # the same name leads to the new primary
        (Place(HERE.system, "replica:5432", 2), SEEN, None, Standing.PROMOTED),
        (Place(HERE.system, "replica:5432", 1), SEEN, None, Standing.ELSEWHERE),  # a snapshot, started elsewhere
        (Place(HERE.system, "replica:5432", 1), SEEN, 1_000, Standing.ELSEWHERE),
        (Place(HERE.system, "10.0.0.7:5432", 1), SEEN, 999, Standing.VOUCHED),
        (Place("system 8 database 5 clarion", "db:5432", 1), SEEN, 999, Standing.ELSEWHERE),  # a restored dump
        (Place("system 7 database 6 copy", "db:5432", 9), SEEN, 999, Standing.ELSEWHERE),  # made from a template
    ],
)
def test_what_a_place_is_to_an_installation(
    place: Place, homes: list[Home], since_ms: int | None, expected: Standing
) -> None:
    assert standing(place, homes, since_ms) is expected


def test_nothing_is_recorded_before_something_is_sent(store: Store) -> None:
    guard = HomeGuard(store)
    assert guard.look() is Standing.NEW
    assert store.read(identity.homes) == []
    _send_something(store)
    assert guard.look() is Standing.NEW
    (home,) = store.read(identity.homes)
    assert home.place == identity.here(store)
    assert guard.look() is Standing.HOME


def _send_something(store: Store) -> None:
    """A slice that a worker took: all that telling a copy apart asks of the ledger."""
    store.script("INSERT INTO slice (trigger_id, no, lo, hi, fence, done) VALUES (1, 0, 1, 1, 1, 1)")


def _copied(store: Store, url: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A copy as an operator would make one; `store` is closed, a database that is in use cannot be copied so."""
    store.close()
    if store.engine == "sqlite":
        shutil.copyfile(url.removeprefix("sqlite:///"), tmp_path / "copy.db")
        return f"sqlite:///{tmp_path / 'copy.db'}"
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    original, copy = url.rpartition("/")[2], f"copy_{os.getpid()}_{url.rpartition('_')[2]}"
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {copy} TEMPLATE {original}".encode())
    request.addfinalizer(lambda: cluster.drop(copy))
    return cluster.url(copy)


def test_a_copy_waits_and_the_original_goes_on(
    store: Store, store_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = store.write(identity.installation_id)
    _send_something(store)
    HomeGuard(store).look()
    copy = open_store(_copied(store, store_url, tmp_path, request))
    original = open_store(store_url)
    try:
        assert HomeGuard(original).look() is Standing.HOME
        guard = HomeGuard(copy)
        assert guard.look() is Standing.ELSEWHERE
        assert guard.look() is Standing.ELSEWHERE, "looking must not make it right"
        assert copy.write(identity.installation_id) == original.write(identity.installation_id) == name

        place = identity.here(copy)
        copy.write(lambda tx: identity.move(tx, place))
        assert guard.look() is Standing.HOME
        assert HomeGuard(original).look() is Standing.HOME
    finally:
        copy.close()
        original.close()


async def test_work_begins_when_the_move_is_confirmed_and_ends_when_the_place_is_no_longer_right(store: Store) -> None:
    elsewhere = Place("system 1 database 1 other", "db:1")
    _send_something(store)
    store.write(lambda tx: identity.move(tx, elsewhere))
    guard = HomeGuard(store, look_seconds=0.02)
    stopping, working = asyncio.Event(), asyncio.Event()
    ended = 0

    async def work(halt: asyncio.Event) -> None:
        nonlocal ended
        working.set()
        await halt.wait()
        working.clear()
        ended += 1

    running = asyncio.create_task(guard.run(work, stopping))
    await until(lambda: guard.standing is Standing.ELSEWHERE)
    assert not working.is_set()

    place = await asyncio.to_thread(identity.here, store)
    await asyncio.to_thread(store.write, lambda tx: identity.move(tx, place))
    await asyncio.wait_for(working.wait(), 20)

    await asyncio.to_thread(store.write, lambda tx: identity.move(tx, elsewhere))
    await until(lambda: ended == 1)
    assert guard.standing is Standing.ELSEWHERE

    await asyncio.to_thread(store.write, lambda tx: identity.move(tx, place))
    await asyncio.wait_for(working.wait(), 20)
    stopping.set()
    await asyncio.wait_for(running, 20)
    assert ended == 2


async def test_another_address_of_the_same_server_is_vouched_for_by_a_process_that_is_alive(store: Store) -> None:
    place = identity.here(store)
    known = Place(place.system, "known:5432", place.timeline)
    _send_something(store)
    store.write(lambda tx: identity.move(tx, known))
    guard = HomeGuard(store)
    assert guard.look() is Standing.ELSEWHERE
    now_ms = store.read(lambda tx: tx.now_ms())
    await until(lambda: store.read(lambda tx: tx.now_ms()) > now_ms + 1)
    store.write(lambda tx: identity.settle(tx, known))
    assert guard.look() is Standing.VOUCHED
    assert guard.look() is Standing.HOME


@pytest.mark.postgres
def test_a_user_without_rights_still_learns_which_database_it_is(postgres_cluster: Cluster) -> None:
    """pg_control_system may be kept from ordinary users."""
    url = postgres_cluster.create("modest")
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE ROLE modest LOGIN")
            connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
        store = open_store(url.replace("clarion@", "modest@"))
        try:
            place = identity.here(store)
        finally:
            store.close()
    finally:
        postgres_cluster.drop("modest")
        with psycopg.connect(postgres_cluster.url(), autocommit=True) as connection:
            connection.execute("DROP ROLE modest")
    assert place.system.startswith("system unknown database ")
    assert place.system.endswith(" modest")
