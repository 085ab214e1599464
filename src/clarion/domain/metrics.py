# SPDX-License-Identifier: Apache-2.0
"""What can be counted about messages: Customer.io's words (contract §6, §11), and what is heard of one message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clarion.domain.deliveries import DeliveryKey


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


@dataclass(frozen=True, slots=True)
class Feedback:
    """Something that was heard about a message after it was made.

    `at_ms`: when it happened, Unix milliseconds; None: now, by the database's clock. `detail` goes into reporting
    webhooks and activities under contract §9.3's names (href, link_id, failure_message, machine, prefetched, …).
    """

    key: DeliveryKey
    metric: Metric
    at_ms: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
