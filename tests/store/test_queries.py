# SPDX-License-Identifier: Apache-2.0
"""Every statement in sql/*.sql is valid on its engine, is called by somebody, and says why it differs."""

import re
import sqlite3
from importlib import resources
from pathlib import Path

import psycopg
import pytest

import clarion
from clarion.domain.errors import SetupError
from clarion.store import queries
from clarion.store.engine import Store
from clarion.store.migrate import BOOTSTRAP, migrations
from clarion.store.postgres import PostgresStore
from clarion.store.queries import load

from .ledgers import ONLY_POSTGRES

FILES = [f for f in resources.files("clarion.store").joinpath("sql").iterdir() if f.name.endswith(".sql")]

INTEGERS = {"next_entry", "count"}  # used in two ways, of which psycopg's type decides


def test_every_query_is_valid_on_sqlite() -> None:
    connection = sqlite3.connect(":memory:")
    try:
        for step in migrations("sqlite"):
            connection.executescript(step.text)
        connection.executescript(BOOTSTRAP)
        for name, text in load("sqlite").items():
            parameters = dict.fromkeys(re.findall(r":([a-z_0-9]+)", text))
            try:
                connection.execute("EXPLAIN " + text, parameters).fetchall()
            except sqlite3.Error as error:
                pytest.fail(f"{name}: {error}")
    finally:
        connection.close()


@ONLY_POSTGRES
def test_every_query_is_valid_on_postgres(store: Store) -> None:
    assert isinstance(store, PostgresStore)
    with psycopg.connect(store.url, autocommit=True) as connection:
        for name, text in load("postgres").items():
            if text.startswith(("ANALYZE", "COPY")):  # neither can be prepared; both are run by other tests
                continue
            parameters = list(dict.fromkeys(re.findall(r"%\(([a-z_0-9]+)\)s", text)))
            for number, parameter in enumerate(parameters, start=1):
                text = text.replace(f"%({parameter})s", f"${number}")  # noqa: PLW2901
            types = ", ".join("bigint" if parameter in INTEGERS else "unknown" for parameter in parameters)
            declared = f"({types})" if types else ""
            try:
                connection.execute(f"PREPARE q_{name}{declared} AS {text}".replace("%%", "%").encode())
            except psycopg.Error as error:
                pytest.fail(f"{name}: {error}")


def test_both_engines_have_the_same_queries() -> None:
    sqlite, postgres = load("sqlite"), load("postgres")
    assert sqlite.keys() == postgres.keys()
    for name, text in sqlite.items():
        named = set(re.findall(r":([a-z_0-9]+)", text))
        assert named >= set(re.findall(r"%\(([a-z_0-9]+)\)s", postgres[name])), name


def test_every_query_is_used() -> None:
    source = "\n".join(path.read_text("utf-8") for path in Path(next(iter(clarion.__path__))).rglob("*.py"))
    assert [name for name in load("sqlite") if f'"{name}"' not in source] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_query_of_one_engine_says_why(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if re.match(r"-- name: \w+ @", line):
            assert lines[number + 1].startswith("-- Differs: "), line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;", "query a is defined twice"),
        ("-- name: a @sqlite\nSELECT 1;\n-- name: a @sqlite\nSELECT 2;", "query a is defined twice"),
        ("SELECT 1;\n-- name: a\nSELECT 2;", "before the first query name"),
    ],
)
def test_what_cannot_be_loaded(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "some.sql").write_text(text)
    with pytest.raises(SetupError, match=words):
        load("sqlite", tmp_path)


def test_parameters_in_the_drivers_style() -> None:
    text = "SELECT x::text, 'a%' FROM t WHERE a = :a AND b_c = :b_c"
    assert queries.for_driver(text, "sqlite") == text
    assert queries.for_driver(text, "postgres") == "SELECT x::text, 'a%%' FROM t WHERE a = %(a)s AND b_c = %(b_c)s"


def test_a_list_of_numbers_is_asked_as_each_engine_finds_it_by_index() -> None:
    text = "SELECT 1 FROM t WHERE t.a {{in :numbers}} AND b = :b"
    assert queries.for_driver(text, "sqlite") == (
        "SELECT 1 FROM t WHERE t.a IN (SELECT value FROM json_each(:numbers)) AND b = :b"
    )
    assert queries.for_driver(text, "postgres") == (
        "SELECT 1 FROM t WHERE t.a = ANY (CAST(translate(%(numbers)s, '[]', '{}') AS bigint[])) AND b = %(b)s"
    )
