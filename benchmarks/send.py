# SPDX-License-Identifier: Apache-2.0
"""A personal newsletter from the trigger call to the last message in an SMTP sink, against a C load generator.

The same machine runs all of it: the sink, PostgreSQL where it is used, the API and the workers.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from statistics import median

import psycopg

from clarion.domain.broadcasts import BroadcastState
from clarion.domain.people import Person
from clarion.store import access, broadcasts
from clarion.store import people as people_of
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.migrate import migrate
from clarion.store.numbers import PersonNumbers
from clarion.store.opening import open_store
from clarion.store.queries import Engine

from . import newsletter
from .fleet import Process, call, until_done
from .ground import Ground
from .report import Result, Row
from .sink import Sink

WORKERS: dict[Engine, int] = {"sqlite": 1, "postgres": 2}
TARGETS: dict[Engine, float] = {"postgres": 0.5, "sqlite": 0.35}
MOST_CPU_US = 50.0
MOST_MB = 250.0
MOST_GROWTH = 1.1
PEOPLE = 100_000
_REFERENCE_MESSAGES = 50_000
_SECONDS = 900.0
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Run:
    """One trigger: seconds until the ledger was complete, our processes' CPU, their peak memory, messages sent."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    sent: int
    source_rate: float  # messages a second of smtp-source, right before

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.sent / self.seconds


def furnish(store: Store, count: int, keys: Keys) -> int:
    """A workspace with so many people who all can be reached, and the newsletter as a broadcast; its number."""

    def make(tx: Transaction) -> tuple[Workspace, int]:
        workspace = access.create_workspace(tx, "newsletter", "id_email", keys)
        everybody = {"attribute": {"field": "email", "operator": "exists"}}
        broadcast = broadcasts.create(tx, workspace, "Night bus", recipients=everybody)
        broadcasts.add_action(tx, broadcast, "Newsletter", newsletter.CONTENT)
        broadcasts.set_state(tx, broadcast.broadcast_id, BroadcastState.RUNNING)
        return workspace, broadcast.broadcast_id

    workspace, broadcast_id = store.write(make)
    numbers = PersonNumbers(store)
    for start in range(0, count, _BATCH):
        taken = numbers.take(workspace.workspace_id, min(_BATCH, count - start))
        made = [
            Person(number, f"p{no}", f"p{no}@recipient.example", newsletter.attributes(no), {}, 0)
            for no, number in enumerate(taken, start=start + 1)
        ]
        store.write(partial(people_of.insert, workspace=workspace, people=made))
    if store.engine == "postgres":
        store.script("ANALYZE person")
    return broadcast_id


