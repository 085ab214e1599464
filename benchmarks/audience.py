# SPDX-License-Identifier: Apache-2.0
"""From a filter over the whole crowd to a frozen audience, against one hand-written statement that does the same."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import psycopg

from clarion.pipeline.data_file_download import DownloadedFile
from clarion.pipeline.resolve import Resolver
from clarion.store import numbers, triggers
from clarion.store.engine import Store, Transaction
from clarion.store.opening import open_store
from clarion.store.queries import Engine

from . import crowd as crowds
from .crowd import Crowd
from .ground import Ground, Loaded, empty_ledger
from .report import Result, Row, timed

# The same rows as `ledger.freeze` writes. Two texts: the engines read JSON differently, and of four ways to say it
# to PostgreSQL (->> of json, of jsonb, segments first, json_to_record) this was the fastest by 1.4 to 2.5 times.
_INSERT: dict[Engine, str] = {
    "sqlite": """
        INSERT INTO delivery (trigger_id, seq, action_id, person_id, state, reason, created_ms, settled_ms)
        SELECT :trigger_id, ROW_NUMBER() OVER (ORDER BY p.person_id), :action_id, p.person_id,
               CASE WHEN p.unsubscribed = 1 THEN 3 ELSE 0 END,
               CASE WHEN p.unsubscribed = 1 THEN 'unsubscribed' END,
               :now_ms, CASE WHEN p.unsubscribed = 1 THEN :now_ms END
        FROM person p
        WHERE p.person_id BETWEEN :lowest AND :highest AND """,
    "postgres": """
        INSERT INTO delivery (trigger_id, seq, action_id, person_id, state, reason, created_ms, settled_ms)
        SELECT %(trigger_id)s, ROW_NUMBER() OVER (ORDER BY p.person_id), %(action_id)s, p.person_id,
               CASE WHEN p.unsubscribed = 1 THEN 3 ELSE 0 END,
               CASE WHEN p.unsubscribed = 1 THEN 'unsubscribed' END,
               %(now_ms)s, CASE WHEN p.unsubscribed = 1 THEN %(now_ms)s END
        FROM person p
        CROSS JOIN LATERAL json_to_record(CAST(p.attributes AS json))
            AS a (first_name text, likes_baseball text, plan text, city text, favourite text)
        WHERE p.person_id BETWEEN %(lowest)s AND %(highest)s AND """,
}
_WHERE: dict[str, dict[Engine, str]] = {
    "60 %": {
        "sqlite": """COALESCE(json_extract(p.attributes, '$.first_name'), '') <> ''
          AND (json_extract(p.attributes, '$.plan') = 'free' OR json_extract(p.attributes, '$.plan') = 'plus')
          AND (COALESCE(json_extract(p.attributes, '$.city'), '') <> ''
               OR p.person_id IN (SELECT person_id FROM segment_member WHERE segment_id = :half))
          AND p.person_id NOT IN (SELECT person_id FROM segment_member WHERE segment_id = :quiet)""",
        "postgres": """COALESCE(a.first_name, '') <> '' AND (a.plan = 'free' OR a.plan = 'plus')
          AND (COALESCE(a.city, '') <> ''
               OR EXISTS (SELECT 1 FROM segment_member m WHERE m.segment_id = %(half)s AND m.person_id = p.person_id))
          AND NOT EXISTS (SELECT 1 FROM segment_member m
                          WHERE m.segment_id = %(quiet)s AND m.person_id = p.person_id)""",
    },
    "10 %": {
        "sqlite": """COALESCE(json_extract(p.attributes, '$.first_name'), '') <> ''
          AND p.person_id IN (SELECT person_id FROM segment_member WHERE segment_id = :half)
          AND (json_extract(p.attributes, '$.likes_baseball') = 1 OR json_extract(p.attributes, '$.plan') = 'premium')
          AND p.person_id NOT IN (SELECT person_id FROM segment_member WHERE segment_id = :quiet)""",
        "postgres": """COALESCE(a.first_name, '') <> ''
          AND p.person_id IN (SELECT person_id FROM segment_member WHERE segment_id = %(half)s)
          AND (a.likes_baseball = 'true' OR a.plan = 'premium')
          AND NOT EXISTS (SELECT 1 FROM segment_member m
                          WHERE m.segment_id = %(quiet)s AND m.person_id = p.person_id)""",
    },
    "0.1 %": {
        "sqlite": """p.person_id IN (SELECT person_id FROM segment_member WHERE segment_id = :half)
          AND json_extract(p.attributes, '$.favourite') IN ('line-5, upper deck', 'line-7, upper deck')
          AND (json_extract(p.attributes, '$.plan') = 'premium' OR json_extract(p.attributes, '$.city') = 'Atlantis')
          AND p.person_id NOT IN (SELECT person_id FROM segment_member WHERE segment_id = :quiet)""",
        "postgres": """p.person_id IN (SELECT person_id FROM segment_member WHERE segment_id = %(half)s)
          AND a.favourite IN ('line-5, upper deck', 'line-7, upper deck')
          AND (a.plan = 'premium' OR a.city = 'Atlantis')
          AND NOT EXISTS (SELECT 1 FROM segment_member m
                          WHERE m.segment_id = %(quiet)s AND m.person_id = p.person_id)""",
    },
}
_FILTERS: dict[str, Callable[[Crowd], dict[str, Any]]] = {
    "60 %": crowds.six_tenths,
    "10 %": crowds.a_tenth,
    "0.1 %": crowds.a_thousandth,
}
_MOST = 2.0  # times the hand-written statement
_ROWS = "SELECT seq, person_id, state, reason, entry FROM delivery WHERE trigger_id = {} ORDER BY seq"
_LEASE_MS = 60_000


def run(ground: Ground, command: str) -> Result:
    """Measure every engine and filter in turn; Clarion and the reference take turns, and so does who goes first."""
    rows: list[Row] = []
    notes = []
    for engine in ground.engines:
        loaded = ground.loaded(engine)
        for share in _FILTERS:
            with_us, by_hand, found = _rounds(ground, loaded, share)
            same = all(accounts == found[0] for accounts in found)
            ours = timed(f"filter that {share} match, frozen", engine, with_us, by_hand)
            kept = ours.ratio is not None and ours.ratio <= _MOST
            rows += [
                replace(ours, bound=f"<= {_MOST:g}", kept=kept),
                timed(f"{share}: one hand-written statement", engine, by_hand, by_hand),
                Row(f"{share}: people in the audience", engine, len(found[0]), "", bound="same as by hand", kept=same),
            ]
            exact = len(found[0]) / max(1, loaded.crowd.people)
            notes.append(f"{engine}: {len(found[0]):,} of {loaded.crowd.people:,} people match ({exact:.2%})")
        rows.append(Row("loading people", engine, loaded.crowd.people / loaded.load_seconds, "people/s"))
    return Result(
        "audience",
        f"how long nested filters over {ground.people:,} people take to become rows of the ledger",
        "one hand-written INSERT … SELECT of the same delivery rows on the same tables (no slices, no counters, "
        "no checkpoints: it cannot be resumed and locks out other writers of SQLite while it runs)",
        command,
        tuple(rows),
        tuple(notes),
    )


def _rounds(ground: Ground, loaded: Loaded, share: str) -> tuple[list[float], list[float], list[list[Any]]]:
    """Seconds of each round, ours and by hand, and every round's accounts."""
    with_us: list[float] = []
    by_hand: list[float] = []
    found: list[list[Any]] = []
    store = open_store(loaded.url)
    try:
        for number in range(ground.rounds):
            for ours in (True, False) if number % 2 == 0 else (False, True):
                empty_ledger(store)
                if ours:
                    seconds, accounts = _resolved(store, loaded, ground.folder, share)
                else:
                    seconds, accounts = _by_hand(store, loaded, share)
                (with_us if ours else by_hand).append(seconds)
                found.append(accounts)
        empty_ledger(store)
    finally:
        store.close()
    return with_us, by_hand, found


