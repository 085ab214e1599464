# SPDX-License-Identifier: Apache-2.0
"""Messages to one person, sent by Customer.io's own clients, and looked at where they arrived."""

import itertools
from functools import partial
from typing import Any

import pytest
from customerio import APIClient, CustomerIOException, SendEmailRequest, SendPushRequest, SendSMSRequest

from .node import Node, NodeError
from .servers import Mail, Server

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

_numbers = itertools.count(1)
_CHANNELS = {
    "sendPush": "SendPushRequest",
    "sendSMS": "SendSMSRequest",
    "sendWhatsApp": "SendWhatsAppRequest",
    "sendInboxMessage": "SendInboxMessageRequest",
    "sendInApp": "SendInAppRequest",
}


def receipt(server: Server) -> tuple[int, str]:
    """An active transactional message, and its trigger name."""
    name = f"receipt-{next(_numbers)}"
    action = {
        "subject": "Order {{ trigger.order }}",
        "body": "<p>Dear {{ customer.id }}</p>",
        "from": "shop@nightbus.example",
    }
    body = {"name": "Receipt", "kind": "transactional", "trigger_name": name, "actions": [action]}
    number = int(server.ask("POST", "/api/clarion/v1/broadcasts", body)["broadcast"]["id"])
    server.ask("POST", f"/api/clarion/v1/broadcasts/{number}/activate", {})
    return number, name


def arrived(server: Server, address: str) -> Mail:
    """The one mail to an address."""
    [mail] = server.until(lambda: server.mails(address) or None, "the mail")
    return mail


def _files(server: Server, address: str) -> list[dict[str, Any]]:
    """What goes with the one mail to an address."""
    [summary] = server.ask("GET", f"{server.outbox_url}?recipient={address}")["messages"]
    found: list[dict[str, Any]] = server.ask("GET", f"{server.outbox_url}/{summary['index']}")["attachments"]
    return found


def _sent(node: Node, server: Server, who: str) -> tuple[int, Any]:
    number, name = receipt(server)
    request = {
        "new": "SendEmailRequest",
        "with": {
            "to": f"{who}@example.net",
            "transactional_message_id": name,
            "identifiers": {"id": who},
            "message_data": {"order": 1815},
            "headers": {"X-Order": "1815"},
        },
        "attach": {"bill.txt": "one pound"},
    }
    return number, node.app("sendEmail", request)


def test_node_5_sends_and_reads(node5: Node, plain: Server) -> None:
    who = f"n5-{next(_numbers)}"
    number, answer = _sent(node5, plain, who)
    assert set(answer) == {"delivery_id", "queued_at"}
    mail = arrived(plain, f"{who}@example.net")
    assert (mail.delivery_id, mail.subject) == (answer["delivery_id"], "Order 1815")
    assert f"Dear {who}" in mail.html
    assert _files(plain, f"{who}@example.net") == [{"name": "bill.txt", "media_type": "text/plain", "size": 9}]
    assert number in [message["id"] for message in node5.app("listTransactionalMessages")["messages"]]
    assert node5.app("getTransactionalMessage", number)["message"]["id"] == number
    [content] = node5.app("getTransactionalMessageContents", number)["contents"]
    for method in ("getTransactionalMessageLanguage", "updateTransactionalMessageLanguage"):
        with pytest.raises(NodeError, match="no variant in this language") as caught:
            node5.app(method, number, "fr")
        assert caught.value.status == 400
    changed = node5.app("updateTransactionalMessageContent", number, content["id"], {"subject": "New"})
    assert changed["content"]["subject"] == "New"
    look = partial(node5.app, "getTransactionalMessageDeliveries", number, {"limit": 10})
    [message] = look()["messages"]
    assert (message["id"], message["transactional_message_id"]) == (answer["delivery_id"], number)

    def counted() -> bool | None:
        series = node5.app("getTransactionalMessageMetrics", number, {"period": "days", "steps": 2})["metric"]["series"]
        return sum(series["sent"]) == 1 or None

    plain.until(counted, "the counter")
    assert node5.app("getTransactionalMessageLinkMetrics", number, {"period": "days"}) == {"links": []}


