# SPDX-License-Identifier: Apache-2.0
"""What one process has open."""

import atexit
from dataclasses import dataclass
from pathlib import Path

from clarion.observability.metrics import Metrics
from clarion.observability.traces import OpenTelemetry
from clarion.pipeline.tracing import UNTRACED, Tracing
from clarion.settings import Settings
from clarion.store.engine import Store
from clarion.store.jobs import Jobs
from clarion.store.jobs_inprocess import InProcessJobs
from clarion.store.jobs_postgres import PostgresJobs
from clarion.store.opening import open_store
from clarion.store.watched import WatchedStore


@dataclass(frozen=True, slots=True)
class House:
    """What one process has open. `base_url`: where it is reached from outside."""

    settings: Settings
    store: Store
    jobs: Jobs
    base_url: str
    metrics: Metrics
    tracing: Tracing

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.settings.data.dir)

    @property
    def outbox_folder(self) -> Path:
        """Where mail is captured."""
        return self.folder / "outbox"


def open_house(settings: Settings, base_url: str) -> House:
    """Open the database and choose what drives the workers on it.

    Raises:
        SetupError: the database cannot be opened.
    """
    metrics = Metrics()
    opened = open_store(settings.database.url, connections=settings.database.connections)
    store = WatchedStore(opened, metrics.database_error)
    jobs: Jobs = PostgresJobs(settings.database.url) if store.engine == "postgres" else InProcessJobs(store)
    return House(settings, store, jobs, base_url, metrics, build_tracing(settings))


def build_tracing(settings: Settings) -> Tracing:
    """OpenTelemetry where the settings name an endpoint, else nothing.

    Raises:
        SetupError: it is not installed.
    """
    if not settings.traces.endpoint:
        return UNTRACED
    tracing = OpenTelemetry(settings.traces.endpoint, share=settings.traces.share)
    atexit.register(tracing.close)  # what the last spans say is told after everything else has ended
    return tracing
