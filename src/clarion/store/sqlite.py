# SPDX-License-Identifier: Apache-2.0
"""The SQLite engine: WAL, synchronous=FULL, short BEGIN IMMEDIATE transactions, one connection per thread."""

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate, repeat
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from clarion.domain.errors import SetupError, Unavailable
from clarion.store.engine import Row, Transaction, run_after_commit
from clarion.store.queries import Engine, for_driver, load, numbered

T = TypeVar("T")
_AWAY = ("locked", "busy", "full", "disk I/O error", "unable to open", "readonly")
_BUSY_SECONDS = 30.0  # how long a writer waits for the single write lock before the call fails


class _SqliteTransaction:
    engine: Engine = "sqlite"

    def __init__(self, connection: sqlite3.Connection, queries: Mapping[str, str]) -> None:
        self._connection = connection
        self._queries = queries
        self.committed: list[Callable[[], None]] = []

    def all(self, query: str, **parameters: object) -> list[Row]:
        return _named(self._connection.execute(self._queries[query], parameters))

    def one(self, query: str, **parameters: object) -> Row | None:
        cursor = self._connection.execute(self._queries[query], parameters)
        values = cursor.fetchone()
        return None if values is None else dict(zip((c[0] for c in cursor.description), values, strict=True))

    def execute(self, query: str, **parameters: object) -> int:
        return self._connection.execute(self._queries[query], parameters).rowcount

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> int:
        if not rows:
            return 0
        return self._connection.executemany(self._queries[query], rows).rowcount

    def bulk(self, query: str, columns: Mapping[str, Sequence[object]], **constants: object) -> int:
        text = numbered(self._queries[query], (*columns, *constants))
        rows = zip(*columns.values(), *(repeat(value) for value in constants.values()), strict=False)
        return self._connection.executemany(text, rows).rowcount

    def load(
        self, query: str, columns: Mapping[str, Sequence[int]], texts: Sequence[bytes | None], **constants: object
    ) -> int:
        # One statement, which other threads of the process need not wait for as they do row by row.
        pieces = [text or b"" for text in texts]
        starts = accumulate(map(len, pieces), initial=1)
        rows = msgspec.json.encode(list(zip(*columns.values(), starts, map(len, pieces), strict=False))).decode()
        parameters = {**constants, "rows": rows, "texts": b"".join(pieces)}
        return self._connection.execute(self._queries[query], parameters).rowcount

    def tuples(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(self._queries[query], parameters).fetchall()

    def composed(self, text: str, parameters: Mapping[str, object]) -> list[Row]:
        return _named(self._connection.execute(for_driver(text, "sqlite"), parameters))

    def composed_tuples(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self._connection.execute(for_driver(text, "sqlite"), parameters).fetchall()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def after_commit(self, action: Callable[[], None]) -> None:
        self.committed.append(action)


def _raise_if_away(error: sqlite3.OperationalError) -> None:
    """Raises Unavailable where the error says that the file cannot be used right now."""
    if any(word in str(error) for word in _AWAY):
        raise Unavailable(f"the database is not available: {error}") from error


def _named(cursor: sqlite3.Cursor) -> list[Row]:
    rows = cursor.fetchall()
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, values, strict=True)) for values in rows]


class SqliteStore:
    """An SQLite file; safe for many threads and, while transactions stay short, several processes."""

    engine: Engine = "sqlite"

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        self._queries = load("sqlite")
        self._local = threading.local()
        self._open: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._guard = threading.Lock()
        self._closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection().execute("SELECT 1")
        except (OSError, sqlite3.Error) as error:
            raise SetupError(f"cannot open the database file {path}: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise SetupError("the store is closed")
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(
                self._path, isolation_level=None, timeout=0, check_same_thread=False, cached_statements=256
            )
            # The mode change needs the file for itself for a moment; another process may be opening it too.
            self._patiently(lambda: connection.execute("PRAGMA journal_mode=WAL"))
            connection.execute("PRAGMA synchronous=FULL")  # a commit must survive a power cut before we send
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA temp_store=MEMORY")
            connection.execute("PRAGMA cache_size=-32000")
            with self._guard:
                self._close_abandoned()
                self._open.append((threading.current_thread(), connection))
            self._local.connection = connection
        return connection

    def _close_abandoned(self) -> None:
        # Thread pools let idle threads go; their connections would pile up until the store is closed.
        for thread, connection in self._open:
            if not thread.is_alive():
                connection.close()
        self._open = [(thread, connection) for thread, connection in self._open if thread.is_alive()]

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent snapshot.

        Raises:
            Unavailable: the file cannot be read right now.
        """
        try:
            return self._read(work)
        except sqlite3.OperationalError as error:
            _raise_if_away(error)
            raise

    def _read(self, work: Callable[[Transaction], T]) -> T:
        connection = self._connection()
        connection.execute("BEGIN")
        connection.execute("PRAGMA query_only=ON")
        try:
            return work(_SqliteTransaction(connection, self._queries))
        finally:
            with suppress(sqlite3.Error):  # an I/O error has rolled back already
                connection.execute("ROLLBACK")
            connection.execute("PRAGMA query_only=OFF")

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a BEGIN IMMEDIATE transaction and commit.

        Raises:
            Unavailable: the lock could not be had for half a minute, or the disk is full or broken; nothing changed.
        """
        try:
            return self._write(work)
        except sqlite3.OperationalError as error:
            _raise_if_away(error)
            raise

    def _write(self, work: Callable[[Transaction], T]) -> T:
        connection = self._connection()
        self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
        transaction = _SqliteTransaction(connection, self._queries)
        try:
            result = work(transaction)
            self._patiently(lambda: connection.execute("COMMIT"))
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        run_after_commit(transaction.committed)
        return result

    def script(self, text: str) -> None:
        """Run many statements in one transaction."""
        connection = self._connection()
        self._patiently(lambda: connection.execute("BEGIN IMMEDIATE"))
        try:
            for statement in _statements(text):
                connection.execute(statement)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    @staticmethod
    def _patiently(action: Callable[[], object]) -> None:
        """Retry on a held lock with a short random pause: SQLite's own busy handler is unfair under load."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                action()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) and "busy" not in str(error):
                    raise
                if time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0.0005, 0.004))  # noqa: S311 - jitter, not a secret
            else:
                return

    def close(self) -> None:
        """Close every thread's connection."""
        with self._guard:
            self._closed = True
            for _, connection in self._open:
                connection.close()
            self._open.clear()


def _statements(text: str) -> list[str]:
    """Split a script; complete_statement knows about strings and comments."""
    statements, pending = [], ""
    for line in text.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    if pending.strip() and not all(line.strip().startswith("--") for line in pending.splitlines() if line.strip()):
        statements.append(pending)
    return statements
