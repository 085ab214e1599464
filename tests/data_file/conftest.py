# SPDX-License-Identifier: Apache-2.0
"""Servers on the loopback interface that the downloads are tried against."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from clarion.pipeline.data_file import DataFileError
from clarion.pipeline.data_file_download import DownloadRules, download

from .peers import ALLOWED, Failing, Handler, Peer, Serving, Speaking


@asynccontextmanager
async def _serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that gives every request to `handler`; yields its base URL."""
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _speaking(peer: Peer) -> AsyncIterator[str]:
    """A bare TCP server for answers that no proper server gives; yields its base URL."""

    talking: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await peer(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


def _is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


@pytest.fixture
def serving() -> Serving:
    """A server that gives every request to a handler; the context is its base URL."""
    return _serving


@pytest.fixture
def speaking() -> Speaking:
    """A bare TCP server for answers that no proper server gives; the context is its base URL."""
    return _speaking


@pytest.fixture
def failing(tmp_path: Path) -> Failing:
    """Download and fail, leaving nothing behind; the sentence without its beginning, and `temporary`."""

    async def fail(url: str, rules: DownloadRules = ALLOWED) -> tuple[str, bool]:
        with pytest.raises(DataFileError, match=r"^failed to download data file") as caught:
            await download(url, tmp_path / "f", rules=rules)
        assert _is_empty(tmp_path)
        return str(caught.value).removeprefix("failed to download data file"), caught.value.temporary

    return fail
