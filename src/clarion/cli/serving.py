# SPDX-License-Identifier: Apache-2.0
"""Running the server and the worker: who does what in which process, signals, draining."""

import asyncio
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import structlog
import typer

from clarion.cli import authority, demo_content, loops, owner_links
from clarion.cli.keys import describe
from clarion.cli.listening import Server, listening, server_config, side_listener
from clarion.cli.patience import patiently
from clarion.cli.supervisor import Supervisor
from clarion.cli.working import EmbeddedWorker, OneLoop, work
from clarion.domain.errors import SetupError
from clarion.observability.exposition import Exposition
from clarion.observability.vitals import ProcessVitals
from clarion.pipeline import upgrade
from clarion.pipeline.failpoint import nothing as no_failpoint
from clarion.pipeline.failpoint import signal_at
from clarion.settings import Settings
from clarion.store import access, migrate
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store
from clarion.wiring.house import House, open_house
from clarion.wiring.providers import check_providers
from clarion.wiring.serving import build_application

_log = structlog.get_logger("clarion.serve")
_DRAIN_SECONDS = 3  # SIGTERM stops everything within 5 seconds: 3 to drain, the rest to close


def serve(settings: Settings, *, as_json: bool, worker: bool, failpoint: str | None) -> None:
    """`clarion serve`: on an empty database make a first workspace and show its keys."""
    with listening(settings) as (listener, url, tls):
        house = _opened(settings, url)
        try:
            _bring_up_to_date(house.store)
            first = _first_workspace(house.store)
            facts: dict[str, Any] = {"url": url, **(asdict(first[1]) if first else {})}
            lines = [f"Clarion is serving {url}"]
            if first:
                lines += [describe(*first), "  These keys are shown only this once."]
            if (link := owner_links.at_first_start(house.store, house.base_url)) is not None:
                facts["owner_link"] = link
                lines.append(f"Become the owner of the page, once, within a day: {link}")
            if tls is not None:
                facts["ca_file"] = str(tls.ca_file)
                lines.append(f"certificate authority: {tls.ca_file}")
            _run(house, listener, tls, worker, failpoint, _announcement(as_json, facts, lines))
        finally:
            house.store.close()


def serve_demo(settings_with: Callable[..., Settings], *, as_json: bool, worker: bool, failpoint: str | None) -> None:
    """`clarion serve --demo`: everything in a temporary folder that goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="clarion-demo-"))
    try:
        given = settings_with()
        more: dict[str, Any] = {"email__provider": "outbox", "webhook__provider": "outbox"}
        if given.data.dir == "clarion-data":
            more["data__dir"] = str(folder)
        if given.database.url == "sqlite:///clarion.db":
            more["database__url"] = f"sqlite:///{folder / 'demo.db'}"
        settings = settings_with(**more)
        with listening(settings) as (listener, url, tls):
            house = open_house(settings, settings.server.base_url.rstrip("/") or url)
            try:
                migrate.migrate(house.store)
                demo = demo_content.create(house.store)
                facts = demo_content.facts(demo, url)
                lines = demo_content.announcement(facts)
                if tls is not None:
                    facts["ca_file"] = str(tls.ca_file)
                    lines.append(f"certificate authority: {tls.ca_file}")
                announcement = _announcement(as_json, facts, lines)
                _run(house, listener, tls, worker, failpoint, announcement, open_outbox=True)
            finally:
                house.store.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def work_until_stopped(settings: Settings, failpoint: str | None) -> None:
    """`clarion worker`: send until SIGINT or SIGTERM, in this process or in several that it keeps running."""
    house = _opened(settings, _guessed_url(settings))
    try:
        _bring_up_to_date(house.store)
        if not settings.server.base_url:
            _log.warning("base_url.guessed", base_url=house.base_url, hint="set server.base_url for links in messages")
        count = processes(settings)
        if count == 1:
            loops.settle_memory()
            loops.run(_work_here(house, failpoint), settings.server.event_loop)
        else:
            check_providers(settings)  # wrong, it must end this command, not each of its processes again and again
            if not loops.run(_supervise(house, count, failpoint), settings.server.event_loop):
                raise typer.Exit(1)  # some had to be killed; the log says which
    finally:
        house.store.close()


def _opened(settings: Settings, url: str) -> House:
    base_url = settings.server.base_url.rstrip("/") or url
    return patiently(lambda: open_house(settings, base_url), settings.database.wait_seconds)


def processes(settings: Settings) -> int:
    """How many worker processes the settings ask for."""
    return settings.worker.processes or max(1, len(os.sched_getaffinity(0)))


async def _work_here(house: House, failpoint: str | None) -> None:
    stopping = asyncio.Event()
    _on_signals(stopping.set)
    here = OneLoop()
    with side_listener(house.settings, ProcessVitals(house.store, Exposition(house.metrics.registry), here.loops)):
        _log.info("worker.started")
        await work(house, _parsed(failpoint), stopping, here.pulse.beat)
    _log.info("worker.stopped")


async def _supervise(house: House, count: int, failpoint: str | None) -> bool:
    supervisor = Supervisor(house.settings, house.base_url, count=count, failpoint=failpoint)
    _on_signals(supervisor.stop)
    exposition = Exposition(house.metrics.registry, supervisor.fleet)
    ended = asyncio.Event()
    watching = asyncio.create_task(_until_outdated(house, ended, supervisor.stop))
    try:
        with side_listener(house.settings, ProcessVitals(house.store, exposition, supervisor.loops)):
            drained = await supervisor.run()
    finally:
        ended.set()
        too_old = await watching
    if too_old is not None:
        raise SetupError(too_old)
    return drained


def _on_signals(stop: Callable[[], object]) -> None:
    """SIGINT and SIGTERM stop, each time they come; SIGHUP changes nothing: settings are read at the start."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def _parsed(failpoint: str | None) -> Callable[[str], None]:
    return signal_at(failpoint) if failpoint else no_failpoint


