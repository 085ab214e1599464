# SPDX-License-Identifier: Apache-2.0
"""The PostgreSQL engine: psycopg 3, a small pool of connections, REPEATABLE READ snapshots for reads."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import Any, TypeVar, cast

import psycopg
from psycopg import IsolationLevel, errors
from psycopg.abc import QueryNoTemplate
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from clarion.domain.errors import DatabaseAway, Unavailable, UnknownOutcome
from clarion.store.arrays import copied, literal
from clarion.store.engine import Row, Transaction, columns, run_after_commit
from clarion.store.queries import Engine, for_driver, load

T = TypeVar("T")
_TRIES = 5
# A unique violation is retried too: two callers created the same person at once, the second now finds them.
_RETRIED = (errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation)

# A process or machine that vanishes in the middle of a transaction must not hold its row locks for hours.
_PATIENCE: dict[str, Any] = {
    "connect_timeout": 10,
    "options": "-c idle_in_transaction_session_timeout=15000"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,
    PoolTimeout,
)

Connection = psycopg.Connection[dict[str, Any]]


class _PostgresTransaction:
    engine: Engine = "postgres"

    def __init__(self, connection: Connection, queries: Mapping[str, str]) -> None:
        self.connection = connection
        self._queries = queries
        self.committed: list[Callable[[], None]] = []

    def _run(self, text: str, parameters: Mapping[str, object]) -> psycopg.Cursor[dict[str, Any]]:
        # The text comes from sql/*.sql or store.audience only; values always travel as parameters.
        return self.connection.execute(cast("QueryNoTemplate", text), parameters)

    def all(self, query: str, **parameters: object) -> list[Row]:
        return list(self._run(self._queries[query], parameters).fetchall())

    def one(self, query: str, **parameters: object) -> Row | None:
        return self._run(self._queries[query], parameters).fetchone()

    def execute(self, query: str, **parameters: object) -> int:
        return self._run(self._queries[query], parameters).rowcount

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> int:
        if not rows:
            return 0
        arrays = {name: literal(values) for name, values in columns(rows).items()}
        return self._run(self._queries[query], arrays).rowcount

    def bulk(self, query: str, columns: Mapping[str, Sequence[object]], **constants: object) -> int:
        arrays = {name: literal(values) for name, values in columns.items()}
        return self._run(self._queries[query], {**arrays, **constants}).rowcount

    def load(
        self, query: str, columns: Mapping[str, Sequence[int]], texts: Sequence[bytes | None], **constants: object
    ) -> int:
        lines = copied([*map(repeat, constants.values()), *columns.values()], texts)
        with self.connection.cursor() as cursor, cursor.copy(cast("QueryNoTemplate", self._queries[query])) as copy:
            copy.write(lines)
        return len(texts)

    def tuples(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        return self._values(self._queries[query], parameters)

    def composed(self, text: str, parameters: Mapping[str, object]) -> list[Row]:
        return list(self._run(for_driver(text, "postgres"), parameters).fetchall())

    def composed_tuples(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self._values(for_driver(text, "postgres"), parameters)

    def _values(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        with self.connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(cast("QueryNoTemplate", text), parameters).fetchall()

    def now_ms(self) -> int:
        row = self.one("database_now")
        return int(row["now_ms"]) if row else 0

    def after_commit(self, action: Callable[[], None]) -> None:
        self.committed.append(action)


def connection_of(tx: Transaction) -> Connection:
    """The driver's connection behind a transaction, for Procrastinate to submit on.

    Raises:
        TypeError: the transaction is another engine's.
    """
    if not isinstance(tx, _PostgresTransaction):
        raise TypeError("not a PostgreSQL transaction")
    return tx.connection


class PostgresStore:
    """A PostgreSQL database; `url` is a libpq URL or keyword string. Raises `DatabaseAway` where it does not answer."""

    engine: Engine = "postgres"

    def __init__(self, url: str, *, connections: int = 8) -> None:
        self.url = url
        self._queries = load("postgres")
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            min_size=1,
            max_size=connections,
            timeout=10,
            open=False,
            check=ConnectionPool.check_connection,  # a restarted server must not surface as a failed request
            kwargs={"row_factory": dict_row, "autocommit": False, "application_name": "clarion", **_PATIENCE},
        )
        try:
            # A first connection by hand: the pool would only say that it timed out.
            psycopg.connect(url, connect_timeout=10).close()
            self._pool.open(wait=True, timeout=15)
        except (psycopg.Error, PoolTimeout) as error:
            raise DatabaseAway(f"cannot reach PostgreSQL: {str(error).strip()}") from error

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A pooled connection; a server that is away surfaces as `Unavailable`."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except _AWAY as error:
            if isinstance(error, _RETRIED):
                raise
            raise Unavailable(f"the database is not available: {str(error).strip()}") from error

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one REPEATABLE READ snapshot."""
        with self._connection() as connection:
            connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
            connection.set_read_only(True)
            try:
                return work(_PostgresTransaction(connection, self._queries))
            finally:
                connection.rollback()
                connection.set_isolation_level(None)
                connection.set_read_only(None)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a READ COMMITTED transaction and commit; again after a deadlock."""
        for attempt in range(_TRIES):
            worked = False
            try:
                with self._connection() as connection:
                    transaction = _PostgresTransaction(connection, self._queries)
                    result = work(transaction)
                    worked = True
            except Unavailable as error:
                if worked:  # what remained was the commit
                    raise UnknownOutcome(str(error)) from error
                raise
            except _RETRIED:
                if attempt == _TRIES - 1:
                    raise
                # Without a pause of random length the same two transactions meet again.
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter, not a secret
            else:
                run_after_commit(transaction.committed)  # whatever it raises: the work must not run again
                return result
        raise AssertionError("unreachable")

    def script(self, text: str) -> None:
        """Run many statements in one transaction."""
        with self._pool.connection() as connection:
            connection.execute(cast("QueryNoTemplate", text))

    def close(self) -> None:
        """Close the pool."""
        self._pool.close()
