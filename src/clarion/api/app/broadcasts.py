# SPDX-License-Identifier: Apache-2.0
"""Broadcasts, their actions and their messages, as Customer.io shows them (contract §5.1-5.3, §5.5)."""

from dataclasses import replace
from typing import Any

import msgspec
from starlette.responses import Response

from clarion.api.app import messages
from clarion.api.app.broadcast_shapes import action_shape, broadcast_shape, campaign_shape
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.edits import MAX_BODY_BYTES, edited_action, edited_content
from clarion.api.clarion.languages import with_content
from clarion.api.clarion.storing import one_of, store_edit
from clarion.api.reference import broadcasts as reference
from clarion.api.reference import messages as of_messages
from clarion.domain import waiting
from clarion.domain.broadcasts import Action, Broadcast
from clarion.domain.channels import CHANNELS
from clarion.domain.errors import InvalidRequest, NotFound
from clarion.domain.parts import Channel
from clarion.store import broadcasts
from clarion.store.engine import Transaction


async def _broadcast(call: Call) -> Broadcast:
    broadcast_id = call.number("broadcast_id")
    found = await call.api.read(lambda tx: broadcasts.get(tx, call.workspace, broadcast_id))
    if found is None:
        raise NotFound
    return found


async def list_broadcasts(call: Call) -> Response:
    """`GET /v1/broadcasts`."""
    found = await call.api.read(lambda tx: broadcasts.listing(tx, call.workspace))
    return answer({"broadcasts": [broadcast_shape(broadcast) for broadcast in found]})


async def get_broadcast(call: Call) -> Response:
    """`GET /v1/broadcasts/{id}`."""
    return answer({"broadcast": broadcast_shape(await _broadcast(call))})


async def list_actions(call: Call) -> Response:
    """`GET /v1/broadcasts/{id}/actions`."""
    broadcast = await _broadcast(call)
    return answer({"actions": [action_shape(action) for action in broadcast.actions]})


def named(tx: Transaction, call: Call, broadcast: Broadcast) -> tuple[Action, str, int]:
    """The action that the path names, its language there ("" for the default), and the number of that.

    A language of an action has a number of its own, which does for the action's (contract §12.2).

    Raises:
        NotFound: the broadcast has none by this number.
    """
    number, language = call.number("action_id"), language_of(call)
    for action in broadcast.actions:
        known = broadcasts.language_numbers(tx, action.action_id) if action.variants else {}
        if action.action_id == number:
            return action, language, known.get(language.lower(), number)
        for one in action.variants:
            if known.get(one.language.lower()) == number and not language:
                return action, one.language, number
    raise NotFound


async def get_action(call: Call) -> Response:
    """`GET /v1/broadcasts/{id}/actions/{action_id}`, and `…/language/{language}`."""

    def read(tx: Transaction) -> tuple[Action, str, int]:
        found = broadcasts.get(tx, call.workspace, call.number("broadcast_id"))
        if found is None:
            raise NotFound
        return named(tx, call, found)

    return answer({"action": action_shape(*await call.api.read(read))})


_FIELDS = ("subject", "body", "recipient", "sending_state", "from_id", "reply_to_id")
_RENAMED = {"preheader_text": "preheader", "body_amp": "amp"}
# Keys of an action that GET shows and PUT passes over, so that one may send back what one read (contract §5.3).
_READ_ONLY = frozenset({
    "id", "broadcast_id", "campaign_id", "parent_action_id", "deduplicate_id", "name", "created", "updated", "type",
    "layout", "language", "from", "reply_to", "bcc", "cc", "fake_bcc", "preprocessor",
})  # fmt: skip
_NOT_OFFERED = ("image_url", "url", "method")
_OF_WHATSAPP = ("body_json", "send_to_unsubscribed", "sender_identity_id", "tracked")
_OF_WEBHOOK = ("url", "method", "body", "sending_state")


