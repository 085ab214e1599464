# SPDX-License-Identifier: Apache-2.0
"""Style sheets that move into the elements they are for, with Liquid left as it is."""

import random
from dataclasses import replace

import pytest

from clarion.domain.broadcasts import EmailContent, Layout
from clarion.domain.errors import RenderError
from clarion.rendering.email import Campaign, CompiledEmail, Links, Recipient, compile_email
from clarion.rendering.environment import inspect
from clarion.rendering.inlining import inlined
from clarion.rendering.special import Person, SpecialEmail

LINKS = Links("https://c.test/u", "https://c.test/p", "https://c.test/c", "https://c.test/v")
SHEET = "<style>p {color: red} .a {margin: 0} @media (max-width: 9px) {p {color: blue !important}}</style>"


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("<p>x</p>", '<p style="color: red">x</p>'),
        ("<p class=a>x", '<p style="color: red;margin: 0" class=a>x'),
        ("<p style='b: \"c\"'>x</p>", "<p style='color: red; b: \"c\"'>x</p>"),
        ("<p style=b:c title=>x</p>", '<p style="color: red; b:c" title=>x</p>'),
        (
            "<!--[if mso]><p><![endif]--><i class='a'/>",
            "<!--[if mso]><p><![endif]--><i style=\"margin: 0\" class='a'/>",
        ),
        # A table would throw out what stands between its cells, if the template were parsed and written anew.
        (
            "<table>{% for i in t %}<td class=a>{{ i | append: '>' }}</td>{% endfor %}</table>",
            "<table>{% for i in t %}<td style=\"margin: 0\" class=a>{{ i | append: '>' }}</td>{% endfor %}</table>",
        ),
        (
            '<p title="{% if a > 1 %}b{% endif %}">x</p>',
            '<p style="color: red" title="{% if a > 1 %}b{% endif %}">x</p>',
        ),
        ('<p style="{{ own }}">x</p>', '<p style="color: red; {{ own }}">x</p>'),
    ],
)
def test_rules_move_and_all_else_stays(template: str, made: str) -> None:
    found = inlined(SHEET + template)
    assert found.html == SHEET + made
    assert (found.kept, found.apart) == (None, 0)


def test_liquid_in_the_value_of_a_property_moves_along_and_does_not_end_the_attribute() -> None:
    found = inlined("""<style>p {font: {{ trigger.font | default: '"A" b' }}}</style><p>x</p>""")
    assert """<p style="font: {{ trigger.font | default: '"A" b' | escape }}">x</p>""" in found.html


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("<style>{% if a %}p{b:c}{% endif %}</style><p>", "more than the value of a property"),
        ("<style>p{ {{ trigger.css }} }</style><p>", "more than the value of a property"),
        ("<style>{{ snippets.css }} p{b:c}</style><p>", "more than the value of a property"),
        ("{% if a %}<style>p{b:c}</style>{% endif %}<p>", "inside of a Liquid block"),
        ("<style>p{b:{{ x }}}</style>{% assign x = 1 %}<p>", "a variable that the message assigns"),
        ("<style>p{b:c}</style>{% if a %}<div>{% else %}<p>{% endif %}</div>", "close in each branch"),
        ("<style>p{b:c}</style><div>{% if a %}</div>{% endif %}", "close in each branch"),
        ("<style>p:first-child{b:c}</style>{% if a %}<i>x</i>{% endif %}<p>", "the place of an element"),
        ("<style>i + p{b:c}</style>{{ snippets.x }}<p>", "the place of an element"),
        ("<style>p{b:c}</style><h{{ n }}>x", "the name of a tag"),
        ("<style>p{b:c}</style><p>\ue000", "U+E000"),
        (f"<style>p{{b:{'c' * 20_000}}}</style>{'<p>' * 10_000}", "too large"),
        (f"<style>p{{b:{'c' * 2_000}}}</style>{'<p>' * 1_000}", "too large"),
    ],
)
def test_what_might_look_different_stays_as_it_is(template: str, why: str) -> None:
    found = inlined(template)
    assert found.html == template
    assert why in (found.kept or "")


LOOP = "<div>{% for i in t %}<p>{{ i }}</p>{% endfor %}</div>"


@pytest.mark.parametrize(
    ("rule", "template", "moves"),
    [
        # Those of boilerplates for mails mean nothing beside a block.
        ("u + #body p", f"<section id=body>{LOOP}</section>", True),
        ("img.g + p", LOOP, True),
        ("td:first-child p", f"<table><tr><td>{LOOP}</table>", True),
        ("p + p", LOOP, False),
        ("div > p:not(:first-child)", LOOP, False),
        ("p:nth-child(2n), b", LOOP, False),
        ("b + p", "<div>{% if x %}<b class='{{ x }}'>x</b>{% endif %}<p>y</p></div>", False),
        ("b.c + p", "<div>{% if x %}<b>x</b>{% endif %}<p>y</p></div>", True),
        ("b.c ~ p", "<div>{{ snippets.x }}<p>y</p></div>", False),
        ("p:empty", LOOP, False),
        ("p:has(b)", "<p>{{ trigger.x }}</p>", False),
        ("p:first-child", "<div><p>{{ customer.x }}</p></div>", True),
    ],
)
def test_a_rule_that_goes_by_place_counts_where_liquid_moves_what_it_means(
    rule: str, template: str, moves: bool
) -> None:
    sheet = f"<style>{rule} {{a: b}} p {{c: d}}</style>"
    found = inlined(sheet + template)
    assert ("c: d" in found.html.removeprefix(sheet)) is moves
    assert (found.kept is None) is moves


