# SPDX-License-Identifier: Apache-2.0
"""Broadcasts, actions and findings as our own API shows them; times in Unix seconds."""

from typing import Any

from clarion.domain import goals, url_params
from clarion.domain.attachments import AttachedFile
from clarion.domain.broadcasts import Action, Broadcast, EmailContent
from clarion.pipeline.review import Finding
from clarion.store.outlines import Outline


def finding_shape(finding: Finding) -> dict[str, Any]:
    """One thing that a review found."""
    return {
        "field": finding.field,
        "message": finding.message,
        "line": finding.line,
        "column": finding.column,
        "quiet": finding.quiet,
    }


def broadcast_shape(broadcast: Broadcast) -> dict[str, Any]:
    """A broadcast as this API shows it; times in Unix seconds."""
    started_ms = broadcast.first_started_ms
    return {
        "id": broadcast.broadcast_id,
        "kind": broadcast.kind.value,
        "name": broadcast.name,
        "trigger_name": broadcast.trigger_name,
        "state": broadcast.state.value,
        "recipients": broadcast.recipients,
        "topic_id": broadcast.topic_id,
        "language_attribute": broadcast.language_attribute,
        "doubt_policy": broadcast.doubt_policy.value,
        "tags": list(broadcast.tags),
        "goal": goals.shape(broadcast.goal),
        "exit_when": broadcast.exit_when.value,
        "ignores_message_limit": broadcast.ignores_limit,
        "archived": broadcast.archived,
        "version": broadcast.version,
        "changed_by": broadcast.changed_by,
        "created_at": broadcast.created_ms // 1_000,
        "updated_at": broadcast.updated_ms // 1_000,
        "first_started_at": started_ms // 1_000 if started_ms is not None else None,
        "actions": [action_shape(action) for action in broadcast.actions],
    }


def summary(outline: Outline) -> dict[str, Any]:
    """A broadcast in a list: of the actions only what it needs."""
    return {
        **broadcast_shape(outline.broadcast),
        "actions": [
            {"id": one.action_id, "kind": one.kind, "name": one.name, "sending_state": one.sending_state.value}
            for one in outline.actions
        ],
    }


def action_shape(action: Action) -> dict[str, Any]:
    """An action as this API shows it; times in Unix seconds."""
    return {
        "id": action.action_id,
        "kind": action.kind,
        "name": action.name,
        "sending_state": action.sending_state.value,
        "send_to_unsubscribed": action.send_to_unsubscribed,
        "condition": action.condition,
        "topic_id": action.topic_id,
        **content_shape(action.content),
        **({"attachments": [file_shape(one) for one in action.attachments]} if action.kind == "email" else {}),
        "languages": [one.language for one in action.variants],
        "created_at": action.created_ms // 1_000,
        "updated_at": action.updated_ms // 1_000,
    }


def file_shape(file: AttachedFile) -> dict[str, Any]:
    """A file that goes with a message."""
    return {"name": file.name, "media_type": file.media_type, "size": file.size, "hash": file.hash}


def content_shape(content: EmailContent) -> dict[str, Any]:
    """The texts of a message in one language, or a webhook's call."""
    headers = [{"name": name, "value": value} for name, value in content.headers]
    if content.webhook is not None:
        call = content.webhook
        return {
            "url": call.url,
            "method": call.method.value,
            "conversion_tracking": call.conversion_tracking,
            "headers": headers,
            "body": content.body,
        }
    if content.made_of_parts is not None:
        return {**({"tracked": content.tracked} if content.made_of_parts.links else {}), **content.parts}
    return {
        "tracked": content.tracked,
        "inline_css": content.inline_css,
        "fake_bcc": content.fake_bcc,
        "url_parameters": url_params.shape(content.url_params) if content.url_params is not None else None,
        "subject": content.subject,
        "preheader": content.preheader,
        "body": content.body,
        "plain": content.plain,
        "amp": content.amp,
        "from": content.sender,
        "from_id": content.sender_id,
        "reply_to": content.reply_to,
        "reply_to_id": content.reply_to_id,
        "layout_id": content.layout.layout_id if content.layout is not None else None,
        "recipient": content.recipient,
        "cc": content.cc,
        "bcc": content.bcc,
        "headers": headers,
    }
