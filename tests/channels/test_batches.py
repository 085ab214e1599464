# SPDX-License-Identifier: Apache-2.0
"""Calls with several messages that a service makes from a template: who goes in one, and what each of them gets."""

from collections.abc import Callable
from html import escape
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clarion.channels.http_session import Answer
from clarion.channels.sendgrid import SendGridDialect, SendGridSettings, SubstitutionBatch
from clarion.channels.ses import SesDialect, SesSettings
from clarion.channels.ses_bulk import BulkBatch
from clarion.domain.attachments import Attachment
from clarion.domain.errors import Away, Permanent, SendError, Throttled
from clarion.domain.messages import EmailMessage

from .sources import ListSource
from .vendors import SECRET, VENDORS, Call, SendGridBulk, SesBulk, VendorServer, answer, letter, mail, says


async def sent(
    name: str, *messages: EmailMessage, always: Callable[[Call], Any] | None = None, rounds: int = 1, **options: Any
) -> tuple[list[Call], list[str]]:
    """The calls that these messages made, and how each ended; what ends as temporary is tried again in each round."""
    server = VendorServer(VENDORS[name], always=always)
    await server.start()
    provider = server.vendor.make(server.url, connections=1, **options)
    ends: dict[str, str] = {}
    waiting = list(messages)
    for _ in range(rounds):
        source = ListSource(waiting)
        await provider.deliver(source)
        ends |= {kept.message.delivery_id: str(kept.end) for kept in source.taken}
        waiting = [one for one in waiting if ends[one.delivery_id].startswith("Temporary")]
    await provider.close()
    await server.stop()
    return server.calls, [ends[one.delivery_id].partition(" ")[0] for one in messages]


def personal(number: int) -> dict[str, str]:
    """Texts with something of one person in many places, as broadcasts have them, and odd characters."""
    name = ("Ann", "Bob O'Neil & Söhne", 'C "Cy" \\ {0} }} %name% -x- $1', "Dé\tÜ ☃ 🎈")[number % 4]
    links = "".join(f'<a href="https://x.example/e/c/d{number}/l{link}?a=1&amp;b=2">{link}</a>\n' for link in range(40))
    return {
        "subject": f"For {name}: {number}",
        "html": f"<style>@media x{{a{{b:c}}}}</style><p>Dear {escape(name)},</p>{links}" + "<p>the same</p>\n" * 300,
        "plain": f"Dear {name},\n\nhttps://x.example/e/c/d{number}/l0\n",
    }


# -- Amazon SES ----------------------------------------------------------------------------------------------------


