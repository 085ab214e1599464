# SPDX-License-Identifier: Apache-2.0
"""Several worker processes under one command: started, started again, drained; none is left behind."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clarion.cli.demo_content import PEOPLE, TRIGGER_DATA

from .commands import Command
from .conftest import Start
from .test_serve import state, wait_for

pytestmark = pytest.mark.timeout(120)


def gone(pid: int, seconds: float = 15) -> bool:
    """Wait until there is no such process."""
    never = threading.Event()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z":
                return True
        except OSError:
            return True
        never.wait(0.02)
    return False


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    started: list[Command] = []

    def run(*arguments: str, **environment: str) -> Command:
        started.append(Command(tmp_path, *arguments, **environment))
        return started[-1]

    yield run
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait()
        assert not one.events(""), "a line that is no JSON"
        for line in one.events("worker_process.started"):
            assert gone(line["pid"]), "a worker process was left behind"


def ask(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def until_answer(url: str, holds: Callable[[int, str], bool]) -> str:
    never = threading.Event()
    text = ""
    for _ in range(400):
        status, text = ask(url)
        if holds(status, text):
            return text
        never.wait(0.1)
    pytest.fail(f"{url} never said that; last: {text}")


def test_one_that_is_killed_is_started_again_and_the_ledger_is_complete(
    start: Start, command: Callable[..., Command], tmp_path: Path
) -> None:
    place = ("--database-url", f"sqlite:///{tmp_path / 'shared.db'}", "--data-dir", str(tmp_path / "shared"))
    server = start("serve", "--demo", "--no-worker", *place)
    path = f"/v1/campaigns/{server.facts['broadcast_id']}/triggers"
    workers = command("worker", "--processes", "2", *place, CLARION_METRICS_LISTEN="127.0.0.1:0")
    pids = {line["process"]: line["pid"] for line in workers.until("worker_process.started", 2)}
    assert len(set(pids.values())) == 2
    probes = workers.until("probes.listening")[0]["url"]
    workers.until("worker.started", 2)
    trigger_id = server.call("POST", path, "app_key", {"data": TRIGGER_DATA})["id"]
    wait_for(server, trigger_id, lambda found: found["states"]["sent"] > 200)

    os.kill(pids[1], signal.SIGKILL)
    died = workers.until("worker_process.died")[0]
    assert (died["process"], died["how"]) == (1, "SIGKILL")
    again = workers.until("worker_process.started", 3)[2]
    assert again["process"] == 1
    assert again["pid"] != pids[1]
    workers.until("worker.started", 3)

    found = wait_for(server, trigger_id, lambda found: found["state"] == "done")
    states = found["states"]
    assert found["accounted"]
    assert states["sent"] + states["in_doubt"] == PEOPLE
    assert states["in_doubt"] <= 10, "at most one for each open connection"

    until_answer(f"{probes}/readyz", lambda status, text: status == 200 and "2 of 2" in text)
    text = until_answer(f"{probes}/metrics", lambda status, text: "\nclarion_worker_processes 2.0" in text)
    assert "\nclarion_worker_restarts_total 1.0" in text
    assert re.search(r"\nclarion_database_up 1\.0", text)
    assert workers.end() == 0
    assert len(workers.events("worker.stopped")) == 2
    server.stop()


def test_when_the_supervisor_is_killed_its_processes_end(command: Callable[..., Command]) -> None:
    workers = command("worker", "--processes", "2")
    pids = [line["pid"] for line in workers.until("worker_process.started", 2)]
    workers.until("worker.started", 2)
    workers.process.kill()
    assert all(gone(pid) for pid in pids)
    workers._reader.join(10)
    assert len(workers.events("supervisor.gone")) == 2
    assert len(workers.events("worker.stopped")) == 2


def test_a_hangup_changes_nothing_and_a_second_signal_is_harsher(command: Callable[..., Command]) -> None:
    workers = command("worker", "--processes", "2", CLARION_WORKER_DRAIN_SECONDS="60")
    pids = [line["pid"] for line in workers.until("worker_process.started", 2)]
    workers.until("worker.started", 2)
    os.kill(workers.process.pid, signal.SIGHUP)
    os.kill(pids[0], signal.SIGSTOP)  # it hangs: it cannot drain
    workers.process.send_signal(signal.SIGTERM)
    assert workers.until("worker_process.ended")[0]["process"] == 2
    assert workers.process.poll() is None, "the one that hangs is waited for"
    assert workers.end() == 1
    assert [line["processes"] for line in workers.events("worker_process.killed")] == [[1]]


def test_a_wrong_set_up_ends_the_command_and_starts_nothing(command: Callable[..., Command], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clarion", "worker", "--processes", "2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "CLARION_EMAIL_PROVIDER": "smtp", "CLARION_SMTP_SECURITY": "maybe"},
    )
    assert done.returncode == 2
    assert "smtp: security" in done.stderr
    assert "worker_process.started" not in done.stderr


def test_a_server_with_worker_processes_sends_and_answers_probes(start: Start) -> None:
    server = start("serve", "--demo", "--processes", "2", CLARION_METRICS_TOKEN="let-me-in")
    url = server.facts["url"]
    assert ask(f"{url}/healthz")[0] == 200
    assert ask(f"{url}/metrics")[0] == 401
    until_answer(f"{url}/readyz", lambda status, text: status == 200 and "2 of 2" in text)
    path = f"/v1/campaigns/{server.facts['broadcast_id']}/triggers"
    body = {"ids": [f"person-{n}" for n in range(1, 51)], "data": TRIGGER_DATA}
    trigger_id = server.call("POST", path, "app_key", body)["id"]
    found = wait_for(server, trigger_id, lambda found: found["state"] == "done")
    assert found["states"]["sent"] == 50
    assert state(server, trigger_id)["accounted"]
    assert server.stop() < 9


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_either_event_loop_sends(start: Start, loop: str) -> None:
    server = start("serve", "--demo", CLARION_SERVER_EVENT_LOOP=loop)
    path = f"/v1/campaigns/{server.facts['broadcast_id']}/triggers"
    trigger_id = server.call("POST", path, "app_key", {"ids": ["person-1"], "data": TRIGGER_DATA})["id"]
    found = wait_for(server, trigger_id, lambda found: found["state"] == "done")
    assert found["states"]["sent"] == 1
    server.stop()
