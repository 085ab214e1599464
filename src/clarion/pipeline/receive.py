# SPDX-License-Identifier: Apache-2.0
"""Stage 1 for a trigger call that brings its people with it, line by line, up to millions of them.

Commits first the trigger, held under a resolve lease so that nobody works on it; then stretches of people with a
checkpoint, as they arrive; at the end, in one transaction, the last stretch, the end of the lease and the job. Until
then nobody is in the ledger. If the caller goes away, the trigger fails and what was staged is taken away; if the
process dies, the lease runs out and the next worker does the same: never half an audience.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from clarion.domain.errors import InvalidRequest
from clarion.domain.triggers import Selector, TriggerRequest
from clarion.pipeline import reaching, staging
from clarion.pipeline.accept import Limits, SubmitResolve, admit, hold_segments
from clarion.pipeline.data_file import Line, LineSplitter
from clarion.pipeline.freezing import frozen
from clarion.pipeline.naming import Named
from clarion.store import access, attachments, broadcasts, triggers, versions
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.slices import LostLease
from clarion.store.triggers import Trigger

ENDED_EARLY = "the call ended before its last line was received"
_STOPPED = "the trigger was stopped while it was received"
_OWNER = "receiver"  # no process's name: nobody is known to be dead by it
_LEASE_MS = 60_000
_STRETCH_BYTES = 2**19
_STRETCH_LINES = 2_000
_MOST_SECONDS = 15.0  # between two stretches: a slow caller keeps the lease


@dataclass(frozen=True, slots=True)
class Received:
    """The trigger's number; `refused`: lines of it do not name a person, and nobody is sent anything."""

    trigger_id: int
    refused: bool


def begin(
    tx: Transaction,
    workspace: Workspace,
    broadcast_id: int,
    request: TriggerRequest,
    *,
    limits: Limits,
    by: str | None = None,
) -> Trigger:
    """Write the trigger down, with nobody in it, and hold it; `by`: whose it is.

    Raises:
        NotFound: no such broadcast in this workspace.
        InvalidRequest: the first line names an audience of its own, the broadcast is not active, or an action's
            condition names a segment that does not exist.
        RateLimited: within the interval of the last one, or too many are unfinished.
    """
    if request.selector is not Selector.DEFAULT:
        raise InvalidRequest("the people are the lines that follow: give none here", f"/{request.selector.value}")
    broadcast = admit(tx, workspace, broadcast_id, limits)
    content = hold_segments(tx, workspace, frozen(tx, workspace, broadcast))
    trigger_id = triggers.create(
        tx,
        workspace,
        broadcast_id,
        selector=Selector.STREAM,
        condition=None,
        echo={},
        data=request.data,
        flags=request.flags,
        content_hash=triggers.save_content(tx, content),
        resolve_until=0,
        by=by,
    )
    attachments.hold(tx, trigger_id, content)
    versions.taken(tx, broadcast, trigger_id)
    reaching.aim(tx, workspace, broadcast, trigger_id)
    held = triggers.hold(tx, _OWNER, _LEASE_MS, trigger_id)
    if held is None:
        raise AssertionError("a new trigger can be held")
    return held


class Receiver:
    """Takes the lines of one call. `add` is cheap; `stage`, `finish` and `abandon` block on the database."""

    def __init__(
        self, store: Store, trigger: Trigger, *, offset: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._trigger = trigger
        self._now = now
        self._splitter = LineSplitter(offset=offset, line_no=1)  # the call's own object was line 1
        self._waiting = bytearray()
        self._staged_at = now()

    @property
    def trigger_id(self) -> int:
        """The trigger that is received."""
        return self._trigger.trigger_id

    def add(self, piece: bytes) -> bool:
        """Keep a piece of the body; True when it is time to `stage` what is kept."""
        self._waiting += piece
        return len(self._waiting) >= _STRETCH_BYTES or self._now() - self._staged_at > _MOST_SECONDS

    def stage(self) -> None:
        """Store what was kept.

        Raises:
            LostLease: the trigger was stopped.
        """
        piece, self._waiting = bytes(self._waiting), bytearray()
        stretch = self._splitter.feed(piece)
        for start in range(0, max(1, len(stretch)), _STRETCH_LINES):
            self._write(stretch[start : start + _STRETCH_LINES])
        self._staged_at = self._now()

    def _write(self, stretch: list[Line]) -> None:
        current = self._current()
        keep = partial(
            staging.keep,
            trigger=current,
            named=self._name(current, stretch),
            stretch=stretch,
            done=False,
            lease_ms=_LEASE_MS,
        )
        if not self._store.write(keep):
            raise LostLease(_STOPPED)

    def _name(self, current: Trigger, stretch: list[Line]) -> Named:
        workspace = self._store.read(partial(access.workspace, workspace_id=current.workspace_id))
        if workspace is None:
            raise LostLease("the workspace is gone")
        return staging.name(self._store, current, workspace, stretch)

    def finish(self, submit: SubmitResolve) -> Received:
        """The body is complete: hand the trigger over, or end it when lines name nobody and no flag excuses them.

        Raises:
            LostLease: the trigger was stopped.
            InvalidRequest: not one line followed the first.
        """
        self.stage()
        rest = self._splitter.end()
        current = self._current()
        if current.file_line == 0 and not rest:
            raise InvalidRequest("no line follows the first: name at least one person")
        named = self._name(current, rest)

        def last(tx: Transaction) -> Received:
            if not staging.keep(tx, trigger=current, named=named, stretch=rest, done=True, lease_ms=_LEASE_MS):
                raise LostLease(_STOPPED)
            whole = triggers.get(tx, current.trigger_id) or current
            if whole.missing:
                triggers.fail(tx, whole, f"{whole.missing} lines do not name a person")
                return Received(whole.trigger_id, refused=True)
            triggers.release(tx, whole)
            broadcasts.note_trigger(tx, whole.broadcast_id)
            submit(tx, whole.trigger_id)
            return Received(whole.trigger_id, refused=False)

        return self._store.write(last)

    def _current(self) -> Trigger:
        current = self._store.read(lambda tx: triggers.get(tx, self._trigger.trigger_id))
        if current is None or current.resolve_fence != self._trigger.resolve_fence:
            raise LostLease("another process holds the trigger")
        return current

    def abandon(self, why: str) -> None:
        """Nothing more will come, or nothing more is wanted. `why` is what the trigger's errors will say."""
        staging.abandon(self._store, self._trigger, why, _LEASE_MS)
