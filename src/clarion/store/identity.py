# SPDX-License-Identifier: Apache-2.0
"""Where the database is, as far as the database itself and this machine can tell, and where it was when it sent.

A dump that was restored, a file that was copied and a database made from a template are other places. A replica that
took over is the same system on a later timeline. What cannot be told apart is said in docs/operations.md.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import psycopg

from clarion.domain.errors import Unavailable
from clarion.store import access
from clarion.store.engine import Store, Transaction
from clarion.store.postgres import connection_of

_LOCAL = ("", "localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Place:
    """`system` names the database, `address` how this process reaches it; a replica that takes over has a later
    `timeline`.
    """

    system: str
    address: str = ""
    timeline: int = 0


@dataclass(frozen=True, slots=True)
class Home:
    """A place that is known to be right; `seen_ms`: when somebody there last said so, database time."""

    place: Place
    seen_ms: int


def here(store: Store) -> Place:
    """The place of an open database.

    Raises:
        Unavailable: it cannot be reached.
    """
    if store.engine == "sqlite":
        return _file_place(str(store.read(lambda tx: tx.all("whereabouts")[0]["name"])))
    return store.read(_server_place)


def _file_place(name: str) -> Place:
    try:
        number = Path(name).stat().st_ino
    except OSError as error:
        raise Unavailable(f"the database file {name} is not there: {error.strerror}") from None
    return Place(f"file {number} on machine {_machine()}")


def _server_place(tx: Transaction) -> Place:
    row = tx.all("whereabouts")[0]
    system, timeline = "unknown", 0
    connection = connection_of(tx)
    # Servers that only speak PostgreSQL's language may have the names without being able to answer.
    try:
        with connection.transaction():
            if row["may_ask_system"]:
                system = str(tx.all("whereabouts_system")[0]["system"])
    except psycopg.errors.Error:
        system = "unknown"
    try:
        with connection.transaction():
            if row["may_ask_timeline"]:
                timeline = int(tx.all("whereabouts_timeline")[0]["timeline"], 16)
    except (psycopg.errors.Error, ValueError):
        timeline = 0
    host = connection.info.host
    near = f"machine {_machine()}" if host in _LOCAL or host.startswith("/") else host
    return Place(f"system {system} database {row['oid']} {row['name']}", f"{near}:{connection.info.port}", timeline)


def _machine() -> str:
    """This machine's id, hashed as its manual asks; "-" in a container, which has none that stays."""
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return "-"
    try:
        text = Path("/etc/machine-id").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return "-"
    return hashlib.blake2s(text.encode(), person=b"clarion", digest_size=8).hexdigest() if text else "-"


def homes(tx: Transaction) -> list[Home]:
    """The places that are known to be right; none until something was sent."""
    return [
        Home(Place(str(row["system"]), str(row["address"]), int(row["timeline"])), int(row["seen_ms"]))
        for row in tx.all("homes")
    ]


def settle(tx: Transaction, place: Place) -> None:
    """Record a place as right."""
    tx.execute("settle_home", system=place.system, address=place.address, timeline=place.timeline)


def touch(tx: Transaction, place: Place) -> None:
    """Record that a known place is still right."""
    tx.execute("touch_home", system=place.system, address=place.address, timeline=place.timeline)


def move(tx: Transaction, place: Place) -> None:
    """From now on this place is right, and no other."""
    tx.execute("forget_homes")
    settle(tx, place)


def has_sent(tx: Transaction) -> bool:
    """Whether a worker ever took up something to send."""
    return tx.one("anything_sent") is not None


def installation_id(tx: Transaction) -> str:
    """Names the installation, the same in every copy of its database; needs a write transaction at the first call."""
    return hashlib.blake2s(access.installation_secret(tx), person=b"install", digest_size=8).hexdigest()
