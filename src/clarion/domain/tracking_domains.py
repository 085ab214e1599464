# SPDX-License-Identifier: Apache-2.0
"""A domain of a workspace's own for links in its messages: which there may be, and when it is known to lead here."""

import base64
import json
from dataclasses import dataclass
from hashlib import blake2s
from urllib.parse import urlsplit

import idna

from clarion.domain.errors import InvalidRequest

PROOF_PATH = "/.well-known/clarion-tracking"
_LONGEST = 253
_USUAL_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class TrackingDomain:
    """Times in Unix milliseconds. `failure`: why it did not lead here at the last look."""

    url: str
    verified_ms: int | None = None
    checked_ms: int | None = None
    failure: str | None = None

    @property
    def used(self) -> bool:
        """Whether links are made with it: it led here at the last look."""
        return self.verified_ms is not None and self.failure is None

    @property
    def warning(self) -> str | None:
        """What is to be said before something is sent."""
        if self.used:
            return None
        why = self.failure or "nobody has looked yet whether it leads here"
        return f"links lead to the installation's own address, not to {self.url}: {why}"


def parse(value: object, base_url: str) -> str:
    """``links.example.com`` or ``https://links.example.com`` as a URL without a slash at the end.

    Only HTTPS, unless the installation itself is reached without. Raises InvalidRequest.
    """
    text = value.strip() if isinstance(value, str) else ""
    own = urlsplit(base_url)
    try:
        parts = urlsplit(text if "://" in text else f"{own.scheme}://{text}")
        host, port = idna.encode((parts.hostname or "").lower(), uts46=True).decode(), parts.port
    except (ValueError, idna.IDNAError):
        raise InvalidRequest("must be a domain such as links.example.com", "/url") from None
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None or len(host) > _LONGEST:
        raise InvalidRequest("must be a domain alone, such as links.example.com", "/url")
    if parts.scheme not in {"https", own.scheme}:
        raise InvalidRequest("must be reached by https", "/url")
    netloc = host if port in {None, _USUAL_PORTS.get(parts.scheme)} else f"{host}:{port}"
    if netloc == host_of(base_url):
        raise InvalidRequest("is the installation's own address: name another one, or none", "/url")
    return f"{parts.scheme}://{netloc}"


def host_of(url: str) -> str:
    """As a Host header says it."""
    return urlsplit(url).netloc.lower()


def named_by(header: str) -> str:
    """A Host header as `host_of` says it: without the usual ports, and the dot that a name in full ends with."""
    return header.lower().removesuffix(":443").removesuffix(":80").removesuffix(".")


def proof(host: str, secret: bytes) -> str:
    """What this installation alone answers when it is called by a name."""
    mac = blake2s(host.lower().encode("utf-8", "replace"), key=secret, digest_size=18, person=b"domain")
    return base64.urlsafe_b64encode(mac.digest()).decode()


def answer_to(host: str, secret: bytes) -> dict[str, str]:
    """The answer at `PROOF_PATH` to whoever calls by a name."""
    return {"host": host.lower(), "proof": proof(host, secret)}


def failure_of(content: bytes, url: str, secret: bytes) -> str | None:
    """Why an answer at a domain's `PROOF_PATH` does not show that it leads here; None: it does."""
    wanted = host_of(url)
    try:
        told = json.loads(content)
        host, shown = str(told["host"]), str(told["proof"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return f"something else answers at {wanted}{PROOF_PATH}"
    if shown != proof(host, secret):
        return f"another installation answers at {wanted}"
    if host != wanted:
        return f"it leads here, but as {host}: the proxy in between must pass the Host header on, and not redirect"
    return None
