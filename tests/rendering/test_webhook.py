# SPDX-License-Identifier: Apache-2.0
"""A webhook's call as it is rendered: values stay values in JSON, and nothing gets into the URL or a header."""

import json
from typing import Any

import msgspec
import pytest

from clarion.domain.broadcasts import EmailContent, Method, WebhookCall
from clarion.domain.errors import RenderError
from clarion.rendering.campaign import Campaign
from clarion.rendering.checked import Recipient
from clarion.rendering.context import Links
from clarion.rendering.email import check_email, variables
from clarion.rendering.webhook import RenderedWebhook, compile_webhook, may_be_json

NASTY = 'a"b\\c\n{"x":1}, "admin": true'


def called(
    body: str = "",
    *,
    url: str = "https://hooks.test/x",
    headers: tuple[tuple[str, str], ...] = (),
    snippets: dict[str, str] | None = None,
    **data: Any,
) -> RenderedWebhook:
    content = EmailContent(body=body, headers=headers, webhook=WebhookCall(url, Method.POST))
    compiled = compile_webhook(
        content,
        snippets=snippets or {},
        campaign=Campaign(7, "Sale"),
        message_id=3,
        message_name="Tell",
        send_to_unsubscribed=True,
    )
    return compiled.render(Recipient({"name": NASTY, "age": "42"}, data, "d1", Links("", "", "", "")))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"a": "{{customer.name}}"}', {"a": NASTY}),
        ('{"a": "x {{customer.name}} y"}', {"a": f"x {NASTY} y"}),
        ('{"a": {{customer.name}}}', {"a": NASTY}),
        ('{"a": {{customer.name | to_json}}}', {"a": NASTY}),
        ('{"a": {{customer.age}}}', {"a": 42}),
        ('{"a": "{{customer.age}}"}', {"a": "42"}),
        ('{"a": {{trigger.item}}, "b": {{trigger.list}}}', {"a": {"k": NASTY}, "b": [1, NASTY]}),
        ('{"a": "{{trigger.item}}"}', {"a": json.dumps({"k": NASTY}, ensure_ascii=False, separators=(",", ":"))}),
        ('{"a": "\\"{{customer.name}}\\""}', {"a": f'"{NASTY}"'}),
        ('{"a": "{{snippets.one}}"}', {"a": f"<{NASTY}>"}),
        ('{% capture c %}{{customer.name}}{% endcapture %}{"a": "{{c}}"}', {"a": NASTY}),
        ("[{% for i in trigger.list %}{{i}}{% unless forloop.last %},{% endunless %}{% endfor %}]", [1, NASTY]),
    ],
)
def test_json_keeps_every_value_in_its_place(body: str, expected: object) -> None:
    made = called(body, snippets={"one": "<{{customer.name}}>"}, item={"k": NASTY}, list=[1, NASTY])
    assert json.loads(made.body) == expected
    assert made.headers == (("Content-Type", "application/json"),)


def test_what_is_not_json_is_left_as_it_is() -> None:
    made = called("n={{customer.name}}", headers=(("content-type", "text/plain"),))
    assert made.body == f"n={NASTY}"
    assert made.headers == (("content-type", "text/plain"),)


def test_a_value_makes_no_further_header_and_a_call_without_a_body_has_no_type() -> None:
    assert called(headers=(("X-Name", "{{trigger.v}}"),), v="a\r\nX-Evil: 1").headers == (("X-Name", "a X-Evil: 1"),)


@pytest.mark.parametrize("value", ["", "ftp://x.test", "https://x.test/a b", "https://x.test/\x00", "file:///etc"])
def test_what_is_no_url_is_refused(value: str) -> None:
    with pytest.raises(RenderError, match="url"):
        called(url="{{trigger.v}}", v=value)


def test_a_url_may_hold_liquid() -> None:
    assert called(url="https://x.test/?n={{trigger.v | url_encode}}", v="a b&c").url == "https://x.test/?n=a+b%26c"


@pytest.mark.parametrize("name", ["Host", "Content-Length", "x-cio-delivery-id", "X-Cio-Idempotency-Key", "a b"])
def test_headers_that_are_ours_can_not_be_set(name: str) -> None:
    content = EmailContent(headers=((name, "1"),), webhook=WebhookCall("https://x.test"))
    assert [error.part for error in check_email(content, snippets={})] == [f"headers.{name}"]


def test_it_needs_no_subject_and_its_url_is_read_for_names() -> None:
    content = EmailContent(body="{{trigger.b}}", webhook=WebhookCall("https://x.test/{{customer.a}}"))
    assert check_email(content, snippets={}) == []
    assert variables(content, snippets={}) == {"trigger.b", "customer.a"}


def test_content_that_was_stored_before_is_read() -> None:
    assert msgspec.json.decode(b'{"subject":"Hi","body":"x"}', type=EmailContent).webhook is None
    content = EmailContent(webhook=WebhookCall("https://x.test", Method.PUT))
    assert msgspec.json.decode(msgspec.json.encode(content), type=EmailContent) == content


@pytest.mark.parametrize(
    ("body", "may"),
    [('{"a": {{x}}, "b": "{{y}}"}', True), ("{a: {{x}}}", False), ("", True), ("{% if x %}{", True), ("{{x}},", False)],
)
def test_a_body_that_can_not_be_json_is_seen(body: str, may: bool) -> None:
    assert may_be_json(body) is may


def test_it_sees_campaign_and_message() -> None:
    body = '{"c": {{campaign.name}}, "t": {{message.type}}, "d": {{delivery_id}}}'
    assert json.loads(called(body).body) == {"c": "Sale", "t": "webhook_action", "d": "d1"}
