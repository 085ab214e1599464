# SPDX-License-Identifier: Apache-2.0
"""The errand that imports people, events, objects and relationships from a CSV file (contract §7.11).

This is a state path.

Read: the file, fetched or copied to this machine, from the byte that the import has reached. Committed: what a stretch
of rows means, as calls of the Track API would; after that, in one transaction, how far it got and who of the stretch
is put into the import's segment. Crash: the rows of a stretch that was not recorded are done again, which changes
nothing: the same attributes, events with ids made of import and line, people who were not there when the import was
asked for are still new to it, and nobody is in a segment twice. Another machine fetches the file again, and goes on
only if it is the same one. An import that is cancelled ends at the next turn: what is in stays.
"""

import asyncio
from functools import partial
from hashlib import sha256
from pathlib import Path

import structlog

from clarion.domain.errors import NotFound, RequestError
from clarion.domain.objects import ChangeObject
from clarion.domain.operations import Event, Identify
from clarion.domain.people import IdKind
from clarion.pipeline import identify
from clarion.pipeline.csv_rows import BadFile, Imported, Lines, Reading, header, meaning, rows, sentence
from clarion.pipeline.csv_values import ColumnType
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.membership import change_members
from clarion.pipeline.resolve import Download
from clarion.store import access, imports, objects, people, uploads
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.imports import Import
from clarion.store.numbers import PersonNumbers
from clarion.store.slices import LostLease

_log = structlog.get_logger("clarion.imports")
_LEASE_MS = 900_000  # a download may take long
_ROWS = 1_000  # in a turn


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
        self._seen: tuple[str, str, int, int, int] | None = None  # reading all of a large file takes seconds

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
            if held.cancelled:
                raise BadFile(imports.CANCELLED)
            path = await self._file(held)
            work = self._begin if held.state == "preprocessing" else self._stretch
            await asyncio.to_thread(work, held, path)
        except (BadFile, DataFileError) as error:
            why = str(error)
            _log.warning("import.failed", number=held.import_id)
            await asyncio.to_thread(self._store.write, lambda tx: imports.fail(tx, held, why))
            await asyncio.to_thread(self._remove, held)
        return True

    def _path(self, held: Import) -> Path:
        return self._folder / f"import-{held.import_id}.csv"

    def _remove(self, held: Import) -> None:
        self._path(held).unlink(missing_ok=True)
        upload_id = uploads.named_by(held.url)
        if upload_id is not None:
            self._store.write(lambda tx: uploads.remove(tx, upload_id))

    async def _file(self, held: Import) -> Path:
        """The file on this machine; of one that was begun, the same as then."""
        path = self._path(held)
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            upload_id = uploads.named_by(held.url)
            if upload_id is None:
                await self._download(held.url, path)
            else:
                await asyncio.to_thread(self._store.read, partial(_copy, upload_id=upload_id, path=path))
        if held.sha256 is not None and not await asyncio.to_thread(self._is, held.sha256, path):
            raise BadFile("the file behind the URL is another one than when the import began")
        return path

    def _is(self, sha256: str, path: Path) -> bool:
        """Whether it is that file; once it was seen to be, the file system tells whether anybody wrote into it."""
        stat = path.stat()
        seen = (sha256, str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns)
        if self._seen != seen and _hash(path) == sha256:
            self._seen = seen
        return self._seen == seen

    def _begin(self, held: Import, path: Path) -> None:
        """Count the rows and see that the columns that are needed are there."""
        with path.open("rb") as file:
            lines = Lines(file, 0)
            head = header(lines, _reading(held))
            first = lines.position
            count = sum(1 for row in rows(lines, head) if row is not None)
        digest = _hash(path)
        self._store.write(lambda tx: imports.begin(tx, held, sha256=digest, rows=count, reached=first))

    def _stretch(self, held: Import, path: Path) -> None:
        workspace = self._store.read(partial(access.workspace, workspace_id=held.workspace_id))
        if workspace is None:
            raise BadFile("its workspace is gone")
        wrong: list[tuple[int, str]] = []
        operations: list[tuple[int, Imported]] = []
        over, reading = True, _reading(held)
        with path.open("rb") as file:
            head = header(Lines(file, 0), reading)
            file.seek(held.reached)
            lines = Lines(file, held.reached, held.line)
            for seen, row in enumerate(rows(lines, head), start=1):
                try:
                    operations.append((lines.number, meaning(reading, row, lines.number)))
                except RequestError as error:
                    wrong.append((lines.number, sentence(error)))
                if seen == _ROWS:
                    over = False
                    break
        wanted = self._wanted(held, workspace, operations)
        if held.identifier == IdKind.CIO_ID:
            there = self._there(workspace, wanted)
            wrong += [(line, "cio_id: nobody has it") for line, _ in wanted if line not in there]
            wanted = [one for one in wanted if one[0] in there]
        good: list[Imported] = []
        outcomes = identify.perform(self._store, self._numbers, workspace, [operation for _, operation in wanted])
        for (line, operation), outcome in zip(wanted, outcomes, strict=True):
            if outcome is None:
                good.append(operation)
            else:
                wrong.append((line, sentence(outcome)))
        done = len(good)
        self._failpoint("import.rows_in")

        def record(tx: Transaction) -> None:
            joined = _join(tx, workspace, held, good)
            end = {"reached": lines.position, "line": lines.number, "over": over}
            if not imports.advance(tx, held, done=done, wrong=sorted(wrong), joined=joined, **end):  # type: ignore[arg-type]
                raise LostLease(f"import {held.import_id} is held by another process")

        try:
            self._store.write(record)
        except LostLease:
            return
        if over:
            self._remove(held)
            _log.info("import.done", number=held.import_id, rows=held.rows_done + done)

    def _wanted(
        self, held: Import, workspace: Workspace, operations: list[tuple[int, Imported]]
    ) -> list[tuple[int, Imported]]:
        """Those that the import is for: all, those about whom or what is not there yet, or is there."""
        if held.who == "all":
            return operations
        # Whom the import itself added before it was broken off is still new to it.
        by_ms = held.created_ms if held.who == "only_new" else None
        there = self._there(workspace, operations, by_ms)
        return [one for one in operations if (one[0] in there) == (held.who == "only_existing")]

    def _there(
        self, workspace: Workspace, operations: list[tuple[int, Imported]], by_ms: int | None = None
    ) -> set[int]:
        """The lines of those about whom or what there is already, or was by a moment."""

        def known(tx: Transaction) -> set[int]:
            return {line for line, operation in operations if _is_there(tx, workspace, operation, by_ms)}

        return self._store.read(known)


