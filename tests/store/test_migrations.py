# SPDX-License-Identifier: Apache-2.0
"""From an empty file or database to the schema, whatever happens on the way."""

import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from clarion.domain.errors import SetupError
from clarion.store import numbers
from clarion.store.engine import Store
from clarion.store.migrate import Migration, applied, contracts, migrate, migrations, minimum, outdated, pending, step
from clarion.store.opening import open_store
from clarion.store.postgres import PostgresStore
from clarion.store.watched import WatchedStore

from .ledgers import ONLY_POSTGRES, together

NEXT = Migration(9_001, "9001_next.sql", "CREATE TABLE extra (a bigint);")
CONTRACT = step(9_010, "9010_contract.sql", "-- contract: 9001\nCREATE TABLE contracted (a bigint);")
BROKEN = Migration(9_002, "9002_broken.sql", "CREATE TABLE half (a bigint);\nCREATE TABLE half (a bigint);")


@pytest.fixture
def empty(empty_url: str) -> Iterator[Store]:
    store = open_store(empty_url)
    yield store
    store.close()


def test_a_server_brings_its_empty_database_up_to_date_through_the_store_it_watches(empty: Store) -> None:
    migrate(WatchedStore(empty, away=lambda: None))
    assert not pending(empty)


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


def test_a_newer_schema_is_no_obstacle_until_the_minimum_says_so(empty: Store) -> None:
    migrate(empty, known(empty, NEXT))
    assert pending(empty) == []
    assert migrate(empty) == []
    knows = migrations(empty.engine)[-1].number
    assert outdated(empty, knows) is None
    assert migrate(empty, known(empty, NEXT, CONTRACT), contract=True, pause=lambda _: None) == [CONTRACT.name]
    assert outdated(empty, CONTRACT.number) is None
    words = f"knows the database's schema up to step {knows}, it must know step 9001: update it"
    assert words in str(outdated(empty, knows))
    for refused in (pending, migrate):
        with pytest.raises(SetupError, match="must know step 9001"):
            refused(empty)


def test_a_contract_waits_until_it_is_asked_for_and_older_programs_were_told(empty: Store) -> None:
    migrate(empty)
    steps = known(empty, NEXT, CONTRACT)
    assert pending(empty, steps) == [NEXT]
    assert migrate(empty, steps) == [NEXT.name]
    assert (pending(empty, steps), contracts(empty, steps)) == ([], [CONTRACT])
    assert (minimum(empty), has(empty, "contracted")) == (0, False)
    told: list[tuple[float, int, bool]] = []

    def pause(seconds: float) -> None:
        told.append((seconds, minimum(empty), has(empty, "contracted")))

    assert migrate(empty, steps, contract=True, grace_seconds=7.0, pause=pause) == [CONTRACT.name]
    assert told == [(7.0, 9_001, False)]
    assert has(empty, "contracted")
    assert contracts(empty, steps) == []


def test_a_new_database_takes_contracts_at_once(empty: Store) -> None:
    def never(seconds: float) -> None:
        pytest.fail("nobody uses a new database: there is nothing to wait for")

    assert migrate(empty, known(empty, NEXT, CONTRACT), pause=never)[-1] == CONTRACT.name
    assert minimum(empty) == 9_001


def test_a_database_from_before_there_was_a_minimum(empty: Store) -> None:
    first = migrations(empty.engine)[0]
    empty.script(
        "CREATE TABLE schema_version (version bigint PRIMARY KEY, name text NOT NULL);\n"
        f"INSERT INTO schema_version (version, name) VALUES (1, 'initial');\n{first.text}"
    )
    assert minimum(empty) == 0
    assert migrate(empty) == [step.name for step in migrations(empty.engine)[1:]]
    assert pending(empty) == []


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


@ONLY_POSTGRES
def test_a_step_never_waits_long_for_a_lock_so_senders_have_their_turn(store: Store, store_url: str) -> None:
    assert isinstance(store, PostgresStore)
    altering = Migration(9_001, "9001_alter.sql", "ALTER TABLE delivery ADD COLUMN extra bigint;")
    pauses: list[float] = []
    with psycopg.connect(store.url) as sender:
        sender.execute("SELECT 1 FROM delivery")

        def pause(seconds: float) -> None:
            # While the step waits for its next turn nobody queues behind it.
            pauses.append(seconds)
            with psycopg.connect(store_url) as other:
                other.execute("SET lock_timeout = '1s'")
                other.execute("SELECT 1 FROM delivery")
            sender.rollback()

        assert migrate(store, known(store, altering), pause=pause) == ["9001_alter.sql"]
    assert len(pauses) == 1


@ONLY_POSTGRES
def test_an_index_is_made_outside_a_transaction_by_one_program_only(store: Store) -> None:
    text = (
        "-- outside a transaction: writers go on\n"
        "DROP INDEX CONCURRENTLY IF EXISTS delivery_extra;\n"
        "CREATE INDEX CONCURRENTLY delivery_extra ON delivery (trigger_id, due_ms);\n"
    )
    made = step(9_001, "9001_index.postgres.sql", text)
    assert made.outside
    taken = together(*[lambda: migrate(store, known(store, made))] * 3)
    assert [name for names in taken for name in names] == ["9001_index.postgres.sql"]
    assert has(store, "delivery_extra")


def test_numbers_are_unique_and_ascending() -> None:
    for engine in ("sqlite", "postgres"):
        steps = [step.number for step in migrations(engine)]
        assert steps == sorted(set(steps))
        lines = [line for step in migrations(engine) for line in step.text.splitlines() if not line.startswith("--")]
        assert not [line for line in lines if "{{" in line]


def test_languages_that_there_were_get_numbers_of_their_own(empty: Store) -> None:
    migrate(empty, [one for one in migrations(empty.engine) if one.number < 50])
    spoken = '[{"language":"es","content":{}},{"language":"pt-BR","content":{}}]'
    empty.script(f"""
        INSERT INTO number_range (name, next) VALUES ('action', 12);
        INSERT INTO workspace (workspace_id, name, identifiers, created_ms) VALUES (1, 'One', 'id_email', 1);
        INSERT INTO broadcast (broadcast_id, workspace_id, name, state, recipients, doubt_policy, tags, created_ms,
            updated_ms) VALUES (1, 1, 'B', 'draft', '{{}}', 'hold', '[]', 1, 1);
        INSERT INTO action (action_id, broadcast_id, position, name, kind, sending_state, send_to_unsubscribed, content,
            created_ms, updated_ms, variants) VALUES (11, 1, 1, 'A', 'email', 'automatic', 0, '{{}}', 1, 1, '{spoken}');
    """)
    migrate(empty)
    rows = empty.read(lambda tx: tx.composed("SELECT language, variant_id FROM action_language ORDER BY 1", {}))
    assert [(row["language"], row["variant_id"]) for row in rows] == [("es", 12), ("pt-br", 13)]
    assert empty.write(lambda tx: numbers.take(tx, "action")) == 14
