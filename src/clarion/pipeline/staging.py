# SPDX-License-Identifier: Apache-2.0
"""Staging: people who are named line by line become entries, stretch by stretch, before anybody is in the ledger.

For data files and for streamed calls alike. A stretch's entries, its errors and the checkpoint behind it are one
transaction under the trigger's resolve lease; what a dead process staged is either gone on with or taken away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from clarion.pipeline.data_file import Entry
from clarion.pipeline.data_file import Line as FileLine
from clarion.pipeline.naming import Line, Named, name_people
from clarion.store import triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.slices import LostLease
from clarion.store.triggers import LineError, Trigger

_DROPPED_AT_ONCE = 20_000
_STRETCH_BYTES = 8 * 2**20


def name(store: Store, trigger: Trigger, workspace: Workspace, stretch: Sequence[FileLine]) -> Named:
    """Who a stretch of lines names; outside the transaction that stores it, which stays the shorter. Blocking."""
    numbered: list[Line] = [(item.line, item if isinstance(item, Entry) else item.text) for item in stretch]
    return store.read(lambda tx: name_people(tx, workspace, numbered, trigger.flags, first_entry=trigger.next_entry))


def keep(
    tx: Transaction,
    *,
    trigger: Trigger,
    named: Named,
    stretch: Sequence[FileLine],
    done: bool,
    lease_ms: int,
) -> bool:
    """Store a stretch of lines with the checkpoint behind it. False when the lease is lost."""
    return triggers.advance_file(
        tx,
        trigger,
        offset=stretch[-1].end_offset if stretch else trigger.file_offset,
        line=stretch[-1].line if stretch else trigger.file_line,
        done=done,
        entries=named.entries,
        errors=named.errors,
        missing=named.missing,
        lease_ms=lease_ms,
    )


def moved(trigger: Trigger, named: Named, stretch: Sequence[FileLine]) -> Trigger:
    """The trigger as it stands once `keep` is committed: the next stretch is named while this one is stored."""
    return replace(
        trigger,
        file_offset=stretch[-1].end_offset if stretch else trigger.file_offset,
        file_line=stretch[-1].line if stretch else trigger.file_line,
        next_entry=trigger.next_entry + len(named.entries),
        missing=trigger.missing + named.missing,
        error_count=trigger.error_count + len(named.errors),
    )


def take(lines: Iterator[FileLine], most: int, begun: int) -> tuple[list[FileLine], bool]:
    """The next stretch of a file that is read from byte `begun` on, and whether the file ended with it."""
    stretch: list[FileLine] = []
    for line in lines:
        stretch.append(line)
        if len(stretch) == most or line.end_offset - begun > _STRETCH_BYTES:
            return stretch, False
    return stretch, True


def abandon(store: Store, trigger: Trigger, why: str, lease_ms: int) -> None:
    """Take the staged people away and end the trigger: half an audience is none. Blocking.

    The people go first, in short transactions: whoever dies in the middle leaves a lease that runs out, and the
    next holder does this again.

    Raises:
        LostLease: somebody else holds the trigger, or it was stopped.
    """
    staged = store.read(lambda tx: triggers.get(tx, trigger.trigger_id)) or trigger
    for upto in range(_DROPPED_AT_ONCE, staged.next_entry + _DROPPED_AT_ONCE, _DROPPED_AT_ONCE):
        drop = partial(triggers.drop_entries_to, trigger=trigger, upto=upto, lease_ms=lease_ms)
        if not store.write(drop):
            raise LostLease(f"trigger {trigger.trigger_id} was stopped or taken")
    store.write(lambda tx: triggers.fail(tx, _with_errors(trigger, staged), why, LineError(None, why)))


def _with_errors(held: Trigger, staged: Trigger) -> Trigger:
    """The trigger as staged, if it is still the same holder's."""
    return staged if staged.resolve_fence == held.resolve_fence else held
