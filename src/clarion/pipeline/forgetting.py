# SPDX-License-Identifier: Apache-2.0
"""The errand that forgets what is kept for a while: answers to repeated calls, strangers' events, exports, reports."""

import asyncio

from clarion.pipeline.errands import Errand
from clarion.store import calls, exports, merging, reporting
from clarion.store.engine import Store
from clarion.store.retention import take_turn

_EVERY_SECONDS = 600.0
_HOUR_MS = 3_600_000


def errand(store: Store) -> Errand:
    """Once an hour, by whichever process comes first."""

    def forget() -> None:
        if take_turn(store, "forgetting", _HOUR_MS):
            store.write(calls.clear)
            store.write(merging.clear_anonymous_events)
            store.write(exports.clear)
            store.write(reporting.clear)

    async def turn() -> bool:
        await asyncio.to_thread(forget)
        return False

    return Errand("forgetting", turn, every_seconds=_EVERY_SECONDS)