def edit_of(body: dict[str, Any], kind: str = "email") -> dict[str, Any]:
    """The body of a PUT to an action of this kind, in the words of our own edits.

    Raises:
        InvalidRequest: a key that is unknown or that such actions here do not have.
    """
    if kind == "webhook":
        return _edit_of_webhook(body)
    if (channel := CHANNELS.get(kind)) is not None:
        return _edit_of_parts(body, channel)
    edit = {name: body[name] for name in _FIELDS if name in body}
    edit |= {inner: body[name] for name, inner in _RENAMED.items() if name in body}
    if "headers" in body:
        edit["headers"] = _headers_of(body["headers"])
    for name in body.keys() - edit.keys() - _READ_ONLY - _RENAMED.keys():
        if name not in _NOT_OFFERED:
            raise _unknown(name)
        if body[name] not in (None, ""):
            raise InvalidRequest("is not offered by this version for an e-mail", f"/{name}")
    return edit


def _unknown(name: str) -> InvalidRequest:
    return InvalidRequest(waiting.WHY if name in waiting.FIELDS else "is not a field of an action", f"/{name}")


def _edit_of_webhook(body: dict[str, Any]) -> dict[str, Any]:
    edit = {name: body[name] for name in _OF_WEBHOOK if name in body}
    if "headers" in body:
        edit["headers"] = _headers_of(body["headers"])
    for name in body.keys() - edit.keys() - _READ_ONLY:
        if name not in (*_FIELDS, *_NOT_OFFERED, "preheader_text"):
            raise _unknown(name)
        if body[name] not in (None, ""):
            raise InvalidRequest("is not a field of a webhook", f"/{name}")
    return edit


def _edit_of_parts(body: dict[str, Any], channel: Channel) -> dict[str, Any]:
    known = ("sending_state", *(part.name for part in channel.parts))
    edit = {name: body[name] for name in known if name in body and not (name == "recipient" and body[name] == "")}
    passed_over = _READ_ONLY | ({"recipient", *_OF_WHATSAPP} if channel.kind == "whatsapp" else {"recipient"})
    for name in body.keys() - edit.keys() - passed_over:
        if name not in (*_FIELDS, *_NOT_OFFERED, *_RENAMED, "headers"):
            raise _unknown(name)
        if body[name] not in (None, "", "[]", []):
            raise InvalidRequest(f"is not a field of {channel.title}", f"/{name}")
    return edit


