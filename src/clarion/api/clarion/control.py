# SPDX-License-Identifier: Apache-2.0
"""Control of one trigger: pause, resume, stop, cancel, priority and rate."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import seconds
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.fields import Fields
from clarion.api.reference import control as reference
from clarion.domain.errors import Conflict, NotFound
from clarion.domain.pace import MAX_MESSAGES, PERIODS_MS, Rate
from clarion.domain.roles import Need
from clarion.domain.triggers import UNFINISHED, TriggerState
from clarion.store import control, triggers
from clarion.store.engine import Transaction
from clarion.store.triggers import Trigger

_MOST_PRIORITY = 1_000_000
_LONGEST_SPREAD_S = 366 * 86_400


def load(tx: Transaction, call: Call) -> Trigger:
    """The trigger that the path names.

    Raises:
        NotFound: there is none in this workspace.
    """
    trigger = triggers.get(tx, call.number("trigger_id"))
    if trigger is None or trigger.workspace_id != call.workspace.workspace_id:
        raise NotFound
    return trigger


def rate_shape(trigger: Trigger) -> dict[str, Any] | None:
    """A trigger's rate as it is set; null for as fast as it goes."""
    if trigger.spread_until_ms is not None:
        return {"spread_until": seconds(trigger.spread_until_ms)}
    if trigger.rate_messages is None:
        return None
    for word, per_ms in PERIODS_MS.items():
        if per_ms == trigger.rate_per_ms:
            return {"messages": trigger.rate_messages, "per": word}
    raise AssertionError("a rate is stored with one of the periods")


def control_shape(trigger: Trigger) -> dict[str, Any]:
    """Everything that can be changed about a running trigger, and who changed it last; times in Unix seconds."""
    return {
        "id": trigger.trigger_id,
        "state": trigger.state_word,
        "paused": trigger.paused_ms is not None,
        "paused_at": seconds(trigger.paused_ms),
        "paused_because": trigger.paused_because,
        "priority": trigger.priority,
        "rate": rate_shape(trigger),
        "scheduled_at": seconds(trigger.scheduled_ms),
        "expires_at": seconds(trigger.expires_ms),
        "cancelled_at": seconds(trigger.cancelled_ms),
        "changed_by": trigger.control_by,
        "changed_at": seconds(trigger.control_ms),
    }


def _over(trigger: Trigger) -> Conflict:
    return Conflict(f"the trigger is {trigger.state.value}: there is nothing left to control")


def _shown(tx: Transaction, call: Call) -> dict[str, Any]:
    return {"trigger": control_shape(load(tx, call))}


async def _nothing_in_body(call: Call) -> None:
    fields = Fields(await call.json_object())
    fields.only(())
    fields.refuse()


async def _set(call: Call, change: Callable[[Transaction, int, str], bool]) -> Response:
    await _nothing_in_body(call)

    def work(tx: Transaction) -> dict[str, Any]:
        before = load(tx, call)
        if not change(tx, before.trigger_id, call.by) and before.state not in UNFINISHED:
            raise _over(before)
        return _shown(tx, call)

    return answer(await call.api.write(work))


async def get_control(call: Call) -> Response:
    """`GET /triggers/{id}/control`."""
    return answer(await call.api.read(lambda tx: _shown(tx, call)))


async def pause(call: Call) -> Response:
    """`POST /triggers/{id}/pause`: nothing more is handed over from a second later on; again is no error."""
    return await _set(call, control.pause)


async def resume(call: Call) -> Response:
    """`POST /triggers/{id}/resume`; of one that is not paused it is no error."""
    return await _set(call, control.resume)


async def stop(call: Call) -> Response:
    """`POST /triggers/{id}/stop`: whoever was not sent the message yet will not be; a second time is no error."""
    await _nothing_in_body(call)

    def work(tx: Transaction) -> dict[str, Any]:
        before = load(tx, call)
        if not control.stop(tx, before.trigger_id, call.by) and before.state is not TriggerState.STOPPED:
            raise _over(before)
        return _shown(tx, call)

    shown = await call.api.write(work)
    await call.api.write(lambda tx: control.rush(tx, [shown["trigger"]["id"]]))
    return answer(shown)


