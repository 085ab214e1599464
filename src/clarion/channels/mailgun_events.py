# SPDX-License-Identifier: Apache-2.0
"""What Mailgun tells of messages, one event in a call.

The signature (HMAC-SHA256 of a timestamp and a token) does not cover the event, so a token is good for one content
only, which is looked after where it is written down (`Seal`), and not for long: whoever saw one cannot tell us anything
else with it. Written after
documentation.mailgun.com (Webhooks, Webhook Payloads, Securing Webhooks).
"""

import hmac
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

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
from clarion.domain.provider_events import ProviderEvent, Seal
from clarion.domain.suppressions import EspKind

LONGEST_SECONDS = 12 * 3_600  # it goes on trying for eight hours
_METRICS = {
    "delivered": Metric.DELIVERED,
    "rejected": Metric.DROPPED,
    "opened": Metric.OPENED,
    "clicked": Metric.CLICKED,
    "complained": Metric.SPAMMED,
    "unsubscribed": Metric.UNSUBSCRIBED,
}
_SUPPRESSED = {
    "suppress-bounce": EspKind.BOUNCES,
    "suppress-complaint": EspKind.SPAM_REPORTS,
    "suppress-unsubscribe": None,
}


class _Signature(msgspec.Struct):
    timestamp: str
    token: str
    signature: str


class _Status(msgspec.Struct):
    code: int = 0
    message: str | None = None
    description: str | None = None


class _Reject(msgspec.Struct):
    reason: str | None = None


class _Client(msgspec.Struct):
    bot: str | None = None


class _Event(msgspec.Struct, rename="kebab"):
    event: str
    id: str
    timestamp: float = 0
    recipient: str = ""
    severity: str = ""
    reason: str | None = None
    url: str | None = None
    user_variables: dict[str, object] = {}
    delivery_status: _Status = msgspec.field(default_factory=_Status)
    reject: _Reject = msgspec.field(default_factory=_Reject)
    client_info: _Client = msgspec.field(default_factory=_Client)


class _Told(msgspec.Struct, rename="kebab"):
    signature: _Signature
    event_data: object = None


def mailgun_hook(key: str) -> Hook:
    """`key`: the account's HTTP webhook signing key."""

    async def read(incoming: Incoming) -> Sequence[ProviderEvent]:
        told = read_as(_Told, decoded(incoming.body))
        if told is None:
            raise UnreadableError("the body is no event of Mailgun's")
        _check(told.signature, key, incoming.now)
        event = _event(read_as(_Event, told.event_data))
        if event is None:
            return ()
        seal = Seal(told.signature.token, sha256(msgspec.json.encode(told.event_data)).hexdigest())
        return (replace(event, seal=seal),)

    return read


def _check(given: _Signature, key: str, now: float) -> None:
    wanted = hmac.digest(key.encode(), f"{given.timestamp}{given.token}".encode("utf-8", "replace"), "sha256").hex()
    if not hmac.compare_digest(wanted.encode(), given.signature.encode("utf-8", "replace")):
        raise NotGenuineError("the signature is not the one of hooks.mailgun_key")
    at = int(given.timestamp) if given.timestamp.isascii() and given.timestamp.isdigit() else 0
    if abs(now - at) > LONGEST_SECONDS:
        raise NotGenuineError("the signature is of another time: look at this server's clock")


def _event(told: _Event | None) -> ProviderEvent | None:
    delivery_id = told.user_variables.get("delivery_id") if told is not None else None
    if told is None or not isinstance(delivery_id, str):
        return None
    metric, soft, kind = _meaning(told)
    if metric is None:
        return None
    status = told.delivery_status
    return ProviderEvent(
        delivery_id,
        told.id,
        metric,
        ms_of(told.timestamp),
        address_of(told.recipient),
        words_of(status.message, status.description, told.reject.reason, told.reason),
        status_of(status.code),
        href_of(told.url),
        soft=soft,
        machine=bool(told.client_info.bot),
        kind=kind,
    )


def _meaning(told: _Event) -> tuple[Metric | None, bool, EspKind | None]:
    """The metric, whether it is a soft bounce, and for what Mailgun itself keeps the address from getting mail."""
    if told.event != "failed":
        return _METRICS.get(told.event), False, None
    reason = told.reason or ""
    if reason in _SUPPRESSED:
        return Metric.DROPPED, False, _SUPPRESSED[reason]
    if told.severity == "temporary":
        return Metric.DEFERRED, False, None
    final = reason == "bounce" or (reason == "generic" and 550 <= told.delivery_status.code < 560)
    return Metric.BOUNCED, not final, None
