# SPDX-License-Identifier: Apache-2.0
"""Replying: what people answer to texts.

This is a state path.

Read: to whom the sender that was answered wrote last. Committed, in the caller's one transaction: that this answer was
taken; that the last message was replied to, if it is not older than three days (contract §9.3); of an answer that is
STOP or START, that whoever was written to at this number wants no more messages of this channel, or wants them again.
Crash: the provider has no answer, and tells it again.
"""

from collections.abc import Callable

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.provider_events import Reply
from clarion.pipeline import feedback
from clarion.pipeline.hear import Outcome
from clarion.store import texts
from clarion.store.engine import Transaction

WITHIN_MS = 72 * 3_600_000
Choose = Callable[[Transaction, DeliveryKey | int, str, bool], object]
"""Stores whether somebody wants a channel's messages, by way of a message or not."""


def take(tx: Transaction, reply: Reply, provider: str, choose: Choose) -> Outcome:
    """Write down one answer."""
    if not texts.receive(tx, provider, reply.message_id):
        return Outcome.REPEATED
    partners = texts.partners(tx, reply)
    if not partners:
        return Outcome.UNKNOWN
    last, is_of_it = partners[0], tx.now_ms() - partners[0].at_ms <= WITHIN_MS
    if is_of_it:
        detail = {"inbound_event_id": reply.message_id, "to": reply.sender}
        told_as = f"{provider}:{reply.message_id}"
        feedback.record(tx, Feedback(last.key, Metric.REPLIED, None, detail, told_as))
    if reply.wants is not None:
        for one in sorted(partners):
            behind = one.key if is_of_it and one == last else one.person_id
            choose(tx, behind, reply.channel, reply.wants)
    return Outcome.TAKEN
