# SPDX-License-Identifier: Apache-2.0
"""Snippets in an e-mail whose styles move into their elements: those that it prints as they are, in its body, alone.

A snippet that is put through a filter, compared, captured or printed elsewhere could show something else with other
attributes in it, so it stays as it is written.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from clarion.domain.broadcasts import EmailContent
from clarion.rendering.inlining import Around, inlined_snippet, marked_with
from clarion.rendering.insertions import Rewritten
from clarion.rendering.layouts import with_styles, wrapped
from clarion.rendering.markup import Element, Kept, Template
from clarion.rendering.plain import CLOSE, LIQUID, OPEN, PLACEHOLDER

_NAME = r"snippets(?:\.([\w-]+)|\[\s*(?:'([^']*)'|\"([^\"]*)\")\s*\])"
_NAMED = re.compile(_NAME)
_PRINTED = re.compile(r"\{\{-?\s*" + _NAME + r"\s*-?\}\}")
_ANY = re.compile(r"\bsnippets\b")
_UNFORESEEN = re.compile(r"\{%-?\s*(?:capture|render_liquid|liquid)\b")


def styled_snippets(content: EmailContent, snippets: Mapping[str, str]) -> Mapping[str, Rewritten]:
    """By name those in which something moved."""
    body = wrapped(content)
    inside = _reachable(body, snippets) if content.kind == "email" and content.inline_css else []
    if not inside or with_styles(content).kept is not None:
        return {}
    texts = [content.subject, content.preheader, content.plain, content.sender, content.reply_to, content.amp]
    texts += [content.recipient, content.cc, content.bcc, *(value for _, value in content.headers)]
    texts += [value for _, value in content.url_params or ()]
    elsewhere = tuple(text for text in texts if _ANY.search(text))
    return _styled(body, elsewhere, tuple((name, snippets[name]) for name in inside))


@lru_cache(maxsize=32)
def _styled(body: str, elsewhere: tuple[str, ...], inside: tuple[tuple[str, str], ...]) -> Mapping[str, Rewritten]:
    """`elsewhere`: texts that are no body; `inside`: the snippets that the body prints, by name."""
    if any(OPEN in text or CLOSE in text for text in (body, *(source for _, source in inside))):
        return {}
    read = _Read()
    read.body(body)
    for text in elsewhere:
        read.elsewhere(text)
    for _, source in inside:
        read.snippet(source)
    if read.unforeseen or not read.sheets.strip():
        return {}
    around = Around(read.sheets, read.elements)
    made = {name: inlined_snippet(source, around).made for name, source in inside if name not in read.kept}
    return {name: one for name, one in made.items() if one.insertions}


def _names(found: Iterable[re.Match[str]]) -> set[str]:
    return {one[1] or one[2] or one[3] or "" for one in found}


def _reachable(body: str, snippets: Mapping[str, str]) -> list[str]:
    """Those that the body prints, and what they print, however deep."""
    found: list[str] = []
    pending = sorted(_names(_PRINTED.finditer(body)))
    while pending:
        name = pending.pop()
        if name in snippets and name not in found:
            found.append(name)
            pending += sorted(_names(_PRINTED.finditer(snippets[name])))
    return found


class _Read:
    """What all texts of a message say of its snippets. `kept`: the names of those that stay as they are."""

    def __init__(self) -> None:
        self.sheets = ""
        self.elements: list[Element] = []
        self.kept: set[str] = set()
        self.unforeseen = False

    def body(self, html: str) -> None:
        """With its layout."""
        pieces: list[str] = []
        template = self._html(html, pieces)
        if template is not None:
            sheets = (f"<style>{sheet}</style>" for sheet in template.sheets)
            self.sheets = PLACEHOLDER.sub(lambda one: pieces[int(one[1])], "".join(sheets))

    def snippet(self, html: str) -> None:
        """One that the body prints."""
        self._html(html, [])

    def elsewhere(self, text: str) -> None:
        """Whatever is no body: what is printed there stays."""
        self.kept |= _names(_NAMED.finditer(text))
        self._liquid(text)

    def _html(self, html: str, pieces: list[str]) -> Template | None:
        self._liquid(html)
        try:
            template = Template(marked_with(html, pieces), pieces)
        except Kept:
            self.kept |= _names(_NAMED.finditer(html))
            return None
        self.elements += template.elements
        for element in template.elements:
            of_tag = "".join(pieces[int(one[1])] for one in PLACEHOLDER.finditer(element.text))
            self.kept |= _names(_NAMED.finditer(of_tag))
        return template

    def _liquid(self, text: str) -> None:
        """What Liquid does with snippets beside printing them."""
        for piece in LIQUID.findall(_PRINTED.sub("", text)):
            named = list(_NAMED.finditer(piece))
            self.kept |= _names(named)
            self.unforeseen |= len(named) < len(_ANY.findall(piece)) or _UNFORESEEN.match(piece) is not None
