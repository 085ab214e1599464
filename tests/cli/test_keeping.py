# SPDX-License-Identifier: Apache-2.0
"""Backup, moving, restoring and erasing by command: what they do is said on standard output."""

from pathlib import Path

import pytest

from clarion.cli import keeping
from clarion.cli import people as erasing
from clarion.domain.errors import SetupError
from clarion.domain.people import Person
from clarion.settings import Settings, load
from clarion.store import access, people
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers
from clarion.store.opening import open_store

Said = pytest.CaptureFixture[str]


def at(url: str, folder: Path) -> Settings:
    return load(None, {}, {"database.url": url, "data.dir": str(folder / "data")})


def test_to_another_database_and_back_from_a_backup(
    tmp_path: Path, store: Store, store_url: str, workspace: Workspace, capsys: Said
) -> None:
    there = f"sqlite:///{tmp_path / 'there.db'}"
    file = tmp_path / "all.gz"
    keeping.export(at(store_url, tmp_path), file)
    assert "workspace: 1\n" in capsys.readouterr().err
    keeping.load(at(there, tmp_path), file, as_backup=False)
    assert capsys.readouterr().out == "every table has the rows of the export\n"
    moved = open_store(there)
    try:
        assert moved.read(access.workspaces) == [workspace]
    finally:
        moved.close()
    with pytest.raises(SetupError, match="import into an empty one"):
        keeping.load(at(there, tmp_path), file, as_backup=False)
    keeping.backup(at(there, tmp_path), tmp_path / "copy.db")
    assert "copy.db: " in capsys.readouterr().out
    held = "0 triggers stopped; numbers given since the backup are skipped\n"
    keeping.restored(at(f"sqlite:///{tmp_path / 'copy.db'}", tmp_path))
    assert capsys.readouterr().out == held
    keeping.load(at(f"sqlite:///{tmp_path / 'third.db'}", tmp_path), file, as_backup=True)
    assert capsys.readouterr().out.endswith(held)


def test_postgres_has_its_own_means_of_backup(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="use pg_dump"):
        keeping.backup(at("postgresql://nobody@127.0.0.1:1/x", tmp_path), tmp_path / "x")


def test_erasing(tmp_path: Path, store: Store, store_url: str, workspace: Workspace, capsys: Said) -> None:
    (number,) = PersonNumbers(store).take(workspace.workspace_id)
    ann = Person(number, "ann", "ann@x.test", {}, {}, 0)
    store.write(lambda tx: people.insert(tx, workspace, [ann]))

    def erase(named: dict[str, str], *, listing: bool = False, workspace_id: int = workspace.workspace_id) -> str:
        erasing.erase(at(store_url, tmp_path), workspace_id, named, suppress=False, listing=listing)
        return capsys.readouterr().out

    assert erase({"id": "ann"}).startswith(f"erased {ann.cio_id}: people 1, ")
    assert erase({}, listing=True).startswith(f"{ann.cio_id} ")
    faults: list[tuple[dict[str, str], str]] = [
        ({"id": "ann"}, "nobody was erased: not found"),
        ({}, "name exactly one of"),
        ({"id": "a", "email": "b"}, "name exactly one of"),
    ]
    for named, words in faults:
        with pytest.raises(SetupError, match=words):
            erase(named)
    with pytest.raises(SetupError, match="there is no workspace 77"):
        erase({"id": "ann"}, workspace_id=77)
