# SPDX-License-Identifier: Apache-2.0
"""Workspaces, keys and the installation's secret. Keys are random, shown once, and stored as their hash."""

import hashlib
import secrets
from dataclasses import dataclass

from clarion.store import numbers
from clarion.store.engine import Row, Transaction

_USE_NOTED_MS = 3_600_000
APP_SCOPES = ("app", "app:read", "app:write", "app:send", "manage")
"""What an app key may open; "app" is reading, writing and sending together."""


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
    """What a presented key, or a session of the web page, opens. `stale`: it is time to note that it was used.

    `user_id`: of a session, else 0.
    """

    workspace: Workspace
    scopes: frozenset[str]
    name: str
    key_id: int = 0
    service: bool = False
    stale: bool = False
    user_id: int = 0


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key without its secret; times in Unix milliseconds."""

    key_id: int
    kind: str
    name: str
    scopes: str
    site_id: str | None
    created_ms: int
    revoked_ms: int | None
    last_used_ms: int | None


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
) -> int:
    key_id = numbers.take(tx, "api_key")
    tx.execute(
        "insert_key",
        key_id=key_id,
        workspace_id=workspace.workspace_id,
        kind=kind,
        name=name,
        scopes=scopes,
        site_id=site_id,
        secret_hash=_hash(secret),
    )
    return key_id


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


def size(tx: Transaction, workspace: Workspace) -> tuple[int, int]:
    """Messages sent, from counters, and people, counted in an index."""
    row = tx.one("workspace_size", workspace_id=workspace.workspace_id)
    return (int(row["sent"]), int(row["people"])) if row else (0, 0)


def by_app_key(tx: Transaction, key: str) -> Access | None:
    """What an App API bearer key opens."""
    row = tx.one("key_by_hash", secret_hash=_hash(key), kind="app")
    return _access(row) if row else None


def by_track_key(tx: Transaction, site_id: str, key: str) -> Access | None:
    """What a Track API site id and key open."""
    row = tx.one("key_by_hash", secret_hash=_hash(key), kind="track")
    if row is None or not secrets.compare_digest(str(row["site_id"]).encode(), site_id.encode()):
        return None
    return _access(row)


def _access(row: Row, *, service: bool = False) -> Access:
    used_ms, now_ms = row["last_used_ms"], int(row["now_ms"])
    return Access(
        _workspace(row),
        frozenset(str(row["scopes"]).split()),
        str(row["key_name"]),
        int(row["key_id"]),
        service,
        used_ms is None or now_ms - int(used_ms) > _USE_NOTED_MS,
    )


def by_service_token(tx: Transaction, token: str, workspace_id: int) -> Access | None:
    """What a service account's token opens in a workspace."""
    row = tx.one("service_token_by_hash", secret_hash=_hash(token), workspace_id=workspace_id)
    return _access(row, service=True) if row else None


def note_use(tx: Transaction, used: Access) -> None:
    """Write down that a key was used; once an hour is enough to tell which keys are dead."""
    tx.execute("note_token_use" if used.service else "note_key_use", key_id=used.key_id)


def keys(tx: Transaction, workspace: Workspace) -> list[KeyInfo]:
    """The keys of a workspace, revoked ones too, oldest first."""
    return [_info(row) for row in tx.all("keys_of", workspace_id=workspace.workspace_id)]


def service_tokens(tx: Transaction) -> list[KeyInfo]:
    """The service accounts' tokens of this installation, oldest first."""
    return [_info(row) for row in tx.all("service_tokens")]


def _info(row: Row) -> KeyInfo:
    site_id = row["site_id"]
    return KeyInfo(
        int(row["key_id"]),
        str(row["kind"]),
        str(row["name"]),
        str(row["scopes"]),
        None if site_id is None else str(site_id),
        int(row["created_ms"]),
        row["revoked_ms"],
        row["last_used_ms"],
    )


def create_key(tx: Transaction, workspace: Workspace, kind: str, name: str, scopes: str) -> tuple[int, str, str | None]:
    """A new key of kind "app" or "track": its number, the secret, shown once, and a track key's site id."""
    secret, site_id = secrets.token_hex(20), secrets.token_hex(10) if kind == "track" else None
    key_id = _add_key(tx, workspace, kind, name, scopes, secret, site_id)
    return key_id, secret, site_id


def revoke_key(tx: Transaction, workspace: Workspace, key_id: int) -> bool:
    """From now on it opens nothing; False when there is no such key."""
    return tx.execute("revoke_key", workspace_id=workspace.workspace_id, key_id=key_id) > 0


def create_service_token(tx: Transaction, name: str) -> tuple[int, str]:
    """A new token for the sending endpoints of every workspace (contract §1.2): its number and itself, shown once."""
    token_id, token = numbers.take(tx, "service_token"), f"sa_live_{secrets.token_hex(24)}"
    tx.execute("insert_service_token", token_id=token_id, name=name, secret_hash=_hash(token))
    return token_id, token


def revoke_service_token(tx: Transaction, token_id: int) -> bool:
    """From now on it opens nothing; False when there is no such token."""
    return tx.execute("revoke_service_token", token_id=token_id) > 0


def installation_secret(tx: Transaction) -> bytes:
    """The secret behind delivery ids and links; made at the first call (needs a write transaction)."""
    row = tx.one("installation")
    if row is None:
        tx.execute("create_installation", secret=secrets.token_hex(32))
        row = tx.one("installation")
    if row is None:
        raise AssertionError("the installation row was just made")
    return bytes.fromhex(str(row["secret"]))
