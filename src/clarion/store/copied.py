# SPDX-License-Identifier: Apache-2.0
"""How many copies that are messages of their own were sent, by trigger and action."""

from clarion.domain.copied import Copied, CopyEnd
from clarion.store.engine import Row, Transaction
from clarion.store.metrics import SHARDS

_MOST_WORDS = 500


def add(tx: Transaction, trigger_id: int, shard: int, copied: Copied) -> None:
    """Count those of a chunk."""
    for action_id in sorted({action_id for action_id, _ in copied.ends}):
        words = copied.words.get(action_id, "")[:_MOST_WORDS].replace("\0", "\ufffd")
        tx.execute(
            "add_own_copies",
            trigger_id=trigger_id,
            action_id=action_id,
            shard=shard % SHARDS,
            words=words or None,
            **{end.value: copied.ends[action_id, end] for end in CopyEnd},
        )


def of_trigger(tx: Transaction, trigger_id: int) -> dict[int, Row]:
    """By action: `sent`, `not_sent`, `unknown`, and `words`: the last reason of one that was not sent for certain."""
    return {int(row["action_id"]): row for row in tx.all("own_copies", trigger_id=trigger_id)}
