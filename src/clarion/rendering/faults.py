# SPDX-License-Identifier: Apache-2.0
"""Liquid's exceptions become `RenderError` here: the words of Customer.io's composer, line and column."""

import re

from liquid.exceptions import LiquidError
from liquid.token import Token

from clarion.domain.errors import RenderError

_COMPARED = "Unidentified method: text and numbers cannot be compared; make it a number first with | plus: 0"
_UNKNOWN_TAG = re.compile(r"unexpected tag '(.*)'$", re.DOTALL)
_VERBATIM = frozenset({"raw", "doc"})
_CONTINUATIONS = frozenset({"else", "elsif", "when"})


def place_of(token: Token | None) -> tuple[int, int] | None:
    """Line and column of a token, both counted from 1; None when it has no place in the text."""
    if token is None or token.start_index < 0:
        return None
    before = token.source[: token.start_index]
    return before.count("\n") + 1, token.start_index - (before.rfind("\n") + 1) + 1


def fault_at(message: str, part: str, token: Token | None) -> RenderError:
    """A `RenderError` with the place of `token`."""
    place = place_of(token)
    if place is None:
        return RenderError(message, part=part)
    return RenderError(message, part=part, line=place[0], column=place[1])


def fault(error: LiquidError, part: str) -> RenderError:
    """The `RenderError` for an exception of python-liquid in the part (or ``snippets.<name>``) given."""
    return fault_at(_words(str(error.args[0]) if error.args else ""), part, error.token)


def unknown_tag(name: str) -> str:
    """The sentence about a tag that nobody registered, or that stands where it cannot."""
    if name in _VERBATIM:  # python-liquid knows them only together with their end
        return f"{name} tag was never closed"
    if name in _CONTINUATIONS or name.startswith("end"):
        return f"Unexpected tag '{name}'"
    return f"Unknown tag '{name}'"


def _words(message: str) -> str:
    if message.startswith("'<' and '>' are not supported"):
        return _COMPARED
    if match := _UNKNOWN_TAG.match(message):
        return unknown_tag(match[1])
    if message.startswith("unknown filter"):
        return "Unknown" + message.removeprefix("unknown")
    return message or "The template cannot be rendered"


COMPARED = _COMPARED
