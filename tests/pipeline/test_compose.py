# SPDX-License-Identifier: Apache-2.0
"""From an account to its message, or to the reason why there is none."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from typing import Any

import msgspec
import pytest

from clarion.channels.smtp_syntax import with_dots, with_line_ends
from clarion.domain.attachments import AttachedFile
from clarion.domain.broadcasts import EmailContent
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State, key_of, public_id
from clarion.domain.errors import RenderError
from clarion.domain.links import LinkSigner
from clarion.domain.messages import EmailForm, EmailMessage, Message
from clarion.pipeline.preview import Preview
from clarion.store.people import encode

from .letters import KEY, MAIL, SECRET, action, messages, row
from .stage import SIGN, Stage


def compose(content: EmailContent = MAIL, *, suppressed: bool = False, **others: Any) -> Message | Outcome:
    return messages(action(content)).compose(KEY, row(**others), suppressed)


def made(content: EmailContent = MAIL, *, data: dict[str, Any] | None = None, **others: Any) -> EmailMessage:
    message = messages(action(content), data=data).compose(KEY, row(**others), suppressed=False)
    assert isinstance(message, EmailMessage), message
    return message


def parsed(message: EmailMessage) -> Parsed:
    read = message_from_bytes(message.content, policy=policy.default)
    assert isinstance(read, Parsed)
    return read


def failure(content: EmailContent, **others: Any) -> tuple[Reason | None, str]:
    outcome = compose(content, **others)
    assert isinstance(outcome, Outcome), outcome
    assert (outcome.key, outcome.state, outcome.counted) == (KEY, State.FAILED, True)
    return outcome.reason, outcome.words or ""


def test_a_message() -> None:
    message = made()
    delivery_id = public_id(KEY, SECRET)
    assert (message.delivery_id, message.subject) == (delivery_id, "Hi Ann")
    assert (message.sender, message.recipient, message.copies) == ("news@acme.test", "ann@x.test", ())
    headers = parsed(message)
    assert headers["Message-ID"] == f"<{delivery_id}@acme.test>"
    assert headers["To"] == "ann@x.test"
    assert headers["List-Unsubscribe"] == f"<https://clarion.test/unsubscribe/{delivery_id}>"
    assert b"\r\nDate: Thu, 01 Jan 1970 00:00:00 +0000\r\n" in message.content
    assert key_of(delivery_id, SECRET) == KEY


def test_composed_again_it_is_the_same_message() -> None:
    first = messages(action(MAIL), at=10.0).compose(KEY, row(), suppressed=False)
    again = messages(action(MAIL), at=10.0).compose(KEY, row(attempts=3), suppressed=False)
    assert first == again
    later = messages(action(MAIL), at=99_999.0).compose(KEY, row(), suppressed=False)
    assert isinstance(first, EmailMessage)
    assert isinstance(later, EmailMessage)
    assert parsed(first)["Message-ID"] == parsed(later)["Message-ID"]
    assert (first.delivery_id, first.recipient) == (later.delivery_id, later.recipient)


def test_everybody_and_each_action_has_an_id_of_their_own() -> None:
    all_of_them = messages(action(MAIL), action(MAIL, action_id=2))
    found = [
        all_of_them.compose(DeliveryKey(trigger_id, seq, action_id), row(), suppressed=False)
        for trigger_id in (5, 6)
        for seq in (9, 10)
        for action_id in (1, 2)
    ]
    assert len({parsed(m)["Message-ID"] for m in found if isinstance(m, EmailMessage)}) == 8


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("news@acme.test", "acme.test"),
        ("Acme, Inc <news@Acme.Test>", "Acme.Test"),
        ("Büro <post@büro.example>", "xn--bro-hoa.example"),
        ("{{customer.first_name}} <a@b.test> ", "b.test"),
    ],
)
def test_the_message_id_ends_in_the_senders_domain(sender: str, domain: str) -> None:
    found = parsed(made(replace(MAIL, sender=sender)))["Message-ID"]
    assert str(found).rpartition("@")[2].lower() == f"{domain.lower()}>"


def test_own_data_wins_over_shared() -> None:
    content = replace(MAIL, subject="{{trigger.a}} {{trigger.b}} {{trigger.c.x | default: 'gone'}}")
    shared = {"a": "shared", "b": "shared", "c": {"x": "shared"}}
    assert made(content, data=shared).subject == "shared shared shared"
    own = '{"b":"own","c":{"y":1}}'
    message = messages(action(content), data=shared).compose(KEY, row(data=own), suppressed=False)
    assert isinstance(message, EmailMessage)
    assert message.subject == "shared own gone"  # key by key at the top, as the vendor merges it


def test_identifiers_are_attributes() -> None:
    content = replace(MAIL, subject="{{customer.id}} {{customer.email}} {{customer.cio_id}} {{customer.n | plus: 1}}")
    message = made(content, attributes='{"id":"fake","email":"fake","n":4}')
    assert message.subject == "p9 ann@x.test 00000000004d 5"


def test_in_parts_for_providers_that_put_it_together_themselves() -> None:
    content = replace(MAIL, cc="{{customer.first_name}}@x.test", headers=(("X-A", "{{customer.id}}"),))
    whole = made(content)
    for email in (content, replace(content, body=MAIL.body + "{% cycle customer.id %}")):  # compiled, interpreted
        message = messages(action(email), form="fields").compose(KEY, row(), suppressed=False)
        assert isinstance(message, EmailMessage)
        assert message.fields is not None
        assert (message.content, message.recipient, message.copies) == (b"", whole.recipient, whole.copies)
        assert (message.fields.sender, message.fields.cc) == ("Acme <news@acme.test>", ("Ann@x.test",))
        assert message.fields.html.startswith("<p>Hello</p>")
        assert dict(message.fields.headers) == {
            name: str(parsed(whole)[name])
            for name in ("Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "X-A")
        }


def test_in_both_forms_for_providers_that_choose_for_each_message() -> None:
    content = replace(MAIL, cc="{{customer.first_name}}@x.test", headers=(("X-A", "{{customer.id}}"),))
    for email in (content, replace(content, body=MAIL.body + "{% cycle customer.id %}")):  # compiled, interpreted
        forms: tuple[EmailForm, ...] = ("mime", "fields", "both")
        ways = {form: messages(action(email), form=form).compose(KEY, row(), suppressed=False) for form in forms}
        both, whole, parts = ways["both"], ways["mime"], ways["fields"]
        assert isinstance(both, EmailMessage)
        assert isinstance(whole, EmailMessage)
        assert isinstance(parts, EmailMessage)
        assert both._replace(content=b"") == whole._replace(content=b"", fields=parts.fields)
        assert parsed(both).items() == parsed(whole).items()
        for kind in ("plain", "html"):
            texts = [parsed(one).get_body((kind,)) for one in (both, whole)]
            assert len({text.get_content() for text in texts if text is not None}) == 1


@pytest.mark.parametrize("body", ["<p>{{customer.first_name}}</p>", "{{customer | size}}", "{% cycle customer.id %}"])
def test_compiled_or_interpreted_it_is_the_same_message(body: str) -> None:
    ways = messages(action(replace(MAIL, body=body)))
    quick, slow = ways._quick(KEY.action_id, row(), "d" * 32), ways.interpreted(KEY, row(), "d" * 32)
    assert isinstance(slow, EmailMessage)
    assert (quick is None) == ("cycle" in body)
    if quick is not None:
        for kind in ("plain", "html"):
            ours, theirs = parsed(quick).get_body((kind,)), parsed(slow).get_body((kind,))
            assert ours is not None
            assert theirs is not None
            assert ours.get_content() == theirs.get_content()
        assert parsed(quick).items() == parsed(slow).items()


@pytest.mark.parametrize("amp", ["", "<html amp4email></html>"])
@pytest.mark.parametrize("body", ["<p>{{customer.first_name}}</p>", "{% cycle customer.id %}"])
def test_files_go_with_it_however_it_is_made(body: str, amp: str) -> None:
    held = {"a.txt": b".\r\n..\n", "Größe.pdf": bytes(range(256))}
    files = tuple(
        AttachedFile(name, "application/pdf", len(octets), "").with_content(octets) for name, octets in held.items()
    )
    ways = messages(action(replace(MAIL, body=body, amp=amp)), files={1: files, 2: ()})
    made = ways.compose(KEY, row(), suppressed=False)
    assert isinstance(made, EmailMessage)
    assert {part.get_filename(): part.get_content() for part in parsed(made).iter_attachments()} == held
    assert parsed(made).get_body(("html",)) is not None
    assert ("x-amp-html" in parsed(made).as_string()) is bool(amp)
    assert made.wire_ready
    assert with_dots(with_line_ends(made.content)) == made.content
    apart = ways.in_form("fields").compose(KEY, row(), suppressed=False)
    assert isinstance(apart, EmailMessage)
    assert apart.fields is not None
    assert apart.fields.attachments == files


def test_compiled_code_makes_mails_with_files() -> None:
    file = AttachedFile("a.txt", "text/plain", 1, "").with_content(b"a")
    assert messages(action(MAIL), files={1: (file,)})._quick(KEY.action_id, row(), "d" * 32) is not None


# -- skipped ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "suppressed", "reason"),
    [
        ({"alive": None}, False, Reason.DELETED),
        ({"alive": None}, True, Reason.SUPPRESSED),
        ({"alive": None, "unsubscribed": None, "email": None, "attributes": None}, False, Reason.DELETED),
        ({"unsubscribed": 1}, False, Reason.UNSUBSCRIBED),
        ({"email": None}, False, Reason.NO_ADDRESS),
        ({"email": ""}, False, Reason.NO_ADDRESS),
    ],
)
def test_not_tried(others: dict[str, Any], suppressed: bool, reason: Reason) -> None:
    assert compose(suppressed=suppressed, **others) == Outcome(KEY, State.SKIPPED, reason, counted=False)


def test_to_unsubscribed_people_only_where_the_action_says_so() -> None:
    found = messages(action(MAIL, send_to_unsubscribed=True)).compose(KEY, row(unsubscribed=1), suppressed=False)
    assert isinstance(found, EmailMessage)


@pytest.mark.parametrize("recipient", ["", "  ", "{{customer.email}}", "{{ customer.email }}", "{{  customer.email}} "])
def test_the_persons_own_address_however_it_is_written(recipient: str) -> None:
    content = replace(MAIL, recipient=recipient)
    assert made(content).recipient == "ann@x.test"
    assert compose(content, email=None) == Outcome(KEY, State.SKIPPED, Reason.NO_ADDRESS, counted=False)


@pytest.mark.parametrize(
    "recipient", ["{{customer.backup | default: ''}}", "{% if customer.backup %}a@b.test{% endif %}"]
)
def test_a_recipient_that_renders_to_nothing(recipient: str) -> None:
    content = replace(MAIL, recipient=recipient)
    assert compose(content) == Outcome(KEY, State.SKIPPED, Reason.NO_ADDRESS, counted=False)
    assert made(replace(MAIL, recipient="{{customer.first_name}}@b.test"), email=None).recipient == "Ann@b.test"


# -- failed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (replace(MAIL, subject="Hi {{customer.last_name}}"), "(subject, line 1, column 6)"),
        (replace(MAIL, body="<p>\n  {{ trigger.code }}"), "(body, line 2, column 6)"),
        (replace(MAIL, recipient="{{customer.backup}}"), "(recipient, line 1, column 3)"),
        (replace(MAIL, sender="{{customer.agent}} <a@b.test>"), "(from, line 1, column 3)"),
        (replace(MAIL, headers=(("X-Code", "{{trigger.code}}"),)), "(headers.X-Code, line 1, column 3)"),
    ],
)
def test_what_is_missing_is_named_with_line_and_column(content: EmailContent, place: str) -> None:
    reason, words = failure(content)
    assert reason is Reason.RENDER_FAILED
    assert words.startswith("Variable '")
    assert "is missing" in words
    assert words.endswith(place)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (replace(MAIL, subject=""), "subject can not be blank"),
        (replace(MAIL, subject="{{customer.nick | default: ''}}"), "subject can not be blank"),
        (replace(MAIL, body="{% if customer.id %}"), "if tag was never closed"),
        (replace(MAIL, body="{% nonsense %}"), "Unknown tag 'nonsense'"),
        (replace(MAIL, body="{{snippets.none}}"), "Variable 'snippets.none' is missing"),
        (replace(MAIL, cc="not an address"), "cc is not an e-mail address"),
    ],
)
def test_what_does_not_render(content: EmailContent, words: str) -> None:
    reason, said = failure(content)
    assert reason is Reason.RENDER_FAILED
    assert said.startswith(words)


@pytest.mark.parametrize(
    "email",
    ["ann", "ann@", "@x.test", "a b@x.test", "ann@x..test", "ann@x.test\r\nBcc: all@x.test", "a" * 65 + "@x.test"],
)
def test_an_address_that_is_none(email: str) -> None:
    reason, words = failure(MAIL, email=email)
    assert reason is Reason.INVALID_ADDRESS
    assert words.startswith("recipient is not an e-mail address")


@pytest.mark.parametrize("sender", ["", "Acme", "{{customer.first_name}}"])
def test_a_sender_that_is_none(sender: str) -> None:
    assert failure(replace(MAIL, sender=sender))[0] is Reason.INVALID_ADDRESS


def test_a_broken_action_fails_its_own_messages_only() -> None:
    both = messages(action(replace(MAIL, body="{% if %}")), action(MAIL, action_id=2))
    broken = both.compose(KEY, row(), suppressed=False)
    assert isinstance(broken, Outcome)
    assert broken.reason is Reason.RENDER_FAILED
    assert isinstance(both.compose(DeliveryKey(5, 9, 2), row(), suppressed=False), EmailMessage)


@pytest.mark.parametrize("interpreted", [False, True])
def test_what_is_called_ready_for_the_wire_needs_no_change_there(interpreted: bool) -> None:
    odd = ".a\n.b\r\n..c\r.d\u2028.e = " + "x." * 90
    body = "<p>{{ customer.odd }}</p>\n.x{{ customer.odd }}" + ("{% cycle 'a' %}" if interpreted else "")
    content = replace(MAIL, subject="{{ customer.odd }}", body=body, headers=(("X-Odd", "{{ customer.odd }}"),))
    message = made(content, attributes=encode({"odd": odd}))
    assert message.wire_ready
    assert with_dots(with_line_ends(message.content)) == message.content
    dotted = made(replace(MAIL, headers=((".X", "1"),)))
    assert not dotted.wire_ready


async def test_the_preview_is_of_today_and_says_when_it_cannot_be_made(stage: Stage) -> None:
    ann = stage.person("ann", plan="gold")
    trigger_id = stage.trigger(stage.broadcast(replace(MAIL, subject="Hi", body="<p>{{ customer.plan }}</p>")))
    assert await stage.resolver().run_once(trigger_id)
    (key,) = stage.keys(trigger_id)
    preview = Preview(stage.store, SIGN)
    assert "<p>gold</p>" in (preview(key) or "")
    stage.change(ann, "ann", "ann@x.test")
    with pytest.raises(RenderError, match=r"customer\.plan"):
        preview(key)
    stage.delete(ann)
    assert preview(key) is None
    assert preview(key._replace(seq=99)) is None


TRACKED = replace(MAIL, body="<body><p>{{customer.first_name}}</p><a href='https://x.test/'>x</a></body>", tracked=True)


@pytest.mark.parametrize("name", ["Ann", "<b>Ann</b>", "<a href='https://y.test/'>"])
def test_links_of_a_tracked_mail_lead_through_us_however_it_is_made(name: str) -> None:
    account, delivery_id = row(attributes=encode({"first_name": name})), public_id(KEY, SECRET)
    compiled = messages(action(TRACKED))
    quick = compiled.compose(KEY, account, suppressed=False)
    slow = compiled.interpreted(KEY, account, delivery_id)
    assert isinstance(quick, EmailMessage)
    assert isinstance(slow, EmailMessage)
    html, other = (parsed(each).get_body(("html",)) for each in (quick, slow))
    assert html is not None
    assert other is not None
    assert html.get_content() == other.get_content()
    token = LinkSigner(SECRET, 1)("https://x.test/")
    assert f"<a href='https://clarion.test/e/c/{delivery_id}/{token}'>x</a>" in html.get_content()
    assert f'<img src="https://clarion.test/e/o/{delivery_id}"' in html.get_content()
    assert "y.test" not in html.get_content()


@pytest.mark.parametrize("consent", [False, "false", 0])
@pytest.mark.parametrize("form", ["mime", "fields"])
def test_who_does_not_consent_gets_a_mail_without_tracking(form: EmailForm, consent: object) -> None:
    attributes = {"first_name": "Ann", "cio_email_tracking_consent": consent}
    compiled = messages(action(TRACKED), form=form)
    account = row(attributes=encode(attributes))
    for message in (
        compiled.compose(KEY, account, suppressed=False),
        compiled.interpreted(KEY, account, public_id(KEY, SECRET)),
    ):
        assert isinstance(message, EmailMessage)
        html = message.fields.html if message.fields else message.content.decode()
        assert "x.test/" in html
        assert "/e/" not in html
    others = compiled.compose(KEY, row(), suppressed=False)
    assert isinstance(others, EmailMessage)
    assert "/e/c/" in (others.fields.html if others.fields else others.content.decode())


def test_content_that_was_stored_without_the_choice_is_not_tracked() -> None:
    stored = msgspec.json.decode(b'{"subject": "Hi", "body": "<a href=https://x.test/>"}', type=EmailContent)
    assert not stored.tracked
    assert b"/e/" not in made(replace(stored, sender="a@b.test")).content
