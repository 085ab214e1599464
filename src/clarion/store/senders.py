# SPDX-License-Identifier: Apache-2.0
"""Sender identities: the names and addresses that a workspace's messages come from (contract §7.7)."""

from dataclasses import dataclass
from email.utils import formataddr

from clarion.store import numbers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction


@dataclass(frozen=True, slots=True)
class Sender:
    """`hidden`: not offered for new messages; times in Unix milliseconds."""

    sender_id: int
    name: str
    email: str
    hidden: bool = False
    created_ms: int = 0
    updated_ms: int = 0

    @property
    def address(self) -> str:
        """As a From header shows it."""
        return formataddr((self.name, self.email)) if self.name.isascii() else f'"{self._quoted}" <{self.email}>'

    @property
    def _quoted(self) -> str:
        return self.name.replace("\\", "\\\\").replace('"', '\\"')


def _sender(row: Row) -> Sender:
    return Sender(
        int(row["sender_id"]),
        str(row["name"]),
        str(row["email"]),
        bool(row["hidden"]),
        int(row["created_ms"]),
        int(row["updated_ms"]),
    )


def listing(tx: Transaction, workspace: Workspace) -> list[Sender]:
    """Every identity of a workspace, oldest first."""
    return [_sender(row) for row in tx.all("senders", workspace_id=workspace.workspace_id, sender_id=0)]


def get(tx: Transaction, workspace: Workspace, sender_id: int) -> Sender | None:
    """One identity."""
    rows = tx.all("senders", workspace_id=workspace.workspace_id, sender_id=sender_id) if sender_id else []
    return _sender(rows[0]) if rows else None


def create(tx: Transaction, workspace: Workspace, wanted: Sender) -> int:
    """A new identity; its number."""
    sender_id = numbers.take(tx, "sender_identity")
    tx.execute("insert_sender", sender_id=sender_id, **_columns(workspace, wanted))
    return sender_id


def update(tx: Transaction, workspace: Workspace, changed: Sender) -> None:
    """Store name, address and whether it is hidden."""
    tx.execute("update_sender", sender_id=changed.sender_id, **_columns(workspace, changed))


def delete(tx: Transaction, workspace: Workspace, sender_id: int) -> None:
    """Remove an identity that nothing uses."""
    tx.execute("delete_sender", workspace_id=workspace.workspace_id, sender_id=sender_id)


def _columns(workspace: Workspace, sender: Sender) -> dict[str, object]:
    return {
        "workspace_id": workspace.workspace_id,
        "name": sender.name,
        "email": sender.email,
        "hidden": int(sender.hidden),
    }
