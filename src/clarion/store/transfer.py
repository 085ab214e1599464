# SPDX-License-Identifier: Apache-2.0
"""A whole installation as one file, from either engine into either: every row of every table, in one snapshot.

The file is lines of JSON: a header, then for each table its columns and its rows, then how many there were. Tables and
columns come from the catalogue, so that none can be forgotten when one is added.
"""

import gzip
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from clarion.domain.errors import SetupError
from clarion.store import migrate
from clarion.store.opening import open_store
from clarion.store.transfer_ends import PostgresEnd, SqliteEnd, Table

FORMAT = 1
_BATCH = 2_000
_LEFT_OUT = frozenset({"schema_version", "schema_guard", "housekeeping"})  # of the place, not of the content

Progress = Callable[[str, int], None]


class Header(msgspec.Struct):
    """`schema`: the steps the database had; `open_chunks`: messages were being sent at that moment."""

    clarion_export: int
    schema: list[int]
    taken_ms: int
    open_chunks: int


class _Columns(msgspec.Struct):
    table: str
    columns: list[str]


class _End(msgspec.Struct):
    end: dict[str, int]


class End(Protocol):
    """One side of a transfer: a connection of its own, one transaction."""

    def tables(self) -> list[Table]:
        """Every table of ours, those that others refer to first."""
        ...

    def rows(self, table: Table, batch: int) -> Iterator[Sequence[Sequence[Any]]]:
        """All rows, some at a time."""
        ...

    def put(self, table: str, columns: Sequence[str], rows: Iterator[Sequence[Sequence[Any]]]) -> int:
        """Add rows; how many."""
        ...

    def empty(self, table: str) -> None:
        """Remove every row."""
        ...

    def number(self, text: str) -> int:
        """The one number that a statement of this module gives."""
        ...

    def commit(self) -> None:
        """Keep what was put."""
        ...

    def close(self) -> None:
        """Close the connection; what was not committed is gone."""
        ...


def _end(url: str, *, writing: bool) -> End:
    if url.startswith("sqlite:///"):
        return SqliteEnd(Path(url.removeprefix("sqlite:///")), writing=writing, left_out=_LEFT_OUT)
    return PostgresEnd(url, writing=writing, left_out=_LEFT_OUT)


