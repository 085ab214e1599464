# SPDX-License-Identifier: Apache-2.0
"""Messages to one person: the calls that send them, and the messages themselves (contract §7.13)."""

import time
from functools import partial
from typing import Any

from starlette.responses import Response

from clarion.api.app import messages
from clarion.api.app.broadcast_shapes import content_shape
from clarion.api.app.broadcasts import edit_of, edited_in, language_of
from clarion.api.bodies import object_of, read_body
from clarion.api.calls import Call, Endpoint, Handler, answer
from clarion.api.clarion.edits import MAX_BODY_BYTES
from clarion.api.clarion.languages import with_content
from clarion.api.clarion.storing import one_of, store_edit
from clarion.api.idempotency import once
from clarion.api.reference import transactional as reference
from clarion.api.schemas import Reference
from clarion.domain.broadcasts import Action, Broadcast, BroadcastKind, SendingState
from clarion.domain.channels import TYPE_OF
from clarion.domain.deliveries import public_id
from clarion.domain.errors import InvalidRequest, NotFound
from clarion.domain.operations import Identify
from clarion.domain.people import IdKind
from clarion.domain.transactional import CHANNELS, SendRequest, parse_email, parse_other
from clarion.pipeline import identify, transactional
from clarion.store import broadcasts
from clarion.store.engine import Transaction

_LIMIT = 4_500_000  # bytes of a body: attachments of two megabytes in base64, and a text of one


