# SPDX-License-Identifier: Apache-2.0
"""Exports: what was asked for, how far they are, and their rows, compressed, in the database."""

import base64
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction

KEPT_MS = 7 * 24 * 3_600_000
_MOST = 1_000
_GONE = "it was made more than 7 days ago and is not kept any longer"
_ERASED = "somebody in this workspace was erased, so exports that may hold them were removed"


@dataclass(frozen=True, slots=True)
class Export:
    """`state`: pending, done or failed; `rows`: how many are written; `reached`: where the next stretch begins."""

    export_id: int
    workspace_id: int
    kind: str
    state: str
    asked: dict[str, Any]
    description: str
    failure: str | None
    rows: int
    reached: str
    columns: tuple[str, ...]
    chunks: int
    downloads: int
    created_ms: int
    updated_ms: int
    fence: int


def _export(row: Row) -> Export:
    return Export(
        export_id=int(row["export_id"]),
        workspace_id=int(row["workspace_id"]),
        kind=str(row["kind"]),
        state=str(row["state"]),
        asked=msgspec.json.decode(row["asked"]),
        description=str(row["description"]),
        failure=row["failure"],
        rows=int(row["rows_so_far"]),
        reached=str(row["reached"]),
        columns=tuple(msgspec.json.decode(row["columns"])),
        chunks=int(row["next_chunk"]),
        downloads=int(row["downloads"]),
        created_ms=int(row["created_ms"]),
        updated_ms=int(row["updated_ms"]),
        fence=int(row["fence"]),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def create(
    tx: Transaction, workspace: Workspace, kind: str, asked: Mapping[str, Any], description: str, by: str
) -> Export:
    """Ask for an export of kind "customers" or "deliveries"."""
    export_id = numbers.take(tx, "export")
    tx.execute(
        "insert_export",
        export_id=export_id,
        workspace_id=workspace.workspace_id,
        kind=kind,
        asked=_json(dict(asked)),
        description=description,
        made_by=by,
    )
    made = get(tx, export_id)
    if made is None:
        raise AssertionError("the export was just made")
    return made


def get(tx: Transaction, export_id: int) -> Export | None:
    """One export, of whatever workspace."""
    row = tx.one("export", export_id=export_id)
    return _export(row) if row else None


def listing(tx: Transaction, workspace: Workspace, only: int = 0) -> list[Export]:
    """A workspace's exports, newest first, at most 1,000; `only` this one."""
    return [_export(row) for row in tx.all("exports", workspace_id=workspace.workspace_id, only=only, most=_MOST)]


def pending(tx: Transaction) -> int | None:
    """An export that nobody works at."""
    row = tx.one("pending_export")
    return int(row["export_id"]) if row else None


def take(tx: Transaction, export_id: int, lease_ms: int) -> Export | None:
    """Hold an export; None when another was quicker."""
    return get(tx, export_id) if tx.execute("take_export", export_id=export_id, lease_ms=lease_ms) else None


def advance(
    tx: Transaction,
    held: Export,
    rows: Sequence[Mapping[str, Any]],
    *,
    always: Sequence[str],
    reached: str,
    done: bool,
    lease_ms: int,
) -> Export | None:
    """Write a stretch of rows together with the checkpoint; None when another process holds the export by now.

    `always`: columns that are there whatever the rows have.
    """
    columns = list(dict.fromkeys((*held.columns, *always, *(name for row in rows for name in row))))
    moved = tx.execute(
        "advance_export",
        export_id=held.export_id,
        fence=held.fence,
        some=len(rows),
        reached=reached,
        columns=_json(columns),
        state="done" if done else "pending",
        lease_ms=lease_ms,
    )
    if not moved:
        return None
    content = base64.b64encode(gzip.compress(msgspec.json.encode(list(rows)), 6)).decode()
    tx.execute("insert_export_chunk", export_id=held.export_id, no=held.chunks, content=content)
    return get(tx, held.export_id)


def release(tx: Transaction, held: Export) -> None:
    """Let go of an export that is not finished."""
    tx.execute("release_export", export_id=held.export_id, fence=held.fence)


def chunk(tx: Transaction, export_id: int, no: int) -> list[dict[str, Any]]:
    """Rows of a stretch; [] when they are gone."""
    row = tx.one("export_chunk", export_id=export_id, no=no)
    return msgspec.json.decode(gzip.decompress(base64.b64decode(row["content"]))) if row else []


def fail(tx: Transaction, export_id: int, why: str) -> None:
    """It cannot be made; why, for a person."""
    tx.execute("fail_export", export_id=export_id, failure=why)


def count_download(tx: Transaction, export_id: int) -> None:
    """Somebody asked for its URL."""
    tx.execute("count_download", export_id=export_id)


def withdraw(tx: Transaction, workspace_id: int) -> None:
    """Remove the rows of all exports of a workspace in which somebody was erased."""
    tx.execute("drop_export_chunks_of", workspace_id=workspace_id)
    tx.execute("withdraw_exports", workspace_id=workspace_id, failure=_ERASED)


def clear(tx: Transaction) -> int:
    """Remove the rows of old exports; how many chunks."""
    gone = tx.execute("drop_old_export_chunks", kept_ms=KEPT_MS)
    tx.execute("withdraw_old_exports", kept_ms=KEPT_MS, failure=_GONE)
    return gone
