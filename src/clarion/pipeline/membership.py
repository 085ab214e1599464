# SPDX-License-Identifier: Apache-2.0
"""Putting people into manual segments and taking them out (contract §8).

A state path. Read: which of the people named exist, and the segment, both held until the commit. Committed:
memberships and the segment's size together. Crash: before the commit nothing happened; a repeat of the call
changes nothing more.
"""

from collections.abc import Sequence

from clarion.domain.errors import NotFound
from clarion.domain.people import IdKind
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
    # People before the segment, as deleting a person does it: the same order everywhere, no deadlock.
    found = people.hold(tx, workspace, people.numbers_of(tx, workspace, kind, values))
    if not segments.lock(tx, workspace, segment_id):
        raise NotFound(f"there is no segment {segment_id}")
    return segments.add(tx, segment_id, found) if add else segments.remove(tx, segment_id, found)
