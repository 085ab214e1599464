# SPDX-License-Identifier: Apache-2.0
"""Broadcasts, campaigns and actions as Customer.io shows them (contract §5.1, §5.3, §7.12)."""

from typing import Any

import msgspec

from clarion.domain.audience import parse, segment_ids
from clarion.domain.broadcasts import Action, Broadcast, EmailContent
from clarion.domain.channels import TYPE_OF
from clarion.domain.errors import MalformedRequest


def broadcast_shape(broadcast: Broadcast) -> dict[str, Any]:
    """A broadcast as contract §5.1 shows it."""
    updated = max([broadcast.updated_ms, *(action.updated_ms for action in broadcast.actions)]) // 1_000
    actions = [{"id": action.action_id, "type": TYPE_OF[action.kind]} for action in broadcast.actions]
    return {
        "id": broadcast.broadcast_id,
        "deduplicate_id": f"{broadcast.broadcast_id}:{updated}",
        "name": broadcast.name,
        "type": "triggered_broadcast",
        "created": broadcast.created_ms // 1_000,
        "updated": updated,
        "active": broadcast.active,
        # Customer.io has no word for a stopped one (contract §5.1).
        "state": "running" if broadcast.active else "draft",
        "actions": actions,
        "msg_template_ids": actions,
        "first_started": (broadcast.first_started_ms or 0) // 1_000,
        "created_by": "",
        "tags": list(broadcast.tags),
        "filter_segment_ids": sorted(segment_ids(parse(broadcast.recipients))) if broadcast.recipients else [],
    }


def action_shape(action: Action, language: str = "", number: int | None = None) -> dict[str, Any]:
    """An action as contract §5.3 shows its kind, in a language that it has; `number`: that of the language.

    Raises:
        MalformedRequest: it has none by this tag; a PUT does not make one either (contract §5.4).
    """
    content = action.in_language(language)
    if content is None:
        raise MalformedRequest("the message has no variant in this language", "/language")
    headers = [{"name": name, "value": value} for name, value in content.headers]
    updated = action.updated_ms // 1_000
    number = number or action.action_id
    common = {
        "id": number,
        "broadcast_id": action.broadcast_id,
        "parent_action_id": None if number == action.action_id else action.action_id,
        "deduplicate_id": f"{number}:{updated}",
        "name": action.name,
        "created": action.created_ms // 1_000,
        "updated": updated,
        "type": TYPE_OF[action.kind],
        "sending_state": action.sending_state.value,
        "layout": content.layout.html if content.layout is not None else "",
        "language": language,
        "body": content.body,
        "headers": msgspec.json.encode(headers).decode(),  # JSON inside a string: contract §5.3
    }
    if content.webhook is not None:
        return {**common, "url": content.webhook.url, "method": content.webhook.method.value}
    if content.made_of_parts is not None:
        return {**common, **_parts(action, content)}
    return {
        **common,
        "body_amp": content.amp,
        "subject": content.subject,
        "preheader_text": content.preheader,
        "recipient": content.recipient,
        "from": content.sender,
        "from_id": content.sender_id,
        "reply_to": content.reply_to,
        "reply_to_id": content.reply_to_id,
        "cc": content.cc,
        "bcc": content.bcc,
        "fake_bcc": content.fake_bcc,
        "preprocessor": "premailer" if content.inline_css else "",  # the word for it, contract §5.3
    }


def _parts(action: Action, content: EmailContent) -> dict[str, Any]:
    """What contract §5.3 has of a message made of parts beside what all have."""
    shape: dict[str, Any] = dict(content.parts)
    if action.kind == "sms" and "{{" in shape["recipient"]:
        shape["recipient"] = ""  # contract §5.3; an edit that sends it back changes nothing
    if action.kind == "whatsapp":
        unsubscribed = {"send_to_unsubscribed": action.send_to_unsubscribed}
        shape |= {"body_json": shape["body"], "sender_identity_id": None, "tracked": content.tracked, **unsubscribed}
    return shape


def campaign_shape(broadcast: Broadcast) -> dict[str, Any]:
    """The same under its other name (contract §7.12)."""
    shape = broadcast_shape(broadcast)
    return {**shape, "trigger_segment_ids": [], "msg_templates": shape["msg_template_ids"]}


def content_shape(action: Action, language: str = "") -> dict[str, Any]:
    """What a transactional message says, in a language that it has (contract §7.13)."""
    shape = action_shape(action, language)
    del shape["broadcast_id"], shape["sending_state"]
    return shape