def _headers_of(value: object) -> object:
    """A list of names and values, or the string in which GET shows it; older clients send {name: value} (§5.3)."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value or "[]")
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise InvalidRequest("must be a list of names and values", "/headers") from None
    return [_named_header(one) for one in value] if isinstance(value, list) else value


def _named_header(value: object) -> object:
    if not isinstance(value, dict) or len(value) != 1 or value.keys() & {"name", "value"}:
        return value
    ((name, text),) = value.items()
    return {"name": name, "value": text}


def edited_in(action: Action, edit: dict[str, Any], language: str) -> Action:
    """The action after an edit of its content in a language. Raises as `action_shape` and `edited_action` do."""
    if not language:
        return edited_action(action, edit)
    action_shape(action, language)
    texts = {name: value for name, value in edit.items() if name != "sending_state"}
    variants = tuple(
        replace(one, content=edited_content(one.content, texts)) if one.language.lower() == language.lower() else one
        for one in action.variants
    )
    settings = {name: edit[name] for name in edit.keys() & {"sending_state"}}
    return edited_action(replace(action, variants=variants), settings)


def language_of(call: Call) -> str:
    """The language that the path names, "" for the default."""
    return call.text("language") if "language" in call.request.path_params else ""


async def put_action(call: Call) -> Response:
    """`PUT /v1/broadcasts/{id}/actions/{action_id}`, and `…/language/{language}` for a variant that there is."""
    body = await call.json_object(MAX_BODY_BYTES + 100_000)
    broadcast = await _broadcast(call)
    before, language, number = await call.api.read(lambda tx: named(tx, call, broadcast))
    action_id, edit = before.action_id, edit_of(body, before.kind)

    def change(before: Broadcast) -> Broadcast:
        return with_content(before, edited_in(one_of(before, action_id), edit, language))

    after = await store_edit(call, change)
    return answer({"action": action_shape(one_of(after, action_id), language, number)})


async def list_campaigns(call: Call) -> Response:
    """`GET /v1/campaigns`: broadcasts too are found under this name (contract §5: one number space)."""
    found = await call.api.read(lambda tx: broadcasts.listing(tx, call.workspace))
    return answer({"campaigns": [campaign_shape(broadcast) for broadcast in found]})


async def get_campaign(call: Call) -> Response:
    """`GET /v1/campaigns/{id}`."""
    return answer({"campaign": campaign_shape(await _broadcast(call))})


async def list_messages(call: Call) -> Response:
    """`GET /v1/broadcasts/{id}/messages`."""
    broadcast = await _broadcast(call)
    return await messages.listed(call, broadcast.broadcast_id)


async def list_campaign_messages(call: Call) -> Response:
    """`GET /v1/campaigns/{id}/messages`, where `drafts` asks for them beside the others."""
    broadcast = await _broadcast(call)
    return await messages.listed(call, broadcast.broadcast_id, drafts=messages.Drafts.BESIDE)


async def list_newsletters(call: Call) -> Response:  # noqa: ARG001 - there are none in any workspace
    """`GET /v1/newsletters`: for programs that read everything there is."""
    return answer({"newsletters": [], "next": ""})


_ONE, _CAMPAIGN = "/v1/broadcasts/{broadcast_id}", "/v1/campaigns/{broadcast_id}"
_ACTION = "/actions/{action_id}"
_LANGUAGE = f"{_ACTION}/language/{{language}}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/v1/broadcasts",
        list_broadcasts,
        "app",
        "app",
        "Every broadcast, newest first",
        reference=reference.BROADCASTS,
    ),
    Endpoint(
        "GET",
        _ONE,
        get_broadcast,
        "app",
        "app",
        "One broadcast",
        reference=reference.BROADCAST,
    ),
    Endpoint(
        "GET",
        "/v1/campaigns",
        list_campaigns,
        "app",
        "app",
        "Every broadcast, as campaigns",
        reference=reference.CAMPAIGNS,
    ),
    Endpoint(
        "GET",
        _CAMPAIGN,
        get_campaign,
        "app",
        "app",
        "One broadcast, as a campaign",
        reference=reference.CAMPAIGN,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/actions",
        list_actions,
        "app",
        "app",
        "The actions of a broadcast",
        aliases=(f"{_CAMPAIGN}/actions",),
        reference=reference.ACTIONS,
    ),
    Endpoint(
        "GET",
        f"{_ONE}{_ACTION}",
        get_action,
        "app",
        "app",
        "One action",
        aliases=(f"{_CAMPAIGN}{_ACTION}",),
        reference=reference.ACTION,
    ),
    Endpoint(
        "PUT",
        f"{_ONE}{_ACTION}",
        put_action,
        "app",
        "app",
        "Change an action: subject, body, recipient, headers, sending state",
        aliases=(f"{_CAMPAIGN}{_ACTION}",),
        reference=reference.PUT_ACTION,
    ),
    Endpoint(
        "GET",
        f"{_ONE}{_LANGUAGE}",
        get_action,
        "app",
        "app",
        "An action in a language; the default is empty",
        aliases=(f"{_CAMPAIGN}{_LANGUAGE}", f"{_ONE}{_ACTION}/language/", f"{_CAMPAIGN}{_ACTION}/language/"),
        reference=reference.ACTION,
    ),
    Endpoint(
        "PUT",
        f"{_ONE}{_LANGUAGE}",
        put_action,
        "app",
        "app",
        "Change an action in a language that it has; the default is empty",
        aliases=(f"{_CAMPAIGN}{_LANGUAGE}", f"{_ONE}{_ACTION}/language/", f"{_CAMPAIGN}{_ACTION}/language/"),
        reference=reference.PUT_ACTION,
    ),
    Endpoint(
        "GET",
        f"{_ONE}/messages",
        list_messages,
        "app",
        "app",
        "Messages of a broadcast",
        reference=of_messages.OF_BROADCAST,
    ),
    Endpoint(
        "GET",
        f"{_CAMPAIGN}/messages",
        list_campaign_messages,
        "app",
        "app",
        "Messages of a broadcast, as a campaign",
        reference=of_messages.OF_CAMPAIGN,
    ),
    Endpoint(
        "GET",
        "/v1/newsletters",
        list_newsletters,
        "app",
        "app",
        "Newsletters: there are none",
        reference=reference.NEWSLETTERS,
    ),
)
