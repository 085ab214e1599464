# SPDX-License-Identifier: Apache-2.0
"""What works in a process beside the HTTP side, put together."""

import asyncio
from collections.abc import Sequence
from functools import partial

from clarion.channels import registry
from clarion.pipeline import (
    bouncing,
    breaking,
    converting,
    domain_checks,
    errands,
    exporting,
    folding,
    forgetting,
    importing,
    reporting,
    retention,
    segment_building,
)
from clarion.pipeline.compose import Sign
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.resolve import Resolver
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import Routes
from clarion.pipeline.send import SendStage
from clarion.pipeline.worker import Worker, WorkerRules, new_owner
from clarion.store import access
from clarion.wiring.bounces import bounces_of
from clarion.wiring.downloads import content_of, download_rules, downloader
from clarion.wiring.house import House
from clarion.wiring.providers import Built, blank_mail_of, build_outlets, domain_limits


def build_worker(house: House, built: Sequence[Built], failpoint: Failpoint = nothing) -> Worker:
    """A worker over this process's store; inside the event loop that will run it."""
    settings = house.settings
    owner = new_owner()
    retry = RetryPolicy(settings.worker.retry_delays_seconds, settings.worker.put_off_hours * 3_600)
    resolver = Resolver(
        house.store,
        owner=owner,
        files=house.folder / "files",
        download=downloader(house),
        submit=house.jobs.submit_slices,
        lease_ms=int(settings.worker.lease_seconds * 1_000),
        failpoint=failpoint,
    )
    flights = house.folder / "flights"
    flights.mkdir(parents=True, exist_ok=True)
    return Worker(
        house.store,
        house.jobs,
        resolver,
        SendStage(
            retry=retry,
            drain_seconds=settings.worker.drain_seconds,
            failpoint=failpoint,
            meter=house.metrics,
            routes=Routes(build_outlets(house, built), failover_seconds=settings.worker.failover_seconds),
            domains=domain_limits(house),
        ),
        owner=owner,
        flights=flights,
        sign=Sign(house.store.write(access.installation_secret), house.base_url),
        rules=WorkerRules(
            slots=settings.worker.slots,
            chunk_rows=settings.worker.chunk_rows,
            lease_ms=int(settings.worker.lease_seconds * 1_000),
            reconcile_seconds=settings.worker.reconcile_seconds,
        ),
        failpoint=failpoint,
        meter=house.metrics,
        tracing=house.tracing,
    )


async def keep_house(house: House, stopping: asyncio.Event, failpoint: Failpoint = nothing) -> None:
    """Retention, open erasures and errands, until `stopping` is set; beside a worker."""
    kept = house.settings.retention
    rules = retention.RetentionRules(kept.accounts_days, kept.data_days, kept.events_days, kept.outbox_days)
    await asyncio.gather(
        retention.run(
            house.store,
            rules,
            stopping,
            blank_mail=blank_mail_of(house),
            drop_mail=partial(registry.drop_captured, house.outbox_folder),
            failpoint=failpoint,
        ),
        errands.run(errands_of(house, failpoint), stopping),
    )


def errands_of(house: House, failpoint: Failpoint = nothing) -> tuple[Errand, ...]:
    """What is done beside sending."""
    secret = house.store.write(access.installation_secret)
    bounces = bounces_of(house, secret)
    return (
        breaking.errand(house.store),
        folding.errand(house.store),
        forgetting.errand(house.store),
        exporting.errand(house.store, secret, failpoint),
        reporting.errand(house.store, Sign(secret, house.base_url), download_rules(house), failpoint),
        domain_checks.errand(house.store, content_of(house), secret),
        converting.errand(house.store, failpoint),
        *segment_building.errands(house.store, failpoint),
        importing.errand(house.store, house.folder / "files", downloader(house), failpoint),
        *((bouncing.errand(house.store, bounces, failpoint),) if bounces else ()),
    )
