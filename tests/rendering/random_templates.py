# SPDX-License-Identifier: Apache-2.0
"""Random templates and data: what authors write, what people lack, and what nobody should do."""

from random import Random
from typing import Any

_ROOTS = (
    "customer.name", "customer.age", "customer.plan", "customer.tags", "customer.address.city", "customer.gone",
    "customer.empty", "customer.html", "customer.born", "customer.address", "customer['odd name']", "customer.tags[0]",
    "trigger.title", "trigger.price", "trigger.items", "trigger.own", "trigger.gone", "trigger.items[1].name",
    "trigger.flag", "trigger.nested.a.b", "trigger.none", "trigger.when", "trigger.code", "unknown", "unknown.x",
    "message.subject", "message.name", "campaign.name", "delivery_id", "a", "b", "x", "x.name", "x.price",
    "forloop.index", "forloop.first", "forloop.last", "forloop.rindex0", "forloop.length", "snippets.one",
    "snippets.two", "customer.tags.size", "trigger.items.first.name", "trigger.items.last", "trigger[x]",
    "customer.tags[b]",
)  # fmt: skip
# What hardly ever fails; with the rest alone, nearly every template would.
_SAFE_ROOTS = (
    "customer.name", "customer.plan", "customer.html", "customer.born", "customer.tags", "customer.age",
    "trigger.title", "trigger.price", "trigger.items", "trigger.code", "trigger.flag", "a", "b", "x", "message.subject",
    "campaign.name", "delivery_id", "snippets.two", "customer.name", "trigger.when",
)  # fmt: skip
_SAFE_FILTERS = (
    "upcase", "capitalize", "escape", "strip", "size", "default: 'friend'", "default: a", "append: '!'", "prepend: a",
    "date: '%d %B %Y'", "date: '%-d.%m.%y %H:%M', 'Europe/Berlin'", "plus: 1", "times: 2", "join: ', '", "json",
    "truncate: 5", "truncatewords: 2", "replace: 'a', '='", "split: ','", "uniq", "slice: 1, 2", "url_encode",
    "strip_html", "newline_to_br", "titlecase", "md5", "slugify", "remove: 'n'", "base64", "date: a", "escape_once",
)  # fmt: skip
_LITERALS = ("'premium'", "'a'", "''", "' '", "0", "1", "3", "2.5", "true", "false", "nil", "empty", "blank", "(1..3)")
_FILTERS = (
    "upcase", "downcase", "capitalize", "escape", "strip", "size", "default: 'friend'", "default: a", "append: '!'",
    "append: customer.name", "prepend: a", "date: '%d %B %Y'", "date: '%-d.%m.%y %H:%M', 'Europe/Berlin'", "plus: 1",
    "times: 2", "minus: customer.age", "divided_by: 3", "modulo: 2", "round: 1", "join: ', '", "first", "last", "sort",
    "reverse", "json", "truncate: 5", "truncatewords: 2", "replace: 'a', '='", "split: ','", "map: 'name'",
    "sum: 'price'", "where: 'name', 'b'", "uniq", "compact", "slice: 1, 2", "url_encode", "strip_html", "newline_to_br",
    "titlecase", "currency: 'en', 'EUR'", "format_number", "pluralize: 'day'", "md5", "slugify",
    "concat: customer.tags",
    "push: 1", "at_least: 2", "abs", "ceil", "remove: 'n'", "where_exp: 'i', 'i.price > 2'", "group_by: 'name'",
    "escape_once",
    "date: a", "add_day: 2", "from_json", "base64", "array_to_sentence_string", "number_of_words", "limit: 1",
)  # fmt: skip
_TEXTS = (
    "Hello ", "\n", "<p>", "</p>\r\n", " ", "  \n ", "Grüße, ", "=", ".", "\n.\n", "=20", "“quoted” ", "x" * 90, "\t\n",
    "<a href='https://x.y/?a=1&b=2'>", "</a>", "</body>", "{ ", "é" * 40, "😀", ". ", "end.\n",
)  # fmt: skip
# {0} and {1}: what an author puts in there.
_LINKS = (
    '<a href="https://shop.example/{0}?a=1&amp;b=2" class="button">', "<area href='{0}'>", "<a {0} href={1}>",
    '<a href="https://shop.example/?p={0}&copy={1}">', "<A\nHREF = ' https://shop.example/é '\ttitle='{0}'>",
    '<a class="x untracked" href="https://shop.example/">', "<a href='mailto:{0}'>", '<a href="#{0}">',
    '<!--[if mso]><a href="http://shop.example/"><![endif]-->', '<a href="{{% unsubscribe_url %}}">',
    "<abbr title='{0}'>",
    '<a href="https://c.test/u/{0}">', '<a title="{0}>" href="https://shop.example/{{% cio_link_id %}}">', "<a {0}",
    '<a id={{{{ delivery_id }}}} href="https://shop.example/a" >', "<a", "<", '<a href="https://shop.example/a',
    "<p {0}>",
    "<a href=\"https://shop.example/{{% if customer.plan == 'a' %}}'\" title=\"{0}{{% else %}}{1}{{% endif %}}\">",
    "<a{{% if trigger.flag %}} class=untracked{{% endif %}} href=HTTPS://shop.example/{0}>", "</bo", "</BODY >",
    "</{0}>",
)  # fmt: skip
_TAGS = (
    "{% unsubscribe %}", "{% unsubscribe_url %}", "{% view_in_browser_url %}", "{% cio_link_id %}",
    "{% cio_link url: trigger.title %}", "{% cio_link url: customer.name %}", "{% render_liquid trigger.liquid %}",
    "{% cycle 'a', 'b' %}", "{% increment n %}", "{% break %}", "{% continue %}", "{% comment %}x{% endcomment %}",
    "{% raw %}{{ x }}{% endraw %}", "{% subscription_topic_name %}", "{% if %}",
)  # fmt: skip


