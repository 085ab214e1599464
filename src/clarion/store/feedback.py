# SPDX-License-Identifier: Apache-2.0
"""What was heard about messages after they left: the first time of each metric, and each time."""

from collections.abc import Iterable, Sequence
from hashlib import blake2s
from typing import Any, NamedTuple

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.ulids import ulid, ulid_floor, ulid_of
from clarion.store.engine import Transaction
from clarion.store.people import decode, encode


def note(tx: Transaction, heard: Feedback, at_ms: int, noted_ms: int | None = None) -> bool | None:
    """Write down what was heard; whether it is the first of its metric for this message. None: it was told before.

    `at_ms`: when it happened, perhaps long before it was heard at `noted_ms` (None: at once).
    """
    key = {"trigger_id": heard.key.trigger_id, "seq": heard.key.seq, "action_id": heard.key.action_id}
    new = tx.execute(
        "note_event",
        **key,
        event_id=_name(heard) if heard.told_as else ulid(at_ms if noted_ms is None else noted_ms),
        metric=heard.metric.value,
        at_ms=at_ms,
        detail=encode(dict(heard.detail)),
    )
    if not new:
        return None
    return tx.execute("note_first", **key, metric=heard.metric.value, at_ms=at_ms) > 0


def _name(heard: Feedback) -> str:
    """Of an event with a name of its own: made of that, so that the same thing meets its own row."""
    name = f"{heard.metric.value}\0{heard.told_as}".encode("utf-8", "replace")
    return ulid_of(heard.at_ms or 0, blake2s(name, digest_size=10).digest())


class Noted(NamedTuple):
    """One event of a message."""

    event_id: str
    metric: Metric
    at_ms: int
    detail: dict[str, Any]


def events_since(tx: Transaction, key: DeliveryKey, since_ms: int) -> list[Noted]:
    """What happened to a message, and was heard, since then."""
    rows = tx.all("events_since", **key._asdict(), since=ulid_floor(since_ms))
    return [
        Noted(str(row["event_id"]), Metric(row["metric"]), int(row["at_ms"]), decode(row["detail"]))
        for row in rows
        if int(row["at_ms"]) >= since_ms
    ]


def change(tx: Transaction, key: DeliveryKey, event: Noted) -> None:
    """Write an event anew."""
    detail = encode(event.detail)
    tx.execute("change_event", **key._asdict(), event_id=event.event_id, metric=event.metric.value, detail=detail)


def drop(tx: Transaction, key: DeliveryKey, event: Noted) -> None:
    """An event did not happen."""
    tx.execute("drop_event", **key._asdict(), event_id=event.event_id)


def reconcile(tx: Transaction, key: DeliveryKey, wanted: Iterable[Metric]) -> dict[Metric, int]:
    """Make the first times of some metrics those of the events; which are new (1) or not heard any more (-1)."""
    rows = tx.all("first_events", **key._asdict())
    events = {Metric(row["metric"]): int(row["at_ms"]) for row in rows}
    known = first_times(tx, key)
    moved: dict[Metric, int] = {}
    for metric in wanted:
        row = {**key._asdict(), "metric": metric.value}
        if metric not in events:
            if tx.execute("drop_first", **row):
                moved[metric] = -1
        elif metric not in known:
            tx.execute("note_first", **row, at_ms=events[metric])
            moved[metric] = 1
        elif events[metric] != known[metric]:
            tx.execute("move_first", **row, at_ms=events[metric])
    return moved


def first_times(tx: Transaction, key: DeliveryKey) -> dict[Metric, int]:
    """What was heard of a message, with the first time of each, Unix milliseconds."""
    return of_many(tx, [key]).get(key, {})


def of_many(tx: Transaction, keys: Sequence[DeliveryKey]) -> dict[DeliveryKey, dict[Metric, int]]:
    """The same of a page of messages; those of which nothing was heard are left out."""
    found: dict[DeliveryKey, dict[Metric, int]] = {}
    for row in tx.all("delivery_metrics", keys=encode([list(key) for key in keys])) if keys else ():
        key = DeliveryKey(int(row["trigger_id"]), int(row["seq"]), int(row["action_id"]))
        found.setdefault(key, {})[Metric(row["metric"])] = int(row["at_ms"])
    return found