class House:
    """A database with people and a newsletter, and the processes that serve it."""

    def __init__(self, ground: Ground, engine: Engine, sink: Sink, people: int) -> None:
        self.engine = engine
        self.people = people
        self._sink = sink
        self._stack = ExitStack()
        self.url = ground.url(engine, f"send{people}")
        keys = access.random_keys()
        store = open_store(self.url)
        try:
            migrate(store)
            self._broadcast_id = furnish(store, people, keys)
        finally:
            store.close()
        self._keys = keys
        settings = {
            "DATABASE_URL": self.url,
            "DATA_DIR": str(ground.folder / f"send-{engine}-{people}"),
            "EMAIL_PROVIDER": "smtp",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(sink.port),
            "SMTP_SECURITY": "none",
            "SMTP_CONNECTIONS": "20",
            "SMTP_MAX_MESSAGES_PER_CONNECTION": "100000",
            "SERVER_BASE_URL": "https://mail.newsletter.example",
            "TRIGGER_INTERVAL_SECONDS": "0",
            "TRIGGER_QUEUE": "100000",
            "LOG_LEVEL": "warning",
        }
        embedded = engine == "sqlite"
        serve = ["serve", "--json", "--port", "0"] + ([] if embedded else ["--no-worker"])
        self._processes = [self._start(ground, *serve, settings=settings)]
        self._api = self._processes[0].announced()["url"]
        if not embedded:
            for _ in range(WORKERS[engine]):
                self._processes.append(self._start(ground, "worker", settings=settings))

    def _start(self, ground: Ground, *arguments: str, settings: dict[str, str]) -> Process:
        process = Process(*arguments, settings=settings, environment=ground.environment())
        self._stack.callback(process.stop)
        return process

    def fire(self) -> Run:
        """One trigger to everybody. Raises RuntimeError when the ledger does not hold everybody."""
        source_rate = self._sink.source_rate(_REFERENCE_MESSAGES)
        path = f"{self._api}/v1/campaigns/{self._broadcast_id}/triggers"
        cpu, started = self._cpu_seconds(), time.monotonic()
        trigger_id = call(path, self._keys.app_key, {"data": newsletter.TRIGGER_DATA})["id"]
        status = f"{self._api}/api/clarion/v1/triggers/{trigger_id}"
        trigger = until_done(status, self._keys.manage_key, _SECONDS)
        seconds, cpu = time.monotonic() - started, self._cpu_seconds() - cpu
        states = trigger["states"]
        if not trigger["accounted"] or states.get("sent", 0) != self.people:
            raise RuntimeError(f"{self.engine}: not everybody was sent: {states}")
        return Run(
            seconds=seconds,
            cpu_seconds=cpu,
            peak_mb=max(process.peak_mb() for process in self._processes),
            sent=states["sent"],
            source_rate=source_rate,
        )

    @property
    def api(self) -> str:
        """Where it answers."""
        return str(self._api)

    @property
    def app_key(self) -> str:
        """What opens its App API."""
        return self._keys.app_key

    def small_broadcast(self) -> int:
        """Another active broadcast with a short mail; its number."""
        action = {"subject": "Hi", "body": "<p>Hi</p>", "from": "a@newsletter.example"}
        path = f"{self._api}/api/clarion/v1/broadcasts"
        made = call(path, self._keys.manage_key, {"name": "Small", "actions": [action]})["broadcast"]
        call(f"{path}/{made['id']}/activate", self._keys.manage_key, {})
        return int(made["id"])

    def trigger_everybody(self) -> int:
        """Trigger the newsletter and do not wait; the trigger's number."""
        path = f"{self._api}/v1/campaigns/{self._broadcast_id}/triggers"
        return int(call(path, self._keys.app_key, {"data": newsletter.TRIGGER_DATA})["id"])

    def state(self, trigger_id: int) -> str:
        """How a trigger stands."""
        found = call(f"{self._api}/api/clarion/v1/triggers/{trigger_id}", self._keys.manage_key)
        return str(found["trigger"]["state"])

    def stop(self, trigger_id: int) -> None:
        """Stop a trigger."""
        call(f"{self._api}/api/clarion/v1/triggers/{trigger_id}/stop", self._keys.manage_key, {})

    def _cpu_seconds(self) -> float:
        return sum(process.cpu_seconds() for process in self._processes)

    def close(self) -> None:
        """Stop the processes."""
        self._stack.close()


def run(ground: Ground, command: str) -> Result:
    """Measure: each engine in turn, in each round the reference right before."""
    rows: list[Row] = []
    with Sink() as sink:
        for engine in ground.engines:
            house = House(ground, engine, sink, PEOPLE)
            try:
                house.fire()  # everything is loaded and warm
                runs = [house.fire() for _ in range(ground.rounds)]
            finally:
                house.close()
            rows += _rows(engine, runs)
    return Result(
        "send",
        f"{PEOPLE:,} personal newsletters of about 4.5 KB from the call to the complete ledger, into smtp-sink",
        "smtp-source -s 20 -l 4500 -d into the same sink, right before: one constant message, no personal text",
        command,
        tuple(rows),
        ("sink, database, API and workers share the machine",),
    )


