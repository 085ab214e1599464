# SPDX-License-Identifier: Apache-2.0
"""Layouts: what the bodies of a workspace's e-mails are put into."""

from dataclasses import dataclass

from clarion.domain.broadcasts import Layout
from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction


@dataclass(frozen=True, slots=True)
class StoredLayout:
    """A layout with its times in Unix milliseconds."""

    layout: Layout
    created_ms: int = 0
    updated_ms: int = 0


def _layout(row: Row) -> StoredLayout:
    layout = Layout(int(row["layout_id"]), str(row["name"]), str(row["html"]))
    return StoredLayout(layout, int(row["created_ms"]), int(row["updated_ms"]))


def listing(tx: Transaction, workspace: Workspace) -> list[StoredLayout]:
    """Every layout of a workspace, oldest first."""
    return [_layout(row) for row in tx.all("layouts", workspace_id=workspace.workspace_id, layout_id=0)]


def get(tx: Transaction, workspace: Workspace, layout_id: int) -> StoredLayout | None:
    """One layout."""
    rows = tx.all("layouts", workspace_id=workspace.workspace_id, layout_id=layout_id) if layout_id else []
    return _layout(rows[0]) if rows else None


def create(tx: Transaction, workspace: Workspace, wanted: Layout) -> int:
    """A new layout; its number."""
    layout_id = numbers.take(tx, "layout")
    tx.execute(
        "insert_layout",
        layout_id=layout_id,
        workspace_id=workspace.workspace_id,
        name=wanted.name,
        html=wanted.html,
    )
    return layout_id


def update(tx: Transaction, workspace: Workspace, changed: Layout) -> None:
    """Store name and HTML; the copies that messages hold are changed apart."""
    tx.execute(
        "update_layout",
        layout_id=changed.layout_id,
        workspace_id=workspace.workspace_id,
        name=changed.name,
        html=changed.html,
    )


def delete(tx: Transaction, workspace: Workspace, layout_id: int) -> None:
    """Remove a layout that no message names."""
    tx.execute("delete_layout", workspace_id=workspace.workspace_id, layout_id=layout_id)
