# SPDX-License-Identifier: Apache-2.0
"""What it costs PostgreSQL to keep `delivery` in partitions by trigger: CPU of the server process, by statement.

`python -m benchmarks.partitions [partitions …]`: the statements of sending against a plain table and against tables
with so many partitions, in turns, in one private cluster; then removing a trigger by DELETE and by DROP.
"""

import json
import os
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
from tests.support.postgres_cluster import Cluster

from clarion.store import partitions
from clarion.store.engine import Store, Transaction
from clarion.store.migrate import migrate
from clarion.store.postgres import PostgresStore

PEOPLE, BATCH, CHUNK, ROUNDS = 20_000, 2_000, 200, 5
_TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pid: int) -> float:
    """Seconds of CPU of a process, nanosecond-exact where the kernel says so."""
    schedule = Path(f"/proc/{pid}/schedstat")
    if schedule.exists():
        return int(schedule.read_text().split()[0]) / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def insert(tx: Transaction, trigger_id: int, first: int) -> None:
    tx.many(
        "insert_deliveries",
        [
            {"trigger_id": trigger_id, "seq": seq, "action_id": 1, "person_id": seq, "entry": None, "state": 0,
             "reason": None}
            for seq in range(first, first + BATCH)
        ],
    )  # fmt: skip


def chunk(tx: Transaction, trigger_id: int, lo: int) -> None:
    tx.all("chunk", trigger_id=trigger_id, lo=lo, hi=lo + CHUNK - 1, now_ms=tx.now_ms(), most=CHUNK)


def settle(tx: Transaction, trigger_id: int, lo: int) -> None:
    tx.many(
        "settle",
        [
            {"trigger_id": trigger_id, "seq": seq, "action_id": 1, "from_state": 0, "state": 1, "reason": None,
             "words": None, "recipient": f"p{seq}@x.test", "counted": 1, "due_ms": 0, "doubt_fence": None}
            for seq in range(lo, lo + CHUNK)
        ],
    )  # fmt: skip


def measure(store: Store, trigger_id: int) -> dict[str, float]:
    """Microseconds of the server's CPU per row."""
    pid = store.read(lambda tx: int(tx.composed("SELECT pg_backend_pid() AS pid", {})[0]["pid"]))
    spent: dict[str, float] = {}

    def run(name: str, step: int, work: Callable[..., None]) -> None:
        before = cpu(pid)
        for first in range(1, PEOPLE + 1, step):
            store.write(partial(work, trigger_id=trigger_id, **{"first" if work is insert else "lo": first}))
        spent[name] = (cpu(pid) - before) / PEOPLE * 1e6

    run("insert", BATCH, insert)
    store.write(lambda tx: tx.execute("analyze_ledger"))
    run("chunk", CHUNK, chunk)
    run("settle", CHUNK, settle)
    return spent


def main(arguments: list[str]) -> None:
    counts = [0, *(int(argument) for argument in arguments or ("12", "100"))]
    cluster = Cluster(durable=True)
    try:
        stores: dict[int, PostgresStore] = {}
        for count in counts:
            stores[count] = PostgresStore(cluster.create(f"parts_{count}"), connections=1)
            migrate(stores[count])
            if count:
                partitions.divide(stores[count], every=10, ahead=count)
        found: dict[int, list[dict[str, float]]] = {count: [] for count in counts}
        for number in range(ROUNDS):
            for count in counts:
                found[count].append(measure(stores[count], 5 + 10 * number))
        for name in ("insert", "chunk", "settle"):
            plain = statistics.median(one[name] for one in found[0])
            for count in counts:
                value = statistics.median(one[name] for one in found[count])
                line = {"name": f"{name}, {count or 'no'} partitions", "value": round(value, 2), "unit": "us/row"}
                print(json.dumps({**line, "reference": round(plain, 2), "ratio": round(value / plain, 3)}))
        removing(stores[counts[-1]])
    finally:
        cluster.close()


def removing(store: PostgresStore) -> None:
    """One trigger's rows by DELETE, another's by dropping its partition."""
    with psycopg.connect(store.url, autocommit=True) as connection:
        pid = connection.info.backend_pid
        name = connection.execute(
            "SELECT tableoid::regclass::text FROM delivery WHERE trigger_id = 15 LIMIT 1"
        ).fetchone()
        assert name is not None
        costs = {}
        for how, text in (("delete", "DELETE FROM delivery WHERE trigger_id = 5"), ("drop", f"DROP TABLE {name[0]}")):
            before = cpu(pid)
            connection.execute(text.encode())
            costs[how] = (cpu(pid) - before) * 1e3
    line = {"name": "remove 20,000 rows, drop", "value": round(costs["drop"], 2), "unit": "ms"}
    ratio = round(costs["drop"] / costs["delete"], 3)
    print(json.dumps({**line, "reference": round(costs["delete"], 2), "ratio": ratio}))


if __name__ == "__main__":
    main(sys.argv[1:])
