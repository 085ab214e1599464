# SPDX-License-Identifier: Apache-2.0
"""URL parameters in the links of an e-mail: by compiled code as by the interpreter, in HTML and in plain text."""

import json
from html import unescape
from typing import Any

import pytest

from clarion.domain.broadcasts import EmailContent
from clarion.domain.channels import CHANNELS
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import RenderError
from clarion.domain.links import LinkSigner, target_of
from clarion.domain.people import CONSENT
from clarion.domain.short_links import ShortLinks
from clarion.domain.url_params import Params
from clarion.rendering.email import Campaign, CompiledEmail, Links, Recipient, RenderedEmail, compile_email
from clarion.rendering.parts import compile_parts
from clarion.rendering.special import Person, SpecialEmail
from clarion.rendering.text_links import TextTracker
from clarion.rendering.tracking import Tracker

LINKS = Links("https://c.test/u", "https://c.test/p", "https://c.test/c", "https://c.test/v")
PARAMS: Params = (("a", "1"), ("utm_campaign", "{{ campaign.name }}"))
ADDED = "a=1&utm_campaign=Spring+Sale"
ADDED_IN_HTML = "a=1&amp;utm_campaign=Spring+Sale"
CUSTOMER = {"email": "p@x.test", "id": "p 1", "site": "https://own.test/?b=2#top"}


def compiled(body: str, params: Params = PARAMS, snippets: dict[str, str] | None = None, **more: Any) -> CompiledEmail:
    content = EmailContent(subject="Hi", body=body, sender="S <s@x.test>", **more)
    return compile_email(
        content,
        snippets=snippets or {},
        campaign=Campaign(7, "Spring Sale", url_params=params),
        message_id=3,
        message_name="M",
        send_to_unsubscribed=False,
    )


def made(email: CompiledEmail, data: dict[str, Any] | None = None, tracker: Tracker | None = None) -> RenderedEmail:
    """The message, which is the same however it is made."""
    slow = email.render(Recipient(dict(CUSTOMER), data or {}, "d1", LINKS), tracker)
    quick = SpecialEmail(email, data or {}, lambda _: LINKS, tracker).rendered(Person(dict(CUSTOMER), {}, "d1"))
    assert quick == slow
    return slow


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ('<a href="https://x.test">', f'<a href="https://x.test?{ADDED_IN_HTML}">'),
        ("<a href='HTTPS://x.test/p?'>", f"<a href='HTTPS://x.test/p?&amp;{ADDED_IN_HTML}'>"),
        ('<area href="https://x.test/?b=2&amp;c=3#d">', f'<area href="https://x.test/?b=2&amp;c=3&amp;{ADDED_IN_HTML}#d">'),
        ("<a href=https://x.test/#?b>", f"<a href=https://x.test/?{ADDED_IN_HTML}#?b>"),
        ('<a href="https://x.test/?a=own">', '<a href="https://x.test/?a=own&amp;utm_campaign=Spring+Sale">'),
        ('<a href="https://x.test/?c&#38;d">', f'<a href="https://x.test/?c&#38;d&amp;{ADDED_IN_HTML}">'),
        ('<a title=">" class="untracked" href="https://x.test">', f'<a title=">" class="untracked" href="https://x.test?{ADDED_IN_HTML}">'),
        ('<a href="{{ customer.site }}">', f'<a href="https://own.test/?b=2&amp;{ADDED_IN_HTML}#top">'),
        ('<a href="https://x.test/{{ customer.id | url_encode }}?q">', f'<a href="https://x.test/p+1?q&amp;{ADDED_IN_HTML}">'),
        ('<a href="https://x.test/{% if customer.id == "x" %}a{% else %}b{% endif %}">', f'<a href="https://x.test/b?{ADDED_IN_HTML}">'),
        ('{% if customer.id %}<a href="https://x.test">{% endif %}', f'<a href="https://x.test?{ADDED_IN_HTML}">'),
        ('<a href="{% cio_link url: customer.site %}">', f'<a href="https://own.test/?b=2&amp;{ADDED_IN_HTML}#top">'),
        ('<a href="{% cio_link url: customer.site url_params: false %}">', f'<a href="{CUSTOMER["site"]}">'),
        (
            '<a class=b href="{% cio_link url: customer.site, track: false, url_params: false %}">',
            f'<a class="untracked b" href="{CUSTOMER["site"]}">',
        ),
        ("{% cio_link url: 'https://x.test' %}", f"https://x.test?{ADDED_IN_HTML}"),
        ("{{ trigger.html }}", f"<b>1 < 2</b><a href='https://x.test?{ADDED_IN_HTML}'>x</a><a class=disable-url-params href=https://x.test>"),
        ("{{ snippets.foot }}", f'p 1<a href="https://foot.test?{ADDED_IN_HTML}">'),
    ],
)  # fmt: skip
def test_links_to_pages_get_them(link: str, shown: str) -> None:
    data = {"html": "<b>1 < 2</b><a href='https://x.test'>x</a><a class=disable-url-params href=https://x.test>"}
    snippets = {"foot": '{{ customer.id }}<a href="https://foot.test">'}
    assert made(compiled(link, snippets=snippets), data).html == shown


