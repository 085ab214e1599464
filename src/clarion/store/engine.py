# SPDX-License-Identifier: Apache-2.0
"""Connections and transactions: one `Store`, one `Transaction`, whatever the engine.

A piece of work is a function of a transaction. `Store.write` runs it in a read-write transaction and runs it
again after a deadlock or a lost race for a unique key, so it must do nothing but database work. `Store.read`
gives it one consistent snapshot.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from clarion.store.queries import Engine

T = TypeVar("T")
Row = Mapping[str, Any]


class Transaction(Protocol):
    """A running transaction. Queries are named; parameters and columns go by name."""

    engine: Engine

    def all(self, query: str, **parameters: object) -> list[Row]:
        """Every row."""
        ...

    def one(self, query: str, **parameters: object) -> Row | None:
        """The first row, or None."""
        ...

    def execute(self, query: str, **parameters: object) -> int:
        """Run a statement; the number of rows it changed."""
        ...

    def many(self, query: str, rows: Sequence[Mapping[str, object]]) -> int:
        """Run a statement once per row, as one bulk operation; the number of rows changed.

        On PostgreSQL the statement takes each parameter as an array (``unnest``) and is sent once.
        """
        ...

    def bulk(self, query: str, columns: Mapping[str, Sequence[object]], **constants: object) -> int:
        """Like `many` for rows that are columns already, all of one length; the number of rows changed.

        `constants` are the same in every row; on PostgreSQL they are plain parameters. Columns hold whole
        numbers, texts without NUL, or None.
        """
        ...

    def load(
        self, query: str, columns: Mapping[str, Sequence[int]], texts: Sequence[bytes | None], **constants: object
    ) -> int:
        """Insert rows of whole numbers and a long text, UTF-8 and not empty; the number of rows.

        On PostgreSQL a COPY, with the constants first and the text last. On SQLite one statement: `:rows` is JSON,
        for each row its numbers and where in the bytes of `:texts` its text begins (from 1) and how long it is.
        """
        ...

    def tuples(self, query: str, **parameters: object) -> list[tuple[Any, ...]]:
        """Every row as its values in the order of the statement: for results of thousands of rows."""
        ...

    def composed(self, text: str, parameters: Mapping[str, object]) -> list[Row]:
        """Run a statement put together by `store.audience`; nobody else composes SQL."""
        ...

    def composed_tuples(self, text: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """`composed`, with each row as its values."""
        ...

    def now_ms(self) -> int:
        """The database's clock, Unix milliseconds: the only clock that rules leases."""
        ...

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` once this transaction has committed; not at all when it does not."""
        ...


class Store(Protocol):
    """An open database; `url` is what it was opened by."""

    engine: Engine
    url: str

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one consistent snapshot, without writing."""
        ...

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in a read-write transaction and commit; again when the engine asks for a retry."""
        ...

    def script(self, text: str) -> None:
        """Run many statements in one transaction (migrations)."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


def columns(rows: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    """Rows turned into one list per column, for `unnest`."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def run_after_commit(actions: Iterable[Callable[[], None]]) -> None:
    """Call what was registered with `after_commit`, in order."""
    for action in actions:
        action()
