# SPDX-License-Identifier: Apache-2.0
"""Who answers a text: to whom our senders wrote last, and which answers were taken."""

from typing import NamedTuple

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.provider_events import Reply
from clarion.store.engine import Row, Transaction

MOST_PEOPLE = 100  # with one phone number
KEPT_MS = 90 * 24 * 3_600_000


class Partner(NamedTuple):
    """Somebody who was written to: the last message, and when that was, Unix milliseconds."""

    person_id: int
    key: DeliveryKey
    at_ms: int


def sent(tx: Transaction, key: DeliveryKey, account: Row, *, channel: str, phone: str, sender: str) -> None:
    """Remember that a message went from a sender to a phone."""
    at_ms = account["settled_ms"] or tx.now_ms()
    between = {"channel": channel, "phone": phone, "sender": sender, "person_id": int(account["person_id"])}
    tx.execute("note_texted", **between, **key._asdict(), at_ms=int(at_ms))


def partners(tx: Transaction, reply: Reply) -> list[Partner]:
    """Whom an answer may be from, the one who was written to last first."""
    rows = tx.all("texted", channel=reply.channel, phone=reply.phone, sender=reply.sender, most=MOST_PEOPLE)
    return [
        Partner(
            int(row["person_id"]),
            DeliveryKey(int(row["trigger_id"]), int(row["seq"]), int(row["action_id"])),
            int(row["at_ms"]),
        )
        for row in rows
    ]


def receive(tx: Transaction, provider: str, message_id: str) -> bool:
    """Remember an answer; False when it was taken before."""
    return tx.execute("note_reply", provider=provider, message_id=message_id) > 0


def move(tx: Transaction, person_id: int, into_id: int) -> None:
    """Who wrote with one person, wrote with another: they were merged."""
    tx.execute("move_texted", person_id=person_id, into_id=into_id)


def clear(tx: Transaction) -> int:
    """Forget answers that nobody tells again; how many."""
    return tx.execute("clear_replies", kept_ms=KEPT_MS)
