# SPDX-License-Identifier: Apache-2.0
"""Missing names, errors with places, limits: contract §13.5."""

import time

import pytest

from clarion.domain.errors import RenderError
from clarion.rendering.environment import compile_template, environment, render_text

SCOPE = {
    "customer": {
        "limit": "9",
        "first_name": "Ann",
        "age": "30",
        "blank": "",
        "space": "  ",
        "nothing": None,
        "tags": [],
    },
    "trigger": {"items": [{"n": 1}, {"n": 2}], "object": {"a": 1}, "no": False},
}

# Contract §13.3 and standard tags of Liquid.
TAGS = """
unsubscribe unsubscribe_url manage_subscription_preferences_url tracking_consent_url
view_in_browser view_in_browser_url subscription_topic_name cio_link cio_link_id generate_uuid
random render_liquid countdown if unless case for break continue cycle assign capture comment
tablerow ifchanged increment decrement echo liquid
""".split()  # noqa: SIM905 a list for people

# Contract §13.4.
FILTERS = """
append prepend capitalize upcase downcase titlecase truncate truncatewords replace replace_first
replace_last remove remove_first remove_last split strip lstrip rstrip strip_html strip_newlines
normalize_whitespace newline_to_br slice slugify pluralize number_of_words
array_to_sentence_string contains escape escape_once xml_escape cgi_escape uri_escape url_encode
url_decode base64 base64_encode base64_decode base64_url_safe_encode base64_url_safe_decode
hex_base64 md5 sha1 sha256 hmac_sha1 hmac_sha256 abs ceil floor round at_least at_most plus
minus times divided_by modulo format_number currency rounded_currency random
number_with_delimeter compact concat find find_exp first last group_by group_by_exp join
json_array_uniq limit map pop push shift unshift reverse size sort sort_natural sum uniq where
where_exp where_not date timezone date_to_string date_to_long_string date_to_rfc822
date_to_xmlschema add_day add_month add_year subtract_day subtract_month subtract_year default
json to_json from_json
""".split()  # noqa: SIM905 a list for people


def render(template: str) -> str:
    return render_text(template, scope=SCOPE, part="body")


def refusal(template: str) -> RenderError:
    with pytest.raises(RenderError) as caught:
        render(template)
    return caught.value


@pytest.mark.parametrize("name", TAGS)
def test_tag_of_the_contract_is_registered(name: str) -> None:
    assert name in environment().tags


@pytest.mark.parametrize("name", FILTERS)
def test_filter_of_the_contract_is_registered(name: str) -> None:
    assert name in environment().filters


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ event.x }}|{{ journey.a.b | upcase }}|{{ foo | append: 'x' }}", "||x"),
        ("{{ unsubscribe_url }}{{ objects }}{{ now }}{{ partial }}", ""),
        ("{{ foo | size }}{{ foo | date: '%Y' }}{{ foo | join: ',' }}{{ foo | sort }}", "0"),
        ("{{ customer.x | default: 'friend' }}", "friend"),
        ("{{ customer.x.y | default: 'friend' | upcase }}", "FRIEND"),
        ("{{ customer.blank | default: 'a' }}{{ customer.nothing | default: 'b' }}", "ab"),
        ("{% if customer.x %}yes{% else %}no{% endif %}", "no"),
        ("{% unless customer.x %}no{% endunless %}", "no"),
        ("{% if customer.x != blank %}yes{% else %}no{% endif %}", "no"),
        ("{% if customer.x == blank %}blank{% endif %}", "blank"),
        ("{% if customer.blank == blank and customer.space == blank %}blank{% endif %}", "blank"),
        ("{% if blank == trigger.no and customer.nothing == blank %}blank{% endif %}", "blank"),
        ("{% if customer.first_name != blank %}{{ customer.first_name }}{% endif %}", "Ann"),
        ("{% if customer.x == nil %}nil{% endif %}{% if customer.blank == nil %}nil{% endif %}", "nil"),
        ("{% if customer.tags == empty %}empty{% endif %}", "empty"),
        ("{% if customer.x contains 'a' %}yes{% endif %}{% if customer.x > 1 %}yes{% endif %}", ""),
        ("{% assign age = customer.age | plus: 0 %}{% if age >= 18 %}adult{% endif %}", "adult"),
        ('{{ customer["first_name"] }}', "Ann"),
        ("{{ trigger.object }}", '{"a":1}'),
        ("{{ trigger.items[1].n }}{{ trigger.items.last.n }}{{ trigger.items.size }}", "222"),
        ("{{ customer.nothing }}", ""),
        ("{{ customer.limit }}{% if customer.limit contains '9' %}!{% endif %}", "9!"),
    ],
)
def test_names(template: str, expected: str) -> None:
    assert render(template) == expected


