# SPDX-License-Identifier: Apache-2.0
"""Messages to one person (contract §7.13)."""

from typing import Any

from clarion.api.schemas import Reference, array, flag, integer, mapping, nullable, one_of, record, text

_WHO = record("Exactly one of them.", id=text(), email=text(), cio_id=text(), optional=("id", "email", "cio_id"))
_NAMED: dict[str, Any] = {
    "transactional_message_id": {
        "type": ["integer", "string", "null"],
        "description": "The message's id or trigger name; without it from, subject and body are required.",
    },
    "identifiers": _WHO,
    "message_data": {"type": ["object", "null"], "description": "What templates see as trigger."},
    "send_at": nullable(integer("Unix seconds, at most 90 days ahead.")),
    "language": nullable(text("Of the message; the person's unless given.")),
    "auto_create": nullable(flag("Make the person if nobody has the identifier; true unless given.")),
    "disable_message_retention": nullable(flag("What it said goes as soon as it is settled.")),
    "send_to_unsubscribed": nullable(flag("true unless given.")),
    "queue_draft": nullable(
        flag("It is made, at `send_at` if that is given, and waits among the drafts until somebody sends it.")
    ),
}
_EMAIL: dict[str, Any] = {
    **_NAMED,
    "to": text("Addresses, comma-separated; the person's own unless given. At most 15 with cc and bcc."),
    "from": text(),
    "reply_to": text(),
    "cc": text(),
    "bcc": text(),
    "fake_bcc": nullable(flag("Who is in bcc gets a message of their own, whose subject names the person.")),
    "subject": text(),
    "preheader": text(),
    "body": text("HTML with Liquid."),
    "body_plain": text("Made from the body unless given."),
    "body_amp": text("A part for mail programs that show AMP, beside the HTML."),
    "attachments": mapping(text("Base64."), "File name → content, at most 2 MB together."),
    "headers": mapping(text(), "Further header lines; a list of name and value too."),
    "tracked": nullable(flag("Whether opens and clicks are seen; true unless given.")),
    "disable_css_preprocessing": nullable(flag("Its styles stay where they are.")),
}
_ANSWER = record(delivery_id=text(), queued_at=integer("Unix seconds."))
SEND_EMAIL = Reference(
    body=record(optional=tuple(name for name in _EMAIL if name != "identifiers"), **_EMAIL),
    body_example={
        "transactional_message_id": "receipt",
        "identifiers": {"id": "42"},
        "to": "ada@example.com",
        "message_data": {"order": 1815, "total": "12.50"},
    },
    answer=_ANSWER,
    answer_example={"delivery_id": "AAAAAAAHAAAAAAEAAAAAAxGz0Cw5cT8E", "queued_at": 1_796_040_000},
    errors=(400, 409, 413, 422),
    note="Answered when the account is in the ledger. An `Idempotency-Key` makes a repeated call send once.",
    contract="§7.13",
)
_PUSH: dict[str, Any] = {
    **_NAMED,
    "transactional_message_id": {"type": ["integer", "string"], "description": "The message's id or trigger name."},
    "to": text("all, last_used, or tokens of devices between commas; the message's own choice unless given."),
    "title": text(),
    "message": text(),
    "image_url": text(),
    "link": text("What the app opens."),
    "sound": text("default, or a file of the app's."),
    "custom_data": {"type": ["object", "string"], "description": "A JSON object that the app gets."},
    "custom_payload": {
        "type": ["object", "string"],
        "description": 'What stands in place of all this: {"ios": {"message": …}, "android": {"message": …}}.',
    },
    "custom_device": record(
        "One that the person has from then on.",
        token=text(),
        platform=one_of("ios", "android"),
        last_used=integer("Unix seconds; now unless given."),
        attributes={"type": "object"},
        optional=("last_used", "attributes"),
    ),
}
_PUSH_NEEDS = ("identifiers", "transactional_message_id")
SEND_PUSH = Reference(
    body=record(optional=tuple(name for name in _PUSH if name not in _PUSH_NEEDS), **_PUSH),
    body_example={"transactional_message_id": "news", "identifiers": {"id": "42"}, "to": "last_used"},
    answer=_ANSWER,
    answer_example={"delivery_id": "AAAAAAAHAAAAAAEAAAAAAxGz0Cw5cT8E", "queued_at": 1_796_040_000},
    errors=(400, 409, 413, 422),
    note="The transactional message must be a push message. Whatever devices it goes to, it is one delivery.",
    contract="§7.13",
)
SEND_OTHER = Reference(
    body=record(optional=tuple(name for name in _NAMED if name != "identifiers"), **_NAMED),
    body_example={"transactional_message_id": "code", "identifiers": {"id": "42"}},
    answer=_ANSWER,
    answer_example={"delivery_id": "AAAAAAAHAAAAAAEAAAAAAxGz0Cw5cT8E", "queued_at": 1_796_040_000},
    errors=(400, 409, 413, 422),
    note="The transactional message must be of that kind. A channel that this version lacks is refused with 422.",
    contract="§7.13",
)

