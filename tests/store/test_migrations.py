# SPDX-License-Identifier: Apache-2.0
"""From an empty file or database to the schema, whatever happens on the way."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from clarion.domain.errors import SetupError
from clarion.store.engine import Store
from clarion.store.migrate import Migration, applied, migrate, migrations, pending
from clarion.store.opening import open_store

from .ledgers import together

NEXT = Migration(9_001, "9001_next.sql", "CREATE TABLE extra (a bigint);")
BROKEN = Migration(9_002, "9002_broken.sql", "CREATE TABLE half (a bigint);\nCREATE TABLE half (a bigint);")


@pytest.fixture
def empty(empty_url: str) -> Iterator[Store]:
    store = open_store(empty_url)
    yield store
    store.close()


def known(store: Store, *more: Migration) -> list[Migration]:
    """What a newer program knows."""
    return [*migrations(store.engine), *more]


def has(store: Store, table: str) -> bool:
    catalogue = {"sqlite": "SELECT name FROM sqlite_master", "postgres": "SELECT relname AS name FROM pg_class"}
    return table in {row["name"] for row in store.read(lambda tx: tx.composed(catalogue[store.engine], {}))}


def test_every_step_once(empty: Store) -> None:
    assert applied(empty) == set()
    assert migrate(empty) == [step.name for step in migrations(empty.engine)]
    assert applied(empty) == {step.number for step in migrations(empty.engine)}
    assert migrate(empty) == []
    assert pending(empty) == []


def test_a_newer_schema_is_refused(empty: Store) -> None:
    migrate(empty, known(empty, NEXT))
    with pytest.raises(SetupError, match="schema version 9001"):
        pending(empty)
    with pytest.raises(SetupError, match="update it"):
        migrate(empty)


def test_a_failing_step_leaves_nothing_and_is_taken_up_again(empty: Store) -> None:
    with pytest.raises(Exception, match="half"):
        migrate(empty, known(empty, NEXT, BROKEN))
    assert has(empty, "extra")
    assert not has(empty, "half")
    assert 9_002 not in applied(empty)
    repaired = Migration(9_002, "9002_broken.sql", "CREATE TABLE half (a bigint);")
    assert migrate(empty, known(empty, NEXT, repaired)) == ["9002_broken.sql"]
    assert has(empty, "half")


KILLED = """
import os, sys
from clarion.store import migrate as m
from clarion.store.opening import open_store
store = open_store(sys.argv[1])
real, steps = store.script, []
def script(text):
    if steps:
        os._exit(9)
    steps.append(real(text))
store.script = script
m.migrate(store, [m.migrations(store.engine)[0], m.Migration(9001, "9001_next.sql", "CREATE TABLE extra (a bigint);")])
"""


def test_a_run_killed_between_steps_goes_on(empty_url: str) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, empty_url], check=False, timeout=30)
    assert killed.returncode == 9
    store = open_store(empty_url)
    try:
        assert len(applied(store)) == 1
        assert migrate(store, known(store, NEXT))[-1] == "9001_next.sql"
        assert pending(store, known(store, NEXT)) == []
    finally:
        store.close()


def test_threads_at_once(empty: Store) -> None:
    taken = together(*[lambda: migrate(empty)] * 4)
    assert sorted(name for names in taken for name in names) == sorted(step.name for step in migrations(empty.engine))


PROCESS = """
import sys
from clarion.store.migrate import migrate
from clarion.store.opening import open_store
store = open_store(sys.argv[1])
sys.stdin.readline()
print(*migrate(store))
store.close()
"""


def test_processes_at_once(empty_url: str) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, empty_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    answers: list[str] = []
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    for run in runs:
        out, _ = run.communicate(timeout=40)
        assert run.returncode == 0
        answers += out.split()
    store = open_store(empty_url)
    try:
        assert sorted(answers) == sorted(step.name for step in migrations(store.engine))
        assert pending(store) == []
    finally:
        store.close()


def test_numbers_are_unique_and_ascending() -> None:
    for engine in ("sqlite", "postgres"):
        steps = [step.number for step in migrations(engine)]
        assert steps == sorted(set(steps))
        assert all("{{" not in step.text.split("\n", 3)[3] for step in migrations(engine))
