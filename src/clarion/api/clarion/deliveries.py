# SPDX-License-Identifier: Apache-2.0
"""Deliveries over all triggers, by state, reason and person; one of them with everything that happened to it."""

from dataclasses import replace
from html import escape
from typing import Any

import msgspec
from starlette.responses import Response

from clarion.api.app.messages import DEFAULT_LIMIT, MAX_LIMIT, key_from_start, seconds
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.causes import cause_in, heard_of, reason_of, states_of, through
from clarion.api.clarion.ledger import account_shape
from clarion.api.clarion.readable import html_of
from clarion.api.clarion.shapes import file_shape
from clarion.api.clarion.timeline import timeline
from clarion.api.reference import watching as reference
from clarion.api.shut_in import shut_in
from clarion.domain.broadcasts import Action
from clarion.domain.causes import cause_of
from clarion.domain.deliveries import DeliveryKey, State, key_of, public_id
from clarion.domain.errors import NotFound, RenderError
from clarion.domain.people import IdKind, Reference, looks_like_email
from clarion.pipeline.compose import Sign
from clarion.pipeline.preview import Preview
from clarion.store import (
    broadcasts,
    deliveries,
    feedback,
    ledger,
    merging,
    outlets,
    people,
    person_deliveries,
    retention,
    triggers,
)
from clarion.store.deliveries import Listed, Page, Wanted
from clarion.store.engine import Row, Transaction

_FOREVER_MS = 2**62


def person_numbers(tx: Transaction, call: Call, named: str) -> list[int]:
    """The numbers of whoever `named` (an id, an address, or cio_…) is, with those merged into them; none of nobody."""
    kind = IdKind.CIO_ID if named.startswith("cio_") else IdKind.EMAIL if looks_like_email(named) else IdKind.ID
    found = people.find(tx, call.workspace, Reference(kind, named))
    if not found and kind is IdKind.EMAIL:
        found = people.find(tx, call.workspace, Reference(IdKind.ID, named))
    return [number for person in found for number in (person.person_id, *merging.merged(tx, person.person_id))]


def _wanted(call: Call) -> Wanted:
    broadcast_id = call.query_number("broadcast_id", 0, low=1)
    trigger_id = call.query_number("trigger_id", 0, low=1)
    action_id = call.query_number("action_id", 0, low=1)
    return Wanted(broadcast_id, trigger_id, action_id, states_of(call), heard=heard_of(call), reason=reason_of(call))


def _page(tx: Transaction, call: Call, wanted: Wanted, after: DeliveryKey | None, most: int, named: str) -> Page:
    if wanted.trigger_id and not wanted.broadcast_id:
        trigger = triggers.get(tx, wanted.trigger_id)
        if trigger is None or trigger.workspace_id != call.workspace.workspace_id:
            return Page((), None)
        wanted = replace(wanted, broadcast_id=trigger.broadcast_id)
    if not named:
        return deliveries.page(tx, call.workspace, wanted, after=after, most=most)
    numbers = person_numbers(tx, call, named)
    if not numbers:
        return Page((), None)
    found = person_deliveries.page(tx, call.workspace, numbers, after=after, most=most, from_ms=0, to_ms=_FOREVER_MS)
    items = [item for item in found.items if _is_wanted(item, wanted)]
    if wanted.heard:
        heard = feedback.of_many(tx, [item.key for item in items])
        items = [item for item in items if wanted.heard in heard.get(item.key, ())]
    return Page(tuple(items), found.next)


def _is_wanted(item: Listed, wanted: Wanted) -> bool:
    return (
        wanted.broadcast_id in (0, item.broadcast_id)
        and wanted.trigger_id in (0, item.key.trigger_id)
        and wanted.action_id in (0, item.key.action_id)
        and State(item.row["state"]) in wanted.states
        and wanted.reason in ("", item.row["reason"])
        and wanted.outlet in (0, item.row["outlet"])
    )


async def listing(call: Call) -> Response:
    """`GET /deliveries?trigger_id=&broadcast_id=&state=&reason=&cause=&heard=&account=&person=&start=`."""
    wanted, cause, after, named = _wanted(call), cause_in(call), key_from_start(call), call.query("person").strip()
    limit = call.query_number("limit", DEFAULT_LIMIT, low=1, high=MAX_LIMIT)
    secret = call.api.secret

    def read(tx: Transaction) -> dict[str, Any]:
        page = _page(tx, call, through(tx, call, wanted), after, limit, named)
        items = [item for item in page.items if cause is None or cause_of(item.row["words"]) == cause]
        return {
            "deliveries": _shapes(tx, call, items),
            "next": public_id(page.next, secret) if page.next else "",
        }

    return answer(await call.api.read(read))


