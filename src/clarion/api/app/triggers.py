# SPDX-License-Identifier: Apache-2.0
"""Trigger a broadcast; a trigger's status, errors and list (contract §2, §3)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import structlog
from starlette.responses import Response

from clarion.api import streams
from clarion.api.bodies import decode, read_body
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.errors import refuse
from clarion.api.idempotency import key_of, once
from clarion.api.reference import triggers as reference
from clarion.domain.deliveries import State
from clarion.domain.errors import (
    Conflict,
    InvalidRequest,
    MalformedRequest,
    NotFound,
    RequestError,
    Unavailable,
    UnknownOutcome,
)
from clarion.domain.triggers import MAX_BODY_BYTES, Selector, TriggerRequest, parse
from clarion.pipeline.accept import Limits, accept
from clarion.pipeline.receive import ENDED_EARLY, Received, Receiver, begin
from clarion.store import broadcasts, ledger, operations, triggers
from clarion.store.engine import Transaction
from clarion.store.slices import LostLease
from clarion.store.triggers import Trigger

_log = structlog.get_logger("clarion.api")
_POINTER = "/per_user_data"
_LINES = "application/x-ndjson"
_FIRST_LINE_BYTES = 400_000  # the data of contract §4, however its characters are escaped


async def trigger(call: Call) -> Response:
    """POST …/triggers: 200 `{"id": n}` once the trigger is durable; 422 may still have made a trigger (§2.6)."""
    broadcast_id = call.number("broadcast_id")
    content_type = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == _LINES:
        if key_of(call):
            raise MalformedRequest(f"a call as {_LINES} takes no Idempotency-Key: it is not kept until it is compared")
        return await _streamed(call, broadcast_id)
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise InvalidRequest(f"the Content-Type header must be application/json, or {_LINES}")
    body = await read_body(call.request, MAX_BODY_BYTES)
    request = await call.api.run(lambda: _parsed(body))
    limits = _limits(call)

    with call.api.tracing.accepting(call.request.headers.get("traceparent")) as traceparent:

        def work(tx: Transaction) -> Response:
            submit = call.api.jobs.submit_resolve
            made = accept(tx, call.workspace, broadcast_id, request, limits=limits, submit=submit, by=call.by)
            if traceparent is not None:
                operations.note_trace(tx, made.trigger_id, traceparent)
            # Refused, it is on record all the same, and so is the answer.
            return refuse(_refused(made.trigger_id), "app") if made.refused else answer({"id": made.trigger_id})

        return await once(call, body, work)


def _parsed(body: bytes) -> TriggerRequest:
    value = decode(body) if body.strip() else None
    return parse({} if value is None else value)


def _limits(call: Call) -> Limits:
    options = call.api.options
    return Limits(int(options.trigger_interval_seconds * 1_000), options.trigger_queue)


def _refused(trigger_id: int) -> InvalidRequest:
    return InvalidRequest(
        "Errors were found while processing per user data (ids, emails or json data). More detail available "
        f"from the errors endpoint for trigger {trigger_id}",
        _POINTER,
        complete=True,  # the wording is Customer.io's, clients look for it (contract §2.6)
    )


async def _streamed(call: Call, broadcast_id: int) -> Response:
    """The call's own object in the first line, then a person a line; answered when all of them are on record.

    Before the first line is whole there is nothing to call a trigger: a call that breaks off there leaves none.
    """
    api = call.api
    body = streams.pieces(call.request, api.options.stream_bytes)
    first, more = await streams.first_line(body, _FIRST_LINE_BYTES)
    request = await api.run(lambda: parse(decode(first.removeprefix(b"\xef\xbb\xbf")) if first.strip() else {}))
    limits = _limits(call)
    with api.tracing.accepting(call.request.headers.get("traceparent")) as traceparent:

        def work(tx: Transaction) -> Trigger:
            held = begin(tx, call.workspace, broadcast_id, request, limits=limits, by=call.by)
            if traceparent is not None:
                operations.note_trace(tx, held.trigger_id, traceparent)
            return held

        receiver = Receiver(api.store, await api.write(work), offset=len(first))
        received = await _receive(call, receiver, more, body)
    if received.refused:
        raise _refused(received.trigger_id)
    return answer({"id": received.trigger_id})


async def _receive(call: Call, receiver: Receiver, more: bytes, body: AsyncIterator[bytes]) -> Received:
    api = call.api
    try:
        if receiver.add(more):
            await api.run(receiver.stage)
        async for piece in body:
            if receiver.add(piece):
                await api.run(receiver.stage)
        return await api.run(lambda: receiver.finish(api.jobs.submit_resolve))
    except LostLease as lost:
        raise Conflict(str(lost)) from lost
    except UnknownOutcome:
        raise  # it may have been handed over; if not, its lease runs out
    except BaseException as error:
        why = error.detail if isinstance(error, RequestError) else ENDED_EARLY
        # Also when this task is cancelled: the trigger must not wait for its lease to run out.
        await asyncio.shield(_abandon(call, receiver, why))
        raise


async def _abandon(call: Call, receiver: Receiver, why: str) -> None:
    try:
        await call.api.run(lambda: receiver.abandon(why))
    except (LostLease, Unavailable) as error:  # the lease runs out, and a worker does it
        _log.warning("trigger.left_behind", trigger_id=receiver.trigger_id, error=str(error))


async def status(call: Call) -> Response:
    """GET …/triggers/{id}: the unwrapped object of §3.1, with our own state beside it."""

    def work(tx: Transaction) -> dict[str, Any]:
        found = _trigger(tx, call)
        content = triggers.content(tx, found.content_hash)
        doubted = sum(n for _, state, _, n in ledger.counts(tx, found.trigger_id) if state is State.IN_DOUBT)
        return _status(found, [action.action_id for action in content.actions], doubted)

    return answer(await call.api.read(work))


async def listing(call: Call) -> Response:
    """GET …/triggers: the newest thousand (§3.2)."""
    broadcast_id = call.number("broadcast_id")

    def work(tx: Transaction) -> list[dict[str, Any]]:
        if broadcasts.get(tx, call.workspace, broadcast_id) is None:
            raise NotFound
        return [
            {
                "id": int(row["trigger_id"]),
                "broadcast_id": broadcast_id,
                "created_at": int(row["created_ms"]) // 1_000,
                "processed_at": _seconds(row["processed_ms"]),
            }
            for row in triggers.of_broadcast(tx, broadcast_id)
        ]

    return answer({"triggers": await call.api.read(work)})


async def errors(call: Call) -> Response:
    """GET …/triggers/{id}/errors: sentences, and the offset of the next page or 0 (§3.3)."""
    start = call.query_number("start", 0)
    limit = call.query_number("limit", 100, low=1, high=10_000)

    def work(tx: Transaction) -> list[tuple[int, str]]:
        return triggers.errors(tx, _trigger(tx, call).trigger_id, start, limit + 1)

    found = await call.api.read(work)
    following = found[limit][0] if len(found) > limit else 0
    return answer({"errors": [sentence for _, sentence in found[:limit]], "next": following})


def _trigger(tx: Transaction, call: Call) -> Trigger:
    broadcast_id, trigger_id = call.number("broadcast_id"), call.number("trigger_id")
    found = triggers.get(tx, trigger_id)
    if found is None or found.broadcast_id != broadcast_id or found.workspace_id != call.workspace.workspace_id:
        raise NotFound
    return found


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 1_000


def _status(found: Trigger, action_ids: list[int], doubted: int) -> dict[str, Any]:
    from_file = found.selector in {Selector.DATA_FILE, Selector.STREAM}
    return {
        "id": found.trigger_id,
        "broadcast_id": found.broadcast_id,
        "created_at": found.created_ms // 1_000,
        "processed_at": _seconds(found.processed_ms),
        "recipients_count": found.recipients,
        "workflow_action_ids": action_ids,
        "data_file_position": found.file_line,
        "data_file_processed": from_file and found.file_done,
        "data_file_error_count": found.error_count,
        "recipients_filter": found.echo,
        "clarion": {
            "state": found.state_word,
            "failure": found.failure,
            "audience": found.audience,
            "in_doubt": doubted,
            "doubt_policy": found.doubt_policy.value,
            "paused": found.paused_ms is not None,
            "priority": found.priority,
            "scheduled_at": _seconds(found.scheduled_ms),
            "expires_at": _seconds(found.expires_ms),
            "cancelled_at": _seconds(found.cancelled_ms),
        },
    }


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/campaigns/{broadcast_id}/triggers",
        trigger,
        "app",
        "app",
        "Trigger a broadcast (contract §2); as `application/x-ndjson` its people follow, a line each.",
        sends=True,
        reference=reference.TRIGGER,
    ),
    Endpoint(
        "GET",
        "/v1/broadcasts/{broadcast_id}/triggers",
        listing,
        "app",
        "app",
        "The triggers of a broadcast, newest first (contract §3.2).",
        aliases=("/v1/campaigns/{broadcast_id}/triggers",),
        reference=reference.LIST,
    ),
    Endpoint(
        "GET",
        "/v1/campaigns/{broadcast_id}/triggers/{trigger_id}",
        status,
        "app",
        "app",
        "How a trigger stands (contract §3.1).",
        aliases=("/v1/broadcasts/{broadcast_id}/triggers/{trigger_id}",),
        reference=reference.STATUS,
    ),
    Endpoint(
        "GET",
        "/v1/campaigns/{broadcast_id}/triggers/{trigger_id}/errors",
        errors,
        "app",
        "app",
        "Lines and people that a trigger does not reach, and why (contract §3.3).",
        aliases=("/v1/broadcasts/{broadcast_id}/triggers/{trigger_id}/errors",),
        reference=reference.ERRORS,
    ),
)
