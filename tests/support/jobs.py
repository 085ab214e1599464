# SPDX-License-Identifier: Apache-2.0
"""A driver of workers for tests: a queue that loses everything it is given."""

import asyncio
from collections.abc import Iterable

from clarion.store.engine import Transaction
from clarion.store.jobs import Handlers


class LostJobs:
    """Jobs that nobody does: what is left to do stands in the rows only."""

    def submit_resolve(self, tx: Transaction, trigger_id: int) -> None:
        pass

    def submit_slices(self, tx: Transaction, trigger_id: int, numbers: Iterable[int]) -> None:
        pass

    def register(self, handlers: Handlers) -> None:
        pass

    async def run(self, *, slots: int, stopping: asyncio.Event) -> None:
        await stopping.wait()
