# SPDX-License-Identifier: Apache-2.0
"""The server and the worker are started while PostgreSQL is down."""

from pathlib import Path

import pytest
from tests.support.postgres_cluster import Cluster, binaries, free_port

from .commands import Command

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]


@pytest.fixture
def nowhere() -> str:
    return f"postgresql://clarion@127.0.0.1:{free_port()}/clarion"


@pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed")
def test_a_worker_waits_for_it_and_then_works(tmp_path: Path) -> None:
    cluster = Cluster()
    try:
        url = cluster.create("later")
        cluster.stop("fast")
        worker = Command(tmp_path, "worker", "--database-url", url, CLARION_WORKER_PROCESSES="1")
        (waiting, *_) = worker.until("database.awaited", 2)
        assert "cannot reach PostgreSQL" in waiting["error"]
        cluster.start()
        worker.until("worker.started")
        assert worker.end() == 0
    finally:
        cluster.close()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_stop_ends_the_waiting_at_once(tmp_path: Path, nowhere: str, command: str) -> None:
    running = Command(tmp_path, command, "--database-url", nowhere, CLARION_SERVER_PORT="0")
    running.until("database.awaited")
    assert running.end() == 0


def test_it_does_not_wait_for_ever(tmp_path: Path, nowhere: str) -> None:
    running = Command(tmp_path, "worker", "--database-url", nowhere, CLARION_DATABASE_WAIT_SECONDS="1")
    running.until("database.awaited")
    assert running.process.wait(20) == 2
