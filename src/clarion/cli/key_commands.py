# SPDX-License-Identifier: Apache-2.0
"""`clarion keys …` and `clarion service-tokens …`: the commands and their options."""

import os
from pathlib import Path
from typing import Annotated

import typer

from clarion.cli import keys
from clarion.settings import Settings, load

app_keys = typer.Typer(help="Keys of a workspace: list, make, revoke.", no_args_is_help=True)
service_tokens = typer.Typer(help="Tokens that open the sending calls of every workspace.", no_args_is_help=True)

ConfigOption = Annotated[Path | None, typer.Option("--config", envvar="CLARION_CONFIG", help="A TOML file.")]
DatabaseOption = Annotated[str | None, typer.Option("--database-url", help="sqlite:///file or postgresql://…")]
WorkspaceOption = Annotated[int, typer.Option("--workspace", help="The workspace's number; `clarion workspaces`.")]


def _settings(config: Path | None, database_url: str | None) -> Settings:
    return load(config, os.environ, {"database.url": database_url})


@app_keys.command("list")
def list_keys(workspace: WorkspaceOption = 1, config: ConfigOption = None, database_url: DatabaseOption = None) -> None:
    """The keys of a workspace, without their secrets, revoked ones too."""
    keys.list_keys(_settings(config, database_url), workspace)


@app_keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    workspace: WorkspaceOption = 1,
    kind: Annotated[str, typer.Option("--kind", help="app, or track.")] = "app",
    scopes: Annotated[str, typer.Option("--scopes", help="Of an app key, with spaces: app:read app:send …")] = "app",
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Make a key and print its secret, which is shown only this once."""
    keys.create_key(_settings(config, database_url), workspace, name, kind, scopes)


@app_keys.command("revoke")
def revoke_key(
    number: Annotated[int, typer.Argument(help="The key's number; `clarion keys list`.")],
    workspace: WorkspaceOption = 1,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """From now on it opens nothing."""
    keys.revoke_key(_settings(config, database_url), workspace, number)


@service_tokens.command("list")
def list_tokens(config: ConfigOption = None, database_url: DatabaseOption = None) -> None:
    """The tokens of this installation, revoked ones too."""
    keys.list_service_tokens(_settings(config, database_url))


@service_tokens.command("create")
def create_token(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Make a token and print it, only this once. Its calls name their workspace in X-Workspace-Id."""
    keys.create_service_token(_settings(config, database_url), name)


@service_tokens.command("revoke")
def revoke_token(
    number: Annotated[int, typer.Argument(help="The token's number.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """From now on it opens nothing."""
    keys.revoke_service_token(_settings(config, database_url), number)
