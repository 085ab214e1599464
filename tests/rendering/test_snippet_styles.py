# SPDX-License-Identifier: Apache-2.0
"""Style sheets of a message that move into its snippets, where nothing else depends on what these say."""

import random
from dataclasses import replace
from typing import Any

import pytest

from clarion.domain.broadcasts import EmailContent
from clarion.domain.errors import RenderError
from clarion.rendering.email import Campaign, CompiledEmail, Links, Recipient, compile_email
from clarion.rendering.inlining import inlined
from clarion.rendering.snippet_styles import styled_snippets
from clarion.rendering.special import Person, SpecialEmail

LINKS = Links("https://c.test/u", "https://c.test/p", "https://c.test/c", "https://c.test/v")
SHEET = "<style>p {color: red} .a {margin: 0} .card p {color: blue} a:hover {top: 0}</style>"


def mail(body: str, sheet: str = SHEET) -> EmailContent:
    return EmailContent(subject="Hi", sender="S <s@x.test>", body=sheet + body, inline_css=True)


def moved(body: str, snippet: str, sheet: str = SHEET) -> str:
    """The snippet ``x`` as it is in a message with this body; "" where it stays."""
    found = styled_snippets(mail(body, sheet), {"x": snippet, "y": "{{ snippets.x }}"})
    return found["x"].text if "x" in found else ""


@pytest.mark.parametrize(
    ("snippet", "made"),
    [
        ("<p>{{ customer.id }}</p>", '<p style="color: red">{{ customer.id }}</p>'),
        ("<p style='b:c'>x", "<p style='color: red; b:c'>x"),
        ("<a class=a>x</a>", '<a style="margin: 0" class=a>x</a>'),
        ("<tr><td class=a>x</td></tr>", '<tr><td style="margin: 0" class=a>x</td></tr>'),
    ],
)
@pytest.mark.parametrize(
    "body", ["{{ snippets.x }}", "{{- snippets['x'] -}}{{ snippets.x }}", "<b>{{ snippets.y }}</b>"]
)
def test_rules_move_into_a_snippet_that_the_body_prints(body: str, snippet: str, made: str) -> None:
    assert moved(body, snippet) == made


def test_where_liquid_decides_which_rules_hold_the_style_sheets_alone_do() -> None:
    made = moved("{{ snippets.x }}", "<i class='{{ x }}'><p>x</p></i><p>y", "<style>p {color: red} .a {b: c}</style>")
    assert made == "<i class='{{ x }}'><p>x</p></i><p style=\"color: red\">y"


def test_liquid_in_the_value_of_a_property_moves_along() -> None:
    sheet = "<style>p {color: {{ trigger.color }}}</style>"
    assert moved("{{ snippets.x }}", "<p>x", sheet) == '<p style="color: {{ trigger.color | escape }}">x'


@pytest.mark.parametrize(
    ("body", "snippet"),
    [
        ("<div class=card>{{ snippets.x }}</div>", "<p>x</p>"),  # another rule may hold where it stands
        ("<div class='{{ x }}'>{{ snippets.x }}</div>", "<p>x</p>"),
        ("{{ snippets.x }}", "<div class=card><p>x</p></div>"),
        ("<style>.card .sm\\:p {b: c}</style>{{ snippets.x }}", "<p class='sm:p'>x</p>"),
        ("{{ snippets.x | strip_html }}{{ snippets.x }}", "<p>x</p>"),
        ("{% assign z = snippets.x %}{{ snippets.x }}", "<p>x</p>"),
        ("{% capture z %}{{ snippets.x }}{% endcapture %}{{ z | size }}", "<p>x</p>"),
        ("{% if snippets.x == '<p>x</p>' %}{{ snippets.x }}{% endif %}", "<p>x</p>"),
        ("{{ snippets[trigger.name] | size }}{{ snippets.x }}", "<p>x</p>"),
        ('<b title="{{ snippets.x }}"></b>{{ snippets.x }}', "<p>x</p>"),
        ("{{ snippets.x }}", "<style>p {b: c}</style><p>x</p>"),
        ("{{ snippets.x }}", "{% if a %}<p>{% endif %}"),
        ("{{ snippets.x }}", "\ue000<p>x</p>"),
        ("{{ snippets.x }}", "no element"),
        ("nothing", "<p>x</p>"),
    ],
)
def test_what_might_look_different_stays(body: str, snippet: str) -> None:
    assert moved(body, snippet) == ""


