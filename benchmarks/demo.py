# SPDX-License-Identifier: Apache-2.0
"""The demo's 10,000 people from the trigger call to the last mail in the outbox, against a plain loop over them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from clarion.channels import registry
from clarion.cli import demo_content
from clarion.domain.audience import Exists
from clarion.domain.broadcasts import FrozenContent, freeze
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.messages import EmailMessage
from clarion.pipeline.compose import Messages, Sign
from clarion.store import access, broadcasts, snippets
from clarion.store import audience as people_pages
from clarion.store.engine import Row as StoredRow
from clarion.store.engine import Transaction
from clarion.store.migrate import migrate
from clarion.store.opening import open_store
from clarion.store.people import encode
from clarion.store.queries import Engine

from .ground import Ground
from .report import Result, Row, timed
from .sink import ReadySource

MOST_SECONDS = 30.0
_COMPARED = 100  # mails whose size must be that of the loop's


@dataclass(frozen=True, slots=True)
class _Run:
    """One trigger: until its last mail, the server's CPU, until the call's answer, first mails as recipient → size."""

    seconds: float
    cpu_seconds: float
    answered: float
    mails: int
    sizes: dict[str, int]
    accounted: bool


class _Server:
    """`clarion serve --demo` in a process of its own."""

    def __init__(self, ground: Ground, engine: Engine) -> None:
        command = [sys.executable, "-m", "clarion", "serve", "--demo", "--json", "--port", "0"]
        command += ["--database-url", ground.url(engine, "demo"), "--data-dir", str(ground.folder / f"demo-{engine}")]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            text=True,
            env={**ground.environment(), "CLARION_TRIGGER_INTERVAL_SECONDS": "0", "CLARION_LOG_LEVEL": "warning"},
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the demo server did not start (exit status {self._process.wait()})")
        self.facts: dict[str, Any] = json.loads(line)

    def call(self, method: str, path: str, key: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self.facts["url"] + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.facts[key]}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def fire(self) -> _Run:
        """Trigger the broadcast and wait for its end. The last mail tells by itself when it was captured."""
        before = self.call("GET", "/api/clarion/v1/outbox?limit=1", "manage_key")["count"]
        path = f"/v1/campaigns/{self.facts['broadcast_id']}/triggers"
        cpu_before, started = self._cpu_seconds(), time.time()
        trigger_id = self.call("POST", path, "app_key", {"data": demo_content.TRIGGER_DATA})["id"]
        answered = time.time() - started
        deadline = time.monotonic() + 10 * MOST_SECONDS
        while True:
            state = self.call("GET", f"/api/clarion/v1/triggers/{trigger_id}", "manage_key")["trigger"]
            if state["state"] in {"done", "failed", "stopped"}:
                break
            if time.monotonic() > deadline:
                raise RuntimeError(f"the trigger did not finish; it is {state['state']}")
            time.sleep(0.25)
        cpu_seconds = self._cpu_seconds() - cpu_before
        count = self.call("GET", "/api/clarion/v1/outbox?limit=1", "manage_key")["count"]
        listed = self.call("GET", f"/api/clarion/v1/outbox?start={before}&limit={_COMPARED}", "manage_key")["messages"]
        last = self.call("GET", f"/api/clarion/v1/outbox/{count - 1}", "manage_key")
        return _Run(
            seconds=last["captured_at_ms"] / 1_000 - started,
            cpu_seconds=cpu_seconds,
            answered=answered,
            mails=count - before,
            sizes={mail["to"]: mail["size"] for mail in listed},
            accounted=bool(state["accounted"]) and state["states"].get("sent", 0) == count - before,
        )

    def _cpu_seconds(self) -> float:
        # After the name in brackets, which may hold anything: fields 14 and 15 of proc(5), in clock ticks.
        fields = Path(f"/proc/{self._process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


class _Loop:
    """The reference: compose (python-liquid and `mime.build`) and append to an outbox, one person after another."""

    def __init__(self, ground: Ground, base_url: str) -> None:
        store = open_store(f"sqlite:///{ground.folder / 'loop.db'}")
        try:
            migrate(store)
            demo = demo_content.create(store)
            secret = store.write(access.installation_secret)
            content, self._people = store.read(lambda tx: _everything(tx, demo))
        finally:
            store.close()
        self._messages = Messages(content, demo_content.TRIGGER_DATA, Sign(secret, base_url))
        self._action_id = content.actions[0].action_id
        self._folder = ground.folder
        self._runs = 0
        self.sizes: dict[str, int] = {}

    def run(self) -> tuple[float, float]:
        """Seconds for all people, on the clock and of CPU, into an outbox of its own."""
        self._runs += 1
        return asyncio.run(self._run(self._folder / f"loop-{self._runs}"))

    async def _run(self, folder: Path) -> tuple[float, float]:
        provider = registry.build("outbox", {"directory": folder})
        cpu_before, started = time.process_time(), time.monotonic()
        await provider.deliver(ReadySource(self._composed()))
        seconds, cpu_seconds = time.monotonic() - started, time.process_time() - cpu_before
        await provider.close()
        os.sync()  # what one run wrote must not be another one's disk time
        return seconds, cpu_seconds

    def _composed(self) -> Iterator[EmailMessage]:
        for seq, row in enumerate(self._people, start=1):
            made = self._messages.compose(DeliveryKey(self._runs, seq, self._action_id), row, False)
            if not isinstance(made, EmailMessage):
                raise TypeError(f"no e-mail for {row['email']}: {made}")
            if len(self.sizes) < len(self._people):
                self.sizes[made.recipient] = len(made.content)
            yield made


def _everything(tx: Transaction, demo: demo_content.Demo) -> tuple[FrozenContent, list[StoredRow]]:
    broadcast = broadcasts.get(tx, demo.workspace, demo.broadcast_id)
    if broadcast is None:
        raise AssertionError("the demo was just made")
    texts = {snippet.name: snippet.value for snippet in snippets.listing(tx, demo.workspace)}
    page = people_pages.page(tx, demo.workspace, Exists("email"), after=0, until=2**62, most=demo_content.PEOPLE)
    people: list[StoredRow] = [
        {
            "person_id": person.person_id,
            "alive": person.person_id,
            "id": person.id,
            "email": person.email,
            "unsubscribed": person.unsubscribed,
            "attributes": encode(person.attributes),
            "data": None,
        }
        for person in page
    ]
    return freeze(broadcast, texts), people


def run(ground: Ground, command: str) -> Result:
    """Measure: in each round the loop, then each engine's server, all of them started before."""
    runs: dict[Engine, list[_Run]] = {engine: [] for engine in ground.engines}
    looped: list[tuple[float, float]] = []
    with ExitStack() as opened:
        servers: dict[Engine, _Server] = {}
        for engine in ground.engines:
            servers[engine] = _Server(ground, engine)
            opened.callback(servers[engine].stop)
        loop = _Loop(ground, servers[ground.engines[0]].facts["url"])
        for _ in range(ground.rounds):
            looped.append(loop.run())
            for engine, server in servers.items():
                runs[engine].append(server.fire())
    clock, cpu = [seconds for seconds, _ in looped], [cpu_seconds for _, cpu_seconds in looped]
    rows = [
        timed("plain loop, no ledger", "none", clock, clock),
        timed("CPU of the loop", "none", cpu, cpu),
    ]
    for engine, done in runs.items():
        row = timed("trigger call to last mail", engine, [each.seconds for each in done], clock)
        slowest = max(row.runs)
        complete = all(each.mails == demo_content.PEOPLE and each.accounted for each in done)
        alike = all(loop.sizes[to] == size for each in done for to, size in each.sizes.items())
        rows += [
            Row(
                row.what, engine, row.value, "s", row.ratio, row.runs, f"< {MOST_SECONDS:.0f} s", slowest < MOST_SECONDS
            ),
            timed("CPU of the server process", engine, [each.cpu_seconds for each in done], cpu),
            Row("mails per second", engine, demo_content.PEOPLE / row.value, "/s"),
            Row("answer to the call", engine, median(each.answered for each in done) * 1_000, "ms"),
            Row(
                "mails captured", engine, done[-1].mails, "", bound="all, accounted, same size", kept=complete and alike
            ),
        ]
    return Result(
        "demo",
        f"{demo_content.PEOPLE:,} personal e-mails through the API of a running `clarion serve --demo`",
        "a plain loop that composes the same mails with the same renderer and appends them to an outbox: "
        "no API, no audience, no ledger, no flight record",
        command,
        tuple(rows),
        ("on a busy machine trust the ratio of CPU; what PostgreSQL's own processes use is not in it",),
    )
