# SPDX-License-Identifier: Apache-2.0
"""What can be counted about messages: Customer.io's words (contract §6, §11), and what is heard of one message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clarion.domain.deliveries import DeliveryKey, Reason, State


class Metric(StrEnum):
    """Something that happened to a message. The first group is our own ledger's, the second is heard afterwards."""

    CREATED = "created"
    DRAFTED = "drafted"
    ATTEMPTED = "attempted"
    SENT = "sent"
    FAILED = "failed"
    UNDELIVERABLE = "undeliverable"
    SUPPRESSED = "suppressed"
    DROPPED = "dropped"

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    OPENED = "opened"
    HUMAN_OPENED = "human_opened"
    PREFETCH_OPENED = "prefetch_opened"
    CLICKED = "clicked"
    HUMAN_CLICKED = "human_clicked"
    MACHINE_CLICKED = "machine_clicked"
    CONVERTED = "converted"
    REPLIED = "replied"
    SPAMMED = "spammed"
    UNSUBSCRIBED = "unsubscribed"
    TOPIC_UNSUBSCRIBED = "topic_unsubscribed"
    TRACKING_CONSENT_GRANTED = "tracking_consent_granted"
    TRACKING_CONSENT_DENIED = "tracking_consent_denied"


# Failures before anything was handed to a provider.
NEVER_LEFT = frozenset({Reason.RENDER_FAILED, Reason.BAD_CONTENT})
# What is in a series; always all of them, zeros where there is nothing (contract §6: the union of its editions).
LINK_UNTRACKED, OPEN_UNTRACKED, UNTRACKED = "link_untracked", "open_untracked", "untracked"
SERIES = (
    *(metric.value for metric in Metric),
    LINK_UNTRACKED,
    OPEN_UNTRACKED,
    UNTRACKED,
    "2xx",
    "3xx",
    "4xx",
    "5xx",
)
# A message's own metrics call a machine's click by another name than series do (contract §6).
IN_A_MESSAGE = {Metric.MACHINE_CLICKED: "prefetch_clicked"}


_ANSWERED = re.compile(r"([2-5])\d\d(?:\s|$)")


def answer_class(words: str | None) -> str | None:
    """The class of the HTTP status with which a webhook's answer begins (``2xx``); None where it is no answer."""
    found = _ANSWERED.match(words) if words else None
    return f"{found[1]}xx" if found else None


def metrics_of(state: State, reason: Reason | None) -> tuple[Metric, ...]:
    """What an account in this state counts as (contract §11).

    A message that is still queued counts as created only; one that a provider may have got counts as attempted.
    """
    match state:
        case State.SENT:
            return (Metric.CREATED, Metric.ATTEMPTED, Metric.SENT)
        case State.FAILED if reason in NEVER_LEFT:
            return (Metric.CREATED, Metric.FAILED)
        case State.FAILED:
            return (Metric.CREATED, Metric.ATTEMPTED, Metric.FAILED)
        case State.IN_DOUBT:
            return (Metric.CREATED, Metric.ATTEMPTED)
        case State.DRAFTED:
            return (Metric.CREATED, Metric.DRAFTED)
        case State.SKIPPED if reason is Reason.CONDITION:
            return ()  # the action was never performed for them
        case State.SKIPPED if reason is Reason.ESP_SUPPRESSED:
            return (Metric.CREATED, Metric.UNDELIVERABLE, Metric.SUPPRESSED, Metric.DROPPED)
        case State.SKIPPED | State.STOPPED:
            return (Metric.CREATED, Metric.UNDELIVERABLE)
        case _:
            return (Metric.CREATED,)


_SETTLED = {
    State.SENT: ("sent",),
    State.FAILED: ("failed",),
    State.DRAFTED: ("drafted",),
    State.SKIPPED: ("undeliverable",),
    State.STOPPED: ("undeliverable",),
}
# What a message may show, in the order of contract §5.6 and with what it leaves out.
MOMENTS = (
    "created", "attempted", "drafted", "sent", "delivered", "opened", "clicked", "converted", "bounced", "dropped",
    "failed", "undeliverable", "spammed", "unsubscribed", "human_opened", "prefetch_opened", "human_clicked",
    "prefetch_clicked", "deferred", "suppressed", "topic_unsubscribed",
)  # fmt: skip


def moments(
    state: State,
    reason: str | None,
    *,
    created_ms: int,
    attempted_ms: int | None,
    settled_ms: int | None,
    heard: Mapping[Metric, int],
) -> dict[str, int]:
    """A message's own metrics: when each of them happened, Unix milliseconds (contract §5.6)."""
    found = {"created": created_ms}
    if attempted_ms is not None and not (state is State.FAILED and reason in NEVER_LEFT):
        found["attempted"] = attempted_ms
    if settled_ms is not None and reason != Reason.CONDITION:
        found |= dict.fromkeys(_SETTLED.get(state, ()), settled_ms)
        if reason == Reason.ESP_SUPPRESSED and state is State.SKIPPED:
            found |= dict.fromkeys(("dropped", "suppressed"), settled_ms)
    return found | {IN_A_MESSAGE.get(metric, metric.value): ms for metric, ms in heard.items()}


@dataclass(frozen=True, slots=True)
class Feedback:
    """Something that was heard about a message after it was made.

    `at_ms`: when it happened, Unix milliseconds; None: now, by the database's clock. `detail` goes into reporting
    webhooks and activities under contract §9.3's names (href, link_id, failure_message, machine, prefetched, …).
    `told_as`: what whoever told it calls it, always the same for the same thing, which then counts once however often
    it is told; "": it has no name, and each time is another. `soft`: a bounce that says nothing final of the address.
    """

    key: DeliveryKey
    metric: Metric
    at_ms: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    told_as: str = ""
    soft: bool = False