@pytest.mark.parametrize(
    "link",
    [
        '<a href="mailto:a@b.test">', '<a href="tel:+491">', '<a href="#top">', '<a href="/path">', "<a>", "<a href>",
        '<a href="mailto:{{ customer.email }}">', '<a class="b disable-url-params" href="https://x.test">',
        '<a class="disable-url-params" href="{{ customer.site }}">', '<link href="https://x.test">',
        '<!-- <a href="https://x.test"> -->', "<style>a{b:url(https://x.test)}</style>",
        "{% unsubscribe %}", '<a href="{% unsubscribe_url %}">', '<a href="{% manage_subscription_preferences_url %}">',
        "{% view_in_browser %}", '<a href="{% view_in_browser_url %}">', "{{ customer.email }}", "{{ trigger.number }}",
        "https://x.test",
    ],
)  # fmt: skip
def test_what_is_no_link_to_a_page_or_says_no_gets_none(link: str) -> None:
    assert made(compiled(link), {"number": 7}).html == made(compiled(link, ()), {"number": 7}).html


def test_values_are_encoded_personal_ones_too_and_empty_ones_left_out() -> None:
    params = (("who", " {{ customer.id }} "), ("none", "{{ customer.no | default: '' }}"), ("q", "a&b=c d"))
    assert made(compiled('<a href="https://x.test">', params)).html == (
        '<a href="https://x.test?who=p+1&amp;q=a%26b%3Dc+d">'
    )
    with pytest.raises(RenderError, match="the URL parameter none is empty"):
        made(compiled("{% cio_link url: 'https://x.test' %}", params))


def test_they_are_in_the_text_part_that_is_made_and_in_one_that_is_written() -> None:
    body = '<a href="https://x.test/?b=2&amp;copy=3">Shop</a> <a href="{{ customer.site }}">Own</a> {{ snippets.foot }}'
    snippets = {"foot": '<a href="https://foot.test">Foot</a>'}
    assert made(compiled(body, snippets=snippets)).plain.strip() == (
        f"Shop (https://x.test/?b=2&copy=3&{ADDED}) Own (https://own.test/?b=2&{ADDED}#top) "
        f"Foot (https://foot.test?{ADDED})"
    )
    plain = (
        "See https://x.test/a. (https://x.test/{{ customer.email }}), {% unsubscribe_url %} {{ customer.site }} ftp://x"
    )
    assert made(compiled("<p>", plain=plain)).plain == (
        f"See https://x.test/a?{ADDED}. (https://x.test/p@x.test?{ADDED}), https://c.test/u {CUSTOMER['site']} ftp://x"
    )


def test_the_amp_part_has_them_too() -> None:
    email = compiled("<p>", amp="<!doctype html><a href='https://x.test'>")
    amp = email.render(Recipient(dict(CUSTOMER), {}, "d1", LINKS)).amp
    assert amp == f"<!doctype html><a href='https://x.test?{ADDED_IN_HTML}'>"


def test_a_tracked_link_leads_to_the_page_with_them() -> None:
    secret = b"k" * 32
    tracker = Tracker("https://c.test", LinkSigner(secret, 3))
    html = made(compiled('<a href="https://x.test/#d">x</a><a href="{{ customer.site }}">y</a>'), tracker=tracker).html
    tokens = [part.partition('"')[0] for part in html.split("https://c.test/e/c/d1/")[1:]]
    assert [target_of(token, 3, secret) for token in tokens] == [
        f"https://x.test/?{ADDED}#d",
        f"https://own.test/?b=2&{ADDED}#top",
    ]
    untracked = made(compiled('<a href="{% cio_link url: customer.site track: false %}">', ()), tracker=tracker).html
    assert f'href="{CUSTOMER["site"]}"' in untracked


