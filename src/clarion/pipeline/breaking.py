# SPDX-License-Identifier: Apache-2.0
"""The errand that pauses a trigger when too much of it bounces, is complained about, or fails (issue 6, safety).

Reads, every second, the counters of the triggers that send in workspaces with a circuit breaker; nothing where there
is none. Commits that a trigger is paused, with the reason and what was counted. If the process dies, the next look, by
whichever process, finds the same. Resuming the trigger is the one call that lets it go on: from there it counts anew.
"""

import asyncio
from functools import partial

import structlog

from clarion.domain import breakers
from clarion.pipeline.errands import Errand
from clarion.store import breakers as kept
from clarion.store.engine import Store

_log = structlog.get_logger("clarion.breaking")


def errand(store: Store) -> Errand:
    """Each process looks; whoever is first pauses."""

    async def turn() -> bool:
        await asyncio.to_thread(look, store)
        return False

    return Errand("breaking", turn)


def look(store: Store) -> list[int]:
    """Look once; which triggers were paused. Blocking."""
    broken = []
    for one in store.read(kept.watched):
        words = breakers.verdict(one.breaker, one.found.since(one.since))
        if words is not None and store.write(partial(kept.break_off, one=one, words=words)):
            _log.warning("trigger.broken", trigger_id=one.trigger_id, why=words)
            broken.append(one.trigger_id)
    return broken
