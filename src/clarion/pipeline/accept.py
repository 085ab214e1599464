# SPDX-License-Identifier: Apache-2.0
"""Stage 1, accept: check a trigger call against its broadcast and the limits; write one trigger row.

Reads the broadcast, its snippets and the people that are named. Commits, in one transaction, the trigger, its
frozen content, a note on the version that it sends, the people named in the call and the job that resolves the
audience. If the process dies before the commit nothing exists and the caller got no answer; after it, the trigger is
worked whether the caller heard of it or not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from clarion.domain import audience
from clarion.domain.broadcasts import Action, Broadcast, FrozenContent
from clarion.domain.errors import InvalidRequest, NotFound, RateLimited
from clarion.domain.triggers import Selector, TriggerRequest
from clarion.pipeline import reaching
from clarion.pipeline.freezing import frozen
from clarion.pipeline.naming import Named, name_people
from clarion.store import attachments, broadcasts, people, segments, triggers, versions
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.entries import NOBODY

_MAX_ECHO_BYTES = 1_000_000

SubmitResolve = Callable[[Transaction, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """`interval_ms`: the least time between two triggers of a broadcast; `queue`: unfinished ones at once."""

    interval_ms: int
    queue: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The trigger's number; `refused`: it exists only for its errors, nobody will be sent anything."""

    trigger_id: int
    refused: bool


def accept(
    tx: Transaction,
    workspace: Workspace,
    broadcast_id: int,
    request: TriggerRequest,
    *,
    limits: Limits,
    submit: SubmitResolve,
    by: str | None = None,
) -> Accepted:
    """Take a checked trigger call; `by`: whose it is.

    Raises:
        NotFound: no such broadcast in this workspace.
        InvalidRequest: the broadcast is not active, the filter or an action's condition names a segment that does not
            exist, or the time it is scheduled for is past.
        RateLimited: within the interval of the last one, or too many are unfinished.
    """
    broadcast = admit(tx, workspace, broadcast_id, limits)
    if request.scheduled_ms is not None and request.scheduled_ms <= tx.now_ms():
        raise InvalidRequest("must be in the future", "/scheduled_at")
    condition = _condition(tx, workspace, broadcast, request)
    content = hold_segments(tx, workspace, frozen(tx, workspace, broadcast))
    named = Named(NOBODY, (), 0, 0)
    if request.entries:
        lines = list(enumerate(request.entries, start=1))
        named = name_people(tx, workspace, lines, request.flags, first_entry=1)
    fatal = named.malformed + named.missing
    trigger_id = triggers.create(
        tx,
        workspace,
        broadcast_id,
        selector=request.selector,
        condition=condition,
        echo=_echo(request),
        data=request.data,
        flags=request.flags,
        content_hash=triggers.save_content(tx, content),
        resolve_until=people.last_person(tx, workspace) if condition is not None else len(named.entries),
        entries=NOBODY if fatal else named.entries,
        errors=named.errors,
        failure=f"{fatal} of {len(request.entries)} entries do not name a person" if fatal else None,
        scheduled_ms=request.scheduled_ms,
        expires_after_s=request.expires_after_s,
        by=by,
    )
    if not fatal:
        attachments.hold(tx, trigger_id, content)
        versions.taken(tx, broadcast, trigger_id)
        reaching.aim(tx, workspace, broadcast, trigger_id)
        broadcasts.note_trigger(tx, broadcast_id)
        if request.scheduled_ms is None:  # workers find a scheduled one by themselves when it is due
            submit(tx, trigger_id)
    return Accepted(trigger_id, refused=fatal > 0)


def hold_segments(tx: Transaction, workspace: Workspace, content: FrozenContent) -> FrozenContent:
    """The same content, when the segments that its conditions name are there: they stay until the audience is known.

    Raises:
        InvalidRequest: one of them does not exist.
    """
    for action in content.actions:
        for segment_id in sorted(audience.segment_ids(parse_condition(action.condition))):
            if not segments.lock(tx, workspace, segment_id):
                raise InvalidRequest(gone(action, segment_id))
    return content


def gone(action: Action, segment_id: int) -> str:
    """That a condition names a segment that there is not."""
    return f"segment {segment_id}, which the condition of action {action.action_id} names, does not exist"


def admit(tx: Transaction, workspace: Workspace, broadcast_id: int, limits: Limits) -> Broadcast:
    """The broadcast, locked, if a trigger of it may be taken now; raises as `accept` does."""
    since_ms = broadcasts.lock(tx, broadcast_id)
    broadcast = broadcasts.get(tx, workspace, broadcast_id)
    if broadcast is None:
        raise NotFound
    if not broadcast.active:
        raise InvalidRequest(f"broadcast {broadcast_id} is not active: activate it before triggering it")
    _check_limits(tx, broadcast_id, since_ms, limits)
    return broadcast


def _echo(request: TriggerRequest) -> dict[str, Any]:
    """The audience as it was sent, for the status answer; of a very large one only how many it names."""
    echo = request.echo or {}
    if len(request.entries) and len(msgspec.json.encode(echo)) > _MAX_ECHO_BYTES:
        return {f"{request.selector.value}_count": len(request.entries)}
    return echo


def _check_limits(tx: Transaction, broadcast_id: int, since_ms: int | None, limits: Limits) -> None:
    """The 10-second rule and the queue of 5 (contract §4); the broadcast is locked."""
    if since_ms is not None and since_ms < limits.interval_ms:
        seconds = -(-(limits.interval_ms - since_ms) // 1_000)
        raise RateLimited(f"rate limited to 1 trigger of a broadcast per {limits.interval_ms / 1_000:g}s", seconds)
    waiting = triggers.waiting(tx, broadcast_id)
    if waiting >= limits.queue:
        raise RateLimited(
            f"{waiting} triggers of this broadcast are not finished yet, {limits.queue} is the most: try again later",
            max(1, limits.interval_ms // 1_000),
        )


def _condition(
    tx: Transaction, workspace: Workspace, broadcast: Broadcast, request: TriggerRequest
) -> dict[str, Any] | None:
    """The filter to resolve, as JSON; None when people are named one by one."""
    if request.selector is Selector.RECIPIENTS and request.echo is not None:
        value, pointer = request.echo["recipients"], "/recipients"
    elif request.selector is Selector.DEFAULT:
        value, pointer = broadcast.recipients, ""
    else:
        return None
    condition = parse_condition(value)
    for segment_id in sorted(audience.segment_ids(condition)):
        # Locked, and the trigger names it from this commit on: nobody can delete it under the resolver.
        if not segments.lock(tx, workspace, segment_id):
            raise InvalidRequest(f"segment {segment_id} does not exist", pointer)
    return dict(value)


def parse_condition(value: dict[str, Any]) -> audience.Filter:
    """A stored filter; {} is everybody."""
    return audience.parse(value) if value else audience.Everybody()
