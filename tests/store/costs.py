# SPDX-License-Identifier: Apache-2.0
"""What a statement costs, in the engine's own counts: no clock, so the same on any machine."""

import json
import sqlite3
from collections.abc import Mapping

import psycopg

from clarion.store.engine import Store
from clarion.store.postgres import PostgresStore
from clarion.store.queries import load
from clarion.store.sqlite import SqliteStore


def cost(store: Store, name: str, parameters: Mapping[str, str | int]) -> int:
    """Pages that PostgreSQL touched, or steps of SQLite's machine; what the statement changes is taken back."""
    text = load(store.engine)[name]
    if isinstance(store, PostgresStore):
        with psycopg.connect(store.url) as connection:
            explained = ("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text).encode()
            found = connection.execute(explained, parameters).fetchone()
            connection.rollback()
            assert found is not None
            plan = found[0] if isinstance(found[0], list) else json.loads(found[0])
            return int(plan[0]["Plan"]["Shared Hit Blocks"]) + int(plan[0]["Plan"]["Shared Read Blocks"])
    assert isinstance(store, SqliteStore)
    sqlite = sqlite3.connect(store._path)
    sqlite.execute(
        "SELECT COUNT(*) FROM sqlite_schema"
    ).fetchall()  # a connection's first statement reads every table's
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    sqlite.set_progress_handler(count, 1)
    sqlite.execute(text, parameters).fetchall()
    sqlite.rollback()
    sqlite.close()
    return steps
