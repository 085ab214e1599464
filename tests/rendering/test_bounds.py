# SPDX-License-Identifier: Apache-2.0
"""The bounds of templates hold for the interpreter and for compiled code, and soon."""

import time
from typing import Any

import pytest

from clarion.domain.broadcasts import EmailContent
from clarion.domain.errors import RenderError
from clarion.domain.people import template_view
from clarion.rendering.context import Links
from clarion.rendering.email import Campaign, CompiledEmail, Recipient, compile_email
from clarion.rendering.special import Person, SpecialEmail

LINKS = Links("https://c.test/u/d1", "https://c.test/p/d1", "https://c.test/c/d1", "https://c.test/v/d1")
DATE = "Mon, 01 Jan 2024 00:00:00 +0000"
SECONDS = 3.0  # of CPU time; most take a hundredth of it
SNIPPETS = {
    "line": "{{ customer.long }}",
    "name": "{{ customer.many }}",
    "one": "{% for i in customer.deep %}{{ snippets.two }}{% endfor %}",
    "two": "{% if customer.many != 'x' %}{{ snippets.one }}{% endif %}",
}
SMALL: dict[str, Any] = {"l": ["a"], "long": "y", "many": "2", "wide": ["a", "b"], "deep": [], "zeros": "1"}
LARGE: dict[str, Any] = {
    "l": ["x"] * 150,
    "long": "y" * 100_000,
    "many": "1000000000",
    "wide": ["x"] * 19_999,
    "deep": ["x"],
    "zeros": "9" * 400,
}
# By bound: a template that keeps it for SMALL and breaks it for LARGE.
CASES = {
    "rounds of a loop": "{% for i in (1..customer.many) %}x{% endfor %}",
    "rounds of loops in loops": ("{% for a in customer.l %}{% for b in customer.l %}{{ a }}{% endfor %}{% endfor %}"),
    "rounds that write nothing": "{% for a in customer.l %}{% for b in customer.l %}{% endfor %}{% endfor %}",
    "rounds in a capture": (
        "{% capture c %}{% for a in customer.l %}{% for b in customer.l %}x{% endfor %}{% endfor %}{% endcapture %}"
        "{{ c }}"
    ),
    "output": "{% for a in customer.l %}{{ customer.long }}{% endfor %}",
    "output of captures": (
        "{% for a in customer.l %}{% capture c %}{{ customer.long }}{% endcapture %}{% endfor %}{{ c | size }}"
    ),
    "output of snippets": "{% for a in customer.l %}{{ snippets.line }}{% endfor %}",
    "snippets inside each other": "{{ snippets.one }}",
    "number of snippets": "{% for a in customer.wide %}{{ snippets.name }}{% endfor %}",
    "length of a text": "{% assign a = customer.long %}" + "{% assign a = a | append: a %}" * 4 + "{{ a | size }}",
    "length by replacing": "{{ customer.long | replace: 'y', customer.long | size }}",
    "length by joining": "{{ customer.wide | join: customer.long | size }}",
    "a range": "{{ (1..customer.many) | join: ',' }}",
    "a range as a list": "{% assign r = (1..customer.many) | reverse %}{{ r | first }}",
    "variables": "".join(
        f"{{% assign v{n} = customer.long | append: '{n}' | append: customer.long %}}" for n in range(12)
    )
    + "".join(f"{{% assign w{n} = v{n} | append: v{n} %}}" for n in range(4))
    + "{{ w0 | size }}",
    "size of a number": "{{ customer.zeros | times: customer.zeros | times: 1e300 | times: 1e300 }}",
}


def compiled(body: str) -> CompiledEmail:
    content = EmailContent(subject="Hi", body=f"<p>{body}</p>", plain="x", sender="Shop <shop@example.com>")
    return compile_email(
        content,
        snippets=SNIPPETS,
        campaign=Campaign(7, "S"),
        message_id=3,
        message_name="M",
        send_to_unsubscribed=False,
    )


def interpreted(email: CompiledEmail, attributes: dict[str, Any]) -> str:
    return email.render(Recipient(template_view(1, "p1", "ann@example.org", attributes), {}, "d1", LINKS)).html


def special(email: CompiledEmail) -> SpecialEmail:
    return SpecialEmail(email, {}, lambda _: LINKS)


def person(attributes: dict[str, Any]) -> Person:
    return Person({**attributes, "id": "p1", "email": "ann@example.org", "cio_id": "1"}, {}, "d1")


@pytest.mark.parametrize("name", CASES)
def test_the_interpreter_refuses_in_time(name: str) -> None:
    email = compiled(CASES[name])
    assert interpreted(email, SMALL)
    began = time.process_time()
    with pytest.raises(RenderError):
        interpreted(email, LARGE)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("name", CASES)
def test_compiled_code_gives_up_in_time(name: str) -> None:
    email = compiled(CASES[name])
    mail = special(email)
    assert mail.rendered(person(SMALL)).html == interpreted(email, SMALL)
    for make in (lambda: mail.rendered(person(LARGE)), lambda: mail.message(person(LARGE), date=DATE)):
        began = time.process_time()
        with pytest.raises(Exception):  # noqa: B017 any means: the interpreter decides
            make()
        assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("depth", [5, 25, 45])
def test_what_is_too_deep_for_compiled_code_is_left_to_the_interpreter(depth: int) -> None:
    """Python takes 20 blocks inside each other."""
    for begin, end in (("{% if customer.many == '2' %}", "{% endif %}"), ("{% for a in customer.l %}", "{% endfor %}")):
        email = compiled(begin * depth + "x" + end * depth)
        wanted = interpreted(email, SMALL)
        try:
            made = special(email).rendered(person(SMALL)).html
        except Exception:  # noqa: BLE001 any means: the interpreter decides
            assert depth > 10
            continue
        assert made == wanted


def test_blocks_and_expressions_too_deep_are_refused_before_anybody_is_sent_anything() -> None:
    began = time.process_time()
    for body in (
        "{% if customer.many %}" * 60 + "{% endif %}" * 60,
        "{{ " + "customer[" * 3_000 + "'a'" + "]" * 3_000 + " }}",
        "{% if " + "customer.many and " * 5_000 + "true %}x{% endif %}",
    ):
        with pytest.raises(RenderError):
            compiled(body)
    assert time.process_time() - began < SECONDS