async def send(call: Call, channel: str) -> Response:
    """`POST /v1/send/{channel}`: answered when the account is in the ledger."""
    body = await read_body(call.request, _LIMIT)
    parse = parse_email if channel == "email" else partial(parse_other, channel)
    request = await call.api.run(lambda: parse(object_of(body), int(time.time())))
    await call.api.run(lambda: _meet(call, request))

    def work(tx: Transaction) -> Response:
        queued = transactional.send(tx, call.workspace, request, submit=call.api.jobs.submit_slices)
        return answer({"delivery_id": public_id(queued.key, call.api.secret), "queued_at": queued.at_ms // 1_000})

    return await once(call, body, work)


def _meet(call: Call, request: SendRequest) -> None:
    """Make the person if nobody has the identifier: before the message, because a number for them is taken outside.

    Raises:
        InvalidRequest: the identifier is blocked.
    """
    reference = request.reference
    find = partial(transactional.somebody, workspace=call.workspace, reference=reference)
    if not request.auto_create or reference.kind is IdKind.CIO_ID or call.api.store.read(find) is not None:
        return
    if reference.kind is IdKind.EMAIL and not call.workspace.email_is_unique:
        raise InvalidRequest("nobody has this address, and it does not identify people here", "/identifiers/email")
    [refused] = identify.perform(call.api.store, call.api.numbers, call.workspace, [Identify(reference)])
    if refused is not None:
        raise refused
    if call.api.store.read(find) is None:
        raise InvalidRequest("the person is suppressed", f"/identifiers/{reference.kind.value}")


def _find(tx: Transaction, call: Call) -> Broadcast:
    number = call.number("transactional_id")
    found = broadcasts.get(tx, call.workspace, number, BroadcastKind.TRANSACTIONAL)
    if found is None:
        raise NotFound
    return found


def _shape(message: Broadcast) -> dict[str, Any]:
    [action] = message.actions or (None,)
    updated_ms = max([message.updated_ms, *(action.updated_ms for action in message.actions)])
    return {
        "id": message.broadcast_id,
        "name": message.name,
        "trigger_name": message.trigger_name or "",
        "description": "",
        "type": TYPE_OF[action.kind] if action else "email",
        "active": message.active,
        "send_to_unsubscribed": True,
        "link_tracking": bool(action and action.content.tracked),
        "open_tracking": bool(action and action.content.tracked),
        "hide_message_body": False,
        "queue_drafts": bool(action and action.sending_state is SendingState.DRAFT),
        "created_at": message.created_ms // 1_000,
        "updated_at": updated_ms // 1_000,
    }


async def listing(call: Call) -> Response:
    """`GET /v1/transactional`."""
    found = await call.api.read(lambda tx: broadcasts.listing(tx, call.workspace, BroadcastKind.TRANSACTIONAL))
    return answer({"messages": [_shape(message) for message in found]})


async def get(call: Call) -> Response:
    """`GET /v1/transactional/{transactional_id}`."""
    return answer({"message": _shape(await call.api.read(lambda tx: _find(tx, call)))})


async def contents(call: Call) -> Response:
    """`GET /v1/transactional/{transactional_id}/contents`."""
    found = await call.api.read(lambda tx: _find(tx, call))
    return answer({"contents": [content_shape(action) for action in found.actions]})


async def put_content(call: Call) -> Response:
    """`PUT /v1/transactional/{transactional_id}/content/{content_id}`."""
    return await _edited(call, call.number("content_id"))


async def _edited(call: Call, content_id: int) -> Response:
    edit, language = edit_of(await call.json_object(MAX_BODY_BYTES + 100_000)), language_of(call)
    await call.api.read(lambda tx: _find(tx, call))

    def change(before: Broadcast) -> Broadcast:
        return with_content(before, edited_in(one_of(before, content_id), edit, language))

    after = await store_edit(call, change, "transactional_id")
    return answer({"content": content_shape(one_of(after, content_id), language)})


async def _only(call: Call) -> Action:
    """The one message that it is.

    Raises:
        NotFound: it was not written yet.
    """
    found = await call.api.read(lambda tx: _find(tx, call))
    if not found.actions:
        raise NotFound
    return found.actions[0]


async def get_variant(call: Call) -> Response:
    """`GET /v1/transactional/{transactional_id}/language/{language}`."""
    return answer({"content": content_shape(await _only(call), language_of(call))})


async def put_variant(call: Call) -> Response:
    """`PUT /v1/transactional/{transactional_id}/language/{language}`, of a variant that there is."""
    return await _edited(call, (await _only(call)).action_id)


async def sent(call: Call) -> Response:
    """`GET /v1/transactional/{transactional_id}/messages`."""
    found = await call.api.read(lambda tx: _find(tx, call))
    return await messages.listed(call, found.broadcast_id)


def _summary(channel: str) -> str:
    return f"Send one {channel.replace('_', '-').removesuffix('-message')} message to one person"


_ONE = "/v1/transactional/{transactional_id}"
_LANGUAGE = f"{_ONE}/language/{{language}}"
_DEFAULT = f"{_ONE}/language/"


def _app(method: str, path: str, handler: Handler, summary: str, told: Reference, *aliases: str) -> Endpoint:
    return Endpoint(method, path, handler, "app", "app", summary, aliases=aliases, reference=told)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST",
        "/v1/send/email",
        partial(send, channel="email"),
        "app",
        "app",
        "Send one e-mail to one person",
        sends=True,
        reference=reference.SEND_EMAIL,
    ),
    *(
        Endpoint(
            "POST",
            f"/v1/send/{channel}",
            partial(send, channel=channel),
            "app",
            "app",
            _summary(channel),
            sends=True,
            reference=reference.SEND_PUSH if channel == "push" else reference.SEND_OTHER,
        )
        for channel in CHANNELS[1:]
    ),
    _app("GET", "/v1/transactional", listing, "Every transactional message, newest first", reference.LIST),
    _app("GET", _ONE, get, "One transactional message", reference.ONE),
    _app("GET", f"{_ONE}/contents", contents, "The content of a transactional message", reference.CONTENTS),
    _app(
        "PUT",
        f"{_ONE}/content/{{content_id}}",
        put_content,
        "Change the content of a transactional message",
        reference.PUT_CONTENT,
    ),
    _app("GET", _LANGUAGE, get_variant, "The content in a language; the default is empty", reference.CONTENT, _DEFAULT),
    _app("PUT", _LANGUAGE, put_variant, "Change it in a language that it has", reference.PUT_CONTENT, _DEFAULT),
    _app("GET", f"{_ONE}/messages", sent, "What was sent of a transactional message", reference.MESSAGES),
)
