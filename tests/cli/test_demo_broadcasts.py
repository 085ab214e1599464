# SPDX-License-Identifier: Apache-2.0
"""What the demo shows beside its first broadcast."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clarion.cli import demo_broadcasts
from clarion.cli.demo import Server

_ROOT = "/api/clarion/v1"


def test_it_has_broadcasts_in_several_states_made_once(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "clarion", "serve", "--demo", "--json", "--port", "0"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    try:
        server = Server(process, json.loads(process.stdout.readline()))
        for _ in range(2):
            demo_broadcasts.fill(server.call, server.facts)
        listed = server.call("GET", f"{_ROOT}/broadcasts", "manage_key")["broadcasts"]
        by_name = {one["name"]: one for one in listed}
        assert len(by_name) == len(listed) == 4
        points, thanks, timetable = (by_name[made["name"]] for made in _MADE)
        last = points["last_trigger"]
        assert (last["state"], last["sent"]) == ("done", 1_666)
        metrics = server.call("GET", f"/v1/broadcasts/{points['id']}/metrics?steps=2", "app_key")["metric"]["series"]
        assert (sum(metrics["opened"]), sum(metrics["clicked"])) == (90, 25)
        path = f"/v1/broadcasts/{points['id']}/metrics?steps=2"
        wait_until(
            lambda: sum(server.call("GET", path, "app_key")["metric"]["series"]["converted"]) == 8, "conversions"
        )
        booked = [
            one
            for one in server.call("GET", f"{_ROOT}/segments", "manage_key")["segments"]
            if one["name"] == demo_broadcasts.BOOKED["name"]
        ]
        assert [one["type"] for one in booked] == ["dynamic"]
        built = f"{_ROOT}/segments/{booked[0]['id']}"
        wait_until(lambda: server.call("GET", built, "manage_key")["segment"]["people"] == 8, "the segment")
        versions = server.call("GET", f"{_ROOT}/broadcasts/{points['id']}/versions", "manage_key")["versions"]
        assert [one["triggers"] for one in versions] == [0, 1, 0]
        assert server.call("GET", f"{_ROOT}/drafts", "manage_key")["drafts"]
        assert thanks["state"] == "running"
        review = server.call("GET", f"{_ROOT}/broadcasts/{timetable['id']}/review", "manage_key")
        assert (timetable["state"], review["ready"]) == ("draft", False)
        for made in demo_broadcasts.IN_THE_APP:
            assert server.call("GET", f"/v1/messages?type={made['kind']}", "app_key")["messages"]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Workers do it beside the calls."""
    ends, never = time.monotonic() + 30, threading.Event()
    while not holds():
        assert time.monotonic() < ends, what
        never.wait(0.1)


_MADE: tuple[dict[str, Any], ...] = (demo_broadcasts.POINTS, demo_broadcasts.THANKS, demo_broadcasts.TIMETABLE)
