# SPDX-License-Identifier: Apache-2.0
"""Cancel a trigger that has not begun (contract §2.7)."""

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import triggers as reference
from clarion.domain.errors import Conflict, NotFound
from clarion.domain.roles import Need
from clarion.store import control, triggers
from clarion.store.engine import Transaction
from clarion.store.triggers import Trigger


def _seconds(milliseconds: int | None) -> int:
    return 0 if milliseconds is None else milliseconds // 1_000


async def cancel(call: Call) -> Response:
    """POST …/triggers/{id}/cancel: 200 with the trigger, again too; 409 once its audience is being worked out."""
    broadcast_id, trigger_id = call.number("broadcast_id"), call.number("trigger_id")

    def load(tx: Transaction) -> Trigger:
        found = triggers.get(tx, trigger_id)
        if found is None or found.broadcast_id != broadcast_id or found.workspace_id != call.workspace.workspace_id:
            raise NotFound
        return found

    def work(tx: Transaction) -> Trigger:
        before = load(tx)
        if not control.cancel(tx, trigger_id, call.by) and before.cancelled_ms is None:
            raise Conflict(f"the trigger is {before.state_word}: it can not be cancelled any more")
        return load(tx)

    found = await call.api.write(work)
    shown = {
        "broadcast_id": found.broadcast_id,
        "cancelled_at": _seconds(found.cancelled_ms),
        "created_at": _seconds(found.created_ms),
        "expires_after": found.expires_after_s,
        "id": found.trigger_id,
        "processed_at": 0,  # nothing of it was
        "scheduled_at": _seconds(found.scheduled_ms),
    }
    return answer({"trigger": shown})


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/campaigns/{broadcast_id}/triggers/{trigger_id}/cancel",
        cancel,
        "app",
        "app",
        "Cancel a trigger that has not begun (contract §2.7).",
        aliases=("/v1/broadcasts/{broadcast_id}/triggers/{trigger_id}/cancel",),
        reference=reference.CANCEL,
        needs=Need.SEND,
    ),
)
