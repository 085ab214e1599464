# SPDX-License-Identifier: Apache-2.0
"""Accounts in partitions by trigger: everything works as before, and what is old goes at a stroke."""

import re
from functools import partial

import psycopg
import pytest

from clarion.domain.errors import SetupError
from clarion.store import ledger, partitions, retention
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.partitions import Partition
from clarion.store.postgres import PostgresStore

from .ledgers import ONLY_POSTGRES, Played

pytestmark = ONLY_POSTGRES
DAY = 86_400_000


def names(store: Store) -> list[str]:
    return [one.name for one in partitions.listing(store)]


def rows(store: Store) -> dict[int, str]:
    """Where each trigger's rows are."""
    text = "SELECT DISTINCT trigger_id, tableoid::regclass::text AS part FROM delivery"
    return {int(row["trigger_id"]): str(row["part"]) for row in store.read(lambda tx: tx.composed(text, {}))}


def ended(played: Played, days: int) -> int:
    """A trigger whose people were all sent their message so many days ago."""
    number = played.trigger_id
    played.store.script(
        f"UPDATE delivery SET state = 1, settled_ms = 1 WHERE trigger_id = {number};"
        f"UPDATE trigger_count SET state = 1 WHERE trigger_id = {number};"
        f"UPDATE slice SET done = 1 WHERE trigger_id = {number};"
        f"UPDATE broadcast_trigger SET state = 'done', open_slices = 0, processed_ms ="
        f" CAST(EXTRACT(EPOCH FROM now()) * 1000 AS bigint) - {days * DAY} WHERE trigger_id = {number};"
    )
    return number


def test_rows_go_where_their_trigger_belongs(store: Store, workspace: Workspace) -> None:
    old = Played.sending(store, workspace)
    partitions.divide(store, every=2)
    assert partitions.listing(store) == [
        Partition("delivery_first", None, 4),
        Partition("delivery_4", 4, 6),
        Partition("delivery_6", 6, 8),
        Partition("delivery_rest", None, None),
    ]
    made = [Played.sending(store, workspace) for _ in range(8)]
    found = rows(store)
    assert found == {
        1: "delivery_first", 2: "delivery_first", 3: "delivery_first", 4: "delivery_4", 5: "delivery_4",
        6: "delivery_6", 7: "delivery_6", 8: "delivery_rest", 9: "delivery_rest",
    }  # fmt: skip
    for played in (old, *made):
        assert len(store.read(partial(ledger.page, trigger_id=played.trigger_id, after=None, most=100))) == 6
    # Ranges whose first rows are in the default partition already are passed over; the next ones are made.
    partitions.tend(store, 0)
    ranges = ["delivery_first", *(f"delivery_{low}" for low in (4, 6, 10, 12, 14)), "delivery_rest"]
    assert names(store) == ranges
    partitions.tend(store, 0)
    assert names(store) == ranges


def test_the_keys_and_checks_hold_in_every_partition(store: Store, workspace: Workspace) -> None:
    assert isinstance(store, PostgresStore)
    partitions.divide(store, every=2)
    Played.sending(store, workspace)
    Played.sending(store, workspace)
    again = "INSERT INTO delivery SELECT trigger_id, {}, action_id, person_id, entry, state FROM delivery LIMIT 1"
    with psycopg.connect(store.url, autocommit=True) as connection:
        columns = "(trigger_id, seq, action_id, person_id, state, created_ms, reason)"
        for trigger_id in (1, 2):
            for seq, person, state, error in (
                ("seq", "person_id + 99", 0, psycopg.errors.UniqueViolation),
                ("seq + 99", "person_id", 0, psycopg.errors.UniqueViolation),
                ("seq + 99", "person_id + 99", 9, psycopg.errors.CheckViolation),
            ):
                again = (
                    f"INSERT INTO delivery {columns} SELECT trigger_id, {seq}, action_id, {person}, {state}, 1, NULL"
                    f" FROM delivery WHERE trigger_id = {trigger_id} ORDER BY seq LIMIT 1"
                )
                with pytest.raises(error):
                    connection.execute(again.encode())


def test_sending_reads_one_partition_only(store: Store, workspace: Workspace) -> None:
    assert isinstance(store, PostgresStore)
    partitions.divide(store, every=1, ahead=6)
    played = [Played.sending(store, workspace) for _ in range(4)]
    text = store._queries["chunk"]
    values = {"trigger_id": played[2].trigger_id, "lo": 1, "hi": 6, "now_ms": 2**50, "most": 100}
    with psycopg.connect(store.url) as connection:
        plan = "\n".join(row[0] for row in connection.execute(f"EXPLAIN {text}".encode(), values))
    assert set(re.findall(r" on (delivery_\w+)", plan)) == {f"delivery_{played[2].trigger_id}"}


def test_old_partitions_are_dropped_and_counters_stay(store: Store, workspace: Workspace) -> None:
    partitions.divide(store, every=2)
    old = [ended(Played.sending(store, workspace), days) for days in (90, 80, 70)]
    young = ended(Played.sending(store, workspace), 5)
    unfinished = Played.sending(store, workspace)
    assert rows(store)[old[1]] == rows(store)[old[2]] == "delivery_2"
    assert rows(store)[young] == rows(store)[unfinished.trigger_id] == "delivery_4"
    now = store.read(lambda tx: tx.now_ms())
    before = store.read(lambda tx: ledger.counts(tx, old[1]))
    assert partitions.tend(store, now - 75 * DAY) == 0  # one of the two is too young
    assert partitions.tend(store, now - 60 * DAY) == 1
    assert "delivery_2" not in names(store)
    assert set(rows(store)) == {old[0], young, unfinished.trigger_id}
    assert store.read(lambda tx: ledger.counts(tx, old[1])) == before != []
    # The rest of them goes as ever, and so does the trigger of the first partition, which is never dropped.
    for _ in retention.clear_accounts(store, now - 60 * DAY):
        pass
    assert set(rows(store)) == {young, unfinished.trigger_id}
    left = store.read(lambda tx: tx.composed("SELECT DISTINCT trigger_id FROM slice ORDER BY 1", {}))
    assert [row["trigger_id"] for row in left] == [young, unfinished.trigger_id]


def test_what_cannot_be_divided(store: Store, workspace: Workspace, tmp_path: object) -> None:
    assert isinstance(store, PostgresStore)
    with pytest.raises(SetupError, match="at least one"):
        partitions.divide(store, every=0)
    with psycopg.connect(store.url) as sender:
        sender.execute("SELECT 1 FROM delivery")
        with pytest.raises(SetupError, match="stop the workers"):
            partitions.divide(store, every=5)
    assert partitions.tend(store, 2**60) == 0
    partitions.divide(store, every=5)
    with pytest.raises(SetupError, match="already"):
        partitions.divide(store, every=5)
