# SPDX-License-Identifier: Apache-2.0
"""Which links of a text lead through us, and what around them stays."""

import json
import re

import pytest

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.links import LONGEST_TRACKED
from clarion.domain.short_links import ShortLinks, behind
from clarion.rendering.text_links import TextTracker

SECRET = b"k" * 32
KEY = DeliveryKey(3, 2, 1)
TRACKER = TextTracker(ShortLinks(SECRET, "https://c.test"))


def shown(text: str) -> str:
    """A text with what its links lead to in the place of ours, in angle brackets."""

    def target(found: re.Match[str]) -> str:
        known = behind(found[1], SECRET)
        assert known is not None
        assert known[0] == KEY
        return f"<{known[1]}>"

    return re.sub(r"https://c\.test/s/([\w-]+)", target, text)


@pytest.mark.parametrize(
    ("text", "tracked"),
    [
        ("Go to https://x.test/a?b=c&d=1#e now", "Go to <https://x.test/a?b=c&d=1#e> now"),
        ("https://x.test", "<https://x.test>"),
        ("See https://x.test/a. Or http://y.test/b, or not", "See <https://x.test/a>. Or <http://y.test/b>, or not"),
        ("(https://x.test/a)", "(<https://x.test/a>)"),
        ("https://x.test/a_(b)", "<https://x.test/a_(b)>"),
        ("HTTPS://X.test/A!?", "<https://X.test/A>!?"),
        ("„https://x.test/ü“ und", "„<https://x.test/ü>“ und"),
        ('"https://x.test/a"', '"<https://x.test/a>"'),
        ("https://x.test/a\nhttps://y.test/b", "<https://x.test/a>\n<https://y.test/b>"),
        ("x.test, ftp://x.test, https:// and nightbus://a", "x.test, ftp://x.test, https:// and nightbus://a"),
        ("STOP: https://c.test/unsubscribe/abc", "STOP: https://c.test/unsubscribe/abc"),
        ("https://c.test/other", "<https://c.test/other>"),
    ],
)
def test_links_lead_through_us(text: str, tracked: str) -> None:
    made = TRACKER.tracked(text, KEY)
    assert shown(made) == tracked


def test_a_link_that_is_too_long_stays() -> None:
    long = "https://x.test/" + "a" * LONGEST_TRACKED
    assert TRACKER.tracked(f"{long}.", KEY) == f"{long}."


def test_texts_in_json_are_looked_through() -> None:
    told = {"content_sid": "HX", "variables": {"1": "https://x.test/?a=1&b=2", "2": ["Hi", 3, None]}}
    made = json.loads(TRACKER.tracked_json(json.dumps(told).replace("/", "\\/"), KEY))
    assert shown(made["variables"].pop("1")) == "<https://x.test/?a=1&b=2>"
    assert made == {"content_sid": "HX", "variables": {"2": ["Hi", 3, None]}}
    assert TRACKER.tracked_json('{"a":  1}', KEY) == '{"a":  1}', "without a link it stays as it is"
