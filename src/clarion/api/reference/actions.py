# SPDX-License-Identifier: Apache-2.0
"""Our own API: the actions of a broadcast (docs/guide.md)."""

from typing import Any

from clarion.api.schemas import Loose, Reference, array, flag, integer, nullable, one_of, record, shown, text
from clarion.domain.channels import CHANNELS

ACTION: dict[str, Any] = {
    "id": 1,
    "kind": "email",
    "name": "",
    "sending_state": "automatic",
    "send_to_unsubscribed": False,
    "condition": {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}},
    "topic_id": None,
    "tracked": True,
    "inline_css": True,
    "fake_bcc": False,
    "url_parameters": None,
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
    "attachments": [],
    "languages": [],
    "created_at": 1796040000,
    "updated_at": 1796040000,
}
OF_EMAIL = (
    "tracked", "inline_css", "fake_bcc", "url_parameters", "subject", "preheader", "plain", "from", "from_id",
    "reply_to", "reply_to_id", "layout_id", "recipient", "cc", "bcc", "attachments",
)  # fmt: skip
"""What a webhook has not, which has `url` and `method` instead."""
_LOOSE = Loose(
    nullable=("topic_id", "from_id", "reply_to_id", "layout_id", "id", "recipient", "plain"),
    optional=OF_EMAIL,
    free=("condition",),
)
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
    "attributes": text("Of an attribute_update: a JSON object, what becomes of which attribute; null removes one."),
    "whom": one_of("self", "other", description="Of an attribute_update: the person, or the one by `identifier`."),
    "identifier": text("Of an attribute_update of another person: their id, e-mail address or cio_…."),
    "event_name": text("Of a create_event."),
    "event_data": text("Of a create_event: a JSON object, or nothing."),
    "segment_id": text("Of a static_seg_update: the number of a manual segment."),
    "change": one_of("add", "remove", description="Of a static_seg_update: into the segment, or out of it."),
    "conversion_tracking": flag("Of a webhook: whether somebody may convert after it; false unless given."),
    "reply_to": text(),
    "reply_to_id": nullable(integer()),
    "layout_id": nullable(integer("What the body is put into.")),
    "recipient": text(),
    "cc": text(),
    "bcc": text(),
    "headers": array(record(name=text(), value=text())),
    "tracked": flag(),
    "url_parameters": nullable(
        array(record(name=text(), value=text("With Liquid.")), "Added to its links; null: the workspace's.")
    ),
    "fake_bcc": flag("Who is in bcc gets a message of their own, whose subject names the person."),
    "inline_css": flag("Of an e-mail: style sheets move into the elements they are for; true unless given."),
    "sending_state": one_of("automatic", "draft", "off"),
    "topic_id": nullable(integer("Whoever opted out of it does not get this; null: of the broadcast's.")),
    "send_to_unsubscribed": flag(),
    "condition": {
        "type": "object",
        "description": "A filter (contract §2.2): of the audience only whoever matches gets this one; {} is everybody.",
    },
}
AN_ACTION = record(optional=tuple(_TEXTS), **_TEXTS)
TEXTS_EXAMPLE = {"subject": "Hello", "body": "<p>Hello</p>{% unsubscribe %}", "from": "Acme <news@example.com>"}
_KINDS = (
    "An e-mail is shown; a webhook has `url`, `method`, `headers` and `body` in place of its texts, an SMS `recipient`,"
    " `from`, `body` and `image_url`."
)
ADD_ACTION = shown(
    {"action": ACTION}, _LOOSE, status=201, body=AN_ACTION, body_example=TEXTS_EXAMPLE, errors=(409,), note=_KINDS
)
EDIT_ACTION = shown({"action": ACTION}, _LOOSE, body=AN_ACTION, body_example={"subject": "Hi"}, errors=(409,))
DUPLICATE_ACTION = shown({"action": ACTION}, _LOOSE, status=201, errors=(409,))
DELETE_ACTION = Reference(status=204, errors=(409,))
