# SPDX-License-Identifier: Apache-2.0
"""Broadcasts, their actions and their messages, as Customer.io shows them (contract §5.1-5.3, §5.5)."""

from typing import Any

import msgspec
from starlette.responses import Response

from clarion.api.app import messages
from clarion.api.calls import Call, Endpoint, answer
from clarion.domain.broadcasts import Action, Broadcast
from clarion.domain.errors import NotFound
from clarion.store import broadcasts


async def _broadcast(call: Call) -> Broadcast:
    broadcast_id = call.number("broadcast_id")
    found = await call.api.read(lambda tx: broadcasts.get(tx, call.workspace, broadcast_id))
    if found is None:
        raise NotFound
    return found


def _broadcast_shape(broadcast: Broadcast) -> dict[str, Any]:
    updated = max([broadcast.updated_ms, *(action.updated_ms for action in broadcast.actions)]) // 1_000
    actions = [{"id": action.action_id, "type": action.kind} for action in broadcast.actions]
    return {
        "id": broadcast.broadcast_id,
        "deduplicate_id": f"{broadcast.broadcast_id}:{updated}",
        "name": broadcast.name,
        "type": "triggered_broadcast",
        "created": broadcast.created_ms // 1_000,
        "updated": updated,
        "active": broadcast.active,
        # Customer.io has no word for a stopped one (contract §5.1).
        "state": "running" if broadcast.active else "draft",
        "actions": actions,
        "msg_template_ids": actions,
        "first_started": (broadcast.first_started_ms or 0) // 1_000,
        "tags": list(broadcast.tags),
    }


def _action_shape(action: Action) -> dict[str, Any]:
    content = action.content
    headers = [{"name": name, "value": value} for name, value in content.headers]
    updated = action.updated_ms // 1_000
    return {
        "id": action.action_id,
        "broadcast_id": action.broadcast_id,
        "deduplicate_id": f"{action.action_id}:{updated}",
        "name": action.name,
        "created": action.created_ms // 1_000,
        "updated": updated,
        "type": action.kind,
        "sending_state": action.sending_state.value,
        "layout": "",
        "language": "",
        "body": content.body,
        "body_amp": "",
        "subject": content.subject,
        "preheader_text": content.preheader,
        "recipient": content.recipient,
        "from": content.sender,
        "from_id": None,
        "reply_to": content.reply_to,
        "reply_to_id": None,
        "cc": content.cc,
        "bcc": content.bcc,
        "fake_bcc": False,
        "preprocessor": "",
        "headers": msgspec.json.encode(headers).decode(),  # JSON inside a string: contract §5.3
    }


async def list_broadcasts(call: Call) -> Response:
    """`GET /v1/broadcasts`."""
    found = await call.api.read(lambda tx: broadcasts.listing(tx, call.workspace))
    return answer({"broadcasts": [_broadcast_shape(broadcast) for broadcast in found]})


async def get_broadcast(call: Call) -> Response:
    """`GET /v1/broadcasts/{id}`."""
    return answer({"broadcast": _broadcast_shape(await _broadcast(call))})


async def list_actions(call: Call) -> Response:
    """`GET /v1/broadcasts/{id}/actions`."""
    broadcast = await _broadcast(call)
    return answer({"actions": [_action_shape(action) for action in broadcast.actions]})


async def get_action(call: Call) -> Response:
    """`GET /v1/broadcasts/{id}/actions/{action_id}`."""
    action_id = call.number("action_id")
    for action in (await _broadcast(call)).actions:
        if action.action_id == action_id:
            return answer({"action": _action_shape(action)})
    raise NotFound


async def list_messages(call: Call) -> Response:
    """`GET /v1/broadcasts/{id}/messages`."""
    broadcast = await _broadcast(call)
    return await messages.listed(call, broadcast.broadcast_id)


_ONE = "/v1/broadcasts/{broadcast_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/v1/broadcasts", list_broadcasts, "app", "app", "Every broadcast, newest first"),
    Endpoint("GET", _ONE, get_broadcast, "app", "app", "One broadcast"),
    Endpoint("GET", f"{_ONE}/actions", list_actions, "app", "app", "The actions of a broadcast"),
    Endpoint("GET", f"{_ONE}/actions/{{action_id}}", get_action, "app", "app", "One action"),
    Endpoint("GET", f"{_ONE}/messages", list_messages, "app", "app", "Messages of a broadcast"),
)
