# SPDX-License-Identifier: Apache-2.0
"""URL parameters put into the links of a template, once, before it is compiled.

A link that is written out gets them where its query goes; one that Liquid makes is taken down and goes through a
filter, as does what a call's data may bring of HTML. Their values are worked out at the beginning of the template, so
that those which are the same for everybody are text by the time there is a person.
"""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from itertools import accumulate

from clarion.domain.url_params import Params
from clarion.rendering.filters_urls import ATTRIBUTE, DISABLED, LINK, is_web, place_in, values_of
from clarion.rendering.insertions import Rewritten, rewritten
from clarion.rendering.plain import CLOSE, LIQUID, OPEN, PLACEHOLDER
from clarion.rendering.text_links import UNTRACKED, urls

IN_HTML, IN_TEXT = "&amp;", "&"
_TAG = re.compile(
    r"<!--.*?-->|<(style|script)\b.*?</\1\s*>|<[a-z/!](?:\"[^\"]*\"|'[^']*'|[^\"'>]++)*+>", re.IGNORECASE | re.DOTALL
)
_TAG_WORD = re.compile(r"\{%-?\s*(\w+)")
_LOOP = re.compile(r"\{%-?\s*for\s+(\w+)\s+in\s+(\w+)")
_ROOT = re.compile(r"\{\{-?\s*(\w+)")
_OUTPUT_END = re.compile(r"-?\}\}\Z")
_WITHOUT_PARAMS = re.compile(r"\burl_params\s*[:=]\s*false\b")
_WITHOUT_TRACKING = re.compile(r"\btrack\s*[:=]\s*false\b")
_BLOCKS = frozenset({"if", "unless", "case", "for", "tablerow", "capture", "ifchanged"})
_INSIDE = frozenset({"else", "elsif", "when", "comment", "raw", "generate_uuid", "random", "cio_link_id", "echo"})

_ALL, _QUERY, _EMPTY, _URL = "clarion_url_params", "clarion_url_query", "clarion_url_empty", "clarion_url"


def linked_html(html: str, params: Params) -> Rewritten:
    """HTML with the parameters in its links, and with the class that keeps one untracked where `cio_link` says so.

    `prefix` is not in it yet.
    """
    text = _Marked(html, params)
    found: list[tuple[int, str]] = []
    done = 0
    for tag in _TAG.finditer(text.marked):
        found += text.between(done, tag.start())
        done = tag.end()
        if LINK.fullmatch(tag[0]):
            found += text.in_link(tag.start(), tag[0])
            found += text.untracked(tag.start(), tag[0])
    return text.rewritten([*found, *text.between(done, len(text.marked))])


def linked_text(source: str, params: Params) -> Rewritten:
    """The same of a text without HTML, for the URLs that are written out in it."""
    text = _Marked(source, params)
    return text.rewritten([*text.cio_links(0, len(text.marked)), *text.in_text()])


def linked_tags(source: str, params: Params) -> Rewritten:
    """A text that gets them through `cio_link` alone, ready to be compiled.

    A link whose `cio_link` says ``track: false`` comes out with `text_links.UNTRACKED` before it.
    """
    text = _Marked(source, params)
    found = list(text.cio_links(0, len(text.marked)))
    before = [(0, prefix(params, IN_TEXT))] if found else []
    return text.rewritten([*before, *text.marks(), *found])


def prefix(params: Params, between: str) -> str:
    """What works out the values; before a template with them."""
    if not params:
        return ""
    made = [f'{{% assign {_EMPTY} = "" %}}']
    for no, (name, value) in enumerate(params):
        one = f"{_URL}_{no}"
        made.append(
            f"{{% capture {one} %}}{value}{{% endcapture %}}{{% assign {one} = {one} | strip | url_encode %}}"
            f'{{% if {one} == "" %}}{{% assign {_EMPTY} = "{name}" %}}'
            f"{{% else %}}{{% capture {one} %}}{between}{name}={{{{ {one} }}}}{{% endcapture %}}{{% endif %}}"
        )
    pairs = "".join(f"{{{{ {_URL}_{no} }}}}" for no in range(len(params)))
    made.append(f"{{% capture {_ALL} %}}{pairs}{{% endcapture %}}")
    made.append(f'{{% assign {_QUERY} = {_ALL} | replace_first: "{between}", "?" %}}')
    return "".join(made)


