# SPDX-License-Identifier: Apache-2.0
"""Links that lead through us, and the pixel: put into HTML as it is, which is never parsed and written anew.

`Tracker` does it to a finished text, as the interpreter needs it and in doubt compiled code; `tracked` to the
operations of a compiled body, where nearly all of it becomes fixed text.
"""

import re
from collections.abc import Callable
from html import unescape
from html.entities import html5
from typing import NamedTuple

from clarion.domain.links import LONGEST_TRACKED
from clarion.rendering.binding import Unsupported
from clarion.rendering.code import Capture, Choice, Constants, Fixed, Hole, Line, Loop, Op, Ops, every
from clarion.rendering.runtime import Fallback

_FLAGS = re.IGNORECASE | re.ASCII
_BEGIN = re.compile(r"<(?:a|area)(?=[\s/>])", _FLAGS)
_TAG = re.compile(r"<(?:a|area)(?=[\s/>])(?:\"[^\"]*\"|'[^']*'|[^\"'>]++)*+>", _FLAGS)
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]++)(?:\s*+=\s*+(\"[^\"]*\"|'[^']*'|[^\s\"'>]++))?+", _FLAGS)
_BODY_END = re.compile(r"</body", _FLAGS)
_BEGUN = re.compile(r"<(?:a(?:r(?:ea?)?)?|/(?:b(?:o(?:dy?)?)?)?)?\Z", _FLAGS)  # what the next text may complete
_WEB = re.compile(r"https?://[^\s/]", _FLAGS)
_INSIDE = str.maketrans("", "", "\t\r\n")  # browsers drop these in a URL
_SPACES = " \t\r\n\f"
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|([a-zA-Z][a-zA-Z0-9]*+(?:;|(?!=))))")
_MARK = "Qm7delivery0id0mark7mQ"
_OURS = ("unsubscribe", "preferences", "consent", "view", "e")


class _Place(NamedTuple):
    """Where the value of a link stands in its tag, and its URL."""

    begin: int
    end: int
    url: str


class Tracker:
    """Makes the links of one action lead through us.

    `base_url`: where this server is reached, without a slash at the end; `sign`: the token of a URL.
    """

    def __init__(self, base_url: str, sign: Callable[[str], str]) -> None:
        self._clicks = f"{base_url}/e/c/"
        self._opens = f"{base_url}/e/o/"
        self._ours = tuple(f"{base_url}/{word}/" for word in _OURS)
        self._sign = sign

    def instrumented(self, html: str, delivery_id: str) -> str:
        """A whole mail with its links and the pixel."""
        html = "".join(self._texts(html, delivery_id)[0])
        at = max((found.start() for found in _BODY_END.finditer(html)), default=len(html))
        return f"{html[:at]}{self.pixel(delivery_id)}{html[at:]}"

    def pixel(self, delivery_id: str) -> str:
        """The element whose loading tells that a mail was opened."""
        return f'<img src="{self._opens}{delivery_id}" width="1" height="1" alt="" style="display:block">'

    def _texts(self, html: str, delivery_id: str) -> tuple[list[str], bool]:
        """The pieces of a text, and whether all of its tags are closed: what follows one that is not stays as it is."""
        pieces: list[str] = []
        done = 0
        while begin := _BEGIN.search(html, done):
            tag = _TAG.match(html, begin.start())
            if tag is None:
                break
            pieces += (html[done : tag.start()], self.link(tag[0], delivery_id))
            done = tag.end()
        pieces.append(html[done:])
        return pieces, begin is None

    def link(self, tag: str, delivery_id: str) -> str:
        """One `a` or `area` tag."""
        place = self.place(tag)
        if place is None:
            return tag
        return f"{tag[: place.begin]}{self._clicks}{delivery_id}/{self._sign(place.url)}{tag[place.end :]}"

    def place(self, tag: str) -> _Place | None:
        """The URL that is to lead through us; None: the tag stays as it is."""
        found: _Place | None = None
        seen: set[str] = set()
        for attribute in _ATTRIBUTE.finditer(tag, 2, len(tag) - 1):  # the end of `area` is no attribute of note
            name = attribute[1].lower()
            if name in seen or attribute[2] is None:
                continue
            seen.add(name)  # the first of several counts
            begin, end = attribute.span(2)
            if attribute[2][0] in "\"'":
                begin, end = begin + 1, end - 1
            if name == "class" and "untracked" in tag[begin:end].split():
                return None
            if name == "href":
                found = self._place(tag, begin, end)
        return found

    def _place(self, tag: str, begin: int, end: int) -> _Place | None:
        url = _unescaped(tag[begin:end]).strip(_SPACES).translate(_INSIDE)
        if not _WEB.match(url) or url.startswith(self._ours) or len(url.encode("utf-8", "replace")) > LONGEST_TRACKED:
            return None
        return _Place(begin, end, url)

    # -- called by compiled code; whatever is raised means that the interpreter makes this message -------------------

    def in_value(self, value: str, delivery_id: str) -> str:
        """A personal text with HTML in it. Raises Fallback where what is around it matters."""
        pieces, closed = self._texts(value, delivery_id)
        if not closed or _BEGUN.search(value) or _BODY_END.search(value):
            raise Fallback
        return "".join(pieces)

    def in_tag(self, tag: str, delivery_id: str) -> str:
        """A tag that is personal. Raises Fallback when it ends elsewhere than its template told."""
        found = _TAG.match(tag)
        if found is None or found.end() != len(tag) or _BODY_END.search(tag):
            raise Fallback
        return self.link(tag, delivery_id)