def test_a_message_has_its_own_in_place_of_the_workspaces() -> None:
    link = '<a href="https://x.test">'
    assert made(compiled(link, url_params=(("b", "2"),))).html == '<a href="https://x.test?b=2">'
    assert made(compiled(link, url_params=())).html == link


@pytest.mark.parametrize(
    ("body", "part", "line", "column"),
    [
        ('<a href="https://x.test">\n<b>{{ customer.no }}', "body", 2, 7),
        ('<a href="https://x.test/{{ customer.no }}">', "body", 1, 28),
        ("{{ snippets.foot }}", "snippets.foot", 1, 29),
    ],
)
def test_a_fault_is_told_where_its_author_wrote_it(body: str, part: str, line: int, column: int) -> None:
    snippets = {"foot": '<a href="https://f.test">{{ customer.no }}'}
    with pytest.raises(RenderError) as caught:
        made(compiled(body, snippets=snippets))
    assert (caught.value.part, caught.value.line, caught.value.column) == (part, line, column)


def test_a_fault_of_a_parameter_is_told_as_its_own() -> None:
    with pytest.raises(RenderError, match=r"customer\.no") as caught:
        made(compiled('<a href="https://x.test">', (("b", "{{ customer.no }}"),)))
    assert (caught.value.part, caught.value.line) == ("url_parameters", None)
    with pytest.raises(RenderError) as wrong:
        compiled("<p>", url_params=(("b", "{{ x | nothing }}"),))
    assert wrong.value.part == "url_parameters.b"


def test_a_text_gets_them_by_cio_link_alone() -> None:
    parts = {**CHANNELS["sms"].new(), "from": "+491", "body": "https://x.test {% cio_link url: customer.site %}"}
    content = EmailContent(parts_of="sms", parts=parts)
    sms = compile_parts(
        content,
        snippets={},
        campaign=Campaign(7, "Spring Sale", url_params=PARAMS),
        message_id=3,
        message_name="M",
        send_to_unsubscribed=False,
    )
    rendered = sms.render(Recipient({**CUSTOMER, "phone": "+4930"}, {}, "d1", LINKS), DeliveryKey(1, 1, 3))
    assert rendered.parts["body"] == f"https://x.test https://own.test/?b=2&{ADDED}#top"
    assert unescape(ADDED_IN_HTML) == ADDED


@pytest.mark.parametrize("params", [(), PARAMS])
def test_a_text_keeps_the_links_whose_cio_link_wants_it(params: Params) -> None:
    short = ShortLinks(b"k" * 32, "https://c.test")
    liquid = (
        "https://x.test {% cio_link url: 'https://own.test/a', track: false, url_params: false %} "
        "({% cio_link url: customer.site url_params: false track: false %}) {% cio_link url: 'https://y.test' %}"
    )
    bodies = {"sms": liquid, "whatsapp": f'{{"content_sid": "HX{"0" * 32}", "variables": {{"1": "{liquid}"}}}}'}
    for kind, body in bodies.items():
        content = EmailContent(
            parts_of=kind, parts={**CHANNELS[kind].new(), "from": "+491", "body": body}, tracked=True
        )
        compiled_parts = compile_parts(
            content,
            snippets={},
            campaign=Campaign(7, "Spring Sale", url_params=params),
            message_id=3,
            message_name="M",
            send_to_unsubscribed=False,
            tracker=TextTracker(short),
        )
        for consent, tracks in (({}, True), ({CONSENT: "false"}, False)):
            person = {**CUSTOMER, "phone": "+4930", **consent}
            text = compiled_parts.render(Recipient(person, {}, "d1", LINKS), DeliveryKey(1, 1, 3)).parts["body"]
            if kind == "whatsapp":
                text = json.loads(text)["variables"]["1"]
            written, first, second, last = text.split(" ")
            assert (first, second) == ("https://own.test/a", f"({CUSTOMER['site']})")
            assert [one.startswith("https://c.test/s/") for one in (written, last)] == [tracks] * 2
