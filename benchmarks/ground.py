# SPDX-License-Identifier: Apache-2.0
"""Temporary databases of both engines, and the crowd that `audience` and `memory` share. Gone at the end."""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.postgres_cluster import Cluster

from clarion.store.engine import Store
from clarion.store.migrate import migrate
from clarion.store.opening import open_store
from clarion.store.queries import Engine

from . import crowd


@dataclass(frozen=True, slots=True)
class Loaded:
    """A database with the crowd in it; `load_seconds`: what filling it took."""

    url: str
    crowd: crowd.Crowd
    load_seconds: float


class Ground:
    """Where a run of benchmarks takes place."""

    def __init__(self, *, people: int, events: int, engines: tuple[Engine, ...], rounds: int) -> None:
        self.people = people
        self.events = events
        self.engines = engines
        self.rounds = rounds
        self.folder = Path(tempfile.mkdtemp(prefix="clarion-bench-"))
        self._cluster: Cluster | None = None
        self._loaded: dict[Engine, Loaded] = {}

    def url(self, engine: Engine, name: str) -> str:
        """A new, empty database."""
        if engine == "sqlite":
            return f"sqlite:///{self.folder / name}.db"
        if self._cluster is None:
            # Durable: the sums would mean little with fsync off, and SQLite runs with synchronous=FULL.
            self._cluster = Cluster(durable=True)
        return self._cluster.create(name)

    def loaded(self, engine: Engine) -> Loaded:
        """The database with the crowd, filled at the first call."""
        found = self._loaded.get(engine)
        if found is None:
            url = self.url(engine, "crowd")
            store = open_store(url)
            try:
                migrate(store)
                started = time.monotonic()
                people = crowd.load(store, self.people)
                found = self._loaded[engine] = Loaded(url, people, time.monotonic() - started)
            finally:
                store.close()
        return found

    def environment(self) -> dict[str, str]:
        """For child processes: no settings of the caller's, no limit of calls, temporary files below our folder."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CLARION_")}
        return {**kept, "TMPDIR": str(self.folder), "CLARION_LIMITS_ENABLED": "false"}

    def close(self) -> None:
        """Stop the server and remove every file."""
        if self._cluster is not None:
            self._cluster.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def empty_ledger(store: Store) -> None:
    """Remove every account, so that each run fills an empty ledger and no worker finds the last one's slices."""
    if store.engine == "postgres":
        store.script("TRUNCATE delivery, slice, trigger_count")
    else:
        store.script("DELETE FROM delivery; \nDELETE FROM slice; \nDELETE FROM trigger_count;\n")
    store.script("UPDATE broadcast_trigger SET state = 'done', open_slices = 0;\n")