def _join(tx: Transaction, workspace: Workspace, held: Import, good: list[Imported]) -> int:
    """Put the people of rows that are in into the import's segment; how many were not in it yet.

    Raises:
        BadFile: there is no such segment any more.
    """
    if held.segment_id is None:
        return 0
    named = [one.reference.value for one in good if isinstance(one, Identify | Event)]
    try:
        return change_members(tx, workspace, held.segment_id, IdKind(held.identifier), named, add=True)
    except NotFound:
        raise BadFile("the segment that people were to be put into is gone") from None


def cancel(tx: Transaction, workspace: Workspace, held: Import) -> bool:
    """End an import: rows that are in stay, the one stretch that is being done too. False when it is over already.

    Committed: that it is asked for; who takes it next ends it and removes the file. One that nobody ever held is over
    with this.
    """
    if not imports.cancel(tx, workspace, held.import_id):
        return False
    upload_id = uploads.named_by(held.url)
    after = imports.get(tx, held.import_id)
    if upload_id is not None and after is not None and after.over:
        uploads.remove(tx, upload_id)
    return True


def _is_there(tx: Transaction, workspace: Workspace, operation: Imported, by_ms: int | None) -> bool:
    if isinstance(operation, ChangeObject):
        return objects.find(tx, workspace, operation.name) is not None
    found = people.find(tx, workspace, operation.reference)
    return any(by_ms is None or person.created_ms <= by_ms for person in found)


def _reading(held: Import) -> Reading:
    types = {name: ColumnType(kind) for name, kind in held.types.items()}
    return Reading(held.kind, held.identifier, held.who, held.columns, held.import_id, held.object_type_id, types)


def _copy(tx: Transaction, upload_id: int, path: Path) -> None:
    """An upload as a file, whole or not at all."""
    unfinished = path.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        pieces = sum(file.write(piece) and 1 for piece in uploads.pieces(tx, upload_id))
    if not pieces:
        raise BadFile("the file that was sent is not kept any more")
    unfinished.replace(path)


def _hash(path: Path) -> str:
    whole = sha256()
    with path.open("rb") as file:
        while piece := file.read(2**20):
            whole.update(piece)
    return whole.hexdigest()