def export(url: str, target: Path, progress: Progress) -> Header:
    """Write the database to a file, gzipped when its name ends in .gz; programs may go on meanwhile.

    Raises:
        SetupError: the file is there already or cannot be written, or the database has no schema.
    """
    with closing(open_store(url, connections=1, create=False)) as store:
        schema = sorted(migrate.applied(store))
        taken_ms = store.read(lambda tx: tx.now_ms())
    if not schema:
        raise SetupError("the database is empty: there is nothing to export")
    partial = target.with_name(target.name + ".partial")
    if target.exists():
        raise SetupError(f"{target} exists: choose another name")
    try:
        with closing(_end(url, writing=False)) as source, _opened(partial, "wb") as file:
            open_chunks = source.number("SELECT COUNT(*) FROM slice WHERE open_lo IS NOT NULL")
            header = Header(FORMAT, schema, taken_ms, open_chunks)
            _line(file, header)
            counts: dict[str, int] = {}
            for table in source.tables():
                _line(file, _Columns(table.name, list(table.columns)))
                counts[table.name] = 0
                for rows in source.rows(table, _BATCH):
                    file.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
                    counts[table.name] += len(rows)
                progress(table.name, counts[table.name])
            _line(file, _End(counts))
        _settle(partial, target)
    except OSError as error:
        raise SetupError(f"cannot write {partial}: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return header


def load(url: str, source: Path, progress: Progress, *, while_sending: bool = False) -> Header:
    """Fill an empty database from an export, in one transaction: all of it, or nothing.

    Raises:
        SetupError: not a whole export, one of a newer program, the database is in use, or messages were being sent
            when it was made and `while_sending` does not say that this is known.
    """
    try:
        with _opened(source, "rb") as file:
            header = _header(file.readline(), source)
            _check(url, header, while_sending=while_sending)
            with closing(_end(url, writing=True)) as target:
                _fill(target, file, progress)
                target.commit()
    except (OSError, EOFError) as error:
        raise SetupError(f"cannot read {source}: {error}") from None
    return header


def _header(line: bytes, source: Path) -> Header:
    try:
        header = msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise SetupError(f"{source} is not an export of Clarion") from None
    if header.clarion_export != FORMAT:
        raise SetupError(f"{source} has format {header.clarion_export}, this program reads {FORMAT}: update it")
    return header


def _check(url: str, header: Header, *, while_sending: bool) -> None:
    with closing(open_store(url, connections=1)) as store:
        newer = set(header.schema) - {step.number for step in migrate.migrations("sqlite")}
        newer -= {step.number for step in migrate.migrations("postgres")}
        if newer:
            raise SetupError(f"the export has schema version {max(newer)}, this program does not: update it")
        if header.open_chunks and not while_sending:
            raise SetupError(
                "messages were being sent while this was exported: stop every program and export again, or, to restore"
                " a backup, import it with --as-backup"
            )
        migrate.migrate(store)
        if store.read(lambda tx: tx.all("workspaces")):
            raise SetupError("the database is in use: import into an empty one")


def _fill(target: End, file: IO[bytes], progress: Progress) -> None:
    known = {table.name: table for table in target.tables()}
    for name in reversed(known):
        target.empty(name)
    reading = _Reading(file)
    counts: dict[str, int] = {}
    for head in reading.tables():
        table = known.get(head.table)
        if table is None or not set(head.columns) <= set(table.columns):
            raise SetupError(f"this program has no table {head.table} with {', '.join(head.columns)}: update it")
        counts[head.table] = target.put(head.table, head.columns, reading.rows())
        progress(head.table, counts[head.table])
    if reading.expected is None or reading.expected != counts:
        raise SetupError("the export is cut off or damaged: nothing was imported")
    for name, count in counts.items():
        if target.number(f"SELECT COUNT(*) FROM {name}") != count:  # noqa: S608 - a table of the catalogue
            raise SetupError(f"{name} did not get every row: nothing was imported")


class _Reading:
    """The body of an export, line by line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._next = file.readline()
        self.expected: dict[str, int] | None = None

    def tables(self) -> Iterator[_Columns]:
        while self._next:
            try:
                if self._next.startswith(b'{"end"'):
                    self.expected = msgspec.json.decode(self._next, type=_End).end
                    return
                head = msgspec.json.decode(self._next, type=_Columns)
            except (msgspec.DecodeError, msgspec.ValidationError):
                return
            self._next = self._file.readline()
            yield head

    def rows(self) -> Iterator[list[list[Any]]]:
        batch: list[list[Any]] = []
        while self._next.startswith(b"["):
            try:
                batch.append(msgspec.json.decode(self._next))
            except msgspec.DecodeError:
                break
            self._next = self._file.readline()
            if len(batch) == _BATCH:
                yield batch
                batch = []
        yield batch


def _opened(path: Path, mode: str) -> IO[bytes]:
    if ".gz" in path.suffixes:
        return gzip.open(path, mode, compresslevel=3)  # type: ignore[return-value]
    return path.open(mode)


def _line(file: IO[bytes], value: object) -> None:
    file.write(msgspec.json.encode(value) + b"\n")


def _settle(partial: Path, target: Path) -> None:
    """On disk, then under its name."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.rename(target)


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy of a database file: bytes, and how many triggers are in it."""

    size: int
    triggers: int


def copy_file(source: Path, target: Path) -> Copied:
    """A consistent copy of an SQLite database while programs use it.

    Raises:
        SetupError: the target exists, cannot be written, or the copy is not sound.
    """
    if target.exists():
        raise SetupError(f"{target} exists: choose another name")
    if not source.exists():
        raise SetupError(f"there is no database file {source}")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(source, timeout=30, isolation_level=None)) as connection:
            connection.execute("VACUUM INTO ?", (str(partial),))
        with closing(sqlite3.connect(partial)) as copy:
            (sound,) = copy.execute("PRAGMA quick_check").fetchone()
            (triggers,) = copy.execute("SELECT COUNT(*) FROM broadcast_trigger").fetchone()
        if sound != "ok":
            raise SetupError(f"the copy is not sound: {sound}")
        _settle(partial, target)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"cannot back up to {target}: {error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return Copied(target.stat().st_size, int(triggers))
