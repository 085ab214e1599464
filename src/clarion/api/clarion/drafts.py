# SPDX-License-Identifier: Apache-2.0
"""Drafts: listed, looked at, sent or deleted, one by one, some of them, or all."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.fields import Fields
from clarion.api.clarion.readable import html_of, texts_of
from clarion.api.reference import drafts as told
from clarion.api.shut_in import shut_in
from clarion.domain.deliveries import DeliveryKey, key_of, public_id
from clarion.domain.errors import MalformedRequest, NotFound
from clarion.domain.people import cio_id
from clarion.domain.roles import Need
from clarion.pipeline.drafting import Decided, decide_all, decide_some, reread
from clarion.store import drafts
from clarion.store.drafts import Of, Stored, Waiting

_LIMIT = 50
_MOST_IDS = 10_000
_PARENTS = ("broadcast_id", "trigger_id", "action_id")


def _shape(call: Call, one: Waiting) -> dict[str, Any]:
    return {
        "id": public_id(one.key, call.api.secret),
        "broadcast": {"id": one.broadcast_id, "name": one.broadcast_name},
        "trigger_id": one.key.trigger_id,
        "action": {"id": one.key.action_id, "name": one.action_name},
        "person": {"id": one.person, "email": one.email, "cio_id": cio_id(one.person_id)},
        "recipient": one.recipient,
        "subject": one.subject,
        "made_at": one.made_ms // 1_000,
        "changed_since": one.changed_since,
    }


async def listing(call: Call) -> Response:
    """`GET /drafts?broadcast_id=&trigger_id=&action_id=&start=&limit=`: those that wait."""
    of = Of(*(call.query_number(name, 0) for name in _PARENTS))
    most = call.query_number("limit", _LIMIT, low=1, high=1_000)
    start = call.query("start")
    after = key_of(start, call.api.secret) if start else None
    if start and after is None:
        raise MalformedRequest("is not the next of an earlier page", "/start")
    found = await call.api.read(lambda tx: drafts.page(tx, call.workspace, of, after=after, most=most + 1))
    shown = [_shape(call, one) for one in found[:most]]
    return answer({"drafts": shown, "next": shown[-1]["id"] if len(found) > most else ""})


async def _load(call: Call) -> tuple[DeliveryKey, Stored]:
    key = key_of(call.text("delivery_id"), call.api.secret)
    if key is None:
        raise NotFound
    found = await call.api.read(lambda tx: drafts.get(tx, key))
    if found is None or found.workspace_id != call.workspace.workspace_id:
        raise NotFound
    return key, found


async def one(call: Call) -> Response:
    """`GET /drafts/{delivery_id}`: the message as it will go out."""
    key, found = await _load(call)
    texts = await call.api.run(lambda: texts_of(reread(found.message)))
    return answer(
        {
            "draft": {
                "id": public_id(key, call.api.secret),
                "trigger_id": key.trigger_id,
                "recipient": found.recipient,
                "subject": found.subject,
                "made_at": found.made_ms // 1_000,
                "waiting": found.waiting,
                **texts,
            }
        }
    )


async def html(call: Call) -> Response:
    """`GET /drafts/{delivery_id}/html?images=`: to be shown in a frame."""
    _, found = await _load(call)
    images = call.query_flag("images")
    made = await call.api.run(lambda: html_of(reread(found.message)))
    return shut_in(made, images=images)


async def send(call: Call) -> Response:
    """`POST /drafts/send`."""
    return await _decide(call, send=True)


async def delete(call: Call) -> Response:
    """`POST /drafts/delete`."""
    return await _decide(call, send=False)


async def _decide(call: Call, *, send: bool) -> Response:
    fields = Fields(await call.json_object())
    fields.only(("ids", "all"))
    keys = _keys(call, fields)
    of = _all(fields)
    if (keys is None) == (of is None) and not fields.problems:
        fields.fault("give either ids, or all with what they are of")
    fields.refuse()
    store, workspace = call.api.store, call.workspace
    now_ms = await call.api.read(lambda tx: tx.now_ms())

    def work() -> Decided:
        if keys is not None:
            return decide_some(store, workspace, keys, send=send)
        return decide_all(store, workspace, of or Of(), send=send, until_ms=now_ms)

    done = await call.api.run(work)
    return answer({"drafts": done.done, "not_waiting": [public_id(key, call.api.secret) for key in done.not_waiting]})


def _keys(call: Call, fields: Fields) -> list[DeliveryKey] | None:
    if "ids" not in fields.value:
        return None
    keys = []
    for no, text in enumerate(fields.items("ids", _MOST_IDS) or ()):
        key = key_of(text, call.api.secret) if isinstance(text, str) else None
        if key is None:
            fields.fault("is not the id of a delivery", f"ids/{no}")
        else:
            keys.append(key)
    return keys


def _all(fields: Fields) -> Of | None:
    if "all" not in fields.value:
        return None
    inner = fields.below(fields.value["all"], "all")
    inner.only(_PARENTS)
    numbers = [inner.number(name, None) or 0 for name in _PARENTS]
    if not any(numbers):
        inner.fault(f"must name one of {', '.join(_PARENTS)}")
    return Of(*numbers)


_ROOT = "/api/clarion/v1/drafts"
_ONE = f"{_ROOT}/{{delivery_id}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", _ROOT, listing, "manage", "app", "Messages that wait to be sent", reference=told.LISTING),
    Endpoint("POST", f"{_ROOT}/send", send, "manage", "app", "Send drafts", reference=told.DECIDE, needs=Need.SEND),
    Endpoint(
        "POST", f"{_ROOT}/delete", delete, "manage", "app", "Delete drafts", reference=told.DECIDE, needs=Need.SEND
    ),
    Endpoint("GET", _ONE, one, "manage", "app", "One draft as it will go out", reference=told.ONE),
    Endpoint("GET", f"{_ONE}/html", html, "manage", "app", "A draft, to be shown in a frame", reference=told.HTML),
)