def tracked(ops: Ops, tracker: Tracker, constants: Constants, known: Op | None) -> Ops:
    """The operations of a body, writing what `Tracker.instrumented` makes of their text.

    `known`: an operation that has no links. Raises Unsupported where that is not certain.
    """
    constants.values["tracked_value"] = tracker.in_value
    constants.values["tracked_tag"] = tracker.in_tag
    return _with_pixel(_Links(tracker, known).below(ops), tracker)


class _Links:
    """Rewrites operations. Between two of them no tag that matters is open, unless both are taken together."""

    def __init__(self, tracker: Tracker, known: Op | None) -> None:
        self._tracker = tracker
        self._known = known
        self._made = 0

    def below(self, ops: Ops) -> Ops:
        """A list of operations that are always done together."""
        found: Ops = []
        pending = ops[::-1]
        while pending:
            op = pending.pop()
            if isinstance(op, Fixed):
                found += self._fixed(op.text, pending)
            elif isinstance(op, Hole):
                op.linking = op is not self._known and not op.is_safe
                found.append(op)
            elif isinstance(op, Choice):
                found.append(Choice(op.holds, self.below(op.then), self.below(op.other)))
            elif isinstance(op, Loop):
                found.append(Loop(op.head, self.below(op.body)))
            else:
                found.append(op)  # what is captured counts where it is written
        return found

    def _fixed(self, text: str, pending: Ops) -> Ops:
        """A text; of a tag that goes on after it, the rest is taken from `pending`, the last one first."""
        found: Ops = []
        done = 0
        while begin := _BEGIN.search(text, done):
            found.append(Fixed(text[done : begin.start()]))
            tag = _TAG.match(text, begin.start())
            if tag is None:
                return found + self._personal(_taken(text[begin.start() :], pending))
            found += _split(self._tracker.link(tag[0], _MARK))
            done = tag.end()
        if _BEGUN.search(text):
            raise Unsupported("a tag in pieces")
        return [*found, Fixed(text[done:])]

    def _personal(self, tag: Ops) -> Ops:
        texts = [_shown(op) for op in tag]
        if None not in texts:
            text = "".join(filter(None, texts))
            place = self._tracker.place(text)
            if place is None:
                return tag
            if _MARK not in place.url:
                return _split(self._tracker.link(text, _MARK))
        self._made += 1
        name = f"a{self._made}"
        return [Capture(name, tag), Hole(f"tracked_tag({name}, delivery_id)", is_text=True)]


def _shown(op: Op) -> str | None:
    """The text of an operation that writes nothing personal but the delivery id."""
    if isinstance(op, Hole):
        return _MARK if op.code == "delivery_id" else None
    return op.text if isinstance(op, Fixed) else None


def _taken(text: str, pending: Ops) -> Ops:
    """A tag from its begin in `text` on; what follows it is put back."""
    found: Ops = []
    quote = ""
    while True:
        end, quote = _end(text, quote)
        if end is not None:
            if text[end:]:
                pending.append(Fixed(text[end:]))
            return [*found, Fixed(text[:end])]
        if text:
            found.append(Fixed(text))
        text = ""
        if not pending:
            raise Unsupported("a link without an end")
        op = pending.pop()
        if any(isinstance(each, Line) and each.code in {"break", "continue"} for each in every([op])):
            raise Unsupported("a loop that is left inside of a link")
        if isinstance(op, Fixed):
            text = op.text
        else:
            found.append(op)


def _end(text: str, quote: str) -> tuple[int | None, str]:
    """Where a tag ends in a text that begins inside it, after an open `quote` if there is one; the quote at its end."""
    for at, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == ">":
            return at + 1, ""
    return None, quote


def _split(text: str) -> Ops:
    first, *rest = text.split(_MARK)
    ops: Ops = [Fixed(first)]
    for each in rest:
        ops += [Hole("delivery_id", is_text=True, is_safe=True), Fixed(each)]
    return ops


def _with_pixel(ops: Ops, tracker: Tracker) -> Ops:
    pixel = _split(tracker.pixel(_MARK))
    for index in range(len(ops) - 1, -1, -1):
        op = ops[index]
        if isinstance(op, Fixed) and (ends := [*_BODY_END.finditer(op.text)]):
            at = ends[-1].start()
            return [*ops[:index], Fixed(op.text[:at]), *pixel, Fixed(op.text[at:]), *ops[index + 1 :]]
        if any(isinstance(each, Fixed) and _BODY_END.search(each.text) for each in every([op])):
            raise Unsupported("the end of the body is not certain")
    return [*ops, *pixel]


def _unescaped(value: str) -> str:
    """The value of an attribute: ``&copy=`` and ``&copyright`` are not a sign there."""
    return _REFERENCE.sub(_character, value) if "&" in value else value


def _character(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name is not None and name not in html5 else unescape(found[0])
