# SPDX-License-Identifier: Apache-2.0
"""Domains of workspaces' own: the answer that shows that one leads here, and nothing but links served by its name."""

import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from clarion.domain.errors import Unavailable
from clarion.domain.tracking_domains import PROOF_PATH, answer_to, host_of, named_by
from clarion.store import tracking_domains
from clarion.tracking import pages
from clarion.tracking.routes import Backend

SERVED = ("/e/", "/s/", "/view/", "/unsubscribe/", "/preferences/", "/consent/")
_KNOWN_SECONDS = 5.0


def proof_route(backend: Backend) -> Route:
    """What `pipeline.domain_checks` asks for."""

    async def respond(request: Request) -> Response:
        body = msgspec.json.encode(answer_to(_called(request.scope), backend.secret))
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})

    return Route(PROOF_PATH, respond, methods=["GET"])


class OnlyLinks:
    """An application of which, by the name of such a domain, only links are served: no API, no page, no session.

    `base_url`: the installation's own address, which serves everything whatever the database says.
    """

    def __init__(
        self, application: ASGIApp, backend: Backend, base_url: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._application = application
        self._backend = backend
        self._own = host_of(base_url)
        self._clock = clock
        self._hosts: frozenset[str] = frozenset()
        self._known_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, or say that there is nothing here."""
        if scope["type"] == "http" and await self._is_shut(scope):
            await pages.unknown()(scope, receive, send)
            return
        await self._application(scope, receive, send)

    async def _is_shut(self, scope: Scope) -> bool:
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        if path.startswith(SERVED) or path.partition("?")[0] == PROOF_PATH:
            return False
        host = _called(scope)
        return host != self._own and host in await self._domains()

    async def _domains(self) -> frozenset[str]:
        if self._clock() >= self._known_until:
            self._known_until = self._clock() + _KNOWN_SECONDS
            with suppress(Unavailable):  # what was known holds
                self._hosts = frozenset(map(host_of, await self._backend.read(tracking_domains.verified)))
        return self._hosts


def _called(scope: Scope) -> str:
    """By which name."""
    return named_by(next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), ""))
