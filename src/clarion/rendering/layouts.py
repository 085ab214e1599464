# SPDX-License-Identifier: Apache-2.0
"""An e-mail's body within its layout: one template, of which faults are told where their author finds them."""

import re

from clarion.domain.broadcasts import EmailContent, Layout
from clarion.domain.errors import RenderError
from clarion.rendering.inlining import Inlined, inlined
from clarion.rendering.insertions import Rewritten, offset_of, place_of

INSERTION = re.compile(r"\{\{-?\s*content\s*-?\}\}")
NO_LAYOUT = {"id": "", "name": ""}


def wrapped(content: EmailContent) -> str:
    """The body as it is rendered."""
    if content.layout is None:
        return content.body
    before, after = _halves(content.layout)
    return before + content.body + after


def with_styles(content: EmailContent) -> Inlined:
    """The same with its style sheets moved into it, if they are to be."""
    body = wrapped(content)
    return inlined(body) if content.inline_css else Inlined(Rewritten(body))


def names_of(content: EmailContent) -> dict[str, object]:
    """What ``layout.*`` shows."""
    layout = content.layout
    return dict(NO_LAYOUT) if layout is None else {"id": layout.layout_id, "name": layout.name}


def located(content: EmailContent, error: RenderError) -> RenderError:
    """A fault of the whole as one of the body, or of the layout."""
    layout = content.layout
    if layout is None or error.part != "body" or error.line is None or error.column is None:
        return error
    before, after = _halves(layout)
    behind = offset_of(before + content.body + after, error.line, error.column) - len(before)
    if behind < 0:
        return RenderError(error.message, part="layout", line=error.line, column=error.column)
    if behind < len(content.body):
        part, (line, column) = "body", place_of(content.body, behind)
    else:
        part, (line, column) = (
            "layout",
            place_of(layout.html, len(layout.html) - len(after) + behind - len(content.body)),
        )
    return RenderError(error.message, part=part, line=line, column=column)


def problem_of(html: str) -> str | None:
    """What keeps a text from being a layout, or None."""
    found = len(INSERTION.findall(html))
    if found == 1:
        return None
    return "has no {{ content }}: that is where the body goes" if not found else "has {{ content }} more than once"


def _halves(layout: Layout) -> tuple[str, str]:
    found = INSERTION.search(layout.html)
    if found is None:
        return "", layout.html
    return layout.html[: found.start()], layout.html[found.end() :]