def _resolved(store: Store, loaded: Loaded, folder: Path, share: str) -> tuple[float, list[Any]]:
    """The real resolver, with a driver that does nothing: seconds, and the accounts it wrote."""

    async def no_download(url: str, target: Path) -> DownloadedFile:
        raise AssertionError(f"nothing is to be downloaded: {url} to {target}")

    resolver = Resolver(
        store,
        owner="benchmark",
        files=folder,
        download=no_download,
        submit=_no_driver,
        lease_ms=_LEASE_MS,
    )
    trigger_id = crowds.fire(store, loaded.crowd, _FILTERS[share](loaded.crowd), _nobody_told)
    started = time.monotonic()
    if not asyncio.run(resolver.run_once(trigger_id)):
        raise AssertionError("the resolver found nothing to do")
    seconds = time.monotonic() - started
    trigger = store.read(lambda tx: triggers.get(tx, trigger_id))
    accounts = _accounts(store, trigger_id)
    if trigger is None or trigger.audience != len(accounts) or not trigger.open_slices:
        raise AssertionError("the trigger does not count what is in the ledger")
    return seconds, accounts


def _nobody_told(tx: Transaction, trigger_id: int) -> None:
    """The trigger is accepted, and waits."""


def _no_driver(tx: Transaction, trigger_id: int, parts: Iterable[int]) -> None:
    """Slices are made, nobody is told."""


def _by_hand(store: Store, loaded: Loaded, share: str) -> tuple[float, list[Any]]:
    """The reference, on a connection of its own: seconds with the commit, and the accounts it wrote."""
    values = _values(store, loaded.crowd)
    statement = _INSERT[store.engine] + _WHERE[share][store.engine]
    if store.engine == "sqlite":
        with sqlite3.connect(loaded.url.removeprefix("sqlite:///")) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA cache_size=-32000")
            connection.execute("PRAGMA temp_store=MEMORY")
            started = time.monotonic()
            connection.execute(statement, values)
            connection.commit()
            seconds = time.monotonic() - started
        connection.close()
    else:
        with psycopg.connect(loaded.url) as server:
            started = time.monotonic()
            server.execute(statement.encode(), values)
            server.commit()
            seconds = time.monotonic() - started
    return seconds, _accounts(store, values["trigger_id"])


def _values(store: Store, crowd: Crowd) -> dict[str, int]:
    lowest, highest = numbers.person_range(crowd.workspace.workspace_id)
    action_id = store.read(lambda tx: tx.all("actions", workspace_id=crowd.workspace.workspace_id, broadcast_id=0))
    return {
        "trigger_id": store.write(lambda tx: numbers.take(tx, "trigger")),
        "action_id": int(action_id[0]["action_id"]),
        "now_ms": time.time_ns() // 1_000_000,
        "lowest": lowest,
        "highest": highest,
        "half": crowd.half,
        "quiet": crowd.quiet,
    }


def _accounts(store: Store, trigger_id: int) -> list[Any]:
    rows = store.read(lambda tx: tx.composed(_ROWS.format(trigger_id), {}))
    return [tuple(cast("dict[str, Any]", row).values()) for row in rows]
