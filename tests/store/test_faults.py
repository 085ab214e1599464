# SPDX-License-Identifier: Apache-2.0
"""The database fails in the middle: what the caller is told, and what is in the database."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from tests.support.postgres_cluster import Cluster

from clarion.domain.errors import Unavailable, UnknownOutcome
from clarion.store import numbers, snippets
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.opening import open_store
from clarion.store.postgres import connection_of
from clarion.store.sqlite import SqliteStore

from .ledgers import ONLY_POSTGRES

Cut = Literal["before", "after"]


class _Wire(socketserver.ThreadingTCPServer):
    """Passes everything on to a server; when armed, hangs up right before or right after the next COMMIT got there."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = port
        self.cut: Cut | None = None
        self.cuts = 0


class _Passing(socketserver.BaseRequestHandler):
    server: _Wire

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.target)) as server:
            back = threading.Thread(target=self._back, args=(server,), daemon=True)
            self.hold = False
            back.start()
            with suppress(OSError):
                while content := self.request.recv(65_536):
                    if b"COMMIT" in content and self.server.cut is not None:
                        self._cut(server, content)
                        break
                    server.sendall(content)
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            back.join()

    def _cut(self, server: socket.socket, content: bytes) -> None:
        cut, self.server.cut = self.server.cut, None
        self.server.cuts += 1
        if cut == "after":
            self.hold = True
            self.answered = threading.Event()
            server.sendall(content)
            assert self.answered.wait(20)

    def _back(self, server: socket.socket) -> None:
        with suppress(OSError):
            while content := server.recv(65_536):
                if self.hold:  # the server's answer to COMMIT, which nobody will see
                    self.answered.set()
                    return
                self.request.sendall(content)


@pytest.fixture
def wire(postgres_cluster: Cluster) -> Iterator[_Wire]:
    with _Wire(postgres_cluster.port) as passing:
        serving = threading.Thread(target=passing.serve_forever)
        serving.start()
        yield passing
        passing.shutdown()
        serving.join()


def names(store: Store, workspace: Workspace) -> list[str]:
    return store.read(lambda tx: [snippet.name for snippet in snippets.listing(tx, workspace)])


@ONLY_POSTGRES
@pytest.mark.parametrize(("cut", "there"), [("before", []), ("after", ["a"])])
def test_an_answer_lost_at_the_commit_is_an_unknown_outcome(
    store: Store, store_url: str, workspace: Workspace, wire: _Wire, cut: Cut, there: list[str]
) -> None:
    port = wire.server_address[1]
    through = open_store(store_url.replace(f":{wire.target}/", f":{port}/"), connections=2)
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        snippets.save(tx, workspace, "a", "1")

    try:
        wire.cut = cut
        with pytest.raises(UnknownOutcome):
            through.write(work)
        assert (len(runs), wire.cuts) == (1, 1), "what may have been done must not be done again"
        assert names(store, workspace) == there
        through.write(lambda tx: snippets.save(tx, workspace, "b", "2"))  # a new connection, by itself
        assert names(store, workspace) == [*there, "b"]
    finally:
        through.close()


@ONLY_POSTGRES
def test_a_transaction_that_slept_for_too_long_is_over_and_nothing_of_it_stays(
    store: Store, store_url: str, workspace: Workspace
) -> None:
    with psycopg.connect(store_url, autocommit=True) as other:

        def work(tx: Transaction) -> None:
            snippets.save(tx, workspace, "a", "1")
            connection = connection_of(tx)
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = 20")
            pid = connection.info.backend_pid
            while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
                pass  # this process hangs, as far as the server can tell
            snippets.save(tx, workspace, "b", "1")

        with pytest.raises(Unavailable) as caught:
            store.write(work)
    assert not isinstance(caught.value, UnknownOutcome), "the work itself failed: certainly nothing was done"
    assert names(store, workspace) == []
    store.write(lambda tx: snippets.save(tx, workspace, "c", "1"))
    assert names(store, workspace) == ["c"]


def test_a_full_disk_changes_nothing_and_is_over_when_there_is_room(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "full.db")
    try:
        store.script("CREATE TABLE number_range (name text PRIMARY KEY, next bigint NOT NULL)")
        assert store.write(lambda tx: numbers.take(tx, "kept")) == 1
        connection = store._connection()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

        def much(tx: Transaction) -> None:
            numbers.take(tx, "kept")
            numbers.take(tx, "x" * 100_000)

        with pytest.raises(Unavailable, match="full"):
            store.write(much)
        assert store.write(lambda tx: numbers.take(tx, "kept")) == 2

        connection.execute("PRAGMA max_page_count=100000")
        store.write(much)
        assert store.write(lambda tx: numbers.take(tx, "kept")) == 4
    finally:
        store.close()
