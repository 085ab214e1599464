# SPDX-License-Identifier: Apache-2.0
"""The errand that imports people and events from a CSV file behind a URL (contract §7.11).

This is a state path.

Read: the file, fetched to this machine, from the byte that the import has reached. Committed: what a stretch of rows
means, as calls of the Track API would, and after that how far it got. Crash: the rows of a stretch that was not
recorded are done again, which changes nothing: the same attributes, and events with ids made of import and line.
Another machine fetches the file again, and goes on only if it is the same one.
"""

import asyncio
import csv
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import structlog

from clarion.domain.errors import RequestError
from clarion.domain.operations import Event, Identify
from clarion.domain.people import MAX_ID_BYTES, IdKind, Reference, check_attributes, looks_like_email
from clarion.pipeline import identify
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.resolve import Download
from clarion.store import access, imports, people
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.imports import Import
from clarion.store.numbers import PersonNumbers

Imported = Identify | Event
_log = structlog.get_logger("clarion.imports")
_LEASE_MS = 900_000  # a download may take long
_ROWS = 1_000  # in a turn
_LONGEST_LINE = 1_000_000
_MAX_EVENT_NAME_BYTES = 100
_LATEST = 253_402_300_799


class BadFile(Exception):
    """The file as a whole cannot be read as what it should be; the sentence says why."""


def errand(store: Store, folder: Path, download: Download, failpoint: Failpoint = nothing) -> Errand:
    """One import at a time in each process; files lie in `folder` until their import is over."""
    importer = Importer(store, folder, download, failpoint=failpoint)
    return Errand("imports", importer.turn)


class Importer:
    """Does a stretch of an import at a time."""

    def __init__(self, store: Store, folder: Path, download: Download, *, failpoint: Failpoint = nothing) -> None:
        self._store = store
        self._folder = folder
        self._download = download
        self._numbers = PersonNumbers(store)
        self._failpoint = failpoint

    async def turn(self) -> bool:
        """Fetch a file, or take in a stretch of one; False when there is nothing to do."""
        import_id = await asyncio.to_thread(self._store.read, imports.due)
        if import_id is None:
            return False
        take = partial(imports.take, import_id=import_id, lease_ms=_LEASE_MS)
        held = await asyncio.to_thread(self._store.write, take)
        if held is None:
            return True
        try:
            path = await self._file(held)
            work = self._begin if held.state == "preprocessing" else self._stretch
            await asyncio.to_thread(work, held, path)
        except (BadFile, DataFileError) as error:
            why = str(error)
            _log.warning("import.failed", number=held.import_id)
            await asyncio.to_thread(self._store.write, lambda tx: imports.fail(tx, held, why))
            self._remove(held)
        return True

    def _path(self, held: Import) -> Path:
        return self._folder / f"import-{held.import_id}.csv"

    def _remove(self, held: Import) -> None:
        self._path(held).unlink(missing_ok=True)

    async def _file(self, held: Import) -> Path:
        """The file on this machine; of one that was begun, the same as then."""
        path = self._path(held)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            await self._download(held.url, path)
        if held.sha256 is not None and await asyncio.to_thread(_hash, path) != held.sha256:
            raise BadFile("the file behind the URL is another one than when the import began")
        return path

    def _begin(self, held: Import, path: Path) -> None:
        """Count the rows and see that the columns that are needed are there."""
        with path.open("rb") as file:
            lines = _Lines(file, 0)
            columns = _header(lines, held)
            first = lines.position
            rows = sum(1 for row in _rows(lines, columns) if row is not None)
        digest = _hash(path)
        self._store.write(lambda tx: imports.begin(tx, held, sha256=digest, rows=rows, reached=first))

    def _stretch(self, held: Import, path: Path) -> None:
        workspace = self._store.read(partial(access.workspace, workspace_id=held.workspace_id))
        if workspace is None:
            raise BadFile("its workspace is gone")
        wrong: list[tuple[int, str]] = []
        operations: list[tuple[int, Imported]] = []
        over, done = True, 0
        with path.open("rb") as file:
            columns = _header(_Lines(file, 0), held)
            file.seek(held.reached)
            lines = _Lines(file, held.reached, held.line)
            for seen, row in enumerate(_rows(lines, columns), start=1):
                try:
                    if row is None:
                        raise RequestError("the row does not have as many fields as the header")
                    operations.append((lines.number, _READERS[held.kind](held, row, lines.number)))
                except RequestError as error:
                    wrong.append((lines.number, _sentence(error)))
                if seen == _ROWS:
                    over = False
                    break
        wanted = self._wanted(held, workspace, operations)
        outcomes = identify.perform(self._store, self._numbers, workspace, [operation for _, operation in wanted])
        for (line, _), outcome in zip(wanted, outcomes, strict=True):
            if outcome is None:
                done += 1
            else:
                wrong.append((line, _sentence(outcome)))
        self._failpoint("import.rows_in")
        end = {"reached": lines.position, "line": lines.number, "over": over}
        self._store.write(lambda tx: imports.advance(tx, held, done=done, wrong=sorted(wrong), **end))  # type: ignore[arg-type]
        if over:
            self._remove(held)
            _log.info("import.done", number=held.import_id, rows=held.rows_done + done)

    def _wanted(
        self, held: Import, workspace: Workspace, operations: list[tuple[int, Imported]]
    ) -> list[tuple[int, Imported]]:
        """Those that the import is for: everybody, people who are not there yet, or people who are."""
        if held.who == "all":
            return operations

        def known(tx: Transaction) -> set[int]:
            return {line for line, operation in operations if people.find(tx, workspace, operation.reference)}

        there = self._store.read(known)
        return [one for one in operations if (one[0] in there) == (held.who == "only_existing")]


