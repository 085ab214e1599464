# SPDX-License-Identifier: Apache-2.0
"""What providers tell, read into one vocabulary; and who is not believed."""

import base64
import hmac
import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from tests.support.hook_calls import (
    AT,
    CERTIFICATE,
    HREF,
    KEYS,
    KINDS,
    SES,
    SUBSCRIBE,
    TELLERS,
    TOPIC,
    WORDS,
    MailgunTeller,
    ResendTeller,
    SesTeller,
)

from clarion.channels.hook import Incoming, NotGenuineError, UnreadableError, address_of, ms_of, status_of
from clarion.channels.hooks import HookKeys, build_hooks, ready_hooks
from clarion.channels.sns import is_amazon
from clarion.domain.errors import SetupError
from clarion.domain.metrics import Metric
from clarion.domain.provider_events import ProviderEvent
from clarion.domain.suppressions import EspKind

HOOKS = build_hooks(KEYS, SES.fetch)
METRICS = {
    "delivered": Metric.DELIVERED,
    "deferred": Metric.DEFERRED,
    "hard": Metric.BOUNCED,
    "soft": Metric.BOUNCED,
    "spam": Metric.SPAMMED,
    "dropped": Metric.DROPPED,
    "opened": Metric.OPENED,
    "clicked": Metric.CLICKED,
    "unsubscribed": Metric.UNSUBSCRIBED,
}
# What a provider does not say of this event.
WITHOUT_RECIPIENT = {("ses", "opened"), ("ses", "clicked"), ("ses", "unsubscribed")}
WITHOUT_WORDS = {("resend", "deferred"), ("ses", "deferred")}


async def read(name: str, body: bytes, headers: dict[str, str], now: float = AT.timestamp()) -> list[ProviderEvent]:
    hook = HOOKS[name]
    assert hook is not None
    return [told for told in await hook(Incoming(body, headers, now)) if isinstance(told, ProviderEvent)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TELLERS)
async def test_each_says_the_same_in_the_end(name: str, kind: str) -> None:
    teller = TELLERS[name]
    told = await read(name, *teller.call(teller.event(kind, "d1", "Ann@example.org"), now=AT))
    if (name, kind) == ("resend", "unsubscribed"):
        assert told == []  # Resend's contacts are not ours
        return
    (event,) = told
    assert (event.delivery_id, event.metric, event.soft) == ("d1", METRICS[kind], kind == "soft")
    assert event.at_ms == AT.timestamp() * 1_000
    assert event.recipient == ("" if (name, kind) in WITHOUT_RECIPIENT else "Ann@example.org")
    assert event.href == (HREF if kind == "clicked" else "")
    if kind in WORDS and (name, kind) not in WITHOUT_WORDS:
        assert event.words.endswith(WORDS[kind])
        assert event.status == WORDS[kind][:3]
    dropped = EspKind.BLOCKS if name == "postmark" else EspKind.BOUNCES
    assert event.kind == (dropped if kind == "dropped" else None)


@pytest.mark.parametrize("name", TELLERS)
async def test_the_same_told_twice_has_the_same_name_and_nothing_else_has(name: str) -> None:
    teller = TELLERS[name]
    names = []
    for kind, number in (("hard", 1), ("hard", 1), ("hard", 22), ("delivered", 1)):
        call = teller.call(teller.event(kind, "d1", "ann@example.org", number), now=AT, number=number)
        names += [event.event_id for event in await read(name, *call)]
    assert names[0] == names[1]
    assert len(set(names)) == 3


@pytest.mark.parametrize("name", TELLERS)
async def test_who_has_another_key_is_not_believed(name: str) -> None:
    body, headers = TELLERS[name].call(TELLERS[name].event("hard", "d1", "ann@example.org"), now=AT)
    if name in {"mailgun", "ses"}:  # which sign in the body
        told = json.loads(body)
        signature = told["signature"] if name == "mailgun" else told
        which = "signature" if name == "mailgun" else "Signature"
        forged = {**signature, which: signature[which][:-8] + "00000000"}
        changed = json.dumps({**told, "signature": forged} if name == "mailgun" else forged).encode()
        with pytest.raises(NotGenuineError):
            await read(name, changed, headers)
    for wrong in ({}, dict.fromkeys(headers, "x"), dict.fromkeys(headers, "é"), dict.fromkeys(headers, "")):
        if headers:
            with pytest.raises(NotGenuineError):
                await read(name, body, wrong)
    if name in {"sendgrid", "resend"}:
        with pytest.raises(NotGenuineError):
            await read(name, body.replace(b"ann@", b"bob@"), headers)


