# SPDX-License-Identifier: Apache-2.0
"""What Postmark tells of messages. It signs nothing: the URL is secret, and a name and password may be set for it.

Written after postmarkapp.com/developer/webhooks.
"""

import base64
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
from clarion.domain.metrics import Metric
from clarion.domain.provider_events import ProviderEvent
from clarion.domain.suppressions import EspKind

_HARD = frozenset({"HardBounce", "BadEmailAddress"})
_SOFT = frozenset({"SoftBounce", "DnsError", "Blocked", "SpamNotification", "DMARCPolicy", "Unknown", "Undeliverable"})
_OF_BOUNCE = {
    "Transient": Metric.DEFERRED,
    "SpamComplaint": Metric.SPAMMED,
    "Unsubscribe": Metric.UNSUBSCRIBED,
    "ManuallyDeactivated": Metric.DROPPED,
    "SMTPApiError": Metric.DROPPED,
}
_OF_RECORD = {
    "Delivery": Metric.DELIVERED,
    "SpamComplaint": Metric.SPAMMED,
    "Open": Metric.OPENED,
    "Click": Metric.CLICKED,
}


class _Record(msgspec.Struct, rename="pascal"):
    record_type: str
    message_id: str = msgspec.field(name="MessageID", default="")
    bounce_id: int = msgspec.field(name="ID", default=0)
    metadata: dict[str, object] = {}
    type: str = ""
    inactive: bool = False
    suppress_sending: bool = False
    suppression_reason: str | None = None
    email: str | None = None
    recipient: str | None = None
    description: str | None = None
    details: str | None = None
    original_link: str | None = None
    bounced_at: str | None = None
    delivered_at: str | None = None
    received_at: str | None = None
    changed_at: str | None = None


def postmark_hook(login: str) -> Hook:
    """`login`: ``name:password`` that calls must come with; "" for none."""
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}".encode() if login else b""

    async def read(incoming: Incoming) -> Sequence[ProviderEvent]:
        given = incoming.headers.get("authorization", "").encode("utf-8", "replace")
        if wanted and not hmac.compare_digest(given, wanted):
            raise NotGenuineError("the name or password is not the one of hooks.postmark_login")
        record = read_as(_Record, decoded(incoming.body))
        if record is None:
            raise UnreadableError("the body is no record of Postmark's")
        event = _event(record)
        return () if event is None else (event,)

    return read


def _event(record: _Record) -> ProviderEvent | None:
    metric, soft = _metric(record)
    delivery_id = record.metadata.get("delivery_id")
    if metric is None or not isinstance(delivery_id, str):
        return None
    at = record.bounced_at or record.delivered_at or record.received_at or record.changed_at
    which = record.bounce_id or f"{at}:{record.original_link or ''}"
    return ProviderEvent(
        delivery_id,
        f"{record.record_type}:{record.message_id}:{record.recipient or record.email}:{which}",
        metric,
        ms_of(at),
        address_of(record.recipient or record.email),
        words_of(record.details, record.description, record.type),
        status_of(record.details),
        href_of(record.original_link),
        soft=soft,
        kind=EspKind.BLOCKS if record.type == "ManuallyDeactivated" else None,
    )


def _metric(record: _Record) -> tuple[Metric | None, bool]:
    if record.record_type == "Bounce":
        if record.type in _OF_BOUNCE:
            return _OF_BOUNCE[record.type], False
        if record.inactive or record.type in _HARD:
            return Metric.BOUNCED, False
        return (Metric.BOUNCED, True) if record.type in _SOFT else (None, False)
    if record.record_type == "SubscriptionChange":
        # For a bounce or a complaint there is a record of its own.
        by_hand = record.suppress_sending and record.suppression_reason == "ManualSuppression"
        return (Metric.UNSUBSCRIBED, False) if by_hand else (None, False)
    return _OF_RECORD.get(record.record_type), False
