# SPDX-License-Identifier: Apache-2.0
"""Data-driven segments of `--people` people and `--events` events: building them, following events, looking again."""

import random
import time
from typing import Any

from clarion.domain.operations import Event, Operation
from clarion.domain.people import IdKind, Reference
from clarion.pipeline import segment_building, segment_defining
from clarion.pipeline.identify import perform
from clarion.store import segments
from clarion.store.engine import Store
from clarion.store.migrate import migrate
from clarion.store.numbers import PersonNumbers
from clarion.store.opening import open_store
from clarion.store.queries import Engine

from . import crowd
from .crowd import Crowd
from .ground import Ground
from .report import Result, Row, timed

_KINDS, _FOLLOWED, _DAYS = 20, 5, 60
_CALLS, _IN_A_CALL = 40, 100
_MOST_DUE = 100_000
_COUNT_BOUND_S = 0.01
_PREMIUM: dict[str, Any] = {"attribute": {"field": "plan", "operator": "eq", "value": "premium"}}
_RECENT: dict[str, Any] = {"event": {"name": "event-1", "at_least": 2, "within": {"days": 30}}}
_PAID: dict[str, Any] = {
    "event": {"name": "event-2", "where": [{"field": "total", "operator": "gte", "value": 50}]},
}

# The same questions as one statement each. `{value}`: how an engine reads a JSON text.
_PREMIUM_SQL = "SELECT person_id FROM person WHERE {value:attributes:plan} = 'premium'"
_RECENT_SQL = (
    "SELECT person_id FROM person_event WHERE kind = 'event' AND name = 'event-1' AND at_ms > :now_ms - 2592000000 "
    "GROUP BY person_id HAVING COUNT(*) >= 2"
)
_PAID_SQL = (
    "SELECT person_id FROM person_event WHERE kind = 'event' AND name = 'event-2' "
    "AND CAST({value:data:total} AS bigint) >= 50"
)
_EVERYTHING_SQL = (
    "SELECT person_id FROM segment_member WHERE segment_id = :half "
    f"AND (person_id IN ({_RECENT_SQL}) OR person_id IN ({_PAID_SQL}))"
)
_FILL = {
    "sqlite": """INSERT INTO person_event (person_id, event_id, at_ms, kind, name, data)
WITH RECURSIVE n (n) AS (SELECT {low} UNION ALL SELECT n + 1 FROM n WHERE n < {high} - 1),
     d AS (SELECT n, (n * 2654435761) % 4294967296 AS dice FROM n)
SELECT {first} + n / {each}, printf('%026d', n % {each}), {now_ms} - (dice % {seconds}) * 1000, 'event',
       'event-' || ((dice / 64) % {kinds}), '{{"total":' || ((dice / 65536) % 100) || ',"currency":"EUR"}}' FROM d;
""",
    "postgres": """INSERT INTO person_event (person_id, event_id, at_ms, kind, name, data)
SELECT {first} + n / {each}, lpad(CAST(n % {each} AS text), 26, '0'), {now_ms} - (dice % {seconds}) * 1000, 'event',
       'event-' || ((dice / 64) % {kinds}), '{{"total":' || ((dice / 65536) % 100) || ',"currency":"EUR"}}'
FROM (SELECT n, (n * 2654435761) % 4294967296 AS dice
      FROM generate_series(CAST({low} AS bigint), CAST({high} AS bigint) - 1) AS n) AS d
""",
}
_FILLED_AT_ONCE = 500_000


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
        f"How fast are data-driven segments of {ground.people:,} people and {ground.events:,} events?",
        "building: one statement of SQL that counts the same people, read from disk or memory alike; events: the same "
        "events without any data-driven segment; customer_count: counting the members",
        command,
        tuple(rows),
        (
            f"Events of {_KINDS} names over {_DAYS} days. Calls are batches of {_IN_A_CALL} events, one after another.",
            f"Events are followed by the segments built before, and by one for {_FOLLOWED} of the names each.",
        ),
    )