@pytest.mark.parametrize("name", ["resend", "mailgun"])
async def test_a_signature_of_another_time_is_not_believed(name: str) -> None:
    teller = TELLERS[name]
    call = teller.call(teller.event("hard", "d1", "ann@example.org"), now=AT - timedelta(days=2))
    with pytest.raises(NotGenuineError, match="clock"):
        await read(name, *call)


async def test_a_token_of_mailgun_s_is_of_one_content() -> None:
    teller = MailgunTeller()
    one = teller.call(teller.event("hard", "d1", "ann@example.org"), now=AT, token="t" * 50)
    assert await read("mailgun", *one) == await read("mailgun", *one)
    other = teller.call(teller.event("hard", "d2", "bob@example.org"), now=AT, token="t" * 50)
    seals = [told.seal for call in (one, one, other) for told in await read("mailgun", *call)]
    assert all(seal is not None and seal.token == "t" * 50 for seal in seals)
    assert (seals[0] == seals[1], seals[0] == seals[2]) == (True, False)


GARBAGE: dict[str, Any] = {
    "null": None,
    "a number": 7,
    "a text": "hello",
    "an empty list": [],
    "an empty object": {},
    "a list of things": [None, 7, "x", [], {}, {"event": []}, {"event": "bounce", "sg_event_id": 3, "delivery_id": {}}],
    "other types": {
        "RecordType": 7, "Metadata": [], "type": {}, "data": [], "signature": 3, "event-data": 5, "eventType": [],
        "mail": 1, "created_at": [], "event": "failed",
    },
    "nearly": {
        "RecordType": "Bounce", "Type": 3, "Metadata": {"delivery_id": 9}, "type": "email.bounced",
        "data": {"tags": [1], "to": 3}, "eventType": "Bounce", "mail": {"tags": {"delivery_id": []}}, "bounce": {},
    },
    "deep": json.loads("[" * 900 + "]" * 900),
}  # fmt: skip


@pytest.mark.parametrize("value", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("name", TELLERS)
async def test_garbage_that_is_signed_says_nothing(name: str, value: Any) -> None:
    teller = TELLERS[name]
    if name == "resend":
        signed = ResendTeller()
        body, headers = signed.call({"type": "x"}, now=AT)
        body = json.dumps(value).encode()
        headers = signed_again(signed, body, headers)
    elif name == "mailgun":
        told = value if isinstance(value, dict) else {"x": value}
        body, headers = MailgunTeller().call(told, now=AT)
    else:
        body, headers = teller.call(value, now=AT)
    with suppress(UnreadableError):
        assert await read(name, body, headers) == []


def signed_again(teller: ResendTeller, body: bytes, headers: dict[str, str]) -> dict[str, str]:
    content = f"{headers['svix-id']}.{headers['svix-timestamp']}.".encode() + body
    return {**headers, "svix-signature": "v1," + base64.b64encode(hmac.digest(teller.raw, content, "sha256")).decode()}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"\0"])
@pytest.mark.parametrize("name", ["mailgun", "postmark", "ses"])
async def test_what_is_not_json_is_unreadable(name: str, body: bytes) -> None:
    _, headers = TELLERS[name].call({}, now=AT)
    with pytest.raises(UnreadableError):
        await read(name, body, headers)


# -- Amazon SNS ----------------------------------------------------------------------------------------------------


async def test_a_subscription_is_confirmed_where_amazon_says() -> None:
    teller = SesTeller()
    hook = build_hooks(KEYS, teller.fetch)["ses"]
    assert hook is not None
    body, headers = teller.call("You have chosen to subscribe", now=AT, kind="SubscriptionConfirmation")
    assert await hook(Incoming(body, headers, AT.timestamp())) == ()
    assert teller.asked == [CERTIFICATE, SUBSCRIBE]
    await hook(Incoming(*teller.call(teller.event("hard", "d1", "a@b.example"), now=AT), AT.timestamp()))
    assert teller.asked == [CERTIFICATE, SUBSCRIBE]  # the certificate is known


@pytest.mark.parametrize("version", ["1", "2"])
async def test_both_versions_of_signatures_and_a_subject(version: str) -> None:
    event = SES.event("hard", "d1", "a@b.example")
    told = await read("ses", *SES.call(event, now=AT, version=version, Subject="Amazon SES Email Event Notification"))
    assert len(told) == 1


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"TopicArn": "arn:aws:sns:eu-west-1:1:another"}, "ses_topic"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem"}, "SigningCertURL"),
        ({"SigningCertURL": "http://sns.eu-west-1.amazonaws.com/a.pem"}, "SigningCertURL"),
        ({"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/missing.pem"}, "cannot be read"),
        ({"SignatureVersion": "3"}, "version"),
    ],
    ids=["topic", "host", "scheme", "missing", "version"],
)
async def test_what_is_not_amazon_s_is_not_believed(more: dict[str, Any], why: str) -> None:
    body, headers = SES.call(SES.event("hard", "d1", "a@b.example"), now=AT, **more)
    with pytest.raises(NotGenuineError, match=why):
        await read("ses", body, headers)


