# SPDX-License-Identifier: Apache-2.0
"""One-time links that make an owner of the web page: at the first start, and when the last owner lost the password."""

import typer

from clarion.cli.existing import existing
from clarion.settings import Settings
from clarion.store import users
from clarion.store.engine import Store, Transaction

_MADE_BY = "the operator"


def url_of(base_url: str, token: str) -> str:
    """Where a link leads: its token is behind the "#", so that it reaches no log of a server."""
    return f"{base_url}/join#{token}"


def at_first_start(store: Store, base_url: str) -> str | None:
    """A new link while there is no user at all, else None; the one that an earlier start printed ends."""

    def make(tx: Transaction) -> str | None:
        return None if users.any_here(tx) else users.create_link(tx, "owner", made_by=_MADE_BY)

    token = store.write(make)
    return None if token is None else url_of(base_url, token)


def make(settings: Settings) -> None:
    """`clarion owner-link`: print a new one. Who uses it owns every workspace; an account by that e-mail is kept."""
    base_url = settings.server.base_url.rstrip("/") or f"http://{settings.server.host}:{settings.server.port}"
    with existing(settings) as store:
        token = store.write(lambda tx: users.create_link(tx, "owner", made_by=_MADE_BY))
    typer.echo(url_of(base_url, token))
