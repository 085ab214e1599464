# SPDX-License-Identifier: Apache-2.0
"""What Resend tells of messages, one event in a call, signed as Svix signs (HMAC-SHA256).

Written after resend.com/docs/webhooks and docs.svix.com/receiving/verifying-payloads/how-manual.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence

import msgspec

from clarion.channels.hook import (
    Hook,
    Incoming,
    NotGenuineError,
    UnreadableError,
    address_of,
    decoded,
    href_of,
    ms_of,
    read_as,
    status_of,
    words_of,
)
from clarion.domain.errors import SetupError
from clarion.domain.metrics import Metric
from clarion.domain.provider_events import ProviderEvent
from clarion.domain.suppressions import EspKind

LONGEST_SECONDS = 300  # each try is signed anew
_METRICS = {
    "email.delivered": Metric.DELIVERED,
    "email.delivery_delayed": Metric.DEFERRED,
    "email.bounced": Metric.BOUNCED,
    "email.complained": Metric.SPAMMED,
    "email.opened": Metric.OPENED,
    "email.clicked": Metric.CLICKED,
    "email.failed": Metric.DROPPED,
    "email.suppressed": Metric.DROPPED,
}


class _Said(msgspec.Struct):
    type: str | None = None
    message: str | None = None
    reason: str | None = None
    link: str | None = None
    timestamp: str | None = None


class _Data(msgspec.Struct):
    to: list[str] = []
    tags: object = None
    bounce: _Said = msgspec.field(default_factory=_Said)
    click: _Said = msgspec.field(default_factory=_Said)
    failed: _Said = msgspec.field(default_factory=_Said)
    suppressed: _Said = msgspec.field(default_factory=_Said)


class _Told(msgspec.Struct):
    type: str
    created_at: str = ""
    data: object = None


def resend_hook(secret: str) -> Hook:
    """`secret`: the webhook's signing secret (``whsec_…``). Raises SetupError."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise SetupError("hooks: resend_secret must be a webhook's signing secret (whsec_…)") from None

    async def read(incoming: Incoming) -> Sequence[ProviderEvent]:
        event_id = _check(incoming, key)
        told = read_as(_Told, decoded(incoming.body))
        if told is None:
            raise UnreadableError("the body is no event of Resend's")
        event = _event(told, event_id)
        return () if event is None else (event,)

    return read


def _check(incoming: Incoming, key: bytes) -> str:
    """The call's id, which is the same each time that Resend tries."""
    event_id, at = incoming.headers.get("svix-id", ""), incoming.headers.get("svix-timestamp", "")
    if not (at.isascii() and at.isdigit()) or abs(incoming.now - int(at[:12])) > LONGEST_SECONDS:
        raise NotGenuineError("the signature is of another time: look at this server's clock")
    content = f"{event_id}.{at}.".encode("utf-8", "replace") + incoming.body
    wanted = base64.b64encode(hmac.digest(key, content, "sha256"))
    given = incoming.headers.get("svix-signature", "").split()
    signatures = [one.removeprefix("v1,") for one in given if one.startswith("v1,")]
    if not any(hmac.compare_digest(wanted, one.encode("utf-8", "replace")) for one in signatures):
        raise NotGenuineError("the signature is not the one of hooks.resend_secret")
    return event_id


def _event(told: _Told, event_id: str) -> ProviderEvent | None:
    metric, data = _METRICS.get(told.type), read_as(_Data, told.data)
    delivery_id = _tag(data.tags) if data is not None else None
    if metric is None or data is None or delivery_id is None:
        return None
    said = data.bounce
    return ProviderEvent(
        delivery_id,
        event_id,
        metric,
        ms_of(data.click.timestamp) or ms_of(told.created_at),
        address_of(data.to[0]) if len(data.to) == 1 else "",
        words_of(said.message, data.failed.reason, data.suppressed.message),
        status_of(said.message),
        href_of(data.click.link),
        soft=metric is Metric.BOUNCED and (said.type or "") != "Permanent",
        kind=EspKind.BOUNCES if told.type == "email.suppressed" else None,
    )


def _tag(tags: object) -> str | None:
    """Ours among a message's tags, which come as an object or as a list of names and values."""
    if isinstance(tags, list):
        tags = {one.get("name"): one.get("value") for one in tags if isinstance(one, dict)}
    found = tags.get("delivery_id") if isinstance(tags, dict) else None
    return found if isinstance(found, str) else None
