# SPDX-License-Identifier: Apache-2.0
"""How many calls a workspace may make in a second, counted for all processes together (contract §1.5).

A process takes a few of the running second's calls at a time, so that the thousand of the Track API are not a thousand
commits. What it took and did not use is lost with the second: the limit is never exceeded, and of the larger ones
a little may stay unused. When the database does not answer, calls fail by themselves.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from clarion.domain.errors import RateLimited
from clarion.store import calls
from clarion.store.engine import Store

Kind = Literal["app", "send", "track", "in_app"]
_AT_A_TIME = 10  # shares of a limit that a process takes at once


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of the running second, for the headers of draft-ietf-httpapi-ratelimit-headers-03."""

    limit: int
    remaining: int

    def write_to(self, response: Response) -> Response:
        """The same response with `RateLimit-*`."""
        response.headers["RateLimit-Limit"] = str(self.limit)
        response.headers["RateLimit-Remaining"] = str(self.remaining)
        response.headers["RateLimit-Reset"] = "1"
        return response


@dataclass(slots=True)
class _Held:
    """Calls that this process may still make before a moment of its own clock, and what is left for others."""

    mine: int = 0
    others: int = 0
    until: float = 0.0


class Limits:
    """The limits of one process; `a_second` is by kind, 0 for none."""

    def __init__(
        self, store: Store, a_second: Mapping[Kind, int], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._a_second = a_second
        self._now = now
        self._held: dict[tuple[int, Kind], _Held] = {}
        self._taking: dict[tuple[int, Kind], asyncio.Lock] = {}

    async def take(self, workspace_id: int, kind: Kind) -> Standing | None:
        """Count a call; None where there is no limit.

        Raises:
            RateLimited: this second's calls are used up.
        """
        limit = self._a_second.get(kind, 0)
        if not limit:
            return None
        key = (workspace_id, kind)
        held = self._held.setdefault(key, _Held())
        async with self._taking.setdefault(key, asyncio.Lock()):
            if self._now() >= held.until or (not held.mine and held.others):
                await self._refill(held, workspace_id, kind, limit)
        if held.mine <= 0:
            raise RateLimited(f"rate limited to {limit} requests per 1s", 1)
        held.mine -= 1
        return Standing(limit, held.mine + held.others)

    async def _refill(self, held: _Held, workspace_id: int, kind: Kind, limit: int) -> None:
        some = max(1, limit // _AT_A_TIME)
        asked = self._now()
        taken = await asyncio.to_thread(self._store.write, lambda tx: calls.take(tx, workspace_id, kind, some))
        held.mine = max(0, some - max(0, taken.until - limit))
        held.others = max(0, limit - taken.until)
        held.until = asked + taken.left_ms / 1_000