class Author:
    """Writes one template after another."""

    def __init__(self, dice: Random, *, linking: bool = False) -> None:
        self.dice = dice
        self.linking = linking

    def value(self) -> str:
        kind = self.dice.random()
        if kind < 0.75:
            return self.dice.choice(_SAFE_ROOTS)
        return self.dice.choice(_ROOTS if kind < 0.85 else _LITERALS)

    def expression(self) -> str:
        pool = _SAFE_FILTERS if self.dice.random() < 0.85 else _FILTERS
        filters = self.dice.choices(pool, k=self.dice.choice((0, 0, 0, 1, 1, 2, 3)))
        if self.dice.random() < 0.4:
            filters.insert(0, "default: 'd'")
        return " | ".join((self.value(), *filters))

    def condition(self) -> str:
        tests = []
        for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
            if self.dice.random() < 0.5:
                tests.append(self.value())
            else:
                operator = self.dice.choice(("==", "!=", "==", "!=", "<", ">=", "contains"))
                tests.append(f"{self.value()} {operator} {self.value()}")
        return self.dice.choice((" and ", " or ")).join(tests)

    def text(self, depth: int = 0) -> str:
        """A template."""
        most = 6 if depth == 0 else 3
        return "".join(self.piece(depth) for _ in range(self.dice.randrange(1, most)))

    def piece(self, depth: int) -> str:
        kind = self.dice.random()
        if self.linking and kind < 0.15:
            return self.link()
        if kind < 0.35 or depth > 3:
            return self.dice.choice(_TEXTS)
        if kind < 0.6:
            return f"{{{{ {self.expression()} }}}}"
        if kind < 0.68:
            return f"{{% assign {self.dice.choice('abx')} = {self.expression()} %}}"
        if kind < 0.71:
            return self.dice.choice(_TAGS[:5] if self.dice.random() < 0.8 else _TAGS)
        return self.block(depth + 1)

    def link(self) -> str:
        inner = [self.dice.choice(("", "shop", f"{{{{ {self.expression()} }}}}")) for _ in range(2)]
        return self.dice.choice(_LINKS[:12] if self.dice.random() < 0.7 else _LINKS).format(*inner)

    def block(self, depth: int) -> str:
        inner, other = self.text(depth), self.text(depth)
        match self.dice.randrange(6):
            case 0 | 1:
                middle = f"{{% elsif {self.condition()} %}}{self.text(depth)}" if self.dice.random() < 0.3 else ""
                end = f"{{% else %}}{other}" if self.dice.random() < 0.5 else ""
                return f"{{% if {self.condition()} %}}{inner}{middle}{end}{{% endif %}}"
            case 2:
                return f"{{% unless {self.condition()} %}}{inner}{{% endunless %}}"
            case 3:
                whens = self.dice.choice(("'premium'", "'a', 'b'", "1", self.value()))
                return f"{{% case {self.value()} %}}{{% when {whens} %}}{inner}{{% else %}}{other}{{% endcase %}}"
            case 4:
                return f"{{% capture {self.dice.choice('abx')} %}}{inner}{{% endcapture %}}"
            case _:
                extra = self.dice.choice(
                    ("", "", " reversed", " limit: 2", " offset: 1", " limit: a", " limit:1 offset:1")
                )
                stop = "{% if forloop.index > 2 %}{% break %}{% endif %}" if self.dice.random() < 0.2 else ""
                name = self.dice.choice(("x", "x", "a"))
                end = f"{{% else %}}{other}" if self.dice.random() < 0.2 else ""
                return f"{{% for {name} in {self.value()}{extra} %}}{stop}{inner}{end}{{% endfor %}}"