def _shapes(tx: Transaction, call: Call, items: list[Listed]) -> list[dict[str, Any]]:
    known = people.identifiers(tx, {int(item.row["person_id"]) for item in items})
    heard = feedback.of_many(tx, [item.key for item in items])
    found = {number: broadcasts.get(tx, call.workspace, number, None) for number in {one.broadcast_id for one in items}}
    names = {number: one.name if one is not None else "" for number, one in found.items()}
    actions = {action.action_id: action for one in found.values() if one is not None for action in one.actions}
    accounts, secret = outlets.names(tx), call.api.secret
    return [
        {
            **account_shape(item, public_id(item.key, secret), known.get(int(item.row["person_id"])), accounts),
            "trigger_id": item.key.trigger_id,
            "broadcast": {"id": item.broadcast_id, "name": names[item.broadcast_id]},
            "action": _action_shape(item.key.action_id, actions.get(item.key.action_id)),
            "heard": {metric.value: seconds(ms) for metric, ms in heard.get(item.key, {}).items()},
        }
        for item in items
    ]


def _action_shape(action_id: int, action: Action | None) -> dict[str, Any]:
    """Which message it is of, as it is called now; one that is gone has no name and no kind."""
    if action is None:
        return {"id": action_id, "kind": "", "name": ""}
    return {"id": action_id, "kind": action.kind, "name": action.name}


def _key(call: Call) -> DeliveryKey:
    key = key_of(call.text("delivery_id"), call.api.secret)
    if key is None:
        raise NotFound
    return key


def _row(tx: Transaction, call: Call, key: DeliveryKey) -> Row:
    row = ledger.get(tx, key)
    if row is None or row["workspace_id"] != call.workspace.workspace_id:
        raise NotFound
    return row


async def one(call: Call) -> Response:
    """`GET /deliveries/{id}`: the account, its timeline as far as it is kept, and the data that it used."""
    key = _key(call)

    def read(tx: Transaction) -> dict[str, Any]:
        row = _row(tx, call, key)
        item = Listed(row, int(row["broadcast_id"]), str(row["content_hash"]))
        trigger = triggers.get(tx, key.trigger_id)
        gone = retention.removed(tx, key.trigger_id).data_ms
        own = msgspec.json.decode(row["own_data"]) if row["own_data"] else {}
        data = {} if gone is not None or trigger is None else {**trigger.data, **own}
        content = triggers.content(tx, item.content_hash)
        action = next((one for one in content.actions if one.action_id == key.action_id), None)
        (shape,) = _shapes(tx, call, [item])
        public = public_id(key, call.api.secret)
        return {
            **shape,
            "action": _action_shape(key.action_id, action),  # as it was when it was triggered
            "attachments": [file_shape(one) for one in action.attachments] if action else [],
            "place": key.seq,
            "data": data,
            "data_removed_at": seconds(gone),
            "timeline": timeline(tx, call.workspace, row, key),
            "view_url": f"{call.api.options.base_url}/view/{public}",
        }

    return answer({"delivery": await call.api.read(read)})


async def html(call: Call) -> Response:
    """`GET /deliveries/{id}/html?images=`: the message made again, shut in; without remote images unless asked for."""
    key = _key(call)
    await call.api.read(lambda tx: _row(tx, call, key))
    images = call.query_flag("images")
    preview = Preview(call.api.store, Sign(call.api.secret, call.api.options.base_url))
    try:
        found = await call.api.run(lambda: preview.whole(key))
        made = html_of(found) if found is not None else None
        told = "The person or the data of this message is gone: it cannot be made again."
    except RenderError as error:
        made, told = None, f"The message cannot be made again with what is known of the person today: {error}"
    if made is None:
        made = f'<meta charset="utf-8"><p style="font: 14px system-ui">{escape(told)}'
    return shut_in(made, images=images)


_ROOT = "/api/clarion/v1/deliveries"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        _ROOT,
        listing,
        "manage",
        "app",
        "Deliveries of all triggers",
        reference=reference.DELIVERIES,
    ),
    Endpoint(
        "GET",
        f"{_ROOT}/{{delivery_id}}",
        one,
        "manage",
        "app",
        "One delivery and what happened to it",
        reference=reference.DELIVERY,
    ),
    Endpoint(
        "GET",
        f"{_ROOT}/{{delivery_id}}/html",
        html,
        "manage",
        "app",
        "The message of a delivery, to be shown in a frame",
        reference=reference.DELIVERY_HTML,
    ),
)