@pytest.mark.parametrize(
    ("template", "message", "line", "column"),
    [
        ("Hello\n {{ customer.eemail }}", "Variable 'customer.eemail' is missing", 2, 5),
        ("{{ customer.x.y }}", "Variable 'customer.x' is missing", 1, 4),
        ("{{ customer.first_name.y }}", "Variable 'customer.first_name.y' is missing", 1, 4),
        ("{{ trigger.items[5].n }}", "Variable 'trigger.items[5]' is missing", 1, 4),
        ('{{ customer["odd name"] }}', "Variable 'customer[\"odd name\"]' is missing", 1, 4),
        ("{{ customer.x | plus: 1 }}", "Variable 'customer.x' is missing", 1, 4),
        ("{{ 1 | plus: customer.x }}", "Variable 'customer.x' is missing", 1, 14),
        ("{{ customer.x | upcase }}", "Variable 'customer.x' is missing", 1, 4),
        ("{{ customer.x | json }}", "Variable 'customer.x' is missing", 1, 4),
        ("{% for i in customer.x %}{% endfor %}", "Variable 'customer.x' is missing", 1, 13),
        ("{% for i in trigger.items %}{{ i.m }}{% endfor %}", "Variable 'i.m' is missing", 1, 32),
        ("{% assign y = customer.x %}\n{{ y }}", "Variable 'customer.x' is missing", 1, 15),
        ("{% nonsense %}", "Unknown tag 'nonsense'", 1, 4),
        ("{% endif %}", "Unexpected tag 'endif'", 1, 4),
        ("a\n{% if true %}", "if tag was never closed", 2, 4),
        ("{% if true %}{% for i in trigger.items %}{% endif %}", "Unexpected tag 'endif'", 1, 45),
        ("{% raw %}", "raw tag was never closed", 1, 4),
        ("{% include 'x' %}", "Unknown tag 'include'", 1, 4),
        ("{{ 'a' | nonsense }}", "Unknown filter 'nonsense'", 1, 10),
        ("{% if false %}{% assign x = 'a' | nope %}{% endif %}", "Unknown filter 'nope'", 1, 35),
        ("{% countdown point: 'x' %}", "countdown is not offered: Clarion does not make pictures", 1, 4),
        ("{% cio_link track: true %}", "cio_link: url is missing", 1, 4),
        ("{% break %}", "'break' outside of a loop", 1, 4),
        (
            "{{ 1 | pluralize }}",
            "filter 'pluralize': wrong number of arguments (given 0, expected 1 to 2)",
            1,
            8,
        ),
        ("{{ 'a' | upcase: 1 }}", "filter 'upcase': wrong number of arguments (given 1, expected 0)", 1, 10),
        ("{{ 'a' | map }}", "filter 'map': wrong number of arguments (given 0, expected 1)", 1, 10),
        ("{{ 'a' | default: 1, 2 }}", "filter 'default': wrong number of arguments (given 2, expected 0 to 1)", 1, 10),
        ("{{ 'a' | upcase: how: 'x' }}", "filter 'upcase': it has no argument called 'how'", 1, 10),
        ("{{ 1 | divided_by: 0 }}", "divided_by: can't divide by 0", 1, 8),
    ],
)
def test_errors_name_the_place(template: str, message: str, line: int, column: int) -> None:
    error = refusal(template)
    assert (error.message, error.part, error.line, error.column) == (message, "body", line, column)


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_comparing_text_with_a_number_is_an_error(operator: str) -> None:
    error = refusal(f"{{% if customer.age {operator} 18 %}}x{{% endif %}}")
    assert error.message.startswith("Unidentified method")
    assert error.line == 1


@pytest.mark.parametrize(
    "template", ["{{ a", "{% if", "{{ }}", "{% assign x %}", "{{ a | }}", "{% if a == %}x{% endif %}"]
)
def test_broken_syntax_is_refused_at_compile_time(template: str) -> None:
    with pytest.raises(RenderError) as caught:
        compile_template(template, "subject")
    assert caught.value.part == "subject"
    assert caught.value.line == 1


@pytest.mark.parametrize(
    "template",
    [
        "{% assign a = (1..1000000000) %}{{ a | join: ',' }}",
        "{% for i in (1..1000000000) reversed %}x{% endfor %}",
        "{% for i in (1..5000) %}{% for j in (1..5000) %}x{% endfor %}{% endfor %}",
        "{% assign a = 'xx' %}{% for i in (1..60) %}{% assign a = a | append: a %}{% endfor %}",
        "{% assign a = 'xx' %}{% for i in (1..60) %}{% assign a = a | replace: 'x', a %}{% endfor %}",
        "{% assign a = 7 %}{% for i in (1..60) %}{% assign a = a | times: a %}{% endfor %}{{ a }}",
        "{% assign a = 'a,b' | split: ',' %}{% for i in (1..60) %}{% assign a = a | push: a %}{% endfor %}",
        "{% assign a = 'a,b' | split: ',' %}{% for i in (1..60) %}{% assign a = a | concat: a %}{% endfor %}",
        (
            "{% assign a = 'x' %}{% for i in (1..15) %}{% assign a = a | append: a %}{% endfor %}"
            "{% for i in (1..2000) %}{% capture b %}{{ a }}{% endcapture %}{% endfor %}"
        ),
        (
            "{% assign a = 'x' %}{% for i in (1..15) %}{% assign a = a | append: a %}{% endfor %}"
            "{% assign l = a | split: '' %}{{ l | join: a }}"
        ),
        (
            "{{ (1..9000) | where_exp: 'i', '(1..9000) contains i' | size }}{% for i in (1..9000) %}"
            "{% for j in (1..9) %}x{% endfor %}{% endfor %}"
        ),
        "{% if true %}" * 60 + "{% endif %}" * 60,
        "{% raw %}" * 20_000,
        "{{ " + "a[" * 3000 + "b" + "]" * 3000 + " }}",
        "{{ '9' | times: 1e400 }}{{ 'x' | truncate: 'a' }}",
    ],
)
def test_templates_without_bounds_fail_fast(template: str) -> None:
    begin = time.process_time()
    refusal(template)
    assert time.process_time() - begin < 3


def test_locals_do_not_leak_between_renders() -> None:
    template = "{{ count }}{% assign count = 1 %}{% increment n %}"
    assert render(template) == render(template) == "0"
