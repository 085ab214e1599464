# SPDX-License-Identifier: Apache-2.0
"""Whether this process may send: not from a copy of the database that another installation sends from.

Reads where the database is and where it was when it sent. Commits the place once something was sent, and every few
seconds that it is still right, which vouches for processes that reach the same server by another address. A copy
takes its homes along but finds itself elsewhere: nothing of it is sent until ``clarion confirm-move``. If the process
dies in the middle nothing is half done: each step is one row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from enum import StrEnum

import structlog

from clarion.domain.errors import Unavailable
from clarion.store import identity
from clarion.store.engine import Store
from clarion.store.identity import Home, Place

_log = structlog.get_logger("clarion.home")
HINT = "if this database is meant to send from here, run `clarion confirm-move`"


class Standing(StrEnum):
    """What a place is to an installation. From all but ELSEWHERE it sends."""

    NEW = "new"  # nothing was sent yet
    HOME = "home"  # as it was
    PROMOTED = "promoted"  # the same server's replica, which took over
    VOUCHED = "vouched"  # another address of the same server, while a process at a known one is alive
    ELSEWHERE = "elsewhere"


def standing(place: Place, homes: Sequence[Home], since_ms: int | None = None) -> Standing:
    """What `place` is, given the known homes; one that was seen after `since_ms` vouches for other addresses."""
    if not homes:
        return Standing.NEW
    same = [home for home in homes if home.place.system == place.system]
    if any(home.place.address == place.address for home in same):
        return Standing.HOME
    if same and place.timeline > max(home.place.timeline for home in same):
        return Standing.PROMOTED
    if since_ms is not None and any(home.seen_ms > since_ms for home in same):
        return Standing.VOUCHED
    return Standing.ELSEWHERE


def is_copy(store: Store) -> bool:
    """Whether no worker here sends anything until the move is confirmed. Blocking.

    Another address of the same server says nothing about the workers, which have their own.

    Raises:
        Unavailable: the database cannot be asked.
    """
    place, homes = identity.here(store), store.read(identity.homes)
    elsewhere = standing(place, homes) is Standing.ELSEWHERE
    return elsewhere and all(home.place.system != place.system for home in homes)


class HomeGuard:
    """Lets a worker run while its database is where it belongs; looks again every `look_seconds`."""

    def __init__(self, store: Store, *, look_seconds: float = 5.0) -> None:
        self._store = store
        self._look_seconds = look_seconds
        self._since_ms: int | None = None
        self.standing: Standing | None = None

    async def run(self, work: Callable[[asyncio.Event], Awaitable[None]], stopping: asyncio.Event) -> None:
        """Run `work` with an event of its own, again and again while this is the right place, until `stopping`."""
        while not stopping.is_set():
            if not await self._allowed():
                await _pause(stopping, self._look_seconds)
                continue
            halt = asyncio.Event()
            watching = [asyncio.create_task(self._watch(halt)), asyncio.create_task(_pass_on(stopping, halt))]
            try:
                await work(halt)
            finally:
                halt.set()  # a cancelled wait may end as if nothing had happened: the loop asks for this
                for watch in watching:
                    watch.cancel()
                await asyncio.gather(*watching, return_exceptions=True)
            if self.standing is Standing.NEW:  # the first thing may have been sent since the last look
                await self._allowed()

    async def _watch(self, halt: asyncio.Event) -> None:
        while not halt.is_set() and await self._allowed():
            await _pause(halt, self._look_seconds)
        halt.set()

    async def _allowed(self) -> bool:
        """Look; a database that cannot be asked changes nothing, since nothing can be claimed in it either."""
        try:
            found = await asyncio.to_thread(self.look)
        except Unavailable as error:
            _log.warning("store.unavailable", error=str(error))
            return self.standing is not None and self.standing is not Standing.ELSEWHERE
        return found is not Standing.ELSEWHERE

    def look(self) -> Standing:
        """Find out, record what is right, and say what is not. Blocking."""
        place = identity.here(self._store)
        homes, now_ms, has_sent = self._store.read(lambda tx: (identity.homes(tx), tx.now_ms(), identity.has_sent(tx)))
        found = standing(place, homes, self._since_ms)
        if found is Standing.ELSEWHERE:
            if self.standing is not found:
                self._since_ms = now_ms
                _log.error("database.moved", here=place.system, address=place.address, hint=HINT)
        elif found is Standing.HOME:
            if place.address:  # a file has one address only: nobody needs to be vouched for
                self._store.write(lambda tx: identity.touch(tx, place))
        elif found is not Standing.NEW or has_sent:
            self._store.write(lambda tx: identity.settle(tx, place))
            if found in {Standing.PROMOTED, Standing.VOUCHED}:
                _log.warning("database.known_by_another_address", why=found.value, address=place.address)
        if self.standing is Standing.ELSEWHERE and found is not Standing.ELSEWHERE:
            _log.info("database.confirmed", here=place.system, address=place.address)
        self.standing = found
        return found


async def _pass_on(stopping: asyncio.Event, halt: asyncio.Event) -> None:
    await stopping.wait()
    halt.set()


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