async def test_ses_gets_one_template_and_what_is_personal() -> None:
    headers = (
        ("Message-ID", "<d1@example.com>"),
        ("List-Unsubscribe", "<https://x.example/u/d1>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )
    first = letter(1, html="<p>Hello Ann</p>", reply_to="Grüße <help@example.com>", headers=headers)
    second = letter(2, html="<p>Hello Bob</p>", reply_to="Grüße <help@example.com>", headers=headers[:1])
    (call,), ends = await sent("ses-bulk", first, second)
    assert ends == ["sent", "sent"]
    assert call.request.path == "/v2/email/outbound-bulk-emails"
    assert call.json == {
        "FromEmailAddress": "News <news@example.com>",
        "ReplyToAddresses": ["=?utf-8?b?R3LDvMOfZQ==?= <help@example.com>"],
        "ConfigurationSetName": "news",
        "DefaultContent": {
            "Template": {
                "TemplateContent": {"Subject": "{{g0}}", "Html": "<p>{{g1}}</p>", "Text": "Hello"},
                "TemplateData": "{}",
            }
        },
        "BulkEmailEntries": [
            {
                "Destination": {"ToAddresses": ["ann1@example.org"]},
                "ReplacementTags": [{"Name": "delivery_id", "Value": "d1"}],
                "ReplacementHeaders": [
                    {"Name": "List-Unsubscribe", "Value": "<https://x.example/u/d1>"},
                    {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                ],
                "ReplacementEmailContent": {
                    "ReplacementTemplate": {"ReplacementTemplateData": '{"g0":"Hello 1","g1":"Hello Ann"}'}
                },
            },
            {
                "Destination": {"ToAddresses": ["ann2@example.org"]},
                "ReplacementTags": [{"Name": "delivery_id", "Value": "d2"}],
                "ReplacementHeaders": [],
                "ReplacementEmailContent": {
                    "ReplacementTemplate": {"ReplacementTemplateData": '{"g0":"Hello 2","g1":"Hello Bob"}'}
                },
            },
        ],
    }


async def test_each_gets_from_ses_the_texts_that_were_made_for_them() -> None:
    messages = [letter(number, **personal(number)) for number in range(120)]
    calls, ends = await sent("ses-bulk", *messages)
    assert set(ends) == {"sent"}
    assert [len(VENDORS["ses-bulk"].kept(call)) for call in calls] == [50, 50, 20]
    assert max(len(call.raw) for call in calls) < 100_000  # what they have in common goes once
    got = [(entry["Subject"], entry["Html"], entry["Text"]) for call in calls for entry in SesBulk().filled(call)]
    assert got == [(text["subject"], text["html"], text["plain"]) for text in map(personal, range(120))]


ALONE: dict[str, dict[str, Any]] = {
    "copies": {"copies": ("bob@example.org",)},
    "a file": {"attachments": (Attachment("a.txt", "text/plain", "aGVsbG8="),)},
    "AMP": {"amp": "<html ⚡4email></html>"},
    "a variable in a name": {"html": "<p>Hello {{g0}}</p>"},
    "braces in the subject": {"subject": "{{#if x}}"},
    "no subject": {"subject": ""},
    "a header twice": {"headers": (("X-A", "1"), ("x-a", "2"))},
    "a header that is not ASCII": {"headers": (("X-A", "Grüße"),)},
    "a long header": {"headers": (("X-A", "a" * 990),)},
    "many headers": {"headers": tuple((f"X-{number}", "1") for number in range(16))},
    "a long name": {"reply_to": "Grüße von uns allen aus dem schönen Südtirol und Österreich <a@example.com>"},
    "a name of a domain that is not ASCII": {"reply_to": "help@grüße.example"},
    "an odd address": {"reply_to": "nobody"},
    "much text": {"html": "<p>" + "a" * 200_000},
    "much that is personal": {"html": "<p>" + "abc " * 4_000},
}


@pytest.mark.parametrize("fields", ALONE.values(), ids=ALONE)
async def test_what_a_template_does_not_carry_goes_to_ses_as_we_wrote_it(fields: dict[str, Any]) -> None:
    odd = letter(2, content=b"Subject: as written\r\n\r\n", **fields)
    calls, ends = await sent("ses-bulk", letter(0), letter(1), odd, letter(3), letter(4))
    assert ends == ["sent"] * 5
    assert [call.request.path.rpartition("/")[2] for call in calls] == [
        "outbound-bulk-emails", "outbound-emails", "outbound-bulk-emails",
    ]  # fmt: skip
    (kept,) = VENDORS["ses-bulk"].kept(calls[1])
    assert (kept.recipients[0], kept.content) == ("ann2@example.org", b"Subject: as written\r\n\r\n")


async def test_half_a_character_in_a_text_is_refused_and_the_others_go() -> None:
    calls, ends = await sent("ses-bulk", letter(1), letter(2, html="\ud800"), letter(3))
    assert (ends, len(calls)) == (["sent", "Permanent", "sent"], 1)


async def test_who_is_from_somebody_else_or_has_other_texts_goes_in_another_call() -> None:
    messages = [letter(0), letter(1), letter(3, plain=""), letter(4, plain=""), letter(5, html=""), letter(6, html="")]
    calls, ends = await sent("ses-bulk", *messages)
    assert set(ends) == {"sent"}
    contents = [call.json["DefaultContent"]["Template"]["TemplateContent"] for call in calls]
    assert [sorted(content) for content in contents] == [
        ["Html", "Subject", "Text"], ["Html", "Subject"], ["Subject", "Text"],
    ]  # fmt: skip
    others = [letter(number, reply_to="a@example.com" if number < 2 else "b@example.com") for number in range(4)]
    calls, _ = await sent("ses-bulk", *others)
    assert [call.json["ReplyToAddresses"] for call in calls] == [["a@example.com"], ["b@example.com"]]


def ses_reading(body: Any, count: int, status: int = 200) -> Any:
    settings = SesSettings(region="eu-west-1", access_key_id="A", secret_access_key=SECRET, batch=50)
    raw = answer(status, body).body
    assert isinstance(raw, bytes)
    return SesDialect(settings).read(Answer(status, raw), count, many=True)


def shown(end: str | SendError) -> str:
    if isinstance(end, Permanent):
        return f"Permanent {end.reason}"
    if isinstance(end, Throttled):
        return f"Throttled {end.retry_after:g}"
    return type(end).__name__ if isinstance(end, SendError) else end


SES_STATUSES: dict[str, tuple[str, float | None, bool]] = {
    "MESSAGE_REJECTED": ("Permanent refused", None, False),
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": ("Permanent sender_refused", None, False),
    "CONFIGURATION_SET_NOT_FOUND": ("Throttled 60", 60, False),
    "TEMPLATE_NOT_FOUND": ("Throttled 60", 60, False),
    "ACCOUNT_SUSPENDED": ("Throttled 60", 60, False),
    "ACCOUNT_THROTTLED": ("Throttled 1", 0, False),
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": ("Throttled 60", 60, False),
    "INVALID_SENDING_POOL_NAME": ("Throttled 60", 60, False),
    "ACCOUNT_SENDING_PAUSED": ("Throttled 60", 60, False),
    "CONFIGURATION_SET_SENDING_PAUSED": ("Throttled 60", 60, False),
    "INVALID_PARAMETER": ("Temporary", None, True),
    "TRANSIENT_FAILURE": ("Temporary", None, False),
    "FAILED": ("Temporary", None, True),
    "A_NEW_ONE": ("Unknown", None, False),
}


@pytest.mark.parametrize(("status", "end", "pause", "apart"), [(name, *what) for name, what in SES_STATUSES.items()])
def test_what_a_status_of_ses_s_means_for_its_message(status: str, end: str, pause: float | None, apart: bool) -> None:
    results = [{"Status": "SUCCESS", "MessageId": "m"}, {"Status": status, "Error": "why"}, {"Status": "SUCCESS"}]
    reading = ses_reading({"BulkEmailEntryResults": results}, 3)
    assert [shown(one) for one in reading.ends] == ["200 m", end, "200 SUCCESS"]
    assert (None if reading.pause is None else reading.pause.seconds or 0) == pause
    assert (reading.apart, reading.doubtful) == (apart, end == "Unknown")


def test_an_unverified_sender_of_one_message_is_that() -> None:
    results = [{"Status": "MESSAGE_REJECTED", "Error": "Email address is not verified."}, {"Status": "SUCCESS"}]
    assert shown(ses_reading({"BulkEmailEntryResults": results}, 2).ends[0]) == "Permanent sender_refused"


@pytest.mark.parametrize("results", [[], [{"Status": "SUCCESS"}], [{"Status": "SUCCESS"}] * 3, [{"Status": 1}] * 2, {}])
def test_results_of_ses_that_fit_no_messages_leave_all_in_doubt(results: Any) -> None:
    reading = ses_reading({"BulkEmailEntryResults": results}, 2)
    assert [shown(one) for one in reading.ends] == ["Unknown"] * 2
    assert reading.doubtful


async def test_the_rest_of_a_call_that_ses_throttled_waits() -> None:
    results = [{"Status": "SUCCESS"}, {"Status": "SUCCESS"}, {"Status": "ACCOUNT_THROTTLED"}]
    server = VendorServer(VENDORS["ses-bulk"], always=says(200, {"BulkEmailEntryResults": results}))
    await server.start()
    provider = server.vendor.make(server.url, connections=1, batch=3)
    source = ListSource(letter(number) for number in range(9))
    with pytest.raises(Away):
        await provider.deliver(source)
    await provider.close()
    await server.stop()
    assert [str(kept.end).partition(" ")[0] for kept in source.taken] == ["sent", "sent", "Throttled"]


async def test_a_call_that_ses_refuses_is_nobody_s_refusal_yet() -> None:
    unsupported = {"message": "Template contains unsupported operations."}

    def refuses(call: Call) -> Any:
        is_bulk = call.request.path.endswith("bulk-emails")
        bad = answer(400, unsupported, **{"x-amzn-ErrorType": "BadRequestException:http://x"})
        return bad if is_bulk else call.usual()

    calls, ends = await sent("ses-bulk", *map(letter, range(3)), always=refuses, rounds=2)
    assert ends == ["sent"] * 3
    assert [call.request.path.rpartition("/")[2] for call in calls] == [
        "outbound-bulk-emails",
        *["outbound-emails"] * 3,
    ]


async def test_one_that_ses_finds_invalid_is_tried_alone_before_it_fails() -> None:
    def picky(call: Call) -> Any:
        if call.request.path.endswith("bulk-emails"):
            ends = ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
            return answer(200, {"BulkEmailEntryResults": [{"Status": end} for end in ends]})
        return answer(400, {"message": "bad"}, **{"x-amzn-ErrorType": "BadRequestException:http://x"})

    calls, ends = await sent("ses-bulk", *map(letter, range(3)), always=picky, rounds=2)
    assert (ends, len(calls)) == (["sent", "Permanent", "sent"], 2)


async def test_a_right_that_is_missing_for_many_holds_everybody() -> None:
    body = {"message": "User is not authorized to perform: ses:SendBulkEmail"}
    reading = ses_reading(body, 3, status=403)
    assert [shown(one) for one in reading.ends] == ["Throttled 60"] * 3
    assert "ses:SendBulkEmail" in reading.pause.words


# -- SendGrid ------------------------------------------------------------------------------------------------------


async def test_sendgrid_gets_texts_with_tags_and_what_each_has_in_their_place() -> None:
    headers = (("Message-ID", "<d1@example.com>"), ("List-Unsubscribe", "<https://x.example/u/d1>"))
    reply_to = "Help <help@example.com>"
    first = mail(1, html="<p>Hello Ann</p>", headers=headers, reply_to=reply_to, recipient="Ann <ann1@example.org>")
    ((call,), _) = await sent("sendgrid-bulk", first, mail(2, html="<p>Hello Bob</p>", reply_to=reply_to))
    (tag,) = call.json["personalizations"][0]["substitutions"]
    assert call.json == {
        "personalizations": [
            {
                "to": [{"email": "ann1@example.org", "name": "Ann"}],
                "subject": "Hello 1",
                "headers": {"Message-ID": "<d1@example.com>", "List-Unsubscribe": "<https://x.example/u/d1>"},
                "custom_args": {"delivery_id": "d1"},
                "substitutions": {tag: "Hello Ann"},
            },
            {
                "to": [{"email": "ann2@example.org"}],
                "subject": "Hello 2",
                "headers": {"Message-ID": "<d2@example.com>"},
                "custom_args": {"delivery_id": "d2"},
                "substitutions": {tag: "Hello Bob"},
            },
        ],
        "from": {"email": "news@example.com", "name": "News"},
        "reply_to": {"email": "help@example.com", "name": "Help"},
        "content": [
            {"type": "text/plain", "value": "Hello"},
            {"type": "text/html", "value": f"<p>{tag}</p>"},
        ],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
        },
    }


async def test_each_gets_from_sendgrid_the_texts_that_were_made_for_them() -> None:
    messages = [mail(number, **personal(number)) for number in range(300)]
    ((call,), ends) = await sent("sendgrid-bulk", *messages)
    assert set(ends) == {"sent"}
    got = [(one["subject"], one["text/html"], one["text/plain"]) for one in SendGridBulk().filled(call)]
    assert got == [(text["subject"], text["html"], text["plain"]) for text in map(personal, range(300))]


async def test_no_message_has_a_tag_of_another_call() -> None:
    calls = [(await sent("sendgrid-bulk", mail(1, html="<p>a"), mail(2, html="<p>b")))[0][0] for _ in range(2)]
    (first, second) = [next(iter(call.json["personalizations"][0]["substitutions"])) for call in calls]
    assert first != second
    ((call,), _) = await sent("sendgrid-bulk", mail(1, html=f"<p>{first}"), mail(2, html="<p>b"))
    assert [one["text/html"] for one in SendGridBulk().filled(call)] == [f"<p>{first}", "<p>b"]


ALONE_AT_SENDGRID: dict[str, dict[str, Any]] = {
    "copies": {"cc": ("bob@example.org",)},
    "a file": {"attachments": (Attachment("a.txt", "text/plain", "aGVsbG8="),)},
    "AMP": {"amp": "<html ⚡4email></html>"},
    "no subject": {"subject": ""},
    "much text": {"html": "<p>" + "a" * 1_000_000},
    "much that is personal": {"html": "<p>" + "abc " * 2_500},
    "many places that are personal": {"html": "".join(f"<p>{number}" for number in range(101))},
    "long headers": {"headers": (("X-A", "a" * 10_000),)},
}


@pytest.mark.parametrize("fields", ALONE_AT_SENDGRID.values(), ids=ALONE_AT_SENDGRID)
async def test_what_is_no_substitution_goes_to_sendgrid_alone(fields: dict[str, Any]) -> None:
    alike = {"html": "".join("<p>x" for _ in range(101))} if "<p>100" in str(fields) else {}
    messages = [mail(number, **alike) for number in range(4)]
    calls, ends = await sent("sendgrid-bulk", *messages[:2], mail(9, **fields), *messages[2:])
    assert ends == ["sent"] * 5
    assert [len(call.json["personalizations"]) for call in calls] == [2, 1, 2]
    assert calls[1].json["personalizations"][0]["to"] == [{"email": "ann9@example.org"}]


async def test_an_address_is_in_a_call_of_sendgrid_s_once() -> None:
    messages = [mail(1), mail(2), mail(3, recipient="ANN1@example.org"), mail(4)]
    calls, ends = await sent("sendgrid-bulk", *messages)
    assert ends == ["sent"] * 4
    assert [len(call.json["personalizations"]) for call in calls] == [2, 2]


async def test_texts_of_another_kind_or_sender_go_to_sendgrid_in_another_call() -> None:
    senders = ({"sender": "other@example.com"}, {"reply_to": "a@example.com"})
    of: tuple[dict[str, str], ...] = ({}, {"plain": ""}, {"html": ""}, *senders)
    messages = [mail(number, **of[number // 2]) for number in range(10)]
    calls, _ = await sent("sendgrid-bulk", *messages)
    assert [len(call.json["personalizations"]) for call in calls] == [2] * 5
    assert [[one["type"] for one in call.json["content"]] for call in calls[:3]] == [
        ["text/plain", "text/html"], ["text/html"], ["text/plain"],
    ]  # fmt: skip


def test_half_a_character_is_refused_before_a_call_is_made() -> None:
    with pytest.raises(Permanent, match="not Unicode"):
        SubstitutionBatch().take(mail(1, html="\ud800"))


SENDGRID_FIELDS: dict[str, tuple[int, list[str], list[str], bool]] = {
    "an address": (400, ["personalizations.1.to.0.email"], ["Temporary", "Permanent", "Temporary"], False),
    "two": (400, ["personalizations.0.to.0.email", "personalizations.2.to.0.email"],
            ["Permanent", "Temporary", "Permanent"], False),
    "one that is not there": (400, ["personalizations.3.to.0.email"], ["Temporary"] * 3, True),
    "and something else": (400, ["personalizations.1.to.0.email", "content.0.value"], ["Temporary"] * 3, True),
    "substitutions": (400, ["personalizations.1.substitutions"], ["Temporary"] * 3, True),
    "the sender": (403, ["from"], ["Temporary"] * 3, True),
    "nothing": (400, [], ["Temporary"] * 3, True),
    "rights": (403, [""], ["Throttled"] * 3, False),
}  # fmt: skip


@pytest.mark.parametrize(("status", "fields", "ends", "apart"), SENDGRID_FIELDS.values(), ids=SENDGRID_FIELDS)
def test_for_whom_sendgrid_refuses_a_call(status: int, fields: list[str], ends: list[str], apart: bool) -> None:
    body = answer(status, {"errors": [{"message": "bad", "field": name} for name in fields]}).body
    assert isinstance(body, bytes)
    dialect = SendGridDialect(SendGridSettings(api_key=SECRET, batch=10))
    reading = dialect.read(Answer(status, body), 3, many=True)
    assert ([type(end).__name__ for end in reading.ends], reading.apart) == (ends, apart)


async def test_a_call_that_sendgrid_refuses_is_nobody_s_refusal_yet() -> None:
    def picky(call: Call) -> Any:
        bad = any(one["custom_args"]["delivery_id"] == "d1" for one in people(call))
        errors = [{"message": "Substitutions are limited", "field": "personalizations.1.substitutions"}]
        return answer(400, {"errors": errors}) if bad else call.usual()

    def people(call: Call) -> list[dict[str, Any]]:
        several = call.json["personalizations"]
        return several if len(several) > 1 else [call.json]

    calls, ends = await sent("sendgrid-bulk", *map(mail, range(3)), always=picky, rounds=2)
    assert (ends, len(calls)) == (["sent", "Permanent", "sent"], 4)


# -- both ----------------------------------------------------------------------------------------------------------


ODD = st.lists(st.tuples(*[st.text(alphabet='{}g0-/<>"\\\n ☃', max_size=10) for _ in range(3)]), min_size=1, max_size=6)


@given(ODD)
@example([("{g0}", "{", "}"), ("{g1}", "{", "}")])
def test_whatever_the_texts_are_each_gets_its_own_from_ses(texts: list[tuple[str, str, str]]) -> None:
    batch = BulkBatch("")
    taken = [
        (subject, html, plain)
        for number, (subject, html, plain) in enumerate(texts)
        if batch.take(letter(number, subject=subject, html=html, plain=plain))
    ]
    if taken:
        body = batch.body(range(len(taken)))
        filled = SesBulk().filled(call_of(body))
        assert [(one["Subject"], one.get("Html", ""), one.get("Text", "")) for one in filled] == taken


@given(ODD)
def test_whatever_the_texts_are_each_gets_its_own_from_sendgrid(texts: list[tuple[str, str, str]]) -> None:
    batch = SubstitutionBatch()
    taken = [
        (subject, html, plain)
        for number, (subject, html, plain) in enumerate(texts)
        if batch.take(mail(number, subject=subject, html=html, plain=plain))
    ]
    if taken:
        filled = SendGridBulk().filled(call_of(batch.body(range(len(taken)))))
        assert [(one["subject"], one.get("text/html", ""), one.get("text/plain", "")) for one in filled] == taken


def call_of(body: bytes) -> Any:
    return SimpleNamespace(raw=body, json=msgspec.json.decode(body))


@pytest.mark.parametrize("name", ["ses-bulk", "sendgrid-bulk"])
async def test_a_lost_answer_costs_no_more_than_a_batch(name: str) -> None:
    server = VendorServer(VENDORS[name])
    server.script.append(lambda call: (call.usual(), call.drop())[1])
    await server.start()
    provider = server.vendor.make(server.url, connections=1, batch=4)
    source = ListSource(server.vendor.message(number) for number in range(10))
    await provider.deliver(source)
    await provider.close()
    await server.stop()
    assert [str(kept.end).partition(" ")[0] for kept in source.taken] == ["Unknown"] * 4 + ["sent"] * 6


CALLS = {
    "postmark": 2,
    "resend": 10,
    "resend-alone": 1_000,
    "sendgrid": 1_000,
    "sendgrid-bulk": 1,
    "mailgun": 1_000,
    "ses": 1_000,
    "ses-bulk": 20,
}


@pytest.mark.parametrize(("name", "count"), CALLS.items())
async def test_calls_for_a_thousand_messages(name: str, count: int) -> None:
    texts = letter if name.startswith("ses") else mail
    messages = (VENDORS[name].message(number) for number in range(1_000))
    if count < 1_000:
        messages = (texts(number, **personal(number)) for number in range(1_000))
    calls, ends = await sent(name, *messages)  # type: ignore[arg-type]
    assert (set(ends), len(calls)) == ({"sent"}, count)
