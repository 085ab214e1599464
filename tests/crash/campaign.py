# SPDX-License-Identifier: Apache-2.0
"""Kill everything at random moments, under load, again and again; then compare the ledger with what really left.

``make crash KILLS=200`` runs it on PostgreSQL: a server of its own, an API process, three worker processes, and a mail
server that remembers every message. Workers, the API and the database are killed with SIGKILL and started again, and
workers are put to sleep beyond their lease. The seed fixes who is hit and when; it is printed, SEED=… repeats a run.
The last line is ``kills=… messages=… lost=… doubled=… in_doubt=…``; the exit status says whether the promise was kept.
"""

import argparse
import json
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.support import bytecode

from clarion.domain.broadcasts import BroadcastKind, BroadcastState, DoubtPolicy, EmailContent, WebhookCall
from clarion.domain.deliveries import key_of
from clarion.domain.people import Person
from clarion.domain.triggers import UNFINISHED, TriggerState
from clarion.store import access, broadcasts, people, triggers
from clarion.store.engine import Store, Transaction
from clarion.store.migrate import migrate
from clarion.store.numbers import PersonNumbers
from clarion.store.opening import open_store

from .actors import Actor, KillableCluster, python
from .judge import Judgement, judge
from .sink import taken

LEASE_SECONDS = 3.0
CONNECTIONS = 4
BATCH = 20  # messages in one call to Postmark
_START_SECONDS = 60.0
_UNDER_LOAD = 0.8  # of the kills come only after messages went out; the others also meet processes that start
_MOST_BETWEEN = 200
_STALL_SECONDS = 15.0
_DRAIN_SECONDS = 90.0  # without any progress
_RULES = {
    "CLARION_WORKER_LEASE_SECONDS": str(LEASE_SECONDS),
    "CLARION_WORKER_RECONCILE_SECONDS": "0.5",
    "CLARION_WORKER_CHUNK_ROWS": "50",
    "CLARION_WORKER_RETRY_DELAYS_SECONDS": ",".join(["0.5"] * 20),
    "CLARION_TRIGGER_INTERVAL_SECONDS": "0",
    "CLARION_TRIGGER_QUEUE": "50",
    "CLARION_LOG_LEVEL": "warning",
}


_SINKS = {
    "smtp": "tests.crash.sink",
    "postmark": "tests.crash.postmark_sink",
    "webhook": "tests.crash.hook_sink",
}


@dataclass(frozen=True)
class Plan:
    """What a campaign does. `pause`: mean seconds between kills; `open_triggers`: the load that is kept up."""

    engine: str = "postgres"
    kills: int = 200
    seed: int = 0
    people: int = 1_000
    workers: int = 3
    pause: float = 1.0
    open_triggers: int = 4
    slow_ms: float = 25.0
    refused_permille: int = 10
    provider: str = "smtp"
    sink: str = ""  # another one than the provider's usual

    @property
    def in_the_air(self) -> int:
        """How many messages one process may have handed over without an answer."""
        return CONNECTIONS * (BATCH if self.provider == "postmark" else 1)

    def rules(self, port: int) -> dict[str, str]:
        """Settings of all processes; the provider listens on this port."""
        if self.provider == "webhook":
            return _RULES | {
                "CLARION_WEBHOOK_CONNECTIONS": str(CONNECTIONS),
                "CLARION_WEBHOOK_PER_HOST": str(CONNECTIONS),
                "CLARION_WEBHOOK_ALLOW_PRIVATE_ADDRESSES": "true",
            }
        if self.provider == "postmark":
            provider = {
                "URL": f"http://127.0.0.1:{port}",
                "TOKEN": "sink",
                "BATCH": str(BATCH),
                "CONNECTIONS": str(CONNECTIONS),
            }
        else:
            provider = {
                "HOST": "127.0.0.1",
                "PORT": str(port),
                "SECURITY": "none",
                "CONNECTIONS": str(CONNECTIONS),
            }
        named = {f"CLARION_{self.provider.upper()}_{name}": value for name, value in provider.items()}
        return _RULES | named | {"CLARION_EMAIL_PROVIDER": self.provider}


