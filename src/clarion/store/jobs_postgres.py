# SPDX-License-Identifier: Apache-2.0
"""Procrastinate as the driver, for PostgreSQL: jobs are submitted in the caller's transaction.

Workers hear of jobs by LISTEN/NOTIFY and by polling. Jobs of a worker that died are put back by a sweep that
runs every ten seconds; the reconciler of `pipeline.worker` would find their slices without it.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress

import procrastinate
from procrastinate import exceptions as procrastinate_exceptions
from procrastinate.jobs import JobDeferrer
from procrastinate.types import JSONValue

from clarion.store.engine import Transaction
from clarion.store.jobs import Handlers
from clarion.store.postgres import connection_of

_QUEUE = "clarion"
_RESOLVE = "clarion.resolve"
_SLICE = "clarion.slice"
_BATCH = 1_000
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
        self._app.task(name=_RESOLVE, queue=_QUEUE)(self._run_resolve)
        self._app.task(name=_SLICE, queue=_QUEUE)(self._run_slice)
        sweep = self._app.task(name="clarion.sweep", queue=_QUEUE, queueing_lock="clarion.sweep")(self._sweep)
        self._app.periodic(cron=_SWEEP)(sweep)

    def submit_resolve(self, tx: Transaction, trigger_id: int) -> None:
        """Submit in the caller's transaction."""
        self._deferrer(tx, _RESOLVE).defer(trigger_id=trigger_id)

    def submit_slices(self, tx: Transaction, trigger_id: int, numbers: Iterable[int]) -> None:
        """Submit in the caller's transaction, a thousand at a time."""
        waiting: list[dict[str, JSONValue]] = [{"trigger_id": trigger_id, "no": no} for no in numbers]
        for start in range(0, len(waiting), _BATCH):
            self._deferrer(tx, _SLICE).batch_defer(*waiting[start : start + _BATCH])

    def _deferrer(self, tx: Transaction, task: str) -> JobDeferrer:
        return self._submitting.configure_task(task, queue=_QUEUE, connection=connection_of(tx))

    def register(self, handlers: Handlers) -> None:
        """Say what the jobs call."""
        self._handlers = handlers

    async def _run_resolve(self, trigger_id: int) -> None:
        if self._handlers is not None:
            await self._handlers.resolve(trigger_id)

    async def _run_slice(self, trigger_id: int, no: int) -> None:
        if self._handlers is not None:
            await self._handlers.send_slice(trigger_id, no)

    async def _sweep(self, timestamp: int) -> None:  # noqa: ARG002 - Procrastinate passes the tick
        manager = self._app.job_manager
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=_STALLED_SECONDS):
            with suppress(procrastinate_exceptions.ConnectorException):
                await manager.retry_job(job)

    async def run(self, *, slots: int, stopping: asyncio.Event) -> None:
        """Run a Procrastinate worker until `stopping`; jobs at work are let finish."""
        async with self._app.open_async():
            worker = asyncio.create_task(
                self._app.run_worker_async(
                    queues=[_QUEUE],
                    concurrency=slots,
                    delete_jobs="always",  # also failed ones: what is to do stands in our rows,
                    fetch_job_polling_interval=2.0,
                    install_signal_handlers=False,
                )
            )
            stop = asyncio.create_task(stopping.wait())
            try:
                await asyncio.wait({worker, stop}, return_when=asyncio.FIRST_COMPLETED)
                if not worker.done():
                    worker.cancel()  # asks it to finish what it has, and waits
                with suppress(asyncio.CancelledError):
                    await worker
            finally:
                stop.cancel()


def schema() -> str:
    """Procrastinate's own tables, as one script."""
    return procrastinate.schema.SchemaManager.get_schema()
