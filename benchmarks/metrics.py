# SPDX-License-Identifier: Apache-2.0
"""Reading the metrics of a broadcast with ten times `--people` deliveries, against counting those deliveries."""

import time
from collections.abc import Callable

from clarion.domain.broadcasts import DoubtPolicy, EmailContent
from clarion.domain.metrics import Metric
from clarion.domain.series import HOUR_MS, edges
from clarion.store import access, broadcasts, metrics
from clarion.store.engine import Store, Transaction
from clarion.store.migrate import migrate
from clarion.store.opening import open_store
from clarion.store.queries import Engine

from .ground import Ground
from .report import Result, Row, timed

_BOUND_S = 0.05
_DAYS, _FRESH_DAYS = 45, 3
_KINDS = tuple(Metric)[:16]
# Accounts of one trigger, all sent; as many as a machine of this size takes in a minute or two.
_FILL: dict[Engine, str] = {
    "postgres": """INSERT INTO delivery
            (trigger_id, seq, action_id, person_id, state, created_ms, attempted_ms, settled_ms)
        SELECT 1, n, {action}, n, 1, {now}, {now}, {now} FROM generate_series(1, {rows}) AS s (n);
        ANALYZE delivery;""",
    "sqlite": """WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})
        INSERT INTO delivery (trigger_id, seq, action_id, person_id, state, created_ms, attempted_ms, settled_ms)
        SELECT 1, n, {action}, n, 1, {now}, {now}, {now} FROM s;""",
}


def run(ground: Ground, command: str) -> Result:
    """Both engines."""
    rows: list[Row] = []
    for engine in ground.engines:
        store = open_store(ground.url(engine, "metrics"))
        try:
            rows += _measured(store, engine, ground)
        finally:
            store.close()
    return Result(
        "metrics",
        f"How long does the series of a broadcast with {ground.people * 10:,} deliveries take to read?",
        "counting its accounts by state",
        command,
        tuple(rows),
        (
            f"{_DAYS} days of {len(_KINDS)} metrics for two actions, the last {_FRESH_DAYS} by hours in all shards.",
            "So folding leaves them. The accounts are those of one trigger.",
        ),
    )


def _measured(store: Store, engine: Engine, ground: Ground) -> list[Row]:
    migrate(store)
    keys = access.random_keys()
    workspace = store.write(lambda tx: access.create_workspace(tx, "Bench", "id_email", keys))
    broadcast_id, action_ids = store.write(lambda tx: _broadcast(tx, workspace))
    now_ms = store.read(lambda tx: tx.now_ms())
    store.script(_FILL[engine].format(action=action_ids[0], rows=ground.people * 10, now=now_ms))
    store.script(_counters(broadcast_id, action_ids, now_ms // HOUR_MS))
    days = edges("days", _DAYS, now_ms)
    ours, theirs = [], []
    for _ in range(ground.rounds):
        ours.append(_timed(store, lambda tx: metrics.series(tx, broadcast_id, 0, days)))
        theirs.append(
            _timed(store, lambda tx: tx.composed("SELECT state, COUNT(*) AS n FROM delivery GROUP BY state", {}))
        )
    row = timed("45 days of every metric", engine, ours, theirs)
    kept = engine == "sqlite" or row.value <= _BOUND_S
    bound = "≤ 50 ms" if engine == "postgres" else ""
    return [Row(row.what, engine, row.value * 1_000, "ms", row.ratio, row.runs, bound, kept, sum(theirs) / len(theirs))]


def _broadcast(tx: Transaction, workspace: access.Workspace) -> tuple[int, list[int]]:
    made = broadcasts.create(tx, workspace, "B", recipients={}, doubt_policy=DoubtPolicy.HOLD, tags=())
    for name in ("one", "two"):
        broadcasts.add_action(tx, made, name, EmailContent(subject="S", body="B", sender="a@x.test"))
    found = broadcasts.get(tx, workspace, made.broadcast_id)
    if found is None:
        raise AssertionError("the broadcast was just made")
    return made.broadcast_id, [action.action_id for action in found.actions]


def _counters(broadcast_id: int, action_ids: list[int], now_hour: int) -> str:
    """Counter rows as they would be: by hours and shards for some days, then one a day."""
    values = []
    for action_id in action_ids:
        for metric in _KINDS:
            for hours in range(_FRESH_DAYS * 24):
                values += [
                    f"({broadcast_id}, {action_id}, {now_hour - hours}, '{metric}', {shard}, 9)" for shard in range(16)
                ]
            values += [
                f"({broadcast_id}, {action_id}, {now_hour - day * 24}, '{metric}', 0, 9)"
                for day in range(_FRESH_DAYS, _DAYS)
            ]
    head = "INSERT INTO metric_count (broadcast_id, action_id, hour, metric, shard, n) VALUES "
    return ";\n".join(head + ",".join(values[start : start + 500]) for start in range(0, len(values), 500)) + ";"


def _timed(store: Store, work: Callable[[Transaction], object]) -> float:
    began = time.perf_counter()
    store.read(work)
    return time.perf_counter() - began
