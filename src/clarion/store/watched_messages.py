# SPDX-License-Identifier: Apache-2.0
"""What became of messages, by person, of the broadcasts that segments look at; of others nothing is kept here.

Whoever settles or hears of a message writes it here in the same transaction, and marks the person to be decided about
again: sending does not wait for people. What was before a segment looked is gathered from the ledger, in ranges.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

from clarion.domain.deliveries import DeliveryKey, Outcome, State
from clarion.domain.metrics import Metric
from clarion.store import merging, segment_rules
from clarion.store.access import Workspace
from clarion.store.engine import Row, Store, Transaction
from clarion.store.people import encode
from clarion.store.segment_rules import Due

_RANGE = 2_000  # places of an audience, and triggers, that one transaction gathers
_APART = 50
_BATCH = 2_000
_LAST = 2**62
_SETTLED = frozenset({State.SENT, State.FAILED})
Messages = dict[tuple[int, str], list[tuple[int, int]]]


def settled(tx: Transaction, trigger_id: int, outcomes: Sequence[Outcome]) -> None:
    """Messages of a trigger were sent, or failed."""
    places = sorted({one.key.seq for one in outcomes if one.state in _SETTLED})
    if places and (broadcast_id := _watched(tx, trigger_id)) is not None:
        for low, high in _ranges(places):
            _note(tx, "note_settled_messages", broadcast_id, trigger_id, low, high)


def heard(tx: Transaction, key: DeliveryKey) -> None:
    """Something was heard of a message for the first time."""
    if (broadcast_id := _watched(tx, key.trigger_id)) is not None:
        _note(tx, "note_heard_messages", broadcast_id, key.trigger_id, key.seq, key.seq)


def unheard(tx: Transaction, key: DeliveryKey, person_id: int, metric: Metric) -> None:
    """What was heard of a message turned out not to be so."""
    if (broadcast_id := _watched(tx, key.trigger_id)) is None:
        return
    who = merging.survivors(tx, [person_id]).get(person_id, person_id)
    one = {"broadcast_id": broadcast_id, "person_id": who, "metric": metric.value, "action_id": key.action_id}
    if tx.execute("forget_heard_message", **one):
        tx.execute("recall_heard_message", **one, people=encode(sorted({who, *merging.merged(tx, who)})))
        watching = tx.tuples("watching_segments", broadcast_id=broadcast_id)
        segment_rules.note_due(tx, (Due(who, segment_id, 0) for (segment_id,) in watching))


def _watched(tx: Transaction, trigger_id: int) -> int | None:
    row = tx.one("watched_broadcast", trigger_id=trigger_id)
    return int(row["broadcast_id"]) if row else None


def _ranges(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """A chunk is one range; single messages from here and there are several."""
    low = high = places[0]
    for place in places[1:]:
        if place - high > _APART:
            yield low, high
            low = place
        high = place
    yield low, high


def _note(tx: Transaction, query: str, broadcast_id: int, trigger_id: int, low: int, high: int) -> None:
    news = tx.tuples(query, broadcast_id=broadcast_id, trigger_id=trigger_id, low=low, high=high)
    watching = tx.tuples("watching_segments", broadcast_id=broadcast_id) if news else []
    segment_rules.note_due(tx, (Due(person_id, segment_id, 0) for (person_id,) in news for (segment_id,) in watching))


def of_people(tx: Transaction, broadcast_ids: Collection[int], person_ids: Collection[int]) -> dict[int, Messages]:
    """By person, and by broadcast and metric, the actions and the last time of each."""
    found: dict[int, Messages] = {number: {} for number in person_ids}
    if broadcast_ids and person_ids:
        wanted = {"broadcast_ids": encode(sorted(broadcast_ids)), "person_ids": encode(sorted(person_ids))}
        for person_id, broadcast_id, metric, action_id, at_ms in tx.tuples("messages_of_people", **wanted):
            found[person_id].setdefault((broadcast_id, metric), []).append((action_id, at_ms))
    return found


def names(tx: Transaction, workspace: Workspace) -> dict[int, str]:
    """Names of the broadcasts that segments look at."""
    rows = tx.all("watched_broadcasts", workspace_id=workspace.workspace_id)
    return {int(row["broadcast_id"]): str(row["name"]) for row in rows}


def watch(tx: Transaction, segment_id: int, broadcast_ids: Iterable[int]) -> None:
    """A segment looks at these broadcasts, and at no others; their earlier messages are to be gathered."""
    tx.execute("unwatch_broadcasts", segment_id=segment_id)
    for broadcast_id in sorted(broadcast_ids):
        tx.execute("watch_broadcast", broadcast_id=broadcast_id, segment_id=segment_id)


def gather(tx: Transaction, segment_id: int, most: int = _RANGE) -> bool:
    """Gather some of the earlier messages of the broadcasts that a segment looks at; False when there are no more."""
    left = most
    while left > 0:
        row = tx.one("message_gathering", segment_id=segment_id)
        if row is None:
            return False
        broadcast_id, trigger_id, seq = int(row["broadcast_id"]), int(row["trigger_id"]), int(row["seq"])
        reached = partial(tx.execute, "gathered_messages", segment_id=segment_id, broadcast_id=broadcast_id)
        if seq < int(row["last"]):
            high = min(seq + left, int(row["last"]))
            span = {"broadcast_id": broadcast_id, "trigger_id": trigger_id, "low": seq + 1, "high": high}
            tx.tuples("note_settled_messages", **span)
            tx.tuples("note_heard_messages", **span)
            reached(trigger_id=trigger_id, seq=high, done=0)
            left -= high - seq
            continue
        behind = tx.one("trigger_behind", broadcast_id=broadcast_id, trigger_id=trigger_id)
        left -= 1
        if behind is None:
            reached(trigger_id=trigger_id, seq=seq, done=1)
        else:
            reached(trigger_id=int(behind["trigger_id"]), seq=0, done=0)
    return True


def clear(store: Store, _: int) -> Iterator[int]:
    """Remove those of broadcasts that no segment looks at any more; yields the rows gone after each transaction."""
    after = 0
    while (row := store.read(partial(_behind, after=after))) is not None:
        broadcast_id = after = int(row["broadcast_id"])
        if row["unwatched"]:
            step = partial(_clear, broadcast_id=broadcast_id)
            while gone := store.write(step):
                yield gone


def _behind(tx: Transaction, after: int) -> Row | None:
    return tx.one("broadcast_behind", after=after)


def _clear(tx: Transaction, broadcast_id: int) -> int:
    return tx.execute("clear_watched_messages", broadcast_id=broadcast_id, most=_BATCH, last=_LAST)
