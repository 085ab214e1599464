# SPDX-License-Identifier: Apache-2.0
"""The errand that finds, for somebody who reached a goal, the message that it is counted for (contract §10).

A state path.

Read: the queue of those who reached one; their messages in the triggers with that goal, from the last one on, through
the index that keeps a person once in each trigger; what was heard of them. Committed together: the conversion of the
journey, the feedback with its counters and reports, and that they are no longer in the queue, or stay in it until a
report may come that counts back. Crash: before the commit nothing happened, and whoever comes next looks again; a
journey converts once, by a key.

It is counted for the last message of the broadcast that reached the person before, and in whose window it falls. Who
was deleted converts nothing; who was merged has the messages of both.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from clarion.domain.conversions import Candidate
from clarion.domain.deliveries import DeliveryKey, State
from clarion.domain.goals import Goal
from clarion.domain.metrics import Feedback, Metric
from clarion.pipeline import feedback as hearing
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.store import feedback, goals, merging, people
from clarion.store.engine import Store, Transaction
from clarion.store.goals import Aimed, Reached

_AT_ONCE = 100
_TRIGGERS_A_LOOK = 200


def errand(store: Store, failpoint: Failpoint = nothing) -> Errand:
    """Each process works at the queue; none waits for what another has in hand."""

    async def turn() -> bool:
        return await asyncio.to_thread(work_off, store, failpoint) > 0

    return Errand("conversions", turn)


def work_off(store: Store, failpoint: Failpoint = nothing) -> int:
    """Look at the first in the queue; how many there were. Blocking."""
    if not store.read(goals.is_due):
        return 0

    def work(tx: Transaction) -> int:
        some = goals.take(tx, _AT_ONCE)
        aims = _Aims(tx)
        found = [(one, aims.message_of(one)) for one in some]
        # In one order, so that two workers who count the same messages do not wait for each other in a circle.
        for one, (candidate, _) in sorted(
            found, key=lambda pair: pair[1][0].key if pair[1][0] else DeliveryKey(0, 0, 0)
        ):
            if candidate is not None and goals.convert(tx, candidate.key, aims.goal_id_of(candidate), one):
                hearing.record(tx, Feedback(candidate.key, Metric.CONVERTED, one.at_ms, _detail(candidate.goal, one)))
        now_ms = tx.now_ms()
        later = {one: until_ms for one, (_, until_ms) in found if until_ms > now_ms}
        goals.put_off(tx, [one._replace(due_ms=until_ms) for one, until_ms in later.items()])
        goals.drop(tx, [one for one in some if one not in later])
        failpoint("convert.before_commit")
        return len(some)

    return store.write(work)


def _detail(goal: Goal, by: Reached) -> dict[str, Any]:
    """What the message's timeline says of it."""
    if goal.event:
        return {"goal": goal.kind.value, "event": goal.event, "event_id": by.source}
    return {"goal": goal.kind.value, "segment_id": goal.segment_id}


class _Aims:
    """The triggers and goals that one transaction meets, each read once."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._goals: dict[int, Goal] = {}
        self._triggers: dict[tuple[int, ...], list[Aimed]] = {}
        self._goal_ids: dict[int, int] = {}

    def goal_id_of(self, candidate: Candidate) -> int:
        """Which goal a message was sent with."""
        return self._goal_ids[candidate.key.trigger_id]

    def _of(self, goal_ids: tuple[int, ...]) -> list[Aimed]:
        found = self._triggers.get(goal_ids)
        if found is None:
            found = self._triggers[goal_ids] = goals.triggers(self._tx, goal_ids)
            self._goals |= goals.by_id(self._tx, goal_ids)
            self._goal_ids |= {one.trigger_id: one.goal_id for one in found}
        return found

    def message_of(self, reached: Reached) -> tuple[Candidate | None, int]:
        """The last message that fits; without one, until when it may be told that one does. (None, 0): the person is
        gone, or nothing is to come."""
        person_id = goals.merged_to(self._tx, reached.person_id)
        if person_id not in people.identifiers(self._tx, [person_id]):
            return None, 0
        numbers = [person_id, *merging.merged(self._tx, person_id)]
        aimed = self._of(reached.goal_ids)
        best: tuple[int, DeliveryKey, Candidate] | None = None
        until_ms = 0
        for start in range(0, len(aimed), _TRIGGERS_A_LOOK):
            stretch = {one.trigger_id: one for one in aimed[start : start + _TRIGGERS_A_LOOK]}
            newest_ms = aimed[start].ended_ms
            if best is not None and newest_ms is not None and newest_ms < best[0]:
                break  # whatever these sent was there before
            for candidate in self._candidates(stretch, numbers):
                received_ms = candidate.received_ms
                until_ms = max(until_ms, candidate.told_until_ms(reached.at_ms))
                if received_ms is not None and candidate.fits(reached.at_ms):
                    place = (received_ms, candidate.key)
                    if best is None or place > best[:2]:
                        best = (*place, candidate)
        return (best[2], 0) if best else (None, until_ms)

    def _candidates(self, stretch: Mapping[int, Aimed], numbers: Sequence[int]) -> list[Candidate]:
        rows = {
            DeliveryKey(int(row["trigger_id"]), int(row["seq"]), int(row["action_id"])): row
            for row in goals.accounts(self._tx, list(stretch), numbers)
            if int(row["action_id"]) in stretch[int(row["trigger_id"])].converting
        }
        heard = feedback.of_many(self._tx, list(rows))
        return [
            Candidate(
                key,
                self._goals[stretch[key.trigger_id].goal_id],
                State(row["state"]),
                row["settled_ms"],
                heard.get(key, {}),
            )
            for key, row in rows.items()
        ]
