# SPDX-License-Identifier: Apache-2.0
"""Compiling and rendering whole e-mails: parts, tags with links, snippets, preheader, the text part."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from clarion.domain.broadcasts import EmailContent
from clarion.domain.errors import RenderError
from clarion.rendering.email import (
    Campaign,
    CompiledEmail,
    Links,
    Recipient,
    RenderedEmail,
    check_email,
    compile_email,
    variables,
)
from clarion.rendering.plain import plain_template

LINKS = Links("https://c.test/u?a=1&b=2", "https://c.test/p", "https://c.test/c", "https://c.test/v")
ANN = Recipient(
    customer={"id": "1", "email": "ann@example.org", "cio_id": "a1", "first_name": "Ann"},
    trigger={"voucher": "V1", "liquid": "Hi {{ customer.first_name }}", "name": "footer"},
    delivery_id="dlv1",
    links=LINKS,
)
CONTENT = EmailContent(subject="Hi", body="<p>x</p>", sender="Shop <shop@example.com>")


def compiled(content: EmailContent, snippets: dict[str, str] | None = None) -> CompiledEmail:
    return compile_email(
        content,
        snippets=snippets or {},
        campaign=Campaign(7, "Spring"),
        message_id=3,
        message_name="Letter",
        send_to_unsubscribed=False,
    )


def rendered(content: EmailContent, snippets: dict[str, str] | None = None) -> RenderedEmail:
    return compiled(content, snippets).render(ANN)


def body(template: str, snippets: dict[str, str] | None = None) -> str:
    return rendered(replace(CONTENT, body=template, plain="x"), snippets).html


def test_every_part_is_rendered() -> None:
    email = rendered(
        EmailContent(
            subject="  {{ customer.first_name }}\n&\tyou ",
            body="<p>{{ trigger.voucher }} {{ message.subject }} {{ message.preheader }}</p>",
            plain="{{ trigger.voucher }}!",
            preheader="For {{ customer.first_name }} <3",
            sender="{{ campaign.name }} <shop@example.com>",
            reply_to="r-{{ customer.id }}@example.com",
            cc='"A, {{ customer.first_name }}" <a@example.com>, b@example.com',
            bcc="c@example.com",
            headers=(("X-Delivery", "{{ delivery_id }}"),),
        )
    )
    assert email.subject == "Ann & you"
    assert email.preheader == "For Ann <3"
    assert email.html.endswith("<p>V1 Ann & you For Ann <3</p>")
    assert ">For Ann &lt;3</div>" in email.html
    assert email.plain == "V1!"
    assert email.sender == "Spring <shop@example.com>"
    assert email.reply_to == "r-1@example.com"
    assert email.recipient == "ann@example.org"
    assert email.cc == ('"A, Ann" <a@example.com>', "b@example.com")
    assert email.bcc == ("c@example.com",)
    assert email.headers == (("X-Delivery", "dlv1"),)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% unsubscribe_url %}", "https://c.test/u?a=1&b=2"),
        ("{% unsubscribe %}", '<a href="https://c.test/u?a=1&amp;b=2" class="untracked">Unsubscribe</a>'),
        ("{% manage_subscription_preferences_url %}", "https://c.test/p"),
        ("{% tracking_consent_url %}", "https://c.test/c"),
        ("{% view_in_browser_url %}", "https://c.test/v"),
        ("{% view_in_browser %}", '<a href="https://c.test/v" class="untracked">View in browser</a>'),
        ("[{% subscription_topic_name %}{% subscription_topic_name lang='pt' %}]", "[]"),
        ("{% cio_link url: 'https://x.y', track: false url_params:true %}", "https://x.y"),
        ("{% cio_link 'https://x.y' %}", "https://x.y"),
        ("{% cio_link_id %}", "dlv1"),
        ("{% render_liquid trigger.liquid %}", "Hi Ann"),
        ("{{ campaign.id }} {{ campaign.name }} {{ campaign.type }}", "7 Spring triggered_broadcast"),
        ("{{ campaign.subscription_topic_ids }}{{ message.subscription_topic.name }}", ""),
        ("{{ message.id }} {{ message.name }} {{ message.type }}", "3 Letter email_action"),
        ("{{ message.send_to_unsubs }} {{ delivery_id }}", "false dlv1"),
        ("{{ unsubscribe_url }}{{ event.name }}", ""),
    ],
)
def test_tags_and_objects(template: str, expected: str) -> None:
    assert body(template) == expected


def test_links_are_words_and_url_in_the_text_part() -> None:
    email = rendered(replace(CONTENT, plain="{% unsubscribe %}|{{ snippets.s }}"), {"s": "{% view_in_browser %}"})
    assert email.plain == "Unsubscribe (https://c.test/u?a=1&b=2)|View in browser (https://c.test/v)"


def test_a_link_that_renders_empty_fails() -> None:
    with pytest.raises(RenderError, match="url can not be blank"):
        body("{% cio_link url: foo %}")


@pytest.mark.parametrize("subject", ["{{ foo }}", "{% if false %}x{% endif %}", " {{ foo }}\n"])
def test_a_blank_subject_is_an_error(subject: str) -> None:
    with pytest.raises(RenderError, match="subject can not be blank"):
        rendered(replace(CONTENT, subject=subject))


def test_the_error_names_its_part() -> None:
    for part, content in {
        "subject": replace(CONTENT, subject="{{ customer.no }}"),
        "body": replace(CONTENT, body="{{ customer.no }}", plain="x"),
        "plain": replace(CONTENT, plain="{{ customer.no }}"),
        "preheader": replace(CONTENT, preheader="{{ customer.no }}"),
        "from": replace(CONTENT, sender="{{ customer.no }}"),
        "reply_to": replace(CONTENT, reply_to="{{ customer.no }}"),
        "recipient": replace(CONTENT, recipient="{{ customer.no }}"),
        "cc": replace(CONTENT, cc="{{ customer.no }}"),
        "bcc": replace(CONTENT, bcc="{{ customer.no }}"),
        "headers.X-A": replace(CONTENT, headers=(("X-A", "{{ customer.no }}"),)),
    }.items():
        with pytest.raises(RenderError, match=r"customer\.no") as caught:
            rendered(content)
        assert caught.value.part == part


class TestSnippets:
    def test_dotted_and_bracketed(self) -> None:
        snippets = {"footer": "Bye {{ customer.first_name }}", "two words": "2"}
        assert body('{{ snippets.footer }} {{ snippets["two words"] }}', snippets) == "Bye Ann 2"
        assert body("{{ snippets[trigger.name] }}", snippets) == "Bye Ann"

    def test_nothing_leaks_either_way(self) -> None:
        snippets = {"s": "[{{ x }}]{% assign x = 'inner' %}"}
        assert body("{% assign x = 'outer' %}{{ snippets.s }}{{ x }}", snippets) == "[]outer"
        assert body("{{ snippets.s }}{{ x }}{{ snippets.s }}", snippets) == "[][]"

    def test_inside_each_other(self) -> None:
        assert body("{{ snippets.a }}", {"a": "a{{ snippets.b }}", "b": "b"}) == "ab"

    @pytest.mark.parametrize(
        "snippets",
        [
            {"a": "{{ snippets.a }}"},
            {"a": "{{ snippets.b }}", "b": "{{ snippets.a }}"},
            {"a": "{% render_liquid trigger.loop %}"},
        ],
    )
    def test_recursion_is_refused(self, snippets: dict[str, str]) -> None:
        ann = replace(ANN, trigger={"loop": "{{ snippets.a }}"})
        email = compiled(replace(CONTENT, body="{{ snippets.a }}", plain="x"), snippets)
        with pytest.raises(RenderError, match="does one include itself"):
            email.render(ann)

    def test_many_are_refused(self) -> None:
        snippets = {f"s{n}": f"{{{{ snippets.s{n + 1} }}}}" * 9 for n in range(6)} | {"s6": "x"}
        with pytest.raises(RenderError, match="More than 500 snippets"):
            body("{{ snippets.s0 }}", snippets)

    def test_unknown_is_a_missing_variable(self) -> None:
        with pytest.raises(RenderError, match=r"Variable 'snippets\.nope' is missing") as caught:
            compiled(replace(CONTENT, body="\n{{ snippets.nope }}"))
        assert (caught.value.part, caught.value.line) == ("body", 2)
        with pytest.raises(RenderError, match=r"Variable 'snippets\.footer' is missing"):
            body("{{ snippets[trigger.name] }}", {"a": "b"})

    def test_errors_name_the_snippet(self) -> None:
        for text in ("\n{{ customer.no }}", "\n{{ 'a' | nope }}", "\n{% nope %}"):
            with pytest.raises(RenderError) as caught:
                body("{{ snippets.s }}", {"s": text})
            assert (caught.value.part, caught.value.line) == ("snippets.s", 2)

    def test_a_broken_one_matters_only_when_used(self) -> None:
        assert body("x", {"s": "{% nope %}"}) == "x"
        assert body("{{ snippets[trigger.name] }}", {"s": "{% nope %}", "footer": "f"}) == "f"


def test_check_tells_everything_at_once() -> None:
    content = EmailContent(
        subject=" ",
        body="{{ 'a' | nope }}\n{{ 'b' | nada }}{{ snippets.gone }}{{ snippets.bad }}",
        plain="{% one %}{% two %}",
        sender="{% if x %}",
        headers=(("Content-Type", "x"), ("X Y", "x"), ("Ü", "x"), ("X-Fine", "{{ a"), ("subject", "s")),
    )
    found = {(error.part, error.message) for error in check_email(content, snippets={"bad": "{% zap %}"})}
    assert found == {
        ("subject", "subject can not be blank"),
        ("body", "Unknown filter 'nope'"),
        ("body", "Unknown filter 'nada'"),
        ("body", "Variable 'snippets.gone' is missing"),
        ("snippets.bad", "Unknown tag 'zap'"),
        ("plain", "Unknown tag 'one'"),
        ("plain", "Unknown tag 'two'"),
        ("from", "if tag was never closed"),
        ("headers.Content-Type", "header 'Content-Type' can not be set"),
        ("headers.X Y", "header name 'X Y' can not contain whitespace"),
        ("headers.Ü", "header name 'Ü' is not valid"),
        ("headers.X-Fine", "expected '}}', found end of file"),
        ("headers.subject", "header 'subject' can not be set"),
    }
    assert check_email(CONTENT, snippets={}) == []


def test_variables() -> None:
    content = replace(
        CONTENT,
        subject="{{ customer.first_name }}",
        body="{% for i in trigger.items %}{{ i.name }}{% endfor %}{% assign a = trigger.b %}{{ a }}"
        "{% if customer.x == blank %}{% cio_link url: trigger.url %}{% endif %}{{ snippets.s }}",
    )
    assert variables(content, snippets={"s": "{{ customer.city }}", "t": "{{ customer.unused }}"}) == {
        "customer.first_name", "customer.email", "customer.x", "customer.city",
        "trigger.items", "trigger.b", "trigger.url", "snippets.s",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("html", "start"),
    [
        ('<html><body class="a>b"><p>x', '<html><body class="a>b"><div style="display:none'),
        ("<p>x</p>", '<div style="display:none'),
    ],
)
def test_the_preheader_is_hidden_text_at_the_start(html: str, start: str) -> None:
    email = rendered(replace(CONTENT, body=html, preheader="Tea & &zwnj;cake"))
    assert email.html.startswith(start)
    assert ">Tea &amp; &zwnj;cake</div>" in email.html


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<p>Hello&nbsp;<b>you</b>,</p><p>a<br>b</p>", "Hello you,\n\na\nb\n"),
        ('<a href="https://x.y/{{ customer.id }}">Read</a> on', "Read (https://x.y/{{ customer.id }}) on\n"),
        ('<a href="https://x.y">https://x.y</a><a href="mailto:a@b.c">a@b.c</a>', "https://x.ya@b.c\n"),
        ('<a href="https://x.y"><img src="i.png" alt="Shop"></a>', "Shop (https://x.y)\n"),
        ('<a href="{% unsubscribe_url %}">Out</a>', "Out ({% unsubscribe_url %})\n"),
        ("<p>News</p>{% unsubscribe %} or {% view_in_browser %}",
         "News\n\n{% unsubscribe %} or {% view_in_browser %}\n"),
        ('<a href="https://x.y">x</a> {%- cio_link url: "https://x.y" -%}',
         'x (https://x.y) {%- cio_link url: "https://x.y" -%}\n'),
        ("<head><title>T</title><style>p{}</style>{% assign a = 1 %}</head>{{ a }}",
         "{% assign a = 1 %}{{ a }}\n"),
        ("<script>x</script><ul><li>one</li><li>two</li></ul>z", "- one\n- two\n\nz\n"),
        ("{% for i in l %}<div>{{ i | escape }}</div>{% endfor %}<div>e</div>",
         "{% for i in l %}\n{{ i }}{% endfor %}\ne\n"),
        ("<td {% if a %}class='x'{% endif %}>y</td>", "{% if a %}{% endif %} y\n"),
        ("{% comment %}<b>{% endcomment %}x{% raw %}{{ y }}{% endraw %}", "x{% raw %}{{ y }}{% endraw %}\n"),
        ("&#123;&#123; a }}", "{ { a }}\n"),
        ("<!-- no --><p></p>", ""),
        ("a < b {{ 'x<y>' }}", "a < b {{ 'x<y>' }}\n"),
    ],
)  # fmt: skip
def test_the_text_part_is_made_from_the_html_template(html: str, plain: str) -> None:
    assert plain_template(html) == plain


def test_an_empty_text_part_is_made_from_the_body() -> None:
    email = rendered(replace(CONTENT, body="<p>Hi {{ customer.first_name | escape }}</p>"))
    assert email.plain == "Hi Ann\n"


def test_several_threads_may_render_at_once() -> None:
    email = compiled(
        replace(
            CONTENT,
            body="{% assign x = customer.id %}{% for i in (1..50) %}{{ x }}{% endfor %}{{ snippets.s }}",
        ),
        {"s": "{{ customer.id }}"},
    )
    people = [replace(ANN, customer={"id": str(n), "email": "a@b.c"}) for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        bodies = [each.html for each in pool.map(email.render, people)]
    assert bodies == [str(n) * 51 for n in range(200)]


@pytest.mark.parametrize("template", ["{{ foo }}", " {% if false %}<p>x</p>{% endif %}\n", "{{ snippets.none }}"])
def test_a_mail_without_anything_to_read_is_an_error(template: str) -> None:
    content = replace(CONTENT, body=template, preheader="Look")
    with pytest.raises(RenderError, match="body can not be blank") as caught:
        rendered(content, {"none": " \n"})
    assert caught.value.part == "body"
    assert rendered(replace(content, plain="Hi"), {"none": ""}).plain == "Hi"
