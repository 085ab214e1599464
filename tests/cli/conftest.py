# SPDX-License-Identifier: Apache-2.0
"""The `clarion` command as a user runs it: a process, its output, its signals."""

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Running:
    """A started server and what it printed when it was ready."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]

    def call(self, method: str, path: str, key: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self.facts["url"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.facts[key]}", "Content-Type": "application/json"},
        )
        trust = ssl.create_default_context(cafile=self.facts["ca_file"]) if "ca_file" in self.facts else None
        with urllib.request.urlopen(request, timeout=30, context=trust) as answer:
            return json.load(answer)

    def stop(self, number: int = signal.SIGTERM) -> float:
        """Send a signal; the seconds until the process ended, which must be in order."""
        began = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(20) == 0
        return time.monotonic() - began


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> Running:
        command = [sys.executable, "-m", "clarion", *arguments, "--json", "--port", "0"]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the server did not start"
        return Running(process, json.loads(line))

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def clarion(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command to its end."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "clarion", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
            env={**os.environ, **environment},
        )

    return run
