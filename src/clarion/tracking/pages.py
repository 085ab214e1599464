# SPDX-License-Identifier: Apache-2.0
"""The pages as HTML: small, fit to be read aloud, without scripts; and what may load on them."""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from starlette.responses import HTMLResponse, Response

_STYLE = (
    ":root{color-scheme:light dark;--text:#1a1a1a;--back:#fff;--line:#c9ccd1;--accent:#1a4fa3;--on:#fff;--good:#1d6b35}"
    "@media(prefers-color-scheme:dark)"
    "{:root{--text:#eee;--back:#1a1a1a;--line:#4a4d52;--accent:#8fb8ff;--on:#10203a;--good:#7fd49a}}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:clamp(1.5rem,8vh,4rem) auto;padding:0 1rem;"
    "color:var(--text);background:var(--back);overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25}a{color:var(--accent)}"
    "button{font:inherit;padding:.6rem 1.2rem;margin:.3rem .6rem .3rem 0;border:2px solid var(--accent);"
    "border-radius:.3rem;color:var(--on);background:var(--accent);cursor:pointer}"
    "button.second{color:var(--accent);background:none}"
    ":focus-visible{outline:3px solid #f5a623;outline-offset:2px}"
    "fieldset{border:0;margin:1rem 0;padding:0}legend{padding:0;font-weight:600}"
    "label{display:grid;grid-template-columns:auto 1fr;gap:0 .8rem;padding:.8rem 0;border-bottom:1px solid var(--line);"
    "cursor:pointer}"
    "label small{grid-column:2}input{width:1.4rem;height:1.4rem;margin:.1rem 0 0;accent-color:var(--accent)}"
    ".said{padding:.6rem .8rem;border-left:4px solid var(--good)}small{opacity:.8}"
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
class Way:
    """A link of a page, to another one of the same person's."""

    text: str
    path: str


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
    action: str = "",
    said: str = "",
    way: Way | None = None,
    sender: str = "",
    status: int = 200,
) -> HTMLResponse:
    """A heading, a paragraph and perhaps a form that posts to where the page is, or to `action`. Everything is escaped.

    `said`: what became of what was done just now, read aloud at once; `way`: where else there is something to choose.
    """
    form = ""
    if buttons:
        inner = "".join(
            f'<button type="submit" name="{escape(b.name)}" value="{escape(b.value)}"'
            f"{' class=second' if b.second else ''}>{escape(b.text)}</button>"
            for b in buttons
        )
        to = f' action="{escape(action)}"' if action else ""
        form = f'<form method="post"{to}>{_boxes(choices)}{inner}</form>'
    told = f'<p class="said" role="status">{escape(said)}</p>' if said else ""
    other = f'<p><a href="{escape(way.path)}">{escape(way.text)}</a></p>' if way is not None else ""
    signed = f"<p><small>{escape(sender)}</small></p>" if sender else ""
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="robots" content="noindex"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{told}<p>{escape(text)}</p>{form}{other}{signed}</main></body></html>"
    )
    return HTMLResponse(html, status, {**_PRIVATE, "Content-Security-Policy": _PAGE_POLICY})


def _boxes(choices: tuple[Choice, ...]) -> str:
    if not choices:
        return ""
    labels = "".join(
        f'<label><input type="checkbox" name="topic" value="{escape(one.value)}"{" checked" if one.ticked else ""}>'
        f"<span>{escape(one.name)}</span>"
        f"{f'<small>{escape(one.description)}</small>' if one.description else ''}</label>"
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
