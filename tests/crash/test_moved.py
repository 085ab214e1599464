# SPDX-License-Identifier: Apache-2.0
"""Real workers on a copied database, and on a replica that took over."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from tests.support.postgres_cluster import free_port

from clarion.pipeline.home import HomeGuard, Standing
from clarion.store import identity
from clarion.store.migrate import migrate
from clarion.store.opening import open_store

from .actors import KillableCluster, wait_for
from .conftest import Site, finished, wait_until_finished

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]


def test_a_moved_installation_sends_nothing_until_it_is_confirmed(site: Site, tmp_path: Path) -> None:
    site.finish(site.trigger({}))
    assert site.store.read(identity.homes), "the place is recorded once something was sent"
    elsewhere = identity.Place("somewhere else", "old:1")
    site.store.write(lambda tx: identity.move(tx, elsewhere))  # as it stands in a copy
    waiting = site.trigger({"data": {"word": "second"}})
    sent = site.captured().total()

    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = site.start(output=output)
    wait_for(lambda: b"database.moved" in log.read_bytes())
    assert not finished(site.store, waiting)
    site.stop(worker)
    assert b"worker.never_sent" in log.read_bytes()
    assert site.captured().total() == sent

    with log.open("wb") as output:
        worker = site.start(output=output)
    wait_for(lambda: b"database.moved" in log.read_bytes())
    command = [sys.executable, "-m", "clarion", "confirm-move", "--database-url", site.url]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.startswith(f"installation {site.store.write(identity.installation_id)} sends from ")
    wait_until_finished(site.store, waiting, worker)
    site.stop(worker)
    assert site.captured().total() == 2 * sent


class _Replica(KillableCluster):
    """A streaming replica of a cluster, in a folder and on a port of its own."""

    def __init__(self, primary: KillableCluster) -> None:
        self._primary = primary
        super().__init__()

    def make(self) -> None:
        arguments = ("-h", "127.0.0.1", "-p", str(self._primary.port), "-U", "clarion")
        self._run("pg_basebackup", *arguments, "-D", str(self._data), "-R", "-X", "stream", "-c", "fast")

    def promote(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-w", "promote")


@pytest.mark.postgres
def test_a_replica_that_took_over_needs_no_confirmation_and_a_snapshot_does() -> None:
    primary = KillableCluster()
    try:
        url = primary.create("moved")
        store = open_store(url)
        migrate(store)
        before = identity.here(store)
        store.write(lambda tx: identity.settle(tx, before))
        store.close()
        replica = _Replica(primary)
        try:
            standby = url.replace(str(primary.port), str(replica.port))
            wait_for(lambda: _has_homes(standby))
            primary.kill()
            replica.promote()
            store = open_store(standby)
            try:
                after = identity.here(store)
                assert (after.system, after.timeline) == (before.system, before.timeline + 1)
                assert after.address != before.address
                assert HomeGuard(store).look() is Standing.PROMOTED
                assert HomeGuard(store).look() is Standing.HOME
            finally:
                store.close()
        finally:
            replica.close()
        # What lies on the old disk, started under another address: the same system on the same timeline.
        primary.port = free_port()
        primary.start()
        store = open_store(url.rpartition("@")[0] + f"@127.0.0.1:{primary.port}/moved")
        try:
            assert HomeGuard(store).look() is Standing.ELSEWHERE
        finally:
            store.close()
    finally:
        primary.close()


def _has_homes(url: str) -> bool:
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT 1 FROM home").fetchone() is not None
    except psycopg.Error:
        return False
