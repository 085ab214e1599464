# SPDX-License-Identifier: Apache-2.0
"""From the body of an edit to a changed broadcast or action; every fault is named, all of them at once.

Edits are partial: what a body does not mention stays as it is. Templates may be wrong while they are being
written; whether a broadcast can be activated is `pipeline.review`'s question.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clarion.api.clarion.fields import Fields
from clarion.domain import audience, goals, url_params, waiting
from clarion.domain.broadcasts import (
    Action,
    Broadcast,
    BroadcastKind,
    BroadcastState,
    DoubtPolicy,
    EmailContent,
    Layout,
    SendingState,
    WebhookCall,
)
from clarion.domain.channels import CHANNELS
from clarion.domain.errors import Conflict, InvalidRequest
from clarion.domain.goals import Goal
from clarion.domain.parts import Channel
from clarion.domain.person_actions import PERSON_ACTIONS

MAX_NAME_BYTES = 255
MAX_LINE_BYTES = 1_000  # subject, addresses and whatever else becomes one header line
MAX_BODY_BYTES = 1_000_000
MAX_URL_BYTES = 8_000
MAX_TAGS = 50
MAX_TRIGGER_NAME_BYTES = 150
MAX_TAG_BYTES = 100
MAX_HEADERS = 50
MAX_ACTIONS = 50

# Field of the body → field of EmailContent, and its limit in bytes.
_TEXTS: dict[str, tuple[str, int]] = {
    "subject": ("subject", MAX_LINE_BYTES),
    "preheader": ("preheader", MAX_LINE_BYTES),
    "body": ("body", MAX_BODY_BYTES),
    "plain": ("plain", MAX_BODY_BYTES),
    "amp": ("amp", MAX_BODY_BYTES),
    "from": ("sender", MAX_LINE_BYTES),
    "reply_to": ("reply_to", MAX_LINE_BYTES),
    "recipient": ("recipient", MAX_LINE_BYTES),
    "cc": ("cc", MAX_LINE_BYTES),
    "bcc": ("bcc", MAX_LINE_BYTES),
}
_BROADCAST_KEYS = (
    "name", "recipients", "doubt_policy", "tags", "kind", "trigger_name", "topic_id", "language_attribute", "goal",
    "exit_when", "ignores_message_limit", "archived", "version",
)  # fmt: skip
_CONTENT_KEYS = (
    "tracked",
    "inline_css",
    "fake_bcc",
    "url_parameters",
    "headers",
    "from_id",
    "reply_to_id",
    "layout_id",
    *_TEXTS,
)
_CALL_KEYS = ("url", "method", "conversion_tracking", "headers", "body")
_SETTINGS = ("name", "sending_state", "send_to_unsubscribed", "condition", "topic_id")

NEW_ACTION = Action(0, 0, "", "email", SendingState.AUTOMATIC, False, EmailContent(tracked=True, inline_css=True), 0, 0)
_NEW = {
    "email": NEW_ACTION,
    "webhook": replace(NEW_ACTION, kind="webhook", content=EmailContent(webhook=WebhookCall())),
    **{
        kind: replace(
            NEW_ACTION,
            kind=kind,
            send_to_unsubscribed=kind in PERSON_ACTIONS,
            content=EmailContent(parts_of=kind, parts=channel.new(), tracked=channel.tracked),
        )
        for kind, channel in CHANNELS.items()
    },
}


def edited_broadcast(before: Broadcast, body: Mapping[str, Any], *, new: Action | None = None) -> Broadcast:
    """The broadcast after an edit; `new`: the body may bring the first actions along, edits of this.

    Raises:
        InvalidRequest: unknown keys, wrong types, a filter that breaks its grammar, more than the limits.
    """
    fields = Fields(body)
    fields.only((*_BROADCAST_KEYS, "actions") if new is not None else _BROADCAST_KEYS)
    after = replace(
        before,
        name=fields.text("name", before.name, MAX_NAME_BYTES, blank=False),
        recipients=_filter(fields, "recipients", before.recipients),
        doubt_policy=fields.choice("doubt_policy", before.doubt_policy),
        tags=_tags(fields, before.tags),
        kind=_kind(fields, before, may_change=new is not None),
        topic_id=fields.number("topic_id", before.topic_id),
        language_attribute=fields.text("language_attribute", before.language_attribute, MAX_NAME_BYTES, blank=False),
        goal=_goal(fields, before.goal),
        exit_when=fields.choice("exit_when", before.exit_when),
        ignores_limit=fields.flag("ignores_message_limit", before=before.ignores_limit),
        archived=fields.flag("archived", before=before.archived),
    )
    if after.archived and before.active:
        fields.fault("it is running: stop it first", "archived")
    after = replace(after, trigger_name=_trigger_name(fields, after))
    if new is not None:
        for no, item in enumerate(fields.items("actions", MAX_ACTIONS) or ()):
            action = _action(fields.below(item, f"actions/{no}"), new)
            after = replace(after, actions=(*after.actions, action))
    fields.refuse()
    return after


def check_version(before: Broadcast, body: Mapping[str, Any]) -> None:
    """An edit may say which version it was made from.

    Raises:
        Conflict: somebody has changed it since.
        InvalidRequest: it is no number.
    """
    wanted = body.get("version")
    if wanted is None:
        return
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise InvalidRequest("must be a whole number", "/version")
    if wanted != before.version:
        who = before.changed_by or "somebody"
        raise Conflict(f"{who} has changed it meanwhile: this is version {before.version}, not {wanted}", "/version")


def _goal(fields: Fields, before: Goal | None) -> Goal | None:
    if "goal" not in fields.value:
        return before
    try:
        return goals.parse(fields.value["goal"])
    except InvalidRequest as error:
        fields.problems += error.problems
        return before


def _kind(fields: Fields, before: Broadcast, *, may_change: bool) -> BroadcastKind:
    kind = fields.choice("kind", before.kind)
    if kind is BroadcastKind.INLINE or (kind is not before.kind and not may_change):
        offered = "broadcast or transactional" if may_change else "what it is: a kind is for ever"
        fields.fault(f"must be {offered}", "kind")
        return before.kind
    return kind


def _trigger_name(fields: Fields, of: Broadcast) -> str | None:
    if fields.value.get("trigger_name", of.trigger_name) is None:
        return None
    name = fields.text("trigger_name", of.trigger_name or "", MAX_TRIGGER_NAME_BYTES, blank=False)
    if of.kind is not BroadcastKind.TRANSACTIONAL:
        fields.fault("is for transactional messages", "trigger_name")
    return name


def new_action(*, inline_css: bool) -> Action:
    """What a new action is an edit of, in a workspace whose e-mails begin so."""
    return replace(NEW_ACTION, content=replace(NEW_ACTION.content, inline_css=inline_css))


def edited_action(before: Action, body: Mapping[str, Any]) -> Action:
    """The action after an edit; a new one is an edit of `new_action`. Raises like `edited_broadcast`."""
    fields = Fields(body)
    after = _action(fields, before)
    fields.refuse()
    return after


def _filter(fields: Fields, name: str, before: dict[str, Any]) -> dict[str, Any]:
    value = fields.value.get(name, before)
    if not isinstance(value, dict):
        fields.fault("must be a filter object; {} means everybody", name)
        return before
    if value and name in fields.value:
        try:
            audience.parse(value, f"{fields.pointer}/{name}")
        except InvalidRequest as error:
            fields.problems += error.problems
            return before
    return value


def _tags(fields: Fields, before: tuple[str, ...]) -> tuple[str, ...]:
    items = fields.items("tags", MAX_TAGS)
    if items is None:
        return before
    tags = []
    for no, item in enumerate(items):
        if isinstance(item, str) and item.strip() and len(item.encode()) <= MAX_TAG_BYTES:
            tags.append(item)
        else:
            fields.fault(f"must be a string of 1 to {MAX_TAG_BYTES} bytes", f"tags/{no}")
    return tuple(dict.fromkeys(tags))


def _action(fields: Fields, before: Action) -> Action:
    # The kind is in every answer, so that a caller may send back what it read.
    before = _of_kind(fields, before)
    known = ("kind", "version", *_SETTINGS, *_keys_of(before.content))
    fields.only(known, dict.fromkeys(waiting.FIELDS, waiting.WHY))
    if before.kind in PERSON_ACTIONS and fields.value.get("send_to_unsubscribed", True) is not True:
        fields.fault(
            "must be true: it sends nothing that somebody could have unsubscribed from", "send_to_unsubscribed"
        )
    if before.kind in PERSON_ACTIONS and fields.value.get("topic_id") is not None:
        fields.fault("it sends nothing that somebody could have opted out of", "topic_id")
    return replace(
        before,
        name=fields.text("name", before.name, MAX_NAME_BYTES),
        sending_state=fields.choice("sending_state", before.sending_state),
        send_to_unsubscribed=fields.flag("send_to_unsubscribed", before=before.send_to_unsubscribed),
        content=_content(fields, before.content),
        condition=_filter(fields, "condition", before.condition),
        topic_id=fields.number("topic_id", before.topic_id),
    )


def _of_kind(fields: Fields, before: Action) -> Action:
    """The action that is edited: a new one is of the kind that the body names."""
    kind = fields.value.get("kind", before.kind)
    if kind == before.kind:
        return before
    if waiting.is_kind(kind):
        fields.fault(waiting.WHY, "kind")
    elif not isinstance(kind, str) or kind not in _NEW:
        fields.fault(f"must be one of {', '.join(_NEW)}: other channels are not offered by this version", "kind")
    elif before.action_id:
        fields.fault(f"must be {before.kind}: an action stays what it is", "kind")
    else:
        return _NEW[kind]
    return before


def _keys_of(content: EmailContent) -> tuple[str, ...]:
    if (channel := content.made_of_parts) is not None:
        return (*(("tracked",) if channel.links else ()), *(part.name for part in channel.parts))
    return _CONTENT_KEYS if content.webhook is None else _CALL_KEYS


def edited_content(before: EmailContent, body: Mapping[str, Any]) -> EmailContent:
    """The texts of a message in one language after an edit. Raises like `edited_broadcast`."""
    fields = Fields(body)
    fields.only(_keys_of(before))
    after = _content(fields, before)
    fields.refuse()
    return after


def _content(fields: Fields, before: EmailContent) -> EmailContent:
    if before.webhook is not None:
        call = WebhookCall(
            fields.text("url", before.webhook.url, MAX_URL_BYTES),
            fields.choice("method", before.webhook.method),
            fields.flag("conversion_tracking", before=before.webhook.conversion_tracking),
        )
        body = fields.text("body", before.body, MAX_BODY_BYTES)
        return EmailContent(body=body, headers=_headers(fields, before.headers), webhook=call)
    if (channel := before.made_of_parts) is not None:
        tracked = fields.flag("tracked", before=before.tracked)
        return replace(before, parts=_parts(fields, before.parts, channel), tracked=tracked)
    texts: dict[str, Any] = {
        inner: fields.text(name, getattr(before, inner), most) for name, (inner, most) in _TEXTS.items()
    }
    # An address that is written by hand is nobody's identity.
    sender_id = None if "from" in fields.value else before.sender_id
    reply_to_id = None if "reply_to" in fields.value else before.reply_to_id
    return EmailContent(
        **texts,
        headers=_headers(fields, before.headers),
        tracked=fields.flag("tracked", before=before.tracked),
        inline_css=fields.flag("inline_css", before=before.inline_css),
        fake_bcc=fields.flag("fake_bcc", before=before.fake_bcc),
        sender_id=fields.number("from_id", sender_id),
        reply_to_id=fields.number("reply_to_id", reply_to_id),
        layout=_layout(fields, before.layout),
        url_params=_url_params(fields, before.url_params),
    )


def _url_params(fields: Fields, before: url_params.Params | None) -> url_params.Params | None:
    """A message's own; null for the workspace's."""
    if fields.value.get("url_parameters") is None:
        return None if "url_parameters" in fields.value else before
    try:
        return url_params.parse(fields.value["url_parameters"], f"{fields.pointer}/url_parameters")
    except InvalidRequest as error:
        fields.problems += error.problems
        return before


def _parts(fields: Fields, before: Mapping[str, str], channel: Channel) -> dict[str, str]:
    after = {}
    for part in channel.parts:
        text = fields.text(part.name, before.get(part.name, part.default), part.most_bytes)
        if part.choices and text not in part.choices:
            fields.fault(f"must be one of {', '.join(part.choices)}", part.name)
        after[part.name] = text
    return after


def _layout(fields: Fields, before: Layout | None) -> Layout | None:
    """The layout by its number; what is in it is looked up when the edit is stored."""
    number = fields.number("layout_id", before.layout_id if before is not None else None)
    if before is not None and number == before.layout_id:
        return before
    return None if number is None else Layout(number, "", "")


def _headers(fields: Fields, before: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    items = fields.items("headers", MAX_HEADERS)
    if items is None:
        return before
    headers = []
    for no, item in enumerate(items):
        header = fields.below(item, f"headers/{no}")
        header.only(("name", "value"))
        name = header.text("name", "", MAX_LINE_BYTES, blank=False)
        headers.append((name, header.text("value", "", MAX_LINE_BYTES)))
    return tuple(headers)


def new_broadcast(workspace_id: int) -> Broadcast:
    """What a new broadcast is an edit of."""
    return Broadcast(0, workspace_id, "", BroadcastState.DRAFT, {}, DoubtPolicy.HOLD, 0, 0, None)
