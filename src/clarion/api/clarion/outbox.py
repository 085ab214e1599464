# SPDX-License-Identifier: Apache-2.0
"""The captured outbox: mail that went nowhere, as JSON and as raw messages. Open without a key in the demo."""

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from html import escape
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.reference import outbox as reference
from clarion.api.shut_in import shut_in
from clarion.channels.base import CapturedMail, Outbox
from clarion.domain.errors import NotFound
from clarion.store import access

_MOST_FOUND = 10_000  # of one recipient


async def listing(call: Call) -> Response:
    """GET …/outbox?start&limit&recipient&delivery_id: oldest first; `next` is the following start or null.

    With `newest` the newest first, those numbered below `start`.
    """
    newest = call.query_flag("newest")
    start = call.query_number("start", 2**53 if newest else 0)
    limit = call.query_number("limit", 50, low=1, high=1_000)
    recipient, delivery_id = call.query("recipient") or None, call.query("delivery_id") or None
    outbox = await _outbox(call)

    def latest() -> dict[str, Any]:
        count = outbox.count()
        narrowed = recipient is not None or delivery_id is not None
        low = 0 if narrowed else max(0, min(start, count) - limit)
        most = _MOST_FOUND if narrowed else limit
        found = [
            mail for mail in outbox.page(low, most, recipient=recipient, delivery_id=delivery_id) if mail.index < start
        ]
        shown = found[::-1][:limit]
        more = low > 0 or len(found) > limit
        return {
            "count": count,
            "messages": [_summary(mail) for mail in shown],
            "next": shown[-1].index if shown and more else None,
        }

    def work() -> dict[str, Any]:
        found = outbox.page(start, limit + 1, recipient=recipient, delivery_id=delivery_id)
        following = found[limit].index if len(found) > limit else None
        return {
            "count": outbox.count(),
            "messages": [_summary(mail) for mail in found[:limit]],
            "next": following,
        }

    return answer(await call.api.run(latest if newest else work))


async def one(call: Call) -> Response:
    """GET …/outbox/{index}: headers and both texts, decoded."""
    mail = await _mail(call)
    parsed: EmailMessage = BytesParser(policy=policy.default).parsebytes(mail.content)
    plain, body = parsed.get_body(("plain",)), parsed.get_body(("html",))
    return answer(
        {
            **_summary(mail),
            "headers": [{"name": name, "value": str(value)} for name, value in parsed.items()],
            "plain": plain.get_content() if plain is not None else None,
            "html": body.get_content() if body is not None else None,
            "attachments": [_file(part) for part in parsed.iter_attachments()] if parsed.is_multipart() else [],
        }
    )


def _file(part: EmailMessage) -> dict[str, Any]:
    octets = part.get_payload(decode=True)
    size = len(octets) if isinstance(octets, bytes) else 0
    return {"name": part.get_filename() or "", "media_type": part.get_content_type(), "size": size}


async def html(call: Call) -> Response:
    """GET …/outbox/{index}/html?images: what a mail program would show, shut in."""
    mail, images = await _mail(call), call.query_flag("images")
    parsed: EmailMessage = BytesParser(policy=policy.default).parsebytes(mail.content)
    body = parsed.get_body(("html", "plain"))
    text = str(body.get_content()) if body is not None else ""
    if body is None or body.get_content_subtype() != "html":
        text = f'<meta charset="utf-8"><pre style="white-space: pre-wrap">{escape(text)}</pre>'
    return shut_in(text, images=images, links=True)


async def raw(call: Call) -> Response:
    """GET …/outbox/{index}/raw: the message as it would have gone out."""
    mail = await _mail(call)
    return Response(mail.content, media_type="message/rfc822")


async def _mail(call: Call) -> CapturedMail:
    index = call.number("index")
    outbox = await _outbox(call)
    found = await call.api.run(lambda: outbox.get(index))
    if found is None:
        raise NotFound
    return found


async def _outbox(call: Call) -> Outbox:
    if call.api.outbox is None:
        raise NotFound("mail is not captured here: email.provider is not outbox")
    workspace_id = call.workspace.workspace_id
    if not workspace_id:  # the demo's outbox is open without a key; the demo has one workspace
        workspace_id = (await call.api.read(access.workspaces))[0].workspace_id
    return call.api.outbox(workspace_id)


def _summary(mail: CapturedMail) -> dict[str, Any]:
    return {
        "index": mail.index,
        "delivery_id": mail.delivery_id,
        "from": mail.sender,
        "to": mail.recipient,
        "copies": list(mail.copies),
        "subject": mail.subject,
        "captured_at_ms": mail.at_ms,
        "size": len(mail.content),
    }


_OUTBOX = "/api/clarion/v1/outbox"

ENDPOINTS = (
    Endpoint(
        "GET",
        _OUTBOX,
        listing,
        "manage",
        "app",
        "Captured mail, oldest first.",
        open_in_demo=True,
        reference=reference.OUTBOX,
    ),
    Endpoint(
        "GET",
        _OUTBOX + "/{index}",
        one,
        "manage",
        "app",
        "One captured mail, decoded.",
        open_in_demo=True,
        reference=reference.CAPTURED,
    ),
    Endpoint(
        "GET",
        _OUTBOX + "/{index}/html",
        html,
        "manage",
        "app",
        "One captured mail as a mail program shows it.",
        open_in_demo=True,
        reference=reference.CAPTURED_HTML,
    ),
    Endpoint(
        "GET",
        _OUTBOX + "/{index}/raw",
        raw,
        "manage",
        "app",
        "One captured mail, raw.",
        open_in_demo=True,
        reference=reference.RAW,
    ),
)
