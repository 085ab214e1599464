# SPDX-License-Identifier: Apache-2.0
"""The errand that imports people, events, objects and relationships from a CSV file behind a URL (contract §7.11).

This is a state path.

Read: the file, fetched to this machine, from the byte that the import has reached. Committed: what a stretch of rows
means, as calls of the Track API would, and after that how far it got. Crash: the rows of a stretch that was not
recorded are done again, which changes nothing: the same attributes, and events with ids made of import and line.
Another machine fetches the file again, and goes on only if it is the same one.
"""

import asyncio
from functools import partial
from hashlib import sha256
from pathlib import Path

import structlog

from clarion.domain.errors import RequestError
from clarion.domain.objects import ChangeObject
from clarion.domain.people import IdKind
from clarion.pipeline import identify
from clarion.pipeline.csv_rows import BadFile, Imported, Lines, Reading, header, meaning, rows, sentence
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.resolve import Download
from clarion.store import access, imports, objects, people, uploads
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.imports import Import
from clarion.store.numbers import PersonNumbers

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
        if held.sha256 is not None and await asyncio.to_thread(_hash, path) != held.sha256:
            raise BadFile("the file behind the URL is another one than when the import began")
        return path

    def _begin(self, held: Import, path: Path) -> None:
        """Count the rows and see that the columns that are needed are there."""
        with path.open("rb") as file:
            lines = Lines(file, 0)
            columns = header(lines, _reading(held))
            first = lines.position
            count = sum(1 for row in rows(lines, columns) if row is not None)
        digest = _hash(path)
        self._store.write(lambda tx: imports.begin(tx, held, sha256=digest, rows=count, reached=first))

    def _stretch(self, held: Import, path: Path) -> None:
        workspace = self._store.read(partial(access.workspace, workspace_id=held.workspace_id))
        if workspace is None:
            raise BadFile("its workspace is gone")
        wrong: list[tuple[int, str]] = []
        operations: list[tuple[int, Imported]] = []
        over, done, reading = True, 0, _reading(held)
        with path.open("rb") as file:
            columns = header(Lines(file, 0), reading)
            file.seek(held.reached)
            lines = Lines(file, held.reached, held.line)
            for seen, row in enumerate(rows(lines, columns), start=1):
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
        outcomes = identify.perform(self._store, self._numbers, workspace, [operation for _, operation in wanted])
        for (line, _), outcome in zip(wanted, outcomes, strict=True):
            if outcome is None:
                done += 1
            else:
                wrong.append((line, sentence(outcome)))
        self._failpoint("import.rows_in")
        end = {"reached": lines.position, "line": lines.number, "over": over}
        self._store.write(lambda tx: imports.advance(tx, held, done=done, wrong=sorted(wrong), **end))  # type: ignore[arg-type]
        if over:
            self._remove(held)
            _log.info("import.done", number=held.import_id, rows=held.rows_done + done)

    def _wanted(
        self, held: Import, workspace: Workspace, operations: list[tuple[int, Imported]]
    ) -> list[tuple[int, Imported]]:
        """Those that the import is for: all, those about whom or what is not there yet, or is there."""
        if held.who == "all":
            return operations
        there = self._there(workspace, operations)
        return [one for one in operations if (one[0] in there) == (held.who == "only_existing")]

    def _there(self, workspace: Workspace, operations: list[tuple[int, Imported]]) -> set[int]:
        """The lines of those about whom or what there is already."""

        def known(tx: Transaction) -> set[int]:
            return {line for line, operation in operations if _is_there(tx, workspace, operation)}

        return self._store.read(known)


def _is_there(tx: Transaction, workspace: Workspace, operation: Imported) -> bool:
    if isinstance(operation, ChangeObject):
        return objects.find(tx, workspace, operation.name) is not None
    return bool(people.find(tx, workspace, operation.reference))


def _reading(held: Import) -> Reading:
    return Reading(held.kind, held.identifier, held.who, held.columns, held.import_id, held.object_type_id)


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
