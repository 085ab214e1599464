# SPDX-License-Identifier: Apache-2.0
"""The preheader: hidden text at the start of the body, which mail programs show next to the subject."""

import re

from clarion.rendering.binding import Unsupported
from clarion.rendering.code import Fixed, Hole, Ops, every

_BODY_TAG = re.compile(r"<body\b(?:\"[^\"]*\"|'[^']*'|[^>\"'])*>", re.IGNORECASE)
_BEGUN = re.compile(r"<(?:b(?:o(?:d(?:y\b[^>]*)?)?)?)?\Z", re.IGNORECASE)  # what a hole could make a body tag of
_BARE_AMPERSAND = re.compile(r"&(?!(?:[a-zA-Z][a-zA-Z0-9]*|#\d+|#[xX][0-9a-fA-F]+);)")
_HIDDEN = '<div style="display:none;max-height:0;max-width:0;overflow:hidden;mso-hide:all">{}</div>'


def hidden(preheader: str) -> str:
    """The element; nothing for nothing."""
    if not preheader:
        return ""
    text = _BARE_AMPERSAND.sub("&amp;", preheader).replace("<", "&lt;").replace(">", "&gt;")
    return _HIDDEN.format(text)


def with_preheader(html: str, preheader: str) -> str:
    """HTML with the preheader in it."""
    match = _BODY_TAG.search(html)
    at = match.end() if match else 0
    return f"{html[:at]}{hidden(preheader)}{html[at:]}"


def placed(ops: Ops, preheader: Fixed | Hole) -> Ops:
    """The operations of a body with the preheader where `with_preheader` puts it.

    What is personal in front of it may not open a tag then. Raises Unsupported where the place is not certain.
    """
    for index, op in enumerate(ops):
        match = _BODY_TAG.search(op.text) if isinstance(op, Fixed) else None
        if isinstance(op, Fixed) and match is not None:
            before = [*_without_tags(ops[:index]), Fixed(op.text[: match.end()])]
            return [*before, preheader, Fixed(op.text[match.end() :]), *ops[index + 1 :]]
    return [preheader, *_without_tags(ops)]


def _without_tags(ops: Ops) -> Ops:
    for op in every(ops):
        if isinstance(op, Fixed) and (
            _BODY_TAG.search(op.text) or "<body" in op.text.lower() or _BEGUN.search(op.text)
        ):
            raise Unsupported("a body tag in pieces")
        if isinstance(op, Hole) and not op.is_safe:
            op.plain = True
    return ops