async def test_a_confirmation_elsewhere_is_not_made() -> None:
    teller = SesTeller()
    hook = build_hooks(KEYS, teller.fetch)["ses"]
    assert hook is not None
    elsewhere: dict[str, Any] = {"SubscribeURL": "https://evil.example/?Action=ConfirmSubscription"}
    body, headers = teller.call("subscribe", now=AT, kind="SubscriptionConfirmation", **elsewhere)
    with pytest.raises(NotGenuineError, match="SubscribeURL"):
        await hook(Incoming(body, headers, AT.timestamp()))
    assert teller.asked == [CERTIFICATE]


async def test_a_certificate_that_is_none_is_not_believed() -> None:
    teller = SesTeller()
    teller.served[CERTIFICATE] = b"<html>"
    hook = build_hooks(KEYS, teller.fetch)["ses"]
    assert hook is not None
    with pytest.raises(NotGenuineError, match="no certificate"):
        await hook(Incoming(*teller.call("x", now=AT), AT.timestamp()))


@pytest.mark.parametrize(
    ("url", "good"),
    [
        (CERTIFICATE, True),
        ("https://sns.us-gov-west-1.amazonaws.com/x.pem", True),
        ("https://sns.cn-north-1.amazonaws.com.cn/x.pem", True),
        ("https://sns.eu-west-1.amazonaws.com:8443/x.pem", False),
        ("https://sns.eu-west-1.amazonaws.com@evil.example/x.pem", False),
        ("https://evil.example\\@sns.eu-west-1.amazonaws.com/x.pem", False),
        ("https://evil.example#.sns.eu-west-1.amazonaws.com", False),
        ("https://s3.eu-west-1.amazonaws.com/bucket/x.pem", False),
        ("https://sns.amazonaws.com.evil.example/x.pem", False),
        ("file:///etc/passwd", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_only_amazon_s_own_hosts(url: str, good: bool) -> None:
    assert is_amazon(url) == good


async def test_each_recipient_of_a_message_is_told_apart() -> None:
    event = SES.event("delivered", "d1", "ann@example.org")
    event["delivery"]["recipients"] = ["ann@example.org", "bob@example.org"]
    told = await read("ses", *SES.call(event, now=AT))
    assert [one.recipient for one in told] == ["ann@example.org", "bob@example.org"]
    assert len({one.event_id for one in told}) == 2


async def test_a_message_that_ses_took_and_could_not_fill_in_was_not_sent() -> None:
    event = SES.event("delivered", "d1", "ann@example.org")
    event |= {"eventType": "Rendering Failure", "failure": {"errorMessage": "Attribute 'g0' is not present"}}
    (told,) = await read("ses", *SES.call(event, now=AT))
    assert (told.delivery_id, told.metric, told.words) == ("d1", Metric.DROPPED, "Attribute 'g0' is not present")


async def test_a_report_that_it_is_no_spam_is_no_complaint() -> None:
    event = SES.event("spam", "d1", "ann@example.org")
    event["complaint"]["complaintFeedbackType"] = "not-spam"
    assert await read("ses", *SES.call(event, now=AT)) == []


# -- of others -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "code", "metric", "soft", "kind"),
    [
        ("suppress-complaint", 607, Metric.DROPPED, False, EspKind.SPAM_REPORTS),
        ("suppress-unsubscribe", 606, Metric.DROPPED, False, None),
        ("generic", 550, Metric.BOUNCED, False, None),
        ("generic", 498, Metric.BOUNCED, True, None),
        ("espblock", 550, Metric.BOUNCED, True, None),
    ],
)
async def test_why_mailgun_gave_up(reason: str, code: int, metric: Metric, soft: bool, kind: EspKind | None) -> None:
    event = MailgunTeller().event("hard", "d1", "ann@example.org", code)
    event |= {"reason": reason, "delivery-status": {"code": str(code), "message": ""}, "id": f"{reason}{code}"}
    (told,) = await read("mailgun", *MailgunTeller().call(event, now=AT))
    assert (told.metric, told.soft, told.kind) == (metric, soft, kind)


@pytest.mark.parametrize(
    ("kind", "metric", "soft"),
    [
        ("BadEmailAddress", Metric.BOUNCED, False),
        ("Blocked", Metric.BOUNCED, True),
        ("SpamComplaint", Metric.SPAMMED, False),
        ("Unsubscribe", Metric.UNSUBSCRIBED, False),
        ("AutoResponder", None, False),
        ("SomethingNew", None, False),
    ],
)
async def test_which_bounces_of_postmark_s_are_some(kind: str, metric: Metric | None, soft: bool) -> None:
    teller = TELLERS["postmark"]
    event = {**teller.event("soft", "d1", "ann@example.org"), "Type": kind}
    told = await read("postmark", *teller.call(event, now=AT))
    assert [(one.metric, one.soft) for one in told] == ([] if metric is None else [(metric, soft)])


async def test_postmark_s_own_list_is_not_somebody_s_wish() -> None:
    teller = TELLERS["postmark"]
    event = {**teller.event("unsubscribed", "d1", "ann@example.org"), "SuppressionReason": "HardBounce"}
    assert await read("postmark", *teller.call(event, now=AT)) == []


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Spam Reporting Address", EspKind.SPAM_REPORTS),
        ("Invalid", EspKind.INVALID_EMAILS),
        ("Unsubscribed Address", None),
    ],
)
async def test_why_sendgrid_dropped_it(reason: str, kind: EspKind | None) -> None:
    teller = TELLERS["sendgrid"]
    event = {**teller.event("dropped", "d1", "ann@example.org"), "reason": reason}
    (told,) = await read("sendgrid", *teller.call(event, now=AT))
    assert told.kind == kind


