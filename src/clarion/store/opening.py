# SPDX-License-Identifier: Apache-2.0
"""From a database URL to an open store."""

from pathlib import Path

from clarion.domain.errors import SetupError
from clarion.store.engine import Store
from clarion.store.postgres import PostgresStore
from clarion.store.sqlite import SqliteStore


def open_store(url: str, *, connections: int = 8, create: bool = True) -> Store:
    """Open ``sqlite:///path/to/file`` or ``postgresql://…``; `connections` bounds the PostgreSQL pool.

    `create`: a file that is not there is made.

    Raises:
        SetupError: another kind of URL, or the database cannot be opened.
    """
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        if not path:
            raise SetupError("the database URL names no file: use sqlite:///clarion.db")
        if not create and not Path(path).exists():
            raise SetupError(f"there is no database {path}: run `clarion migrate` first")
        return SqliteStore(Path(path))
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresStore(url, connections=connections)
    scheme = url.partition(":")[0]
    raise SetupError(f"the database URL must start with sqlite:/// or postgresql://, not {scheme!r}")
