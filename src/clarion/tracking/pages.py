# SPDX-License-Identifier: Apache-2.0
"""The pages as HTML: small, fit to be read aloud, without scripts; and what may load on them."""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}"
    "h1{font-size:1.5rem}"
    "button{font:inherit;padding:.6rem 1.2rem;margin:.3rem .6rem .3rem 0;border:2px solid #1a4fa3;"
    "border-radius:.3rem;color:#fff;background:#1a4fa3;cursor:pointer}"
    "button.second{color:#1a4fa3;background:#fff}"
    "button:focus-visible{outline:3px solid #f5a623;outline-offset:2px}"
    "fieldset{border:0;margin:1rem 0;padding:0}label{display:block;padding:.5rem 0}"
    "input{width:1.2rem;height:1.2rem;margin-right:.6rem;vertical-align:middle}small{opacity:.8}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#1a1a1a}}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PRIVATE = {
    "Referrer-Policy": "no-referrer",  # the address of the page is a credential
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# A mail brings its own images and styles, but it must not run, send or reach anything of this server.
_MAIL_POLICY = (
    "default-src 'none'; img-src http: https: data:; media-src http: https:; font-src http: https: data:; "
    "style-src 'unsafe-inline' http: https:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)


_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a page's form: pressing it sends ``name=value``."""

    text: str
    name: str
    value: str
    second: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A box of a page's form to tick; ticked it sends ``topic=value``."""

    value: str
    name: str
    description: str
    ticked: bool


def page(
    title: str,
    text: str,
    *,
    buttons: tuple[Button, ...] = (),
    choices: tuple[Choice, ...] = (),
    sender: str = "",
    status: int = 200,
) -> HTMLResponse:
    """A heading, a paragraph and perhaps a form that posts to where the page is. Everything is escaped."""
    form = ""
    if buttons:
        inner = "".join(
            f'<button type="submit" name="{escape(b.name)}" value="{escape(b.value)}"'
            f"{' class=second' if b.second else ''}>{escape(b.text)}</button>"
            for b in buttons
        )
        form = f'<form method="post">{_boxes(choices)}{inner}</form>'
    signed = f"<p><small>{escape(sender)}</small></p>" if sender else ""
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="robots" content="noindex"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1><p>{escape(text)}</p>{form}{signed}</main></body></html>"
    )
    return HTMLResponse(html, status, {**_PRIVATE, "Content-Security-Policy": _PAGE_POLICY})


def _boxes(choices: tuple[Choice, ...]) -> str:
    if not choices:
        return ""
    labels = "".join(
        f'<label><input type="checkbox" name="topic" value="{escape(one.value)}"{" checked" if one.ticked else ""}>'
        f"{escape(one.name)}{f'<br><small>{escape(one.description)}</small>' if one.description else ''}</label>"
        for one in choices
    )
    return f"<fieldset><legend>Send me</legend>{labels}</fieldset>"


def mail(html: str) -> HTMLResponse:
    """A mail as it is, shut in."""
    return HTMLResponse(html, headers={**_PRIVATE, "Content-Security-Policy": _MAIL_POLICY})


def onward(url: str) -> Response:
    """302 to another site."""
    # What a URL may not hold is written as browsers would; "%" stays, for what is written so already.
    location = quote(url, safe=":/?#[]@!$&'()*+,;=%~")
    return Response(status_code=302, headers={**_PRIVATE, "Location": location})


def pixel() -> Response:
    """A transparent picture of one point, to be asked for each time."""
    return Response(_PIXEL, media_type="image/gif", headers=_PRIVATE)


def unknown() -> HTMLResponse:
    """404: the link is not one of ours, or no longer."""
    return page("This link does not work", "It may have been cut off or changed on its way.", status=404)


def outdated() -> HTMLResponse:
    """404: the mail is made anew from today's attributes, and one that it needs is gone."""
    text = "What we know about you has changed since it was sent. The message in your mailbox is still right."
    return page("This message cannot be shown any more", text, status=404)


def forgotten(sender: str) -> HTMLResponse:
    """The person is gone: there is nothing left to choose."""
    text = "You get no more of these messages, and there is nothing left to choose."
    return page("Nothing is stored about you any more", text, sender=sender)


def unavailable() -> HTMLResponse:
    """503: try again."""
    response = page("Please try again", "This did not work just now. Nothing was changed.", status=503)
    response.headers["Retry-After"] = "5"
    return response
