# SPDX-License-Identifier: Apache-2.0
"""What inlining has to know of a template's HTML: its elements and style sheets, and where Liquid may change them."""

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from itertools import accumulate

from clarion.rendering.plain import OPEN, PLACEHOLDER

NUMBER = "data-clarion-element"
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
UNSEEN = frozenset({"head", "meta", "title", "link", "style", "script", "base", "template"})
_BLOCKS = frozenset({"if", "unless", "case", "for", "tablerow", "capture", "ifchanged"})
_BRANCHES = frozenset({"else", "elsif", "when"})
_BRINGING = re.compile(r"\{\{-?\s*(?!(?:customer|campaign|message|layout|delivery_id)\b)")
_TAG_WORD = re.compile(r"\{%-?\s*(\w+)")
_ROOT = re.compile(r"\{\{-?\s*([\w-]+)")
_ASSIGNED = re.compile(r"\{%-?\s*(?:assign|capture|for|tablerow|increment|decrement)\s+([\w-]+)")
_ATTRIBUTE_NAME = re.compile(r"[a-zA-Z_:][\w:.-]*", re.ASCII)
_CSS_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_CSS_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", re.DOTALL)
_EVERYWHERE = re.compile(r"\s*(?:all|screen)?\s*", re.IGNORECASE)
_LEFT_ALONE = ("data-css-inline", "data-premailer")

_IN_A_BLOCK = "a style sheet stands inside of a Liquid block, so its rules do not always hold"
_NO_VALUE = "Liquid in a style sheet is more than the value of a property"
_LOCAL = "Liquid in a style sheet prints a variable that the message assigns, which may change"
_HALF = "a Liquid block begins or ends inside of an element: close in each branch what is opened in it"
_NAMELESS = "Liquid makes the name of a tag"


class Kept(Exception):
    """The template has to stay as it is; why."""


@dataclass(slots=True)
class Element:
    """A start tag: where it begins, and its own text; `is_glued`: a Liquid tag may bring attributes of any name.

    `parent`: the number of the element that it is in, -1 for none.
    """

    name: str
    parent: int
    begin: int
    text: str
    attributes: dict[str, str]
    is_glued: bool

    def is_apart(self, asked_for: set[tuple[str, str]]) -> bool:
        """Whether Liquid decides which rules are for it; `asked_for`: the attributes that rules look at, of elements of
        a name, "" for any."""
        return self.is_glued or any(
            name in {"", self.name} and OPEN in self.attributes.get(attribute, "") for name, attribute in asked_for
        )


