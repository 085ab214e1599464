# SPDX-License-Identifier: Apache-2.0
"""Which pictures of a message its frame shows, one by one."""

import json

import pytest

from clarion.domain.channels import CHANNELS
from clarion.rendering.framed import framed, pictures
from clarion.rendering.parts import RenderedParts

A, B, C = (f"https://a.test/{name}.png" for name in "abc")
BLOCKS = [
    {"type": "section", "accessory": {"type": "image", "image_url": A, "alt_text": "A <bus>"}},
    {"type": "image", "image_url": B, "alt_text": ""},
    {
        "type": "context",
        "elements": [{"type": "image", "image_url": A}, {"type": "image", "image_url": "http://x.test"}],
    },
    {"type": "image", "image_url": 'https://a.test/"onload="x', "alt_text": "odd"},
]


def message(kind: str, name: str, value: object) -> RenderedParts:
    return RenderedParts(CHANNELS[kind], "", {name: value if isinstance(value, str) else json.dumps(value)})


def test_each_picture_of_slack_is_a_target_of_the_frame() -> None:
    slack = message("slack", "blocks", BLOCKS)
    assert pictures(slack, ()) == [A, B, 'https://a.test/"onload="x']
    html = framed(slack, ())
    assert f'<img id="p0" alt="A &lt;bus&gt;" src="{A}">' in html
    assert f'id="p1" alt="Picture" src="{B}">' in html
    assert 'src="https://a.test/&quot;onload=&quot;x"' in html
    assert html.count("<img ") == 3


def test_an_inbox_message_has_what_apps_take_for_a_picture() -> None:
    inbox = message("inbox_message", "properties", {"thumbnail": C, "link": A, "deep": [{"icon": B}]})
    assert set(pictures(inbox, ())) == {B, C}


@pytest.mark.parametrize(
    "found",
    [
        message("slack", "blocks", "[{"),
        message("slack", "blocks", ""),
        message("slack", "blocks", [{"type": "image", "image_url": 7}]),
        message("whatsapp", "body", {"image_url": A}),
        None,
    ],
)
def test_without_one_there_is_nothing_to_frame(found: RenderedParts | None) -> None:
    assert (pictures(found, ()), framed(found, ())) == ([], "")


def test_what_is_broken_shows_none() -> None:
    assert framed(message("slack", "blocks", BLOCKS), {"blocks"}) == ""
