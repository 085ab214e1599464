# SPDX-License-Identifier: Apache-2.0
"""Data-driven segments of `--people` people with ten events each: building them, following events, looking again."""

import random
import time
from functools import partial
from typing import Any

from clarion.domain.operations import Event, Operation
from clarion.domain.people import IdKind, Reference
from clarion.pipeline import segment_building, segment_defining
from clarion.pipeline.identify import perform
from clarion.store import people, segments
from clarion.store.engine import Store
from clarion.store.migrate import migrate
from clarion.store.numbers import PersonNumbers
from clarion.store.opening import open_store
from clarion.store.people import PersonEvent
from clarion.store.queries import Engine

from . import crowd
from .crowd import Crowd
from .ground import Ground
from .report import Result, Row, timed

_EVENTS, _KINDS, _DAYS = 10, 20, 60
_BATCH, _CALLS, _IN_A_CALL = 2_000, 40, 100
_COUNT_BOUND_S = 0.01
_PREMIUM: dict[str, Any] = {"attribute": {"field": "plan", "operator": "eq", "value": "premium"}}


def run(ground: Ground, command: str) -> Result:
    """Both engines."""
    rows: list[Row] = []
    for engine in ground.engines:
        store = open_store(ground.url(engine, "segments"))
        try:
            migrate(store)
            rows += _measured(store, engine, ground)
        finally:
            store.close()
    return Result(
        "segments",
        f"How fast are data-driven segments of {ground.people:,} people and {ground.people * _EVENTS:,} events?",
        "the same events without any data-driven segment",
        command,
        tuple(rows),
        (
            f"Events of {_KINDS} names over {_DAYS} days. Calls are batches of {_IN_A_CALL} events, one after another.",
            "While events are followed there are the segments built before, and one for each name of an event.",
        ),
    )


def _measured(store: Store, engine: Engine, ground: Ground) -> list[Row]:
    whole = crowd.load(store, ground.people)
    _fill(store, whole)
    calls = _Calls(store, whole)
    plain = [calls.seconds() for _ in range(ground.rounds)]
    recent = {"event": {"name": "event-1", "at_least": 2, "within": {"days": 30}}}
    paid = {"event": {"name": "event-2", "where": [{"field": "total", "operator": "gte", "value": 50}]}}
    half = {"segment": {"id": whole.half}}
    everything = {"and": [{"or": [recent, paid]}, half]}
    rows = [
        timed("building: an attribute", engine, [_build(store, whole, _PREMIUM)]),
        timed("building: twice an event in 30 days", engine, [_build(store, whole, recent)]),
        timed(
            "building: all of it, properties too",
            engine,
            [_build(store, whole, everything)],
        ),
    ]
    for no in range(_KINDS):
        _build(store, whole, {"event": {"name": f"event-{no}", "within": {"days": 1 + no}}})
    followed = [calls.seconds() for _ in range(ground.rounds)]
    rows.append(timed(f"{_CALLS * _IN_A_CALL:,} events with {_KINDS + 3} segments", engine, followed, plain))
    counted, bound = _count(store, whole), f"≤ {_COUNT_BOUND_S} s"
    rows.append(Row("customer_count", engine, counted, "s", bound=bound, kept=counted <= _COUNT_BOUND_S))
    due = _many_due(store, ground.people)
    began = time.perf_counter()
    while segment_building.look_again(store):
        pass
    rows.append(Row("looked at again", engine, due / max(time.perf_counter() - began, 1e-9), "decisions/s"))
    return rows


def _fill(store: Store, whole: Crowd) -> None:
    dice, now_ms = random.Random(1), store.read(lambda tx: tx.now_ms())
    first = (whole.workspace.workspace_id << 40) + 1
    for start in range(0, whole.people, _BATCH):
        some = [
            PersonEvent(
                first + number,
                f"{no:026d}",
                now_ms - int(dice.random() * _DAYS * 86_400_000),
                "event",
                f"event-{dice.randrange(_KINDS)}",
                {"total": dice.randrange(100), "currency": "EUR"},
            )
            for number in range(start, min(start + _BATCH, whole.people))
            for no in range(_EVENTS)
        ]
        store.write(partial(people.add_events, events=some))
    if store.engine == "postgres":
        store.script("ANALYZE person_event")


def _build(store: Store, whole: Crowd, conditions: dict[str, Any]) -> float:
    store.write(lambda tx: segment_defining.create(tx, whole.workspace, "Bench", "", conditions))
    began = time.perf_counter()
    while segment_building.build_some(store):
        pass
    return time.perf_counter() - began


class _Calls:
    """Batches of events of people here and there."""

    def __init__(self, store: Store, whole: Crowd) -> None:
        self._store, self._whole = store, whole
        self._numbers, self._dice = PersonNumbers(store), random.Random(2)

    def seconds(self) -> float:
        calls = [[self._event() for _ in range(_IN_A_CALL)] for _ in range(_CALLS)]
        began = time.perf_counter()
        for operations in calls:
            perform(self._store, self._numbers, self._whole.workspace, operations)
        return time.perf_counter() - began

    def _event(self) -> Operation:
        name = f"person-{1 + self._dice.randrange(self._whole.people)}"
        event, data = f"event-{self._dice.randrange(_KINDS)}", {"total": self._dice.randrange(100)}
        return Event(Reference(IdKind.ID, name), "event", event, data)


def _count(store: Store, whole: Crowd) -> float:
    last = store.read(lambda tx: segments.listing(tx, whole.workspace))[-1].segment_id
    began = time.perf_counter()
    store.read(lambda tx: segments.get(tx, whole.workspace, last))
    return time.perf_counter() - began


def _many_due(store: Store, most: int) -> int:
    """So many marks are due now, as after a time without workers."""
    found = store.read(lambda tx: tx.composed("SELECT due_ms FROM segment_due ORDER BY due_ms LIMIT :n", {"n": most}))
    last = int(found[-1]["due_ms"]) if found else 0
    store.script(f"UPDATE segment_due SET due_ms = 0 WHERE due_ms <= {last}")
    return len(found)
