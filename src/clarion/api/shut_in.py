# SPDX-License-Identifier: Apache-2.0
"""The HTML of a message as an answer: it may show its styles, but run, send and reach nothing; pictures if asked."""

import re

from starlette.responses import HTMLResponse, Response

_NO_PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="
_PIXEL = re.compile(r"https?://[^/\s\"'<>]+/e/o/[\w%-]+")  # by whatever domain, of today or then
_POLICY = (
    "sandbox {more}; default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src {images}; "
    "frame-ancestors 'self'"
)


def shut_in(html: str, *, images: bool, links: bool = False) -> Response:
    """The answer; looking at it does not count as opening. `links`: they open in tabs of their own."""
    html = _PIXEL.sub(_NO_PICTURE, html)
    more = "allow-popups allow-popups-to-escape-sandbox" if links else "allow-popups"
    headers = {
        "Content-Security-Policy": _POLICY.format(more=more, images="data: https: http:" if images else "data:"),
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(f'<base target="_blank">{html}' if links else html, headers=headers)
