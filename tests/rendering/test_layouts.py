# SPDX-License-Identifier: Apache-2.0
"""Layouts: a body within its frame, rendered as one, with faults where their author finds them."""

from dataclasses import replace

import pytest

from clarion.domain.broadcasts import EmailContent, Layout
from clarion.domain.errors import RenderError
from clarion.rendering.email import Campaign, CompiledEmail, Links, Recipient, check_email, compile_email, variables
from clarion.rendering.layouts import located, problem_of
from clarion.rendering.special import Person, SpecialEmail

LINKS = Links("https://c.test/u", "https://c.test/p", "https://c.test/c", "https://c.test/v")
FRAME = Layout(2, "Frame", "<html>\n<b>{{ layout.name }}</b>\n<i>{{ content }}</i> {{ customer.city }}\n</html>")
CONTENT = EmailContent(subject="Hi", body="<p>\n{{ customer.name }}</p>", sender="S <s@x.test>", layout=FRAME)
DATE = "Mon, 01 Jan 2024 00:00:00 +0000"


def compiled(content: EmailContent) -> CompiledEmail:
    return compile_email(
        content, snippets={}, campaign=Campaign(7, "S"), message_id=3, message_name="M", send_to_unsubscribed=False
    )


def html(content: EmailContent, **customer: object) -> str:
    person = Recipient({"email": "a@x.test", **customer}, {}, "d1", LINKS)
    return compiled(content).render(person).html


def test_the_body_is_put_into_its_layout() -> None:
    whole = "<html>\n<b>Frame</b>\n<i><p>\nAnn</p></i> Oslo\n</html>"
    assert html(CONTENT, name="Ann", city="Oslo") == whole
    made = SpecialEmail(compiled(CONTENT), {}, lambda _: LINKS)
    person = Person({"email": "a@x.test", "name": "Ann", "city": "Oslo"}, {}, "d1")
    rendered = made.rendered(person)
    assert rendered.html == whole
    assert "Frame" in rendered.plain
    assert "Oslo" in rendered.plain
    assert {"customer.name", "customer.city", "layout.name"} <= variables(CONTENT, snippets={})


def test_without_one_its_name_is_empty() -> None:
    assert html(replace(CONTENT, layout=None, body="[{{ layout.id }}{{ layout.name }}]")) == "[]"


@pytest.mark.parametrize(
    ("customer", "part", "line", "column"),
    [({"city": "x"}, "body", 2, 4), ({"name": "x"}, "layout", 3, 25)],
)
def test_a_fault_is_told_where_it_stands(customer: dict[str, object], part: str, line: int, column: int) -> None:
    with pytest.raises(RenderError) as caught:
        html(CONTENT, **customer)
    assert (caught.value.part, caught.value.line, caught.value.column) == (part, line, column)
    text = CONTENT.body if part == "body" else FRAME.html
    assert text.split("\n")[line - 1][column - 1 :].startswith("customer.")


def test_faults_of_the_syntax_too() -> None:
    wrong = replace(CONTENT, layout=replace(FRAME, html="{{ x | nothing }}\n{{ content }}"), body="{{ y | nobody }}")
    found = [(one.part, one.line, one.column) for one in check_email(wrong, snippets={})]
    assert found == [("layout", 1, 8), ("body", 1, 8)]


def test_what_has_no_place_stays_as_it_is() -> None:
    error = RenderError("body can not be blank", part="body")
    assert located(CONTENT, error) is error
    other = RenderError("x", part="subject", line=1, column=1)
    assert located(CONTENT, other) is other


def test_a_layout_says_once_where_the_body_goes() -> None:
    assert problem_of("<p>{{content}}</p>") is None
    assert problem_of("{{- content -}}") is None
    assert "no {{ content }}" in (problem_of("<p></p>") or "")
    assert "more than once" in (problem_of("{{ content }}{{ content }}") or "")