async def cancel(call: Call) -> Response:
    """`POST /triggers/{id}/cancel`: only while nothing of it has begun; 409 afterwards, `stop` then stops it."""
    await _nothing_in_body(call)

    def work(tx: Transaction) -> dict[str, Any]:
        before = load(tx, call)
        if not control.cancel(tx, before.trigger_id, call.by) and before.cancelled_ms is None:
            raise Conflict(f"the trigger is {before.state_word}: it can not be cancelled any more")
        return _shown(tx, call)

    return answer(await call.api.write(work))


def _rate(fields: Fields) -> Rate | None:
    if fields.value.get("rate") is None:
        return None
    below = fields.below(fields.value["rate"], "rate")
    below.only(("messages", "per"))
    messages, per = below.value.get("messages"), below.value.get("per")
    if not _whole(messages, 1, MAX_MESSAGES):
        below.fault(f"must be a whole number from 1 to {MAX_MESSAGES}", "messages")
    if not isinstance(per, str) or per not in PERIODS_MS:
        below.fault(f"must be one of {', '.join(PERIODS_MS)}", "per")
    return None if fields.problems else Rate(int(str(messages)), PERIODS_MS[str(per)])


def _whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _number(fields: Fields, name: str, low: int, high: int) -> int | None:
    value = fields.value.get(name)
    if value is None:
        return None
    if not _whole(value, low, high):
        fields.fault(f"must be a whole number from {low} to {high}", name)
        return None
    return int(str(value))


def _changes(body: Mapping[str, Any]) -> Fields:
    fields = Fields(body)
    fields.only(("priority", "rate", "spread"))
    if fields.value.get("rate") is not None and fields.value.get("spread") is not None:
        fields.fault("give a rate or a spread, not both", "spread")
    return fields


async def set_control(call: Call) -> Response:
    """`PUT /triggers/{id}/control {priority, rate: {messages, per} | null, spread: seconds}`.

    What is not mentioned stays as it is; a rate ends a spread and the other way round, null ends either.
    """
    fields = _changes(await call.json_object())
    priority = _number(fields, "priority", -_MOST_PRIORITY, _MOST_PRIORITY)
    rate, spread_s = _rate(fields), _number(fields, "spread", 1, _LONGEST_SPREAD_S)
    fields.refuse()
    paced = "rate" in fields.value or "spread" in fields.value

    def work(tx: Transaction) -> dict[str, Any]:
        before = load(tx, call)
        kept = None if before.rate_messages is None else Rate(before.rate_messages, before.rate_per_ms or 1)
        until = before.spread_until_ms if spread_s is None else tx.now_ms() + 1_000 * spread_s
        if not control.change(
            tx,
            before.trigger_id,
            priority=before.priority if priority is None else priority,
            rate=rate if paced else kept,
            spread_until_ms=(until if spread_s is not None else None) if paced else until,
            by=call.by,
        ):
            raise _over(before)
        return _shown(tx, call)

    return answer(await call.api.write(work))


_ONE = "/api/clarion/v1/triggers/{trigger_id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_ONE}/control",
        get_control,
        "manage",
        "app",
        "What holds a trigger back, and who said so",
        reference=reference.CONTROL,
    ),
    Endpoint(
        "PUT",
        f"{_ONE}/control",
        set_control,
        "manage",
        "app",
        "Change priority, rate or spread",
        reference=reference.SET_CONTROL,
        needs=Need.SEND,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/pause",
        pause,
        "manage",
        "app",
        "Send nothing more of a trigger for now",
        reference=reference.CONTROL,
        needs=Need.SEND,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/resume",
        resume,
        "manage",
        "app",
        "Go on with a paused trigger",
        reference=reference.CONTROL,
        needs=Need.SEND,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/stop",
        stop,
        "manage",
        "app",
        "Stop one trigger for good",
        reference=reference.CONTROL,
        needs=Need.SEND,
    ),
    Endpoint(
        "POST",
        f"{_ONE}/cancel",
        cancel,
        "manage",
        "app",
        "Cancel a trigger that has not begun",
        reference=reference.CONTROL,
        needs=Need.SEND,
    ),
)
