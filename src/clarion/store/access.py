# SPDX-License-Identifier: Apache-2.0
"""Workspaces, keys and the installation's secret. Keys are random, shown once, and stored as their hash."""

import hashlib
import secrets
from dataclasses import dataclass

from clarion.store import numbers
from clarion.store.engine import Row, Transaction


@dataclass(frozen=True, slots=True)
class Workspace:
    """`identifiers`: "id_email" (an address belongs to one person) or "id" (several may share it)."""

    workspace_id: int
    name: str
    identifiers: str

    @property
    def email_is_unique(self) -> bool:
        """Whether e-mail identifies people here."""
        return self.identifiers == "id_email"


@dataclass(frozen=True, slots=True)
class Access:
    """What a presented key opens."""

    workspace: Workspace
    scopes: frozenset[str]
    name: str


@dataclass(frozen=True, slots=True)
class Keys:
    """A new workspace's keys in clear; they are not stored anywhere."""

    app_key: str
    manage_key: str
    site_id: str
    track_key: str


def random_keys() -> Keys:
    """Fresh keys of 160 bits each."""
    return Keys(
        app_key=secrets.token_hex(20),
        manage_key=secrets.token_hex(20),
        site_id=secrets.token_hex(10),
        track_key=secrets.token_hex(20),
    )


def _hash(secret: str) -> str:
    # A random 160-bit key needs no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


def create_workspace(tx: Transaction, name: str, identifiers: str, keys: Keys) -> Workspace:
    """A new workspace with an app key, a key that may also manage, and a track key."""
    workspace = Workspace(numbers.take(tx, "workspace"), name, identifiers)
    tx.execute("insert_workspace", workspace_id=workspace.workspace_id, name=name, identifiers=identifiers)
    _add_key(tx, workspace, "app", "App API", "app", keys.app_key)
    _add_key(tx, workspace, "app", "Management", "app manage", keys.manage_key)
    _add_key(tx, workspace, "track", "Track API", "track", keys.track_key, keys.site_id)
    return workspace


def _add_key(
    tx: Transaction, workspace: Workspace, kind: str, name: str, scopes: str, secret: str, site_id: str | None = None
) -> None:
    tx.execute(
        "insert_key",
        key_id=numbers.take(tx, "api_key"),
        workspace_id=workspace.workspace_id,
        kind=kind,
        name=name,
        scopes=scopes,
        site_id=site_id,
        secret_hash=_hash(secret),
    )


def _workspace(row: Row) -> Workspace:
    return Workspace(int(row["workspace_id"]), str(row["name"]), str(row["identifiers"]))


def workspaces(tx: Transaction) -> list[Workspace]:
    """Every workspace, oldest first."""
    return [_workspace(row) for row in tx.all("workspaces")]


def workspace(tx: Transaction, workspace_id: int) -> Workspace | None:
    """One workspace."""
    row = tx.one("workspace", workspace_id=workspace_id)
    return _workspace(row) if row else None


def update_workspace(tx: Transaction, changed: Workspace) -> None:
    """Store a workspace's name and identifiers."""
    tx.execute(
        "update_workspace",
        workspace_id=changed.workspace_id,
        name=changed.name,
        identifiers=changed.identifiers,
    )


def by_app_key(tx: Transaction, key: str) -> Access | None:
    """What an App API bearer key opens."""
    row = tx.one("key_by_hash", secret_hash=_hash(key), kind="app")
    return Access(_workspace(row), frozenset(str(row["scopes"]).split()), str(row["key_name"])) if row else None


def by_track_key(tx: Transaction, site_id: str, key: str) -> Access | None:
    """What a Track API site id and key open."""
    row = tx.one("key_by_hash", secret_hash=_hash(key), kind="track")
    if row is None or not secrets.compare_digest(str(row["site_id"]).encode(), site_id.encode()):
        return None
    return Access(_workspace(row), frozenset(str(row["scopes"]).split()), str(row["key_name"]))


def installation_secret(tx: Transaction) -> bytes:
    """The secret behind delivery ids and links; made at the first call (needs a write transaction)."""
    row = tx.one("installation")
    if row is None:
        tx.execute("create_installation", secret=secrets.token_hex(32))
        row = tx.one("installation")
    if row is None:
        raise AssertionError("the installation row was just made")
    return bytes.fromhex(str(row["secret"]))
