# SPDX-License-Identifier: Apache-2.0
"""How a call to Amazon Web Services is signed: Signature Version 4.

Own code, because the library for it has every service of theirs in it (botocore: 14 MB), and the algorithm is public,
with test vectors: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

from yarl import URL

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Whose calls these are. `session_token` comes with keys that are lent for a time."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def signed(
    credentials: Credentials,
    *,
    region: str,
    service: str,
    method: str,
    url: URL,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    at: datetime,
) -> list[tuple[str, str]]:
    """The headers that a call needs to count as signed at a moment, with those given; all are signed, and the host."""
    moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = [*headers, ("X-Amz-Date", moment)]
    if credentials.session_token:
        sent.append(("X-Amz-Security-Token", credentials.session_token))
    canonical, names = _canonical_headers([*sent, ("Host", _host(url))])
    digest = sha256(body).hexdigest()
    request = "\n".join((method, _path(url), _query(url), canonical, names, digest))
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    to_sign = "\n".join((_ALGORITHM, moment, scope, sha256(request.encode()).hexdigest()))
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (moment[:8], region, service, "aws4_request"):
        key = _mac(key, part)
    signature = _mac(key, to_sign).hex()
    credential = f"{credentials.access_key_id}/{scope}"
    words = f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return [*sent, ("Authorization", words)]


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _host(url: URL) -> str:
    """As the Host header has it."""
    host = url.raw_host or ""
    return host if url.is_default_port() else f"{host}:{url.port}"


def _path(url: URL) -> str:
    """Encoded once more than in the request itself."""
    return quote(url.raw_path or "/", safe="/-_.~")


def _query(url: URL) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in url.query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical_headers(headers: Iterable[tuple[str, str]]) -> tuple[str, str]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(" ".join(value.split()))
    names = sorted(found)
    return "".join(f"{name}:{','.join(found[name])}\n" for name in names), ";".join(names)
