# SPDX-License-Identifier: Apache-2.0
"""Gather, the reading half of resolve: who comes next in an audience, by filter or named one by one, and who of them
does not match an action's condition. Writes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from clarion.domain.broadcasts import Action
from clarion.domain.deliveries import Reason
from clarion.pipeline.accept import parse_condition
from clarion.store import entries, ledger
from clarion.store.access import Workspace
from clarion.store.audience import Selection
from clarion.store.conditions import unmatched
from clarion.store.engine import Store
from clarion.store.people import suppressed_among
from clarion.store.triggers import Trigger

_WIDEST = 16  # times the people of a range: how many are looked at in one statement when few of them match


@dataclass(frozen=True, slots=True)
class Odd:
    """What may keep a member of the audience from getting something; of most people nothing does.

    `unmatched`: the actions whose condition they do not match.
    """

    unsubscribed: bool = False
    without_email: bool = False
    gone: Reason | None = None
    repeated: bool = False
    unmatched: frozenset[int] = frozenset()


_NOTHING = Odd()


@dataclass(frozen=True, slots=True)
class Gathered:
    """The members of a range, in order; `odd` by place. Those named one by one have entries from `first_entry` on.

    `reached`: how far the checkpoint may move when they are in the ledger.
    """

    person_ids: Sequence[int]
    reached: int
    odd: Mapping[int, Odd]
    first_entry: int | None = None


Gather = Callable[[Trigger], Gathered]
"""The next range behind the checkpoint of the trigger as it stands."""


def gathering(store: Store, workspace: Workspace, trigger: Trigger, most: int, actions: Sequence[Action]) -> Gather:
    """How to gather this trigger's audience for its frozen actions, at most `most` people at once. Blocking."""
    if trigger.condition is None:
        gather = _Named(store, trigger.trigger_id, most).gather
    else:
        condition = parse_condition(trigger.condition)
        selection = Selection(store.engine, workspace, condition, created_before_ms=trigger.people_until_ms)
        gather = _Filtered(store, selection, most).gather
    some = [action for action in actions if action.condition]
    return _Conditioned(store, gather, some).gather if some else gather


class _Conditioned:
    """What another gathers, asked for each action that has a condition whether they match it."""

    def __init__(self, store: Store, gather: Gather, actions: Sequence[Action]) -> None:
        self._store = store
        self._gather = gather
        self._action_ids = [action.action_id for action in actions]
        self._conditions = [parse_condition(action.condition) for action in actions]

    def gather(self, trigger: Trigger) -> Gathered:
        members = self._gather(trigger)
        if not members.person_ids:
            return members
        ask = partial(unmatched, conditions=self._conditions, person_ids=members.person_ids)
        left_out: dict[int, frozenset[int]] = {}
        for action_id, some in zip(self._action_ids, self._store.read(ask), strict=True):
            this = frozenset((action_id,))
            left_out.update({person_id: left_out.get(person_id, frozenset()) | this for person_id in some})
        odd = dict(members.odd)
        for place, person_id in enumerate(members.person_ids):
            if without := left_out.get(person_id):
                odd[place] = replace(odd.get(place, _NOTHING), unmatched=without)
        return replace(members, odd=odd)


class _Filtered:
    """By filter: a stretch of keys at a time, the wider the fewer match, so that no statement runs for long."""

    def __init__(self, store: Store, selection: Selection, most: int) -> None:
        self._store = store
        self._selection = selection
        self._most = most
        self._span = most

    def gather(self, trigger: Trigger) -> Gathered:
        after, lowest = trigger.resolved_to, self._selection.lowest
        until = min(trigger.resolve_until, max(after, lowest) + self._span)
        found = self._store.read(lambda tx: self._selection.members(tx, after=after, until=until, most=self._most))
        if found.looked_at < self._most // 4:
            self._span = min(self._span * 2, self._most * _WIDEST)
        odd = {
            place: Odd(unsubscribed=place in found.unsubscribed, without_email=place in found.without_email)
            for place in found.unsubscribed | found.without_email
        }
        members = Gathered(found.person_ids, found.reached, odd)
        return self._who_joined(trigger, members) if trigger.joins else members

    def _who_joined(self, trigger: Trigger, members: Gathered) -> Gathered:
        """Sent again to those who joined since: the others are in the ledger already."""
        ask = partial(ledger.known_people, trigger_id=trigger.trigger_id, person_ids=members.person_ids)
        known = self._store.read(ask) if members.person_ids else set()
        new = [place for place, person_id in enumerate(members.person_ids) if person_id not in known]
        odd = {at: members.odd[place] for at, place in enumerate(new) if place in members.odd}
        return Gathered([members.person_ids[place] for place in new], members.reached, odd)


class _Named:
    """Named one by one, in the order they were named."""

    def __init__(self, store: Store, trigger_id: int, most: int) -> None:
        self._store = store
        self._most = most
        self._repeats = store.read(partial(entries.names_repeat, trigger_id=trigger_id))

    def gather(self, trigger: Trigger) -> Gathered:
        after = trigger.resolved_to
        upto = min(after + self._most, trigger.resolve_until)
        ask = partial(
            entries.named_people, trigger_id=trigger.trigger_id, after=after, upto=upto, repeats=self._repeats
        )
        person_ids, flagged = self._store.read(ask)
        vanished = [person_ids[place] for place, flags in flagged.items() if flags & entries.VANISHED]
        suppressed: set[int] = set()
        if vanished:
            suppressed = self._store.read(lambda tx: suppressed_among(tx, vanished))
        told = {place: _odd(flags, person_ids[place] in suppressed) for place, flags in flagged.items()}
        return Gathered(person_ids, upto, told, after + 1)


def _odd(flags: int, suppressed: bool) -> Odd:
    gone = None
    if flags & entries.VANISHED:
        gone = Reason.SUPPRESSED if suppressed else Reason.DELETED
    return Odd(
        unsubscribed=bool(flags & entries.UNSUBSCRIBED),
        without_email=bool(flags & entries.WITHOUT_EMAIL),
        gone=gone,
        repeated=bool(flags & entries.REPEATED),
    )
