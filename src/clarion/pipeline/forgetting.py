# SPDX-License-Identifier: Apache-2.0
"""The errand that forgets what is kept for a while.

Answers to repeated calls, strangers' events, exports, reports, sessions, links, previews, the audit log, messages that
no limit looks back to, tokens of providers' calls, and answers.
"""

import asyncio

from clarion.pipeline.errands import Errand
from clarion.store import audit, calls, exports, hooks, limits, merging, previews, reporting, sessions, texts, users
from clarion.store.engine import Store
from clarion.store.retention import take_turn

_EVERY_SECONDS = 600.0
_HOUR_MS = 3_600_000
_PREVIEWS_MS = 600_000


def errand(store: Store) -> Errand:
    """Once an hour, previews more often, by whichever process comes first."""

    def forget() -> None:
        if take_turn(store, "forgetting", _HOUR_MS):
            store.write(calls.clear)
            store.write(merging.clear_anonymous_events)
            store.write(exports.clear)
            store.write(reporting.clear)
            store.write(sessions.clear)
            store.write(users.clear_links)
            store.write(audit.clear)
            store.write(limits.clear)
            store.write(hooks.clear)
            store.write(texts.clear)
        if take_turn(store, "forgetting previews", _PREVIEWS_MS):
            store.write(previews.clear)

    async def turn() -> bool:
        await asyncio.to_thread(forget)
        return False

    return Errand("forgetting", turn, every_seconds=_EVERY_SECONDS)
