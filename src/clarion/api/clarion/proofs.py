# SPDX-License-Identifier: Apache-2.0
"""For whoever writes a message: see it as somebody gets it, look at it for a hundred people, send it to oneself."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from starlette.responses import HTMLResponse, Response

from clarion.api.calls import Call, Endpoint, Handler, answer
from clarion.api.clarion import accounts
from clarion.api.clarion.audiences import check_segments, one_person, reference_of
from clarion.api.clarion.edits import MAX_LINE_BYTES, NEW_ACTION, edited_action, new_broadcast
from clarion.api.clarion.fields import Fields
from clarion.api.clarion.layouts import as_stored
from clarion.api.clarion.shapes import file_shape
from clarion.api.clarion.storing import load, one_of
from clarion.api.reference import proofs as told
from clarion.api.schemas import Reference
from clarion.domain import audience
from clarion.domain.audience import Everybody, Filter
from clarion.domain.broadcasts import Action, Broadcast
from clarion.domain.channels import CHANNELS
from clarion.domain.errors import InvalidRequest, NotFound, Problem, RenderError
from clarion.domain.messages import Message
from clarion.domain.parts import Channel
from clarion.domain.people import Person, email_key
from clarion.domain.person_actions import PERSON_ACTIONS, SEGMENT_UPDATE
from clarion.domain.roles import Need
from clarion.pipeline import forecast, proofs, trial
from clarion.pipeline.accept import parse_condition
from clarion.pipeline.compose import Sign, sign_for
from clarion.pipeline.proofs import Checked, Draft, Fault, Proof
from clarion.rendering.addresses import mailbox
from clarion.rendering.framed import framed, pictures
from clarion.rendering.parts import RenderedParts
from clarion.rendering.webhook import RenderedWebhook
from clarion.store import (
    attachments,
    broadcasts,
    conditions,
    esp,
    people,
    previews,
    segments,
    snippets,
    topics,
    url_params,
)
from clarion.store.engine import Transaction

_LIMIT = 3_500_000  # bytes of a body
_MOST_CHECKED = 100
_CHECK_SECONDS = 6.0
_MOST_ADDRESSES = 25  # contract §14
_TEST_SECONDS = 45.0
_WRITTEN = ("broadcast_id", "action_id", "language", "action", "data")
_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:{images}; font-src *; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PREFERS = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_OVER = "<!doctype html><title>Preview</title><p>This preview is no longer kept. Change the message to see it anew."


@dataclass(frozen=True, slots=True)
class _Body:
    """What is proofed, before anything is looked up. `person`: None for nobody, "random", or whom it names."""

    fields: Fields
    broadcast_id: int
    action_id: int
    language: str | None
    data: Mapping[str, Any]
    filter: Filter | None


def _body(value: Mapping[str, Any], *more: str) -> _Body:
    fields = Fields(value)
    fields.only((*_WRITTEN, *more))
    broadcast_id, action_id = fields.number("broadcast_id", None), fields.number("action_id", None)
    if action_id is not None and broadcast_id is None:
        fields.fault("is needed with action_id", "broadcast_id")
    language = fields.text("language", "", 35) if fields.value.get("language") is not None else None
    data = fields.value.get("data")
    if data is not None and not isinstance(data, dict):
        fields.fault("must be an object", "data")
    fields.refuse()
    condition = audience.parse(fields.value["filter"], "/filter") if fields.value.get("filter") else None
    return _Body(fields, broadcast_id or 0, action_id or 0, language, data or {}, condition)


def _draft(tx: Transaction, call: Call, body: _Body) -> Draft:
    """The action with what the body says instead.

    Raises:
        NotFound: no such broadcast, action or language.
        InvalidRequest: faults of the fields, below `/action`.
    """
    workspace = call.workspace
    broadcast = load(tx, workspace, body.broadcast_id) if body.broadcast_id else new_broadcast(workspace.workspace_id)
    action = one_of(broadcast, body.action_id) if body.action_id else NEW_ACTION
    if body.language is not None:
        content = action.in_language(body.language)
        if content is None and "action" not in body.fields.value:
            raise NotFound(f"there is no language {body.language!r}")
        action = replace(action, content=content or action.content, variants=())
    if "action" in body.fields.value:
        action = _edited(tx, call, broadcast, action, body.fields.below(body.fields.value["action"], "action"))
    topic = topics.get(tx, workspace, action.topic_id or broadcast.topic_id or 0)
    texts = {snippet.name: snippet.value for snippet in snippets.listing(tx, workspace)}
    kinds = segments.kinds(tx, workspace) if action.kind == SEGMENT_UPDATE.kind else None
    params = url_params.of_workspace(tx, workspace.workspace_id)
    return Draft(broadcast, action, texts, topic, body.data, segment_kinds=kinds, url_params=params)


def _with_people(tx: Transaction, draft: Draft, some: Sequence[Person]) -> Draft:
    """With what is to be known of those that it is looked at for: devices, and whether they match its condition."""
    channel, numbers = CHANNELS.get(draft.action.kind), [one.person_id for one in some]
    if channel is not None and channel.to_devices:
        draft = replace(draft, devices=people.push_devices(tx, numbers))
    (unmatched,) = conditions.unmatched(tx, [parse_condition(draft.action.condition)], numbers)
    return replace(draft, unmatched=unmatched)


def _edited(tx: Transaction, call: Call, broadcast: Broadcast, action: Action, fields: Fields) -> Action:
    fields.refuse()
    try:
        after = edited_action(action, fields.value)
        made = as_stored(tx, call.workspace, replace(broadcast, actions=(after,)))
    except InvalidRequest as error:
        first, *more = (Problem(one.detail, fields.pointer + one.pointer, one.complete) for one in error.problems)
        raise InvalidRequest(first.detail, first.pointer, complete=first.complete, more=tuple(more)) from None
    return made.actions[0]


def _audience(tx: Transaction, call: Call, body: _Body, broadcast: Broadcast) -> Filter:
    """Whom it is for: the filter of the body, else the broadcast's."""
    condition = body.filter
    if condition is None:
        condition = audience.parse(broadcast.recipients) if broadcast.recipients else Everybody()
    check_segments(tx, call, condition)
    return condition


