# SPDX-License-Identifier: Apache-2.0
"""Credentials: Bearer keys of the App API, Basic ones of the Track API (contract §1.2), sessions of the web page.

A session opens the App and the management API as far as its person's roles go, in the workspace that the header
X-Clarion-Workspace names (for downloads the query's `workspace`). Browsers send cookies along with calls that other
pages make: so what changes something must come from our own page.
"""

import base64
import binascii
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import Request

from clarion.api.calls import Api, Endpoint
from clarion.domain.errors import Forbidden, Unauthorized
from clarion.domain.roles import Need
from clarion.store import access, sessions
from clarion.store.access import Access
from clarion.store.engine import Transaction

SERVICE_PREFIX = "sa_live_"
COOKIE = "clarion_session"
_WORKSPACE = "x-workspace-id"
_PAGE_WORKSPACE = "x-clarion-workspace"
_LOOKING = frozenset({"GET", "HEAD"})
_SCOPE_OF_NEED = {Need.READ: "app:read", Need.EDIT: "app:write", Need.SEND: "app:send"}


def needed(endpoint: Endpoint) -> frozenset[str]:
    """The scopes of which a key must have one: the whole family's, or the part that this endpoint belongs to."""
    if endpoint.scope == "manage":
        return frozenset({"manage"} if endpoint.need is Need.OWN else {"manage", f"manage:{endpoint.need}"})
    if endpoint.scope != "app" or endpoint.need is Need.OWN:
        return frozenset({endpoint.scope})
    return frozenset({"app", _SCOPE_OF_NEED[endpoint.need]})


async def access_of(request: Request, api: Api, endpoint: Endpoint) -> Access:
    """What the key, or the session, that the request carries opens.

    Raises:
        Unauthorized: neither, an unknown or a revoked one, or one that does not open the endpoint.
        Forbidden: whoever is signed in may not do this.
    """
    token = session_token(request)
    if token is not None and "authorization" not in request.headers and endpoint.scope in {"app", "manage"}:
        return await _by_session(request, api, endpoint, token)
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    find, known = _finder(request, endpoint, kind.lower(), value.strip())
    found = await _known(api, find, known)
    if found is None:
        raise Unauthorized
    scopes = needed(endpoint)
    if not scopes & found.scopes:
        raise Unauthorized(f"unauthorized: this key lacks the scope {' or '.join(sorted(scopes))}")
    if found.stale:
        await api.write(lambda tx: access.note_use(tx, found))
    return found


async def _known(api: Api, find: Callable[[Transaction], Access | None], known: tuple[str, ...]) -> Access | None:
    found = api.known_keys.get(known)
    if found is None:
        found = await api.read(find)
        if found is not None and not found.stale:
            api.known_keys.keep(known, found)
    return found


async def _by_session(request: Request, api: Api, endpoint: Endpoint, token: str) -> Access:
    check_same_origin(request, api)
    workspace_id = _page_workspace(request)
    found = await _known(
        api, lambda tx: sessions.access_by(tx, token, workspace_id), ("session", str(workspace_id), token)
    )
    if found is None:
        if await api.read(lambda tx: sessions.signed_in(tx, token)) is None:
            raise Unauthorized("unauthorized: the session is over, sign in again")
        raise Forbidden("you are not in this workspace")
    if not needed(endpoint) & found.scopes:
        raise Forbidden(f"your roles in this workspace do not let you {_WORDS[endpoint.need]}")
    if found.stale:
        await api.write(lambda tx: sessions.note_use(tx, token))
    return found


_WORDS = {
    Need.READ: "look at this",
    Need.EDIT: "change this",
    Need.SEND: "send, or decide about what is sent",
    Need.OWN: "do this: it takes an owner",
}


def session_token(request: Request) -> str | None:
    """The session's token in the request's cookie, if there is one."""
    return request.cookies.get(COOKIE) or None


def check_same_origin(request: Request, api: Api) -> None:
    """For calls that a cookie opens: those that change something must come from our own page.

    Browsers say where a call comes from in Sec-Fetch-Site, older ones in Origin (OWASP, cross-site request forgery).

    Raises:
        Forbidden: it comes from another page.
    """
    if request.method in _LOOKING:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise Forbidden("this call comes from another page")
    if origin is not None:
        ours = {request.headers.get("host", ""), urlsplit(api.options.base_url).netloc}
        if urlsplit(origin).netloc not in ours:
            raise Forbidden("this call comes from another page")


def _page_workspace(request: Request) -> int:
    """The workspace that a call of the page is about. A header of our own cannot be sent by a form of another page."""
    value = request.headers.get(_PAGE_WORKSPACE, "")
    if not value and request.method in _LOOKING:
        value = request.query_params.get("workspace", "")
    if not (value.isascii() and value.isdigit() and len(value) < 18):
        raise Unauthorized("unauthorized: with a session, name the workspace in the header X-Clarion-Workspace")
    return int(value)


def _finder(
    request: Request, endpoint: Endpoint, kind: str, value: str
) -> tuple[Callable[[Transaction], Access | None], tuple[str, ...]]:
    """How to look a credential up, and what to remember it by.

    Raises:
        Unauthorized: it is not of the kind that the endpoint takes.
    """
    if endpoint.scope == "track" and kind == "basic":
        site_id, key = _basic(value)
        return (lambda tx: access.by_track_key(tx, site_id, key)), ("track", site_id, key)
    if endpoint.scope == "track" or kind != "bearer":
        raise Unauthorized
    if value.startswith(SERVICE_PREFIX) and endpoint.sends and endpoint.scope == "app":
        workspace_id = _workspace_of(request)
        return (lambda tx: access.by_service_token(tx, value, workspace_id)), ("service", str(workspace_id), value)
    return (lambda tx: access.by_app_key(tx, value)), ("app", value)


def _workspace_of(request: Request) -> int:
    """The workspace that a service account's call is for (contract §1.2)."""
    value = request.headers.get(_WORKSPACE, "")
    if not (value.isascii() and value.isdigit() and len(value) < 18):
        raise Unauthorized("unauthorized: a service account names its workspace in the header X-Workspace-Id")
    return int(value)


def _basic(value: str) -> tuple[str, str]:
    """User and password; the Go client uses the URL-safe base64 alphabet, everybody else the standard one."""
    standard = value.replace("-", "+").replace("_", "/")
    standard += "=" * (-len(standard) % 4)
    try:
        user, colon, password = base64.b64decode(standard, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Unauthorized from None
    if not colon or "\0" in user + password:
        raise Unauthorized
    return user, password
