# SPDX-License-Identifier: Apache-2.0
"""An installation is copied, moved to the other engine, and restored from an old backup without sending twice."""

import asyncio
import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.databases import ENGINES, empty_database
from tests.support.jobs import LostJobs
from tests.support.postgres_cluster import binaries

from clarion.domain.errors import SetupError
from clarion.store import restoring, transfer
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.migrate import migrations
from clarion.store.opening import open_store

from .providers import Hangs, Scripted
from .stage import Stage


def quiet(table: str, rows: int) -> None:
    pass


@pytest.fixture(params=ENGINES)
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of either engine, to move to."""
    with empty_database(request, tmp_path / "moved.db") as url:
        yield url


def contents(store: Store) -> dict[str, list[str]]:
    """Every row of every table of ours, sorted."""
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        "postgres": "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'procrastinate%'",
    }

    def read(tx: Transaction) -> dict[str, list[str]]:
        names = {str(row["name"]) for row in tx.composed(catalogue[tx.engine], {})}
        return {
            name: sorted(repr(sorted(row.items())) for row in tx.composed(f"SELECT * FROM {name}", {}))
            for name in sorted(names - {"schema_version", "schema_guard", "housekeeping"})
        }

    return store.read(read)


async def half_sent(stage: Stage) -> int:
    """A trigger of 40 people of whom some were sent their message when all programs were stopped."""
    stage.crowd(39)
    number = stage.person("zoë", note='Quote " and \\ and \u2028 and 👋')
    stage.segment([number])
    trigger_id = stage.trigger(stage.broadcast())
    provider = Scripted()
    running = asyncio.Event()
    provider.after_each = lambda count: running.set() if count == 15 else None
    async with stage.working(stage.worker(provider, LostJobs())):
        await asyncio.wait_for(running.wait(), 20)
    assert len(provider.taken) >= 15
    return trigger_id


@pytest.mark.parametrize("name", ["all.ndjson", "all.ndjson.gz"])
async def test_everything_moves_and_the_rest_is_sent_from_there(
    stage: Stage, store_url: str, other_url: str, tmp_path: Path, name: str
) -> None:
    trigger_id = await half_sent(stage)
    told: list[str] = []
    file = tmp_path / name
    transfer.export(store_url, file, lambda table, rows: told.append(f"{table} {rows}"))
    assert "person 40" in told
    text = gzip.decompress(file.read_bytes()) if name.endswith(".gz") else file.read_bytes()
    assert text.startswith(b'{"clarion_export":1')
    transfer.load(other_url, file, quiet)
    moved = open_store(other_url)
    try:
        before, after = contents(stage.store), contents(moved)
        assert after == before
        assert len(before["person"]) == len(before["delivery"]) == 40
        there = Stage(moved, stage.workspace, tmp_path / "there")
        sent_before = sum(row["state"] == 1 for row in stage.rows(trigger_id))
        provider = Scripted()
        async with there.working(there.worker(provider, LostJobs())):
            await there.finished(trigger_id)
        assert there.sums(trigger_id) == {"sent": 40}
        assert len(provider.taken) == 40 - sent_before
    finally:
        moved.close()


def test_what_is_not_imported(stage: Stage, store_url: str, other_url: str, tmp_path: Path) -> None:
    stage.crowd(3)
    whole = tmp_path / "whole"
    transfer.export(store_url, whole, quiet)
    lines = whole.read_bytes().splitlines(keepends=True)
    faults = {
        "cut off": b"".join(lines[:-1]),
        "cut off or": b"".join(lines[:-1])[:-10] + b"\n" + lines[-1],
        "damaged": b"".join(line for line in lines if b"p2@x.test" not in line),
        "not an export": b"hello\n",
        "has format 2": lines[0].replace(b'export":1', b'export":2') + b"".join(lines[1:]),
        "schema version 9001": lines[0].replace(b'"schema":[', b'"schema":[9001,') + b"".join(lines[1:]),
        "no table device with person_no": b"".join(lines).replace(b'["person_id",', b'["person_no",'),
        "exported: stop every": lines[0].replace(b'"open_chunks":0', b'"open_chunks":2') + b"".join(lines[1:]),
    }
    for words, text in faults.items():
        (tmp_path / "faulty").write_bytes(text)
        with pytest.raises(SetupError, match=words):
            transfer.load(other_url, tmp_path / "faulty", quiet)
    with pytest.raises(SetupError, match="cannot read"):
        transfer.load(other_url, tmp_path / "missing", quiet)
    with pytest.raises(SetupError, match="exists"):
        transfer.export(store_url, whole, quiet)
    (tmp_path / "new.db").touch()
    with pytest.raises(SetupError, match="nothing to export"):
        transfer.export(f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "none", quiet)
    # Nothing of all that was kept, and a sound one still goes in; but not twice.
    transfer.load(other_url, whole, quiet)
    with pytest.raises(SetupError, match="in use"):
        transfer.load(other_url, whole, quiet)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".partial") == []


async def test_an_export_says_that_messages_were_being_sent(stage: Stage, store_url: str, tmp_path: Path) -> None:
    stage.crowd(3)
    trigger_id = stage.trigger(stage.broadcast())
    provider = Scripted(usual=Hangs())
    async with stage.working(stage.worker(provider, LostJobs())):
        await asyncio.wait_for(provider.reached.wait(), 20)
        header = await asyncio.to_thread(transfer.export, store_url, tmp_path / "busy", quiet)
        provider.usual = None
        provider.release.set()
        await stage.finished(trigger_id)
    assert header.open_chunks == 1


def copied(url: str, folder: Path, cluster: Any) -> str:
    """A backup as docs/backup.md takes it, restored beside the original."""
    if url.startswith("sqlite:///"):
        transfer.copy_file(Path(url.removeprefix("sqlite:///")), folder / "backup.db")
        shutil.copyfile(folder / "backup.db", folder / "restored.db")
        return f"sqlite:///{folder / 'restored.db'}"
    programs = binaries()
    assert programs is not None
    target = "restored"
    into = cluster.create(target)
    dump, plain = folder / "backup.dump", {**os.environ, "LC_ALL": "C"}
    for command in (
        [str(programs / "pg_dump"), "-Fc", "-f", str(dump), url],
        [str(programs / "pg_restore"), "--no-owner", "-d", str(into), str(dump)],
    ):
        subprocess.run(command, check=True, timeout=50, env=plain, capture_output=True)
    return str(into)


async def test_a_restored_backup_sends_nothing_of_what_it_calls_unsent(
    request: pytest.FixtureRequest, stage: Stage, store_url: str, workspace: Workspace, tmp_path: Path
) -> None:
    trigger_id = await half_sent(stage)
    waiting = stage.trigger(stage.broadcast())
    cluster = request.getfixturevalue("postgres_cluster") if stage.store.engine == "postgres" else None
    url = await asyncio.to_thread(copied, store_url, tmp_path, cluster)
    # After the backup all is sent, and another trigger: the backup knows nothing of that.
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(trigger_id)
        later = await asyncio.to_thread(stage.trigger, stage.broadcast())
        await stage.finished(later)
    restored = open_store(url)
    try:
        there = Stage(restored, workspace, tmp_path / "there")
        queued = sum(row["state"] == 0 for row in there.rows(trigger_id))
        assert 0 < queued < 40
        held = restored.write(restoring.hold)
        assert [(one.trigger_id, one.state, one.queued) for one in held] == [
            (trigger_id, "sending", queued),
            (waiting, "queued", 0),
        ]
        provider = Scripted()
        async with there.working(there.worker(provider, LostJobs())):
            await there.finished(trigger_id)
            await there.finished(waiting)
            assert provider.taken == []
            sums = there.sums(trigger_id)
            assert sums == {"sent": 40 - queued, "stopped broadcast_stopped": queued}
            # What is new is sent, under a number that nobody was ever given.
            fresh = await asyncio.to_thread(there.trigger, there.broadcast())
            assert fresh > later
            await there.finished(fresh)
        assert len(provider.taken) == 40
        assert restored.write(restoring.hold) == []
    finally:
        restored.close()


def test_a_copy_is_taken_while_others_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'clarion.db'}"
    store = open_store(url)
    try:
        for one in migrations("sqlite"):
            store.script(one.text)
        writing = store.write(lambda tx: tx.execute("take_turn", task="a", every_ms=1))
        assert writing
        done = transfer.copy_file(tmp_path / "clarion.db", tmp_path / "copy.db")
        assert (done.triggers, done.size > 0) == (0, True)
        with pytest.raises(SetupError, match="exists"):
            transfer.copy_file(tmp_path / "clarion.db", tmp_path / "copy.db")
        with pytest.raises(SetupError, match="there is no database file"):
            transfer.copy_file(tmp_path / "nothing.db", tmp_path / "other.db")
        with pytest.raises(SetupError, match="cannot back up"):
            transfer.copy_file(tmp_path / "clarion.db", tmp_path / "no" / "folder" / "copy.db")
    finally:
        store.close()
    copy = open_store(f"sqlite:///{tmp_path / 'copy.db'}")
    try:
        assert not copy.write(lambda tx: tx.execute("take_turn", task="a", every_ms=1) > 1)
    finally:
        copy.close()
