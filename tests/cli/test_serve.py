# SPDX-License-Identifier: Apache-2.0
"""`clarion serve`: what it prints, what it makes, how it stops."""

import signal
import subprocess
import sys
import urllib.error
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clarion.cli.demo_content import PEOPLE, TRIGGER_DATA

from .conftest import Running, Start

pytestmark = pytest.mark.timeout(120)


def state(server: Running, trigger_id: int) -> dict[str, Any]:
    found: dict[str, Any] = server.call("GET", f"/api/clarion/v1/triggers/{trigger_id}", "manage_key")["trigger"]
    return found


def wait_for(server: Running, trigger_id: int, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    for _ in range(20_000):
        found = state(server, trigger_id)
        if condition(found):
            return found
    pytest.fail("the trigger never came to that")


def test_the_demo_s_line_has_everything_a_program_needs(start: Start) -> None:
    server = start("serve", "--demo", "--no-worker")
    names = {"url", "app_key", "manage_key", "site_id", "track_key", "broadcast_id", "outbox_url"}
    assert names <= set(server.facts)
    broadcast = server.call("GET", f"/v1/broadcasts/{server.facts['broadcast_id']}", "app_key")["broadcast"]
    assert broadcast["active"] is True
    assert len(server.call("GET", "/v1/segments", "app_key")["segments"]) == 3
    assert server.call("GET", "/api/clarion/v1/outbox", "app_key")["count"] == 0
    assert server.stop() < 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_mid_send_drains_and_stops_within_five_seconds(start: Start, number: int, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'kept.db'}"
    arguments = ("serve", "--demo", "--database-url", database, "--data-dir", str(tmp_path / "kept"))
    server = start(*arguments)
    path = f"/v1/campaigns/{server.facts['broadcast_id']}/triggers"
    trigger_id = server.call("POST", path, "app_key", {"data": TRIGGER_DATA})["id"]
    wait_for(server, trigger_id, lambda found: found["states"]["sent"] > 100)

    assert server.stop(number) < 5

    # What is left goes out after the next start, and each account has exactly one mail.
    again = start(*arguments)
    before = state(again, trigger_id)
    assert before["accounted"]
    assert before["states"]["in_doubt"] == 0, "draining waits for the answers"
    found = wait_for(again, trigger_id, lambda found: found["state"] == "done")
    assert found["states"]["sent"] == PEOPLE
    seen: Counter[str] = Counter()
    following: int | None = 0
    while following is not None:
        page = again.call("GET", f"/api/clarion/v1/outbox?limit=1000&start={following}", "manage_key")
        seen.update(mail["delivery_id"] for mail in page["messages"])
        following = page["next"]
    assert len(seen) == seen.total() == PEOPLE
    again.stop()


def test_the_first_start_makes_a_workspace_and_shows_its_keys_once(start: Start, tmp_path: Path) -> None:
    first = start("serve", "--no-worker")
    assert first.call("GET", "/v1/segments", "app_key") == {"segments": []}
    with pytest.raises(urllib.error.HTTPError, match="401"):
        first.call("GET", "/api/clarion/v1/broadcasts", "app_key")
    none = {"draft": 0, "running": 0, "stopped": 0, "archived": 0}
    assert first.call("GET", "/api/clarion/v1/broadcasts", "manage_key") == {
        "broadcasts": [],
        "counts": none,
        "next": None,
    }
    with pytest.raises(urllib.error.HTTPError, match="401"):
        first.call("GET", "/api/clarion/v1/outbox", "app_key")
    first.stop()
    second = start("serve", "--no-worker")
    assert set(second.facts) == {"url", "owner_link"}, "until somebody owns the page"
    assert second.facts["owner_link"] != first.facts["owner_link"]
    assert second.process.pid
    assert (tmp_path / "clarion.db").exists()
    second.facts |= first.facts | {"url": second.facts["url"]}
    assert second.call("GET", "/v1/segments", "app_key") == {"segments": []}
    second.stop()


def test_tls_with_a_local_authority_that_is_kept(start: Start) -> None:
    first = start("serve", "--tls", "--no-worker")
    assert first.facts["url"].startswith("https://127.0.0.1:")
    assert first.call("GET", "/v1/segments", "app_key") == {"segments": []}
    authority = Path(first.facts["ca_file"]).read_bytes()
    first.stop()
    second = start("serve", "--tls", "--no-worker")
    assert Path(second.facts["ca_file"]).read_bytes() == authority
    second.stop()


def test_a_worker_of_its_own_sends_what_the_server_takes(start: Start, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'shared.db'}"
    place = ("--database-url", database, "--data-dir", str(tmp_path / "shared"))
    server = start("serve", "--demo", "--no-worker", *place)
    path = f"/v1/campaigns/{server.facts['broadcast_id']}/triggers"
    body = {"ids": [f"person-{n}" for n in range(1, 51)], "data": TRIGGER_DATA}
    trigger_id = server.call("POST", path, "app_key", body)["id"]
    assert state(server, trigger_id)["state"] == "queued"
    worker = start_worker(*place)
    try:
        found = wait_for(server, trigger_id, lambda found: found["state"] == "done")
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    assert found["states"]["sent"] == 50
    server.stop()


def start_worker(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "clarion", "worker", *arguments])


def test_a_taken_port_is_one_sentence(start: Start, clarion: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    server = start("serve", "--demo", "--no-worker")
    port = server.facts["url"].rpartition(":")[2]
    failed = clarion("serve", "--port", port)
    assert failed.returncode == 2
    assert failed.stderr.splitlines()[-1].startswith(f"clarion: cannot listen on 127.0.0.1:{port}")
    assert "Traceback" not in failed.stderr
    server.stop()
