# SPDX-License-Identifier: Apache-2.0
"""Reporting webhooks: which events there are, what their bodies say, when a failed call is repeated (contract §9)."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clarion.domain.deliveries import Reason, State

_OF_CHANNEL = {
    "email": "drafted attempted sent delivered opened clicked converted bounced dropped deferred spammed failed"
    " unsubscribed undeliverable",
    "push": "drafted attempted sent delivered opened clicked converted bounced dropped failed undeliverable",
    "slack": "drafted attempted sent clicked converted failed",
    "sms": "drafted attempted sent delivered clicked converted bounced replied failed undeliverable",
    "webhook": "drafted attempted sent clicked converted failed undeliverable",
    "in_app": "drafted attempted sent opened clicked converted failed undeliverable",
    "whatsapp": "drafted attempted sent delivered opened clicked converted bounced dropped replied failed"
    " undeliverable",
}
PREFERENCES_CHANGED = "cio_subscription_preferences_changed"
EVENTS = frozenset(
    {f"{channel}_{metric}" for channel, metrics in _OF_CHANNEL.items() for metric in metrics.split()}
    | {"customer_subscribed", "customer_unsubscribed", PREFERENCES_CHANGED}
)
# Which of its parts each event of an e-mail carries beside its parents (contract §9.3).
_EMAIL_FIELDS: Mapping[str, tuple[str, ...]] = {
    "drafted": ("subject", "recipient"),
    "attempted": ("failure_message",),
    "sent": ("subject", "recipient"),
    "delivered": ("subject", "recipient"),
    "opened": ("recipient", "subject", "proxied", "prefetched", "synthetic"),
    "clicked": ("subject", "recipient", "href", "link_id", "machine"),
    "converted": ("subject", "recipient"),
    "unsubscribed": ("subject", "recipient"),
    "spammed": ("subject", "recipient"),
    "bounced": ("subject", "recipient", "failure_message"),
    "dropped": ("subject", "recipient", "failure_message"),
    "deferred": ("subject", "recipient", "failure_message"),
    "undeliverable": ("subject", "recipient", "failure_message"),
    "failed": ("subject", "failure_message"),
}
_WEBHOOK_FIELDS: Mapping[str, tuple[str, ...]] = {
    "drafted": (),
    "attempted": ("failure_message",),
    "failed": ("failure_message",),
    "undeliverable": ("failure_message",),
    "sent": ("recipient",),
    "clicked": ("recipient", "href", "link_id"),
    "converted": ("recipient",),
}
# Of the channels whose messages are texts; `recipient` is all that most events carry beside their parents.
_SMS_FIELDS: Mapping[str, tuple[str, ...]] = {
    **_WEBHOOK_FIELDS,
    "delivered": ("recipient",),
    "bounced": ("recipient", "failure_message"),
    "replied": ("inbound_event_id", "to", "recipient"),
}
_PUSH_FIELDS: Mapping[str, tuple[str, ...]] = {
    "drafted": (),
    **dict.fromkeys(("attempted", "failed", "undeliverable"), ("failure_message",)),
    **dict.fromkeys(("sent", "delivered", "opened", "converted", "bounced", "dropped"), ("recipients",)),
    "clicked": ("recipients", "href", "link_id"),
}
_IN_APP_FIELDS: Mapping[str, tuple[str, ...]] = {
    **_WEBHOOK_FIELDS,
    "clicked": ("recipient", "href", "link_id", "tracked_response"),
}
_FIELDS = {
    "email": _EMAIL_FIELDS,
    "webhook": _WEBHOOK_FIELDS,
    "sms": _SMS_FIELDS,
    "push": _PUSH_FIELDS,
    "slack": _WEBHOOK_FIELDS,
    "whatsapp": {**_SMS_FIELDS, "opened": ("recipient",), "dropped": ("recipient", "failure_message")},
    "in_app": _IN_APP_FIELDS,
}
LONGEST_MS = 7 * 24 * 3_600_000
_AN_HOUR = frozenset({400, 401, 402, 403, 404, 405, 410, 429, 500, 502, 521})
_FIRST_S, _HOUR_S, _MOST_S = 5, 3_600, 12 * 3_600


@dataclass(frozen=True, slots=True)
class Answered:
    """How a call ended: `status` None when no answer came; `broken`: refused, reset, ended early, or TLS failed."""

    status: int | None
    words: str
    took_ms: int
    broken: bool = False

    @property
    def taken(self) -> bool:
        """Whether the endpoint has it."""
        return self.status is not None and 200 <= self.status < 300


def pause_seconds(answered: Answered, tries: int) -> int:
    """How long to wait after try number `tries` of an event failed: an hour at first for those that say that nobody is
    there, else seconds; twice as long each time, at most half a day (contract §9.1).
    """
    first = _HOUR_S if answered.status in _AN_HOUR or answered.broken else _FIRST_S
    return int(min(first * 2 ** min(tries - 1, 20), _MOST_S))


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What `X-CIO-Signature` says (contract §9.1)."""
    return hmac.digest(secret.encode(), b"v0:%d:" % timestamp + body, "sha256").hex()


def fields_of(channel: str, metric: str) -> tuple[str, ...]:
    """Which facts an event carries beside its parents (contract §9.3)."""
    return _FIELDS.get(channel, {}).get(metric, ())


def event_of(state: State, reason: Reason | None, kind: str = "email") -> str | None:
    """The event of an account of an action of this kind that came to this state; None for none."""
    match state:
        case State.SENT:
            return f"{kind}_sent"
        case State.FAILED:
            return f"{kind}_failed"
        case State.DRAFTED:
            return f"{kind}_drafted"
        case State.SKIPPED if reason is Reason.CONDITION:
            return None
        case State.SKIPPED if reason is Reason.ESP_SUPPRESSED:
            return f"{kind}_dropped"
        case State.SKIPPED | State.STOPPED:
            return f"{kind}_undeliverable"
        case State.QUEUED:
            return f"{kind}_attempted"
        case _:
            return None


def envelope(event_id: str, event: str, at_s: int, data: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a call (contract §9.2)."""
    told = {"event_id": event_id, "timestamp": at_s, "data": dict(data)}
    if event == PREFERENCES_CHANGED:  # whose kind Customer.io's own schema spells in another way (contract §9.3)
        return {**told, "object_type": "customer", "object_type_type": "customer", "metric": event}
    kind, _, metric = event.rpartition("_")
    return {**told, "object_type": kind, "metric": metric}
