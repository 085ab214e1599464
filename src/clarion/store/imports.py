# SPDX-License-Identifier: Apache-2.0
"""Imports of people, events, objects and relationships from CSV files: how far they are, which rows were wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction

MOST_ERRORS = 10_000
_ABOUT_OBJECTS = ("object", "relationship")
_CIO_ID = "cio_id"
CANCELLED = "cancelled: rows that were in by then stay"
_AT_WORK = ("preprocessing", "importing")
_NEVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Import:
    """`kind`: people, event, object or relationship; `who`: all, only_new or only_existing; `reached`: the byte behind
    the last row that is in, `line` the number of its last line. `segment_id`: where whoever is in gets into, and
    `rows_joined` how many did; `cancelled`: somebody asked for its end."""

    import_id: int
    workspace_id: int
    kind: str
    name: str
    description: str
    url: str
    identifier: str
    who: str
    state: str
    failure: str | None
    sha256: str | None
    rows_in_file: int
    rows_done: int
    rows_wrong: int
    reached: int
    line: int
    created_ms: int
    updated_ms: int
    fence: int
    columns: dict[str, str | None]
    object_type_id: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    segment_id: int | None = None
    rows_joined: int = 0
    cancelled: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state not in _AT_WORK


_NUMBERS = (
    "import_id", "workspace_id", "rows_in_file", "rows_done", "rows_wrong", "reached", "line", "created_ms",
    "updated_ms", "fence", "rows_joined",
)  # fmt: skip
_TEXTS = ("kind", "name", "description", "url", "identifier", "who", "state", "failure", "sha256")


def _import(row: Row) -> Import:
    values: dict[str, Any] = {name: row[name] for name in _TEXTS}
    values |= {name: int(row[name]) for name in _NUMBERS}
    values["kind"] = row["about"] or row["kind"]
    values["identifier"] = row["named_by"] or row["identifier"]
    values["object_type_id"] = row["object_type_id"]
    values["segment_id"] = int(row["segment_id"]) if row["segment_id"] is not None else None
    values["cancelled"] = row["cancelled_ms"] is not None
    values["types"] = msgspec.json.decode(row["types"]) if row["types"] else {}
    values["columns"] = msgspec.json.decode(row["columns"]) if row["columns"] else {}
    return Import(**values)


def create(
    tx: Transaction,
    workspace: Workspace,
    *,
    kind: str,
    name: str,
    description: str,
    url: str,
    identifier: str,
    who: str,
    columns: Mapping[str, str | None] | None = None,
    object_type_id: str | None = None,
    types: Mapping[str, str] | None = None,
    segment_id: int | None = None,
    newest_only: bool = False,
) -> Import:
    """Ask for an import; `columns`: other names for some of the file's columns, None for one that is left out.

    `newest_only`: out of the reach of programs that do not know of files that are sent, of types and of segments.
    """
    import_id = numbers.take(tx, "import")
    tx.execute(
        "insert_import",
        import_id=import_id,
        workspace_id=workspace.workspace_id,
        kind="event" if kind in _ABOUT_OBJECTS else kind,
        about=kind if kind in _ABOUT_OBJECTS else None,
        object_type_id=object_type_id,
        name=name,
        description=description,
        url=url,
        identifier="id" if identifier == _CIO_ID else identifier,
        named_by=identifier if identifier == _CIO_ID else None,
        who=who,
        columns=msgspec.json.encode(columns).decode() if columns else None,
        types=msgspec.json.encode(types).decode() if types else None,
        segment_id=segment_id,
        lease_ms=_NEVER_MS if newest_only else 0,
        held_until_ms=0 if newest_only else None,
    )
    made = get(tx, import_id)
    if made is None:
        raise AssertionError("the import was just made")
    return made


def get(tx: Transaction, import_id: int) -> Import | None:
    """One import, of whatever workspace."""
    row = tx.one("import_job", import_id=import_id)
    return _import(row) if row else None


def listing(tx: Transaction, workspace: Workspace, before: int, most: int) -> list[Import]:
    """Imports, the newest first, those numbered below `before`."""
    rows = tx.all("imports", workspace_id=workspace.workspace_id, before=before, most=most)
    return [_import(row) for row in rows]


def due(tx: Transaction) -> int | None:
    """An import that nobody works at."""
    row = tx.one("import_due")
    return int(row["import_id"]) if row else None


def take(tx: Transaction, import_id: int, lease_ms: int) -> Import | None:
    """Hold an import; None when another was quicker."""
    return get(tx, import_id) if tx.execute("take_import", import_id=import_id, lease_ms=lease_ms) else None


def cancel(tx: Transaction, workspace: Workspace, import_id: int) -> bool:
    """Ask for its end; False when it is over. One that nobody ever held ends with this."""
    asked = tx.execute("cancel_import", import_id=import_id, workspace_id=workspace.workspace_id) > 0
    if asked:
        tx.execute("end_unheld_import", import_id=import_id, failure=CANCELLED)
    return asked


def begin(tx: Transaction, held: Import, *, sha256: str, rows: int, reached: int) -> None:
    """The file is here: its rows are counted, the first one begins at a byte."""
    tx.execute(
        "begin_import", import_id=held.import_id, fence=held.fence, sha256=sha256, rows_in_file=rows, reached=reached
    )


def advance(
    tx: Transaction,
    held: Import,
    *,
    done: int,
    wrong: Sequence[tuple[int, str]],
    reached: int,
    line: int,
    over: bool,
    joined: int = 0,
) -> bool:
    """A stretch is in, `done` of its rows; False when another process holds the import by now."""
    moved = tx.execute(
        "advance_import",
        import_id=held.import_id,
        fence=held.fence,
        rows_done=done,
        rows_wrong=len(wrong),
        rows_joined=joined,
        reached=reached,
        line=line,
        state="imported" if over else "importing",
    )
    if moved:
        for at, text in wrong[: max(0, MOST_ERRORS - held.rows_wrong)]:
            tx.execute("insert_import_error", import_id=held.import_id, line=at, text=text)
    return moved > 0


def fail(tx: Transaction, held: Import, why: str) -> None:
    """It cannot be done, or not to its end; why, for a person."""
    tx.execute("fail_import", import_id=held.import_id, fence=held.fence, failure=why)


def errors(tx: Transaction, import_id: int, after: int, most: int) -> list[tuple[int, str]]:
    """(line, what is wrong) behind a line."""
    return [
        (int(row["line"]), str(row["text"]))
        for row in tx.all("import_errors", import_id=import_id, after=after, most=most)
    ]
