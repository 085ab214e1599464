# SPDX-License-Identifier: Apache-2.0
"""The newsletter that sending is measured with: 4.5 KB as a message, personal in text and HTML.

A loop, a condition, three filters, tracked links, the pixel, an unsubscribe link in the mail and in its header.
"""

import random
from typing import Any

from clarion.domain.broadcasts import EmailContent

SUBJECT = "{{ customer.first_name | capitalize }}, {{ trigger.headline | downcase }}"
TRIGGER_DATA: dict[str, Any] = {
    "headline": "The Night Bus Runs Again",
    "until": "2026-12-24T18:00:00Z",
    "deals": [
        {"title": "Lisbon", "price": 149, "url": "https://shop.example/deals/lisbon?ref=mail"},
        {"title": "Kyoto & Nara", "price": 899, "url": "https://shop.example/deals/kyoto?ref=mail"},
        {"title": "Montréal", "price": 430, "url": "https://shop.example/deals/montreal?ref=mail"},
        {"title": "Gdańsk", "price": 79, "url": "https://shop.example/deals/gdansk?ref=mail"},
    ],
}
_CARD = """<tr><td style="padding:12px 24px">
<a href="{{ deal.url }}"><strong>{{ deal.title | escape }}</strong></a>
<br>from {{ deal.price | currency: "en", "EUR" }} per person, flight and two nights</td></tr>
"""
BODY = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>News</title></head>
<body style="margin:0;background:#f4f4f4"><table role="presentation" width="100%" cellpadding="0" cellspacing="0">
<tr><td style="padding:24px">
<h1 style="font-size:24px;margin:0 0 16px">{{{{ trigger.headline }}}}</h1>
<p>Dear {{{{ customer.first_name | capitalize }}}} {{{{ customer.last_name | escape }}}},</p>
<p>you have been with us since {{{{ customer.created_at | date: "%-d %B %Y" }}}}, and there are seats for
{{{{ customer.city }}}} again. These are this week's journeys; book before
{{{{ trigger.until | date: "%A, %-d %B" }}}} and the second person travels at half the price.</p>
{{% if customer.plan == "premium" %}}<p><strong>First class is on us:</strong> your code is
<code>{{{{ customer.code }}}}</code>.</p>{{% else %}}<p>You have {{{{ customer.points }}}} points; at 500 you
travel <a href="https://shop.example/premium">first class</a>.</p>{{% endif %}}
</td></tr>
{{% for deal in trigger.deals %}}{_CARD}{{% endfor %}}
<tr><td style="padding:24px">
<p>You get this message because you asked for our offers. <a href="https://shop.example/imprint">Imprint</a>,
<a href="https://shop.example/privacy">privacy</a>, <a href="{{% unsubscribe_url %}}">unsubscribe</a>.</p>
</td></tr></table></body></html>
"""
CONTENT = EmailContent(
    subject=SUBJECT, body=BODY, preheader="Four journeys for {{ customer.first_name | capitalize }}",
    sender="Acme Travel <news@acme.example>", reply_to="help@acme.example",
    tracked=True,
)  # fmt: skip
_FIRST = ("ada", "björn", "chloé", "dmitri", "elif", "femi", "grace", "hiro", "inès", "jürgen", "kofi", "léa", "mei")
_LAST = ("Abara", "O'Brien", "Castillo", "Dąbrowski", "Eriksen", "Fontaine", "Gruber", "Hashimoto")
_CITIES = ("Lisbon", "Kyoto", "Gdańsk", "Nairobi", "Montréal", "São Paulo", "Oslo", "Vienna")


def attributes(number: int) -> dict[str, Any]:
    """The attributes of one of many people: the same number, the same person."""
    dice = random.Random(number)
    return {
        "first_name": dice.choice(_FIRST),
        "last_name": dice.choice(_LAST),
        "city": dice.choice(_CITIES),
        "plan": "premium" if dice.random() < 0.2 else "free",
        "points": dice.randrange(1000),
        "code": f"{dice.randrange(16**8):08X}",
        "created_at": 1_500_000_000 + dice.randrange(250_000_000),
    }
