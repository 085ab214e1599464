# SPDX-License-Identifier: Apache-2.0
"""The errand that keeps counters of metrics few: old hours become days, old days become months."""

import asyncio

from clarion.domain.series import HOUR_MS
from clarion.pipeline.errands import Errand
from clarion.store import metrics
from clarion.store.engine import Store
from clarion.store.retention import take_turn

_EVERY_SECONDS = 600.0


def errand(store: Store) -> Errand:
    """Once an hour, by whichever process comes first."""

    def fold() -> None:
        if take_turn(store, "metrics", HOUR_MS):
            metrics.fold(store, store.read(lambda tx: tx.now_ms()) // HOUR_MS)

    async def turn() -> bool:
        await asyncio.to_thread(fold)
        return False

    return Errand("metrics", turn, every_seconds=_EVERY_SECONDS)
