# SPDX-License-Identifier: Apache-2.0
"""A workspace's message limit, and the messages that each person got lately."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from clarion.domain import limits
from clarion.domain.broadcasts import BroadcastKind
from clarion.domain.limits import DAY_MS, MOST_DAYS, MessageLimit, Wanted
from clarion.store import people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import decode, encode


class Held(NamedTuple):
    """What holds for a trigger; `ignored`: its messages are counted and sent whatever the limit says."""

    limit: MessageLimit | None
    ignored: bool = False


def of_workspace(tx: Transaction, workspace_id: int) -> MessageLimit | None:
    """A workspace's limit; None for none."""
    row = tx.one("message_limit", workspace_id=workspace_id)
    return limits.parse(decode(row["message_limit"])) if row and row["message_limit"] else None


def put(tx: Transaction, workspace_id: int, limit: MessageLimit | None) -> None:
    """Set it."""
    text = encode(limits.shape(limit)) if limit is not None else None
    tx.execute("set_message_limit", workspace_id=workspace_id, message_limit=text)


def of_trigger(tx: Transaction, trigger_id: int) -> Held:
    """What holds now. Messages to one person (receipts, codes) are none that a limit is about."""
    row = tx.one("limit_of_trigger", trigger_id=trigger_id)
    if row is None or row["message_limit"] is None or BroadcastKind(row["kind"]) is not BroadcastKind.BROADCAST:
        return Held(None)
    return Held(limits.parse(decode(row["message_limit"])), bool(row["ignores_limit"]))


def reserve(
    tx: Transaction, workspace: Workspace, trigger_id: int, held: Held, wanted: Sequence[Wanted]
) -> set[tuple[int, int]]:
    """Count messages that are about to be sent; which of them, as (seq, action), must not be, and are not counted.

    Their people are locked, so that two triggers do not both give them their last message.
    """
    if held.limit is None or not wanted:
        return set()
    person_ids = sorted({one.person_id for one in wanted})
    people.lock_many(tx, workspace, person_ids)
    within_ms = held.limit.days * DAY_MS
    rows = tx.all("messages_lately", person_ids=encode(person_ids), within_ms=within_ms)
    counted = Counter(int(row["person_id"]) for row in rows)
    known = {(int(row["seq"]), int(row["action_id"])) for row in rows if int(row["trigger_id"]) == trigger_id}
    fresh, over = limits.passing(held.limit, wanted, counted, known)
    if held.ignored:
        fresh, over = [one for one in wanted if (one.seq, one.action_id) not in known], set()
    now_ms = tx.now_ms()
    tx.many("note_messages", [{**one._asdict(), "trigger_id": trigger_id, "at_ms": now_ms} for one in fresh])
    return over


def lately_between(tx: Transaction, limit: MessageLimit, *, after: int, until: int) -> dict[int, int]:
    """Of a range of people, who got how many messages that the limit counts; whoever got none is left out."""
    rows = tx.tuples("messages_lately_between", after=after, until=until, within_ms=limit.days * DAY_MS)
    return {int(person_id): int(messages) for person_id, messages in rows}


def lately_among(tx: Transaction, limit: MessageLimit, person_ids: Sequence[int]) -> dict[int, int]:
    """The same of some people."""
    wanted, within_ms = encode(list(person_ids)), limit.days * DAY_MS
    rows = tx.tuples("messages_lately_among", person_ids=wanted, within_ms=within_ms)
    return {int(person_id): int(messages) for person_id, messages in rows}


def move(tx: Transaction, person_id: int, into_id: int) -> None:
    """What one person got, another has got: they were merged."""
    tx.execute("move_person_messages", person_id=person_id, into_id=into_id)


def clear(tx: Transaction) -> int:
    """Forget messages that no limit looks back to; how many."""
    return tx.execute("clear_person_messages", kept_ms=(MOST_DAYS + 1) * DAY_MS)
