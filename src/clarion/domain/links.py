# SPDX-License-Identifier: Apache-2.0
"""The public URLs of one message: what `tracking` serves and templates print; links that lead through us."""

import base64
import binascii
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2s

_MAC_BYTES = 8
_APP_MAC_BYTES = 16  # of what anybody may try as often as they like
_PURPOSE = b"link"  # so that no checksum of another kind, under the same secret, is one of a link
LONGEST_TRACKED = 1_500  # bytes of a URL; in base64 what old programs still open


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute URLs of one delivery."""

    unsubscribe: str
    preferences: str
    consent: str
    view_in_browser: str


def links_of(base_url: str, delivery_id: str) -> Links:
    """The URLs below `base_url` (no slash at the end) for a public delivery id, URL-safe as it is."""
    return Links(
        unsubscribe=f"{base_url}/unsubscribe/{delivery_id}",
        preferences=f"{base_url}/preferences/{delivery_id}",
        consent=f"{base_url}/consent/{delivery_id}",
        view_in_browser=f"{base_url}/view/{delivery_id}",
    )


class LinkSigner:
    """Makes link tokens of one action."""

    __slots__ = ("_keyed",)

    def __init__(self, secret: bytes, action_id: int) -> None:
        self._keyed = _keyed(secret, action_id)

    def __call__(self, url: str) -> str:
        """A URL with its checksum, in URL-safe base64 without padding: 11 characters and 4/3 of its bytes.

        The same for everybody who gets the action's mail, which is why nearly all of a tracked link is made once.
        """
        raw = url.encode("utf-8", "replace")
        return _token(_mac(self._keyed, raw) + raw)


def target_of(token: str, action_id: int, secret: bytes) -> str | None:
    """The URL behind a link token; None for one that this installation did not put into a mail of the action."""
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mac, url = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    if not url or _token(raw) != token:
        return None
    is_ours = hmac.compare_digest(mac, _mac(_keyed(secret, action_id), url))
    return url.decode("utf-8", "replace") if is_ours else None


def center_token(person_id: int, until_s: int, secret: bytes) -> str:
    """Opens a person's page of preferences until a moment, Unix seconds; 27 characters, URL-safe."""
    body = person_id.to_bytes(8) + until_s.to_bytes(4)
    return _token(body + _center_mac(body, secret))


def person_of_center(token: str, now_s: float, secret: bytes) -> int | None:
    """The person_id behind such a token; None for one that is not ours, or over."""
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:12], raw[12:]
    if len(raw) != 12 + _MAC_BYTES or _token(raw) != token or not hmac.compare_digest(mac, _center_mac(body, secret)):
        return None
    return int.from_bytes(body[:8]) if int.from_bytes(body[8:]) > now_s else None


def app_token(person_id: int, until_s: int, secret: bytes, generation: int = 0) -> str:
    """Opens a person's in-app and inbox messages until a moment, Unix seconds; 38 characters, URL-safe.

    `generation`: of the workspace's secret, which is made from the installation's.
    """
    body = person_id.to_bytes(8) + until_s.to_bytes(4)
    return _token(body + _app_mac(body, secret, generation))


def person_claimed(token: str) -> int | None:
    """The person_id that such a token names, which anybody may have written; None for what is none."""
    raw = _app_raw(token)
    return int.from_bytes(raw[:8]) if raw is not None else None


def person_of_app(token: str, now_s: float, secret: bytes, generations: Collection[int] = (0,)) -> int | None:
    """The person_id behind such a token; None for one that is not ours, of another generation, or over."""
    raw = _app_raw(token)
    if raw is None:
        return None
    body, mac = raw[:12], raw[12:]
    if not any(hmac.compare_digest(mac, _app_mac(body, secret, one)) for one in generations):
        return None
    return int.from_bytes(body[:8]) if int.from_bytes(body[8:]) > now_s else None


def _app_raw(token: str) -> bytes | None:
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == 12 + _APP_MAC_BYTES and _token(raw) == token else None


def _app_mac(body: bytes, secret: bytes, generation: int) -> bytes:
    salt = generation.to_bytes(8)  # that of generation 0 is the same as none
    return blake2s(body, key=secret, digest_size=_APP_MAC_BYTES, person=b"app", salt=salt).digest()


def _center_mac(body: bytes, secret: bytes) -> bytes:
    return blake2s(body, key=secret, digest_size=_MAC_BYTES, person=b"center").digest()


def _token(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _keyed(secret: bytes, action_id: int) -> blake2s:
    keyed = blake2s(key=secret, digest_size=_MAC_BYTES, person=_PURPOSE)
    keyed.update(action_id.to_bytes(8))
    return keyed


def _mac(keyed: blake2s, url: bytes) -> bytes:
    mac = keyed.copy()
    mac.update(url)
    return mac.digest()
