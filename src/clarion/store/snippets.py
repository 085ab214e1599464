# SPDX-License-Identifier: Apache-2.0
"""Snippets: named pieces of Liquid that messages include."""

from dataclasses import dataclass

from clarion.store.access import Workspace
from clarion.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class Snippet:
    """A named piece of Liquid; it cannot be renamed."""

    name: str
    value: str
    updated_ms: int


def listing(tx: Transaction, workspace: Workspace) -> list[Snippet]:
    """Every snippet of a workspace, by name."""
    rows = tx.all("snippets", workspace_id=workspace.workspace_id)
    return [Snippet(str(r["name"]), str(r["value"]), int(r["updated_ms"])) for r in rows]


def save(tx: Transaction, workspace: Workspace, name: str, value: str) -> Snippet:
    """Create or replace."""
    tx.execute("upsert_snippet", workspace_id=workspace.workspace_id, name=name, value=value)
    return next(snippet for snippet in listing(tx, workspace) if snippet.name == name)


def delete(tx: Transaction, workspace: Workspace, name: str) -> bool:
    """Remove; False when there is none."""
    return tx.execute("delete_snippet", workspace_id=workspace.workspace_id, name=name) > 0
