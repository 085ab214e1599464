# SPDX-License-Identifier: Apache-2.0
"""Serves the page: its files for ever, its start anew each time, and that start for every address of its own.

The policy lets the page run its own scripts and nothing else; styles that the editor makes carry a nonce of the
request. A script of an older version that is gone is answered with 404, which the page turns into an offer to reload.
"""

import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from clarion.page.files import INDEX, File

_NONCE = b"__CSP_NONCE__"
_YEAR = "public, max-age=31536000, immutable"
_HOUR = "public, max-age=3600"
# Addresses of others: what is not there under them is a 404 of theirs.
_OTHERS = ("api/", "v1/", "preview/", "push/", "unsubscribe/", "preferences/", "consent/", "view/", "e/", "assets/")
_NOT_BUILT = (
    "The web page is not part of this installation: it was installed without it being built. "
    "In a clone, `make web` builds it. The API works without it; its reference is at /docs.\n"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

Otherwise = Callable[[Request], Response | None]


def policy(nonce: str) -> str:
    """The Content-Security-Policy of the page."""
    return (
        "default-src 'none'; script-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def otherwise(files: dict[str, File]) -> Otherwise:
    """What answers a look at an address that nobody else has; None where that is an error of the API's."""

    def respond(request: Request) -> Response | None:
        path = request.scope["path"].lstrip("/")
        found = files.get(path)
        if found is not None and path != INDEX:
            return _file(request, found, _YEAR if path.startswith("assets/") else _HOUR)
        if path.startswith(_OTHERS):
            return None
        start = files.get(INDEX)
        if start is None:
            return PlainTextResponse(_NOT_BUILT, 404) if not path else None
        nonce = secrets.token_urlsafe(16)
        return Response(
            start.content.replace(_NONCE, nonce.encode()),
            media_type="text/html",
            headers={**_HEADERS, "Cache-Control": "no-cache", "Content-Security-Policy": policy(nonce)},
        )

    return respond


def _file(request: Request, found: File, kept: str) -> Response:
    headers = {**_HEADERS, "Cache-Control": kept, "Vary": "Accept-Encoding"}
    if found.squeezed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.squeezed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.content, media_type=found.media_type, headers=headers)
