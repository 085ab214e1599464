# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL only, by the operator's choice: `delivery` in partitions by ranges of triggers (docs/growing.md).

Numbers of triggers grow with time, so a range of them is a stretch of time, and all unique keys of the table hold
the trigger. A default partition takes what no range was made for; nothing depends on partitions being there in time.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from psycopg import sql

from clarion.domain.errors import SetupError, Unavailable
from clarion.store.engine import Store, Transaction
from clarion.store.postgres import connection_of

AHEAD = 2
_BRIEFLY = "SET LOCAL lock_timeout = '2s'"  # everybody who sends waits behind whoever waits for the table


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition and the triggers `low` to below `high` that it holds; None: without such an end."""

    name: str
    low: int | None
    high: int | None


def divide(store: Store, *, every: int, ahead: int = AHEAD) -> None:
    """Turn the table into partitions of `every` triggers each; the rows so far become the first one, unmoved.

    Takes the table for itself while the first partition's bounds are checked: stop the workers before.

    Raises:
        SetupError: not PostgreSQL, in partitions already, `every` below 1, or somebody holds the table.
    """
    if store.engine != "postgres":
        raise SetupError("partitions are for PostgreSQL")
    if every < 1:
        raise SetupError("a partition holds at least one trigger")
    if listing(store):
        raise SetupError("the table delivery is in partitions already")
    first = (_next_trigger(store) // every + 1) * every
    try:
        with psycopg.connect(store.url) as connection:
            connection.execute("SET LOCAL lock_timeout = '5s'")
            connection.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
            definitions = [
                str(row[0])
                for row in connection.execute(
                    "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'delivery'::regclass"
                    " AND NOT indisprimary"
                )
            ]
            connection.execute("ALTER TABLE delivery RENAME TO delivery_first")
            for name in connection.execute(
                "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                " WHERE i.indrelid = 'delivery_first'::regclass"
            ).fetchall():
                connection.execute(
                    sql.SQL("ALTER INDEX {} RENAME TO {}").format(
                        sql.Identifier(name[0]), sql.Identifier(f"{name[0]}_first")
                    )
                )
            connection.execute(
                "CREATE TABLE delivery (LIKE delivery_first INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
                " PARTITION BY RANGE (trigger_id)"
            )
            connection.execute("ALTER TABLE delivery ADD PRIMARY KEY (trigger_id, seq, action_id)")
            for definition in definitions:
                connection.execute(definition.replace("ON ONLY ", "ON ").encode())
            connection.execute(
                sql.SQL(
                    "ALTER TABLE delivery ATTACH PARTITION delivery_first FOR VALUES FROM (MINVALUE) TO ({})"
                ).format(sql.Literal(first))
            )
            connection.execute("CREATE TABLE delivery_rest PARTITION OF delivery DEFAULT WITH (fillfactor = 50)")
            _make(connection, first, every, ahead)
    except psycopg.errors.LockNotAvailable as error:
        raise SetupError("the table delivery is in use: stop the workers first") from error


def _make(connection: psycopg.Connection[Any], first: int, every: int, count: int) -> None:
    for low in range(first, first + every * count, every):
        connection.execute(
            sql.SQL("CREATE TABLE {} PARTITION OF delivery FOR VALUES FROM ({}) TO ({}) WITH (fillfactor = 50)").format(
                sql.Identifier(f"delivery_{low}"), sql.Literal(low), sql.Literal(low + every)
            )
        )


def tend(store: Store, before_ms: int) -> int:
    """Make the partitions that come next, and drop those whose triggers all ended before a time; how many dropped.

    The marks on a partition's triggers and its end commit together. What is left of the triggers elsewhere (entries,
    errors, slices) goes as after any clearing.

    Raises:
        Unavailable: the table could not be had for a moment; the next turn tries again.
    """
    found = [one for one in listing(store) if one.low is not None and one.high is not None]
    if not found:
        return 0
    low, high = found[-1].low or 0, found[-1].high or 0
    every, following = high - low, _next_trigger(store)
    if high - following < every * AHEAD:
        store.write(lambda tx: _extend(tx, high, every, (following - high) // every + 1 + AHEAD))
    past = [one for one in found if (one.high or 0) <= following]
    return sum(store.write(partial(_drop, part=one, before_ms=before_ms)) for one in past if before_ms)


def _extend(tx: Transaction, first: int, every: int, count: int) -> None:
    # Where triggers came faster than partitions, the default one has rows of the first ranges: those stay there.
    row = tx.one("highest_of_rest")
    highest = int(row["trigger_id"]) if row else 0
    while first <= highest:
        first, count = first + every, count - 1
    connection_of(tx).execute(_BRIEFLY)
    _make(connection_of(tx), first, every, max(count, 1))


def _drop(tx: Transaction, part: Partition, before_ms: int) -> int:
    if _kept(tx, part, before_ms):
        return 0
    connection_of(tx).execute(_BRIEFLY)
    tx.execute("clear_range", low=part.low, high=part.high)
    if _kept(tx, part, before_ms):  # somebody sends again what was looked at a moment ago
        raise Unavailable(f"triggers of {part.name} were opened again")
    connection_of(tx).execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(part.name)))
    return 1


def _kept(tx: Transaction, part: Partition, before_ms: int) -> int:
    row = tx.one("kept_in_range", low=part.low, high=part.high, before_ms=before_ms)
    return int(row["n"]) if row else 1


def listing(store: Store) -> list[Partition]:
    """The partitions, in order, the default one last; empty when the table is not divided."""
    if store.engine != "postgres":
        return []

    def read(tx: Transaction) -> list[Partition]:
        rows = tx.all("partitions")
        return [Partition(str(row["name"]), row["low"], row["high"]) for row in rows]

    return store.read(read)


def _next_trigger(store: Store) -> int:
    row = store.read(lambda tx: tx.one("next_trigger"))
    return int(row["next"]) if row else 1