class _Lines:
    """Lines of a file as text, with the byte and the number behind the last one."""

    def __init__(self, file: BinaryIO, position: int, number: int = 0) -> None:
        self._file = file
        self.position = position
        self.number = number

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(_LONGEST_LINE + 1):
            if len(line) > _LONGEST_LINE:
                raise BadFile(f"line {self.number + 1} is longer than {_LONGEST_LINE} bytes")
            bare = line.removeprefix(b"\xef\xbb\xbf") if self.position == 0 else line
            self.position += len(line)
            self.number += 1
            try:
                yield bare.decode()
            except UnicodeDecodeError:
                raise BadFile(f"line {self.number} is not UTF-8") from None


def _header(lines: _Lines, held: Import) -> list[str]:
    try:
        columns = [name.strip() for name in next(csv.reader(iter(lines), strict=True), [])]
    except csv.Error as error:
        raise BadFile(f"the first line is not CSV: {error}") from None
    needed = [held.identifier, *(["name"] if held.kind == "event" else [])]
    for name in needed:
        if name not in columns:
            raise BadFile(f"the first line names the columns: {name!r} is missing")
    if len(set(columns)) < len(columns):
        raise BadFile("the first line names a column twice")
    return columns


def _rows(lines: _Lines, columns: list[str]) -> Iterator[dict[str, str] | None]:
    """Each row by column; None for one with another number of fields. Empty lines are passed over."""
    try:
        for fields in csv.reader(iter(lines), strict=True):
            if fields:
                yield dict(zip(columns, fields, strict=True)) if len(fields) == len(columns) else None
    except csv.Error as error:
        raise BadFile(f"line {lines.number} is not CSV: {error}") from None


def _hash(path: Path) -> str:
    whole = sha256()
    with path.open("rb") as file:
        while piece := file.read(2**20):
            whole.update(piece)
    return whole.hexdigest()


def _reference(held: Import, row: dict[str, str]) -> Reference:
    value = row[held.identifier].strip()
    if not value:
        raise RequestError("is empty", f"/{held.identifier}")
    kind = IdKind(held.identifier)
    if kind is IdKind.EMAIL and not looks_like_email(value):
        raise RequestError("is not an e-mail address", "/email")
    if len(value.encode()) > MAX_ID_BYTES:
        raise RequestError(f"is longer than {MAX_ID_BYTES} bytes", f"/{held.identifier}")
    return Reference(kind, value)


def _checked(row: dict[str, str]) -> None:
    for name, value in row.items():
        if "\0" in value:
            raise RequestError("contains a NUL character", f"/{name}")


def _person(held: Import, row: dict[str, str], line: int) -> Imported:  # noqa: ARG001 - as for events
    _checked(row)
    reference = _reference(held, row)
    attributes: dict[str, Any] = {
        name: value for name, value in row.items() if name not in ("id", "email", "cio_id") and value != ""
    }
    check_attributes(attributes)
    other = {name: row[name].strip() for name in ("id", "email") if name != held.identifier and row.get(name)}
    if "email" in other and not looks_like_email(other["email"]):
        raise RequestError("is not an e-mail address", "/email")
    return Identify(
        reference,
        attributes,
        id=other.get("id"),
        email=other.get("email"),
        update_only=held.who == "only_existing",
    )


def _event(held: Import, row: dict[str, str], line: int) -> Imported:
    _checked(row)
    name = row["name"].strip()
    if not name or len(name.encode()) > _MAX_EVENT_NAME_BYTES:
        raise RequestError(f"must be a text of 1 to {_MAX_EVENT_NAME_BYTES} bytes", "/name")
    at = row.get("timestamp", "").strip()
    if at and not (at.isascii() and at.isdigit() and int(at) <= _LATEST):
        raise RequestError("must be Unix seconds", "/timestamp")
    data: dict[str, Any] = {
        key: value
        for key, value in row.items()
        if key not in ("id", "email", "cio_id", "name", "timestamp", "data") and value != ""
    }
    if row.get("data", "").strip():
        data |= _data(row["data"])
    event_id = f"import-{held.import_id}-{line}"
    return Event(_reference(held, row), "event", name, data, event_id=event_id, at=int(at) if at else None)


def _data(text: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RequestError("must be a JSON object", "/data")
    return value


_READERS: dict[str, Callable[[Import, dict[str, str], int], Imported]] = {"people": _person, "event": _event}


def _sentence(error: RequestError) -> str:
    problem = error.problems[0]
    field = problem.pointer.strip("/").replace("/", ".")
    return f"{field}: {problem.detail}" if field else problem.detail
