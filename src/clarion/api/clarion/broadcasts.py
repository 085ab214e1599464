# SPDX-License-Identifier: Apache-2.0
"""Writing broadcasts: create, edit, review, activate, stop, duplicate.

There is no delete: every account in the ledger refers to its broadcast, and an account is never lost. A
broadcast that is not wanted any more is stopped. Edits apply to later triggers (contract §4): a trigger has
frozen what it sends.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from functools import partial

from starlette.responses import Response

from clarion.api.calls import Api, Call, Endpoint, Handler, answer, nothing
from clarion.api.clarion.edits import (
    MAX_ACTIONS,
    NEW_ACTION,
    Fields,
    check_version,
    edited_action,
    edited_broadcast,
    new_broadcast,
)
from clarion.api.clarion.layouts import as_stored, with_layouts
from clarion.api.clarion.shapes import action_shape, broadcast_shape, finding_shape
from clarion.api.reference import manage as reference
from clarion.api.schemas import Reference
from clarion.domain.broadcasts import Action, Broadcast, BroadcastKind, BroadcastState
from clarion.domain.errors import Conflict, InvalidRequest, NotFound, Problem
from clarion.domain.goals import Exit
from clarion.domain.roles import Need
from clarion.pipeline.review import Finding, Review, review
from clarion.store import broadcasts, segments, snippets, topics, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_LIMIT = 10_000_000  # bytes of a body: several actions of the largest size
_TRIES = 3
_COPY = "[COPY] "  # Customer.io's prefix (contract §14)


class RunningTriggers(StrEnum):
    """What becomes of unfinished triggers when a broadcast is stopped."""

    STOP = "stop"
    FINISH = "finish"


class _ChangedMeanwhile(Exception):
    pass


def load(tx: Transaction, workspace: Workspace, broadcast_id: int) -> Broadcast:
    """A broadcast or a transactional message.

    Raises:
        NotFound: there is none by this number.
    """
    found = broadcasts.get(tx, workspace, broadcast_id, None)
    if found is None or found.kind is BroadcastKind.INLINE:
        raise NotFound
    return found


def _look(api: Api, workspace: Workspace, broadcast_id: int) -> tuple[Broadcast, Callable[[Broadcast], Review]]:
    """The broadcast, and how to review it or an edit of it: parsing templates holds no transaction open."""

    def read(tx: Transaction) -> tuple[Broadcast, dict[str, str], frozenset[int], frozenset[int]]:
        return (
            load(tx, workspace, broadcast_id),
            {snippet.name: snippet.value for snippet in snippets.listing(tx, workspace)},
            frozenset(segment.segment_id for segment in segments.listing(tx, workspace)),
            frozenset(topic.topic_id for topic in topics.listing(tx, workspace)),
        )

    before, texts, segment_ids, topic_ids = api.store.read(read)
    return before, lambda broadcast: review(broadcast, snippets=texts, segment_ids=segment_ids, topic_ids=topic_ids)


def _refuse(findings: tuple[Finding, ...]) -> None:
    if not findings:
        return
    problems = []
    for finding in findings:
        place = f" (line {finding.line}, column {finding.column})" if finding.line is not None else ""
        problems.append(Problem(finding.message + place, f"/{finding.field}"))
    raise InvalidRequest(problems[0].detail, problems[0].pointer, more=tuple(problems[1:]))


def _change(call: Call, broadcast_id: int, edit: Callable[[Broadcast], Broadcast]) -> Broadcast:
    """Edit a broadcast. Blocks.

    A running broadcast must not become one that could not be activated. The review happens between reading
    and saving, so saving looks whether somebody else was quicker, and then all is done again.

    Raises:
        NotFound: no such broadcast in this workspace.
        InvalidRequest: what `edit` raises; or the broadcast runs, or shall run, and would have new problems.
        Conflict: others were quicker three times.
    """

    def save(tx: Transaction, before: Broadcast, after: Broadcast) -> Broadcast:
        broadcasts.lock(tx, broadcast_id)
        if load(tx, call.workspace, broadcast_id) != before:
            raise _ChangedMeanwhile
        _check_trigger_name(tx, call.workspace, after)
        _store_changes(tx, before, as_stored(tx, call.workspace, after))
        return load(tx, call.workspace, broadcast_id)

    for _ in range(_TRIES):
        before, look = _look(call.api, call.workspace, broadcast_id)
        after = call.api.store.read(partial(with_layouts, workspace=call.workspace, wanted=edit(before)))
        if after.active:
            # What was wrong before the edit (a segment that vanished) must not keep anybody from mending it.
            known = {(found.field, found.message) for found in look(before).problems} if before.active else set()
            _refuse(tuple(found for found in look(after).problems if (found.field, found.message) not in known))
        try:
            return call.api.store.write(partial(save, before=before, after=replace(after, changed_by=call.by)))
        except _ChangedMeanwhile:
            continue
    raise Conflict("somebody else is changing this broadcast: try again")


def _store_changes(tx: Transaction, before: Broadcast, after: Broadcast) -> None:
    old = {action.action_id: action for action in before.actions}
    broadcasts.update(tx, after)
    for action in after.actions:
        if not action.action_id:
            _add(tx, after, action)
        elif old.pop(action.action_id) != action:
            broadcasts.update_action(tx, action)
    kept = {action.action_id for action in after.actions}
    for action_id, action in old.items():
        if action_id not in kept:
            broadcasts.delete_action(tx, action)
    kept_order = [action.action_id for action in before.actions if action.action_id in kept]
    if kept_order != [action.action_id for action in after.actions if action.action_id]:
        broadcasts.order_actions(tx, after)
    if after.state is not before.state:
        broadcasts.set_state(tx, after.broadcast_id, after.state)


def _add(tx: Transaction, broadcast: Broadcast, action: Action) -> None:
    broadcasts.add_action(
        tx,
        broadcast,
        action.name,
        action.content,
        sending_state=action.sending_state,
        send_to_unsubscribed=action.send_to_unsubscribed,
        variants=action.variants,
    )


def _check_trigger_name(tx: Transaction, workspace: Workspace, wanted: Broadcast) -> None:
    if wanted.trigger_name is None:
        return
    found = broadcasts.by_trigger_name(tx, workspace, wanted.trigger_name)
    if found not in (None, wanted.broadcast_id):
        raise InvalidRequest(f"is the one of transactional message {found}", "/trigger_name")


async def store_edit(call: Call, edit: Callable[[Broadcast], Broadcast], named: str = "broadcast_id") -> Broadcast:
    """The broadcast that the path names after an edit; raises as `_change` does."""
    broadcast_id = call.number(named)
    return await call.api.run(lambda: _change(call, broadcast_id, edit))


def _create(tx: Transaction, workspace: Workspace, wanted: Broadcast) -> Broadcast:
    _check_trigger_name(tx, workspace, wanted)
    wanted = as_stored(tx, workspace, wanted)
    made = broadcasts.create(
        tx,
        workspace,
        wanted.name,
        recipients=wanted.recipients,
        doubt_policy=wanted.doubt_policy,
        tags=wanted.tags,
        kind=wanted.kind,
        trigger_name=wanted.trigger_name,
        topic_id=wanted.topic_id,
        language_attribute=wanted.language_attribute,
    )
    if wanted.goal is not None or wanted.exit_when is not Exit.NEVER:
        broadcasts.update(tx, replace(made, goal=wanted.goal, exit_when=wanted.exit_when))
    for action in wanted.actions:
        _add(tx, made, action)
    return load(tx, workspace, made.broadcast_id)


async def create_broadcast(call: Call) -> Response:
    """`POST /broadcasts`: a new one in state draft."""
    body = await call.json_object(_LIMIT)
    if "name" not in body:
        raise InvalidRequest("is required", "/name")
    blank = replace(new_broadcast(call.workspace.workspace_id), doubt_policy=call.api.options.doubt_policy)
    wanted = edited_broadcast(blank, body, with_actions=True)
    made = await call.api.write(lambda tx: _create(tx, call.workspace, wanted))
    return answer({"broadcast": broadcast_shape(made)}, 201)


async def get_broadcast(call: Call) -> Response:
    """`GET /broadcasts/{id}`."""
    broadcast_id = call.number("broadcast_id")
    found = await call.api.read(lambda tx: load(tx, call.workspace, broadcast_id))
    return answer({"broadcast": broadcast_shape(found)})


async def edit_broadcast(call: Call) -> Response:
    """`PATCH /broadcasts/{id}`."""
    body = await call.json_object(_LIMIT)

    def edit(before: Broadcast) -> Broadcast:
        check_version(before, body)
        return edited_broadcast(before, body)

    return answer({"broadcast": broadcast_shape(await store_edit(call, edit))})


async def add_action(call: Call) -> Response:
    """`POST /broadcasts/{id}/actions`."""
    body = await call.json_object(_LIMIT)
    new = edited_action(NEW_ACTION, body)

    def edit(before: Broadcast) -> Broadcast:
        if len(before.actions) >= MAX_ACTIONS:
            raise InvalidRequest(f"a broadcast has at most {MAX_ACTIONS} actions")
        return replace(before, actions=(*before.actions, new))

    changed = await store_edit(call, edit)
    return answer({"action": action_shape(changed.actions[-1])}, 201)


async def duplicate_action(call: Call) -> Response:
    """`POST /broadcasts/{id}/actions/{action_id}/duplicate`: a copy at the end, in all its languages."""
    fields = Fields(await call.json_object())
    fields.only(())
    fields.refuse()
    action_id = call.number("action_id")

    def edit(before: Broadcast) -> Broadcast:
        source = one_of(before, action_id)
        if len(before.actions) >= MAX_ACTIONS:
            raise InvalidRequest(f"a broadcast has at most {MAX_ACTIONS} actions")
        return replace(before, actions=(*before.actions, replace(source, action_id=0)))

    changed = await store_edit(call, edit)
    return answer({"action": action_shape(changed.actions[-1])}, 201)


def one_of(broadcast: Broadcast, action_id: int) -> Action:
    """An action of a broadcast.

    Raises:
        NotFound: it has none by this number.
    """
    for action in broadcast.actions:
        if action.action_id == action_id:
            return action
    raise NotFound


async def edit_action(call: Call) -> Response:
    """`PATCH /broadcasts/{id}/actions/{action_id}`."""
    body, action_id = await call.json_object(_LIMIT), call.number("action_id")

    def edit(before: Broadcast) -> Broadcast:
        check_version(before, body)
        changed = edited_action(one_of(before, action_id), body)
        others = (changed if action.action_id == action_id else action for action in before.actions)
        return replace(before, actions=tuple(others))

    changed = await store_edit(call, edit)
    return answer({"action": action_shape(one_of(changed, action_id)), "version": changed.version})


async def order_actions(call: Call) -> Response:
    """`PUT /broadcasts/{id}/actions/order {actions}`: every action's number, in the order wanted."""
    fields = Fields(await call.json_object())
    fields.only(("actions", "version"))
    wanted = fields.items("actions", MAX_ACTIONS)
    if wanted is None and not fields.problems:
        fields.fault("is required", "actions")
    fields.refuse()

    def edit(before: Broadcast) -> Broadcast:
        check_version(before, fields.value)
        by_number = {action.action_id: action for action in before.actions}
        if sorted(map(repr, wanted or ())) != sorted(map(repr, by_number)):
            raise InvalidRequest("must name each action of this broadcast once", "/actions")
        return replace(before, actions=tuple(by_number[number] for number in wanted or () if isinstance(number, int)))

    return answer({"broadcast": broadcast_shape(await store_edit(call, edit))})


