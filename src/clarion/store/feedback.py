# SPDX-License-Identifier: Apache-2.0
"""What was heard about messages after they left: the first time of each metric, and each time."""

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.ulids import ulid
from clarion.store.engine import Transaction
from clarion.store.people import encode


def note(tx: Transaction, heard: Feedback, at_ms: int) -> bool:
    """Write down what was heard; whether it is the first of its metric for this message."""
    key = {"trigger_id": heard.key.trigger_id, "seq": heard.key.seq, "action_id": heard.key.action_id}
    tx.execute(
        "note_event",
        **key,
        event_id=ulid(at_ms),
        metric=heard.metric.value,
        at_ms=at_ms,
        detail=encode(dict(heard.detail)),
    )
    return tx.execute("note_first", **key, metric=heard.metric.value, at_ms=at_ms) > 0


def first_times(tx: Transaction, key: DeliveryKey) -> dict[Metric, int]:
    """What was heard of a message, with the first time of each, Unix milliseconds."""
    rows = tx.all("delivery_metrics", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id)
    return {Metric(row["metric"]): int(row["at_ms"]) for row in rows}