class _Marked:
    """A template with placeholders for its Liquid; what is found in it is put in at the original's offsets."""

    def __init__(self, original: str, params: Params) -> None:
        self._original = original.replace(OPEN, " ").replace(CLOSE, " ")  # as long as before
        self._pieces: list[str] = []
        self._params = params
        self.marked = LIQUID.sub(self._take, self._original)
        found = list(PLACEHOLDER.finditer(self.marked))
        self._ends = [one.end() for one in found]
        self._grown = list(accumulate((len(self._pieces[int(one[1])]) - len(one[0]) for one in found), initial=0))
        self._data = {"trigger"}
        for piece in self._pieces:
            loop = _LOOP.match(piece)
            if loop and loop[2] in self._data:
                self._data.add(loop[1])

    def _take(self, found: re.Match[str]) -> str:
        self._pieces.append(found[0])
        return f"{OPEN}{len(self._pieces) - 1}{CLOSE}"

    def at(self, offset: int) -> int:
        """The offset in the original of a place in the marked text that is not inside of a placeholder."""
        return offset + self._grown[bisect(self._ends, offset)]

    def rewritten(self, found: Iterable[tuple[int, str]]) -> Rewritten:
        """With what was found put in, at offsets of the original."""
        return rewritten(self._original, sorted(found, key=lambda one: one[0]))

    def between(self, begin: int, end: int) -> Iterator[tuple[int, str]]:
        """Between tags: `cio_link`, and what a call's data may bring of HTML."""
        yield from self.cio_links(begin, end)
        for place in PLACEHOLDER.finditer(self.marked, begin, end) if self._params else ():
            piece = self._pieces[int(place[1])]
            root, closing = _ROOT.match(piece), _OUTPUT_END.search(piece)
            if root and closing and root[1] in self._data:
                yield self.at(place.end()) - len(closing[0]), f" | links_with_params: {_ALL} "

    def cio_links(self, begin: int, end: int) -> Iterator[tuple[int, str]]:
        """Each `cio_link` but those that want none."""
        for place in PLACEHOLDER.finditer(self.marked, begin, end) if self._params else ():
            piece = self._pieces[int(place[1])]
            if _word(piece) == "cio_link" and not _WITHOUT_PARAMS.search(piece):
                yield from self._filtered(place.start(), place.end(), f"{_ALL}, {_EMPTY}")

    def in_link(self, begin: int, tag: str) -> Iterator[tuple[int, str]]:
        """An `a` or `area` tag that begins there."""
        href, classes = values_of(tag)
        if href is None or not self._params:
            return
        first, last = begin + href[0], begin + href[1]
        if any(_word(piece) == "cio_link" for piece in self._inside(first, last)):
            yield from self.cio_links(first, last)
        elif DISABLED not in classes:
            yield from self._in_url(first, last)

    def untracked(self, begin: int, tag: str) -> Iterator[tuple[int, str]]:
        """The class that keeps a link as it is, where its `cio_link` says ``track: false``."""
        href, _ = values_of(tag)
        if href is None or not any(
            _word(piece) == "cio_link" and _WITHOUT_TRACKING.search(piece)
            for piece in self._inside(begin + href[0], begin + href[1])
        ):
            return
        for found in ATTRIBUTE.finditer(tag, 2, len(tag) - 1):
            if found[1].lower() == "class" and found[2] is not None:
                if found[2][0] in "\"'":
                    yield self.at(begin + found.start(2) + 1), "untracked "
                else:
                    yield from ((self.at(begin + found.start(2)), '"untracked '), (self.at(begin + found.end(2)), '"'))
                return
        yield self.at(begin + len("<a" if tag[2:3].isspace() else "<area")), ' class="untracked"'

    def marks(self) -> Iterator[tuple[int, str]]:
        """The same in a text without HTML, which has no classes."""
        for place in PLACEHOLDER.finditer(self.marked):
            piece = self._pieces[int(place[1])]
            if _word(piece) == "cio_link" and _WITHOUT_TRACKING.search(piece):
                yield self.at(place.start()), UNTRACKED

    def in_text(self) -> Iterator[tuple[int, str]]:
        """The URLs that are written out in a text without HTML."""
        for begin, end in urls(self.marked) if self._params else ():
            yield from self._in_url(begin, end)

    def _in_url(self, begin: int, end: int) -> Iterator[tuple[int, str]]:
        url, inside = self.marked[begin:end], self._inside(begin, end)
        if not inside:
            if is_web(url):
                place, names, has_query = place_in(url)
                yield self.at(begin + place), self._written(names, has_query=has_query)
        elif (is_web(url) or url.lstrip().startswith(OPEN)) and _is_whole(inside):
            yield from self._filtered(begin, end, _ALL)

    def _written(self, names: frozenset[str], *, has_query: bool) -> str:
        """What goes into a URL with these names."""
        if not has_query:
            return f"{{{{ {_QUERY} }}}}"
        if names.isdisjoint(name for name, _ in self._params):
            return f"{{{{ {_ALL} }}}}"
        return "".join(f"{{{{ {_URL}_{no} }}}}" for no, (name, _) in enumerate(self._params) if name not in names)

    def _filtered(self, begin: int, end: int, arguments: str) -> Iterator[tuple[int, str]]:
        yield self.at(begin), f"{{% capture {_URL} %}}"
        yield self.at(end), f"{{% endcapture %}}{{{{ {_URL} | url_with_params: {arguments} }}}}"

    def _inside(self, begin: int, end: int) -> list[str]:
        return [self._pieces[int(found[1])] for found in PLACEHOLDER.finditer(self.marked, begin, end)]


def _word(piece: str) -> str:
    """The name of a tag; "" for an output."""
    found = _TAG_WORD.match(piece)
    return found[1] if found else ""


def _is_whole(pieces: list[str]) -> bool:
    """Whether each block that begins in a URL ends in it, and none of it is a link of Clarion's own."""
    depth = 0
    for word in map(_word, pieces):
        if word in _BLOCKS:
            depth += 1
        elif word.startswith("end"):
            depth -= 1
        elif word and (word not in _INSIDE or depth < 0):
            return False
    return depth == 0
