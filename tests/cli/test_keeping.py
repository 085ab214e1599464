# SPDX-License-Identifier: Apache-2.0
"""Backup, moving, restoring and erasing by command."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from clarion.domain.people import Person
from clarion.store import access, people
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers
from clarion.store.opening import open_store

Clarion = Callable[..., "subprocess.CompletedProcess[str]"]


def test_to_another_database_and_back_from_a_backup(clarion: Clarion, tmp_path: Path, store_url: str) -> None:
    here, there = ("--database-url", store_url), ("--database-url", "sqlite:///there.db")
    made = json.loads(clarion("create-workspace", "Acme", "--json", *here).stdout)
    exported = clarion("export", "all.gz", *here)
    assert (exported.returncode, "workspace: 1" in exported.stderr) == (0, True)
    moved = clarion("import", "all.gz", *there)
    assert (moved.returncode, moved.stdout.strip()) == (0, "every table has the rows of the export")
    store = open_store(f"sqlite:///{tmp_path / 'there.db'}")
    try:
        assert store.read(lambda tx: access.by_app_key(tx, made["app_key"])) is not None
    finally:
        store.close()
    again = clarion("import", "all.gz", *there)
    assert (again.returncode, "import into an empty one" in again.stderr) == (2, True)
    assert "there.copy: " in clarion("backup", "there.copy", *there).stdout
    restored = clarion("restored", "--database-url", "sqlite:///there.copy")
    assert restored.stdout.strip() == "0 triggers stopped; numbers given since the backup are skipped"
    old = clarion("import", "all.gz", "--as-backup", "--database-url", "sqlite:///third.db")
    assert "numbers given since the backup are skipped" in old.stdout
    refused = clarion("backup", "x", "--database-url", "postgresql://nobody@127.0.0.1:1/x")
    assert (refused.returncode, "use pg_dump" in refused.stderr) == (2, True)


def test_erasing(clarion: Clarion, store: Store, store_url: str, workspace: Workspace) -> None:
    (number,) = PersonNumbers(store).take(workspace.workspace_id)
    ann = Person(number, "ann", "ann@x.test", {}, {}, 0)
    store.write(lambda tx: people.insert(tx, workspace, [ann]))
    place = ("--database-url", store_url, "--workspace", str(workspace.workspace_id))
    done = clarion("erase", "--id", "ann", *place)
    assert (done.returncode, done.stdout.startswith(f"erased {ann.cio_id}: people 1")) == (0, True)
    assert clarion("erase", "--list", *place).stdout.startswith(f"{ann.cio_id} ")
    for arguments, words in (
        (("--id", "ann"), "nobody was erased: not found"),
        ((), "name exactly one of"),
        (("--id", "a", "--email", "b"), "name exactly one of"),
        (("--id", "a", "--workspace", "77"), "there is no workspace 77"),
    ):
        refused = clarion("erase", *place, *arguments)
        assert (refused.returncode, words in refused.stderr, "Traceback" in refused.stderr) == (2, True, False)
