# SPDX-License-Identifier: Apache-2.0
"""Workspaces, their keys, and tokens of service accounts, for operators; secrets are shown once."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
import typer

from clarion.cli.existing import existing
from clarion.domain.errors import SetupError
from clarion.settings import Settings
from clarion.store import access, migrate
from clarion.store.access import KeyInfo, Keys, Workspace
from clarion.store.engine import Transaction
from clarion.store.opening import open_store

T = TypeVar("T")


def create(settings: Settings, name: str, identifiers: str, *, as_json: bool) -> None:
    """Create a workspace in the database of the settings and print its keys."""
    with closing(open_store(settings.database.url)) as store:
        migrate.migrate(store)
        keys = access.random_keys()
        workspace = store.write(lambda tx: access.create_workspace(tx, name, identifiers, keys))
    if as_json:
        typer.echo(msgspec.json.encode({"workspace_id": workspace.workspace_id, **asdict(keys)}).decode())
    else:
        typer.echo(describe(workspace, keys))


def describe(workspace: Workspace, keys: Keys) -> str:
    """The keys as lines for a person."""
    return (
        f"workspace {workspace.workspace_id} ({workspace.name})\n"
        f"  App API key      {keys.app_key}\n"
        f"  management key   {keys.manage_key}   (also opens the App API)\n"
        f"  Track site id    {keys.site_id}\n"
        f"  Track API key    {keys.track_key}"
    )


def _read(settings: Settings, work: Callable[[Transaction], T]) -> T:
    with existing(settings) as store:
        return store.read(work)


def _write(settings: Settings, work: Callable[[Transaction], T]) -> T:
    with existing(settings) as store:
        return store.write(work)


def _workspace(tx: Transaction, workspace_id: int) -> Workspace:
    found = access.workspace(tx, workspace_id)
    if found is None:
        known = ", ".join(str(one.workspace_id) for one in access.workspaces(tx)) or "none"
        raise SetupError(f"there is no workspace {workspace_id}; there are: {known}")
    return found


def list_workspaces(settings: Settings) -> None:
    """A line for each workspace."""
    for one in _read(settings, access.workspaces):
        typer.echo(f"{one.workspace_id:>4}  {one.name}  ({one.identifiers})")


def list_keys(settings: Settings, workspace_id: int) -> None:
    """A line for each key of a workspace, without its secret."""
    found = _read(settings, lambda tx: access.keys(tx, _workspace(tx, workspace_id)))
    for key in found:
        typer.echo(_line(key))


def list_service_tokens(settings: Settings) -> None:
    """A line for each service account's token."""
    for token in _read(settings, access.service_tokens):
        typer.echo(_line(token))


def _line(key: KeyInfo) -> str:
    used = "revoked" if key.revoked_ms is not None else f"last used {_day(key.last_used_ms)}"
    return f"{key.key_id:>4}  {key.kind:<7}  {key.scopes:<12}  {used:<20}  {key.name}"


def _day(at_ms: int | None) -> str:
    return "never" if at_ms is None else datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%d")


def create_key(settings: Settings, workspace_id: int, name: str, kind: str, scopes: str) -> None:
    """Make a key and print its secret.

    Raises:
        SetupError: an unknown workspace, kind or scope.
    """
    wanted = scopes.split() if kind == "app" else ["track"]
    if kind not in ("app", "track"):
        raise SetupError("--kind must be app or track")
    if unknown := [scope for scope in wanted if kind == "app" and scope not in access.APP_SCOPES]:
        raise SetupError(f"unknown scope {unknown[0]}; known: {', '.join(access.APP_SCOPES)}")

    def work(tx: Transaction) -> tuple[int, str, str | None]:
        return access.create_key(tx, _workspace(tx, workspace_id), kind, name, " ".join(wanted))

    number, secret, site_id = _write(settings, work)
    if site_id is not None:
        typer.echo(f"site id {site_id}")
    typer.echo(f"key {number}: {secret}")


def revoke_key(settings: Settings, workspace_id: int, number: int) -> None:
    """From now on it opens nothing.

    Raises:
        SetupError: there is no such key.
    """
    if not _write(settings, lambda tx: access.revoke_key(tx, _workspace(tx, workspace_id), number)):
        raise SetupError(f"workspace {workspace_id} has no key {number}")
    typer.echo(f"key {number} is revoked; running servers know within a second")


def create_service_token(settings: Settings, name: str) -> None:
    """Make a token that opens the sending calls of every workspace, and print it."""
    number, token = _write(settings, lambda tx: access.create_service_token(tx, name))
    typer.echo(f"token {number}: {token}")


def revoke_service_token(settings: Settings, number: int) -> None:
    """From now on it opens nothing.

    Raises:
        SetupError: there is no such token.
    """
    if not _write(settings, lambda tx: access.revoke_service_token(tx, number)):
        raise SetupError(f"there is no service token {number}")
    typer.echo(f"token {number} is revoked; running servers know within a second")
