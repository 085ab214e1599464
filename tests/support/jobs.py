# SPDX-License-Identifier: Apache-2.0
"""Drivers of workers for tests: the real ones, and a queue that loses everything it is given."""

import asyncio
from collections.abc import Iterable

from clarion.store.engine import Store, Transaction
from clarion.store.jobs import Handlers, Jobs
from clarion.store.jobs_inprocess import InProcessJobs
from clarion.store.jobs_postgres import PostgresJobs


def driver(store: Store, url: str) -> Jobs:
    """What drives workers on this engine."""
    return PostgresJobs(url) if store.engine == "postgres" else InProcessJobs(store)


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