def _person(tx: Transaction, call: Call, body: _Body, broadcast: Broadcast) -> Person | None:
    wanted = body.fields.value.get("person")
    if wanted is None:
        return None
    if wanted == "random":
        dice = random.SystemRandom()
        found = forecast.sample(tx, call.workspace, _audience(tx, call, body, broadcast), 1, dice, seconds=0.5)
        return found[0] if found else None
    fields = body.fields.below(wanted, "person")
    fields.only(("id", "email", "cio_id"))
    fields.refuse()
    return one_person(tx, call, reference_of(fields))


def _sign(call: Call) -> Sign:
    return Sign(call.api.secret, call.api.options.base_url)


def _fault(one: Fault) -> dict[str, Any]:
    return {
        "field": one.field,
        "message": one.message,
        "line": one.line,
        "column": one.column,
        "from": one.start,
        "to": one.end,
    }


def _parts(found: Proof) -> dict[str, Any] | None:
    message, broken = found.message, found.broken
    if message is None:
        return None

    def unless(name: str, value: object) -> object:
        return None if name in broken else value

    if isinstance(message, RenderedParts):
        texts = {name: unless(name, text) for name, text in message.parts.items()}
        return {**texts, "size": found.size, "pictures": pictures(message, broken)}
    headers = [{"name": name, "value": value} for name, value in message.headers if f"headers/{name}" not in broken]
    if isinstance(message, RenderedWebhook):
        return {
            "method": message.method.value,
            "url": unless("url", message.url),
            "headers": headers,
            "body": unless("body", message.body),
            "size": found.size,
        }
    email = message
    return {
        "subject": unless("subject", email.subject),
        "preheader": unless("preheader", email.preheader),
        "from": unless("from", email.sender),
        "reply_to": unless("reply_to", email.reply_to),
        "to": unless("recipient", email.recipient),
        "cc": unless("cc", list(email.cc)),
        "bcc": unless("bcc", list(email.bcc)),
        "headers": headers,
        "html": unless("body", email.html),
        "plain": unless("plain", email.plain),
        "size": found.size,
    }


