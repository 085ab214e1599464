# SPDX-License-Identifier: Apache-2.0
"""Listening sockets, uvicorn without its own ideas of signals, and the second listener for probes and monitoring."""

import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from clarion.api import health
from clarion.cli import authority, loops
from clarion.domain.errors import SetupError
from clarion.settings import Settings

_log = structlog.get_logger("clarion.listen")


def bound(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        SetupError: the address is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on what it accepts; without, answers wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise SetupError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


def url_of(listener: socket.socket, host: str, scheme: str) -> str:
    """The URL by which this machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - read, not bound
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


@contextlib.contextmanager
def listening(settings: Settings) -> Iterator[tuple[socket.socket, str, authority.Certificate | None]]:
    """The API's listening socket and the URL it is reached by."""
    server = settings.server
    tls = authority.certificate(Path(settings.data.dir) / "tls", server.host) if server.tls else None
    with contextlib.closing(bound(server.host, server.port)) as listener:
        yield listener, url_of(listener, server.host, "https" if tls else "http"), tls


def _says_something(record: logging.LogRecord) -> bool:
    """Not uvicorn's error that it gave up waiting for no task at all: idle connections end so."""
    return not (str(record.msg).startswith("Cancel %s running task") and record.args in {(0,), 0})


class Server(uvicorn.Server):
    """uvicorn, telling when it is ready; signals are ours."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        logging.getLogger("uvicorn.error").addFilter(_says_something)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, and say so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None: whoever runs this server has set them up."""
        yield


def server_config(application: ASGIApp, *, drain_seconds: int, tls: authority.Certificate | None) -> uvicorn.Config:
    """How we run uvicorn; `drain_seconds`: how long requests under way may take after the stop."""
    return uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=drain_seconds,
        timeout_keep_alive=75,
        ssl_certfile=str(tls.chain_file) if tls else None,
        ssl_keyfile=str(tls.key_file) if tls else None,
        server_header=False,
    )


@contextlib.contextmanager
def side_listener(settings: Settings, vitals: health.Vitals) -> Iterator[None]:
    """Answer probes and monitoring on `metrics.listen`, in a thread: a loop that is stuck cannot say that it is."""
    address = settings.metrics.address
    if address is None:
        yield
        return
    listener = bound(*address)
    routes = health.routes(vitals, token=settings.metrics.token, public_port=False)
    server = Server(server_config(Starlette(routes=routes), drain_seconds=1, tls=None))
    serving = server.serve(sockets=[listener])
    thread = threading.Thread(target=loops.run, args=(serving, "asyncio"), name="probes", daemon=True)
    thread.start()
    _log.info("probes.listening", url=url_of(listener, address[0], "http"))
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(3)
        listener.close()