async def test_programs_that_open_are_told_apart() -> None:
    sendgrid, mailgun = TELLERS["sendgrid"], TELLERS["mailgun"]
    machine = {**sendgrid.event("opened", "d1", "ann@example.org"), "sg_machine_open": True}
    bot = {**mailgun.event("opened", "d1", "ann@example.org"), "client-info": {"bot": "apple"}, "id": "bot"}
    for name, event in (("sendgrid", machine), ("mailgun", bot)):
        (told,) = await read(name, *TELLERS[name].call(event, now=AT))
        assert told.machine


async def test_tags_of_resend_s_as_a_list() -> None:
    event = ResendTeller().event("hard", "d1", "ann@example.org")
    event["data"]["tags"] = [{"name": "x", "value": "y"}, {"name": "delivery_id", "value": "d7"}]
    (told,) = await read("resend", *ResendTeller().call(event, now=AT))
    assert told.delivery_id == "d7"


def test_without_a_key_nobody_is_believed() -> None:
    none = HookKeys("", "", "", "", "")
    hooks = build_hooks(none, SES.fetch)
    assert {name for name, hook in hooks.items() if hook is None} == {"mailgun", "resend", "sendgrid", "twilio"}
    assert {name for name, ready in ready_hooks(none).items() if not ready} == {
        "mailgun",
        "resend",
        "sendgrid",
        "twilio",
    }
    assert set(ready_hooks(KEYS).values()) == {True}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (HookKeys("", "", "whsec_%%%", "", ""), "resend_secret"),
        (HookKeys("", "", "", "not a key", ""), "sendgrid_key"),
        (HookKeys("", "", "", "aGVsbG8=", ""), "sendgrid_key"),
    ],
    ids=["resend", "sendgrid", "sendgrid base64"],
)
def test_keys_that_are_none_are_told_at_once(keys: HookKeys, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        build_hooks(keys, SES.fetch)


def test_keys_are_not_shown() -> None:
    assert MailgunTeller.key not in repr(KEYS)
    assert "sesame" not in repr(KEYS)
    assert TOPIC in repr(KEYS)


NO_TIMES: tuple[object, ...] = (None, True, "soon", -1, 10**30, float("nan"), float("inf"), [])


def test_times_addresses_and_codes_as_they_come() -> None:
    assert ms_of("2019-11-05T16:33:54.9070259Z") == 1_572_971_634_907
    assert ms_of("2023-02-22 23:41:12.126+00") == 1_677_109_272_126
    assert all(ms_of(value) is None for value in NO_TIMES)
    assert address_of("Ann <ann@example.org>") == "ann@example.org"
    assert [address_of(value) for value in (None, "x" * 400, "a\0b@c.example")] == [""] * 3
    assert [status_of(text) for text in ("550 no", "smtp; 452-4.2.2", "5.1.1", None, "x 99999")] == [
        "550", "452", "", "", "",
    ]  # fmt: skip
