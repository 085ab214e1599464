# SPDX-License-Identifier: Apache-2.0
"""What of a rendered message is looked at in a frame of its own: the HTML of an e-mail or an in-app message, a picture.

Frames are served with a policy that runs nothing; the page itself loads no pictures from elsewhere.
"""

import json
from collections.abc import Collection, Iterator
from html import escape
from typing import Any

from clarion.rendering.email import RenderedEmail
from clarion.rendering.parts import RenderedParts
from clarion.rendering.webhook import RenderedWebhook

_APP = '<!doctype html><meta charset="utf-8"><base target="_blank">'  # as page/in_app.js has it
_PICTURE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Picture</title>'
    "<style>html,body{{height:100%;margin:0}}img{{width:100%;height:100%;object-fit:cover;display:block}}</style>"
    '<img alt="" src="{}">'
)
_PICTURES = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Picture</title>'
    "<style>html,body{{height:100%;margin:0;background:#eee;color:#333;font:11px/1.2 sans-serif}}"
    "img{{display:none;width:100%;height:100%;object-fit:cover}}img:target{{display:block}}</style>{}"
)
_NAMES = ("image_url", "image", "imageUrl", "icon", "thumbnail")  # of what apps and Slack take for a picture
_MOST = 20
_CHANNELS = ("slack", "inbox_message")


def pictures(message: RenderedEmail | RenderedWebhook | RenderedParts | None, broken: Collection[str]) -> list[str]:
    """Addresses of the pictures in a message whose texts are JSON; each is the target `p0`, `p1`, … of its frame."""
    return list(_pictures(message, broken))


def framed(message: RenderedEmail | RenderedWebhook | RenderedParts | None, broken: Collection[str]) -> str:
    """Its HTML; "" where there is nothing to frame, or it is among the `broken` parts."""
    if isinstance(message, RenderedEmail):
        return "" if "body" in broken else message.html
    if not isinstance(message, RenderedParts):
        return ""
    channel, parts = message.channel, message.parts
    if channel.html and channel.html not in broken:
        html = parts.get(channel.html, "").strip()
        return "" if not html or html.startswith(("{", "[")) else _APP + html
    if channel.picture and channel.picture not in broken:
        picture = parts.get(channel.picture, "")
        return _PICTURE.format(escape(picture)) if picture.startswith(("https://", "http://")) else ""
    found = enumerate(_pictures(message, broken).items())
    shown = "".join(f'<img id="p{no}" alt="{escape(alt)}" src="{escape(url)}">' for no, (url, alt) in found)
    return _PICTURES.format(shown) if shown else ""


def _pictures(
    message: RenderedEmail | RenderedWebhook | RenderedParts | None, broken: Collection[str]
) -> dict[str, str]:
    """Addresses with what stands for them where they do not load."""
    found: dict[str, str] = {}
    if not isinstance(message, RenderedParts) or message.channel.kind not in _CHANNELS:
        return found
    for part in message.channel.parts:
        if not part.as_json or part.name in broken:
            continue
        try:
            value = json.loads(message.parts.get(part.name) or "null")
        except ValueError:
            continue
        for url, alt in _within(value):
            if len(found) < _MOST:
                found.setdefault(url, alt)
    return found


def _within(value: Any) -> Iterator[tuple[str, str]]:
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending += one[::-1]
        elif isinstance(one, dict):
            alt = one.get("alt_text")
            for name in _NAMES:
                if isinstance(url := one.get(name), str) and url.startswith("https://"):
                    yield url, alt if isinstance(alt, str) and alt else "Picture"
            pending += [*one.values()][::-1]
