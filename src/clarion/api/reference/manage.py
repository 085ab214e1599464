# SPDX-License-Identifier: Apache-2.0
"""Our own API: broadcasts, triggers, people (docs/guide.md, docs/control.md)."""

from typing import Any

from clarion.api.schemas import Loose, Reference, array, flag, integer, nullable, one_of, record, shown, text
from clarion.domain.channels import CHANNELS

_ACTION: dict[str, Any] = {
    "id": 1,
    "kind": "email",
    "name": "",
    "sending_state": "automatic",
    "send_to_unsubscribed": False,
    "tracked": True,
    "subject": "Hello {{ customer.first_name }}",
    "preheader": "",
    "body": "<p>Hello</p>{% unsubscribe %}",
    "plain": "",
    "amp": "",
    "from": "Acme <news@example.com>",
    "from_id": None,
    "reply_to": "",
    "reply_to_id": None,
    "layout_id": None,
    "recipient": "{{customer.email}}",
    "cc": "",
    "bcc": "",
    "headers": [],
    "languages": [],
    "created_at": 1796040000,
    "updated_at": 1796040000,
}
OF_EMAIL = (
    "tracked", "subject", "preheader", "plain", "from", "from_id", "reply_to", "reply_to_id", "layout_id", "recipient",
    "cc", "bcc",
)  # fmt: skip
"""What a webhook has not, which has `url` and `method` instead."""
BROADCAST: dict[str, Any] = {
    "id": 1,
    "kind": "broadcast",
    "name": "Spring",
    "trigger_name": None,
    "state": "draft",
    "recipients": {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}},
    "topic_id": None,
    "language_attribute": "language",
    "doubt_policy": "hold",
    "tags": ["demo"],
    "goal": None,
    "exit_when": "never",
    "ignores_message_limit": False,
    "archived": False,
    "version": 4,
    "changed_by": "ada@example.com",
    "created_at": 1796040000,
    "updated_at": 1796040000,
    "first_started_at": None,
    "actions": [_ACTION],
}
_REVIEW: dict[str, Any] = {
    "ready": True,
    "problems": [],
    "warnings": [
        {
            "field": "actions/1/subject",
            "message": "customer.first_name has no fallback: the message fails for a person without it (| default: …)",
            "line": None,
            "column": None,
        }
    ],
}
_CONTROL: dict[str, Any] = {
    "id": 2,
    "state": "scheduled",
    "paused": True,
    "paused_at": 1796040000,
    "paused_because": None,
    "priority": 0,
    "rate": {"messages": 100, "per": "second"},
    "scheduled_at": 4102444800,
    "expires_at": None,
    "cancelled_at": None,
    "changed_by": "Management",
    "changed_at": 1796040000,
}
_TRIGGER: dict[str, Any] = {
    "id": 1,
    "broadcast_id": 1,
    "state": "done",
    "doubt_policy": "hold",
    "failure": None,
    "control": _CONTROL,
    "selector": "ids",
    "audience": 2,
    "recipients": 2,
    "accounted": True,
    "states": {"queued": 0, "sent": 1, "failed": 1, "skipped": 0, "drafted": 0, "stopped": 0, "in_doubt": 0},
    "reasons": {"failed": {"render_failed": 1}},
    "actions": [
        {
            "id": 1,
            "states": {"queued": 0, "sent": 1, "failed": 1, "skipped": 0, "drafted": 0, "stopped": 0, "in_doubt": 0},
            "reasons": {"failed": {"render_failed": 1}},
        }
    ],
    "progress": {
        "accounts": 2,
        "finished": 2,
        "open_slices": 0,
        "resolved_to": 2,
        "resolve_until": 2,
        "resolve_tries": 0,
        "file_bytes": 0,
        "file_lines": 0,
        "file_done": False,
        "errors": 0,
    },
    "created_at": 1796040000,
    "processed_at": 1796040000,
    "data_removed_at": None,
    "details_removed_at": None,
}
_DELIVERIES: dict[str, Any] = {
    "deliveries": [
        {
            "id": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
            "action_id": 1,
            "person": {"email": "ada@example.com", "id": "42", "cio_id": "010000000001"},
            "recipient": "ada@example.com",
            "state": "sent",
            "reason": None,
            "meaning": None,
            "words": "250 kept ada@example.com",
            "attempts": 1,
            "again": 0,
            "next_attempt_at": None,
            "created_at": 1796040000,
            "attempted_at": 1796040000,
            "settled_at": 1796040000,
        }
    ],
    "next": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
    "data_removed_at": None,
    "details_removed_at": None,
}
_HISTORY: dict[str, Any] = {
    "again": [
        {
            "to": "failed",
            "reasons": [],
            "cause": None,
            "asked_by": "Management",
            "asked_at": 1796040000,
            "queued": 0,
            "done": False,
        }
    ],
    "content_changes": [],
}
_CAPTURED: dict[str, Any] = {
    "index": 0,
    "delivery_id": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
    "from": "news@example.com",
    "to": "ada@example.com",
    "copies": [],
    "subject": "Hello",
    "captured_at_ms": 1_796_040_000_000,
    "size": 1_024,
}
_LOOSE = Loose(
    nullable=(
        "trigger_name", "topic_id", "first_started_at", "from_id", "reply_to_id", "layout_id", "line", "column",
        "paused_at", "paused_because", "rate", "scheduled_at", "expires_at", "cancelled_at", "changed_by", "changed_at",
        "failure", "processed_at", "email", "id", "recipient", "reason", "meaning", "words", "attempted_at",
        "settled_at", "next_attempt_at",
        "data_removed_at", "details_removed_at", "next", "finished_at", "hint", "plain", "html", "goal",
    ),
    optional=OF_EMAIL,
    free=("recipients", "reasons", "removed", "states", "rate", "progress"),
)  # fmt: skip
_AS: dict[str, Any] = {"as": one_of("sent", "failed", "resend")}  # a word of Python
_OF_A_GOAL = "kind; event, property_name, property_value, or segment_id; window_days; counted_from: see docs/goals.md."
_AN_EDIT: dict[str, Any] = {
    "name": text(),
    "recipients": {"type": "object", "description": "A filter (contract §2.2); {} is everybody."},
    "doubt_policy": one_of("hold", "resend", description="What becomes of messages without an answer."),
    "tags": array(text()),
    "topic_id": nullable(integer("Whoever opted out of it gets nothing.")),
    "language_attribute": text("The attribute that names a person's language."),
    "trigger_name": nullable(text("Of a transactional message: by which calls name it.")),
    "goal": nullable({"type": "object", "description": _OF_A_GOAL}),
    "exit_when": one_of("never", "goal", "no_longer_matching"),
    "ignores_message_limit": flag("Sent whatever the workspace's message limit says."),
    "archived": flag("Not in lists any more; of one that is not running."),
    "version": integer("The version that the edit was made from: 409 when there is a newer one."),
}
_TEXTS: dict[str, Any] = {
    "name": text(),
    "subject": text(),
    "preheader": text(),
    "body": text("HTML with Liquid; of a webhook what is sent, JSON unless a Content-Type header says otherwise."),
    "plain": text("Made from the body unless given."),
    "amp": text("A part for mail programs that show AMP, beside the others."),
    "from": text(),
    "from_id": nullable(integer("A sender identity, in place of from.")),
    "kind": one_of("email", "webhook", *CHANNELS, description="Of a new one; email unless given. It stays what it is."),
    "url": text("Of a webhook: where it calls, with Liquid."),
    "image_url": text("Of an SMS: a picture that goes with it."),
    "method": one_of("get", "post", "put", "delete", "patch", description="Of a webhook; post unless given."),
    "conversion_tracking": flag("Of a webhook: whether somebody may convert after it; false unless given."),
    "reply_to": text(),
    "reply_to_id": nullable(integer()),
    "layout_id": nullable(integer("What the body is put into.")),
    "recipient": text(),
    "cc": text(),
    "bcc": text(),
    "headers": array(record(name=text(), value=text())),
    "tracked": flag(),
    "sending_state": one_of("automatic", "off"),
    "send_to_unsubscribed": flag(),
}
_AN_ACTION = record(optional=tuple(_TEXTS), **_TEXTS)
_TEXTS_EXAMPLE = {"subject": "Hello", "body": "<p>Hello</p>{% unsubscribe %}", "from": "Acme <news@example.com>"}

