# SPDX-License-Identifier: Apache-2.0
"""Short links: what goes in comes out, nothing else does, and they are short."""

import base64

import pytest

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.links import LONGEST_TRACKED
from clarion.domain.short_links import ShortLinks, behind

SECRET = b"k" * 32
KEY = DeliveryKey(412, 83_000, 97)
SHORT = ShortLinks(SECRET, "https://go.example.com")


def token(url: str, key: DeliveryKey = KEY) -> str:
    made = SHORT(url, key)
    assert made.startswith("https://go.example.com/s/")
    return made.removeprefix("https://go.example.com/s/")


@pytest.mark.parametrize(
    "url",
    [
        "https://nightbus.example/lines/7?stop=12",
        "http://x.test",
        "https://x.test/a%20b?c=d&e[]=ü#g",
        "https://shop.example.com/?utm_source=clarion&utm_medium=sms&utm_campaign=spring",
        "https://x.test/" + "é" * (LONGEST_TRACKED // 2 - 10),
    ],
)
@pytest.mark.parametrize(
    "key", [KEY, DeliveryKey(0, 1, 0), DeliveryKey(2**48 - 1, 2**40 - 1, 2**40 - 1), DeliveryKey(127, 128, 129)]
)
def test_whose_it_is_and_where_it_leads_comes_out_again(url: str, key: DeliveryKey) -> None:
    assert behind(token(url, key), SECRET) == (key, url)


def test_they_are_short() -> None:
    assert len(SHORT("https://nightbus.example/lines/7", KEY)) <= 80
    plain = "https://shop.example.com/?utm_source=clarion&utm_medium=sms&utm_campaign=spring"
    assert len(SHORT(plain, KEY)) <= len(plain) + 5


def test_nobody_else_makes_one() -> None:
    made = token("https://x.test/")
    raw = base64.urlsafe_b64decode(made + "=" * (-len(made) % 4))
    for at in range(len(raw)):
        changed = bytes((*raw[:at], raw[at] ^ 1, *raw[at + 1 :]))
        assert behind(base64.urlsafe_b64encode(changed).decode().rstrip("="), SECRET) is None
    for wrong in ("", "x", "ü", made[:-1], made + "A", made + "=", "!" + made, "A" * 8):
        assert behind(wrong, SECRET) is None
    assert behind(made, b"o" * 32) is None
