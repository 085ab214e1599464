# SPDX-License-Identifier: Apache-2.0
"""Credentials: Bearer keys of the App API, Basic ones of the Track API (contract §1.2)."""

import base64
import binascii
from collections.abc import Callable

from starlette.requests import Request

from clarion.api.calls import Api, Endpoint
from clarion.domain.errors import Unauthorized
from clarion.store import access
from clarion.store.access import Access
from clarion.store.engine import Transaction

SERVICE_PREFIX = "sa_live_"
_WORKSPACE = "x-workspace-id"
# Requests that only read, although they are POSTs: the filter, or the ids, are too long for a query.
_READING = frozenset({"/v1/customers", "/v1/customers/attributes"})


def needed(endpoint: Endpoint) -> frozenset[str]:
    """The scopes of which a key must have one: the whole family's, or the part that this endpoint belongs to."""
    if endpoint.scope != "app":
        return frozenset({endpoint.scope})
    if endpoint.sends:
        return frozenset({"app", "app:send"})
    reads = endpoint.method == "GET" or endpoint.path in _READING
    return frozenset({"app", "app:read" if reads else "app:write"})


async def access_of(request: Request, api: Api, endpoint: Endpoint) -> Access:
    """What the key that the request carries opens.

    Raises:
        Unauthorized: no key, an unknown or a revoked one, or one without a scope that the endpoint asks for.
    """
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    find, known = _finder(request, endpoint, kind.lower(), value.strip())
    found = api.known_keys.get(known)
    if found is None:
        found = await api.read(find)
        if found is None:
            raise Unauthorized
        if not found.stale:
            api.known_keys.keep(known, found)
    scopes = needed(endpoint)
    if not scopes & found.scopes:
        raise Unauthorized(f"unauthorized: this key lacks the scope {' or '.join(sorted(scopes))}")
    if found.stale:
        await api.write(lambda tx: access.note_use(tx, found))
    return found


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
