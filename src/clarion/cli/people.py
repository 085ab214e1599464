# SPDX-License-Identifier: Apache-2.0
"""Erasing a person from the command line, and the list of who was erased."""

from collections.abc import Mapping
from contextlib import closing

import typer

from clarion.domain.errors import RequestError, SetupError
from clarion.domain.people import IdKind, Reference, cio_id
from clarion.pipeline import erasure as stage
from clarion.settings import Settings
from clarion.store import access, erasure
from clarion.wiring.house import open_house
from clarion.wiring.providers import blank_mail_of


def erase(
    settings: Settings, workspace_id: int, named: Mapping[str, str | None], *, suppress: bool, listing: bool
) -> None:
    """Erase the one who is named, or list the erasures, one line of cio_id and Unix seconds each."""
    given = [Reference(IdKind(kind), value) for kind, value in named.items() if value is not None]
    if len(given) != (0 if listing else 1):
        raise SetupError("name exactly one of --id, --email and --cio-id, or --list")
    house = open_house(settings, "")
    with closing(house.store):
        workspace = house.store.read(lambda tx: access.workspace(tx, workspace_id))
        if workspace is None:
            raise SetupError(f"there is no workspace {workspace_id}")
        if listing:
            for one in house.store.read(lambda tx: erasure.asked(tx, workspace_id)):
                ended = "open" if one.done_ms is None else str(one.done_ms // 1_000)
                typer.echo(f"{cio_id(one.person_id)} {one.asked_ms // 1_000} {ended}")
            return
        try:
            done = stage.erase(house.store, workspace, given[0], suppress=suppress, blank_mail=blank_mail_of(house))
        except RequestError as error:
            raise SetupError(f"nobody was erased: {error}") from None
    typer.echo(f"erased {done.cio_id}: " + ", ".join(f"{kind} {count}" for kind, count in done.removed.items()))
    if not done.finished:
        typer.echo("messages to them are still queued: workers take out what is left as these end")
