# SPDX-License-Identifier: Apache-2.0
"""Reports and complaints as mail servers write them: which message, whom, and what it means for the address."""

from typing import Any

import pytest

from clarion.channels.bounce_mail import read
from clarion.channels.bounce_status import is_soft
from clarion.domain.bounce_addresses import bounced, own_bounce_address
from clarion.domain.deliveries import DeliveryKey, key_of, public_id
from clarion.domain.metrics import Metric

SECRET = b"k" * 32
ID = public_id(DeliveryKey(7, 3, 21), SECRET)
FORGED = public_id(DeliveryKey(7, 3, 21), b"z" * 32)
BOX = "bounces@news.example"

# After Postfix 3.7 of Debian, shortened.
POSTFIX = """\
Return-Path: <>
Delivered-To: {to}
Date: Sun, 29 Nov 2026 08:00:00 +0000 (UTC)
From: MAILER-DAEMON@postfix.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4D0E.1795/postfix.test"

--4D0E.1795/postfix.test
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host postfix.test.

<pat@x.test>: host mx.x.test[127.0.0.1] said: {said}

--4D0E.1795/postfix.test
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; postfix.test
X-Postfix-Queue-ID: 4D0E
Arrival-Date: Sun, 29 Nov 2026 07:59:58 +0000 (UTC)

Final-Recipient: rfc822; pat@x.test
Original-Recipient: rfc822;pat@x.test
Action: {action}
Status: {status}
Remote-MTA: dns; mx.x.test
Diagnostic-Code: smtp; {said}

--4D0E.1795/postfix.test
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <{to}>
From: Acme <news@acme.example>
To: pat@x.test
Subject: Spring
Message-ID: <{returned}@acme.example>

Hello

--4D0E.1795/postfix.test--
"""

# After qmail's qmail-send: no parts, the message follows a line.
QMAIL = """\
Return-Path: <>
Date: 29 Nov 2026 08:00:00 -0000
From: MAILER-DAEMON@mx.x.test
To: news@acme.example
Subject: failure notice

Hi. This is the qmail-send program at mx.x.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<pat@x.test>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <news@acme.example>
Message-ID: <{returned}@acme.example>
Subject: Spring

Hello
"""

# RFC 5965, appendix B.2, with our address.
COMPLAINT = """\
Return-Path: <complaints@mail.example>
From: <abusedesk@mail.example>
Date: Sun, 29 Nov 2026 08:00:00 GMT
Subject: FW: Spring
To: <abuse@acme.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1"

--part1
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{to}>
Arrival-Date: Sun, 29 Nov 2026 07:00:00 GMT
Source-IP: 192.0.2.1

--part1
Content-Type: message/rfc822

From: <news@acme.example>
Message-ID: <{returned}@acme.example>
Subject: Spring

Hello

--part1--
"""


def told(text: str, **values: str) -> Any:
    given = {"to": own_bounce_address(BOX, ID, copies=False), "returned": ID, **values}
    raw = text.format(**given).replace("\n", "\r\n").encode()
    return read(raw, lambda one: key_of(one, SECRET) is not None)


def postfix(said: str = "550 5.1.1 no such user", status: str = "5.1.1", action: str = "failed", **more: str) -> Any:
    return told(POSTFIX, said=said, status=status, action=action, **more)


def test_a_report_of_a_mail_server() -> None:
    (event,) = postfix()
    assert (event.delivery_id, event.metric, event.soft) == (ID, Metric.BOUNCED, False)
    assert (event.words, event.status) == ("550 5.1.1 no such user", "550")
    assert event.at_ms == 1_795_939_200_000
    assert event.recipient == ""  # the message was to one person: it is theirs, wherever it was forwarded to


def test_the_same_mail_tells_the_same_events_and_another_mail_others() -> None:
    assert postfix() == postfix()
    assert postfix()[0].event_id != postfix("550 5.1.1 gone")[0].event_id


def test_a_message_with_copies_names_whose_it_is() -> None:
    (event,) = postfix(to=own_bounce_address(BOX, ID, copies=True))
    assert (event.delivery_id, event.recipient) == (ID, "pat@x.test")


@pytest.mark.parametrize("to", [BOX, own_bounce_address(BOX, FORGED, copies=False), "bounces+nonsense@news.example"])
def test_without_an_address_of_ours_the_returned_message_tells(to: str) -> None:
    (event,) = postfix(to=to)
    assert (event.delivery_id, event.recipient) == (ID, "pat@x.test")


