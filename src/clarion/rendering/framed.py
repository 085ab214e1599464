# SPDX-License-Identifier: Apache-2.0
"""What of a rendered message is looked at in a frame of its own: the HTML of an e-mail or an in-app message, a picture.

Frames are served with a policy that runs nothing; the page itself loads no pictures from elsewhere.
"""

from collections.abc import Collection
from html import escape

from clarion.rendering.email import RenderedEmail
from clarion.rendering.parts import RenderedParts
from clarion.rendering.webhook import RenderedWebhook

_APP = '<!doctype html><meta charset="utf-8"><base target="_blank">'  # as page/in_app.js has it
_PICTURE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Picture</title>'
    "<style>html,body{{height:100%;margin:0}}img{{width:100%;height:100%;object-fit:cover;display:block}}</style>"
    '<img alt="" src="{}">'
)


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
    return ""
