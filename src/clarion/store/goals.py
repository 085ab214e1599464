# SPDX-License-Identifier: Apache-2.0
"""Goals that triggers were accepted with, the queue of those who reached one, and conversions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clarion.domain import goals
from clarion.domain.conversions import open_ms
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.goals import Goal, GoalKind
from clarion.store import merging, numbers
from clarion.store.engine import Row, Transaction
from clarion.store.people import decode, encode

_ALWAYS = 2**62


class OpenGoal(NamedTuple):
    """A goal that messages may still convert for."""

    goal_id: int
    broadcast_id: int
    goal: Goal


class Reached(NamedTuple):
    """Somebody reached one of a broadcast's goals; `source` tells it from every other time."""

    broadcast_id: int
    person_id: int
    source: str
    goal_ids: tuple[int, ...]
    at_ms: int
    due_ms: int = 0


@dataclass(frozen=True, slots=True)
class Aimed:
    """A trigger with a goal; `ended_ms` None: it goes on."""

    trigger_id: int
    goal_id: int
    converting: frozenset[int]
    ended_ms: int | None


def _goal(text: str) -> Goal:
    goal = goals.parse(decode(text))
    if goal is None:
        raise AssertionError("a goal is stored, or there is no row")
    return goal


def aim(
    tx: Transaction, workspace_id: int, broadcast_id: int, trigger_id: int, goal: Goal, action_ids: Sequence[int]
) -> None:
    """A trigger keeps the goal that its broadcast has now; the broadcast is locked."""
    text = encode(goals.shape(goal))
    row = tx.one("goal_kept", broadcast_id=broadcast_id, goal=text)
    goal_id = int(row["goal_id"]) if row else numbers.take(tx, "goal")
    if row is None:
        tx.execute(
            "insert_goal",
            goal_id=goal_id,
            workspace_id=workspace_id,
            broadcast_id=broadcast_id,
            kind=goal.kind.value,
            subject=goal.subject,
            goal=text,
            open_ms=open_ms(goal),
        )
    tx.execute("aim_trigger", trigger_id=trigger_id, goal_id=goal_id, converting=encode(list(action_ids)))


def open_about(tx: Transaction, workspace_id: int, kind: GoalKind, subjects: Collection[str]) -> list[OpenGoal]:
    """A workspace's open goals about these events, or segments; nearly always none."""
    rows = tx.all("open_goals", workspace_id=workspace_id, kind=kind.value, subjects=encode(sorted(subjects)))
    return [OpenGoal(int(row["goal_id"]), int(row["broadcast_id"]), _goal(row["goal"])) for row in rows]


def events_known(tx: Transaction, person_id: int, event_ids: Iterable[str]) -> set[str]:
    """Which of one person's events are stored already."""
    rows = tx.all("events_known", person_id=person_id, event_ids=encode(sorted(event_ids)))
    return {str(row["event_id"]) for row in rows}


def queue(tx: Transaction, reached: Sequence[Reached]) -> None:
    """Have somebody look at them; who is in the queue with the same source is in it once."""
    tx.many("insert_reached", [{**one._asdict(), "goal_ids": encode(list(one.goal_ids))} for one in reached])


def is_due(tx: Transaction) -> bool:
    """Whether somebody waits; without a lock."""
    return tx.one("is_reached_due") is not None


def take(tx: Transaction, most: int) -> list[Reached]:
    """The first in the queue; of many workers each sees others."""
    return [
        Reached(
            int(row["broadcast_id"]),
            int(row["person_id"]),
            str(row["source"]),
            tuple(decode(row["goal_ids"])),
            int(row["at_ms"]),
        )
        for row in tx.all("take_reached", most=most)
    ]


def put_off(tx: Transaction, reached: Sequence[Reached]) -> None:
    """Look at them again when they are due then, or before, where something is told (`wake`)."""
    rows = [
        {"broadcast_id": one.broadcast_id, "person_id": one.person_id, "source": one.source, "due_ms": one.due_ms}
        for one in reached
    ]
    tx.many("put_off_reached", rows)


def wake(tx: Transaction, trigger_id: int, person_id: int, since_ms: int) -> None:
    """Something was told of a message that happened then: look again at what its person reached since."""
    row = tx.one("broadcast_with_reached", trigger_id=trigger_id)
    if row is not None:
        who = merged_to(tx, person_id)
        some = encode(sorted({person_id, who, *merging.merged(tx, who)}))
        tx.execute("wake_reached", broadcast_id=row["broadcast_id"], person_ids=some, since_ms=since_ms)


def drop(tx: Transaction, reached: Sequence[Reached]) -> None:
    """They were looked at."""
    rows = [{"broadcast_id": one.broadcast_id, "person_id": one.person_id, "source": one.source} for one in reached]
    tx.many("drop_reached", rows)


def by_id(tx: Transaction, goal_ids: Iterable[int]) -> Mapping[int, Goal]:
    """Goals by their numbers."""
    rows = tx.all("goals_by_id", goal_ids=encode(sorted(goal_ids)))
    return {int(row["goal_id"]): _goal(row["goal"]) for row in rows}


def of_trigger(tx: Transaction, trigger_id: int) -> tuple[Goal | None, frozenset[int]]:
    """The goal that a trigger was accepted with, and the actions whose messages convert."""
    row = tx.one("goal_of_trigger", trigger_id=trigger_id)
    return (_goal(row["goal"]), frozenset(decode(row["converting"]))) if row else (None, frozenset())


def triggers(tx: Transaction, goal_ids: Iterable[int]) -> list[Aimed]:
    """Whose messages may convert for these goals: those that go on first, then the one that ended last."""
    return [
        Aimed(
            int(row["trigger_id"]),
            int(row["goal_id"]),
            frozenset(decode(row["converting"])),
            row["processed_ms"],
        )
        for row in tx.all("triggers_of_goals", goal_ids=encode(sorted(goal_ids)))
    ]


def accounts(tx: Transaction, trigger_ids: Sequence[int], person_ids: Sequence[int]) -> list[Row]:
    """The accounts of one person, who may have several numbers, in some triggers."""
    return tx.all(
        "accounts_of_people",
        triggers=encode(list(trigger_ids)),
        people=encode(list(person_ids)),
        start_ms=0,
        end_ms=_ALWAYS,
    )


def convert(tx: Transaction, key: DeliveryKey, goal_id: int, by: Reached) -> bool:
    """Count a journey as converted by its message; False when it is already, or this reaching was counted."""
    added = tx.execute(
        "insert_conversion",
        trigger_id=key.trigger_id,
        seq=key.seq,
        action_id=key.action_id,
        goal_id=goal_id,
        broadcast_id=by.broadcast_id,
        person_id=by.person_id,
        source=by.source,
        at_ms=by.at_ms,
    )
    return added > 0


def merged_to(tx: Transaction, person_id: int) -> int:
    """Whose number it is now that a person may have been merged into another."""
    row = tx.one("merged_to", person_id=person_id)
    return int(row["into_person_id"]) if row else person_id


def of_stranger(tx: Transaction, workspace_id: int, anonymous_id: str, since_ms: int) -> list[dict[str, Any]]:
    """A stranger's events, as they are about to become a person's."""
    rows = tx.all("anonymous_events", workspace_id=workspace_id, anonymous_id=anonymous_id, since_ms=since_ms)
    return [{**row, "data": decode(row["data"])} for row in rows]
