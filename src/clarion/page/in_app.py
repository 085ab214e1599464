# SPDX-License-Identifier: Apache-2.0
"""The script by which a page shows in-app messages, and the demo's page that has it."""

import base64
import time
from collections.abc import Awaitable, Callable
from hashlib import sha256
from html import escape
from importlib import resources
from typing import Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clarion.domain.links import app_token
from clarion.domain.people import IdKind, Reference
from clarion.store import access, app_secrets, people
from clarion.store.engine import Transaction

T = TypeVar("T")
_TOKEN_SECONDS = 3_600


class Backend(Protocol):
    """What the demo's page needs of the server; `api.calls.Api` is one."""

    @property
    def secret(self) -> bytes:
        """Keys tokens."""
        ...

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on a snapshot, off the event loop."""
        ...


_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}label,input,button{font:inherit}li{margin:.5rem 0}"
)
_LIST = (
    'document.addEventListener("clarion:messages",(e)=>{const list=document.getElementById("inbox");'
    "list.replaceChildren(...e.detail.map((one)=>{const item=document.createElement('li');"
    "item.textContent=one.title||one.properties?.title||one.kind;return item}))});"
)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"


# A frame made of a message's text has the policy of the page that it is in: it loads pictures and nothing else.
_POLICY = (
    f"default-src 'none'; script-src 'self' {_hash(_LIST)}; style-src {_hash(_STYLE)}; img-src https: data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def routes(demo: Backend | None = None) -> list[Route]:
    """`/in-app.js`; for a demo, whose people are everybody's, also the page of a person's messages, `/demo/in-app`."""
    script = resources.files("clarion.page").joinpath("in_app.js").read_bytes()
    etag = f'"{sha256(script).hexdigest()[:32]}"'
    kept = {"Cache-Control": "public, max-age=3600", "ETag": etag, "X-Content-Type-Options": "nosniff"}

    async def served(request: Request) -> Response:
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=kept)
        # Pages of other origins load it, too.
        return Response(
            script, media_type="text/javascript", headers={**kept, "Cross-Origin-Resource-Policy": "cross-origin"}
        )

    found = [Route("/in-app.js", served, methods=["GET"])]
    if demo is not None:
        found.append(Route("/demo/in-app", _page(demo), methods=["GET"]))
    return found


def _person(tx: Transaction, named: Reference) -> tuple[int, int] | None:
    """Their number, and the generation of what tokens are made with."""
    for workspace in access.workspaces(tx):
        if found := people.find(tx, workspace, named):
            return found[0].person_id, app_secrets.get(tx, workspace.workspace_id).generation
    return None


def _page(demo: Backend) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        person = request.query_params.get("person", "person-1")
        named = Reference(IdKind.ID, person.replace("\0", ""))
        found = await demo.read(lambda tx: _person(tx, named))
        tag = ""
        if found is not None:
            number, generation = found
            token = app_token(number, int(time.time()) + _TOKEN_SECONDS, demo.secret, generation)
            tag = f'<script src="/in-app.js" data-token="{token}" data-seconds="5"></script>'
        nobody = "" if tag else "<p>There is nobody by this id.</p>"
        content = (
            '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>An app with messages</title><style>{_STYLE}</style><body><main><h1>An app with messages</h1>"
            f'<form><label>Signed in: <input name="person" value="{escape(person)}"></label> <button>Change</button>'
            f'</form>{nobody}<div id="news"></div><h2>Inbox</h2><ul id="inbox"></ul></main>'
            f"<script>{_LIST}</script>{tag}</body></html>"
        )
        headers = {
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)

    return respond
