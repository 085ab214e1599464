# SPDX-License-Identifier: Apache-2.0
"""The composition root: the only place where things are put together from settings."""

import asyncio
import atexit
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.types import ASGIApp

from clarion.api import application, health
from clarion.api.calls import Api, ApiOptions, Fetch, Fetched
from clarion.api.limits import Kind, Limits
from clarion.channels import registry
from clarion.channels.base import Deliverer
from clarion.channels.hooks import HookKeys, build_hooks, ready_hooks
from clarion.channels.in_app import Keep
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.channels import CHANNELS
from clarion.domain.errors import InvalidRequest
from clarion.domain.messages import PartsMessage
from clarion.observability.metrics import Metrics
from clarion.observability.traces import OpenTelemetry
from clarion.page import files, serving
from clarion.page import in_app as in_app_page
from clarion.pipeline import (
    breaking,
    converting,
    errands,
    exporting,
    folding,
    forgetting,
    importing,
    permits,
    reporting,
    retention,
    segment_building,
)
from clarion.pipeline.compose import Sign
from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadedFile, DownloadRules, download
from clarion.pipeline.erasure import BlankMail
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.hear import HearRules
from clarion.pipeline.preview import Preview
from clarion.pipeline.resolve import Download, Resolver
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.send import SendStage
from clarion.pipeline.tracing import UNTRACED, Tracing
from clarion.pipeline.worker import Worker, WorkerRules, new_owner
from clarion.settings import Settings
from clarion.store import access, in_app
from clarion.store.engine import Store
from clarion.store.jobs import Jobs
from clarion.store.jobs_inprocess import InProcessJobs
from clarion.store.jobs_postgres import PostgresJobs
from clarion.store.numbers import PersonNumbers
from clarion.store.opening import open_store
from clarion.store.watched import WatchedStore
from clarion.tracking import hooks, routes

_API_THREADS = 8
ALL_CHANNELS = ("email", "webhook", *CHANNELS)
_OURS = frozenset({"provider", "per_second"})  # settings of a channel that are none of its provider


@dataclass(frozen=True, slots=True)
class House:
    """What one process has open. `base_url`: where it is reached from outside."""

    settings: Settings
    store: Store
    jobs: Jobs
    base_url: str
    metrics: Metrics
    tracing: Tracing

    @property
    def folder(self) -> Path:
        """The data folder."""
        return Path(self.settings.data.dir)

    @property
    def outbox_folder(self) -> Path:
        """Where mail is captured."""
        return self.folder / "outbox"


def open_house(settings: Settings, base_url: str) -> House:
    """Open the database and choose what drives the workers on it.

    Raises:
        SetupError: the database cannot be opened.
    """
    metrics = Metrics()
    opened = open_store(settings.database.url, connections=settings.database.connections)
    store = WatchedStore(opened, metrics.database_error)
    jobs: Jobs = PostgresJobs(settings.database.url) if store.engine == "postgres" else InProcessJobs(store)
    return House(settings, store, jobs, base_url, metrics, build_tracing(settings))


def build_tracing(settings: Settings) -> Tracing:
    """OpenTelemetry where the settings name an endpoint, else nothing.

    Raises:
        SetupError: it is not installed.
    """
    if not settings.traces.endpoint:
        return UNTRACED
    tracing = OpenTelemetry(settings.traces.endpoint, share=settings.traces.share)
    atexit.register(tracing.close)  # what the last spans say is told after everything else has ended
    return tracing


