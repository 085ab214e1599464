# SPDX-License-Identifier: Apache-2.0
"""Which actions on people were performed: a mark for each account, written with what the action did.

Marks go with their accounts (`store.retention`).
"""

from collections.abc import Collection

from clarion.domain.deliveries import DeliveryKey
from clarion.store.engine import Transaction
from clarion.store.people import encode


def mark(tx: Transaction, keys: Collection[DeliveryKey]) -> set[DeliveryKey]:
    """Mark them; those that were not marked before. Who is at the same ones waits for this transaction's end."""
    rows = tx.tuples("mark_acted", keys=encode(sorted(keys)))
    return {DeliveryKey(*map(int, row)) for row in rows}


def unmark(tx: Transaction, keys: Collection[DeliveryKey]) -> None:
    """These were not performed after all."""
    if keys:
        tx.execute("unmark_acted", keys=encode(sorted(keys)))
