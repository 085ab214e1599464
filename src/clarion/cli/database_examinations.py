# SPDX-License-Identifier: Apache-2.0
"""What `clarion doctor` looks at in the database: reachable, schema, clock, set-up, and what lies there undone."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from clarion.cli.doctor import Diagnosis
from clarion.cli.examinations import room
from clarion.domain.errors import SetupError
from clarion.pipeline.home import HINT, is_copy
from clarion.settings import Settings
from clarion.store import migrate
from clarion.store.engine import Store
from clarion.store.opening import open_store
from clarion.store.operations import backlog, server_facts

_CLOCK_WARN_MS, _CLOCK_FAIL_MS = 2_000, 60_000
_STUCK_MS = 60_000
_JOB_CONNECTIONS = 4  # Procrastinate's own, for each process that works


def database(settings: Settings, processes: int) -> Iterator[Diagnosis]:
    """Everything, as far as it can be reached."""
    url = settings.database.url
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        words = "the database file is not there yet"
        yield Diagnosis("database", "warn", words, "clarion serve makes it, or check database.url")
        return
    try:
        store = open_store(url, connections=1)
    except SetupError as error:
        yield Diagnosis("database", "fail", str(error), "check database.url, and that the server runs")
        return
    try:
        yield Diagnosis("database", "ok", f"{store.engine} answers")
        yield _clock(store)
        facts = store.read(server_facts)
        yield from _postgres(facts, settings, processes) if store.engine == "postgres" else _sqlite(facts, settings)
        schema = _schema(store)
        yield schema
        if schema.level == "ok":
            yield _home(store)
            yield from _undone(store)
    finally:
        store.close()


def _clock(store: Store) -> Diagnosis:
    before = time.time_ns() // 1_000_000
    theirs = store.read(lambda tx: tx.now_ms())
    after = time.time_ns() // 1_000_000
    apart = max(0, before - theirs, theirs - after)
    words = f"this machine and the database are {apart / 1_000:g} s apart"
    if apart < _CLOCK_WARN_MS:
        return Diagnosis("clock", "ok", words)
    advice = "run a time service on both; leases go by the database's clock, so nothing is lost"
    return Diagnosis("clock", "warn" if apart < _CLOCK_FAIL_MS else "fail", words, advice)


def _schema(store: Store) -> Diagnosis:
    try:
        waiting = migrate.pending(store)
    except SetupError as error:
        return Diagnosis("schema", "fail", str(error))
    if waiting:
        words = f"lacks {', '.join(step.name for step in waiting)}"
        return Diagnosis("schema", "fail", words, "run `clarion migrate`")
    return Diagnosis("schema", "ok", "up to date")


def _home(store: Store) -> Diagnosis:
    if is_copy(store):
        return Diagnosis("home", "fail", "the database was copied or moved: nothing is sent from it", HINT)
    return Diagnosis("home", "ok", "nothing keeps it from sending from here")


def _sqlite(facts: Mapping[str, str], settings: Settings) -> Iterator[Diagnosis]:
    words = f"SQLite {facts['sqlite_version']}, journal {facts['journal_mode']}"
    if facts["journal_mode"] == "wal" and facts["synchronous"] == "2":
        yield Diagnosis("sqlite", "ok", words)
    else:
        yield Diagnosis("sqlite", "fail", words, "the journal must be wal: put the file on a local disk")
    yield room(Path(settings.database.url.removeprefix("sqlite:///")).absolute().parent)


def _postgres(facts: Mapping[str, str], settings: Settings, processes: int) -> Iterator[Diagnosis]:
    version = int(facts["server_version_num"])
    yield Diagnosis(
        "postgresql",
        "ok" if version >= 150_000 else "fail",
        f"version {facts['server_version']}",
        "" if version >= 150_000 else "15 or newer is needed",
    )
    per_process = settings.database.connections + _JOB_CONNECTIONS
    wanted, most = (processes + 1) * per_process, int(facts["max_connections"])
    words = f"max_connections {most}; {processes} worker processes and a server here may open {wanted}"
    if wanted <= most * 0.8:
        yield Diagnosis("connections", "ok", words)
    else:
        yield Diagnosis(
            "connections", "warn", words, "raise max_connections, lower database.connections, or use a pooler"
        )
    dangers = {
        "fsync": "a power cut may ruin the database, and with it what was sent: switch it on",
        "full_page_writes": "a power cut may ruin the database: switch it on",
        "synchronous_commit": "after a power cut some may be sent a message again: switch it on",
    }
    off = {name: advice for name, advice in dangers.items() if facts[name] == "off"}
    for name, advice in off.items():
        yield Diagnosis("durability", "fail", f"{name} is off", advice)
    if not off:
        yield Diagnosis("durability", "ok", f"fsync on, synchronous_commit {facts['synchronous_commit']}")
    if facts["autovacuum"] == "off":
        yield Diagnosis("autovacuum", "warn", "off", "switch it on: the ledger grows and slows down without")
    if facts["transaction_read_only"] == "on" or facts["encoding"] != "UTF8":
        words = f"encoding {facts['encoding']}, read only: {facts['transaction_read_only']}"
        yield Diagnosis("postgresql", "fail", words, "Clarion needs a UTF8 database that can be written")
    if "delivery_options" in facts and "fillfactor" not in facts["delivery_options"]:
        words = "the table delivery has lost its fillfactor"
        yield Diagnosis("ledger", "warn", words, "ALTER TABLE delivery SET (fillfactor = 50), as the schema has it")


def _undone(store: Store) -> Iterator[Diagnosis]:
    found = store.read(backlog)
    seconds = found.waiting_ms // 1_000
    words = f"{found.queued} accounts are to be sent in {found.open_slices} slices"
    if found.waiting_ms > _STUCK_MS:
        yield Diagnosis(
            "work", "warn", f"{words}; the oldest has been waiting for {seconds} s", "are enough workers running?"
        )
    else:
        yield Diagnosis("work", "ok", words)
    if found.in_doubt:
        words = f"{found.in_doubt} accounts wait for a decision"
        yield Diagnosis("in doubt", "warn", words, "see docs/operations.md, Messages in doubt")
