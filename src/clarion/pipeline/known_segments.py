# SPDX-License-Identifier: Apache-2.0
"""The data-driven segments of a workspace made ready: whom a change concerns, in which order they are decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from clarion.domain.people import Person
from clarion.domain.segment_deciding import Decide, Facts, decider
from clarion.domain.segment_rule_parsing import stored
from clarion.domain.segment_rules import (
    Demand,
    EventKind,
    Rule,
    attribute_names,
    broadcast_ids,
    demands,
    event_names,
    in_order,
    segment_ids,
)
from clarion.store import segment_rules, segments, watched_messages
from clarion.store.access import Workspace
from clarion.store.activities import Happened
from clarion.store.engine import Transaction
from clarion.store.segment_rules import Events

_EVERYTHING = frozenset({"profile_create", "profile_merge", "anon_merge"})


@dataclass(frozen=True, slots=True)
class KnownSegments:
    """`order`: each behind those that it names. `dependents`: by segment, of any kind, those that name it. Attributes
    and events lead to the segments that look at them."""

    rules: Mapping[int, Rule]
    deciders: Mapping[int, Decide]
    order: Sequence[int]
    dependents: Mapping[int, frozenset[int]]
    attributes: Mapping[str, frozenset[int]]
    events: Mapping[tuple[EventKind, str], frozenset[int]]

    def concerned(self, one: Happened) -> frozenset[int]:
        """The segments in which it may change something that this happened to a person."""
        if one.kind in _EVERYTHING:
            return frozenset(self.rules)
        if one.kind == "attribute_change":
            return frozenset().union(*(self.attributes.get(name, frozenset()) for name in one.data))
        if one.kind in list(EventKind):
            return self.events.get((EventKind(one.kind), one.name), frozenset())
        return frozenset()

    def with_dependents(self, some: Iterable[int]) -> frozenset[int]:
        """These, those that name them, those that name those, and so on."""
        found: set[int] = set()
        waiting = list(some)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting.extend(self.dependents.get(one, ()))
        return frozenset(found & self.rules.keys())


def of_workspace(tx: Transaction, workspace: Workspace) -> KnownSegments:
    """Those that there are now; read after the first write of a transaction that changes people."""
    return _made(segment_rules.of_workspace(tx, workspace.workspace_id))


@lru_cache(maxsize=256)
def _made(texts: tuple[tuple[int, str], ...]) -> KnownSegments:
    rules = {segment_id: stored(text) for segment_id, text in texts}
    named = {segment_id: segment_ids(rule) for segment_id, rule in rules.items()}
    attributes: dict[str, set[int]] = {}
    events: dict[tuple[EventKind, str], set[int]] = {}
    dependents: dict[int, set[int]] = {}
    for segment_id, rule in rules.items():
        for name in attribute_names(rule):
            parts = name.split(".")
            for length in range(1, len(parts) + 1):  # what is inside an attribute changes with it
                attributes.setdefault(".".join(parts[:length]), set()).add(segment_id)
        for event in event_names(rule):
            events.setdefault(event, set()).add(segment_id)
        for other in named[segment_id]:
            dependents.setdefault(other, set()).add(segment_id)
    return KnownSegments(
        rules,
        {segment_id: decider(rule) for segment_id, rule in rules.items()},
        in_order(named),
        {key: frozenset(some) for key, some in dependents.items()},
        {key: frozenset(some) for key, some in attributes.items()},
        {key: frozenset(some) for key, some in events.items()},
    )


def facts_of(
    tx: Transaction, some: Mapping[tuple[Rule, ...], Sequence[Person]], members_of: Iterable[int] = ()
) -> dict[int, Facts]:
    """Of people, by the rules that are to be decided, what these look at; memberships also of `members_of`."""
    ids = [person.person_id for group in some.values() for person in group]
    wanted = frozenset(members_of).union(*(segment_ids(rule) for rules in some for rule in rules))
    memberships = segments.memberships(tx, wanted, ids) if wanted else {number: set() for number in ids}
    now_ms = tx.now_ms()
    of_event: dict[tuple[EventKind, str], list[int]] = {}
    wants: dict[tuple[EventKind, str], Demand] = {}
    for rules, group in some.items():
        for event, demand in demands(*rules).items():
            wants[event] = wants[event].joined(demand) if event in wants else demand
            of_event.setdefault(event, []).extend(person.person_id for person in group)
    did: dict[int, Events] = {number: {} for number in ids}
    for event, demand in wants.items():
        for number, found in segment_rules.events(tx, of_event[event], event, demand, now_ms).items():
            did[number][event] = found
    of_broadcasts = frozenset[int]().union(*(broadcast_ids(rule) for rules in some for rule in rules))
    became = watched_messages.of_people(tx, of_broadcasts, ids)
    return {
        number: Facts(_attributes(person), memberships[number], did[number], became[number], now_ms)
        for group in some.values()
        for person in group
        for number in (person.person_id,)
    }


def _attributes(person: Person) -> dict[str, object]:
    found: dict[str, object] = {**person.attributes, "cio_id": person.cio_id}
    if person.id is not None:
        found["id"] = person.id
    if person.email is not None:
        found["email"] = person.email
    return found
