# SPDX-License-Identifier: Apache-2.0
"""Messages that wait until a person's app fetches them: in-app and inbox messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clarion.domain.channels import lives_days, place_of
from clarion.domain.messages import PartsMessage
from clarion.domain.people import person_id_of
from clarion.store.engine import Store, Transaction
from clarion.store.people import decode, encode

MOST = 100  # messages that an app is given at once
_DAY_MS = 86_400_000
_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """One that may be shown; times are Unix milliseconds."""

    delivery_id: str
    kind: str
    parts: dict[str, Any]
    created_ms: int
    expires_ms: int
    opened_ms: int | None


def keep(tx: Transaction, messages: Sequence[PartsMessage]) -> frozenset[str]:
    """Keep messages for their people; the delivery ids of those that are there now, kept before or just now.

    Who is gone, gets none.
    """
    there = set()
    for message in sorted(messages, key=lambda one: one.delivery_id):
        tx.execute(
            "keep_in_app",
            delivery_id=message.delivery_id,
            kind=message.channel,
            person_id=person_id_of(message.recipient) or 0,
            parts=encode(message.parts),
            lives_ms=lives_days(message.parts) * _DAY_MS,
        )
        if tx.one("kept_in_app", delivery_id=message.delivery_id) is not None:
            there.add(message.delivery_id)
    return frozenset(there)


def waiting(tx: Transaction, person_id: int) -> list[WaitingMessage]:
    """What a person's app may show: by priority, and among those of the same the newest first."""
    found = [
        WaitingMessage(
            str(row["delivery_id"]),
            str(row["kind"]),
            decode(row["parts"]),
            int(row["created_ms"]),
            int(row["expires_ms"]),
            row["opened_ms"],
        )
        for row in tx.all("waiting_in_app", person_id=person_id, most=MOST)
    ]
    return sorted(found, key=lambda one: place_of(one.parts))


def is_of(tx: Transaction, delivery_id: str, person_id: int) -> bool:
    """Whether a message is this person's."""
    return tx.one("is_in_app", delivery_id=delivery_id, person_id=person_id) is not None


def opened(tx: Transaction, delivery_id: str, person_id: int) -> None:
    """Somebody has seen it."""
    tx.execute("open_in_app", delivery_id=delivery_id, person_id=person_id)


def dismissed(tx: Transaction, delivery_id: str, person_id: int) -> None:
    """It is not shown any more."""
    tx.execute("dismiss_in_app", delivery_id=delivery_id, person_id=person_id)


def clear(store: Store, now_ms: int) -> Iterator[int]:
    """Remove those whose time is over; yields the rows gone after each transaction."""
    while gone := store.write(lambda tx: tx.execute("clear_in_app", now_ms=now_ms, most=_BATCH)):
        yield gone
