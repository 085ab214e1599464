# SPDX-License-Identifier: Apache-2.0
"""Procrastinate as the driver, for PostgreSQL: jobs are submitted in the caller's transaction.

Workers hear of jobs by LISTEN/NOTIFY and by polling. Jobs of a worker that died are put back by a sweep that
runs every ten seconds; the reconciler of `pipeline.worker` would find their slices without it.

Sending is a queue apart from resolving, so that a new trigger's audience does not wait behind a million messages.
A job to send says only that there is something to send: it goes on until nothing is due. So a few of them are
enough for any number of slices, and the cost of the driver does not grow with the audience.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

import procrastinate
from procrastinate import exceptions as procrastinate_exceptions
from procrastinate.jobs import JobDeferrer
from procrastinate.types import JSONValue

from clarion.store.engine import Transaction
from clarion.store.jobs import RESOLVING, Handlers
from clarion.store.postgres import connection_of

_RESOLVE_QUEUE = "clarion.resolve"
_SEND_QUEUE = "clarion.send"
_RESOLVE = "clarion.resolve"
_SEND = "clarion.send"
_WAKE_UP = 8  # jobs for a range of slices; every range wakes that many slots, wherever they are
_SWEEP = "*/10 * * * * *"  # every ten seconds
_STALLED_SECONDS = 30.0

logging.getLogger("procrastinate").setLevel(logging.WARNING)


class PostgresJobs:
    """Submits to and runs Procrastinate jobs; `url` is the store's."""

    def __init__(self, url: str) -> None:
        self._app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=4, name="clarion-jobs")
        )
        # Submitting is blocking and always on the caller's connection: an app that never opens one of its own.
        self._submitting = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
        self._handlers: Handlers | None = None
        self._app.task(name=_RESOLVE, queue=_RESOLVE_QUEUE)(self._run_resolve)
        self._app.task(name=_SEND, queue=_SEND_QUEUE)(self._run_send)
        sweep = self._app.task(name="clarion.sweep", queue=_RESOLVE_QUEUE, queueing_lock="clarion.sweep")(self._sweep)
        self._app.periodic(cron=_SWEEP)(sweep)

    def submit_resolve(self, tx: Transaction, trigger_id: int) -> None:
        """Submit in the caller's transaction."""
        self._deferrer(tx, _RESOLVE, _RESOLVE_QUEUE).defer(trigger_id=trigger_id)

    def submit_slices(self, tx: Transaction, trigger_id: int, numbers: Iterable[int]) -> None:
        """Submit in the caller's transaction."""
        jobs: list[dict[str, JSONValue]] = [{"trigger_id": trigger_id} for _ in islice(numbers, _WAKE_UP)]
        if jobs:
            self._deferrer(tx, _SEND, _SEND_QUEUE).batch_defer(*jobs)

    def _deferrer(self, tx: Transaction, task: str, queue: str) -> JobDeferrer:
        return self._submitting.configure_task(task, queue=queue, connection=connection_of(tx))

    def register(self, handlers: Handlers) -> None:
        """Say what the jobs call."""
        self._handlers = handlers

    async def _run_resolve(self, trigger_id: int) -> None:
        if self._handlers is not None:
            await self._handlers.resolve(trigger_id)

    async def _run_send(self, trigger_id: int) -> None:  # noqa: ARG002 - whose slices they were, for people who look
        while self._handlers is not None and await self._handlers.send():
            pass

    async def _sweep(self, timestamp: int) -> None:  # noqa: ARG002 - Procrastinate passes the tick
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
            with suppress(procrastinate_exceptions.ConnectorException):
                await manager.retry_job(job)

    async def run(self, *, slots: int, stopping: asyncio.Event) -> None:
        """Run two Procrastinate workers until `stopping`; jobs at work are let finish."""
        async with self._app.open_async():
            working = {
                asyncio.create_task(self._work(_RESOLVE_QUEUE, RESOLVING)),
                asyncio.create_task(self._work(_SEND_QUEUE, slots)),
            }
            stop = asyncio.create_task(stopping.wait())
            try:
                await asyncio.wait({*working, stop}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.cancel()
                for worker in working:
                    worker.cancel()  # asks it to finish what it has
                ends = await asyncio.gather(*working, return_exceptions=True)
            for end in ends:
                if isinstance(end, Exception):
                    raise end

    async def _work(self, queue: str, concurrency: int) -> None:
        await self._app.run_worker_async(
            queues=[queue],
            concurrency=concurrency,
            delete_jobs="always",  # also failed ones: what is to do stands in our rows
            fetch_job_polling_interval=2.0,
            install_signal_handlers=False,
        )


def schema() -> str:
    """Procrastinate's own tables, as one script."""
    return procrastinate.schema.SchemaManager.get_schema()