async def preview(call: Call) -> Response:
    """`POST /preview`: an action as somebody would get it, and everything that is wrong with it."""
    body = _body(await call.json_object(_LIMIT), "person", "filter")

    def look(tx: Transaction) -> tuple[Draft, Person | None]:
        draft = _draft(tx, call, body)
        person = _person(tx, call, body, draft.broadcast)
        return _with_people(tx, draft, [person] if person is not None else []), person

    def work() -> dict[str, Any]:
        draft, person = call.api.store.read(look)
        found = proofs.proof(draft, person, _sign(call))
        html = framed(found.message, found.broken)
        preview_id = call.api.store.write(lambda tx: previews.keep(tx, html)) if html.strip() else None
        return {
            "preview_id": preview_id,
            "url": f"/preview/{preview_id}" if preview_id else None,
            "person": person.identifiers if person is not None else None,
            "language": found.language if body.language is None else body.language,
            "outcome": {
                "state": found.state.word if found.state is not None else None,
                "reason": found.reason.value if found.reason is not None else None,
            },
            "message": _parts(found),
            "attachments": [file_shape(one) for one in draft.action.attachments],
            "errors": [_fault(one) for one in found.errors],
            "warnings": [_fault(one) for one in found.warnings],
            "names": list(found.names),
            "wanted": found.wanted,
        }

    return answer(await call.api.run(work))


async def check(call: Call) -> Response:
    """`POST /preview/check`: how it would go for up to a hundred people of the audience."""
    body = _body(await call.json_object(_LIMIT), "filter", "limit")
    most = body.fields.number("limit", _MOST_CHECKED) or _MOST_CHECKED
    if most > _MOST_CHECKED:
        body.fields.fault(f"must be at most {_MOST_CHECKED}", "limit")
    body.fields.refuse()
    dice = random.SystemRandom()

    def look(tx: Transaction) -> tuple[Draft, list[Person], set[str]]:
        draft = _draft(tx, call, body)
        some = forecast.sample(tx, call.workspace, _audience(tx, call, body, draft.broadcast), most, dice)
        keys = {email_key(person.email) for person in some if person.email}
        return _with_people(tx, draft, some), some, esp.among(tx, call.workspace.workspace_id, keys)

    def work() -> tuple[Checked, int]:
        draft, some, barred = call.api.store.read(look)
        return proofs.check(draft, some, _sign(call), barred=barred, seconds=_CHECK_SECONDS), len(some)

    async with call.api.searches:
        found, wanted = await call.api.run(work)
    return answer(
        {
            "people": found.people,
            "complete": found.people == wanted,
            "sent": found.sent,
            "causes": [
                {
                    "state": cause.state.word,
                    "reason": cause.reason.value if cause.reason is not None else None,
                    **_fault(cause.fault),
                    "people": n,
                    "examples": [person.identifiers for person in examples],
                }
                for cause, n, examples in found.causes
            ],
        }
    )