def build_application(house: House, vitals: health.Vitals, *, open_outbox: bool = False) -> ASGIApp:
    """The HTTP side: Customer.io's API, ours, the pages behind links in messages, and what probes ask."""
    settings = house.settings
    secret = house.store.write(access.installation_secret)
    captured = any(_named(settings, channel) == "outbox" for channel in ALL_CHANNELS)
    provider = build_provider(house)
    api = Api(
        store=house.store,
        jobs=house.jobs,
        numbers=PersonNumbers(house.store),
        outbox=cache(partial(registry.captured_mail, house.outbox_folder)) if captured else None,
        threads=ThreadPoolExecutor(_API_THREADS, thread_name_prefix="api"),
        secret=secret,
        tracing=house.tracing,
        limits=_limits(house),
        provider=partial(build_provider_of, house),
        options=ApiOptions(
            base_url=house.base_url,
            region=settings.server.region,
            trigger_interval_seconds=settings.trigger.interval_seconds,
            trigger_queue=settings.trigger.queue,
            open_outbox=open_outbox,
            doubt_policy=_doubt_policy(provider),
            stream_bytes=settings.data_file.max_bytes,
            blank_mail=blank_mail_of(house),
            fetch=_fetcher(house),
            sending=_sending(house, provider),
            listening=tuple(ready_hooks(_hook_keys(settings)).items()),
            ip_addresses=tuple(one.strip() for one in settings.server.ip_addresses.split(",") if one.strip()),
        ),
    )
    preview = Preview(house.store, Sign(secret, house.base_url))
    probes = health.routes(vitals, token=settings.metrics.token, public_port=True)
    page = serving.otherwise(files.load())
    apps = in_app_page.routes(api if open_outbox else None)
    more = [*routes.routes(api, preview), *apps, *hooks.routes(api, _listening(house)), *probes]
    return application.build(api, more, around=house.metrics.watched, otherwise=page)


def _listening(house: House) -> hooks.HookOptions:
    """What listens to what providers tell of messages. Raises SetupError: a key that is none."""
    fetch, given = _fetcher(house), house.settings.hooks

    async def content(url: str, most_bytes: int) -> bytes:
        return (await fetch(url, most_bytes)).content

    return hooks.HookOptions(
        build_hooks(_hook_keys(house.settings), content), HearRules(given.soft_bounces), house.metrics.provider_event
    )


def _hook_keys(settings: Settings) -> HookKeys:
    given = asdict(settings.hooks)
    return HookKeys(**{name: value for name, value in given.items() if name != "soft_bounces"})


def _limits(house: House) -> Limits | None:
    """How many calls a second a workspace may make; None where they are not counted."""
    given = house.settings.limits
    if not given.enabled:
        return None
    a_second: dict[Kind, int] = {
        "app": given.app_per_second,
        "send": given.sends_per_second,
        "track": given.track_per_second,
        "in_app": given.in_app_per_second,
    }
    return Limits(house.store, a_second)


def _sending(house: House, provider: Deliverer) -> tuple[registry.Sending, ...]:
    found = []
    for channel in ALL_CHANNELS:
        name, options = _options(house.settings, channel, house.outbox_folder, _keeper(house))
        built = provider if channel == "email" else registry.build(name, options)
        found.append(registry.sending(name, options, built.capabilities))
    return tuple(found)


def _doubt_policy(provider: Deliverer) -> DoubtPolicy:
    """What a new broadcast does about doubt: repeat only where the provider itself refuses to send twice."""
    return DoubtPolicy.RESEND if provider.capabilities.recognises_repeats else DoubtPolicy.HOLD


def build_provider(house: House) -> Deliverer:
    """The e-mail provider that the settings name.

    Raises:
        SetupError: its options are wrong.
    """
    return build_provider_of(house, "email")


def build_provider_of(house: House, channel: str) -> Deliverer:
    """The provider of a channel that the settings name.

    Raises:
        SetupError: its options are wrong.
    """
    return registry.build(*_options(house.settings, channel, house.outbox_folder, _keeper(house)))


def build_providers(house: House) -> tuple[Deliverer, ...]:
    """Those of all channels, that of e-mail first.

    Raises:
        SetupError: the options of one are wrong.
    """
    return tuple(build_provider_of(house, channel) for channel in ALL_CHANNELS)


