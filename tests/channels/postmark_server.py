# SPDX-License-Identifier: Apache-2.0
"""A server on 127.0.0.1 that speaks Postmark's API, remembers what it took, and can be told to misbehave."""

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

TOKEN = "a-token-of-a-server"

Behaviour = Callable[["Call"], Awaitable[web.StreamResponse] | web.StreamResponse]


@dataclass
class Call:
    """One request as it came. `mails`: what it carries, one or many."""

    server: "PostmarkServer"
    request: web.Request
    raw: bytes
    mails: list[dict[str, Any]]

    @property
    def many(self) -> bool:
        return self.request.path == "/email/batch"

    def result(self, mail: dict[str, Any], code: int = 0, message: str = "OK") -> dict[str, Any]:
        if code:
            return {"ErrorCode": code, "Message": message}
        self.server.taken.append(mail)
        return {"To": mail["To"], "MessageID": f"pm-{len(self.server.taken)}", "ErrorCode": 0, "Message": message}

    def usual(self, codes: dict[str, int] | None = None) -> web.Response:
        """What Postmark answers; `codes`: recipient → error code."""
        results = [self.result(mail, (codes or {}).get(mail["To"], 0)) for mail in self.mails]
        if self.many:
            return web.json_response(results)
        return web.json_response(results[0], status=422 if results[0]["ErrorCode"] else 200)

    def reset(self) -> web.Response:
        """Drop the connection without a word."""
        assert self.request.transport is not None
        self.request.transport.abort()
        return web.Response()


@dataclass
class PostmarkServer:
    """`script`: what to do with the next calls; after them all goes as usual."""

    script: deque[Behaviour] = field(default_factory=deque)
    always: Behaviour | None = None
    calls: list[Call] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    tls: ssl.SSLContext | None = None
    at_once: int = 0
    most_at_once: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/{tail:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.01)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def recipients(self) -> list[str]:
        """Who was sent a message, in the order it was taken."""
        return [mail["To"] for mail in self.taken]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            raw = await request.read()
            decoded = msgspec.json.decode(raw)
            call = Call(self, request, raw, decoded if isinstance(decoded, list) else [decoded])
            self.calls.append(call)
            if request.headers.get("X-Postmark-Server-Token") != TOKEN:
                return answer(401, {"ErrorCode": 10, "Message": "No Account or Server API tokens were supplied"})
            behaviour = self.script.popleft() if self.script else self.always
            if behaviour is None:
                return call.usual()
            done = behaviour(call)
            return done if isinstance(done, web.StreamResponse) else await done
        finally:
            self.at_once -= 1


def answer(status: int, body: Any = None, **headers: str) -> web.Response:
    """A response with JSON, or, given bytes, with just them."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return web.Response(status=status, body=content, headers=headers, content_type="application/json")


def says(status: int, body: Any = None, **headers: str) -> Behaviour:
    """Always this answer, and nothing is taken."""
    return lambda _call: answer(status, body, **headers)


def with_codes(codes: dict[str, int]) -> Behaviour:
    return lambda call: call.usual(codes)


class Held:
    """Answers nothing until it is let go; `reached` is set when a call is there."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, call: Call) -> web.StreamResponse:
        self.reached.set()
        await self.let_go.wait()
        return call.usual()