def test_an_attribute_by_liquid_matters_to_the_elements_that_rules_ask_it_of() -> None:
    sheet = "<style>div[style*='m'] {a: b} [title=x] i {c: d} p {e: f}</style>"
    body = "<p style='m: {{ x }}'>x</p><div style='m: {{ x }}'><p>y</p></div>"
    found = inlined(sheet + body)
    assert found.html == f"{sheet}<p style='e: f; m: {{{{ x }}}}'>x</p><div style='m: {{{{ x }}}}'><p>y</p></div>"
    assert found.apart == 1


@pytest.mark.parametrize(
    "template",
    [
        "<p class='{{ x }}'><b class=a></b></p>",
        "<p {% if x %}class=a{% endif %}></p>",
        "<div class='a {% if x %}b{% endif %}'><p>x</p></div>",
        "<div title='{{ x }}'></div>",
    ],
)
def test_where_liquid_decides_which_rules_hold_the_style_sheets_alone_do(template: str) -> None:
    sheet = "<style>p{b:c} .a{d:e} [title=x] {f:g}</style>"
    found = inlined(f"{sheet}{template}<p>y</p>")
    assert found.html == f'{sheet}{template}<p style="b: c">y</p>'
    assert (found.kept, found.apart) == (None, 1)


@pytest.mark.parametrize(
    "sheet",
    [
        '<style media="print">p{b:c}</style>',
        '<style data-premailer="ignore">p{b:c}</style>',
        '<style data-css-inline="ignore">p{b:c}</style>',
        "<style type='text/x'>p{b:c}</style>",
        "<style></style>",
        '<link rel="stylesheet" href="https://no.test/x.css">',
        "<!-- <style>p{b:c}</style> -->",
    ],
)
def test_what_is_no_style_sheet_for_mails_is_passed_over(sheet: str) -> None:
    found = inlined(f"{sheet}<p>x</p>")
    assert (found.html, found.kept) == (f"{sheet}<p>x</p>", None)


_BITS = """\
<p class=a>|</p>|<td id='x'>|</td>|<tr>|</tr>|<table class="b">|</table>|</style>|<|<style>.a{color:red} td{c:d}</style>
<style>#x>p{m:{{ customer.z }}}</style>|<style>@media x{.a{b:c}}|{% if a %}|{% else %}|{% endif %}|{% for i in t %}
{% endfor %}|{% raw %}<p>{% endraw %}|&amp;|'|{{ b }}|{{ 'a>b' }}|<!-- |-->|<![endif]-->|<a href="{{ x }}" style="a:b">
</a>|<b style=c:d>|<img style='x:"y"' class='a'/>|<i style>|<svg><path class=a /></svg>|<body class=a>
<template><p class=a>|<textarea>|</textarea>|<title>|</title>|<p|style=|"|<plaintext>|<script>|<x:y class=a>
""".replace("\n", "|\n|").split("|")


def test_whatever_the_template_only_styles_are_put_in_and_its_liquid_is_right() -> None:
    chance, moved = random.Random(7), 0
    for _ in range(1_500):
        template = "".join(chance.choices(_BITS, k=chance.randint(2, 25)))
        found = inlined.__wrapped__(template)
        pieces, done, grown = [], 0, 0
        for at, text in found.made.insertions:
            pieces.append(found.html[done : at + grown])
            done, grown = at + grown + len(text), grown + len(text)
        assert "".join(pieces) + found.html[done:] == template
        if found.made.insertions and not inspect(template, "body")[0]:
            moved += 1
            assert not inspect(found.html, "body")[0]
    assert moved > 20


CONTENT = EmailContent(
    subject="Hi",
    body='<p class="a">\n{{ customer.name }}</p>',
    sender="S <s@x.test>",
    layout=Layout(2, "Frame", "<style>\np {color: {{ customer.color }}}</style>\n{{ content }}\n{{ customer.city }}"),
    inline_css=True,
)


def compiled(content: EmailContent) -> CompiledEmail:
    return compile_email(
        content, snippets={}, campaign=Campaign(7, "S"), message_id=3, message_name="M", send_to_unsubscribed=False
    )


def test_the_mail_has_them_from_its_layout_however_it_is_made() -> None:
    customer = {"email": "a@x.test", "name": "Ann", "city": "Oslo", "color": "'red'"}
    slow = compiled(CONTENT).render(Recipient(customer, {}, "d1", LINKS))
    quick = SpecialEmail(compiled(CONTENT), {}, lambda _: LINKS).rendered(Person(dict(customer), {}, "d1"))
    assert slow.html == quick.html
    assert '<p style="color: &#39;red&#39;" class="a">\nAnn</p>' in slow.html
    assert slow.plain == "Ann\n\nOslo\n"
    off = compiled(replace(CONTENT, inline_css=False)).render(Recipient(customer, {}, "d1", LINKS))
    assert '<p class="a">\nAnn</p>' in off.html


@pytest.mark.parametrize(
    ("missing", "part", "line", "column"),
    [("color", "layout", 2, 14), ("name", "body", 2, 4), ("city", "layout", 4, 4)],
)
def test_a_fault_is_told_where_its_author_wrote_it(missing: str, part: str, line: int, column: int) -> None:
    customer = {"email": "a@x.test", "name": "Ann", "city": "Oslo", "color": "red"}
    del customer[missing]
    with pytest.raises(RenderError, match=missing) as caught:
        compiled(CONTENT).render(Recipient(customer, {}, "d1", LINKS))
    assert (caught.value.part, caught.value.line, caught.value.column) == (part, line, column)
