# SPDX-License-Identifier: Apache-2.0
"""The filters of contract §13.4, by tables of template and result."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.domain.errors import RenderError
from clarion.rendering.environment import render_text
from clarion.rendering.filters_dates import date_
from clarion.rendering.strftime import is_of_day, strftime

SCOPE = {
    "customer": {"age": "30", "name": "Ann"},
    "trigger": {
        "items": [
            {"name": "tea", "price": 3, "kind": "hot"},
            {"name": "Ice", "price": 1, "kind": "cold"},
            {"name": "soup", "price": 2, "kind": "hot", "deep": {"x": 1}},
        ],
        "numbers": [3, None, 1, 2],
        "words": ["b", "a", "C"],
        "at": 1_700_000_000,
        "json": '[{"a":1},{"a":1},{"a":2}]',
        "html": '<b>"it\'s"</b> & &amp;',
    },
}


def render(template: str) -> str:
    return render_text(template, scope=SCOPE, part="body")


TEXT = [
    ("'hello wORLD' | titlecase", "Hello World"),
    ("'hELLO' | capitalize", "Hello"),
    ("'  a \n b ' | normalize_whitespace", " a b "),
    ("'one two  three' | number_of_words", "3"),
    ("trigger.html | escape", "&lt;b&gt;&#34;it&#39;s&#34;&lt;/b&gt; &amp; &amp;amp;"),
    ("trigger.html | escape_once", "&lt;b&gt;&#34;it&#39;s&#34;&lt;/b&gt; &amp; &amp;"),
    ("'a&b' | xml_escape", "a&amp;b"),
    ("'a b&c=(d)' | cgi_escape", "a+b%26c%3D%28d%29"),
    ("'https://x.y/a b?c=[d]&e=ü' | uri_escape", "https://x.y/a%20b?c=[d]&e=%C3%BC"),
    ("'a b&ü' | url_encode", "a+b%26%C3%BC"),
    ("'a+b%26' | url_decode", "a b&"),
    ("'aXbX' | replace: 'X', '-'", "a-b-"),
    ("'Hello, Wörld & more!' | slugify", "hello-wörld-more"),
    ("'Hello, Wörld!' | slugify: 'latin'", "hello-world"),
    ("'abc' | contains: 'b'", "true"),
    ("trigger.words | contains: 'x'", "false"),
    ("trigger.words | array_to_sentence_string", "b, a, and C"),
    ("'a,b' | split: ',' | array_to_sentence_string: 'or'", "a or b"),
    ("'a' | split: ',' | array_to_sentence_string", "a"),
    ("3 | pluralize: 'item', 'items'", "3 items"),
    ("1 | pluralize: 'item', 'items'", "1 item"),
    ("'2' | pluralize: 'cat'", "2 cats"),
    ("'hällo' | base64", "aMOkbGxv"),
    ("'hällo' | base64_encode | base64_decode", "hällo"),
    ("'??>>' | base64_url_safe_encode", "Pz8-Pg=="),
    ("'Pz8-Pg' | base64_url_safe_decode", "??>>"),
    ("'ff00' | hex_base64", "/wA="),
    ("'a' | md5", "0cc175b9c0f1b6a831c399e269772661"),
    ("'a' | sha1", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"),
    ("'a' | sha256", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    ("'a' | hmac_sha1: 'key'", "0db21f05052f323e714ef9bf1f7b000ffe97e8a0"),
    ("'a' | hmac_sha256: 'key' | size", "64"),
    ("'one two three' | truncatewords: 2", "one two..."),
    ("'abcdefgh' | truncate: 5", "ab..."),
    ("'abc' | slice: 1, 2", "bc"),
    ("'<p>a</p>' | strip_html", "a"),
]

NUMBERS = [
    ("10000 | format_number", "10,000"),
    ("'1234567.891' | format_number", "1,234,567.891"),
    ("1234567 | format_number: 'fr'", "1\u202f234\u202f567"),
    ("1234 | number_with_delimeter", "1,234"),
    ("1234567.896 | currency", "$1,234,567.90"),
    ("1234.5 | currency: 'en-GB'", "£1,234.50"),
    ("1234.5 | currency: 'en', 'EUR'", "€1,234.50"),
    ("1234.5 | currency: 'de'", "1.234,50\xa0€"),
    ("1234.5 | rounded_currency", "$1,235"),
    ("1234.4 | rounded_currency: 'en-GB'", "£1,234"),
    ("customer.age | plus: 1", "31"),
    ("0.1 | plus: 0.2", "0.3"),
    ("0.3 | minus: 0.1", "0.2"),
    ("2.5 | times: 2", "5"),
    ("'3' | times: '4'", "12"),
    ("5 | divided_by: 2", "2.5"),
    ("4 | divided_by: 2", "2"),
    ("5 | divided_by: 2, true", "2"),
    ("-7 | modulo: 3", "2"),
    ("7 | modulo: -3", "1"),
    ("2.5 | round", "3"),
    ("3.14159 | round: 2", "3.14"),
    ("-3 | abs", "3"),
    ("1.2 | ceil", "2"),
    ("1.8 | floor", "1"),
    ("3 | at_least: 5", "5"),
    ("7 | at_most: 5", "5"),
    ("1 | random", "0"),
]

LISTS = [
    ("trigger.numbers | sort | join: ','", "1,2,3,"),
    ("trigger.words | sort | join: ','", "C,a,b"),
    ("trigger.words | sort_natural | join: ','", "a,b,C"),
    ("trigger.items | sort: 'price' | map: 'name' | join", "Ice soup tea"),
    ("trigger.items | where: 'kind', 'hot' | map: 'name' | join", "tea soup"),
    ("trigger.items | where: 'deep' | map: 'name' | join", "soup"),
    ("trigger.items | where_not: 'kind', 'hot' | map: 'name' | join", "Ice"),
    ("trigger.items | where_exp: 'item', 'item.price > 1' | map: 'name' | join", "tea soup"),
    ("trigger.items | find: 'name', 'tea' | json", '{"name":"tea","price":3,"kind":"hot"}'),
    ("trigger.items | find_exp: 'item', 'item.price < 3' | json", '{"name":"Ice","price":1,"kind":"cold"}'),
    ("trigger.items | group_by: 'kind' | map: 'name' | join", "hot cold"),
    ("trigger.items | group_by_exp: 'i', 'i.name | size' | map: 'name' | join", "3 4"),
    ("trigger.items | sum: 'price'", "6"),
    ("'1,2.5,x' | split: ',' | sum", "3.5"),
    ("trigger.words | push: 'd' | join", "b a C d"),
    ("trigger.words | unshift: 'd' | join", "d b a C"),
    ("trigger.words | pop | join", "b a"),
    ("trigger.words | shift | join", "a C"),
    ("trigger.words | limit: 2 | join", "b a"),
    ("trigger.words | concat: 'x' | join", "b a C x"),
    ("trigger.numbers | compact | size", "3"),
    ("trigger.words | first", "b"),
    ("trigger.words | last", "C"),
    ("trigger.words | reverse | join", "C a b"),
    ("'a,b,a' | split: ',' | uniq | join", "a b"),
    ("trigger.json | json_array_uniq | json", '[{"a":1},{"a":2}]'),
    ("trigger.json | from_json | size", "3"),
    ("trigger.words | json", '["b","a","C"]'),
    ("trigger.words | to_json", '["b","a","C"]'),
    ("'ü\"' | json", '"ü\\""'),
    ("foo | json", "null"),
    ("'' | default: 'x'", "x"),
    ("false | default: 'x', allow_false: true", "false"),
]

DATES = [
    ("trigger.at | date: '%Y-%m-%d %H:%M:%S %Z'", "2023-11-14 22:13:20 UTC"),
    ("'1700000000' | date: '%s'", "1700000000"),
    ("1700000000123 | date: '%Y %L'", "2023 123"),
    ("'2024-02-29' | date: '%-d %B %y, %A %j'", "29 February 24, Thursday 060"),
    ("'2024-02-29T10:00:00+02:00' | date: '%H:%M %z'", "08:00 +0000"),
    ("'2024-07-01 12:00' | date: '%H:%M %Z %z', 'Europe/Berlin'", "14:00 CEST +0200"),
    ("'2024-07-01 12:00' | date: '%H:%M %:z', 360", "06:00 -06:00"),
    ("'2024-07-01 12:00' | date: '%H', '-120'", "14"),
    ("'2024-07-01 12:00' | timezone: 'America/New_York' | date: '%H %Z'", "08 EDT"),
    ("'2024-01-05' | date: '%e|%-m|%^a|%P|%l|%U|%V|%G|%u|%w|%C|%%|%10Y|%_m|%03d'",
     " 5|1|FRI|am|12|00|01|2024|5|5|20|%|0000002024| 1|005"),
    ("'2024-01-05 13:04:05' | date: '%I:%M %p %#p %T %D %F %R %r %c'",
     "01:04 PM pm 13:04:05 01/05/24 2024-01-05 13:04 01:04:05 PM Fri Jan  5 13:04:05 2024"),
    ("'2024-01-05' | date: '%Q %!'", "%Q %!"),
    ("'March 14, 2016' | date: '%F'", "2016-03-14"),
    ("'14 Mar 2016 10:30' | date: '%F %R'", "2016-03-14 10:30"),
    ("'Mon, 14 Mar 2016 10:30:00 +0100' | date: '%F %R'", "2016-03-14 09:30"),
    ("'2016-03-14 10:30:00 UTC' | date: '%R'", "10:30"),
    ("'no date' | date: '%Y'", "no date"),
    ("nil | date: '%Y'", ""),
    ("'2008-11-07T13:07:54Z' | date_to_string", "07 Nov 2008"),
    ("'2008-11-07' | date_to_string: 'ordinal', 'US'", "Nov 7th, 2008"),
    ("'2008-11-07' | date_to_long_string", "07 November 2008"),
    ("'2008-11-02' | date_to_long_string: 'ordinal'", "2nd November 2008"),
    ("'2008-11-07T13:07:54Z' | date_to_rfc822", "Fri, 07 Nov 2008 13:07:54 +0000"),
    ("'2008-11-07T13:07:54Z' | date_to_xmlschema", "2008-11-07T13:07:54+00:00"),
    ("trigger.at | add_day: 1", "1700086400"),
    ("trigger.at | subtract_day: '1'", "1699913600"),
    ("'2024-01-31' | add_month: 1 | date: '%F'", "2024-02-29"),
    ("'2024-03-31' | subtract_month: 1 | date: '%F'", "2024-02-29"),
    ("'2024-02-29' | add_year: 1 | date: '%F'", "2025-02-28"),
    ("'2024-02-29' | subtract_year: 4 | date: '%F'", "2020-02-29"),
    ("'2024-01-05' | add_day: 1", "2024-01-06 00:00:00 +0000"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "expected"), TEXT + NUMBERS + LISTS + DATES)
def test_filter(expression: str, expected: str) -> None:
    assert render(f"{{{{ {expression} }}}}") == expected


def test_now_is_a_unix_time_that_can_be_counted_with() -> None:
    now, later = render("{{ 'now' | date: '%s' }} {{ 'now' | date:'%s' | plus:0 | add_day:1 }}").split()
    assert 86_400 <= int(later) - int(now) <= 86_402


@pytest.mark.parametrize(
    "expression",
    [
        "'x' | currency",
        "'x' | format_number",
        "1 | currency: 'nonsense'",
        "'2024-01-01' | date: '%Y', 'Mars/Olympus'",
        "'2024-01-01' | date: '%Y', '../../etc/passwd'",
        "'x' | add_day: 1",
        "'2024-01-01' | add_year: 99999",
        "'!' | base64_decode",
        "'xyz' | hex_base64",
        "'{' | from_json",
        "0 | random",
        "'a' | upcase: 1",
        "trigger.items | where_exp: 'i', 'i.price >'",
        "trigger.items | where_exp: 'i', 'i.none > 1 | x'",
        "trigger.items | group_by_exp: 'i', 'i.none'",
    ],
)
def test_what_a_filter_cannot_do_is_an_error_with_a_place(expression: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(f"{{{{ {expression} }}}}")
    assert caught.value.line == 1


def test_generated_values() -> None:
    assert re.fullmatch(r"[0-9a-f-]{36}", render("{% generate_uuid %}"))
    assert render("{% random 1 %}") == "0"
    assert 0 <= int(render("{% random 10 %}")) < 10
    assert 0 <= int(render("{{ 10 | random }}")) < 10


@given(
    seconds=st.integers(0, 99_999_999_999),
    letters=st.text(st.sampled_from("YCymdejHkIlMSuwGgVUWsBbhAapPZntq%cDxFTXRrv+zLN"), min_size=1, max_size=3),
)
def test_seconds_are_shown_by_their_day_only_where_the_pattern_sees_no_clock(seconds: int, letters: str) -> None:
    pattern = " ".join(f"%{letter}" for letter in letters)
    moment = datetime.fromtimestamp(seconds, UTC)
    assert date_(str(seconds), pattern) == strftime(moment, pattern)
    if is_of_day(pattern):
        assert strftime(moment.replace(hour=23, minute=59, second=59, microsecond=999_999), pattern) == strftime(
            moment.replace(hour=0, minute=0, second=0, microsecond=0), pattern
        )
