# SPDX-License-Identifier: Apache-2.0
"""`clarion demo`: a demo server in a process of its own, driven through its API as any program would."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from clarion.cli import demo_broadcasts, demo_content
from clarion.domain.errors import SetupError

_TOO_MANY = 429
_STOP_SECONDS = 10
_FINISH_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Server:
    """The demo's server, and what it told of itself."""

    process: subprocess.Popen[str]
    facts: dict[str, Any]

    def call(self, method: str, path: str, key: str, body: object = None) -> Any:
        """One API call; the decoded answer. `key`: the name of one among the facts, or a whole Authorization."""
        authorization = f"Bearer {self.facts[key]}" if key in self.facts else key
        request = urllib.request.Request(  # noqa: S310 - the URL is our own server's
            self.facts["url"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": authorization, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == _TOO_MANY:  # calls of one workspace within a second
                time.sleep(float(error.headers.get("Retry-After") or 1))
                return self.call(method, path, key, body)
            raise SetupError(f"{method} {path} answered {error.code}: {error.read().decode()[:500]}") from None


def run(*, check: bool, port: int, database_url: str | None) -> int:
    """Run the demo; with `check` stop at the end. The exit status: 0 when every number agrees."""
    console = Console()
    # Whoever ends this process means the server, too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    server = _start(port, database_url)
    try:
        print("\n".join(demo_content.announcement(server.facts)))  # noqa: T201 - the command's own output
        agreed = _send_and_show(server, console)
        demo_broadcasts.fill(server.call, server.facts)
        if check:
            return 0 if agreed else 1
        at = f"[bold]{server.facts['url']}/[/bold]"
        console.print(f"\nOpen {at} in a browser: one click signs you in. Ctrl-C stops the server.", soft_wrap=True)
        return server.process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _stop(server.process)


def _interrupt(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a signal handler
    raise KeyboardInterrupt


def _start(port: int, database_url: str | None) -> Server:
    command = [sys.executable, "-m", "clarion", "serve", "--demo", "--json", "--port", str(port)]
    if database_url:
        command += ["--database-url", database_url]
    # A session of its own: Ctrl-C reaches this process only, which then stops the server in order.
    process = subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=os.environ
    )
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise SetupError(f"the demo server did not start (exit status {process.wait()})")
    return Server(process, json.loads(line))


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout:
        process.stdout.close()


def _send_and_show(server: Server, console: Console) -> bool:
    broadcast_id = server.facts["broadcast_id"]
    before = server.call("GET", "/api/clarion/v1/outbox?limit=1", "manage_key")["count"]
    started = time.monotonic()
    accepted = server.call(
        "POST", f"/v1/campaigns/{broadcast_id}/triggers", "app_key", {"data": demo_content.TRIGGER_DATA}
    )
    trigger_id = accepted["id"]
    console.print(f"Triggered broadcast {broadcast_id}: trigger {trigger_id}")
    state = _watch(server, console, trigger_id)
    seconds = time.monotonic() - started
    sums = state["states"]
    console.print(f"[bold]The ledger of trigger {trigger_id}[/bold] after {seconds:.1f} s")
    console.print(f"  people in the audience   {state['audience']:>8,}")
    for word, n in sums.items():
        console.print(f"  {word:<24} {n:>8,}")
    captured = server.call("GET", "/api/clarion/v1/outbox?limit=1", "manage_key")["count"] - before
    console.print(f"  mails in the outbox      {captured:>8,}")
    agreed = bool(state["accounted"]) and captured == sums.get("sent", 0) == state["audience"] > 0
    console.print("  every person is accounted for" if agreed else "  [red]the numbers do not agree[/red]")
    _show_mail(server, console, before)
    return agreed


def _watch(server: Server, console: Console, trigger_id: int) -> dict[str, Any]:
    path = f"/api/clarion/v1/triggers/{trigger_id}"
    deadline = time.monotonic() + _FINISH_SECONDS
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("sending", total=None, rate="")
        began = time.monotonic()
        while True:
            state: dict[str, Any] = server.call("GET", path, "manage_key")["trigger"]
            settled = sum(n for word, n in state["states"].items() if word != "queued")
            rate = settled / max(0.001, time.monotonic() - began)
            total = state["audience"] or None
            progress.update(task, completed=settled, total=total, description=state["state"], rate=f"{rate:,.0f}/s")
            if state["state"] in {"done", "failed", "stopped"}:
                return state
            if time.monotonic() > deadline or server.process.poll() is not None:
                raise SetupError(f"trigger {trigger_id} did not finish; it is {state['state']}")
            time.sleep(0.2)


def _show_mail(server: Server, console: Console, index: int) -> None:
    mail = server.call("GET", f"/api/clarion/v1/outbox/{index}", "manage_key")
    console.rule("one of the mails")
    for header in mail["headers"]:
        if header["name"] in {"From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe"}:
            console.print(f"{header['name']}: {header['value']}", markup=False, highlight=False, soft_wrap=True)
    console.print()
    console.print(mail["plain"].strip(), markup=False, highlight=False, soft_wrap=True)
    console.rule()
