# SPDX-License-Identifier: Apache-2.0
"""People come into segments and leave them (contract §8). Whoever is to know of it is told by `moved`, and only there.

A state path. Read: which of the people named exist, and the segment, both held until the commit. Committed:
memberships, the segment's size and who came or left, together. Crash: before the commit nothing happened; a repeat of
the call changes nothing more.
"""

from collections.abc import Iterable, Sequence

from clarion.domain.errors import NotFound
from clarion.domain.people import IdKind
from clarion.pipeline import reaching
from clarion.store import people, segments
from clarion.store.access import Workspace
from clarion.store.engine import Transaction


def change_members(
    tx: Transaction, workspace: Workspace, segment_id: int, kind: IdKind, values: Sequence[str], *, add: bool
) -> int:
    """Put the people named into a segment, or take them out; how many that changed.

    Who does not exist is passed over (contract §8).

    Raises:
        NotFound: no such segment in this workspace.
    """
    return change(tx, workspace, segment_id, people.numbers_of(tx, workspace, kind, values), add=add)


def change(tx: Transaction, workspace: Workspace, segment_id: int, person_ids: Iterable[int], *, add: bool) -> int:
    """The same by their numbers.

    Raises:
        NotFound: no such segment in this workspace.
    """
    # People before the segment, as deleting a person does it: the same order everywhere, no deadlock.
    found = people.hold(tx, workspace, person_ids)
    if not segments.lock(tx, workspace, segment_id):
        raise NotFound(f"there is no segment {segment_id}")
    some = segments.add(tx, segment_id, found) if add else segments.remove(tx, segment_id, found)
    moved(tx, segment_id, some, entered=add)
    return len(some)


def moved(tx: Transaction, segment_id: int, person_ids: Sequence[int], *, entered: bool) -> None:
    """These people came into a segment, or left it, in this transaction; they were not there, or were, before it.

    Nobody is told of who leaves because they are deleted.
    """
    if person_ids:
        now_ms = tx.now_ms()
        segments.note_changes(tx, segment_id, person_ids, now_ms, entered=entered)
        reaching.note_moved(tx, segment_id, person_ids, now_ms, entered=entered)
