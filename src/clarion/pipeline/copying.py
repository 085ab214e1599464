# SPDX-License-Identifier: Apache-2.0
"""How many copies of their own (a fake bcc) messages have, and what is counted of them when their sender died.

Commits nothing by itself: it is counted in the transaction that settles their messages.
"""

from collections.abc import Iterable, Mapping, Sequence

from clarion.domain.broadcasts import Action
from clarion.domain.copied import Copied, CopyEnd
from clarion.domain.deliveries import Outcome, State
from clarion.rendering.addresses import split_list
from clarion.store import copied, triggers
from clarion.store.engine import Transaction

_DIED = "their sender died: each was sent once, or not at all"


def foreseen(actions: Iterable[Action]) -> Mapping[int, int]:
    """How many copies a message has, by action, of those with some: as many as its list names, Liquid for one each."""
    found = {
        action.action_id: max(len(split_list(one.bcc)) if one.fake_bcc else 0 for one in action.contents)
        for action in actions
        if action.kind == "email"
    }
    return {action_id: copies for action_id, copies in found.items() if copies}


def note_lost(tx: Transaction, trigger_id: int, content_hash: str, outcomes: Sequence[Outcome], *, shard: int) -> None:
    """The copies of messages that a dead sender had sent: nobody knows of them, and they are not sent again."""
    sent = [outcome.key.action_id for outcome in outcomes if outcome.state is State.SENT]
    if not sent:
        return
    copies = foreseen(triggers.content(tx, content_hash).actions)
    lost = Copied()
    for action_id in sent:
        if action_id in copies:
            lost.note(action_id, None, CopyEnd.UNKNOWN, _DIED, copies[action_id])
    copied.add(tx, trigger_id, shard, lost)
