# SPDX-License-Identifier: Apache-2.0
"""What a message said (contract §7.4)."""

from typing import Any

import msgspec
from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.shapes import file_shape
from clarion.api.reference.person import ARCHIVED
from clarion.domain.deliveries import DeliveryKey, key_of, public_id
from clarion.domain.errors import NotFound, RateLimited, RenderError
from clarion.pipeline.compose import Sign
from clarion.pipeline.preview import Preview
from clarion.rendering.email import RenderedEmail
from clarion.rendering.parts import RenderedParts
from clarion.rendering.webhook import RenderedWebhook
from clarion.store import calls, ledger, triggers
from clarion.store.engine import Row

A_DAY = 100  # contract §1.5


async def archived_message(call: Call) -> Response:
    """`GET /v1/messages/{delivery_id}/archived_message`: made again from what is stored; a hundred a day."""
    key = key_of(call.text("delivery_id"), call.api.secret)
    row = None if key is None else await call.api.read(lambda tx: ledger.get(tx, key))
    if key is None or row is None or row["workspace_id"] != call.workspace.workspace_id:
        raise NotFound
    return answer({"archived_message": await said(call, key, row)})


async def said(call: Call, key: DeliveryKey, row: Row) -> dict[str, Any]:
    """What a message said, as contract §7.4 shows it.

    Raises:
        RateLimited: a hundred were shown today, by whichever call.
    """
    if call.api.limits is not None:
        number = call.workspace.workspace_id
        taken = await call.api.write(lambda tx: calls.take(tx, number, "archived", 1, calls.DAY_MS))
        if taken.until > A_DAY:
            raise RateLimited(f"rate limited to {A_DAY} archived messages a day", None)
    content = await call.api.read(lambda tx: triggers.content(tx, str(row["content_hash"])))
    files = next((one.attachments for one in content.actions if one.action_id == key.action_id), ())
    preview = Preview(call.api.store, Sign(call.api.secret, call.api.options.base_url))
    try:
        rendered = await call.api.run(lambda: preview.whole(key))
    except RenderError:  # today's person lacks what the template asks for
        rendered = None
    shape = _shape(call, key, rendered, str(row["recipient"] or ""))
    return {**shape, "clarion": {"attachments": [file_shape(one) for one in files]}}


def _shape(
    call: Call, key: DeliveryKey, made: RenderedEmail | RenderedWebhook | RenderedParts | None, recipient: str
) -> dict[str, Any]:
    request = made if isinstance(made, RenderedWebhook) else None
    mail = made if isinstance(made, RenderedEmail) else None
    texts = made if isinstance(made, RenderedParts) else None
    with_texts = mail or texts
    with_headers = mail or request
    headers = [{"name": name, "value": value} for name, value in with_headers.headers] if with_headers else []
    return {
        "id": public_id(key, call.api.secret),
        "body": mail.html if mail else request.body if request else texts.subject if texts else "",
        "from": mail.sender if mail else texts.parts.get("from", "") if texts else "",
        "reply_to": mail.reply_to if mail else "",
        "recipient": recipient or (request.url if request else with_texts.recipient if with_texts else ""),
        "subject": mail.subject if mail else "",
        "bcc": ", ".join(mail.bcc) if mail else "",
        "fake_bcc": mail.fake_bcc if mail else False,
        "preheader_text": mail.preheader if mail else "",
        "url": request.url if request else "",
        "request_method": request.method.value if request else "",
        "headers": msgspec.json.encode(headers).decode(),
        "forgotten": made is None,
    }


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/v1/messages/{delivery_id}/archived_message",
        archived_message,
        "app",
        "app",
        "What a message said",
        reference=ARCHIVED,
    ),
)
