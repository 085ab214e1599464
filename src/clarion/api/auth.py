# SPDX-License-Identifier: Apache-2.0
"""Credentials: Bearer keys of the App API, Basic ones of the Track API (contract §1.2)."""

import base64
import binascii

from starlette.requests import Request

from clarion.api.calls import Api, Scope
from clarion.domain.errors import Unauthorized
from clarion.store import access
from clarion.store.access import Access


async def access_of(request: Request, api: Api, scope: Scope) -> Access:
    """What the key that the request carries opens.

    Raises:
        Unauthorized: no key, an unknown one, or one without `scope`.
    """
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    found: Access | None = None
    if scope == "track":
        if kind.lower() == "basic":
            site_id, key = _basic(value.strip())
            found = await api.read(lambda tx: access.by_track_key(tx, site_id, key))
    elif kind.lower() == "bearer":
        key = value.strip()
        found = await api.read(lambda tx: access.by_app_key(tx, key))
    if found is None:
        raise Unauthorized
    if scope not in found.scopes:
        raise Unauthorized(f"unauthorized: this key lacks the scope {scope}")
    return found


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
