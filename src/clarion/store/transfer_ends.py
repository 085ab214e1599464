# SPDX-License-Identifier: Apache-2.0
"""The two ends of a transfer: a connection to SQLite or PostgreSQL with one transaction over every table."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.abc import QueryNoTemplate

from clarion.domain.errors import SetupError


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, as the catalogue has them."""

    name: str
    columns: tuple[str, ...]


def _ordered(found: Mapping[str, Sequence[str]], needs: Mapping[str, set[str]]) -> list[Table]:
    """Tables with their columns, each behind those it refers to."""
    ordered: list[str] = []
    while len(ordered) < len(found):
        ready = [name for name in found if name not in ordered and needs[name] - {name} <= set(ordered)]
        if not ready:
            raise AssertionError("tables refer to each other in a circle")
        ordered += ready
    return [Table(name, tuple(found[name])) for name in ordered]


class SqliteEnd:
    """An SQLite file. Raises SetupError when it cannot be opened."""

    def __init__(self, path: Path, *, writing: bool, left_out: Collection[str]) -> None:
        self._left_out = left_out
        try:
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._connection.execute("BEGIN IMMEDIATE" if writing else "BEGIN")
            self._connection.execute("PRAGMA defer_foreign_keys=ON")
        except sqlite3.Error as error:
            raise SetupError(f"cannot open {path}: {error}") from error

    def tables(self) -> list[Table]:  # noqa: D102 - see transfer.End
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        ).fetchall()
        ours = [name for (name,) in names if name not in self._left_out]
        found = {name: [row[1] for row in self._connection.execute(f"PRAGMA table_info({name})")] for name in ours}
        needs = {
            name: {row[2] for row in self._connection.execute(f"PRAGMA foreign_key_list({name})")} for name in ours
        }
        return _ordered(found, needs)

    def rows(self, table: Table, batch: int) -> Iterator[Sequence[Sequence[Any]]]:  # noqa: D102
        cursor = self._connection.execute(f"SELECT {', '.join(table.columns)} FROM {table.name}")
        while rows := cursor.fetchmany(batch):
            yield rows

    def put(self, table: str, columns: Sequence[str], rows: Iterator[Sequence[Sequence[Any]]]) -> int:  # noqa: D102
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        count = 0
        try:
            for some in rows:
                self._connection.executemany(statement, some)
                count += len(some)
        except sqlite3.Error as error:
            raise SetupError(f"cannot import {table}: {error}") from error
        return count

    def empty(self, table: str) -> None:  # noqa: D102
        self._connection.execute(f"DELETE FROM {table}")

    def number(self, text: str) -> int:  # noqa: D102
        return int(self._connection.execute(text).fetchone()[0])

    def commit(self) -> None:  # noqa: D102
        self._connection.execute("COMMIT")

    def close(self) -> None:  # noqa: D102
        self._connection.close()


class PostgresEnd:
    """A PostgreSQL database. Raises SetupError when it cannot be reached."""

    def __init__(self, url: str, *, writing: bool, left_out: Collection[str]) -> None:
        self._left_out = left_out
        try:
            self._connection = psycopg.connect(url, connect_timeout=10)
        except psycopg.Error as error:
            raise SetupError(f"cannot reach PostgreSQL: {str(error).strip()}") from error
        if not writing:
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
        self._connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # a long transaction, on purpose

    def tables(self) -> list[Table]:  # noqa: D102 - see transfer.End
        found: dict[str, list[str]] = {}
        for name, column in self._connection.execute(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c"
            " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
            " JOIN pg_class r ON r.oid = to_regclass(quote_ident(c.table_name)) AND NOT r.relispartition"
            " WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'"
            " AND c.table_name NOT LIKE 'procrastinate%' ORDER BY c.table_name, c.ordinal_position"
        ):
            if name not in self._left_out:
                found.setdefault(name, []).append(column)
        referred = self._connection.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
        ).fetchall()
        return _ordered(found, {name: {to for of, to in referred if of == name} for name in found})

    def rows(self, table: Table, batch: int) -> Iterator[Sequence[Sequence[Any]]]:  # noqa: D102
        with self._connection.cursor(name="transfer") as cursor:
            cursor.execute(
                sql.SQL("SELECT {} FROM {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, table.columns)), sql.Identifier(table.name)
                )
            )
            while rows := cursor.fetchmany(batch):
                yield rows

    def put(self, table: str, columns: Sequence[str], rows: Iterator[Sequence[Sequence[Any]]]) -> int:  # noqa: D102
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        count = 0
        try:
            with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
                for some in rows:
                    for row in some:
                        copy.write_row(row)
                    count += len(some)
        except psycopg.Error as error:
            raise SetupError(f"cannot import {table}: {str(error).strip()}") from error
        self._connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        return count

    def empty(self, table: str) -> None:  # noqa: D102
        self._connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))

    def number(self, text: str) -> int:  # noqa: D102
        row = self._connection.execute(cast("QueryNoTemplate", text)).fetchone()
        return int(row[0]) if row else 0

    def commit(self) -> None:  # noqa: D102
        self._connection.commit()

    def close(self) -> None:  # noqa: D102
        self._connection.close()
