# SPDX-License-Identifier: Apache-2.0
"""Customer.io's Node client, driven by JSON: one call per line to drive.mjs, one answer per line back."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from .servers import Server

_FOLDER = Path(__file__).parent
_INSTALLED = _FOLDER / "node_modules"
_INSTALL_SECONDS = 240


class NodeError(Exception):
    """An error that the client threw."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.name: str = error["name"]
        self.message: str = error["message"]
        self.status: int | None = error.get("status")
        self.retry_after: str | None = error.get("retry_after")
        self.body: Any = json.loads(error["body"]) if error.get("body") else None


class Node:
    """A Node process with a Track and an App client of one major version."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self.app_root = f"{url}/v1"
        self.track_root = f"{url}/api/v1"

    def track(self, method: str, *arguments: object) -> Any:
        """Call a method of the Track client."""
        return self._say({"client": "track", "method": method, "arguments": arguments})

    def app(self, method: str, *arguments: object) -> Any:
        """Call a method of the App client."""
        return self._say({"client": "app", "method": method, "arguments": arguments})

    def _say(self, message: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(message), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, "the Node process ended: its words are above"
        answer = json.loads(line)
        if "error" in answer:
            raise NodeError(answer["error"])
        return answer.get("value")


def node_command() -> str:
    """Node.js with both clients installed as their lock says; without it the test is skipped, on CI it fails."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node is None or npm is None:
        _lacking("Node.js and npm are not on PATH: apt-get install -y nodejs npm")
    lock = _FOLDER / "package-lock.json"
    stamp = _INSTALLED / ".installed-lock.json"
    with lock.open(encoding="utf-8") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # several test processes share the folder
        wanted = held.read()
        if not stamp.exists() or stamp.read_text("utf-8") != wanted:
            done = subprocess.run(
                [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
                cwd=_FOLDER,
                env={**os.environ, "PATH": path},
                capture_output=True,
                text=True,
                timeout=_INSTALL_SECONDS,
                check=False,
            )
            if done.returncode != 0:
                _lacking(f"npm ci failed in tests/clients: {done.stderr[-2_000:]}")
            stamp.write_text(wanted, "utf-8")
    return node


def _lacking(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def clients(node: str, package: str, server: Server, **options: object) -> Iterator[Node]:
    """Both clients of a package, pointed at a server; `options` are the client's own."""
    environment = dict(os.environ)
    if server.ca_file:
        environment["NODE_EXTRA_CA_CERTS"] = server.ca_file
    settings = {
        "package": package,
        "url": server.url,
        "site_id": server.site_id,
        "track_key": server.track_key,
        "app_key": server.app_key,
        "options": options,
    }
    with subprocess.Popen(
        [node, str(_FOLDER / "drive.mjs"), json.dumps(settings)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Node(process, server.url)
        finally:
            process.kill()
