# SPDX-License-Identifier: Apache-2.0
"""Clarion's own processes, as an operator starts them: an API, workers, and what they use of the machine."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PATIENCE = 30.0  # seconds


class Process:
    """`clarion` with these arguments and settings; `settings` are environment variables without the prefix."""

    def __init__(self, *arguments: str, settings: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "clarion", *arguments],
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, **{f"CLARION_{name}": value for name, value in settings.items()}},
        )

    def announced(self) -> dict[str, Any]:
        """The line of JSON that `serve --json` prints when it is ready."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the server did not start (exit status {self._process.wait()})")
        facts: dict[str, Any] = json.loads(line)
        return facts

    def cpu_seconds(self) -> float:
        """CPU time of the process and of those it started."""
        return sum(_cpu_seconds(pid) for pid in [self._process.pid, *_children(self._process.pid)])

    def peak_mb(self) -> float:
        """The highest resident memory of it, or of the largest of those it started."""
        return max(_peak_mb(pid) for pid in [self._process.pid, *_children(self._process.pid)])

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def call(url: str, key: str, body: object = None) -> Any:
    """GET, or POST with a body, as a client would."""
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def until_done(url: str, key: str, seconds: float) -> dict[str, Any]:
    """Ask how a trigger stands until it is over. Raises RuntimeError when that takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        trigger: dict[str, Any] = call(url, key)["trigger"]
        if trigger["state"] in {"done", "failed", "stopped"}:
            return trigger
        time.sleep(0.05)
    raise RuntimeError("the trigger did not finish")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text("ascii").split():
            found += [int(child), *_children(int(child))]
    return found


def _cpu_seconds(pid: int) -> float:
    # After the name in brackets, which may hold anything: fields 14 and 15 of proc(5), in clock ticks.
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