async def delete_action(call: Call) -> Response:
    """`DELETE /broadcasts/{id}/actions/{action_id}`; accounts that name it stay."""
    action_id = call.number("action_id")

    def edit(before: Broadcast) -> Broadcast:
        gone = one_of(before, action_id)
        return replace(before, actions=tuple(action for action in before.actions if action is not gone))

    await store_edit(call, edit)
    return nothing()


async def review_broadcast(call: Call) -> Response:
    """`GET /broadcasts/{id}/review`: what activation would refuse, and what to think about."""
    broadcast_id = call.number("broadcast_id")

    def look() -> Review:
        broadcast, see = _look(call.api, call.workspace, broadcast_id)
        return see(broadcast)

    found = await call.api.run(look)
    return answer(
        {
            "ready": found.ready,
            "problems": [finding_shape(problem) for problem in found.problems],
            "warnings": [finding_shape(warning) for warning in found.warnings],
        }
    )


async def activate(call: Call) -> Response:
    """`POST /broadcasts/{id}/activate`: triggers are accepted from now on."""
    changed = await store_edit(call, lambda before: replace(before, state=BroadcastState.RUNNING))
    return answer({"broadcast": broadcast_shape(changed)})


async def stop(call: Call) -> Response:
    """`POST /broadcasts/{id}/stop`: no new triggers; unfinished ones are stopped unless they shall finish."""
    broadcast_id = call.number("broadcast_id")
    fields = Fields(await call.json_object())
    fields.only(("running_triggers",))
    running = fields.choice("running_triggers", RunningTriggers.STOP)
    fields.refuse()

    def work(tx: Transaction) -> tuple[Broadcast, int]:
        # Under the lock that accepting a trigger takes: none slips in between the two steps.
        broadcasts.lock(tx, broadcast_id)
        before = load(tx, call.workspace, broadcast_id)
        if before.state is not BroadcastState.DRAFT:
            broadcasts.set_state(tx, broadcast_id, BroadcastState.STOPPED)
        stopped = triggers.stop_all(tx, broadcast_id) if running is RunningTriggers.STOP else 0
        return load(tx, call.workspace, broadcast_id), stopped

    stopped, count = await call.api.write(work)
    if count:
        await call.api.write(lambda tx: triggers.rush_stopped(tx, broadcast_id))
    return answer({"broadcast": broadcast_shape(stopped), "stopped_triggers": count})


