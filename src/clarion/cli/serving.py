# SPDX-License-Identifier: Apache-2.0
"""Running the server and the worker: sockets, signals, the thread of the embedded worker, draining."""

import asyncio
import contextlib
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import structlog
import typer
import uvicorn

from clarion.cli import authority, demo_content
from clarion.cli.keys import describe
from clarion.domain.errors import SetupError
from clarion.pipeline import upgrade
from clarion.pipeline.failpoint import Failpoint
from clarion.settings import Settings
from clarion.store import access, migrate
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store
from clarion.wiring import House, build_application, build_provider, build_worker, keep_house, open_house

_log = structlog.get_logger("clarion.serve")
_DRAIN_SECONDS = 3  # SIGTERM stops everything within 5 seconds: 3 to drain, the rest to close


def serve(settings: Settings, *, as_json: bool, worker: bool, failpoint: Failpoint) -> None:
    """`clarion serve`: on an empty database make a first workspace and show its keys."""
    with _listening(settings) as (listener, url, tls):
        house = open_house(settings, settings.server.base_url.rstrip("/") or url)
        try:
            _bring_up_to_date(house.store)
            first = _first_workspace(house.store)
            facts: dict[str, Any] = {"url": url, **(asdict(first[1]) if first else {})}
            lines = [f"Clarion is serving {url}"]
            if first:
                lines += [describe(*first), "  These keys are shown only this once."]
            if tls is not None:
                facts["ca_file"] = str(tls.ca_file)
                lines.append(f"certificate authority: {tls.ca_file}")
            _run(house, listener, tls, worker, failpoint, _announcement(as_json, facts, lines))
        finally:
            house.store.close()


def serve_demo(settings_with: Callable[..., Settings], *, as_json: bool, worker: bool, failpoint: Failpoint) -> None:
    """`clarion serve --demo`: everything in a temporary folder that goes with the process."""
    folder = Path(tempfile.mkdtemp(prefix="clarion-demo-"))
    try:
        given = settings_with()
        more: dict[str, Any] = {"email__provider": "outbox"}
        if given.data.dir == "clarion-data":
            more["data__dir"] = str(folder)
        if given.database.url == "sqlite:///clarion.db":
            more["database__url"] = f"sqlite:///{folder / 'demo.db'}"
        settings = settings_with(**more)
        with _listening(settings) as (listener, url, tls):
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


def work(settings: Settings, failpoint: Failpoint) -> None:
    """`clarion worker`: send until SIGINT or SIGTERM."""
    house = open_house(settings, settings.server.base_url.rstrip("/") or _guessed_url(settings))
    try:
        _bring_up_to_date(house.store)
        if not settings.server.base_url:
            _log.warning("base_url.guessed", base_url=house.base_url, hint="set server.base_url for links in messages")
        asyncio.run(_work_until_signal(house, failpoint))
    finally:
        house.store.close()


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


@contextlib.contextmanager
def _listening(settings: Settings) -> Iterator[tuple[socket.socket, str, authority.Certificate | None]]:
    """The listening socket and the URL it is reached by."""
    server = settings.server
    tls = authority.certificate(Path(settings.data.dir) / "tls", server.host) if server.tls else None
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on what it accepts; without, answers wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with contextlib.closing(listener):
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((server.host, server.port))
        except OSError as error:
            raise SetupError(f"cannot listen on {server.host}:{server.port}: {error.strerror}") from None
        listener.listen(1024)
        port = listener.getsockname()[1]
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(server.host, server.host)  # noqa: S104 - read, not bound
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        yield listener, f"{'https' if tls else 'http'}://{host}:{port}", tls


def _announcement(as_json: bool, facts: dict[str, Any], lines: list[str]) -> Callable[[], None]:
    def say() -> None:
        typer.echo(msgspec.json.encode(facts).decode() if as_json else "\n".join(lines))

    return say


class _Server(uvicorn.Server):
    """uvicorn, telling when it is ready; signals are ours."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _run(
    house: House,
    listener: socket.socket,
    tls: authority.Certificate | None,
    worker: bool,
    failpoint: Failpoint,
    announce: Callable[[], None],
    *,
    open_outbox: bool = False,
) -> None:
    application = build_application(house, open_outbox=open_outbox)
    server = _Server(
        uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_DRAIN_SECONDS,
            timeout_keep_alive=75,
            ssl_certfile=str(tls.chain_file) if tls else None,
            ssl_keyfile=str(tls.key_file) if tls else None,
            server_header=False,
        ),
        announce,
    )

    async def main() -> None:
        loop = asyncio.get_running_loop()
        embedded = _EmbeddedWorker(house, failpoint) if worker else None

        def stop() -> None:
            server.should_exit = True
            if embedded is not None:
                embedded.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        if embedded is not None:
            embedded.start(failed=lambda: loop.call_soon_threadsafe(stop))
        ended = asyncio.Event()
        watching = asyncio.create_task(_until_outdated(house, ended, stop))
        try:
            await server.serve(sockets=[listener])
        finally:
            ended.set()
            if embedded is not None:
                embedded.stop()
                await asyncio.to_thread(embedded.join)
        too_old = await watching
        if embedded is not None and embedded.error is not None:
            raise embedded.error
        if too_old is not None:
            raise SetupError(too_old)

    asyncio.run(main())


async def _until_outdated(house: House, ended: asyncio.Event, stop: Callable[[], None]) -> str | None:
    """Stop the server when this program has become too old for the database; why, then."""
    too_old = await upgrade.watch(house.store, ended)
    if too_old is not None:
        stop()
    return too_old


class _EmbeddedWorker:
    """A worker in a thread with an event loop of its own: rendering must not hold up the API's loop."""

    def __init__(self, house: House, failpoint: Failpoint) -> None:
        self._house = house
        self._failpoint = failpoint
        self._thread = threading.Thread(target=self._main, name="worker")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        self._failed: Callable[[], object] = lambda: None
        self.error: BaseException | None = None

    def start(self, failed: Callable[[], object]) -> None:
        self._failed = failed
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped already
                self._loop.call_soon_threadsafe(self._stopping.set)

    def join(self) -> None:
        self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for this one
            self.error = error
            self._failed()
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._started.set()
        await _work(self._house, self._failpoint, self._stopping)


async def _work(house: House, failpoint: Failpoint, stopping: asyncio.Event) -> None:
    provider = build_provider(house)
    watching = asyncio.create_task(upgrade.watch(house.store, stopping))
    keeping = asyncio.create_task(keep_house(house, stopping))
    try:
        await build_worker(house, provider, failpoint).run(stopping)
    finally:
        stopping.set()
        await provider.close()
        await keeping
        too_old = await watching
    if too_old is not None:
        raise SetupError(too_old)


async def _work_until_signal(house: House, failpoint: Failpoint) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    _log.info("worker.started")
    await _work(house, failpoint, stopping)
    _log.info("worker.stopped")
