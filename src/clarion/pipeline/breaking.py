# SPDX-License-Identifier: Apache-2.0
"""The errand that pauses a trigger when too much of it bounces, is complained about, or fails (issue 6, safety).

Reads, every second, the counters of the triggers that send in workspaces with a circuit breaker; nothing where there
is none. What a provider refuses is looked at as soon as it is written down, since much goes out within a second.
Commits that a trigger is paused, with the reason and what was counted. If the process dies, the next look, by
whichever process, finds the same. Resuming the trigger is the one call that lets it go on: from there it counts anew.
"""

import asyncio
from functools import partial
from typing import NamedTuple

import structlog

from clarion.domain import breakers
from clarion.pipeline.errands import Errand
from clarion.store import breakers as kept
from clarion.store.breakers import Watched
from clarion.store.engine import Store, Transaction

_log = structlog.get_logger("clarion.breaking")


def errand(store: Store) -> Errand:
    """Each process looks; whoever is first pauses."""

    async def turn() -> bool:
        await asyncio.to_thread(look, store)
        return False

    return Errand("breaking", turn)


def look(store: Store) -> list[int]:
    """Look once; which triggers were paused. Blocking."""
    return [bad.one.trigger_id for bad in store.read(found) if store.write(partial(pause, bad=bad))]


class Bad(NamedTuple):
    """A trigger that must not go on, and why."""

    one: Watched
    words: str


def found(tx: Transaction, trigger_id: int = 0) -> list[Bad]:
    """Those among all that send, or one; nothing where there is no breaker."""
    seen = ((one, breakers.verdict(one.breaker, one.found.since(one.since))) for one in kept.watched(tx, trigger_id))
    return [Bad(one, words) for one, words in seen if words is not None]


def pause(tx: Transaction, bad: Bad) -> bool:
    """Pause it; False when somebody was quicker."""
    if not kept.break_off(tx, bad.one, bad.words):
        return False
    tx.after_commit(partial(_log.warning, "trigger.broken", trigger_id=bad.one.trigger_id, why=bad.words))
    return True
