# SPDX-License-Identifier: Apache-2.0
"""What the servers of these tests answer with."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from aiohttp import web

from clarion.pipeline.data_file_download import DownloadRules

CONTENT = b'{"id":"wiley","data":{"voucher_code":"FESwYm"}}\n' * 5000
ALLOWED = DownloadRules(allow_private_addresses=True, connect_timeout=5, idle_timeout=5)
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serving = Callable[..., AbstractAsyncContextManager[str]]
Speaking = Callable[[Peer], AbstractAsyncContextManager[str]]
Failing = Callable[..., Awaitable[tuple[str, bool]]]


def answering(*pieces: bytes, pause: float = 0) -> Peer:
    """Write the pieces as they are, with pauses, then close."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return peer


def gzipped(body: bytes, coding: str = "gzip") -> Handler:
    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=body, headers={"Content-Encoding": coding})

    return handler


async def plain(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(body=CONTENT)
