# SPDX-License-Identifier: Apache-2.0
"""Backup, export, import, and what to do after a restore."""

from pathlib import Path

import typer

from clarion.cli.existing import existing
from clarion.domain.errors import SetupError
from clarion.settings import Settings
from clarion.store import partitions, restoring, transfer


def backup(settings: Settings, target: Path) -> None:
    """Copy an SQLite database while it is used."""
    url = settings.database.url
    if not url.startswith("sqlite:///"):
        raise SetupError(
            "clarion backup copies an SQLite file; for PostgreSQL use pg_dump or a base backup (docs/backup.md)"
        )
    done = transfer.copy_file(Path(url.removeprefix("sqlite:///")), target)
    typer.echo(f"{target}: {done.size} bytes, {done.triggers} triggers, checked")


def export(settings: Settings, target: Path) -> None:
    """Write the whole database to a file that either engine can import."""
    header = transfer.export(settings.database.url, target, _tell)
    if header.open_chunks:
        typer.echo("messages were being sent meanwhile: good as a backup, not for moving (stop all programs first)")


def load(settings: Settings, source: Path, *, as_backup: bool) -> None:
    """Fill an empty database from an export."""
    transfer.load(settings.database.url, source, _tell, while_sending=as_backup)
    typer.echo("every table has the rows of the export")
    if as_backup:
        restored(settings)


def restored(settings: Settings) -> None:
    """Hold everything that a restored backup would send a second time."""
    with existing(settings) as store:
        stopped = store.write(restoring.hold)
    for one in stopped:
        typer.echo(
            f"stopped trigger {one.trigger_id} of broadcast {one.broadcast_id}: it was {one.state},"
            f" {one.queued} messages were queued and may have been sent since"
        )
    typer.echo(f"{len(stopped)} triggers stopped; numbers given since the backup are skipped")


def partition(settings: Settings, every: int) -> None:
    """Turn the table of accounts into partitions."""
    with existing(settings) as store:
        partitions.divide(store, every=every)
        for one in partitions.listing(store):
            typer.echo(f"{one.name}: triggers {one.low or 'before'} to {one.high or 'any'}")


def _tell(table: str, rows: int) -> None:
    typer.echo(f"{table}: {rows}", err=True)
