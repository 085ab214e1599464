# SPDX-License-Identifier: Apache-2.0
"""Somebody does what a goal waits for: performs an event, comes into a segment, leaves it (contract §10).

A state path. Read: the open goals of the workspace with that event's name, or that segment; one look for each batch of
events, and nothing more where there is none. Committed, in the transaction of the event or the move: that somebody
reached which goals of a broadcast, in a queue that `pipeline.converting` works off. Crash: event and queue are both
there or neither; an event that is told again is the same event, and is not queued again.

A trigger keeps the goal that its broadcast had when it was accepted: editing a goal changes nothing for messages that
were asked for before it, and a goal that is set later counts nothing that was sent before.
"""

from collections import defaultdict
from collections.abc import Sequence

from clarion.domain.broadcasts import Broadcast
from clarion.domain.conversions import REPORTED_WITHIN_MS, converts, has_property
from clarion.domain.goals import CountedFrom, GoalKind
from clarion.domain.ulids import ulid
from clarion.store import goals, merging, numbers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.goals import OpenGoal, Reached
from clarion.store.people import PersonEvent


def aim(tx: Transaction, workspace: Workspace, broadcast: Broadcast, trigger_id: int) -> None:
    """Give a trigger that is being accepted its broadcast's goal, if there is one."""
    if broadcast.goal is not None:
        action_ids = [action.action_id for action in broadcast.actions if converts(action)]
        goals.aim(tx, workspace.workspace_id, broadcast.broadcast_id, trigger_id, broadcast.goal, action_ids)


def note_events(tx: Transaction, workspace: Workspace, events: Sequence[PersonEvent], now_ms: int) -> None:
    """People perform events that are about to be stored; the people are locked."""
    if not events:
        return
    found = goals.open_about(tx, workspace.workspace_id, GoalKind.EVENT, {event.name for event in events})
    if not found:
        return
    by_name: defaultdict[str, list[OpenGoal]] = defaultdict(list)
    for one in found:
        by_name[one.goal.event].append(one)
    wanted = [event for event in events if event.name in by_name]
    known = _known(tx, wanted)
    reached: list[Reached] = []
    for event in wanted:
        if (event.person_id, event.event_id) not in known:
            known.add((event.person_id, event.event_id))
            those = [one for one in by_name[event.name] if has_property(one.goal, event.data)]
            reached += _of(those, event.person_id, event.event_id, min(event.at_ms, now_ms), now_ms)
    goals.queue(tx, reached)


def note_adopted(tx: Transaction, workspace: Workspace, anonymous_id: str, person_id: int, now_ms: int) -> None:
    """A stranger becomes known, and what they did is about to become this person's."""
    since_ms = now_ms - merging.KEPT_MS
    found = goals.of_stranger(tx, workspace.workspace_id, anonymous_id, since_ms)
    note_events(tx, workspace, [PersonEvent(person_id=person_id, **event) for event in found], now_ms)


def _known(tx: Transaction, events: Sequence[PersonEvent]) -> set[tuple[int, str]]:
    ids: defaultdict[int, set[str]] = defaultdict(set)
    for event in events:
        ids[event.person_id].add(event.event_id)
    return {(who, event_id) for who, of_one in ids.items() for event_id in goals.events_known(tx, who, of_one)}


def note_moved(tx: Transaction, segment_id: int, person_ids: Sequence[int], now_ms: int, *, entered: bool) -> None:
    """People came into a segment, or left it, in this transaction."""
    kind = GoalKind.ENTERS_SEGMENT if entered else GoalKind.LEAVES_SEGMENT
    workspace_id = numbers.workspace_of(person_ids[0])
    found = goals.open_about(tx, workspace_id, kind, {str(segment_id)})
    if found:
        source = ulid(now_ms)
        goals.queue(tx, [one for who in person_ids for one in _of(found, who, source, now_ms, now_ms)])


def _of(found: Sequence[OpenGoal], person_id: int, source: str, at_ms: int, now_ms: int) -> list[Reached]:
    """One for each broadcast: one doing reaches all the goals that it had in its time."""
    of_broadcasts: defaultdict[int, list[OpenGoal]] = defaultdict(list)
    for one in found:
        of_broadcasts[one.broadcast_id].append(one)
    return [
        Reached(
            broadcast_id,
            person_id,
            source,
            tuple(one.goal_id for one in those),
            at_ms,
            now_ms + (REPORTED_WITHIN_MS if any(_waits(one) for one in those) else 0),
        )
        for broadcast_id, those in of_broadcasts.items()
    ]


def _waits(one: OpenGoal) -> bool:
    return one.goal.counted_from is CountedFrom.DELIVERED
