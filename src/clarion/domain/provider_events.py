# SPDX-License-Identifier: Apache-2.0
"""What a provider tells of a message after it took it, in one vocabulary, and the secret of the URLs where it tells."""

import base64
import hmac
from dataclasses import dataclass
from hashlib import blake2s

from clarion.domain.metrics import Metric
from clarion.domain.suppressions import EspKind

_PURPOSE = b"hook"  # so that no checksum of another kind, under the same secret, is one of a URL


@dataclass(frozen=True, slots=True)
class Seal:
    """What proves whose a call is without covering its content: a `token` that is good for this `content` alone."""

    token: str
    content: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody at a `phone` answered to a text of our `sender`; `message_id`: the provider's own.

    `wants`: they asked for messages of the channel again, or for no more; None: it says something else.
    """

    channel: str
    message_id: str
    phone: str
    sender: str
    wants: bool | None = None


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """Something that happened to a message; without a `metric` only that the provider has it.

    `event_id` is the same however often it is told, and no other event's of this provider. `recipient`: whose copy it
    is about, "" where the provider does not say. `words` and `status`: what the other server said, and its code.
    `soft`: a bounce that says nothing final of the address. `kind`: for what the provider keeps the address from
    getting mail, of one that it dropped. `machine`: opened or clicked by a program. `sender`: the number that a text
    went out from, for answers to it.
    """

    delivery_id: str
    event_id: str
    metric: Metric | None
    at_ms: int | None
    recipient: str = ""
    words: str = ""
    status: str = ""
    href: str = ""
    soft: bool = False
    machine: bool = False
    kind: EspKind | None = None
    seal: Seal | None = None
    sender: str = ""


def hook_token(provider: str, secret: bytes) -> str:
    """What stands in the URL that a provider calls, 24 characters: whoever does not know it cannot tell us anything."""
    mac = blake2s(provider.encode(), key=secret, person=_PURPOSE, digest_size=18)
    return base64.urlsafe_b64encode(mac.digest()).decode()


def is_hook_token(text: str, provider: str, secret: bytes) -> bool:
    """Whether it is this provider's."""
    return hmac.compare_digest(text.encode("utf-8", "replace"), hook_token(provider, secret).encode())


def hook_url(base_url: str, provider: str, secret: bytes) -> str:
    """Where a provider tells us what became of messages; `base_url` without a slash at the end."""
    return f"{base_url}/hooks/{provider}/{hook_token(provider, secret)}"
