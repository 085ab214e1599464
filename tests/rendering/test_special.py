# SPDX-License-Identifier: Apache-2.0
"""E-mails compiled for a trigger: what is folded, when they give up, and quoted-printable in pieces."""

import quopri
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.broadcasts import EmailContent
from clarion.domain.people import attribute_text
from clarion.rendering import mime
from clarion.rendering.binding import Dynamic, StaticScope, Unsupported
from clarion.rendering.code import Constants, Fixed, Hole, Ops, merged
from clarion.rendering.compiler import Compiler
from clarion.rendering.context import Links
from clarion.rendering.email import Campaign, RenderedEmail, compile_email
from clarion.rendering.environment import compile_template
from clarion.rendering.preheader import placed
from clarion.rendering.quoted import ending, fixed, hole
from clarion.rendering.remembered import Remembered
from clarion.rendering.runtime import Fallback
from clarion.rendering.special import Person, SpecialEmail

CONTENT = EmailContent(subject="Hi", body="<p>x</p>", sender="Shop <shop@example.com>")
DATE = "Mon, 01 Jan 2024 00:00:00 +0000"


def links(delivery_id: str) -> Links:
    return Links(*[f"https://c.test/{word}/{delivery_id}" for word in ("u", "p", "c", "v")])


def special(content: EmailContent, data: dict[str, Any] | None = None) -> SpecialEmail:
    compiled = compile_email(
        content, snippets={}, campaign=Campaign(7, "S"), message_id=3, message_name="M", send_to_unsubscribed=False
    )
    return SpecialEmail(compiled, data or {}, links)


def person(own: dict[str, object] | None = None, **attributes: object) -> Person:
    return Person({"email": "ann@example.org", **attributes}, own or {}, "d1")


def compiled_ops(source: str, **names: object) -> Ops:
    template = compile_template(source, "body")
    scope = StaticScope(template, names={"customer": Dynamic("customer", attributes=True), **names}, part="body")
    return merged(Compiler(scope, Constants(), links).compile(template))


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ trigger.a | upcase }} {% for i in trigger.l %}{{ forloop.index }}{{ i }}{% endfor %}", "X 1y2z"),
        ("{% assign a = trigger.a %}{% if a == 'x' %}yes{% else %}{{ customer.name }}{% endif %}", "yes"),
        ("{% capture c %}{{ trigger.a }}{% endcapture %}{{ c }}{% cycle 'p', 'q' %}{% cycle 'p', 'q' %}", "xpq"),
        ("{% case trigger.a %}{% when 'x' %}1{% when customer.x %}2{% endcase %}".replace(" customer.x", " 'y'"), "1"),
    ],
)
def test_what_is_the_same_for_everybody_is_text(source: str, text: str) -> None:
    assert compiled_ops(source, trigger={"a": "x", "l": ["y", "z"]}) == [Fixed(text)]


def test_loops_over_known_lists_are_unrolled_around_what_is_personal() -> None:
    ops = compiled_ops("{% for i in trigger.l %}{{ i }}-{{ customer.name }}{% endfor %}", trigger={"l": [1, 2]})
    assert [op.text for op in ops if isinstance(op, Fixed)] == ["1-", "2-"]
    assert sum(isinstance(op, Hole) for op in ops) == 2


@pytest.mark.parametrize(
    "source",
    [
        "{{ trigger.gone }}",
        "{% if customer.x %}{% cycle 'a', 'b' %}{% endif %}",
        "{% for i in customer.l offset: continue %}{% endfor %}",
        "{{ customer.l | where_exp: 'i', 'i > 1' }}",
        "{% render_liquid customer.x %}",
    ],
)
def test_what_is_left_to_the_interpreter(source: str) -> None:
    with pytest.raises(Unsupported):
        compiled_ops(source, trigger={})


def test_a_name_assigned_for_some_is_not_there_for_others() -> None:
    content = replace(CONTENT, subject="{% if customer.vip %}{% assign a = 'yes' %}{% endif %}[{{ a }}]")
    mail = special(content)
    assert mail.message(person(vip="1"), date=DATE)[1] == "[yes]"
    assert mail.message(person(), date=DATE)[1] == "[]"