def test_node_5_is_told_what_is_wrong(node5: Node, plain: Server) -> None:
    whole = {"to": "a@example.net", "identifiers": {"id": "n5"}, "transactional_message_id": "nobody"}
    with pytest.raises(NodeError, match="no transactional message") as caught:
        node5.app("sendEmail", {"new": "SendEmailRequest", "with": whole})
    assert caught.value.status == 422
    for method, request in _CHANNELS.items():
        body = {"identifiers": {"id": "n5"}, "transactional_message_id": 1}
        with pytest.raises(NodeError, match=r"there is no (provider|transactional message)"):
            node5.app(method, {"new": request, "with": body})


def pushed(server: Server) -> str:
    """An active push message; its trigger name."""
    name = f"push-{next(_numbers)}"
    action = {"kind": "push", "name": "P", "title": "Order {{ trigger.order }}", "message": "Dear {{ customer.id }}"}
    body = {"name": "Push", "kind": "transactional", "trigger_name": name, "actions": [action]}
    number = int(server.ask("POST", "/api/clarion/v1/broadcasts", body)["broadcast"]["id"])
    server.ask("POST", f"/api/clarion/v1/broadcasts/{number}/activate", {})
    return name


def test_node_5_pushes(node5: Node, plain: Server) -> None:
    who = f"n5-{next(_numbers)}"
    for no in (1, 2):
        node5.track("addDevice", who, f"{who}:{no}", "android", {"last_used": 1_700_000_000 + no})
    named = {"transactional_message_id": pushed(plain), "identifiers": {"id": who}, "message_data": {"order": 7}}
    answer = node5.app("sendPush", {"new": "SendPushRequest", "with": {**named, "to": "last_used"}})
    assert arrived(plain, f"{who}:2").delivery_id == answer["delivery_id"]
    assert node5.track("trackPush", {"delivery_id": answer["delivery_id"], "event": "opened", "device_id": "x"}) == {}
    both = node5.app("sendPush", {"new": "SendPushRequest", "with": {**named, "title": "{{ trigger.order }}"}})
    mail = arrived(plain, f"{who}:2, {who}:1")
    assert (mail.delivery_id, mail.subject) == (both["delivery_id"], "7")


def texted(server: Server, kind: str = "sms") -> str:
    """An active SMS or WhatsApp message; its trigger name."""
    name = f"{kind}-{next(_numbers)}"
    bodies = {"sms": "Order {{ trigger.order }}", "whatsapp": f'{{"content_sid": "HX{32 * "a"}"}}'}
    body = {
        "name": "Text",
        "kind": "transactional",
        "trigger_name": name,
        "actions": [{"kind": kind, "name": "T", "body": bodies[kind]}],
    }
    number = int(server.ask("POST", "/api/clarion/v1/broadcasts", body)["broadcast"]["id"])
    server.ask("POST", f"/api/clarion/v1/broadcasts/{number}/activate", {})
    return name


def a_number() -> str:
    """Nobody's phone, another one each time."""
    return f"+1555{next(_numbers):07}"


def test_node_5_texts(node5: Node, plain: Server) -> None:
    who, phone, other = f"n5-{next(_numbers)}", a_number(), a_number()
    node5.track("identify", who, {"phone": phone})
    named = {"transactional_message_id": texted(plain), "identifiers": {"id": who}, "message_data": {"order": 7}}
    answer = node5.app("sendSMS", {"new": "SendSMSRequest", "with": named})
    mail = arrived(plain, phone)
    assert (mail.delivery_id, mail.subject) == (answer["delivery_id"], "Order 7")
    named = {"transactional_message_id": texted(plain, "whatsapp"), "identifiers": {"id": who}, "to": other}
    answer = node5.app("sendWhatsApp", {"new": "SendWhatsAppRequest", "with": named})
    assert arrived(plain, other).delivery_id == answer["delivery_id"]


