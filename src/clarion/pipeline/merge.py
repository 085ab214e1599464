# SPDX-License-Identifier: Apache-2.0
"""Two people turn out to be one (contract §8.5).

This is a state path.

Read: both, under row locks taken in the order of their numbers, and read again after it. Committed, in the caller's
one transaction: everything that the second had is the first one's, and the second is gone. Crash: before the commit
nothing happened; after it the repeat finds no second person and changes nothing.

A trigger that is being sent: an account that is made out for the second person is not sent, as for anybody who was
deleted meanwhile; the first person's own account, if there is one, is sent. So nobody is sent twice by it.
"""

from dataclasses import replace
from typing import Any

from clarion.domain.operations import Merge
from clarion.domain.people import MAX_ATTRIBUTES, Person, Reference
from clarion.pipeline import membership
from clarion.store import merging, people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction


def merge(tx: Transaction, workspace: Workspace, call: Merge) -> bool:
    """Merge; False, and nothing is changed, unless there are both and they are two (contract §8.5)."""
    found = [_find(tx, workspace, reference) for reference in (call.reference, call.secondary)]
    if None in found or found[0] == found[1]:
        return False
    numbers = [number for number in found if number is not None]
    people.lock_many(tx, workspace, numbers)
    primary, secondary = (people.lock(tx, workspace, number) for number in numbers)
    if primary is None or secondary is None:
        return False
    # First: their identifiers become free by it.
    for segment_id in merging.leave(tx, secondary.person_id, primary.person_id):
        membership.moved(tx, segment_id, [primary.person_id], entered=True)
    after = _together(primary, secondary)
    if after != primary:
        people.update(tx, workspace, after)
    return True


def _find(tx: Transaction, workspace: Workspace, reference: Reference) -> int | None:
    found = people.find(tx, workspace, reference)
    return found[0].person_id if found else None


def _together(primary: Person, secondary: Person) -> Person:
    """The first one with whatever only the second one had. No more than 300 attributes: the rest is left out."""
    attributes: dict[str, Any] = dict(primary.attributes)
    changed = dict(primary.changed)
    for name, value in secondary.attributes.items():
        is_missing = attributes.get(name) in (None, "")
        if is_missing and value not in (None, "") and (name in attributes or len(attributes) < MAX_ATTRIBUTES):
            attributes[name] = value
            if name in secondary.changed:
                changed[name] = secondary.changed[name]
    after = replace(primary, attributes=attributes, changed=changed)
    if after.id is None and secondary.id is not None:
        after = replace(after, id=secondary.id)
    if after.email is None and secondary.email is not None:
        after = replace(after, email=secondary.email)
    return after