def test_the_moment_and_chance_are_not_frozen() -> None:
    for source in ("{{ 'now' | date: '%s' }}", "{{ 9 | random }}", "{% random 9 %}", "{% generate_uuid %}"):
        assert any(isinstance(op, Hole) for op in compiled_ops(source)), source
    twice = compiled_ops("{% generate_uuid %} {% generate_uuid %}")
    assert sum(isinstance(op, Hole) for op in twice) == 2
    content = replace(CONTENT, subject="{% generate_uuid %} {% generate_uuid %}")
    one, other = special(content).message(person(), date=DATE)[1].split()
    assert one != other


@pytest.mark.parametrize(
    "body",
    [
        "{{ customer.gone }}",  # an error for the interpreter to word
        "{% for a in customer.l %}{% for b in customer.l %}x{% endfor %}{% endfor %}",  # 40,000 rounds
        "{% for a in customer.l %}{{ customer.long }}{% endfor %}",  # much text
        "{% assign a = customer.long | append: customer.long | append: customer.long %}{{ a }}",
        "{{ (1..customer.many) | join: ',' }}",
        "{% for i in (1..customer.many) %}{% endfor %}",
    ],
)
def test_bounds_hold(body: str) -> None:
    mail = special(replace(CONTENT, body=f"<p>{body}</p>", plain="x"))
    large = person(l=["x"] * 200, long="y" * 200_000, many="1000000000")
    with pytest.raises(Exception):  # noqa: B017 any means: the interpreter decides
        mail.message(large, date=DATE)
    assert mail.message(person(gone="there", l=[], long="", many="2"), date=DATE)


def test_own_keys_are_personal_and_many_kinds_of_them_share_one_code() -> None:
    mail = special(replace(CONTENT, subject="{{ trigger.a }} {{ trigger.b }} {{ trigger.k15 }}"), {"a": 1, "k15": "s"})
    for number in range(20):
        own: dict[str, object] = {"b": number, f"k{number}": "own"}
        wanted = f"1 {number} {'own' if number == 15 else 's'}"
        assert mail.message(person(own), date=DATE)[1] == wanted
    assert len(mail._variants) == 9


def test_a_preheader_goes_behind_the_body_tag_wherever_that_is_certain() -> None:
    preheader = Fixed("!")
    assert placed([Fixed("<body a='>'>x")], preheader) == [Fixed("<body a='>'>"), preheader, Fixed("x")]
    before = Hole("x")
    assert placed([Fixed("<p>"), before, Fixed("<BODY>x")], preheader)[3] is preheader
    assert before.plain
    for torn in ("<", "<bo", "<body ", "<body class='"):
        with pytest.raises(Unsupported):
            placed([Fixed(torn), Hole("x"), Fixed(">")], preheader)


@pytest.mark.parametrize(
    "value", [".", "a=b", "ü", "x" * 200, " ", "a \n b", "\t", "=\n", ".\n.", "é" * 80, "\x00\x7f", "\n"]
)
def test_pieces_in_any_order_are_one_text(value: str) -> None:
    dice = Random(value)
    for _ in range(50):
        texts = [dice.choice((value, ".x", "plain ", "\n", "a.\n")) for _ in range(5)]
        written = [dice.choice((fixed, hole))(text) for text in texts]
        pieces = "".join([*written, *ending(written)])
        decoded = quopri.decodestring(pieces.encode()).decode().replace("\r\n", "\n")
        assert decoded.removesuffix("\n") == "".join(texts).removesuffix("\n")
        assert pieces.endswith("\r\n")
        for line in pieces.split("\r\n"):
            assert len(line) <= 76
            assert not line.startswith(".")


@given(value=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=90))
def test_any_value_is_a_piece_of_its_own(value: str) -> None:
    for text in (value, f".{value}", f"{value} ", f"{value}\t", f"{value}=é"):
        piece = hole(text)
        assert quopri.decodestring(f"{piece}|\r\n".encode("ascii")).decode() == text.replace("\n", "\r\n") + "|\r\n"
        lines = piece.split("\r\n")
        assert lines.pop() == ""
        assert all(len(line) <= 76 and line[:1] != "." and line.isprintable() | ("\t" in line) for line in lines)


