# SPDX-License-Identifier: Apache-2.0
"""What exactly goes to each service, and what its own errors mean. Exchanges as the vendors document them."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from clarion.channels.http_session import Answer
from clarion.channels.mailgun import MailgunDialect, MailgunSettings
from clarion.channels.resend import ResendDialect, ResendSettings
from clarion.channels.sendgrid import SendGridDialect, SendGridSettings
from clarion.channels.ses import SesDialect, SesSettings
from clarion.channels.slack import SlackDialect, SlackSettings
from clarion.channels.twilio import TwilioDialect, TwilioSettings
from clarion.domain.attachments import Attachment
from clarion.domain.errors import Permanent, SendError, SetupError, Throttled
from clarion.domain.messages import EmailMessage, Message, PartsMessage

from .messages import CONTENT, a_message
from .sources import ListSource
from .vendors import ACCOUNT, SECRET, VENDORS, Call, Mailgun, VendorServer, answer, mail, post, text


async def sent(
    name: str, *messages: Message, always: Callable[[Call], Any] | None = None, **options: Any
) -> tuple[list[Call], ListSource]:
    """The calls that these messages made, and what became of them."""
    server = VendorServer(VENDORS[name], always=always)
    await server.start()
    provider = server.vendor.make(server.url, **options)
    source = ListSource(messages)
    await provider.deliver(source)
    await provider.close()
    await server.stop()
    return server.calls, source


def full(number: int = 1, **fields: Any) -> EmailMessage:
    return mail(
        number,
        **{
            "subject": "Grüße ☃",
            "reply_to": "Help <help@example.com>",
            "cc": ("bob@example.org", "Cy <cy@example.org>"),
            "bcc": ("dan@example.org",),
            "headers": (("Message-ID", "<d1@example.com>"), ("List-Unsubscribe", "<https://x.example/u>")),
            "attachments": (Attachment("a.txt", "text/plain", "aGVsbG8="),),
            **fields,
        },
    )


# -- Resend --------------------------------------------------------------------------------------------------------


async def test_resend_gets_a_message_with_a_file_alone() -> None:
    (first, second), source = await sent("resend", full(), mail(2))
    assert first.request.path == "/emails"
    assert first.request.headers["Idempotency-Key"] == "d1"
    assert first.json == {
        "from": "News <news@example.com>",
        "to": ["ann1@example.org"],
        "cc": ["bob@example.org", "Cy <cy@example.org>"],
        "bcc": ["dan@example.org"],
        "reply_to": "Help <help@example.com>",
        "subject": "Grüße ☃",
        "html": "<p>Hello</p>",
        "text": "Hello",
        "headers": {"Message-ID": "<d1@example.com>", "List-Unsubscribe": "<https://x.example/u>"},
        "tags": [{"name": "delivery_id", "value": "d1"}],
        "attachments": [{"filename": "a.txt", "content": "aGVsbG8=", "content_type": "text/plain"}],
    }
    assert second.request.path == "/emails/batch"
    assert [kept.end for kept in source.taken] == ["sent OK re-0", "sent OK re-0"]


async def test_resend_gets_the_same_key_with_the_same_messages_and_another_with_others() -> None:
    keys = [
        (await sent("resend", *messages))[0][0].request.headers["Idempotency-Key"]
        for messages in ((mail(1), mail(2)), (mail(1), mail(2)), (mail(1), mail(3)))
    ]
    assert keys[0] == keys[1] != keys[2]


async def test_resend_splits_several_recipients() -> None:
    message = mail(1, recipient='"Doe, Ann" <ann1@example.org>, bob@example.org')
    ((call,), _) = await sent("resend", message)
    assert call.json[0]["to"] == ['"Doe, Ann" <ann1@example.org>', "bob@example.org"]


RESEND_ERRORS: dict[str, tuple[int, str, str, str, bool]] = {
    "bad field": (422, "validation_error", "Invalid `to` field.", "Permanent invalid_address", False),
    "no sender": (422, "invalid_from_address", "Invalid `from` field.", "Permanent sender_refused", False),
    "domain": (403, "validation_error", "The example.com domain is not verified.", "Permanent sender_refused", False),
    "only testing": (403, "validation_error", "You can only send testing emails", "Throttled 60", True),
    "no key": (401, "missing_api_key", "Missing API key", "Throttled 60", True),
    "restricted": (401, "restricted_api_key", "This key is restricted", "Throttled 60", True),
    "bad key": (400, "validation_error", "API key is invalid", "Throttled 60", True),
    "rate": (429, "rate_limit_exceeded", "Too many requests", "Throttled 1", True),
    "day": (429, "daily_quota_exceeded", "You have reached your daily quota", "Throttled 60", True),
    "month": (429, "monthly_quota_exceeded", "You have reached your monthly quota", "Throttled 60", True),
    "key in use": (409, "concurrent_idempotent_requests", "Same key in progress", "Throttled 5", False),
    "key used": (409, "invalid_idempotent_request", "Same key, other payload", "Unknown", False),
    "theirs": (500, "internal_server_error", "An unexpected error", "Unknown", False),
}


def shown(end: str | SendError) -> str:
    if isinstance(end, Permanent):
        return f"Permanent {end.reason}"
    if isinstance(end, Throttled):
        return f"Throttled {end.retry_after:g}"
    return type(end).__name__ if isinstance(end, SendError) else end


def resend_dialect() -> ResendDialect:
    return ResendDialect(ResendSettings(api_key=SECRET))


@pytest.mark.parametrize(("status", "name", "words", "end", "pauses"), RESEND_ERRORS.values(), ids=RESEND_ERRORS)
def test_what_resend_s_errors_mean(status: int, name: str, words: str, end: str, pauses: bool) -> None:
    body = answer(status, {"statusCode": status, "name": name, "message": words}).body
    assert isinstance(body, bytes)
    reading = resend_dialect().read(Answer(status, body), 1, many=False)
    assert [shown(one) for one in reading.ends] == [end]
    assert (reading.pause is not None) == pauses


def test_of_several_for_resend_a_used_key_sends_each_alone() -> None:
    reading = resend_dialect().read(Answer(409, b'{"name": "invalid_idempotent_request"}'), 3, many=True)
    assert [shown(one) for one in reading.ends] == ["Temporary"] * 3
    assert reading.apart


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": [{"id": "a"}], "errors": []}',
        b'{"data": [{"id": "a"}, {"id": "b"}], "errors": [{"index": 3, "message": "x"}]}',
        b'{"data": [{"id": "a"}, {"id": "b"}], "errors": [{"index": -1, "message": "x"}]}',
        b'{"data": [{"id": "a"}], "errors": [{"index": 1, "message": "x"}, {"index": 1, "message": "x"}]}',
    ],
    ids=["too few", "beyond", "before", "twice"],
)
def test_results_that_fit_no_messages_leave_all_in_doubt(body: bytes) -> None:
    reading = resend_dialect().read(Answer(200, body), 3, many=True)
    assert [shown(one) for one in reading.ends] == ["Unknown"] * 3
    assert reading.doubtful


def test_one_of_several_may_have_a_sender_that_resend_refuses() -> None:
    body = b'{"data": [{"id": "a"}], "errors": [{"index": 0, "message": "`from` domain is not verified"}]}'
    reading = resend_dialect().read(Answer(200, body), 2, many=True)
    assert [shown(one) for one in reading.ends] == ["Permanent sender_refused", "OK a"]


# -- SendGrid ------------------------------------------------------------------------------------------------------


async def test_sendgrid_gets_the_parts() -> None:
    message = full(amp="<html ⚡4email></html>", cc=("bob@example.org", "Ann1@Example.org", "Cy <cy@example.org>"))
    ((call,), source) = await sent("sendgrid", message)
    off = {"enable": False}
    assert call.json == {
        "personalizations": [
            {
                "to": [{"email": "ann1@example.org"}],
                "cc": [{"email": "bob@example.org"}, {"email": "cy@example.org", "name": "Cy"}],
                "bcc": [{"email": "dan@example.org"}],
            }
        ],
        "from": {"email": "news@example.com", "name": "News"},
        "reply_to": {"email": "help@example.com", "name": "Help"},
        "subject": "Grüße ☃",
        "content": [
            {"type": "text/plain", "value": "Hello"},
            {"type": "text/x-amp-html", "value": "<html ⚡4email></html>"},
            {"type": "text/html", "value": "<p>Hello</p>"},
        ],
        "headers": {"Message-ID": "<d1@example.com>", "List-Unsubscribe": "<https://x.example/u>"},
        "custom_args": {"delivery_id": "d1"},
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": off,
            "subscription_tracking": off,
        },
        "attachments": [
            {"content": "aGVsbG8=", "type": "text/plain", "filename": "a.txt", "disposition": "attachment"}
        ],
    }
    assert source.taken[0].end == "sent 202 sg-1"


SENDGRID_ERRORS: dict[str, tuple[int, list[dict[str, Any]], str]] = {
    "sender": (403, [{"message": "does not match a verified Sender", "field": "from"}], "Permanent sender_refused"),
    "address": (
        400,
        [{"message": "Does not contain a valid address.", "field": "personalizations.0.to.0.email"}],
        "Permanent invalid_address",
    ),
    "content": (400, [{"message": "must be a string", "field": "content.0.value"}], "Permanent refused"),
    "rights": (403, [{"message": "access forbidden", "field": None}], "Throttled 60"),
    "credits": (401, [{"message": "Maximum credits exceeded", "field": None}], "Throttled 60"),
    "region": (451, [{"message": "data residency"}], "Throttled 60"),
}


@pytest.mark.parametrize(("status", "errors", "end"), SENDGRID_ERRORS.values(), ids=SENDGRID_ERRORS)
def test_what_sendgrid_s_errors_mean(status: int, errors: list[dict[str, Any]], end: str) -> None:
    body = answer(status, {"errors": errors}).body
    assert isinstance(body, bytes)
    reading = SendGridDialect(SendGridSettings(api_key=SECRET)).read(Answer(status, body), 1, many=False)
    assert [shown(one) for one in reading.ends] == [end]


@pytest.mark.parametrize(
    ("reset", "low", "high"),
    [(lambda: str(int(time.time()) + 90), 60, 90), (lambda: "5", 1, 1), (lambda: "soon", 1, 1),
     (lambda: "9" * 12, 3600, 3600)],
    ids=["later", "long ago", "words", "never"],
)  # fmt: skip
def test_sendgrid_says_by_the_clock_when_there_is_room(reset: Callable[[], str], low: float, high: float) -> None:
    told = Answer(429, b"{}", None, {"x-ratelimit-reset": reset()})
    (end,) = SendGridDialect(SendGridSettings(api_key=SECRET)).read(told, 1, many=False).ends
    assert isinstance(end, Throttled)
    assert low <= end.retry_after <= high


# -- Mailgun -------------------------------------------------------------------------------------------------------


async def test_mailgun_gets_the_very_bytes() -> None:
    content = CONTENT + b"\r\n--\r\n\x00\xff Gr\xc3\xbc\xc3\x9fe\r\n"
    message = a_message(1, content=content, copies=("bob@example.org",))
    ((call,), source) = await sent("mailgun", message)
    assert Mailgun().form(call) == [
        ("to", b"ann1@example.org"),
        ("to", b"bob@example.org"),
        ("o:tracking", b"no"),
        ("o:tracking-clicks", b"no"),
        ("o:tracking-opens", b"no"),
        ("v:delivery_id", b"d1"),
        ("message", content),
    ]
    assert source.taken[0].end == "sent Queued. Thank you. <mg@example.com>"


MAILGUN_ERRORS: dict[str, tuple[int, str, str]] = {
    "address": (400, "to parameter is not a valid address. please check documentation", "Permanent invalid_address"),
    "content": (400, "message is missing", "Permanent refused"),
    "unverified": (400, "Domain mg.example.com is not allowed to send: The domain is unverified", "Throttled 60"),
    "sandbox": (403, "Sandbox subdomains are for test purposes only.", "Throttled 60"),
    "key": (401, "Invalid private key", "Throttled 60"),
    "plan": (402, "Request failed", "Throttled 60"),
    "domain": (404, "Domain not found: mg.example.com", "Throttled 60"),
    "hour": (420, "recipient limit exceeded", "Throttled 60"),
    "rate": (429, "Too many requests", "Throttled 1"),
    "large": (413, "Request Entity Too Large", "Permanent too_large"),
}


@pytest.mark.parametrize(("status", "words", "end"), MAILGUN_ERRORS.values(), ids=MAILGUN_ERRORS)
def test_what_mailgun_s_errors_mean(status: int, words: str, end: str) -> None:
    dialect = MailgunDialect(MailgunSettings(domain="mg.example.com", api_key=SECRET))
    body = answer(status, {"message": words}).body
    assert isinstance(body, bytes)
    assert [shown(one) for one in dialect.read(Answer(status, body), 1, many=False).ends] == [end]


# -- Amazon SES ----------------------------------------------------------------------------------------------------


async def test_ses_gets_the_very_bytes() -> None:
    message = a_message(1, copies=("bob@example.org",))
    ((call,), source) = await sent("ses", message)
    (kept,) = VENDORS["ses"].kept(call)
    assert kept.content == CONTENT
    assert call.json.pop("Content")
    assert {name: value for name, value in call.json.items() if name != "Content"} == {
        "Destination": {"ToAddresses": ["ann1@example.org"], "BccAddresses": ["bob@example.org"]},
        "EmailTags": [{"Name": "delivery_id", "Value": "d1"}],
        "ConfigurationSetName": "news",
    }
    assert source.taken[0].end == "sent 200 ses-1"


def ses_dialect() -> SesDialect:
    return SesDialect(SesSettings(region="eu-west-1", access_key_id="A", secret_access_key=SECRET))


SES_ERRORS: dict[str, tuple[int, str, str, str]] = {
    "content": (400, "MessageRejected", "contains invalid content", "Permanent refused"),
    "sender": (
        400,
        "MessageRejected",
        "Email address is not verified. The following identities failed the check in region EU-WEST-1",
        "Permanent sender_refused",
    ),
    "mail from": (400, "MailFromDomainNotVerifiedException", "no MX", "Permanent sender_refused"),
    "field": (400, "BadRequestException", "Missing final '@domain'", "Permanent refused"),
    "suspended": (400, "AccountSuspendedException", "restricted", "Throttled 60"),
    "paused": (400, "SendingPausedException", "paused", "Throttled 60"),
    "quota": (400, "LimitExceededException", "Daily message quota exceeded.", "Throttled 60"),
    "rate": (429, "TooManyRequestsException", "Maximum sending rate exceeded.", "Throttled 1"),
    "throttled": (400, "ThrottlingException", "Rate exceeded", "Throttled 1"),
    "set": (404, "NotFoundException", "Configuration set does not exist", "Throttled 60"),
    "signature": (403, "SignatureDoesNotMatch", "Check your AWS Secret Access Key", "Throttled 60"),
    "expired": (403, "ExpiredTokenException", "The security token is expired", "Throttled 60"),
    "theirs": (500, "InternalFailure", "oops", "Unknown"),
}


@pytest.mark.parametrize(("status", "kind", "words", "end"), SES_ERRORS.values(), ids=SES_ERRORS)
@pytest.mark.parametrize("where", ["header", "body"])
def test_what_ses_s_errors_mean(status: int, kind: str, words: str, end: str, where: str) -> None:
    said = {"message": words} | ({"__type": f"com.amazon.ses#{kind}"} if where == "body" else {})
    body = answer(status, said).body
    assert isinstance(body, bytes)
    headers = {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/x"} if where == "header" else {}
    reading = ses_dialect().read(Answer(status, body, None, headers), 1, many=False)
    assert [shown(one) for one in reading.ends] == [end]


# -- settings ------------------------------------------------------------------------------------------------------


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "resend without a key": (lambda: ResendSettings(api_key=""), "api_key must be"),
    "resend with lines": (lambda: ResendSettings(api_key="a\r\nb"), "api_key must be"),
    "resend with too many": (lambda: ResendSettings(api_key="a", batch=101), "batch must be from 1 to 100"),
    "sendgrid with a blank": (lambda: SendGridSettings(api_key="a b"), "api_key must be"),
    "sendgrid with too many": (lambda: SendGridSettings(api_key="a", batch=1_001), "batch must be from 1 to 1000"),
    "sendgrid in clear text": (lambda: SendGridSettings(api_key="a", url="http://api.example").http, "clear text"),
    "mailgun without a domain": (lambda: MailgunSettings(domain="", api_key="a"), "domain must be"),
    "mailgun with a path": (lambda: MailgunSettings(domain="a/../b", api_key="a"), "domain must be"),
    "mailgun without a key": (lambda: MailgunSettings(domain="a.example", api_key=""), "api_key must be"),
    "ses elsewhere": (lambda: _ses(region="Ireland"), "region must be"),
    "ses without an id": (lambda: _ses(access_key_id=""), "access_key_id must be"),
    "ses without a secret": (lambda: _ses(secret_access_key=""), "secret_access_key must be"),
    "ses with too many": (lambda: _ses(batch=51), "batch must be from 1 to 50"),
    "ses with a bad token": (lambda: _ses(session_token="a b"), "session_token"),
}


def _ses(**fields: Any) -> SesSettings:
    return SesSettings(**{"region": "eu-west-1", "access_key_id": "a", "secret_access_key": "b", **fields})


@pytest.mark.parametrize(("make", "words"), WRONG.values(), ids=WRONG)
def test_says_what_is_wrong_with_the_settings(make: Callable[[], object], words: str) -> None:
    with pytest.raises(SetupError) as caught:
        make()
    assert words in str(caught.value)


def test_ses_has_an_address_for_each_region() -> None:
    settings = SesSettings(region="us-gov-west-1", access_key_id="a", secret_access_key="b")
    assert settings.http.url == "https://email.us-gov-west-1.amazonaws.com"


# -- Slack ---------------------------------------------------------------------------------------------------------


async def test_slack_gets_text_blocks_and_whose_message_it_is() -> None:
    parts = {"body": "Hi *Ann*", "blocks": '[{"type": "divider"}]', "username": "Night Bus", "icon": ":bus:"}
    with_url = {"body": "Hi", "blocks": "", "username": "", "icon": "https://x.example/a.png"}
    calls, source = await sent("slack", post(1, recipient="#alerts", parts=parts), post(2, parts=with_url))
    assert [call.json for call in sorted(calls, key=lambda call: str(call.json["channel"]))] == [
        {
            "channel": "#alerts",
            "text": "Hi *Ann*",
            "metadata": {"event_type": "clarion_delivery", "event_payload": {"delivery_id": "d1"}},
            "blocks": [{"type": "divider"}],
            "username": "Night Bus",
            "icon_emoji": ":bus:",
        },
        {
            "channel": "ann2@example.org",
            "text": "Hi",
            "metadata": {"event_type": "clarion_delivery", "event_payload": {"delivery_id": "d2"}},
            "icon_url": "https://x.example/a.png",
        },
    ]
    assert [kept.end for kept in source.taken] == ["sent OK C1 1503435956.000247"] * 2


SLACK_ERRORS: dict[str, tuple[str, bool]] = {
    "invalid_auth": ("Throttled 60", True),
    "missing_scope": ("Throttled 60", True),
    "ratelimited": ("Throttled 30", True),
    "channel_not_found": ("Permanent invalid_address", False),
    "not_in_channel": ("Permanent invalid_address", False),
    "msg_too_long": ("Permanent too_large", False),
    "invalid_blocks": ("Permanent refused", False),
    "request_timeout": ("Temporary", False),
    "internal_error": ("Unknown", False),
    "": ("Unknown", False),
}


@pytest.mark.parametrize(("error", "end", "pauses"), [(name, *what) for name, what in SLACK_ERRORS.items()])
def test_what_slack_s_errors_mean(error: str, end: str, pauses: bool) -> None:
    body = answer(200, {"ok": False, "error": error}).body
    assert isinstance(body, bytes)
    dialect = SlackDialect(SlackSettings(token=SECRET))
    reading = dialect.read(Answer(200, body, retry_after=30.0), 1, many=False)
    assert [shown(one) for one in reading.ends] == [end]
    assert (reading.pause is not None) == pauses


def test_slack_needs_a_token() -> None:
    with pytest.raises(SetupError, match="token"):
        SlackSettings(token="two words")


# -- Twilio --------------------------------------------------------------------------------------------------------


async def test_twilio_gets_a_form() -> None:
    with_image = {"from": "+15559990000", "body": "Hi & bye é", "image_url": "https://x.example/a.png"}
    by_service = {"from": "MG" + 32 * "a", "body": "Hi"}
    calls, source = await sent("twilio", text(1), text(2, parts=with_image), text(3, parts=by_service))
    assert sorted((call.form for call in calls), key=lambda form: form["To"]) == [
        {"To": "ann1@example.org", "From": "+15550001111", "Body": "Hello"},
        {
            "To": "ann2@example.org",
            "From": "+15559990000",
            "Body": "Hi & bye é",
            "MediaUrl": "https://x.example/a.png",
        },
        {"To": "ann3@example.org", "MessagingServiceSid": "MG" + 32 * "a", "Body": "Hi"},
    ]
    assert [kept.end for kept in source.taken] == ["sent queued SM1"] * 3


async def test_twilio_sends_templates_by_whatsapp() -> None:
    body = '{"content_sid": "HX' + 32 * "b" + '", "variables": {"1": "Ann"}}'
    message = PartsMessage("d1", "whatsapp", "+15551230001", body, {"body": body})
    calls, _ = await sent("twilio", message, channel="whatsapp")
    assert [call.form for call in calls] == [
        {
            "To": "whatsapp:+15551230001",
            "From": "whatsapp:+15550001111",
            "ContentSid": "HX" + 32 * "b",
            "ContentVariables": '{"1":"Ann"}',
        }
    ]


async def test_a_text_from_nobody_does_not_leave() -> None:
    calls, source = await sent("twilio", text(1), sender="")
    assert calls == []
    assert [shown(kept.error) for kept in source.taken if kept.error] == ["Permanent sender_refused"]


TWILIO_ERRORS: dict[tuple[int, int], tuple[str, bool]] = {
    (400, 21211): ("Permanent invalid_address", False),
    (400, 21614): ("Permanent invalid_address", False),
    (400, 21610): ("Permanent unsubscribed", False),
    (400, 63032): ("Permanent refused", False),  # WhatsApp's 472, an experiment of Meta's: nobody opted out
    (400, 21635): ("Permanent invalid_address", False),
    (400, 21602): ("Permanent bad_content", False),
    (429, 21611): ("Throttled 1", True),
    (400, 21408): ("Permanent refused", False),
    (400, 21606): ("Permanent sender_refused", False),
    (400, 21617): ("Permanent too_large", False),
    (401, 20003): ("Throttled 60", True),
    (403, 20005): ("Throttled 60", True),
    (429, 20429): ("Throttled 30", True),
    (400, 63018): ("Throttled 60", True),
    (429, 63038): ("Throttled 900", True),
    (404, 20404): ("Throttled 60", True),
    (500, 20500): ("Unknown", False),
}


@pytest.mark.parametrize(("status", "code", "end", "pauses"), [(*name, *what) for name, what in TWILIO_ERRORS.items()])
def test_what_twilio_s_errors_mean(status: int, code: int, end: str, pauses: bool) -> None:
    body = answer(status, {"code": code, "message": "no", "status": status}).body
    assert isinstance(body, bytes)
    dialect = TwilioDialect(TwilioSettings(account_sid=ACCOUNT, auth_token=SECRET))
    reading = dialect.read(Answer(status, body, retry_after=30.0 if code in {20429, 63018} else None), 1, many=False)
    assert [shown(one) for one in reading.ends] == [end]
    assert (reading.pause is not None) == pauses


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"account_sid": "nobody"}, "account_sid"),
        ({}, "auth_token"),
        ({"key_sid": "SK"}, "key_sid"),
        ({"key_sid": "SK" + 32 * "0"}, "key_secret"),
        ({"auth_token": SECRET, "channel": "email"}, "channel"),
    ],
)
def test_twilio_says_what_is_wrong_with_its_settings(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SetupError, match=words):
        TwilioSettings(**{"account_sid": ACCOUNT, **options})


def test_twilio_signs_in_with_a_key() -> None:
    settings = TwilioSettings(account_sid=ACCOUNT, key_sid="SK" + 32 * "1", key_secret=SECRET)
    assert settings.login == f"SK{32 * '1'}:{SECRET}"
    assert SECRET not in repr(settings)