def test_an_address_in_capitals_is_the_same() -> None:
    (event,) = postfix(to=own_bounce_address(BOX, ID, copies=False).upper(), returned="nothing")
    assert event.delivery_id == ID


def test_a_report_of_no_message_of_ours_tells_nothing() -> None:
    assert list(postfix(to=BOX, returned=FORGED)) == []


@pytest.mark.parametrize(
    ("action", "status", "said", "metric", "soft"),
    [
        ("failed", "5.2.2", "552 5.2.2 mailbox full", Metric.BOUNCED, True),
        ("failed", "5.0.0", "552 5.2.2 mailbox full", Metric.BOUNCED, True),  # Exim's reports say 5.0.0 of all
        ("failed", "5.0.0", "550 no such user", Metric.BOUNCED, False),
        ("failed", "4.4.1", "connection timed out", Metric.BOUNCED, True),
        ("failed", "5.7.1", "550 5.7.1 blocked", Metric.BOUNCED, True),
        ("failed", "5.4.1", "550 5.4.1 Recipient address rejected: Access denied", Metric.BOUNCED, False),
        ("delayed", "4.4.1", "connection timed out", Metric.DEFERRED, False),
        ("delivered", "2.0.0", "250 ok", Metric.DELIVERED, False),
    ],
)
def test_what_it_means(action: str, status: str, said: str, metric: Metric, soft: bool) -> None:
    (event,) = postfix(said, status, action)
    assert (event.metric, event.soft) == (metric, soft)


def test_a_relayed_message_tells_nothing() -> None:
    assert list(postfix(action="relayed")) == []


def test_a_notice_in_words_of_its_own() -> None:
    (event,) = told(QMAIL)
    assert (event.delivery_id, event.metric, event.soft) == (ID, Metric.BOUNCED, False)
    assert (event.recipient, event.status) == ("pat@x.test", "5.1.1")
    assert event.words == "Sorry, no mailbox here by that name. (#5.1.1)"
    (full,) = told(QMAIL.replace("no mailbox here by that name. (#5.1.1)", "the mailbox is full. (#5.2.2)"))
    assert full.soft


@pytest.mark.parametrize(
    ("kind", "metric"),
    [("abuse", Metric.SPAMMED), ("fraud", Metric.SPAMMED), ("opt-out", Metric.UNSUBSCRIBED), ("not-spam", None)],
)
def test_a_complaint(kind: str, metric: Metric | None) -> None:
    found = told(COMPLAINT, kind=kind)
    assert [(one.delivery_id, one.metric) for one in found] == ([(ID, metric)] if metric else [])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"From: pat@x.test\r\nReturn-Path: <pat@x.test>\r\n\r\nUser unknown <pat@x.test>: I am away",
        QMAIL.replace("<>", "<pat@x.test>").format(returned=ID).encode(),  # a person quotes a notice
        b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" * 200,
    ],
)
def test_other_mail_is_no_report(raw: bytes) -> None:
    assert read(raw, lambda _: True) is None


@pytest.mark.parametrize(
    "status",
    [b"", b"\r\n\r\n", b"Action: failed", b"Reporting-MTA: x\r\n\r\nAction: \xff\r\nStatus: 9.9.9\r\n", b"\x00" * 40],
)
def test_a_broken_report_is_read_without_an_error(status: bytes) -> None:
    head = b"Return-Path: <>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; boundary=x\r\n\r\n"
    body = b"--x\r\nContent-Type: message/delivery-status\r\n\r\n" + status + b"\r\n--x--\r\n"
    assert not read(head + body, lambda _: True)


def test_a_report_after_rfc_6533() -> None:
    (event,) = told(
        POSTFIX.replace("message/delivery-status", "message/global-delivery-status"),
        said="550 5.1.1 no", status="5.1.1", action="failed",
    )  # fmt: skip
    assert (event.delivery_id, event.metric) == (ID, Metric.BOUNCED)


@pytest.mark.parametrize("copies", [False, True])
def test_bounce_addresses_are_read_back_and_fit_a_local_part(copies: bool) -> None:
    address = own_bounce_address("b" * 20 + "@x.test", ID, copies=copies)
    assert bounced(address) == (ID, copies)
    assert len(address.partition("@")[0]) <= 64
    assert own_bounce_address(BOX, "test-abc", copies=False) == BOX


@pytest.mark.parametrize(("code", "status", "soft"), [("", "", False), ("", "450", True), ("5.7.13", "550", False)])
def test_codes_of_failures(code: str, status: str, soft: bool) -> None:
    assert is_soft(code, status) is soft
