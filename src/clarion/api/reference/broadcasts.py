# SPDX-License-Identifier: Apache-2.0
"""Broadcasts and their actions as Customer.io shows them (contract §5)."""

from typing import Any

from clarion.api.schemas import Loose, Reference, array, record, shown, text

_BROADCAST: dict[str, Any] = {
    "id": 1,
    "deduplicate_id": "1:1796040000",
    "name": "Spring",
    "type": "triggered_broadcast",
    "created": 1796040000,
    "updated": 1796040000,
    "active": True,
    "state": "running",
    "actions": [{"id": 1, "type": "email"}],
    "msg_template_ids": [{"id": 1, "type": "email"}],
    "first_started": 1796040000,
    "created_by": "",
    "tags": ["demo"],
    "filter_segment_ids": [7],
}
_ACTION: dict[str, Any] = {
    "id": 1,
    "broadcast_id": 1,
    "parent_action_id": None,
    "deduplicate_id": "1:1796040000",
    "name": "E-mail",
    "created": 1796040000,
    "updated": 1796040000,
    "type": "email",
    "sending_state": "automatic",
    "layout": "",
    "language": "",
    "body": "<p>Hello</p>{% unsubscribe %}",
    "body_amp": "",
    "subject": "Hello {{ customer.first_name }}",
    "preheader_text": "",
    "recipient": "{{customer.email}}",
    "from": "Acme <news@example.com>",
    "from_id": None,
    "reply_to": "",
    "reply_to_id": None,
    "cc": "",
    "bcc": "",
    "fake_bcc": False,
    "preprocessor": "premailer",
    "headers": "[]",
}
_CAMPAIGN = _BROADCAST | {"trigger_segment_ids": [], "msg_templates": [{"id": 1, "type": "email"}]}
_LOOSE = Loose(
    nullable=("from_id", "parent_action_id", "reply_to_id"),
    optional=(
        "body_amp", "subject", "preheader_text", "recipient", "from", "from_id", "reply_to", "reply_to_id", "cc", "bcc",
        "fake_bcc", "preprocessor",
    ),
)  # fmt: skip
_EDIT: dict[str, Any] = {
    "subject": text(),
    "body": text(),
    "preheader_text": text(),
    "body_amp": text("A part for mail programs that show AMP, beside the HTML."),
    "recipient": text(),
    "from_id": {"type": ["integer", "null"]},
    "reply_to_id": {"type": ["integer", "null"]},
    "headers": {"type": ["array", "string"], "description": "Objects of name and value, or those as a JSON text."},
    "sending_state": text("automatic, draft or off."),
    "url": text("Of a webhook."),
    "method": text("Of a webhook: get, post, put, delete or patch."),
}

BROADCASTS = shown({"broadcasts": [_BROADCAST]}, contract="§5.1")
BROADCAST = shown({"broadcast": _BROADCAST}, contract="§5.1")
CAMPAIGNS = shown({"campaigns": [_CAMPAIGN]}, contract="§7.12")
CAMPAIGN = shown({"campaign": _CAMPAIGN}, contract="§7.12")
NEWSLETTERS = Reference(
    answer=record(newsletters=array({"type": "object"}), next=text()),
    answer_example={"newsletters": [], "next": ""},
    note="Newsletters are no broadcasts by API. The list is empty; nothing else of them is offered.",
    contract="§7.12",
)
_HEADERS = "`headers` is a JSON text. A webhook has `url` and `method`."
ACTIONS = shown({"actions": [_ACTION]}, _LOOSE, contract="§5.2")
ACTION = shown(
    {"action": _ACTION}, _LOOSE, contract="§5.3", note="`headers` is a JSON text. A webhook has `url` and `method`."
)
PUT_ACTION = shown(
    {"action": _ACTION},
    _LOOSE,
    body=record(optional=tuple(_EDIT), **_EDIT),
    body_example={"subject": "Hello {{ customer.first_name | default: 'you' }}"},
    errors=(409,),
    note="What was read may be sent back: keys that only GET knows are passed over.",
    contract="§5.4",
)