async def duplicate(call: Call) -> Response:
    """`POST /broadcasts/{id}/duplicate`: an inactive copy with recipients, actions and settings."""
    broadcast_id = call.number("broadcast_id")
    fields = Fields(await call.json_object())
    fields.only(())
    fields.refuse()

    def work(tx: Transaction) -> Broadcast:
        source = load(tx, call.workspace, broadcast_id)
        return _create(tx, call.workspace, replace(source, name=_COPY + source.name, trigger_name=None, archived=False))

    return answer({"broadcast": broadcast_shape(await call.api.write(work))}, 201)


_ALL = "/api/clarion/v1/broadcasts"
_ONE = f"{_ALL}/{{broadcast_id}}"
_ACTION = f"{_ONE}/actions/{{action_id}}"


def _ours(
    method: str, path: str, handler: Handler, summary: str, told: Reference, needs: Need | None = None
) -> Endpoint:
    return Endpoint(method, path, handler, "manage", "app", summary, reference=told, needs=needs)


ENDPOINTS: tuple[Endpoint, ...] = (
    _ours("POST", _ALL, create_broadcast, "Create a broadcast or a transactional message", reference.CREATE),
    _ours("GET", _ONE, get_broadcast, "One broadcast with its actions", reference.ONE),
    _ours("PATCH", _ONE, edit_broadcast, "Change name, recipients, policy, topic or tags", reference.EDIT),
    _ours("POST", f"{_ONE}/actions", add_action, "Add an e-mail", reference.ADD_ACTION),
    _ours("PUT", f"{_ONE}/actions/order", order_actions, "Put the actions in order", reference.ORDER_ACTIONS),
    _ours("PATCH", _ACTION, edit_action, "Change an e-mail", reference.EDIT_ACTION),
    _ours("POST", f"{_ACTION}/duplicate", duplicate_action, "Copy an e-mail", reference.DUPLICATE_ACTION),
    _ours("DELETE", _ACTION, delete_action, "Remove an e-mail; its accounts stay", reference.DELETE_ACTION),
    _ours("GET", f"{_ONE}/review", review_broadcast, "What stands in the way of activating", reference.REVIEW),
    _ours("POST", f"{_ONE}/activate", activate, "Accept triggers from now on", reference.ACTIVATE, Need.SEND),
    _ours("POST", f"{_ONE}/stop", stop, "Accept no more triggers, stop unfinished ones", reference.STOP, Need.SEND),
    _ours("POST", f"{_ONE}/duplicate", duplicate, "Make an inactive copy", reference.DUPLICATE),
)