def _rows(engine: Engine, runs: list[Run]) -> list[Row]:
    ratio = median(each.rate / each.source_rate for each in runs)
    cpu_us = [each.cpu_seconds / each.sent * 1e6 for each in runs]
    peak = max(each.peak_mb for each in runs)
    target = TARGETS[engine]
    workers = f"{WORKERS[engine]} worker processes" if engine == "postgres" else "1 process"
    return [
        Row(
            f"messages per second, {workers}",
            engine,
            median(each.rate for each in runs),
            "/s",
            ratio,
            tuple(round(each.rate) for each in runs),
            f"≥ {target:g} ×",
            ratio >= target,
            reference=median(each.source_rate for each in runs),
        ),
        Row(
            "our CPU per message",
            engine,
            median(cpu_us),
            "µs",
            runs=tuple(round(each, 1) for each in cpu_us),
            bound=f"≤ {MOST_CPU_US:g} µs",
            kept=median(cpu_us) <= MOST_CPU_US,
        ),
        Row("peak memory of a process", engine, peak, "MB", bound=f"≤ {MOST_MB:g} MB", kept=peak <= MOST_MB),
    ]


def grow(ground: Ground, command: str) -> Result:
    """Ten times and a hundred times the people: what one message costs, and what the database makes of it."""
    rows: list[Row] = []
    notes: list[str] = []
    sizes = [10_000, 100_000, 1_000_000] if ground.people >= 1_000_000 else [10_000, 100_000]
    with Sink() as sink:
        for engine in ground.engines:
            first: float | None = None
            for people in sizes:
                house = House(ground, engine, sink, people)
                try:
                    house.fire()
                    # A small trigger is over soon: more of them, so that one hiccup does not decide.
                    runs = [house.fire() for _ in range(3 if people < 1_000_000 else 1)]
                    if engine == "postgres":
                        notes.append(f"{people:,} people: {_postgres_facts(house.url)}")
                finally:
                    house.close()
                per_message = median(each.seconds / each.sent for each in runs) * 1e6
                first = first or per_message
                growth = per_message / first
                peak = max(each.peak_mb for each in runs)
                rows += [
                    Row(
                        f"time per message, {people:,} people",
                        engine,
                        per_message,
                        "µs",
                        growth,
                        bound=f"≤ {MOST_GROWTH:g} ×",
                        kept=growth <= MOST_GROWTH,
                        reference=first,
                    ),
                    Row(
                        f"peak memory, {people:,} people", engine, peak, "MB", bound=f"≤ {MOST_MB:g} MB",
                        kept=peak <= MOST_MB,
                    ),
                ]  # fmt: skip
    return Result(
        "grow",
        "what a message costs when there are ten times and a hundred times as many",
        f"the time per message at {sizes[0]:,} people",
        command,
        tuple(rows),
        tuple(notes),
    )


def _postgres_facts(url: str) -> str:
    """Bytes per delivery row, how its updates and vacuums went, and checkpoints; in words."""
    with psycopg.connect(url, autocommit=True) as connection:
        size = connection.execute(
            "SELECT sum(pg_table_size(relid)), sum(pg_indexes_size(relid)), sum(n_live_tup), sum(n_tup_upd),"
            " sum(n_tup_hot_upd), sum(n_dead_tup), sum(autovacuum_count)"
            " FROM pg_stat_user_tables WHERE relname LIKE 'delivery%' AND relname NOT LIKE 'delivery_%event%'"
        ).fetchone()
        checkpoints = connection.execute(
            "SELECT checkpoints_timed, checkpoints_req, round(checkpoint_write_time / 1000) FROM pg_stat_bgwriter"
        ).fetchone()
        at_work = connection.execute("SELECT count(*) FROM pg_stat_progress_vacuum").fetchone()
        began = time.perf_counter()
        connection.execute("VACUUM delivery")
        vacuum_s = time.perf_counter() - began
    if size is None or checkpoints is None or at_work is None or not size[2]:
        return "no statistics"
    heap, indexes, live, updated, hot, dead, vacuums = (int(value or 0) for value in size)
    return (
        f"{heap / live:.0f} + {indexes / live:.0f} bytes a delivery row (table + indexes), "
        f"{hot / max(1, updated):.0%} of {updated:,} updates within their page, {dead:,} dead rows, "
        f"{vacuums} autovacuums over and {at_work[0]} at work, VACUUM by hand {vacuum_s:.1f} s; "
        f"{checkpoints[0]} timed and {checkpoints[1]} forced checkpoints"
    )
