# SPDX-License-Identifier: Apache-2.0
"""A server on 127.0.0.1 that webhooks call; remembers what came, and can be told to misbehave."""

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

Behaviour = Callable[["Came"], Awaitable[web.StreamResponse] | web.StreamResponse]


@dataclass
class Came:
    """One request as it came."""

    request: web.Request
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.request.method} {self.request.path_qs}"

    @property
    def delivery_id(self) -> str:
        return self.request.headers["x-cio-delivery-id"]

    def reset(self) -> web.Response:
        """Drop the connection without a word."""
        assert self.request.transport is not None
        self.request.transport.abort()
        return web.Response()


@dataclass
class HookServer:
    """`script`: what to do with the next calls; after them `always`, else 200."""

    script: deque[Behaviour] = field(default_factory=deque)
    always: Behaviour | None = None
    came: list[Came] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    port: int = 0
    at_once: int = 0
    most_at_once: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def url(self, path: str = "/") -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}{path}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        came = Came(request, await request.read())
        self.came.append(came)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            behaviour = self.script.popleft() if self.script else self.always
            if behaviour is None:
                await asyncio.sleep(0)
                return web.Response(text="thanks")
            done = behaviour(came)
            return done if isinstance(done, web.StreamResponse) else await done
        finally:
            self.at_once -= 1


def says(status: int, text: str = "", **headers: str) -> Behaviour:
    """Answers so."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, text=text, headers=named)


async def stalls(_: Came) -> web.StreamResponse:
    """Never answers."""
    await asyncio.Event().wait()
    raise AssertionError