@pytest.mark.parametrize(
    ("method", "request_of", "action", "shown"),
    [
        (
            "sendInApp",
            "SendInAppRequest",
            {"kind": "in_app", "title": "T", "body": "Order {{ trigger.order }}"},
            {"kind": "in_app", "body": "Order 7"},
        ),
        (
            "sendInboxMessage",
            "SendInboxMessageRequest",
            {"kind": "inbox_message", "type": "news", "properties": '{"order": {{ trigger.order }}}'},
            {"kind": "inbox_message", "properties": {"order": 7}},
        ),
    ],
    ids=["in-app", "inbox"],
)
def test_node_5_sends_to_apps(
    node5: Node, plain: Server, method: str, request_of: str, action: dict[str, Any], shown: dict[str, Any]
) -> None:
    who, name = f"n5-{next(_numbers)}", f"app-{next(_numbers)}"
    body = {"name": "App", "kind": "transactional", "trigger_name": name, "actions": [{"name": "A", **action}]}
    number = int(plain.ask("POST", "/api/clarion/v1/broadcasts", body)["broadcast"]["id"])
    plain.ask("POST", f"/api/clarion/v1/broadcasts/{number}/activate", {})
    named = {"transactional_message_id": name, "identifiers": {"id": who}, "message_data": {"order": 7}}
    answer = node5.app(method, {"new": request_of, "with": named})
    token = plain.ask("POST", "/api/clarion/v1/in_app/tokens", {"identifiers": {"id": who}})["token"]
    [message] = plain.until(
        lambda: plain.ask("GET", "/api/clarion/v1/in_app/messages", token=token)["messages"] or None, "the message"
    )
    assert {name: message[name] for name in ("id", *shown)} == {"id": answer["delivery_id"], **shown}
    assert node5.track("trackPush", {"delivery_id": answer["delivery_id"], "event": "opened"}) == {}


def test_node_4_sends(node4: Node, secure: Server) -> None:
    who = f"n4-{next(_numbers)}"
    _, answer = _sent(node4, secure, who)
    assert arrived(secure, f"{who}@example.net").delivery_id == answer["delivery_id"]
    node4.track("addDevice", who, f"{who}:1", "ios", {})
    named = {"transactional_message_id": pushed(secure), "identifiers": {"id": who}, "message_data": {"order": 7}}
    answer = node4.app("sendPush", {"new": "SendPushRequest", "with": {**named, "title": "Yours: {{ trigger.order }}"}})
    mail = arrived(secure, f"{who}:1")
    assert (mail.delivery_id, mail.subject) == (answer["delivery_id"], "Yours: 7")
    texting = {"transactional_message_id": texted(secure), "identifiers": {"id": who}, "message_data": {"order": 7}}
    phone = a_number()
    answer = node4.app("sendSMS", {"new": "SendSMSRequest", "with": {**texting, "to": phone}})
    assert arrived(secure, phone).delivery_id == answer["delivery_id"]


def test_python_sends(app: APIClient, secure: Server) -> None:
    who = f"py-{next(_numbers)}"
    request = SendEmailRequest(
        to=f"{who}@example.net",
        _from="Shop <shop@nightbus.example>",
        subject="Hello {{ trigger.name }}",
        body="<p>{{ trigger.name }}</p>",
        identifiers={"email": f"{who}@example.net"},
        message_data={"name": "Ada"},
        tracked=False,
    )
    request.attach("note.txt", b"hi")
    answer = app.send_email(request)
    mail = arrived(secure, f"{who}@example.net")
    assert (mail.delivery_id, mail.subject) == (answer["delivery_id"], "Hello Ada")
    pushing = SendPushRequest(
        transactional_message_id=pushed(secure),
        identifiers={"id": who},
        to="all",
        custom_data={"order": 7},
        message_data={"order": 7},
        device={"token": f"{who}:1", "platform": "android"},
    )
    answer = app.send_push(pushing)
    assert arrived(secure, f"{who}:1").delivery_id == answer["delivery_id"]
    phone = a_number()
    texting = SendSMSRequest(
        transactional_message_id=texted(secure), identifiers={"id": who}, to=phone, message_data={"order": 7}
    )
    answer = app.send_sms(texting)
    mail = arrived(secure, phone)
    assert (mail.delivery_id, mail.subject) == (answer["delivery_id"], "Order 7")
    for send, wrong in ((app.send_push, SendPushRequest), (app.send_sms, SendSMSRequest)):
        with pytest.raises(CustomerIOException, match=r"there is no transactional message"):
            send(wrong(transactional_message_id=1, identifiers={"id": who}))
