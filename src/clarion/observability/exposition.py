# SPDX-License-Identifier: Apache-2.0
"""The text of /metrics: this process's figures, those of its worker processes, and the backlog in the database.

Worker processes send theirs to their supervisor about once a second. Counters of one that ended are kept, so that
a restart never makes a total smaller.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from clarion.store.operations import Backlog

Labels = tuple[tuple[str, str], ...]
Figures = dict[tuple[str, str, str, Labels], float]  # (family, kind, sample, labels)
CONTENT_TYPE: str = CONTENT_TYPE_LATEST
_OF_ONE_PROCESS = ("process_", "clarion_build_info")  # of the process that is asked, not summed
_NOT_KEPT = ("_created",)


def figures(registry: CollectorRegistry) -> list[tuple[str, str, str, Labels, float]]:
    """A process's figures as plain values that can travel."""
    return [
        (family.name, family.type, sample.name, tuple(sorted(sample.labels.items())), sample.value)
        for family in registry.collect()
        if not family.name.startswith(_OF_ONE_PROCESS)
        for sample in family.samples
        if not sample.name.endswith(_NOT_KEPT)
    ]


class Fleet:
    """The figures of several processes, added up; a gauge is the largest of the living ones."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._living: dict[int, Figures] = {}
        self._ended: Figures = {}

    def heard(self, number: int, values: Iterable[tuple[str, str, str, Labels, float]]) -> None:
        """The newest figures of process `number`."""
        latest = {(family, kind, sample, labels): value for family, kind, sample, labels, value in values}
        with self._guard:
            self._living[number] = latest

    def ended(self, number: int) -> None:
        """Process `number` is gone; what it counted stays counted."""
        with self._guard:
            for key, value in self._living.pop(number, {}).items():
                if key[1] != "gauge":
                    self._ended[key] = self._ended.get(key, 0.0) + value

    def total(self) -> Figures:
        """All of it."""
        with self._guard:
            total = dict(self._ended)
            for latest in self._living.values():
                for key, value in latest.items():
                    known = total.get(key)
                    if known is None:
                        total[key] = value
                    else:
                        total[key] = max(known, value) if key[1] == "gauge" else known + value
            return total


class Exposition(Collector):
    """Everything that one address answers to /metrics."""

    def __init__(self, own: CollectorRegistry, fleet: Fleet | None = None) -> None:
        self._own = own
        self._fleet = fleet
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        self._backlog: Backlog | None = None
        self._database_up = False
        self._processes: Mapping[str, float] = {}

    def observe(self, backlog: Backlog | None, processes: Mapping[str, float]) -> None:
        """What the next text says of the database (None: it does not answer) and of the worker processes."""
        self._backlog = backlog
        self._database_up = backlog is not None
        self._processes = processes

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Called by the registry."""
        yield from self._added_up()
        yield from _processes(self._processes)
        yield from _backlog(self._backlog)

    def _added_up(self) -> Iterator[Metric]:
        rest = self._fleet.total() if self._fleet is not None else {}
        for family in self._own.collect():
            mine = Metric(family.name, family.documentation, family.type)
            for sample in family.samples:
                if sample.name.endswith(_NOT_KEPT):
                    continue
                key = (family.name, family.type, sample.name, tuple(sorted(sample.labels.items())))
                others = rest.pop(key, 0.0)
                both = max(sample.value, others) if family.type == "gauge" else sample.value + others
                mine.add_sample(sample.name, sample.labels, both)
            for key in [key for key in rest if key[0] == family.name]:
                mine.add_sample(key[2], dict(key[3]), rest.pop(key))
            yield mine


PROCESSES: dict[str, tuple[str, str]] = {
    "wanted": ("clarion_worker_processes_wanted", "Worker processes that this supervisor keeps."),
    "alive": ("clarion_worker_processes", "Worker processes that are alive and were heard of lately."),
    "restarts": ("clarion_worker_restarts", "Worker processes that died and were started again."),
    "silent_seconds": ("clarion_worker_silent_seconds", "How long the quietest worker loop has not been heard of."),
}


def _processes(values: Mapping[str, float]) -> Iterator[Metric]:
    for word, value in values.items():
        name, meaning = PROCESSES[word]
        family = Metric(name, meaning, "counter" if word == "restarts" else "gauge")
        family.add_sample(f"{name}_total" if word == "restarts" else name, {}, value)
        yield family


def _backlog(found: Backlog | None) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "clarion_database_up", "1 when the database answered for this text.", value=0 if found is None else 1
    )
    if found is None:
        return
    states = GaugeMetricFamily("clarion_triggers", "Unfinished triggers, by state.", labels=["state"])
    for state, n in sorted(found.triggers.items()):
        states.add_metric([state], n)
    yield states
    yield GaugeMetricFamily(
        "clarion_queued_accounts", "Accounts of unfinished triggers that are to be sent.", value=found.queued
    )
    yield GaugeMetricFamily("clarion_open_slices", "Slices that are not finished.", value=found.open_slices)
    yield GaugeMetricFamily(
        "clarion_queue_oldest_seconds",
        "How long the oldest work that is due, neither paused nor held by its rate, has been waiting for a worker.",
        value=found.waiting_ms / 1_000,
    )
    yield GaugeMetricFamily(
        "clarion_in_doubt_accounts",
        "Accounts in doubt that wait for a decision.",
        value=found.in_doubt,
    )
    paused = GaugeMetricFamily(
        "clarion_account_paused",
        "Processes that give an account at a provider no messages for now.",
        labels=["channel", "account"],
    )
    for (channel, account), n in sorted(found.paused.items()):
        paused.add_metric([channel, account], n)
    yield paused