async def test_send(call: Call) -> Response:
    """`POST /broadcasts/{id}/actions/{action_id}/test_send {to?, prefix?, person?, data?, language?, action?}`."""
    value = await call.json_object(_LIMIT)
    numbers = {"broadcast_id": call.number("broadcast_id"), "action_id": call.number("action_id")}
    body = _body({**value, **numbers}, "person", "to", "prefix")
    prefix = body.fields.flag("prefix", before=True)

    def look(tx: Transaction) -> tuple[Draft, Person | None]:
        draft = _draft(tx, call, body)
        person = _person(tx, call, body, draft.broadcast)
        return _with_people(tx, draft, [person] if person is not None else []), person

    draft, person = await call.api.read(look)
    kind = draft.action.kind
    workspace_id = call.workspace.workspace_id
    files = await call.api.read(lambda tx: attachments.of_actions(tx, workspace_id, [draft.action]))
    if kind in PERSON_ACTIONS:
        raise InvalidRequest("an action on a person sends nothing: its preview shows what it does")
    channel = CHANNELS.get(kind)
    addresses = _addresses(body.fields, channel)
    keys = {email_key(one) for one in addresses} if channel is None else set[str]()
    barred = await call.api.read(lambda tx: esp.among(tx, workspace_id, keys))
    if bool(addresses) is (kind == "webhook"):
        raise InvalidRequest("a webhook goes to its URL, to no address" if addresses else "needs an address", "/to")
    if call.api.provider is None:
        raise InvalidRequest("this process has no provider: it sends nothing")
    wanted = [one for one in addresses if email_key(one) not in barred]
    sign = await call.api.read(lambda tx: sign_for(tx, _sign(call), workspace_id))
    provider = call.api.provider(kind)

    def make() -> Sequence[Message]:
        if kind == "webhook":
            return [trial.request(draft, person, sign)]
        if kind in CHANNELS:
            return trial.texts(draft, person, wanted, sign)
        return trial.letters(draft, person, wanted, sign, provider, prefix=prefix, files=files)

    try:
        try:
            made = await call.api.run(make)
        except RenderError as error:
            pointer = f"/action/{error.part.replace('.', '/', 1)}"
            raise InvalidRequest(str(error), pointer, complete=True) from None
        await accounts.wait_turn(call, kind, len(made))
        answers = await trial.hand_over(provider, made, seconds=_TEST_SECONDS)
    finally:
        await provider.close()
    if any(one.sent for one in answers):
        await call.api.write(partial(broadcasts.note_test, action_id=draft.action.action_id))
    results = [{"address": one.address, "sent": one.sent, "words": one.words} for one in answers]
    results += [
        {"address": one, "sent": False, "words": "the address is suppressed: it gets no mail"}
        for one in addresses
        if email_key(one) in barred
    ]
    return answer({"results": results})


def _addresses(fields: Fields, channel: Channel | None) -> list[str]:
    """Where a test goes: addresses of e-mail, or what the channel has."""
    found: dict[str, str] = {}
    for no, item in enumerate(fields.items("to", _MOST_ADDRESSES) or ()):
        if not isinstance(item, str) or len(item.encode()) > MAX_LINE_BYTES:
            fields.fault("must be an address", f"to/{no}")
            continue
        try:
            address = mailbox(item, "to").address if channel is None else channel.address(item)
            found.setdefault(email_key(address) if channel is None else address, address)
        except RenderError as error:
            fields.fault(error.message, f"to/{no}")
        except ValueError as error:
            fields.fault(str(error), f"to/{no}")
    fields.refuse()
    return list(found.values())


def _in_theme(html: str, theme: str) -> str:
    """The HTML as somebody with this theme sees it, whatever the theme of the browser that shows it."""
    styled = _PREFERS.sub(lambda asked: "(min-width: 0px)" if asked[1].lower() == theme else "(max-width: 0px)", html)
    return f"{styled}<style>:root {{ color-scheme: {theme} }}</style>"


async def shown(call: Call) -> Response:
    """`GET /preview/{id}?images=1&theme=dark`: the HTML of a preview, in a sandbox, for whoever knows the id."""
    preview_id = call.text("preview_id")
    html = await call.api.read(lambda tx: previews.get(tx, preview_id))
    if html is not None and (theme := call.query("theme")) in {"dark", "light"}:
        html = _in_theme(html, theme)
    headers = {
        "Content-Security-Policy": _POLICY.format(images=" *" if call.query_flag("images") else ""),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex",
    }
    return HTMLResponse(html if html is not None else _OVER, 200 if html is not None else 404, headers)


_ROOT = "/api/clarion/v1"

_TEST_SEND = f"{_ROOT}/broadcasts/{{broadcast_id}}/actions/{{action_id}}/test_send"


def _managed(path: str, handler: Handler, summary: str, reference: Reference, needs: Need) -> Endpoint:
    return Endpoint("POST", path, handler, "manage", "app", summary, reference=reference, needs=needs)


ENDPOINTS: tuple[Endpoint, ...] = (
    _managed(f"{_ROOT}/preview", preview, "A message as somebody would get it", told.PREVIEW, Need.READ),
    _managed(f"{_ROOT}/preview/check", check, "How a message would go for a hundred people", told.CHECK, Need.READ),
    _managed(_TEST_SEND, test_send, "Send a test of a message", told.TEST_SEND, Need.SEND),
    Endpoint("GET", "/preview/{preview_id}", shown, "none", "app", "The HTML of a preview", reference=told.SHOWN),
)