def attributes(dice: Random) -> dict[str, Any]:
    """A person's; some lack some."""
    whole = {
        "name": dice.choice(
            ("ann", "Jürgen O'Neil", "=?utf-8?q?x?=", ".dot", "a\nb", "x" * 120, "ß" * 50, "a\r\nb", 7)
        ),
        "age": dice.choice((0, 31, "31", 2.5, True, -4)),
        "plan": dice.choice(("premium", "free", "a")),
        "tags": dice.choice(([], ["a", "b", "c"], ["a"], "a,b", [1, 2], [["x"], None])),
        "address": dice.choice(({"city": "Łódź"}, {}, {"city": None}, "none")),
        "empty": dice.choice(("", None, " ", [])),
        "html": dice.choice(
            ("<b>&amp; 'x'</b>", "<a href='https://shop.example/'>x</a>", "<a b", "> <", '"', "</body>")
        ),
        "born": dice.choice(("2001-02-03", "981158400", 981158400, "now and then", "2001-02-03T04:05:06+02:00")),
        "odd name": "odd",
    }
    return {name: value for name, value in whole.items() if dice.random() < 0.95}


def trigger_data(dice: Random) -> dict[str, Any]:
    """What all share."""
    items = [{"name": name, "price": dice.choice((1, 2.5, "3", None))} for name in ("a", "b", "c")]
    whole = {
        "title": dice.choice(("News", "  Great news\n", "", "Ünï.cödé")),
        "price": dice.choice((12, 0, 99.5, "12")),
        "items": dice.choice((items, [], {"k": 1, "l": 2}, "text", items[:1])),
        "flag": dice.choice((True, False)),
        "nested": {"a": {"b": "deep"}},
        "none": None,
        "when": "2026-12-24T18:00:00Z",
        "code": "shared",
        "liquid": dice.choice(("Hi {{ customer.name }}", "{{ 1 }}", "{% if", "{{ trigger.title }}")),
    }
    return {name: value for name, value in whole.items() if dice.random() < 0.9}


def own_data(dice: Random) -> dict[str, Any]:
    """What one person brings; it wins over what is shared."""
    whole: dict[str, Any] = {
        "own": dice.choice(("mine", 5, ["a"])),
        "code": "own",
        "items": [{"name": "z", "price": 4}],
    }
    return {name: value for name, value in whole.items() if dice.random() < 0.3}
