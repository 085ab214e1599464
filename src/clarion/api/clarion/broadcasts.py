# SPDX-License-Identifier: Apache-2.0
"""Writing broadcasts: create, edit, review, activate, stop, duplicate.

There is no delete: every account in the ledger refers to its broadcast, and an account is never lost. A
broadcast that is not wanted any more is stopped. Edits apply to later triggers (contract §4): a trigger has
frozen what it sends.
"""

from dataclasses import replace
from enum import StrEnum

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, Handler, answer, nothing
from clarion.api.clarion.edits import (
    MAX_ACTIONS,
    check_version,
    edited_action,
    edited_broadcast,
    new_action,
    new_broadcast,
)
from clarion.api.clarion.fields import Fields, in_order
from clarion.api.clarion.shapes import action_shape, broadcast_shape, finding_shape
from clarion.api.clarion.storing import create, load, look, one_of, store_edit
from clarion.api.reference import actions, editing
from clarion.api.schemas import Reference
from clarion.domain.broadcasts import Action, Broadcast, BroadcastState
from clarion.domain.errors import InvalidRequest
from clarion.domain.roles import Need
from clarion.pipeline.review import Review
from clarion.store import broadcasts, mail_defaults, triggers
from clarion.store.engine import Transaction

_LIMIT = 10_000_000  # bytes of a body: several actions of the largest size
_COPY = "[COPY] "  # Customer.io's prefix (contract §14)


class RunningTriggers(StrEnum):
    """What becomes of unfinished triggers when a broadcast is stopped."""

    STOP = "stop"
    FINISH = "finish"


async def _new_action(call: Call) -> Action:
    """What a new action is an edit of."""
    inline_css = await call.api.read(lambda tx: mail_defaults.inlines_css(tx, call.workspace.workspace_id))
    return new_action(inline_css=inline_css)


async def create_broadcast(call: Call) -> Response:
    """`POST /broadcasts`: a new one in state draft."""
    body = await call.json_object(_LIMIT)
    if "name" not in body:
        raise InvalidRequest("is required", "/name")
    blank = replace(new_broadcast(call.workspace.workspace_id), doubt_policy=call.api.options.doubt_policy)
    wanted = edited_broadcast(blank, body, new=await _new_action(call))
    made = await call.api.write(lambda tx: create(tx, call.workspace, wanted, call.by))
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
    new = edited_action(await _new_action(call), body)

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
        ordered = in_order(wanted or (), by_number, "must name each action of this broadcast once", "/actions")
        return replace(before, actions=ordered)

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

    def see() -> Review:
        broadcast, reviewed = look(call.api, call.workspace, broadcast_id)
        return reviewed(broadcast)

    found = await call.api.run(see)
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
        copy = replace(source, name=_COPY + source.name, trigger_name=None, archived=False)
        return create(tx, call.workspace, copy, call.by)

    return answer({"broadcast": broadcast_shape(await call.api.write(work))}, 201)


_ALL = "/api/clarion/v1/broadcasts"
_ONE = f"{_ALL}/{{broadcast_id}}"
_ACTION = f"{_ONE}/actions/{{action_id}}"


def _ours(
    method: str, path: str, handler: Handler, summary: str, told: Reference, needs: Need | None = None
) -> Endpoint:
    return Endpoint(method, path, handler, "manage", "app", summary, reference=told, needs=needs)


ENDPOINTS: tuple[Endpoint, ...] = (
    _ours("POST", _ALL, create_broadcast, "Create a broadcast or a transactional message", editing.CREATE),
    _ours("GET", _ONE, get_broadcast, "One broadcast with its actions", editing.ONE),
    _ours("PATCH", _ONE, edit_broadcast, "Change name, recipients, policy, topic or tags", editing.EDIT),
    _ours("POST", f"{_ONE}/actions", add_action, "Add an action", actions.ADD_ACTION),
    _ours("PUT", f"{_ONE}/actions/order", order_actions, "Put the actions in order", editing.ORDER_ACTIONS),
    _ours("PATCH", _ACTION, edit_action, "Change an action", actions.EDIT_ACTION),
    _ours("POST", f"{_ACTION}/duplicate", duplicate_action, "Copy an action", actions.DUPLICATE_ACTION),
    _ours("DELETE", _ACTION, delete_action, "Remove an action; its accounts stay", actions.DELETE_ACTION),
    _ours("GET", f"{_ONE}/review", review_broadcast, "What stands in the way of activating", editing.REVIEW),
    _ours("POST", f"{_ONE}/activate", activate, "Accept triggers from now on", editing.ACTIVATE, Need.SEND),
    _ours("POST", f"{_ONE}/stop", stop, "Accept no more triggers, stop unfinished ones", editing.STOP, Need.SEND),
    _ours("POST", f"{_ONE}/duplicate", duplicate, "Make an inactive copy", editing.DUPLICATE),
)