def _measured(store: Store, engine: Engine, ground: Ground) -> list[Row]:
    began = time.perf_counter()
    whole = crowd.load(store, ground.people)
    now_ms = store.read(lambda tx: tx.now_ms())
    _fill(store, whole, ground.events, now_ms)
    rows = [timed("filling the tables", engine, [time.perf_counter() - began])]
    calls = _Calls(store, whole)
    calls.seconds()  # tables that were just filled are read from disk at first
    plain = [calls.seconds() for _ in range(ground.rounds)]
    everything = {"and": [{"or": [_RECENT, _PAID]}, {"segment": {"id": whole.half}}]}
    for what, conditions, statement in (
        ("an attribute", _PREMIUM, _PREMIUM_SQL),
        ("twice an event in 30 days", _RECENT, _RECENT_SQL),
        ("all of it, properties too", everything, _EVERYTHING_SQL),
    ):
        rows.append(_built(store, whole, f"building: {what}", conditions, statement))
    for no in range(_FOLLOWED):
        _build(store, whole, {"event": {"name": f"event-{no}", "within": {"days": 1 + 4 * no}}})
    followed = [calls.seconds() for _ in range(ground.rounds)]
    rows.append(timed(f"{_CALLS * _IN_A_CALL:,} events with {_FOLLOWED + 3} segments", engine, followed, plain))
    rows.append(_count(store, whole))
    due = _many_due(store, min(ground.people, _MOST_DUE))
    began = time.perf_counter()
    while segment_building.look_again(store):
        pass
    rows.append(Row("looked at again", engine, due / max(time.perf_counter() - began, 1e-9), "decisions/s"))
    return rows


def _fill(store: Store, whole: Crowd, events: int, now_ms: int) -> None:
    """Events that are the same at each run, written by the engine itself: by people they would take longer than all
    that is measured."""
    first, each = (whole.workspace.workspace_id << 40) + 1, events // whole.people
    given = {"first": first, "each": each, "now_ms": now_ms, "seconds": _DAYS * 86_400, "kinds": _KINDS}
    for low in range(0, whole.people * each, _FILLED_AT_ONCE):
        high = min(low + _FILLED_AT_ONCE, whole.people * each)
        store.script(_FILL[store.engine].format(low=low, high=high, **given))
    if store.engine == "postgres":
        store.script("ANALYZE person_event")


def _built(store: Store, whole: Crowd, what: str, conditions: dict[str, Any], statement: str) -> Row:
    """A segment built, and its size compared with what one statement finds."""
    for name, key in (("attributes", "plan"), ("data", "total")):
        reads = f"{name} ->> '{key}'" if store.engine == "sqlite" else f"(CAST({name} AS jsonb) ->> '{key}')"
        statement = statement.replace(f"{{value:{name}:{key}}}", reads)
    now_ms = store.read(lambda tx: tx.now_ms())
    seconds, segment_id = _build(store, whole, conditions)
    began = time.perf_counter()
    counted = store.read(
        lambda tx: tx.composed(
            f"SELECT COUNT(*) AS people FROM (SELECT DISTINCT person_id FROM ({statement}) AS f) AS g",
            {name: value for name, value in (("now_ms", now_ms), ("half", whole.half)) if f":{name}" in statement},
        )
    )
    took = time.perf_counter() - began
    sizes = {one.segment_id: one.size for one in store.read(lambda tx: segments.listing(tx, whole.workspace))}
    size, wanted = sizes[segment_id], int(counted[0]["people"])
    # A few of the time's edge may come or go while it is built.
    same = abs(size - wanted) <= max(2, wanted // 1_000)
    return Row(what, store.engine, seconds, "s", seconds / took, bound=f"{wanted:,} people", kept=same, reference=took)


def _build(store: Store, whole: Crowd, conditions: dict[str, Any]) -> tuple[float, int]:
    """How long it took, and which segment it is."""
    made = store.write(lambda tx: segment_defining.create(tx, whole.workspace, "Bench", "", conditions))
    began = time.perf_counter()
    while segment_building.build_some(store):
        pass
    return time.perf_counter() - began, made.segment_id


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


def _count(store: Store, whole: Crowd) -> Row:
    """The size of the largest segment there is, read as the API reads it."""
    largest = max(store.read(lambda tx: segments.listing(tx, whole.workspace)), key=lambda one: one.size)
    began = time.perf_counter()
    store.read(lambda tx: segments.get(tx, whole.workspace, largest.segment_id))
    took = time.perf_counter() - began
    began = time.perf_counter()
    members = "SELECT COUNT(*) AS people FROM segment_member WHERE segment_id = :segment_id"
    found = store.read(lambda tx: tx.composed(members, {"segment_id": largest.segment_id}))
    counting = time.perf_counter() - began
    kept = took <= _COUNT_BOUND_S and int(found[0]["people"]) == largest.size
    bound = f"≤ {_COUNT_BOUND_S} s, {largest.size:,} people"
    return Row("customer_count", store.engine, took, "s", took / counting, bound=bound, kept=kept, reference=counting)


def _many_due(store: Store, most: int) -> int:
    """So many marks are due now, as after a time without workers."""
    found = store.read(lambda tx: tx.composed("SELECT due_ms FROM segment_due ORDER BY due_ms LIMIT :n", {"n": most}))
    last = int(found[-1]["due_ms"]) if found else 0
    store.script(f"UPDATE segment_due SET due_ms = 0 WHERE due_ms <= {last}")
    return len(found)