_MESSAGE = record(
    id=integer(),
    name=text(),
    trigger_name=text(),
    description=text(),
    type=text(),
    active=flag(),
    send_to_unsubscribed=flag(),
    link_tracking=flag(),
    open_tracking=flag(),
    hide_message_body=flag(),
    queue_drafts=flag(),
    created_at=integer(),
    updated_at=integer(),
)
_MESSAGE_EXAMPLE = {
    "id": 4,
    "name": "Receipt",
    "trigger_name": "receipt",
    "description": "",
    "type": "email",
    "active": True,
    "send_to_unsubscribed": True,
    "link_tracking": True,
    "open_tracking": True,
    "hide_message_body": False,
    "queue_drafts": False,
    "created_at": 1_796_040_000,
    "updated_at": 1_796_040_000,
}
LIST = Reference(
    answer=record(messages=array(_MESSAGE)), answer_example={"messages": [_MESSAGE_EXAMPLE]}, contract="§7.13"
)
ONE = Reference(
    answer=record(message=_MESSAGE), answer_example={"message": _MESSAGE_EXAMPLE}, errors=(400, 404), contract="§7.13"
)
_CONTENT = record(id=integer(), name=text(), subject=text(), body=text(), language=text(), type=text())
_CONTENT_EXAMPLE = {
    "id": 9,
    "name": "E-mail",
    "subject": "Your receipt",
    "body": "<p>Thank you</p>",
    "language": "",
    "type": "email",
}
CONTENTS = Reference(
    answer=record(contents=array(_CONTENT)),
    answer_example={"contents": [_CONTENT_EXAMPLE]},
    errors=(400, 404),
    contract="§7.13",
)
CONTENT = Reference(
    answer=record(content=_CONTENT), answer_example={"content": _CONTENT_EXAMPLE}, errors=(400, 404), contract="§7.13"
)
PUT_CONTENT = Reference(
    body=record(
        subject=text(),
        body=text(),
        recipient=text(),
        preheader_text=text(),
        optional=("subject", "body", "recipient", "preheader_text"),
    ),
    body_example={"subject": "Your receipt"},
    answer=record(content=_CONTENT),
    answer_example={"content": _CONTENT_EXAMPLE},
    errors=(400, 404, 409, 422),
    contract="§7.13",
)
MESSAGES = Reference(
    query={
        "start": text("The `next` of the page before."),
        "limit": integer("How many at most.", minimum=1, maximum=1_000),
        "metric": text("Only those of which this is known."),
        "state": text("failed, sent, drafted or attempted."),
        "start_ts": integer("Created not before, Unix seconds."),
        "end_ts": integer("Created not after, Unix seconds."),
    },
    answer=record(messages=array(record(id=text(), type=text(), created=integer())), next=text("Empty at the end.")),
    answer_example={
        "messages": [{"id": "AAAAAAAHAAAAAAEAAAAAAxGz0Cw5cT8E", "type": "email", "created": 1_796_040_000}],
        "next": "",
    },
    errors=(400, 404),
    contract="§7.13",
)
