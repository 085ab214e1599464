# SPDX-License-Identifier: Apache-2.0
"""A database with people and an active broadcast, worked by real processes that can be killed."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest
from tests.support.jobs import driver

from clarion.channels.registry import captured_mail
from clarion.domain.broadcasts import BroadcastState, DoubtPolicy, EmailContent
from clarion.domain.deliveries import DeliveryKey, State, key_of
from clarion.domain.people import Person
from clarion.domain.triggers import UNFINISHED, parse
from clarion.pipeline import evidence, flight
from clarion.pipeline.accept import Limits, accept
from clarion.pipeline.retry import RetryPolicy
from clarion.store import access, broadcasts, ledger, people, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers

PEOPLE = 230
_RULES = {
    "CLARION_WORKER_LEASE_SECONDS": "1",
    "CLARION_WORKER_RECONCILE_SECONDS": "0.2",
    "CLARION_WORKER_CHUNK_ROWS": "20",
    "CLARION_DATA_FILE_ALLOW_PRIVATE_ADDRESSES": "true",
    "CLARION_LOG_LEVEL": "warning",
}


@dataclass
class Site:
    """One installation: its store, its folder, and the processes that work it."""

    store: Store
    url: str
    folder: Path
    workspace: Workspace
    broadcast_id: int
    secret: bytes
    people: list[int]
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def trigger(self, body: dict[str, Any]) -> int:
        """Accept a trigger as the API does."""
        submit = driver(self.store, self.url).submit_resolve
        accepted = self.store.write(
            lambda tx: accept(tx, self.workspace, self.broadcast_id, parse(body), limits=Limits(0, 99), submit=submit)
        )
        assert not accepted.refused
        return accepted.trigger_id

    def conditional(self, *, matching: int) -> None:
        """Give the broadcast's action a condition, and let so many people match it, the first ones."""
        condition = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}

        def work(tx: Transaction) -> None:
            made = broadcasts.get(tx, self.workspace, self.broadcast_id)
            assert made is not None
            broadcasts.update_action(tx, replace(made.actions[0], condition=condition))
            for no, person in enumerate(people.by_numbers(tx, self.workspace, self.people), start=1):
                plan = "pro" if no <= matching else "free"
                people.update(tx, self.workspace, replace(person, attributes={**person.attributes, "plan": plan}))

        self.store.write(work)

    def start(
        self, failpoint: str | None = None, folder: Path | None = None, output: IO[bytes] | None = None
    ) -> subprocess.Popen[bytes]:
        """A worker process of its own."""
        command = [sys.executable, "-m", "clarion", "worker", "--database-url", self.url]
        command += ["--data-dir", str(folder or self.folder)]
        if failpoint:
            command += ["--failpoint", failpoint]
        environment = {**os.environ, **_RULES, **self.environment}
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        self.processes.append(process)
        return process

    def killed_at(self, failpoint: str) -> None:
        """Run a worker until it dies at a failpoint."""
        assert self.start(failpoint).wait(60) == -signal.SIGKILL

    def finish(self, trigger_id: int, folder: Path | None = None) -> None:
        """Run a worker until the trigger is finished, then stop it in order."""
        if finished(self.store, trigger_id):
            return
        process = self.start(folder=folder)
        try:
            wait_until_finished(self.store, trigger_id, process)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0

    def settle_records(self) -> None:
        """What a worker does first: settle from the records of dead processes on this machine."""
        for path in flight.orphans(self.folder / "flights"):
            evidence.settle_orphan(self.store, path, RetryPolicy())

    def wait_until_asleep(self, process: subprocess.Popen[bytes]) -> None:
        """Until a process has stopped itself at a failpoint."""
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)

    def wake(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGCONT)

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

    def captured(self, folder: Path | None = None) -> Counter[DeliveryKey]:
        """How often each account's message really went out."""
        outbox = captured_mail((folder or self.folder) / "outbox", self.workspace.workspace_id)
        found: Counter[DeliveryKey] = Counter()
        for mail in outbox.page(0, 10_000):
            key = key_of(mail.delivery_id, self.secret)
            assert key is not None
            found[key] += 1
        return found

    def accounts(self, trigger_id: int) -> dict[DeliveryKey, State]:
        rows = self.store.read(lambda tx: ledger.page(tx, trigger_id, after=None, most=10_000))
        return {DeliveryKey(trigger_id, r["seq"], r["action_id"]): State(r["state"]) for r in rows}


def finished(store: Store, trigger_id: int) -> bool:
    found = store.read(lambda tx: triggers.get(tx, trigger_id))
    assert found is not None
    return found.state not in UNFINISHED


def wait_until_finished(store: Store, trigger_id: int, process: subprocess.Popen[bytes]) -> None:
    """Poll the trigger's row; the process's death or a minute ends it."""
    for _ in range(1_200):
        if finished(store, trigger_id):
            return
        try:
            code = process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the worker ended with {code} before the trigger was finished")
    pytest.fail("the trigger did not finish within a minute")


def _furnish(tx: Transaction, workspace: Workspace, policy: DoubtPolicy) -> int:
    broadcast = broadcasts.create(tx, workspace, "Crash", recipients={}, doubt_policy=policy)
    content = EmailContent(
        subject="Hello {{ customer.first_name }}",
        body="<p>{{ trigger.word | default: 'none' }} for {{ customer.id }}</p>",
        sender="Crash <crash@sender.example>",
    )
    broadcasts.add_action(tx, broadcast, "one", content)
    broadcasts.set_state(tx, broadcast.broadcast_id, BroadcastState.RUNNING)
    return broadcast.broadcast_id


@pytest.fixture
def policy() -> DoubtPolicy:
    return DoubtPolicy.HOLD


@pytest.fixture
def site(store: Store, store_url: str, workspace: Workspace, tmp_path: Path, policy: DoubtPolicy) -> Iterator[Site]:
    ids = PersonNumbers(store).take(workspace.workspace_id, PEOPLE)
    crowd = [
        Person(number, f"p{n}", f"p{n}@example.com", {"first_name": f"N{n}"}, {}, 0) for n, number in enumerate(ids, 1)
    ]
    store.write(partial(people.insert, workspace=workspace, people=crowd))
    broadcast_id = store.write(partial(_furnish, workspace=workspace, policy=policy))
    secret = store.write(access.installation_secret)
    made = Site(store, store_url, tmp_path / "data", workspace, broadcast_id, secret, list(ids))
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
            process.wait()