@pytest.mark.parametrize("part", ["subject", "preheader", "amp", "plain"])
def test_what_is_printed_elsewhere_too_stays(part: str) -> None:
    changed: dict[str, Any] = {part: "{{ snippets.x }}"}
    assert styled_snippets(replace(mail("{{ snippets.x }}"), **changed), {"x": "<p>x</p>"}) == {}


def test_without_inlining_or_where_the_body_stays_so_do_snippets() -> None:
    assert moved("{% if a %}<div>{% endif %}{{ snippets.x }}", "<p>x</p>") == ""
    off = EmailContent(body=SHEET + "{{ snippets.x }}")
    assert styled_snippets(off, {"x": "<p>x</p>"}) == {}


_RULES = """p{a:1}|.a{b:2}|div p{c:3}|.card>p{d:4}|b + p{e:5}|p:first-child{f:6}|#m .a{g:7}|a[href]{h:8}|td.a{i:9}
:not(p).a{j:1}|div:not(.card p) b{k:2}|.gone p{l:3}|b:hover{m:4}|*{n:5}|.card *{o:6}
p ~ .a, b{q:7}|body p{r:8}|tr .a{s:9}|html:root b{t:1}""".replace("\n", "|").split("|")
_AROUND = """<div class=card>|</div>|<section id=m>|</section>|<table><tr><td class=a>|</table>|<p>|</p>|<b>
x""".replace("\n", "|").split("|")
_INSIDE = """<p>|<p class=a>|</p>|<b class=a>|</b>|<div class=card>|</div>|<a href=x>|</a>|<i class='a card'>|</i>|x
<img>""".replace("\n", "|").split("|")


def test_whatever_is_around_it_what_moves_is_what_would_have_moved_in_its_place() -> None:
    chance, compared = random.Random(11), 0
    for _ in range(2_000):
        before, after = ("".join(chance.choices(_AROUND, k=chance.randint(0, 6))) for _ in range(2))
        snippet = "".join(chance.choices(_INSIDE, k=chance.randint(1, 8)))
        sheet = f"<style>{''.join(chance.sample(_RULES, k=chance.randint(1, 4)))}</style>"
        found = styled_snippets(mail(f"{before}{{{{ snippets.x }}}}{after}", sheet), {"x": snippet})
        if not found:
            continue
        whole, begin = inlined.__wrapped__(f"{sheet}{before}{snippet}{after}"), len(sheet + before)
        there = {at - begin: text for at, text in whole.made.insertions}
        for at, text in found["x"].insertions:
            compared += 1
            assert there.get(at) == text, (sheet, before, snippet, after)
    assert compared > 300


def compiled(body: str, snippets: dict[str, str]) -> CompiledEmail:
    return compile_email(
        mail(body), snippets=snippets, campaign=Campaign(7, "S"), message_id=3, message_name="M",
        send_to_unsubscribed=False,
    )  # fmt: skip


def test_the_mail_has_them_however_it_is_made_and_its_text_does_not() -> None:
    made = compiled("{{ snippets.x }}", {"x": "<p>Bye {{ customer.name }}</p>"})
    customer = {"email": "a@x.test", "name": "Ann"}
    slow = made.render(Recipient(customer, {}, "d1", LINKS))
    quick = SpecialEmail(made, {}, lambda _: LINKS).rendered(Person(dict(customer), {}, "d1"))
    assert slow.html == quick.html
    assert '<p style="color: red">Bye Ann</p>' in slow.html
    assert slow.plain.strip() == quick.plain.strip() == "Bye Ann"


def test_a_fault_in_it_is_told_where_it_was_written() -> None:
    made = compiled("{{ snippets.x }}", {"x": "<p>Bye</p>\n<p>{{ customer.nam }}</p>"})
    with pytest.raises(RenderError, match="nam") as caught:
        made.render(Recipient({"email": "a@x.test"}, {}, "d1", LINKS))
    assert (caught.value.part, caught.value.line, caught.value.column) == ("snippets.x", 2, 7)