class Template(HTMLParser):
    """A template whose Liquid is replaced by placeholders, `pieces`, as in `rendering.plain`.

    `skeleton`: its numbered elements and its style sheets alone, without what Liquid makes and without the text
    between them. `moved`: numbers of the elements, -1 for none, in which Liquid leaves out elements or repeats them;
    `brought`: in which it brings others. Raises Kept.
    """

    def __init__(self, marked: str, pieces: list[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.sheets: list[str] = []
        self.skeleton: list[str] = []
        self.moved: set[int] = set()
        self.brought: set[int] = set()
        self._pieces = pieces
        self._lines = list(accumulate((len(line) + 1 for line in marked.split("\n")), initial=0))
        self._sheet: list[str] | None = None  # the one that is being read
        self._open: list[tuple[str, int]] = []  # names and numbers
        self._blocks: list[int] = []  # Liquid's: how many elements were open where it began
        self.feed(marked)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See `HTMLParser`."""
        self._start(tag, attrs)
        if tag == "style":
            self._begin_sheet(dict(attrs))
        elif tag not in VOID:
            self._open.append((tag.partition(OPEN)[0], len(self.elements) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Whoever closes a tag like this means that nothing is in it."""
        self._start(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        """See `HTMLParser`. Raises Kept."""
        if tag == "style" and self._sheet is not None:
            sheet = _CSS_COMMENT.sub(" ", "".join(self._sheet))
            self.sheets.append(sheet)
            self.skeleton.append(f"<style>{sheet}</style>")
            self._sheet = None
        elif any(name == tag for name, _ in self._open):
            if all(name != tag for name, _ in self._open[self._floor :]):
                raise Kept(_HALF)
            while self._open.pop()[0] != tag:
                pass
            self.skeleton.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """See `HTMLParser`."""
        if self._sheet is not None:
            self._sheet.append(data)
        for found in PLACEHOLDER.finditer(data):
            self._piece(self._pieces[int(found[1])])

    def handle_comment(self, data: str) -> None:
        """Liquid in a comment is rendered, too."""
        self.handle_data(data)

    def unknown_decl(self, data: str) -> None:
        """The same."""
        self.handle_data(data)

    @property
    def _inside(self) -> int:
        return self._open[-1][1] if self._open else -1

    @property
    def _text(self) -> str:
        return self.get_starttag_text() or ""

    @property
    def _floor(self) -> int:
        return self._blocks[-1] if self._blocks else 0

    def _start(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name, mark, _ = tag.partition(OPEN)
        if mark and any(self._pieces[int(found[1])].startswith("{{") for found in PLACEHOLDER.finditer(tag)):
            raise Kept(_NAMELESS)
        line, column = self.getpos()
        attributes = {key: value or "" for key, value in reversed(attrs)}  # the first of several counts
        is_glued = bool(mark) or any(OPEN in key for key in attributes)
        self.elements.append(
            Element(name, self._inside, self._lines[line - 1] + column, self._text, attributes, is_glued)
        )
        fixed = "".join(
            f' {key}="{escape(value)}"'
            for key, value in attributes.items()
            if _ATTRIBUTE_NAME.fullmatch(key) and OPEN not in value and key not in {"style", NUMBER, *_LEFT_ALONE}
        )
        if name != "style":
            self.skeleton.append(f'<{name}{fixed} {NUMBER}="{len(self.elements) - 1}">')

    def _begin_sheet(self, attributes: dict[str, str | None]) -> None:
        media, kind = attributes.get("media") or "", attributes.get("type") or "text/css"
        if OPEN in media:
            raise Kept(_NO_VALUE)
        left_alone = any(attributes.get(name) == "ignore" for name in _LEFT_ALONE)
        if left_alone or not _EVERYWHERE.fullmatch(media) or kind.strip().lower() != "text/css":
            return
        if self._blocks:
            raise Kept(_IN_A_BLOCK)
        self._sheet = []

    def _piece(self, piece: str) -> None:
        """A tag or an output of Liquid that is no part of an element."""
        found = _TAG_WORD.match(piece)
        if found is None:
            if _BRINGING.match(piece):
                self.brought.add(self._inside)
            return
        word = found[1]
        if self._sheet is not None and word != "comment":
            raise Kept(_NO_VALUE)
        if word in {"render_liquid", "raw"}:
            self.brought.add(self._inside)
        if word in _BLOCKS:
            self.moved.add(self._inside)
            self._blocks.append(len(self._open))
        elif self._blocks and (word in _BRANCHES or word.startswith("end")):
            if len(self._open) != self._floor:
                raise Kept(_HALF)
            if word not in _BRANCHES:
                self._blocks.pop()


def selectors_of(sheets: list[str], pieces: list[str]) -> str:
    """What stands before the declarations of all rules, those inside of at-rules left out, as one text.

    Raises Kept for Liquid that is more than the value of a property, or may have another value elsewhere.
    """
    assigned = {found[1] for piece in pieces if (found := _ASSIGNED.match(piece))}
    selectors: list[str] = []
    for sheet in sheets:
        for found in PLACEHOLDER.finditer(sheet):
            root = _ROOT.match(pieces[int(found[1])])
            if root and root[1] in assigned:
                raise Kept(_LOCAL)
        selectors += _preludes(_CSS_STRING.sub('""', sheet))
    return "\n".join(selectors)


def _preludes(sheet: str) -> list[str]:
    found: list[str] = []
    depth, at_rule, in_value, begin = 0, 0, False, 0
    for at, character in enumerate(sheet):
        if character == "{":
            depth += 1
            prelude = sheet[begin:at].strip()
            if not at_rule and prelude.startswith("@"):
                at_rule = depth
            elif not at_rule:
                found.append(prelude)
        elif character == "}":
            at_rule = 0 if depth == at_rule else at_rule
            depth = max(depth - 1, 0)
        elif character == OPEN and not in_value:
            raise Kept(_NO_VALUE)
        if character in "{};":
            in_value, begin = False, at + 1
        elif character == ":" and depth:
            in_value = True
    return found