def check_providers(settings: Settings) -> None:
    """Build the providers that the settings name, for nothing else; without an event loop.

    Raises:
        SetupError: its options are wrong.
    """

    def kept(messages: Sequence[PartsMessage]) -> frozenset[str]:
        raise AssertionError(messages)

    async def make() -> None:
        folder = Path(settings.data.dir) / "outbox"
        for channel in ALL_CHANNELS:
            await registry.build(*_options(settings, channel, folder, kept)).close()

    async def nothing(url: str, most_bytes: int) -> bytes:
        raise AssertionError(url, most_bytes)

    build_hooks(_hook_keys(settings), nothing)
    asyncio.run(make())


def _named(settings: Settings, channel: str) -> str:
    """The provider of a channel, by its name."""
    name: str = getattr(settings, channel).provider
    return name


def _keeper(house: House) -> Keep:
    """What keeps messages for apps, in our own database."""
    return lambda messages: house.store.write(partial(in_app.keep, messages=messages))


def _options(settings: Settings, channel: str, outbox_folder: Path, keep: Keep) -> tuple[str, dict[str, object]]:
    """The provider of a channel and how it is set: by the section that is named after it."""
    name = _named(settings, channel)
    if name == "outbox":
        return name, {"directory": outbox_folder, "channel": channel}
    if name == "in_app":
        return name, {"keep": keep, "channel": channel}
    if name == channel:  # its settings stand beside the choice
        return name, {key: value for key, value in asdict(getattr(settings, channel)).items() if key not in _OURS}
    options: dict[str, object] = getattr(settings, name)
    return name, {**options, "channel": channel} if registry.serves_several(name) else options


def blank_mail_of(house: House) -> BlankMail:
    """What takes a person out of the captured mail, on this machine."""

    def blank(workspace_id: int, delivery_ids: Collection[str], addresses: Collection[str]) -> int:
        return registry.blank_captured(
            house.outbox_folder, workspace_id, delivery_ids=delivery_ids, addresses=addresses
        )

    return blank


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
    return (
        breaking.errand(house.store),
        folding.errand(house.store),
        forgetting.errand(house.store),
        exporting.errand(house.store, secret, failpoint),
        reporting.errand(house.store, Sign(secret, house.base_url), _download_rules(house), failpoint),
        converting.errand(house.store, failpoint),
        *segment_building.errands(house.store, failpoint),
        importing.errand(house.store, house.folder / "files", _downloader(house), failpoint),
    )


def _downloader(house: House) -> Download:
    rules = _download_rules(house)

    async def fetch(url: str, target: Path) -> DownloadedFile:
        return await download(url, target, rules=rules)

    return fetch


def _fetcher(house: House) -> Fetch:
    """What a URL serves, for calls that bring one instead of their data."""
    rules = _download_rules(house)

    async def fetch(url: str, most_bytes: int) -> Fetched:
        with TemporaryDirectory(prefix="clarion-") as folder:
            try:
                found = await download(url, Path(folder) / "fetched", rules=replace(rules, max_bytes=most_bytes))
            except DataFileError as error:
                raise InvalidRequest(str(error), "/url") from None
            return Fetched(await asyncio.to_thread(found.path.read_bytes), found.media_type)

    return fetch


def _download_rules(house: House) -> DownloadRules:
    given = house.settings.data_file
    return DownloadRules(
        allow_private_addresses=given.allow_private_addresses,
        max_bytes=given.max_bytes,
        connect_timeout=given.connect_timeout_seconds,
        idle_timeout=given.idle_timeout_seconds,
    )


def build_worker(house: House, providers: Sequence[Deliverer], failpoint: Failpoint = nothing) -> Worker:
    """A worker over this process's store; inside the event loop that will run it. The first provider is of e-mail."""
    settings = house.settings
    owner = new_owner()
    retry = RetryPolicy(settings.worker.retry_delays_seconds, settings.worker.put_off_hours * 3_600)
    resolver = Resolver(
        house.store,
        owner=owner,
        files=house.folder / "files",
        download=_downloader(house),
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
            *providers,
            retry=retry,
            drain_seconds=settings.worker.drain_seconds,
            failpoint=failpoint,
            meter=house.metrics,
            limits=permits.of_channels(house.store, settings.rates),
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
