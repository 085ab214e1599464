# SPDX-License-Identifier: Apache-2.0
"""A message of any channel as somebody reads it: its HTML, or its texts one below the other."""

from html import escape

from clarion.rendering.email import RenderedEmail
from clarion.rendering.parts import RenderedParts
from clarion.rendering.webhook import RenderedWebhook


def texts_of(made: RenderedEmail | RenderedWebhook | RenderedParts) -> dict[str, str]:
    """The parts of a message that people read; of a webhook the request, of other channels all texts."""
    if isinstance(made, RenderedWebhook):
        first = f"{made.method.value.upper()} {made.url}"
        lines = [first, *(f"{name}: {value}" for name, value in made.headers), "", made.body]
        return {"from": "", "to": made.url, "html": "", "plain": "\n".join(lines)}
    if isinstance(made, RenderedParts):
        lines = [f"{name}: {text}" for name, text in made.parts.items() if text]
        return {"from": made.parts.get("from", ""), "to": made.recipient, "html": "", "plain": "\n".join(lines)}
    return {"from": made.sender, "to": made.recipient, "html": made.html, "plain": made.plain}


def html_of(made: RenderedEmail | RenderedWebhook | RenderedParts) -> str:
    """What a frame shows of it."""
    texts = texts_of(made)
    plain = f'<meta charset="utf-8"><pre style="white-space: pre-wrap">{escape(texts["plain"])}</pre>'
    return texts["html"] or plain
