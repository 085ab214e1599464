# SPDX-License-Identifier: Apache-2.0
"""Rolling upgrades: a program that has become too old for its database drains and stops.

Reads one number every few seconds and commits nothing. A process that dies here leaves nothing behind.
"""

import asyncio
from contextlib import suppress

import structlog

from clarion.domain.errors import Unavailable
from clarion.store import migrate
from clarion.store.engine import Store

_log = structlog.get_logger("clarion.upgrade")


async def watch(store: Store, stopping: asyncio.Event, *, seconds: float = 5.0, knows: int | None = None) -> str | None:
    """Look every `seconds` until `stopping` is set; set it when this program is too old for the database.

    `knows`: the newest step of the schema that this program knows, when not its own. Returns the sentence to end
    with, None when `stopping` was set for another reason.
    """
    known = migrate.newest(store.engine) if knows is None else knows
    while not stopping.is_set():
        try:
            words = await asyncio.to_thread(migrate.outdated, store, known)
        except Unavailable:
            words = None  # others say that the database is away
        if words is not None:
            _log.error("program.outdated", why=words)
            stopping.set()
            return words
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), seconds)
    return None
