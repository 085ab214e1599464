# SPDX-License-Identifier: Apache-2.0
"""`python -m benchmarks.bare URL PORT`: the framework alone, with one upsert of a person for each call or item.

What `identify` is measured against: the same server, the same drivers, the same durability, no rules.
"""

import json
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg_pool
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_TABLE = "CREATE TABLE IF NOT EXISTS bare (id text PRIMARY KEY, attributes text NOT NULL)"
_UPSERT = (
    "INSERT INTO bare (id, attributes) VALUES ({0}, {0}) "
    "ON CONFLICT (id) DO UPDATE SET attributes = excluded.attributes"
)
_THREADS = 8


class Sqlite:
    """One writer, as the engine has it; every call is a commit."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(_TABLE)
        self._guard = threading.Lock()

    def upsert(self, rows: list[tuple[str, str]]) -> None:
        """In one transaction."""
        with self._guard:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_UPSERT.format("?"), rows)
            self._connection.execute("COMMIT")


class Postgres:
    """A pool of connections."""

    def __init__(self, url: str) -> None:
        self._pool = psycopg_pool.ConnectionPool(url, min_size=_THREADS, max_size=_THREADS, open=True)
        with self._pool.connection() as connection:
            connection.execute(_TABLE)

    def upsert(self, rows: list[tuple[str, str]]) -> None:
        """In one transaction."""
        with self._pool.connection() as connection, connection.cursor() as cursor:
            cursor.executemany(_UPSERT.format("%s"), rows)


def main() -> None:
    """Serve until killed."""
    url, port = sys.argv[1], int(sys.argv[2])
    database = Sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else Postgres(url)
    threads = ThreadPoolExecutor(_THREADS)

    async def put(request: Request) -> Response:
        body = json.loads(await request.body())
        await _done(threads, database, [(request.path_params["id"], json.dumps(body))])
        return Response(b"{}\n", media_type="application/json")

    async def batch(request: Request) -> Response:
        items = json.loads(await request.body())["batch"]
        rows = [(item["identifiers"]["id"], json.dumps(item["attributes"])) for item in items]
        await _done(threads, database, rows)
        return Response(b"{}\n", media_type="application/json")

    routes = [
        Route("/api/v1/customers/{id}", put, methods=["PUT"]),
        Route("/api/v2/batch", batch, methods=["POST"]),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="error")


async def _done(threads: ThreadPoolExecutor, database: Sqlite | Postgres, rows: list[tuple[str, str]]) -> None:
    import asyncio  # noqa: PLC0415 - after uvicorn has chosen the loop

    await asyncio.get_running_loop().run_in_executor(threads, database.upsert, rows)


if __name__ == "__main__":
    main()
