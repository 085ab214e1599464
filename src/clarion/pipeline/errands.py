# SPDX-License-Identifier: Apache-2.0
"""Work beside sending: exports, imports, webhooks out. Each process with a worker takes turns at all of it.

An errand takes one piece of work under a lease in a row of its own, so that of many processes one does it, does a
bounded stretch of it, and commits how far it got together with what it did. If the process dies, the lease runs out
and another goes on from there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from clarion.domain.errors import Unavailable

_log = structlog.get_logger("clarion.errands")


@dataclass(frozen=True, slots=True)
class Errand:
    """`turn` does a stretch of work and is False when there was none to do; then it is asked again after
    `every_seconds`. `at_once`: how many turns one process takes side by side."""

    name: str
    turn: Callable[[], Awaitable[bool]]
    every_seconds: float = 1.0
    at_once: int = 1


async def run(errands: Sequence[Errand], stopping: asyncio.Event) -> None:
    """Take turns at every errand until `stopping` is set and the last turn has ended."""
    await asyncio.gather(*(_take_turns(errand, stopping) for errand in errands for _ in range(errand.at_once)))


async def _take_turns(errand: Errand, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        busy = False
        try:
            busy = await errand.turn()
        except Unavailable as error:
            _log.warning("store.unavailable", errand=errand.name, error=str(error))
        except Exception:  # noqa: BLE001 - an errand must not end a worker
            _log.exception("errand.failed", errand=errand.name)
        if not busy:
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), errand.every_seconds)
