# SPDX-License-Identifier: Apache-2.0
"""Conditions are given to a segment, or changed; and how many people some conditions would find.

A state path. Read: the segments that the conditions name, under a lock that lets one change at a time happen in a
workspace, so that no two changes together make segments of each other. Committed: the conditions, and that the segment
is to be built; its members stay until the builder comes to them. Crash: before the commit nothing happened.
"""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clarion.domain import audience
from clarion.domain.errors import InvalidRequest, RequestError
from clarion.domain.segment_deciding import decider
from clarion.domain.segment_rule_parsing import parse
from clarion.domain.segment_rules import Rule, broadcast_ids, circle, segment_ids
from clarion.pipeline import known_segments
from clarion.pipeline.accept import parse_condition
from clarion.pipeline.known_segments import facts_of
from clarion.store import broadcasts, browsing, numbers, people, segment_rules, segments, triggers, watched_messages
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.segments import Segment

_STRETCH = 500
_POINTER = "/conditions"
_PLACES = {"recipients": "recipients", "goal": "goal", "condition": "condition of an action", "action": "workflow"}
_MOST_USES = 5


def create(
    tx: Transaction, workspace: Workspace, name: str, description: str, conditions: Mapping[str, Any]
) -> Segment:
    """A data-driven segment, to be built.

    Raises:
        InvalidRequest: the conditions break the grammar, or name a segment that is not there.
    """
    rule = parse(conditions)
    segment_rules.lock(tx, workspace)
    check_names(tx, workspace, rule)
    made = segments.create(tx, workspace, name, description)
    segment_rules.insert(tx, workspace, made.segment_id, conditions)
    watched_messages.watch(tx, made.segment_id, broadcast_ids(rule))
    return segments.get(tx, workspace, made.segment_id) or made


def change(tx: Transaction, workspace: Workspace, segment_id: int, conditions: Mapping[str, Any] | None) -> None:
    """Other conditions for a segment, or the same again: it is built anew, and its members stay until then.

    Raises:
        InvalidRequest: the conditions break the grammar, name a segment that is not there, or lead back to this one;
            the segment is a manual one.
    """
    segment_rules.lock(tx, workspace)
    known = known_segments.of_workspace(tx, workspace)
    if segment_id not in known.rules:
        raise InvalidRequest("a manual segment has no conditions: people are put into it", _POINTER)
    rule = parse(conditions)
    check_names(tx, workspace, rule)
    named = {number: segment_ids(one) for number, one in known.rules.items()}
    if path := circle(segment_id, {**named, segment_id: segment_ids(rule)}):
        names = {one.segment_id: one.name for one in segments.listing(tx, workspace)}
        way = " → ".join(names.get(number, str(number)) for number in path)
        raise InvalidRequest(f"a segment can not be made of itself: {way}", _POINTER)
    segment_rules.change(tx, workspace, segment_id, conditions)
    watched_messages.watch(tx, segment_id, broadcast_ids(rule))


def check_names(tx: Transaction, workspace: Workspace, rule: Rule) -> None:
    """Raises InvalidRequest when conditions name a segment or a broadcast that is not there."""
    for segment_id in sorted(segment_ids(rule)):
        if not segments.lock(tx, workspace, segment_id):
            raise InvalidRequest(f"there is no segment {segment_id}", _POINTER)
    refuse_unknown_broadcasts(tx, workspace, rule)


def refuse_unknown_broadcasts(tx: Transaction, workspace: Workspace, rule: Rule) -> dict[int, str]:
    """Names of the broadcasts that conditions look at.

    Raises:
        InvalidRequest: one of them is not there.
    """
    names = {}
    for broadcast_id in sorted(broadcast_ids(rule)):
        broadcast = broadcasts.get(tx, workspace, broadcast_id)
        if broadcast is None:
            raise InvalidRequest(f"there is no broadcast {broadcast_id}", _POINTER)
        names[broadcast_id] = broadcast.name
    return names


def refuse_in_use(tx: Transaction, workspace: Workspace, segment_id: int) -> None:
    """A segment that something names stays: without it "not in this segment" would be everybody.

    Raises:
        RequestError: the default audience of a broadcast names it, its goal, an action or its condition, an audience
            that is still to be worked out, or another segment; it says which.
    """
    uses = [
        f"by the {_PLACES[place]} of broadcast {one.broadcast_id} ({one.name})"
        for one in broadcasts.naming_segments(tx, workspace)
        for place in one.places.get(segment_id, ())
    ]
    waiting = (audience.segment_ids(parse_condition(one)) for one in triggers.conditions_waiting(tx, workspace))
    if any(segment_id in named for named in waiting):
        uses.append("by a trigger whose audience is still to be worked out")
    if others := dependents(tx, workspace).get(segment_id):
        names = {one.segment_id: one.name for one in segments.listing(tx, workspace)}
        uses += [f"by the segment {other} ({names[other]})" for other in others]
    if uses:
        more = f", and {len(uses) - _MOST_USES} more" if len(uses) > _MOST_USES else ""
        raise RequestError(f"unable to delete segment in use: {', '.join(uses[:_MOST_USES])}{more}")


def dependents(tx: Transaction, workspace: Workspace) -> dict[int, list[int]]:
    """By segment, the data-driven ones that name it."""
    return {number: sorted(some) for number, some in known_segments.of_workspace(tx, workspace).dependents.items()}


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many people match; not `exact`: scaled up from the share of them that was looked at."""

    people: int
    exact: bool


def estimate(
    tx: Transaction,
    workspace: Workspace,
    rule: Rule,
    *,
    seconds: float,
    dice: random.Random,
    stretch: int = _STRETCH,
    clock: Callable[[], float] = time.monotonic,
) -> Estimate:
    """Count for at most about `seconds`, here and there: the old and the new are asked alike."""
    lowest, _ = numbers.person_range(workspace.workspace_id)
    last = people.last_person(tx, workspace)
    starts = list(range(lowest - 1, last, stretch))
    dice.shuffle(starts)
    decides, until, matching, looked_at = decider(rule), clock() + seconds, 0, 0
    for no, after in enumerate(starts):
        some = browsing.stretch(tx, after=after, until=min(after + stretch, last))
        matching += sum(decides(facts)[0] for facts in facts_of(tx, {(rule,): some}).values())
        looked_at = no + 1
        if clock() >= until:
            break
    exact = looked_at == len(starts)
    return Estimate(matching if exact else round(matching * len(starts) / looked_at), exact)
