# SPDX-License-Identifier: Apache-2.0
"""Two errands for data-driven segments: going through everybody for new conditions, and looking again when time passes.

A state path. Building: read a batch of people, under row locks. Committed in one transaction, under a fence: who of
them is in, and how far it got. Crash: the lease runs out and another goes on behind the last batch; conditions that are
changed meanwhile take the fence, and building begins anew. Looking again: the marks of people whose time has come are
taken away in the transaction that decides about them; after a crash they are still there.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import structlog

from clarion.pipeline import known_segments, membership
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.store import access, browsing, numbers, people, segment_rules, watched_messages
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.segment_rules import Build

_log = structlog.get_logger("clarion.segments")
_LEASE_MS = 60_000
_AT_ONCE = 500  # few enough that nobody waits long for a person, or for SQLite's single writer
_TURN_SECONDS = 1.0
_WAIT_MS = 500


def errands(store: Store, failpoint: Failpoint = nothing) -> tuple[Errand, ...]:
    """Building and looking again."""
    build, again = partial(build_some, store, failpoint=failpoint), partial(look_again, store)

    async def building() -> bool:
        return await asyncio.to_thread(build)

    async def looking() -> bool:
        return await asyncio.to_thread(again) > 0

    return Errand("segments", building), Errand("segments_again", looking)


def build_some(
    store: Store,
    *,
    at_once: int = _AT_ONCE,
    seconds: float = _TURN_SECONDS,
    failpoint: Failpoint = nothing,
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """Take a segment and build some of it; False when there is none to build now. Blocking, for seconds at most."""
    segment_id = store.read(segment_rules.to_build)
    held = None if segment_id is None else store.write(lambda tx: segment_rules.take(tx, segment_id, _LEASE_MS))
    if held is None:
        return False
    workspace = store.read(partial(access.workspace, workspace_id=held.workspace_id))
    if workspace is None:
        raise AssertionError("a workspace with segments stays")
    reached, until, ends = held.built_to, held.until, clock() + seconds
    if until is None:
        if not store.write(partial(_settled, held=held)):  # somebody is writing who may not know the conditions
            return False
        while store.write(partial(_gather, held=held)):
            if clock() >= ends:
                store.write(lambda tx: segment_rules.put_off(tx, held, -1))
                return True
        lowest, _ = numbers.person_range(workspace.workspace_id)
        reached, until = lowest - 1, store.write(partial(_begin, workspace=workspace, held=held))
    step = partial(_batch, workspace=workspace, held=held, until=until, most=at_once, failpoint=failpoint)
    while True:
        on = store.write(partial(step, after=reached))
        if on is None:
            return True  # somebody else holds it, or its conditions are others now
        if on >= until:
            _log.info("segment.built", segment=held.segment_id)
            return True
        if clock() >= ends:
            store.write(lambda tx: segment_rules.put_off(tx, held, -1))
            return True
        reached = on


def _settled(tx: Transaction, *, held: Build) -> bool:
    if segment_rules.is_settled(tx, held):
        return True
    segment_rules.put_off(tx, held, _WAIT_MS)
    return False


def _gather(tx: Transaction, *, held: Build) -> bool:
    """Some of the earlier messages that the conditions look at; False when there are no more, or it is not ours."""
    renewed = segment_rules.advance(tx, held, held.built_to, _LEASE_MS, done=False)
    return renewed and watched_messages.gather(tx, held.segment_id)


def _begin(tx: Transaction, *, workspace: Workspace, held: Build) -> int:
    last = people.last_person(tx, workspace)
    lowest, _ = numbers.person_range(workspace.workspace_id)
    segment_rules.begin(tx, held, lowest, last)
    return last


def _batch(
    tx: Transaction, *, workspace: Workspace, held: Build, after: int, until: int, most: int, failpoint: Failpoint
) -> int | None:
    """Decide about the next people; how far it got, None when it is not ours any more."""
    some = browsing.numbers_between(tx, after=after, until=until, most=most)
    reached = some[-1] if len(some) == most else until
    people.lock_many(tx, workspace, some)
    # The fence before the conditions: under it they are those that are built.
    if not segment_rules.advance(tx, held, reached, _LEASE_MS, done=reached >= until):
        return None
    known = known_segments.of_workspace(tx, workspace)
    membership.decide(tx, workspace, known, dict.fromkeys(some, (held.segment_id,)), told=False)
    failpoint("segment.people_decided")
    return reached


def look_again(store: Store, *, at_once: int = _AT_ONCE) -> int:
    """Decide again about people whose time has come; how many. Blocking."""
    found = store.read(lambda tx: segment_rules.due(tx, at_once))
    done = 0
    for workspace_id in sorted({numbers.workspace_of(number) for number in found}):
        workspace = store.read(partial(access.workspace, workspace_id=workspace_id))
        some = [number for number in found if numbers.workspace_of(number) == workspace_id]
        if workspace is not None:
            done += store.write(partial(_again, workspace=workspace, some=some))
    return done


def _again(tx: Transaction, *, workspace: Workspace, some: list[int]) -> int:
    people.lock_many(tx, workspace, some)
    asked = segment_rules.take_due(tx, some)
    membership.decide(tx, workspace, known_segments.of_workspace(tx, workspace), asked)
    return len(asked)