@dataclass
class Campaign:
    """One run, in a folder of its own. Everything it starts is ended by `close`.

    `disk`: where an SQLite file and the data folder are, if not in that folder.
    """

    plan: Plan
    folder: Path
    say: Callable[[str], None] = print
    environment: dict[str, str] = field(default_factory=dict)  # of the workers, beside the rules
    disk: Path | None = None
    struck: Counter[str] = field(default_factory=Counter)
    accepted: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        plan = self.plan
        self._dice = random.Random(plan.seed)
        self.cluster: KillableCluster | None = None
        if self.plan.engine == "postgres":
            self.cluster = KillableCluster()
            self.url = self.cluster.create("crash")
        else:
            self.url = f"sqlite:///{(self.disk or self.folder) / 'crash.db'}"
        self.data = (self.disk or self.folder) / "data"
        self._store: Store = open_store(self.url, connections=2)
        self._sink_file = self.folder / "sink"
        sink = plan.sink or _SINKS[plan.provider]
        self._sink = subprocess.Popen(
            python("-m", sink, *map(str, (self._sink_file, plan.seed, plan.slow_ms, plan.refused_permille))),
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        self.actors: list[Actor] = []
        self._loading = threading.Event()
        try:
            assert self._sink.stdout is not None
            self._sink_port = int(self._sink.stdout.readline())
            self._furnish()
            self._cast()
        except BaseException:
            self.close()
            raise

    # -- the scene ---------------------------------------------------------------------------------------

    def _furnish(self) -> None:
        migrate(self._store)
        keys = access.random_keys()
        workspace = self._store.write(lambda tx: access.create_workspace(tx, "Crash", "id_email", keys))
        self._key = keys.manage_key
        numbers = PersonNumbers(self._store).take(workspace.workspace_id, self.plan.people)
        crowd = [Person(number, f"p{n}", f"p{n}@example.com", {"n": n}, {}, 0) for n, number in enumerate(numbers, 1)]
        self._store.write(lambda tx: people.insert(tx, workspace, crowd))

        def broadcast(
            tx: Transaction, policy: DoubtPolicy, kind: BroadcastKind = BroadcastKind.BROADCAST, name: str | None = None
        ) -> int:
            made = broadcasts.create(
                tx, workspace, policy.value, recipients={}, doubt_policy=policy, kind=kind, trigger_name=name
            )
            content = EmailContent(
                subject="{{ customer.n }}",
                body="<p>{{ trigger.word }} {{ customer.id }}</p>",
                sender="c@sender.example",
            )
            if self.plan.provider == "webhook":
                url = f"http://127.0.0.1:{self._sink_port}/{{{{ customer.id }}}}"
                content = EmailContent(body='{"word": "{{ trigger.word }}"}', webhook=WebhookCall(url))
            broadcasts.add_action(tx, made, "one", content)
            broadcasts.set_state(tx, made.broadcast_id, BroadcastState.RUNNING)
            return made.broadcast_id

        self.broadcasts = [self._store.write(partial(broadcast, policy=policy)) for policy in DoubtPolicy]
        receipt = partial(broadcast, policy=DoubtPolicy.HOLD, kind=BroadcastKind.TRANSACTIONAL, name="receipt")
        self.receipt = self._store.write(receipt)
        self._secret = self._store.write(access.installation_secret)

    def _cast(self) -> None:
        environment = self.plan.rules(self._sink_port)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        common = ["--database-url", self.url, "--data-dir", str(self.data)]
        serve = python("-m", "clarion", "serve", "--port", str(self._port), *common)
        if self.plan.engine == "postgres":
            serve.append("--no-worker")
        self._api = Actor("api", serve, environment, self.folder / "api.log")
        self.actors = [self._api]
        if self.plan.engine == "postgres":
            environment |= {"CLARION_SERVER_BASE_URL": "https://crash.example"} | self.environment
            for number in range(self.plan.workers):
                command = python("-m", "clarion", "worker", *common)
                name = f"worker{number}"
                self.actors.append(Actor(name, command, environment, self.folder / f"{name}.log"))
        for actor in self.actors:
            actor.start()

    # -- the load ----------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: object = None) -> Any:
        """A call to the API; the parsed answer. Raises OSError."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def _load(self) -> None:
        """Keep triggers coming. A call without an answer is not repeated: the ledger knows whether it counted."""
        dice = random.Random(self.plan.seed + 1)
        unfinished: set[int] = set()
        while not self._loading.wait(0.1):
            with suppress(OSError, ValueError, urllib.error.HTTPError):
                if self.plan.provider != "webhook":  # a transactional message is an e-mail
                    self._send_one(f"p{dice.randint(1, self.plan.people)}")
                for number in sorted(unfinished):
                    state = self.call("GET", f"/api/clarion/v1/triggers/{number}")["trigger"]["state"]
                    if TriggerState(state) not in UNFINISHED:
                        unfinished.discard(number)
                if len(unfinished) < self.plan.open_triggers:
                    body: dict[str, Any] = {"data": {"word": "shared"}}
                    if dice.random() < 0.3:
                        some = dice.sample(range(1, self.plan.people + 1), self.plan.people // 3)
                        body = {"per_user_data": [{"id": f"p{n}", "data": {"word": f"own{n}"}} for n in some]}
                    broadcast_id = dice.choice(self.broadcasts)
                    number = int(self.call("POST", f"/v1/campaigns/{broadcast_id}/triggers", body)["id"])
                    self.accepted.add(number)
                    unfinished.add(number)

    def _send_one(self, who: str) -> None:
        """A transactional message: its id in the answer says that its account is in the ledger."""
        body = {"transactional_message_id": "receipt", "identifiers": {"id": who}, "message_data": {"word": who}}
        key = key_of(self.call("POST", "/v1/send/email", body)["delivery_id"], self._secret)
        assert key is not None
        self.accepted.add(key.trigger_id)

    # -- the kills ---------------------------------------------------------------------------------------

    def run(self) -> Judgement:
        """The whole campaign: load, kills, drain, judgement."""
        with self.under_load():
            began = time.monotonic()
            while not self.sent() and time.monotonic() - began < _START_SECONDS:
                self.until(time.monotonic() + 0.1)
            while self.struck.total() < self.plan.kills:
                self._strike()
                if self._dice.random() < _UNDER_LOAD:
                    self._until_sent(self.sent() + self._dice.randrange(_MOST_BETWEEN))
                self.until(time.monotonic() + min(4 * self.plan.pause, self._dice.expovariate(1 / self.plan.pause)))
                if self.struck.total() % 25 == 0:
                    self.say(f"{self._hits()} in {time.monotonic() - began:.0f} s; {self.sent()} messages")
        return self.finish()

    @contextmanager
    def under_load(self) -> Iterator[None]:
        """Triggers keep coming for as long as this lasts."""
        loading = threading.Thread(target=self._load, name="load")
        loading.start()
        try:
            yield
        finally:
            self._loading.set()
            loading.join()

    def finish(self) -> Judgement:
        """Let everything end, then compare."""
        self._drain()
        for actor in self.actors:
            actor.stop()
        return judge(self._store, [*self.broadcasts, self.receipt], self.accepted, taken(self._sink_file))

    def _strike(self) -> None:
        workers = self.actors[1:] or self.actors
        what = self._dice.choices(("worker", "api", "database", "sleep", "kill asleep"), (55, 15, 12, 12, 6))[0]
        if what == "database" and self.cluster is None:
            what = "worker"
        victim = self._dice.choice(workers)
        seconds = self._dice.uniform(0.5, 2.0) * LEASE_SECONDS
        if what == "database" and self.cluster is not None:
            self.cluster.kill()
            self.until(time.monotonic() + self._dice.choice((0.0, 0.0, 1.0)))
            self.cluster.start()
        elif what == "api":
            self._api.kill()
        elif what in {"sleep", "kill asleep"}:
            victim.sleep(time.monotonic() + seconds)
            if what == "kill asleep":
                self.until(time.monotonic() + seconds * 0.9)
                victim.kill()
        else:
            victim.kill()
        self.struck[what] += 1

    def until(self, moment: float) -> None:
        """Look after everybody until then, as a supervisor would."""
        while True:
            now = time.monotonic()
            for actor in self.actors:
                actor.look_after(now)
            if now >= moment:
                return
            time.sleep(min(0.05, moment - now))

    def _until_sent(self, messages: int) -> None:
        """On a busy machine processes take long to start: a kill that meets nobody at work proves little."""
        limit = time.monotonic() + _STALL_SECONDS
        while self.sent() < messages and time.monotonic() < limit:
            self.until(time.monotonic() + 0.05)

    def _drain(self) -> None:
        """Until every trigger is finished and every record settled; what is left after a long standstill is lost."""
        for actor in self.actors:
            actor.wake()
        seen, since = None, time.monotonic()
        while time.monotonic() - since < _DRAIN_SECONDS:
            self.until(time.monotonic() + 0.5)
            state = (self._unfinished(), self._records(), self.sent())
            if not state[0] and not state[1]:
                return
            if state != seen:
                seen, since = state, time.monotonic()
                self.say(f"draining: {state[0]} triggers, {state[1]} records to settle, {state[2]} messages")
        self.say("no progress any more")

    def _unfinished(self) -> int:
        def count(tx: Transaction) -> int:
            rows = [
                row
                for broadcast_id in (*self.broadcasts, self.receipt)
                for row in triggers.of_broadcast(tx, broadcast_id, 100_000)
            ]
            return sum(1 for row in rows if TriggerState(row["state"]) in UNFINISHED)

        return self._store.read(count)

    def _records(self) -> int:
        """Flight records of processes that are gone."""
        alive = {str(actor.pid) for actor in self.actors}
        left = (self.data / "flights").glob("*.flight")
        return sum(path.name.split("~")[1] not in alive for path in left)

    def sent(self) -> int:
        return self._sink_file.read_bytes().count(b"\n") if self._sink_file.exists() else 0

    def _hits(self) -> str:
        return f"{self.struck.total()} kills ({', '.join(f'{name} {n}' for name, n in sorted(self.struck.items()))})"

    # -- the end -----------------------------------------------------------------------------------------

    def verdict(self, found: Judgement) -> bool:
        """Report; whether the promise was kept."""
        self.say(f"{self._hits()}; accounts: {dict(found.states)}; repeated as their policy asks: {found.repeated}")
        for actor in self.actors:
            if actor.ended:
                self.say(f"{actor.name} ended by itself: {dict(Counter(actor.ended))}")
            for line, times in Counter(actor.tracebacks()).most_common(5):
                self.say(f"{actor.name}: traceback, {times} times: {line[:200]}")
        for fault in found.faults[:40]:
            self.say(f"FAULT: {fault}")
        most = self.plan.kills * self.plan.in_the_air
        if found.in_doubt > most or found.repeated > most:
            self.say(f"FAULT: in doubt or repeated more than {most}, one hand-over per connection and kill")
            return False
        return not found.faults and not found.lost and not found.doubled

    def close(self) -> None:
        """End everything that this campaign started."""
        self._loading.set()
        for actor in self.actors:
            actor.kill()
        self._sink.kill()
        self._sink.wait()
        if self._sink.stdout is not None:
            self._sink.stdout.close()
        self._store.close()
        if self.cluster is not None:
            self.cluster.close()


def main() -> int:
    """The command behind ``make crash``."""
    bytecode.keep()
    parser = argparse.ArgumentParser(description="Kill everything at random, then compare the ledger with the sink.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None, help="repeat the run with this seed")
    parser.add_argument("--engine", choices=["postgres", "sqlite"], default="postgres")
    parser.add_argument("--provider", choices=list(_SINKS), default="smtp")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs behind")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    folder = Path(tempfile.mkdtemp(prefix="clarion-crash-"))
    folder.chmod(0o755)
    print(f"seed={seed} engine={given.engine} logs={folder}", flush=True)
    # On SQLite one process does everything: it needs the time to start before it is killed again.
    pause = 1.0 if given.engine == "postgres" else 2.5
    plan = Plan(engine=given.engine, kills=given.kills, seed=seed, pause=pause, provider=given.provider)
    campaign = Campaign(plan, folder, partial(print, flush=True))
    try:
        found = campaign.run()
        kept = campaign.verdict(found)
    finally:
        campaign.close()
        if not given.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print(found.line(campaign.struck.total()), flush=True)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