CREATE = shown(
    {"broadcast": BROADCAST},
    _LOOSE,
    status=201,
    body=record(
        optional=("actions", "kind", *(name for name in _AN_EDIT if name != "name")),
        kind=one_of("broadcast", "transactional", description="broadcast unless given; for ever."),
        actions=array(_AN_ACTION),
        **_AN_EDIT,
    ),
    body_example={"name": "Spring", "actions": [_TEXTS_EXAMPLE]},
)
ONE = shown({"broadcast": BROADCAST}, _LOOSE)
EDIT = shown(
    {"broadcast": BROADCAST},
    _LOOSE,
    body=record(optional=tuple(_AN_EDIT), **_AN_EDIT),
    body_example={"name": "Summer"},
    errors=(409,),
    note="What is not mentioned stays. A running one must not become one that could not be activated.",
)
_KINDS = (
    "An e-mail is shown; a webhook has `url`, `method`, `headers` and `body` in place of its texts, an SMS `recipient`,"
    " `from`, `body` and `image_url`."
)
ADD_ACTION = shown(
    {"action": _ACTION}, _LOOSE, status=201, body=_AN_ACTION, body_example=_TEXTS_EXAMPLE, errors=(409,), note=_KINDS
)
EDIT_ACTION = shown({"action": _ACTION}, _LOOSE, body=_AN_ACTION, body_example={"subject": "Hi"}, errors=(409,))
DUPLICATE_ACTION = shown({"action": _ACTION}, _LOOSE, status=201, errors=(409,))
ORDER_ACTIONS = shown(
    {"broadcast": BROADCAST},
    _LOOSE,
    body=record(actions=array(integer()), version=integer(), optional=("version",)),
    body_example={"actions": [2, 1]},
    errors=(409,),
)
DELETE_ACTION = Reference(status=204, errors=(409,))
REVIEW = shown(_REVIEW, _LOOSE, note="`problems` keep it from being activated; `warnings` do not.")
ACTIVATE = shown({"broadcast": BROADCAST}, _LOOSE, errors=(409, 422))
STOP = shown(
    {"broadcast": BROADCAST, "stopped_triggers": 0},
    _LOOSE,
    body=record(
        running_triggers=one_of("stop", "finish", description="stop unless given."), optional=("running_triggers",)
    ),
    body_example={"running_triggers": "finish"},
)
DUPLICATE = shown({"broadcast": BROADCAST}, _LOOSE, status=201)
CONTROL = shown({"trigger": _CONTROL}, _LOOSE, errors=(409,))
SET_CONTROL = shown(
    {"trigger": _CONTROL},
    _LOOSE,
    body=record(
        priority=integer("Higher goes first."),
        rate={"type": ["object", "null"], "description": "messages, per second, minute or hour; null: none."},
        spread={"type": ["object", "null"], "description": "Evenly, until a time; see docs/control.md."},
        optional=("priority", "rate", "spread"),
    ),
    body_example={"rate": {"messages": 100, "per": "second"}},
    errors=(409,),
)
TRIGGER = shown({"trigger": _TRIGGER}, _LOOSE, note="`accounted`: the accounts are as many as the audience.")
DELIVERIES = shown(
    _DELIVERIES,
    _LOOSE,
    query={
        "start": text("The `next` of the page before."),
        "limit": integer("How many at most; 50 unless given.", minimum=1, maximum=1_000),
        "state": text("queued, sent, failed, skipped, drafted, stopped or in_doubt; several with commas."),
        "action_id": integer("Only this action's."),
    },
)
DECIDE = shown(
    {"settled": 3, "not_in_doubt": []},
    body=record(
        **_AS,
        delivery_ids={"type": ["array", "string"], "description": "Up to 10,000, or all."},
    ),
    body_example={"as": "sent", "delivery_ids": "all"},
    errors=(409,),
)
AGAIN = shown(
    {"to": "failed", "accounts": 1, **_HISTORY},
    _LOOSE,
    body=record(
        to=one_of("failed", "in_doubt", "joined_since"),
        reasons=array(text(), "Only with these; docs/reasons.md lists them."),
        cause=text("Only with words of this class, as `causes` names it; beside exactly one reason."),
        may_double=flag("Said aloud for those in doubt."),
        optional=("reasons", "cause", "may_double"),
    ),
    body_example={"to": "failed", "reasons": ["gave_up"]},
    errors=(409,),
)
APPLY = shown({"changed": True, "content": "79d41e9c38f57c1b", **_HISTORY}, _LOOSE, errors=(409,))
HISTORY = shown(_HISTORY, _LOOSE)
INSTALLATION = shown(
    {
        "installation": {
            "id": "5f1c0a9be2d34711",
            "sends": True,
            "hint": None,
            "here": {"system": "clarion at 10.0.0.7", "address": ""},
            "homes": [],
        }
    },
    _LOOSE,
)
ERASE = shown(
    {
        "cio_id": "010000000002",
        "removed": {
            "people": 1,
            "memberships": 0,
            "devices": 0,
            "events": 0,
            "relationships": 0,
            "suppressions": 0,
            "accounts": 1,
            "own_data": 0,
            "errors": 0,
            "audiences": 1,
            "queued": 0,
            "captured_mails": 0,
        },
        "finished": True,
    },
    _LOOSE,
    body=record(
        id=text(),
        email=text(),
        cio_id=text(),
        suppress=flag("Block their identifiers, kept as hashes."),
        optional=("id", "email", "cio_id", "suppress"),
    ),
    body_example={"id": "42"},
    errors=(404, 409),
    note="Exactly one of id, email and cio_id. Counts stay.",
)
ERASURES = shown({"erasures": [{"cio_id": "010000000002", "asked_at": 1796040000, "finished_at": 1796040000}]}, _LOOSE)
OUTBOX = shown(
    {
        "count": 1,
        "messages": [_CAPTURED],
        "next": None,
    },
    _LOOSE,
    query={
        "start": integer("The `next` of the page before.", minimum=0),
        "limit": integer("How many at most; 50 unless given.", minimum=1, maximum=1_000),
        "recipient": text("Only to this address."),
        "delivery_id": text("Only this delivery."),
        "newest": flag("The newest first."),
    },
)
CAPTURED = shown(
    {
        **_CAPTURED,
        "headers": [{"name": "Subject", "value": "Hello"}],
        "plain": "Hello",
        "html": "<p>Hello</p>",
        "attachments": [{"name": "bill.pdf", "media_type": "application/pdf", "size": 1_024}],
    },
    _LOOSE,
)
CAPTURED_HTML = Reference(
    query={"images": flag("Whether remote images may load; not unless asked for.")},
    answer={"type": "string"},
    answer_example="<p>Hello</p>",
    note="As `text/html` with a policy that lets it run and reach nothing. Looking does not count as opening.",
    errors=(404,),
)
RAW = Reference(answer={"type": "string"}, answer_example="From: Acme …", note="As `message/rfc822`.")
