# SPDX-License-Identifier: Apache-2.0
"""What the review says of an e-mail that the provider in use would not send as it is meant."""

from dataclasses import replace
from typing import Any

import pytest

from clarion.channels import registry
from clarion.channels.base import Capabilities
from clarion.channels.registry import Sending
from clarion.domain.broadcasts import (
    Action,
    Broadcast,
    BroadcastState,
    DoubtPolicy,
    EmailContent,
    SendingState,
    Variant,
)
from clarion.domain.channels import SMS
from clarion.domain.outlets import Terms
from clarion.pipeline.review import review

MAIL = EmailContent(subject="Hi", body="<p>x</p>", sender="n@x.example")
ABLE = Capabilities("email", 1, amp=False, most_recipients=3, own_headers=frozenset({"x-sg-id"}))


def problems(content: EmailContent, capabilities: Capabilities = ABLE, **action: Any) -> dict[str, str]:
    step = Action(7, 3, "", "email", SendingState.AUTOMATIC, False, content, 0, 0)
    broadcast = Broadcast(3, 1, "News", BroadcastState.DRAFT, {}, DoubtPolicy.HOLD, 0, 0, None)
    broadcast = replace(broadcast, actions=(replace(step, **action),))
    sending = Sending("sendgrid", capabilities, (), (), "sendgrid", Terms())
    found = review(broadcast, snippets={}, segment_ids=(), sending=(sending,))
    return {one.field: one.message for one in found.problems}


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"amp": "<html amp4email></html>"}, "amp", "sendgrid carries no AMP part"),
        ({"cc": "a@x.example, b@x.example, c@x.example"}, "cc", "takes 3 recipients of a message, this one has 4"),
        ({"cc": "a@x.example", "bcc": "b@x.example, c@x.example"}, "bcc", "takes 3 recipients"),
        ({"headers": (("X-SG-ID", "1"),)}, "headers/X-SG-ID", "takes no other"),
    ],
    ids=["amp", "cc", "bcc", "header"],
)
def test_what_would_be_lost_is_told(fields: dict[str, Any], field: str, words: str) -> None:
    found = problems(replace(MAIL, **fields))
    assert list(found) == [f"actions/7/{field}"]
    assert words in found[f"actions/7/{field}"]
    assert problems(replace(MAIL, **fields), Capabilities("email", 1)) == {}
    assert problems(replace(MAIL, **fields), replace(ABLE, channel="webhook")) == {}


def test_in_every_language() -> None:
    variant = Variant("de", replace(MAIL, amp="<html amp4email></html>"))
    assert list(problems(MAIL, variants=(variant,))) == ["actions/7/languages/de/amp"]


def test_what_fits_is_fine() -> None:
    assert problems(replace(MAIL, amp=" \n", cc="a@x.example,", bcc="{{ customer.boss }}")) == {}


def test_what_is_switched_off_is_not_looked_at() -> None:
    assert problems(replace(MAIL, amp="<html></html>"), sending_state=SendingState.OFF).keys() == {"actions"}


@pytest.mark.parametrize(
    ("sender", "needs", "said"),
    [("", True, True), (" ", True, True), ("+15550001111", True, False), ("", False, False)],
)
def test_a_text_needs_a_sender_where_its_account_has_none(sender: str, needs: bool, said: bool) -> None:
    text = EmailContent(parts_of="sms", parts={**SMS.new(), "body": "Hi", "from": sender})
    found = problems(text, Capabilities("sms", 1, needs_sender=needs), kind="sms", variants=(Variant("de", text),))
    assert list(found) == (["actions/7/from", "actions/7/languages/de/from"] if said else [])
    assert all("nobody it is from" in words for words in found.values())


@pytest.mark.parametrize("sender", ["", "+15550001111"])
def test_twilio_says_whether_it_has_one(sender: str) -> None:
    options = {"account_sid": "AC" + 32 * "a", "auth_token": "x", "sender": sender, "channel": "whatsapp"}
    assert registry.build("twilio", options).capabilities.needs_sender is (not sender)