def _guessed_url(settings: Settings) -> str:
    scheme = "https" if settings.server.tls else "http"
    return f"{scheme}://{settings.server.host}:{settings.server.port}"


def _bring_up_to_date(store: Store) -> None:
    """SQLite and an empty database are migrated at once; a PostgreSQL in use only by `clarion migrate`."""
    if store.engine == "postgres" and migrate.applied(store):
        waiting = migrate.pending(store)
        if waiting:
            raise SetupError(f"the database lacks {waiting[0].name}: run `clarion migrate` first")
        return
    migrate.migrate(store)


def _first_workspace(store: Store) -> tuple[Workspace, Keys] | None:
    keys = access.random_keys()

    def create(tx: Any) -> Workspace | None:
        return None if access.workspaces(tx) else access.create_workspace(tx, "default", "id_email", keys)

    workspace = store.write(create)
    return (workspace, keys) if workspace else None


def _announcement(as_json: bool, facts: dict[str, Any], lines: list[str]) -> Callable[[], None]:
    def say() -> None:
        typer.echo(msgspec.json.encode(facts).decode() if as_json else "\n".join(lines))

    return say


def _run(
    house: House,
    listener: socket.socket,
    tls: authority.Certificate | None,
    worker: bool,
    failpoint: str | None,
    announce: Callable[[], None],
    *,
    open_outbox: bool = False,
) -> None:
    """Serve until a signal, with a worker in a thread, or with worker processes, or with none."""
    loops.settle_memory()
    loops.run(_serve(house, listener, tls, worker, failpoint, announce, open_outbox), house.settings.server.event_loop)


async def _serve(
    house: House,
    listener: socket.socket,
    tls: authority.Certificate | None,
    worker: bool,
    failpoint: str | None,
    announce: Callable[[], None],
    open_outbox: bool,
) -> None:
    loop = asyncio.get_running_loop()
    count = processes(house.settings) if worker else 0
    here = OneLoop()
    embedded = EmbeddedWorker(house, _parsed(failpoint), here.pulse) if count == 1 else None
    supervisor = Supervisor(house.settings, house.base_url, count=count, failpoint=failpoint) if count > 1 else None
    if supervisor is not None:
        vitals = ProcessVitals(house.store, Exposition(house.metrics.registry, supervisor.fleet), supervisor.loops)
    else:
        tell = here.loops if embedded is not None else None
        vitals = ProcessVitals(house.store, Exposition(house.metrics.registry), tell)
    application = build_application(house, vitals, open_outbox=open_outbox)
    server = Server(server_config(application, drain_seconds=_DRAIN_SECONDS, tls=tls), announce)

    def stop() -> None:
        server.should_exit = True
        if embedded is not None:
            embedded.stop()
        if supervisor is not None:
            supervisor.stop()

    _on_signals(stop)
    supervising = asyncio.create_task(supervisor.run()) if supervisor is not None else None
    ended = asyncio.Event()
    watching = asyncio.create_task(_until_outdated(house, ended, stop))
    if embedded is not None:
        embedded.start(failed=lambda: loop.call_soon_threadsafe(stop))
    try:
        with side_listener(house.settings, vitals):
            await server.serve(sockets=[listener])
    finally:
        ended.set()
        if embedded is not None:
            embedded.stop()
            await asyncio.to_thread(embedded.join)
        if supervisor is not None and supervising is not None:
            supervisor.drain()
            await supervising
        too_old = await watching
    if embedded is not None and embedded.error is not None:
        raise embedded.error
    if too_old is not None:
        raise SetupError(too_old)


async def _until_outdated(house: House, ended: asyncio.Event, stop: Callable[[], None]) -> str | None:
    """Stop when this program has become too old for the database; why, then."""
    too_old = await upgrade.watch(house.store, ended)
    if too_old is not None:
        stop()
    return too_old
