# SPDX-License-Identifier: Apache-2.0
"""What `Store.read` and `Store.write` promise."""

import threading
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from clarion.domain.errors import SetupError
from clarion.store import snippets
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.opening import open_store
from clarion.store.sqlite import SqliteStore

from .ledgers import ONLY_POSTGRES, together


class StopError(Exception):
    pass


def names(store: Store, workspace: Workspace) -> list[str]:
    return store.read(lambda tx: [snippet.name for snippet in snippets.listing(tx, workspace)])


def test_an_exception_rolls_everything_back(store: Store, workspace: Workspace) -> None:
    called: list[str] = []

    def work(tx: Transaction) -> None:
        snippets.save(tx, workspace, "a", "1")
        tx.after_commit(lambda: called.append("a"))
        raise StopError

    with pytest.raises(StopError):
        store.write(work)
    assert names(store, workspace) == []
    assert called == []
    store.write(lambda tx: snippets.save(tx, workspace, "b", "2"))
    assert names(store, workspace) == ["b"]


def test_after_commit_sees_what_was_committed(store: Store, workspace: Workspace) -> None:
    seen: list[list[str]] = []

    def work(tx: Transaction) -> str:
        snippets.save(tx, workspace, "a", "1")
        tx.after_commit(lambda: seen.append(names(store, workspace)))
        tx.after_commit(lambda: seen.append(["second"]))
        assert seen == []
        return "result"

    assert store.write(work) == "result"
    assert seen == [["a"], ["second"]]


@pytest.mark.parametrize("failure", [StopError, errors.SerializationFailure, errors.UniqueViolation])
def test_what_fails_after_the_commit_does_not_run_the_work_again(
    store: Store, workspace: Workspace, failure: type[Exception]
) -> None:
    runs: list[int] = []

    def fail() -> None:
        raise failure

    def work(tx: Transaction) -> None:
        runs.append(1)
        snippets.save(tx, workspace, "a", "1")
        tx.after_commit(fail)

    with pytest.raises(failure):
        store.write(work)
    assert runs == [1]
    assert names(store, workspace) == ["a"]


def test_a_read_is_one_snapshot(store: Store, workspace: Workspace) -> None:
    def work(tx: Transaction) -> tuple[int, int]:
        before = len(snippets.listing(tx, workspace))
        together(lambda: store.write(lambda other: snippets.save(other, workspace, "a", "1")))
        return before, len(snippets.listing(tx, workspace))

    assert store.read(work) == (0, 0)
    assert names(store, workspace) == ["a"]


def test_a_read_cannot_write(store: Store, workspace: Workspace) -> None:
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        store.read(lambda tx: snippets.save(tx, workspace, "a", "1"))
    assert names(store, workspace) == []
    store.write(lambda tx: snippets.save(tx, workspace, "b", "1"))
    assert names(store, workspace) == ["b"]


def test_a_failed_read_leaves_the_connection_usable(store: Store, workspace: Workspace) -> None:
    def fail(tx: Transaction) -> None:
        snippets.listing(tx, workspace)
        raise StopError

    for _ in range(10):  # more often than the pool has connections
        with pytest.raises(StopError):
            store.read(fail)
    store.write(lambda tx: snippets.save(tx, workspace, "b", "1"))
    assert names(store, workspace) == ["b"]


def test_writers_wait_for_each_other(store: Store, workspace: Workspace) -> None:
    def add() -> None:
        def work(tx: Transaction) -> None:
            tx.one("take_numbers", name="counter", count=1)

        for _ in range(10):
            store.write(work)

    together(*[add] * 6)
    row = store.write(lambda tx: tx.one("take_numbers", name="counter", count=1))
    assert row is not None
    assert row["next"] == 62


def test_the_clock_is_the_databases(store: Store) -> None:
    by_call, by_query = store.read(lambda tx: (tx.now_ms(), tx.one("database_now")))
    assert by_query is not None
    assert abs(int(by_query["now_ms"]) - by_call) < 5_000


def test_no_rows_are_no_statement(store: Store) -> None:
    assert store.write(lambda tx: tx.many("add_members", [])) == 0


@ONLY_POSTGRES
def test_a_deadlock_is_run_again(store: Store, workspace: Workspace) -> None:
    store.write(lambda tx: (snippets.save(tx, workspace, "a", ""), snippets.save(tx, workspace, "b", "")))
    both = threading.Barrier(2)
    runs: list[str] = []

    def writer(first: str, second: str) -> None:
        def work(tx: Transaction) -> None:
            snippets.save(tx, workspace, first, first)
            runs.append(first)
            if len(runs) <= 2:
                both.wait(10)
            snippets.save(tx, workspace, second, first)

        store.write(work)

    together(lambda: writer("a", "b"), lambda: writer("b", "a"))
    assert len(runs) >= 3  # the second try may meet the other writer again


@ONLY_POSTGRES
@pytest.mark.parametrize("failure", [errors.SerializationFailure, errors.DeadlockDetected, errors.UniqueViolation])
def test_five_tries_and_then_the_error(store: Store, failure: type[psycopg.Error]) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> int:
        runs.append(1)
        if len(runs) < wanted:
            raise failure
        return len(runs)

    wanted = 5
    assert store.write(work) == 5
    runs.clear()
    wanted = 99
    with pytest.raises(failure):
        store.write(work)
    assert len(runs) == 5


def test_a_closed_store_says_so(store_url: str) -> None:
    store = open_store(store_url)
    store.read(lambda tx: tx.now_ms())
    store.close()
    with pytest.raises(Exception, match="closed"):
        store.read(lambda tx: tx.now_ms())
    store.close()


def test_connections_of_finished_threads_are_closed(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a.db")
    for _ in range(5):
        together(lambda: store.read(lambda tx: tx.now_ms()))
    assert len(store._open) <= 2
    store.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://x", "sqlite:/// or postgresql://"),
        ("sqlite:///", "names no file"),
        ("sqlite:////proc/no/such/folder/a.db", "cannot open"),
        ("postgresql://nobody@127.0.0.1:1/x", "cannot reach PostgreSQL"),
    ],
)
def test_what_cannot_be_opened(url: str, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        open_store(url)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    with pytest.raises(SetupError, match="cannot open the database file"):
        open_store(f"sqlite:///{path}")
