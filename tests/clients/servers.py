# SPDX-License-Identifier: Apache-2.0
"""A Clarion as a user starts it: `clarion serve --demo --json --port 0`, in a process of its own."""

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pytest

T = TypeVar("T")
SUBJECT = "{{ customer.first_name }}: {{ trigger.headline }}"
BODY = (
    "<p>Dear {{ customer.first_name }}, {{ trigger.headline | upcase }}"
    "{% if trigger.voucher %} with voucher {{ trigger.voucher }}{% endif %}.</p>"
)
_PAUSE_SECONDS = 0.05
_LOOKS = 600
_STOP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Mail:
    """A captured message, decoded."""

    delivery_id: str
    recipient: str
    subject: str
    html: str


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and what it said of itself."""

    process: subprocess.Popen[str]
    url: str
    app_key: str
    manage_key: str
    site_id: str
    track_key: str
    broadcast_id: int
    segment_ids: list[int]
    outbox_url: str
    ca_file: str | None = None

    def ask(self, method: str, url: str, body: object = None, token: str = "") -> Any:
        """One call that no official client makes: the outbox, the management API."""
        request = urllib.request.Request(
            url if "://" in url else self.url + url,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {token or self.manage_key}", "Content-Type": "application/json"},
            method=method,
        )
        direct = urllib.request.ProxyHandler({})
        trusting = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_file))
        with urllib.request.build_opener(direct, trusting).open(request, timeout=30) as response:
            return json.load(response)

    def broadcast(self, recipients: dict[str, Any], subject: str = SUBJECT, body: str = BODY) -> int:
        """A new active broadcast with one e-mail; making one is no part of Customer.io's API."""
        action = {"name": "One", "subject": subject, "body": body, "from": "Night bus <hello@nightbus.example>"}
        made = self.ask(
            "POST",
            "/api/clarion/v1/broadcasts",
            {"name": "Clients", "recipients": recipients, "actions": [action]},
        )
        number = int(made["broadcast"]["id"])
        self.ask("POST", f"/api/clarion/v1/broadcasts/{number}/activate", {})
        return number

    def mails(self, recipient: str) -> list[Mail]:
        """What was captured for an address, oldest first."""
        found = self.ask("GET", f"{self.outbox_url}?recipient={quote(recipient)}")
        assert found["next"] is None
        return [self._mail(summary["index"]) for summary in found["messages"]]

    def _mail(self, index: int) -> Mail:
        one = self.ask("GET", f"{self.outbox_url}/{index}")
        return Mail(one["delivery_id"], one["to"], one["subject"], one["html"])

    def until(self, look: Callable[[], T | None], what: str) -> T:
        """Look until there is something; the server's death or half a minute ends it."""
        for _ in range(_LOOKS):
            found = look()
            if found is not None:
                return found
            try:
                code = self.process.wait(_PAUSE_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"the server ended with {code} before {what}")
        pytest.fail(f"not within half a minute: {what}")


@contextmanager
def running(folder: Path, *options: str, **settings: str) -> Iterator[Server]:
    """A demo server; at the end SIGTERM, and it must go in time, with code 0, leaving no errors and no files."""
    folder.mkdir(parents=True, exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")}
    environment = {
        **clean,
        "TMPDIR": str(folder),
        "CLARION_LOG_FORMAT": "json",
        "CLARION_LIMITS_ENABLED": "false",
    } | settings
    command = [sys.executable, "-m", "clarion", "serve", "--demo", "--json", "--port", "0", *options]
    log = folder / "log"
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, f"the server did not start:\n{log.read_text('utf-8')}"
            yield Server(process, **json.loads(line))
            assert process.poll() is None, f"the server ended:\n{log.read_text('utf-8')}"
            process.send_signal(signal.SIGTERM)
            code = process.wait(_STOP_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
    text = log.read_text("utf-8")
    assert code == 0, text
    assert '"level":"error"' not in text.replace(": ", ":"), text
    assert not list(folder.glob("clarion-demo-*")), "the demo's folder was left behind"
