# SPDX-License-Identifier: Apache-2.0
"""Collections: rows of a caller's own under a name (contract §7.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from clarion.domain.errors import Conflict
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import encode


@dataclass(frozen=True, slots=True)
class Collection:
    """Without its rows; `size` is how many there are, times are Unix milliseconds."""

    collection_id: int
    name: str
    size: int
    bytes: int
    columns: tuple[str, ...]
    created_ms: int
    updated_ms: int


def listing(tx: Transaction, workspace: Workspace, only: int = 0) -> list[Collection]:
    """A workspace's collections; `only` this one."""
    return [
        Collection(
            int(row["collection_id"]),
            str(row["name"]),
            int(row["size"]),
            int(row["bytes"]),
            tuple(msgspec.json.decode(row["columns"])),
            int(row["created_ms"]),
            int(row["updated_ms"]),
        )
        for row in tx.all("collections", workspace_id=workspace.workspace_id, only=only)
    ]


def save(tx: Transaction, workspace: Workspace, collection_id: int, name: str, rows: Sequence[dict[str, Any]]) -> int:
    """Store a collection, a new one for 0; its number.

    Raises:
        Conflict: another one has this name.
    """
    known = tx.one("collection_named", workspace_id=workspace.workspace_id, name=name)
    if known is not None and int(known["collection_id"]) != collection_id:
        raise Conflict("there is a collection of this name already", "/name")
    content = encode(list(rows))
    made = {
        "collection_id": collection_id or numbers.take(tx, "collection"),
        "workspace_id": workspace.workspace_id,
        "name": name,
        "content": content,
        "size": len(rows),
        "bytes": len(content.encode()),
        "columns": encode(list(dict.fromkeys(name for row in rows for name in row))),
    }
    tx.execute("update_collection" if collection_id else "insert_collection", **made)
    return int(made["collection_id"])  # type: ignore[call-overload, no-any-return]


def rows_of(tx: Transaction, workspace: Workspace, collection_id: int) -> list[dict[str, Any]] | None:
    """The rows; None when there is no such collection."""
    row = tx.one("collection_content", workspace_id=workspace.workspace_id, collection_id=collection_id)
    return msgspec.json.decode(row["content"]) if row else None


def delete(tx: Transaction, workspace: Workspace, collection_id: int) -> bool:
    """Remove a collection; False when there is none."""
    return tx.execute("delete_collection", workspace_id=workspace.workspace_id, collection_id=collection_id) > 0
