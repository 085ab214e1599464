# SPDX-License-Identifier: Apache-2.0
"""People come into segments and leave them (contract §8). Whoever is to know of it is told by `moved`, and only there.

A state path. Read: the people concerned, locked until the commit, then the conditions of the data-driven segments, what
these people did, and where they are. Committed, in the caller's transaction: memberships, the segments' sizes, who came
or left, and when somebody is to be decided about again. So a person's own data and the segments that follow from
it are never apart. Crash: before the commit nothing happened; a repeat of the call changes nothing more.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from clarion.domain.errors import NotFound, RequestError
from clarion.domain.people import IdKind, Person
from clarion.domain.segment_deciding import NEVER
from clarion.domain.segment_rules import Rule
from clarion.pipeline import known_segments, reaching
from clarion.pipeline.known_segments import KnownSegments, facts_of
from clarion.store import people, segment_rules, segments
from clarion.store.access import Workspace
from clarion.store.activities import Happened
from clarion.store.engine import Transaction
from clarion.store.segment_rules import Due


def change_members(
    tx: Transaction, workspace: Workspace, segment_id: int, kind: IdKind, values: Sequence[str], *, add: bool
) -> int:
    """Put the people named into a manual segment, or take them out; how many that changed.

    Who does not exist is passed over (contract §8).

    Raises:
        NotFound: no such segment in this workspace. RequestError: it is data-driven.
    """
    return change(tx, workspace, segment_id, people.numbers_of(tx, workspace, kind, values), add=add)


def change(tx: Transaction, workspace: Workspace, segment_id: int, person_ids: Iterable[int], *, add: bool) -> int:
    """The same by their numbers.

    Raises:
        NotFound: no such segment in this workspace. RequestError: it is data-driven.
    """
    # People before the segment, as deleting a person does it: the same order everywhere, no deadlock. Locked for
    # themselves: whoever changes them in another segment waits, so that what both lead to is seen by one of them.
    wanted = list(person_ids)
    people.lock_many(tx, workspace, wanted)
    found = people.hold(tx, workspace, wanted)
    if not segments.lock(tx, workspace, segment_id):
        raise NotFound(f"there is no segment {segment_id}")
    known = known_segments.of_workspace(tx, workspace)
    if segment_id in known.rules:
        raise RequestError("the segment is data-driven: people come into it by its conditions")
    some = segments.add(tx, segment_id, found) if add else segments.remove(tx, segment_id, found)
    moved(tx, segment_id, some, entered=add)
    if dependents := known.dependents.get(segment_id):
        decide(tx, workspace, known, dict.fromkeys(some, dependents))
    return len(some)


def moved(tx: Transaction, segment_id: int, person_ids: Sequence[int], *, entered: bool) -> None:
    """These people came into a segment, or left it, in this transaction; they were not there, or were, before it.

    Nobody is told of who leaves because they are deleted, and of whom conditions find when they are set or changed.
    """
    if person_ids:
        now_ms = tx.now_ms()
        segments.note_changes(tx, segment_id, person_ids, now_ms, entered=entered)
        reaching.note_moved(tx, segment_id, person_ids, now_ms, entered=entered)


def follow(tx: Transaction, workspace: Workspace, happened: Sequence[Happened]) -> None:
    """Let data-driven segments follow what this transaction wrote of people whom it holds."""
    if not happened:
        return
    known = known_segments.of_workspace(tx, workspace)
    if not known.rules:
        return
    asked: defaultdict[int, frozenset[int]] = defaultdict(frozenset)
    for one in happened:
        asked[one.person_id] |= known.concerned(one)
    decide(tx, workspace, known, {number: some for number, some in asked.items() if some})


def decide(
    tx: Transaction,
    workspace: Workspace,
    known: KnownSegments,
    asked: Mapping[int, Iterable[int]],
    *,
    told: bool = True,
) -> None:
    """Decide about people, who are held, for some segments each, and for those that are made of what changes by it.

    `told`: False of a segment that is being built.
    """
    open_ = {number: set(some) for number, some in asked.items()}
    groups: dict[frozenset[int], list[Person]] = {}
    for person in people.by_numbers(tx, workspace, open_):
        groups.setdefault(frozenset(open_[person.person_id]), []).append(person)
    by_rules: dict[tuple[Rule, ...], list[Person]] = {}
    involved: set[int] = set()
    for some, group in groups.items():
        whole = known.with_dependents(some)
        involved |= whole
        by_rules.setdefault(tuple(known.rules[segment_id] for segment_id in sorted(whole)), []).extend(group)
    facts = facts_of(tx, by_rules, involved)
    moves: dict[tuple[int, bool], list[int]] = {}
    due: list[Due] = []
    for segment_id in known.order:
        if segment_id not in involved:
            continue
        decides, dependents = known.deciders[segment_id], known.dependents.get(segment_id, frozenset())
        for number, seen in facts.items():
            if segment_id not in open_[number]:
                continue
            holds, due_ms = decides(seen)
            if due_ms < NEVER:
                due.append(Due(number, segment_id, due_ms))
            if holds is not (segment_id in seen.segments):
                (seen.segments.add if holds else seen.segments.discard)(segment_id)
                moves.setdefault((segment_id, holds), []).append(number)
                open_[number] |= dependents
    segment_rules.note_due(tx, due)
    for (segment_id, holds), numbers in sorted(moves.items()):
        really = segments.add(tx, segment_id, numbers) if holds else segments.remove(tx, segment_id, numbers)
        if told:
            moved(tx, segment_id, really, entered=holds)
