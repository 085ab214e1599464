# SPDX-License-Identifier: Apache-2.0
"""What a call that sends one message said in place of the message's own texts, until its data goes."""

from collections.abc import Iterable

import msgspec

from clarion.domain.attachments import Attachment
from clarion.domain.transactional import Override
from clarion.store.engine import Transaction
from clarion.store.people import encode


def add(
    tx: Transaction, trigger_id: int, override: Override, attachments: tuple[Attachment, ...], *, forget: bool
) -> None:
    """Keep what a call said. `forget`: it goes as soon as the message is settled."""
    tx.execute(
        "insert_override",
        trigger_id=trigger_id,
        override=encode(override),
        attachments=encode(attachments) if attachments else None,
        forget=int(forget),
    )


def get(tx: Transaction, trigger_id: int) -> tuple[Override, tuple[Attachment, ...]] | None:
    """What a trigger's call said; None where it said nothing, or its data went."""
    row = tx.one("override_of", trigger_id=trigger_id)
    if row is None:
        return None
    attachments = row["attachments"]
    return (
        msgspec.json.decode(row["override"], type=Override),
        msgspec.json.decode(attachments, type=tuple[Attachment, ...]) if attachments is not None else (),
    )


def of_many(tx: Transaction, trigger_ids: Iterable[int]) -> dict[int, Override]:
    """The same of several triggers, without attachments."""
    rows = tx.all("overrides_of", trigger_ids=encode(sorted(trigger_ids)))
    return {int(row["trigger_id"]): msgspec.json.decode(row["override"], type=Override) for row in rows}


def defer(tx: Transaction, trigger_id: int, no: int, due_ms: int) -> None:
    """Send a slice not before a time, Unix milliseconds."""
    tx.execute("defer_slice", trigger_id=trigger_id, no=no, due_ms=due_ms)
