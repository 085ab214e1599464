# SPDX-License-Identifier: Apache-2.0
"""What probes and monitoring ask: alive, ready, metrics. Without a workspace's key, and without anybody's data."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clarion.api.calls import answer

PATHS = {
    "/healthz": 'The process is alive; the database is not asked. Always 200 `{"status": "alive"}`',
    "/readyz": "Whether it can do its work: 200, or 503, with each check and its reason as JSON",
    "/metrics": "Prometheus metrics; on the API's own port only with `metrics.token`, as `Authorization: Bearer`",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: its name, whether it passed, and a sentence that holds neither secrets nor personal data.

    `needed`: without it the process is not ready.
    """

    name: str
    ok: bool
    detail: str
    needed: bool = True


class Vitals(Protocol):
    """What the routes ask of the process."""

    async def findings(self) -> Sequence[Finding]:
        """Every check of readiness, within a few seconds."""
        ...

    async def exposition(self) -> tuple[bytes, str]:
        """The metrics' text and its content type, within a few seconds."""
        ...


def routes(vitals: Vitals, *, token: str, public_port: bool) -> list[Route]:
    """The three routes. `token`: what /metrics asks for, if anything; on a public port there is none without it."""

    async def alive(request: Request) -> Response:  # noqa: ARG001 - the signature of a route
        return answer({"status": "alive"})

    async def ready(request: Request) -> Response:  # noqa: ARG001 - as above
        found = await vitals.findings()
        well = all(finding.ok for finding in found if finding.needed)
        checks = {finding.name: {"ok": finding.ok, "detail": finding.detail} for finding in found}
        body = {"status": "ready" if well else "not ready", "checks": checks}
        return answer(body, 200 if well else 503, {"Cache-Control": "no-store"})

    async def metrics(request: Request) -> Response:
        if token and not _carries(request, token):
            body = {"meta": {"error": "the metrics need the token of the setting metrics.token"}}
            return answer(body, 401, {"WWW-Authenticate": "Bearer"})
        text, content_type = await vitals.exposition()
        return Response(text, headers={"Content-Type": content_type})

    async def none(request: Request) -> Response:  # noqa: ARG001 - as above
        return answer({"meta": {"error": "there are metrics on this port only with the setting metrics.token"}}, 404)

    shown = metrics if token or not public_port else none  # else the page would answer, and a scraper read its HTML
    return [
        Route("/healthz", alive, methods=["GET"]),
        Route("/readyz", ready, methods=["GET"]),
        Route("/metrics", shown, methods=["GET"]),
    ]


def _carries(request: Request, token: str) -> bool:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(value.strip().encode(), token.encode())
