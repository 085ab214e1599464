# SPDX-License-Identifier: Apache-2.0
"""Making a workspace and showing its keys once."""

from dataclasses import asdict

import msgspec
import typer

from clarion.settings import Settings
from clarion.store import access, migrate
from clarion.store.access import Keys, Workspace
from clarion.store.opening import open_store


def create(settings: Settings, name: str, identifiers: str, *, as_json: bool) -> None:
    """Create a workspace in the database of the settings and print its keys."""
    store = open_store(settings.database.url)
    try:
        migrate.migrate(store)
        keys = access.random_keys()
        workspace = store.write(lambda tx: access.create_workspace(tx, name, identifiers, keys))
    finally:
        store.close()
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
