# SPDX-License-Identifier: Apache-2.0
"""The bytes of an e-mail, read back by the standard library's parser."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import idna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarion.domain.broadcasts import EmailContent
from clarion.domain.errors import RenderError
from clarion.rendering.addresses import split_list
from clarion.rendering.context import Links
from clarion.rendering.email import Campaign, RenderedEmail, compile_email
from clarion.rendering.mime import MimeMessage, build
from clarion.rendering.runtime import Fallback
from clarion.rendering.special import Person, SpecialEmail

EMAIL = RenderedEmail(
    subject="Hello",
    preheader="",
    html="<p>Hi</p>",
    plain="Hi",
    sender="Shop <shop@example.com>",
    reply_to="",
    recipient="ann@example.org",
    cc=(),
    bcc=(),
    headers=(),
)
PERSONAL = SpecialEmail(
    compile_email(
        EmailContent(
            subject="{{ customer.subject | append: '' }}",
            body="<p>{{ customer.html }}!",
            plain="x{{ customer.plain }}",
            sender="{{ customer.code }} <shop@example.com>",
            cc="{{ customer.code }}",
            headers=(("X-Custom", "{{ customer.value }}"),),
        ),
        snippets={},
        campaign=Campaign(7, "S"),
        message_id=3,
        message_name="M",
        send_to_unsubscribed=False,
    ),
    {},
    lambda delivery_id: Links(*[f"https://c.test/u/{delivery_id}"] * 4),
)
DATE = "Mon, 01 Jan 2024 00:00:00 +0000"
OURS = {
    "From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post",
    "MIME-Version",    "Content-Type",
}  # fmt: skip


def built(email: RenderedEmail) -> MimeMessage:
    return build(email, message_id="<d1@clarion.test>", date=DATE, unsubscribe_url="https://c.test/u/1")


def parsed(email: RenderedEmail) -> EmailMessage:
    return message_from_bytes(built(email).content, policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    assert not found.defects
    return str(found.get_content()).replace("\r\n", "\n")


def test_a_whole_message() -> None:
    message = parsed(
        replace(
            EMAIL,
            reply_to="help@example.com",
            cc=("b@example.com", "C <c@example.com>"),
            bcc=("d@example.com",),
        )
    )
    assert message["Date"].datetime.year == 2024
    assert message["Message-ID"] == "<d1@clarion.test>"
    assert message["List-Unsubscribe"] == "<https://c.test/u/1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Reply-To"] == "help@example.com"
    assert message["Cc"] == "b@example.com, C <c@example.com>"
    assert message["Bcc"] is None
    assert message.get_content_type() == "multipart/alternative"
    assert [each.get_content_type() for each in message.iter_parts()] == ["text/plain", "text/html"]
    assert part(message, "plain") == "Hi\n"
    assert part(message, "html") == "<p>Hi</p>\n"


def test_the_envelope() -> None:
    message = built(replace(EMAIL, cc=("B <b@example.com>",), bcc=("c@bücher.example",)))
    assert (message.sender, message.recipient) == ("shop@example.com", "ann@example.org")
    assert message.copies == ("b@example.com", "c@xn--bcher-kva.example")
    assert not message.needs_smtputf8


def test_one_text_is_one_part() -> None:
    assert parsed(replace(EMAIL, html="")).get_content_type() == "text/plain"
    assert parsed(replace(EMAIL, plain="")).get_content_type() == "text/html"


def test_amp_stands_between_text_and_html() -> None:
    made = build(replace(EMAIL, amp="<html amp4email>\n.dot ü"), message_id="<1@x>", date=DATE, unsubscribe_url=None)
    parsed = message_from_bytes(made.content, policy=policy.default)
    parts = [(part.get_content_type(), part.get_content().strip()) for part in parsed.iter_parts()]
    assert parts == [
        ("text/plain", "Hi"),
        ("text/x-amp-html", "<html amp4email>\r\n.dot ü"),
        ("text/html", "<p>Hi</p>"),
    ]
    assert not re.search(rb"(?m)^\.", made.content)


def test_no_unsubscribe_link_when_there_is_none_or_the_author_wrote_one() -> None:
    content = build(EMAIL, message_id="<a@b>", date=DATE, unsubscribe_url=None).content
    assert b"List-Unsubscribe" not in content
    own = parsed(replace(EMAIL, headers=(("List-Unsubscribe", "<https://own.test>"),)))
    assert own.get_all("List-Unsubscribe") == ["<https://own.test>"]
    assert own["List-Unsubscribe-Post"] is None


def test_a_local_part_outside_ascii_needs_smtputf8() -> None:
    message = built(replace(EMAIL, recipient="Jörg <jörg@bücher.example>"))
    assert message.needs_smtputf8
    assert message.recipient == "jörg@xn--bcher-kva.example"
    assert "<jörg@xn--bcher-kva.example>".encode() in message.content


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("a@example.com", ""),
        ("<a@example.com>", ""),
        ("Shop <a@example.com>", "Shop"),
        ('"Shop, Inc." <a@example.com>', "Shop, Inc."),
        ("Shop, Inc. <a@example.com>", "Shop, Inc."),
        ('"Say \\"hi\\"" <a@example.com>', 'Say "hi"'),
        ("Bücher & Söhne <a@example.com>", "Bücher & Söhne"),
        ("=?utf-8?q?x?= <a@example.com>", "=?utf-8?q?x?="),
        ("a@b <a@example.com>", "a@b"),
    ],
)
def test_display_names(sender: str, name: str) -> None:
    address = parsed(replace(EMAIL, sender=sender))["From"].addresses[0]
    assert (address.display_name, address.addr_spec) == (name, "a@example.com")


@pytest.mark.parametrize(
    "address",
    [
        "nobody", "a@", "@b.example", "a b@c.example", "a@b..example", "a@-b.example", "a@b_c.example",
        "a@b.example, c@d.example", "a@b.example\nBcc: x@y.example", "<a@b.example", "a..b@c.example",
        "x" * 65 + "@b.example", "a@" + "b." * 130 + "example", "a@b.example>", "a,b@c.example",
        "ü@\ud800.example", "an\u200bn@b.example", "ann@b\u200b.example", "\u202eann@b.example", "a\u00adb@c.example",
        "\ufeffann@b.example", "ann@b\u2066c.example", "a\u3000b@c.example", '"a\u2028b"@c.example',
        "a\u0085b@c.example", "Ann <a\u200db@c.example>",
    ],
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    for field in ("recipient", "sender", "reply_to"):
        with pytest.raises(RenderError, match="is not an e-mail address") as caught:
            built(replace(EMAIL, **{field: address}))  # type: ignore[arg-type]
        assert caught.value.part == ("from" if field == "sender" else field)


def test_blank_addresses() -> None:
    with pytest.raises(RenderError, match="recipient can not be blank"):
        built(replace(EMAIL, recipient=" "))
    with pytest.raises(RenderError, match="from can not be blank"):
        built(replace(EMAIL, sender=""))


ANY_TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from(" \r\n\t.=?_-<>\"',:;ü€😀"),
    ),
    max_size=300,
)
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def one_line(text: str) -> str:
    return CONTROLS.sub(" ", text).strip()


def normal(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")


def assert_well_formed(content: bytes) -> None:
    assert content.endswith(b"\r\n")
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", content) is None
    head, _, body = content.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76


@settings(max_examples=300)
@given(subject=ANY_TEXT, value=ANY_TEXT, html=ANY_TEXT, plain=ANY_TEXT)
def test_what_goes_in_comes_out(subject: str, value: str, html: str, plain: str) -> None:
    email = replace(EMAIL, subject=subject, html=f"<p>{html}", plain=f"x{plain}", headers=(("X-Custom", value),))
    assert_well_formed(built(email).content)
    message = parsed(email)
    assert not message.defects
    assert str(message["Subject"]) == one_line(subject)
    assert str(message["X-Custom"] or "") == one_line(value)
    assert set(message.keys()) == OURS | ({"X-Custom"} if one_line(value) else set())
    assert normal(part(message, "html")) == normal(email.html)
    assert normal(part(message, "plain")) == normal(email.plain)


@settings(max_examples=300)
@given(name=ANY_TEXT.map(lambda text: re.sub(r'[<>"\\\x1c-\x1f]', "", text)[:60]))
def test_any_display_name_survives(name: str) -> None:
    email = replace(EMAIL, sender=f"{name} <shop@example.com>")
    assert_well_formed(built(email).content)
    message = parsed(email)
    address = message["From"].addresses[0]
    assert address.addr_spec == "shop@example.com"
    # Python 3.11 shows the white space between two encoded words, which RFC 2047 §6.2 says to ignore.
    assert "".join(address.display_name.split()) == "".join(one_line(name).split())
    assert set(message.keys()) == OURS


@given(text=st.text(st.sampled_from('ab\r\n :,<>@."\\ü'), max_size=40))
def test_no_address_field_injects_a_header(text: str) -> None:
    for email in (replace(EMAIL, recipient=text), replace(EMAIL, cc=(text,)), replace(EMAIL, reply_to=text)):
        try:
            message = built(email)
        except RenderError:
            continue
        head = message.content.partition(b"\r\n\r\n")[0]
        names = {line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")}
        assert names <= OURS | {"Cc", "Reply-To"}


LOCAL = st.text(st.sampled_from("abz09+-_üñßд漢😀"), min_size=1, max_size=4)
LABEL = st.text(st.sampled_from("abcz09üéßдя漢字"), min_size=1, max_size=12).filter(lambda text: not text.isdecimal())


@settings(max_examples=300)
@given(locals_=st.lists(LOCAL, min_size=1, max_size=3), labels=st.lists(LABEL, min_size=1, max_size=3))
def test_addresses_in_any_script_reach_the_envelope(locals_: list[str], labels: list[str]) -> None:
    local, domain = ".".join(locals_), ".".join([*labels, "example"])
    try:
        host = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:  # scripts that may not stand in one label
        with pytest.raises(RenderError):
            built(replace(EMAIL, recipient=f"{local}@{domain}"))
        return
    for recipient in (f"{local}@{domain}", f"Ann <{local}@{domain}>", f"Änne <{local}@{domain}>"):
        message = built(replace(EMAIL, recipient=recipient, cc=(recipient,)))
        assert_well_formed(message.content)
        assert message.recipient == f"{local}@{host}"
        assert message.copies == (message.recipient,)
        assert message.needs_smtputf8 is not local.isascii()
        head = message.content.partition(b"\r\n\r\n")[0].decode().replace("\r\n ", " ")
        to = next(line for line in head.split("\r\n") if line.startswith("To: "))
        assert to.removesuffix(">").endswith(message.recipient)
        assert head.isascii() is local.isascii()


@settings(max_examples=200)
@given(values=st.tuples(*[ANY_TEXT] * 4), code=st.text(st.sampled_from('ab\r\n :,;@<>"ü'), max_size=30))
def test_compiled_mails_read_back_as_what_the_person_is(values: tuple[str, str, str, str], code: str) -> None:
    subject, value, html, plain = values
    attributes = {"subject": subject, "value": value, "html": html, "plain": plain, "code": code}
    wanted = replace(EMAIL, sender=f"{code} <shop@example.com>", cc=tuple(split_list(code)))
    try:
        refused = not built(wanted)
    except RenderError:
        refused = True
    for _ in range(2):  # the second time from what was remembered
        try:
            made, shown = PERSONAL.message(Person({"email": "ann@example.org", **attributes}, {}, "d1"), date=DATE)
        except (Fallback, RenderError):  # the interpreter decides
            assert refused or "\r" in html + plain or not one_line(subject)
            return
        assert not refused
        assert_well_formed(made.content)
        message = message_from_bytes(made.content, policy=policy.default)
        assert str(message["Subject"]) == shown == one_line(subject)
        assert str(message["X-Custom"] or "") == one_line(value)
        own = {"X-Custom"} if one_line(value) else set()
        assert set(message.keys()) == OURS | own | ({"Cc"} if wanted.cc else set())
        assert message["From"].addresses[-1].addr_spec == "shop@example.com"
        assert (made.recipient, made.copies) == ("ann@example.org", built(wanted).copies)
        assert normal(part(message, "html")) == normal(f"<p>{html}!")
        assert normal(part(message, "plain")) == normal(f"x{plain}")


def test_lone_surrogates_do_no_harm() -> None:
    message = parsed(replace(EMAIL, subject="a\ud800", html="b\ud800"))
    assert message["Subject"] == "a?"
    assert part(message, "html") == "b?\n"