def test_a_carriage_return_may_belong_to_the_next_piece() -> None:
    with pytest.raises(Unsupported):
        fixed("a\r")
    with pytest.raises(Fallback):
        hole("a\r")
    assert fixed("a\rb\r\nc\n") == "a\r\nb\r\nc\r\n"


def test_what_is_remembered_of_one_person_is_of_the_same_value_only() -> None:
    body = (
        "{{ customer.n | upcase }}|{{ customer.n | default: 'none' }}|{{ customer.n | date: '%Y' }}"
        "|{{ customer.n | append: trigger.x }}|{{ customer.n | append: customer.m | upcase }}"
    )
    mail = special(replace(CONTENT, subject="{{ customer.n | upcase }}", body=body, plain=body), {"x": "<&"})
    values: list[Any] = ["a", "b", "ü", "a", True, 1, "1", 1.0, 1.5, 0, False, "true", "=", ".", "x" * 300, 10**30]
    for value in [*values, *values]:
        text = attribute_text(value) or ""
        shown = "1970" if text in {"0", "1", "1.5"} else text
        wanted = "|".join((text.upper(), text, shown, f"{text}<&", f"{text}{value}".upper()))
        texts = mail.rendered(person(n=value, m=str(value)))
        assert (texts.subject, texts.html, texts.plain) == (text.upper(), wanted, wanted)
        made, subject = mail.message(person(n=value, m=str(value)), date=DATE)
        found = message_from_bytes(made.content, policy=policy.default)
        assert isinstance(found, Parsed)
        assert (subject, str(found["Subject"])) == (text.upper(), text.upper())
        for part in found.iter_parts():
            assert str(part.get_content()).rstrip("\r\n") == wanted


def test_what_is_remembered_is_bounded_and_never_the_moment() -> None:
    remembered = Remembered(str.upper)
    texts = [f"t{number}" for number in range(2_000)] + ["now", " today ", "x" * 10_000]
    assert [remembered[text] for text in texts] == [text.upper() for text in texts]
    assert 100 < len(remembered) < 1_000
    remembered = Remembered(str.upper)
    assert [remembered[text] for text in texts[-3:]] == [text.upper() for text in texts[-3:]]
    assert not remembered


@pytest.mark.parametrize(
    ("output", "lasts"),
    [
        ("customer.x | upcase", True),
        ("customer.x | date: '%Y' | upcase", True),
        ("customer.x | add_day: 1 | timezone: 'UTC' | date: '%s'", True),
        ("customer.x | append: 'w' | date: '%s'", False),  # "no" makes it the moment
        ("customer.x | date: 'no%P' | date: '%s'", False),
        ("customer.x | random", False),
        ("customer.x | append: customer.y", False),
    ],
)
def test_what_one_attribute_decides_for_good(output: str, lasts: bool) -> None:
    found = compiled_ops(f"{{{{ {output} }}}}")
    assert [isinstance(op, Hole) and op.of for op in found] == ["x" if lasts else ""]


def test_fields_are_what_the_headers_say() -> None:
    email = RenderedEmail(
        subject="Hé", preheader="", html="<p>x", plain="x", sender="Bücher <shop@example.com>", reply_to="",
        recipient="ann@example.org", cc=("C <c@example.com>",), bcc=("d@example.com",),
        headers=(("X-A", "b\n"), ("X-B", "")),
    )  # fmt: skip
    fields, envelope = mime.fields(email, message_id="<d1@example.com>", unsubscribe_url="https://c.test/u/d1")
    assert (fields.subject, fields.sender, fields.cc) == ("Hé", "Bücher <shop@example.com>", ("C <c@example.com>",))
    assert fields.headers == (
        ("Message-ID", "<d1@example.com>"),
        ("List-Unsubscribe", "<https://c.test/u/d1>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("X-A", "b"),
    )
    assert (envelope.sender, envelope.recipient) == ("shop@example.com", "ann@example.org")
    assert envelope.copies == ("c@example.com", "d@example.com")
    assert envelope.content == b""
