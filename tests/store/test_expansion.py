# SPDX-License-Identifier: Apache-2.0
"""The rules of docs/deployment.md for migrations: a step that is not a contract leaves older programs working.

What a step does is read from the catalogue before and after it; what it locks, from its text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from clarion.store.engine import Row, Store
from clarion.store.migrate import Migration, migrate, migrations, step
from clarion.store.opening import open_store

FIRST = 3  # the schema of the first release
# Tables that may hold millions of rows. All others are locked for a moment only, however long the statement runs.
LARGE = (
    "delivery|device|person|person_event|segment_member|suppressed_identifier|trigger_count|trigger_entry|trigger_error"
)
COLUMNS = {
    "sqlite": 'SELECT m.name AS "table", c.name AS "column", c.type AS kind, (c."notnull" OR c.pk > 0) AS required,'
    " c.dflt_value IS NOT NULL AS filled FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'",
    "postgres": 'SELECT table_name AS "table", column_name AS "column", data_type AS kind,'
    " is_nullable = 'NO' AS required, column_default IS NOT NULL AS filled"
    " FROM information_schema.columns WHERE table_schema = 'public'",
}
UNIQUE = {
    "sqlite": "SELECT name, tbl_name AS \"table\" FROM sqlite_master WHERE type = 'index' AND sql LIKE '%UNIQUE%'",
    "postgres": "SELECT indexname AS name, tablename AS \"table\" FROM pg_indexes WHERE indexdef LIKE '%UNIQUE%'"
    " AND schemaname = 'public'",
}


@dataclass(frozen=True)
class Catalogue:
    columns: dict[tuple[str, str], Row]
    unique: dict[str, str]

    @classmethod
    def of(cls, store: Store) -> "Catalogue":
        columns = store.read(lambda tx: tx.composed(COLUMNS[store.engine], {}))
        unique = store.read(lambda tx: tx.composed(UNIQUE[store.engine], {}))
        return cls(
            {(str(row["table"]), str(row["column"])): row for row in columns},
            {str(row["name"]): str(row["table"]) for row in unique},
        )

    @property
    def tables(self) -> set[str]:
        return {table for table, _ in self.columns}


def broken_promises(before: Catalogue, after: Catalogue) -> Iterator[str]:
    """What an older program would stumble over."""
    for (table, column), row in before.columns.items():
        now = after.columns.get((table, column))
        if now is None:
            yield f"{table}.{column} is gone"
        elif now["kind"] != row["kind"]:
            yield f"{table}.{column} has another type"
        elif now["required"] and not row["required"]:
            yield f"{table}.{column} must not be null any more"
    for (table, column), row in after.columns.items():
        if (table, column) not in before.columns and table in before.tables and row["required"] and not row["filled"]:
            yield f"{table}.{column} is required and has no default"
    for name, table in after.unique.items():
        if name not in before.unique and table in before.tables:
            yield f"{name} forbids what older programs may write"


def locks(one: Migration) -> Iterator[str]:
    """What would hold up senders on PostgreSQL."""
    text = re.sub(r"--.*", "", one.text)
    made = set(re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", text))
    for how, table in re.findall(rf"CREATE (?:UNIQUE )?INDEX (CONCURRENTLY )?[^;]*?\bON (?:ONLY )?({LARGE})\b", text):
        if not how and table not in made:
            yield f"an index on {table}: make it CONCURRENTLY, in a file for PostgreSQL outside a transaction"
    if "CONCURRENTLY" in text and not one.outside:
        yield "CONCURRENTLY works outside a transaction only"
    for table in re.findall(rf"(?:UPDATE|DELETE FROM) ({LARGE})\b", text):
        yield f"rewrites rows of {table}: do that in batches while running"
    for table, rest in re.findall(rf"ALTER TABLE (?:ONLY )?({LARGE})\b([^;]*)", text):
        if "ADD CONSTRAINT" in rest and "NOT VALID" not in rest:
            yield f"reads all of {table} under a lock: add the constraint NOT VALID"
        if re.search(r"DEFAULT\s+\(?(now|clock_timestamp|random|gen_random_uuid|nextval)\b", rest, re.IGNORECASE):
            yield f"writes all of {table} anew: its default differs from row to row"


@pytest.fixture
def empty(empty_url: str) -> Iterator[Store]:
    store = open_store(empty_url)
    yield store
    store.close()


def test_every_step_leaves_older_programs_working(empty: Store) -> None:
    steps = migrations(empty.engine)
    migrate(empty, [one for one in steps if one.number <= FIRST])
    for one in (one for one in steps if one.number > FIRST):
        before = Catalogue.of(empty)
        migrate(empty, [other for other in steps if other.number <= one.number])
        found = [] if one.minimum else [*broken_promises(before, Catalogue.of(empty))]
        if empty.engine == "postgres":
            found += locks(one)
        assert not found, f"{one.name}: {'; '.join(found)}. Expand now, and contract in a later release."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ALTER TABLE workspace DROP COLUMN name;", "workspace.name is gone"),
        ("DROP TABLE trigger_error;", "trigger_error.text is gone"),
        ("ALTER TABLE workspace RENAME COLUMN name TO title;", "workspace.name is gone"),
        ("ALTER TABLE person RENAME TO people;", "person.email is gone"),
        ("CREATE UNIQUE INDEX one_name ON workspace (name);", "one_name forbids"),
    ],
)
def test_what_older_programs_stumble_over_is_found(empty: Store, text: str, words: str) -> None:
    migrate(empty)
    before = Catalogue.of(empty)
    migrate(empty, [*migrations(empty.engine), Migration(9_001, "9001_bad.sql", text)])
    assert words in "; ".join(broken_promises(before, Catalogue.of(empty)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CREATE INDEX x ON delivery (due_ms);", "an index on delivery"),
        ("CREATE INDEX CONCURRENTLY x ON delivery (due_ms);", "outside a transaction only"),
        ("UPDATE person SET email = NULL;", "rewrites rows of person"),
        ("ALTER TABLE delivery ADD CONSTRAINT x CHECK (seq > 0);", "reads all of delivery"),
        ("ALTER TABLE person ADD COLUMN at timestamptz DEFAULT now();", "writes all of person anew"),
    ],
)
def test_what_holds_up_senders_is_found(text: str, words: str) -> None:
    assert words in "; ".join(locks(step(9_001, "9001_bad.sql", text)))


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE fresh (a bigint PRIMARY KEY);\nCREATE UNIQUE INDEX f ON fresh (a);",
        "ALTER TABLE delivery ADD COLUMN extra bigint;",
        "ALTER TABLE delivery ADD COLUMN extra bigint NOT NULL DEFAULT 0;",
    ],
)
def test_what_expands_is_let_through(empty: Store, text: str) -> None:
    migrate(empty)
    before = Catalogue.of(empty)
    added = step(9_001, "9001_good.sql", text)
    migrate(empty, [*migrations(empty.engine), added])
    assert [*broken_promises(before, Catalogue.of(empty)), *locks(added)] == []
