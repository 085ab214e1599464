# SPDX-License-Identifier: Apache-2.0
"""What SendGrid tells of messages: many events in a call, signed with a key pair (ECDSA).

Written after twilio.com/docs/sendgrid/for-developers/tracking-events (Event Webhook Reference, Security Features).
"""

import base64
import binascii
from collections.abc import Sequence

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

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

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_METRICS = {
    "delivered": Metric.DELIVERED,
    "deferred": Metric.DEFERRED,
    "bounce": Metric.BOUNCED,
    "dropped": Metric.DROPPED,
    "open": Metric.OPENED,
    "click": Metric.CLICKED,
    "spamreport": Metric.SPAMMED,
    "unsubscribe": Metric.UNSUBSCRIBED,
    "group_unsubscribe": Metric.UNSUBSCRIBED,
}
_DROPPED = {
    "bounced address": EspKind.BOUNCES,
    "spam reporting address": EspKind.SPAM_REPORTS,
    "invalid": EspKind.INVALID_EMAILS,
}


class _Event(msgspec.Struct):
    event: str
    sg_event_id: str
    delivery_id: str = ""
    email: str = ""
    timestamp: float = 0
    reason: str | None = None
    response: str | None = None
    type: str | None = None
    url: str | None = None
    sg_machine_open: bool = False


def sendgrid_hook(key: str) -> Hook:
    """`key`: the verification key as SendGrid shows it, base64 of DER. Raises SetupError."""
    try:
        public = load_der_public_key(base64.b64decode("".join(key.split()), validate=True))
    except ValueError:
        public = None
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise SetupError("hooks: sendgrid_key must be the verification key of the signed event webhook")

    async def read(incoming: Incoming) -> Sequence[ProviderEvent]:
        try:
            signature = base64.b64decode(incoming.headers.get(SIGNATURE, ""), validate=True)
            moment = incoming.headers.get(TIMESTAMP, "").encode()
            public.verify(signature, moment + incoming.body, ec.ECDSA(SHA256()))
        except (binascii.Error, ValueError, InvalidSignature):
            raise NotGenuineError("the signature is not the one of hooks.sendgrid_key") from None
        items = decoded(incoming.body)
        if not isinstance(items, list):
            raise UnreadableError("the body is no list of events")
        found = (_event(read_as(_Event, item)) for item in items)
        return [event for event in found if event is not None]

    return read


def _event(told: _Event | None) -> ProviderEvent | None:
    metric = _METRICS.get(told.event) if told is not None else None
    if told is None or metric is None or not told.delivery_id:
        return None
    reason = (told.reason or "").lower()
    kinds = (kind for beginning, kind in _DROPPED.items() if reason.startswith(beginning))
    return ProviderEvent(
        told.delivery_id,
        told.sg_event_id,
        metric,
        ms_of(told.timestamp),
        address_of(told.email),
        words_of(told.reason, told.response),
        status_of(told.reason, told.response),
        href_of(told.url),
        soft=told.type == "blocked",
        machine=told.sg_machine_open,
        kind=next(kinds, None) if metric is Metric.DROPPED else None,
    )
