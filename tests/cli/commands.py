# SPDX-License-Identifier: Apache-2.0
"""A running command whose log is read as it comes."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


class Command:
    """A running `clarion` whose log is read as it comes."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clarion", *arguments],
            cwd=folder,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CLARION_LOG_FORMAT": "json", **environment},
        )
        self.lines: list[dict[str, Any]] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as log:
            for line in log:
                with self._more:
                    self.lines.append(json.loads(line) if line.startswith("{") else {"event": "", "line": line})
                    self._more.notify_all()

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in list(self.lines) if line["event"] == name]

    def until(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until the log has so many lines of an event."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.events(name)) >= count, 40), self.lines
        return self.events(name)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        status = self.process.wait(20)
        self._reader.join(10)
        return status
