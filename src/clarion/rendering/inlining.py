# SPDX-License-Identifier: Apache-2.0
"""Moves the rules of an e-mail's style sheets into `style` attributes, for mail programs that read nothing else.

It is done to the template, once, and never to a message. css-inline says which element gets which declarations; of
the template nothing is parsed and written anew: the declarations are put in front of what is in an element's own
`style`, and all the rest, Liquid and style sheets too (media queries, what Liquid brings in), stays as it is written.
Where that could show somebody another mail than the style sheets do, the template stays untouched, and `kept` says why.
"""

import re
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser
from itertools import accumulate

import css_inline

from clarion.rendering.environment import SOURCE_LIMIT
from clarion.rendering.insertions import Rewritten, rewritten
from clarion.rendering.markup import NUMBER, UNSEEN, VOID, Element, Kept, Template, selectors_of
from clarion.rendering.places import asked_for, by_context, may_be_any, may_move
from clarion.rendering.plain import CLOSE, LIQUID, OPEN, PLACEHOLDER

_MOST_WORK = 100_000_000  # elements times bytes of style sheets: some seconds
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]++)(?:\s*+=\s*+(\"[^\"]*\"|'[^']*'|[^\s\"'>]++))?+")
_TAG_NAME = re.compile(r"<[^\s/>]+")
_OUTPUT_END = re.compile(r"\s*(-?\}\})\Z")
# A parser drops parts of tables that stand alone, as they do in a snippet.
_AROUND_CELLS = dict.fromkeys(("tr", "tbody", "thead", "tfoot"), "<table>") | dict.fromkeys(("td", "th"), "<table><tr>")
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Inlined:
    """A template with its styles moved.

    `kept`: why it is as it was, where it has style sheets. `apart`: how many elements go by the style sheets alone,
    with all that is inside of them, since Liquid makes an attribute that rules ask for.
    """

    made: Rewritten
    kept: str | None = None
    apart: int = 0

    @property
    def html(self) -> str:
        """The template."""
        return self.made.text


@dataclass(frozen=True, slots=True)
class Around:
    """Of the message that a snippet is in: its style sheets as they are written, and all elements of it and its
    snippets."""

    sheets: str
    elements: Sequence[Element]


@lru_cache(maxsize=32)
def inlined(html: str) -> Inlined:
    """The Liquid template of a body with the rules of its style sheets in the elements they are for."""
    if "<style" not in html.lower():
        return Inlined(Rewritten(html))
    if OPEN in html or CLOSE in html:
        return Inlined(Rewritten(html), kept="it has characters of the private use area (U+E000)")
    try:
        return _moved(html)
    except Kept as why:
        return Inlined(Rewritten(html), kept=str(why))


def inlined_snippet(html: str, around: Around) -> Inlined:
    """The Liquid template of a snippet with the rules of the message around it in the elements they are for.

    An element for which a rule may hold, or not, by where the snippet stands goes by the style sheets alone.
    """
    try:
        return _moved(html, around)
    except Kept as why:
        return Inlined(Rewritten(html), kept=str(why))


def marked_with(html: str, pieces: list[str]) -> str:
    """A template with placeholders for its Liquid, which is added to `pieces`."""

    def take(found: re.Match[str]) -> str:
        pieces.append(found[0])
        return f"{OPEN}{len(pieces) - 1}{CLOSE}"

    return LIQUID.sub(take, html)


def _moved(source: str, around: Around | None = None) -> Inlined:
    before = around.sheets if around is not None else ""
    html = before + source
    pieces: list[str] = []
    marked = marked_with(html, pieces)
    template = Template(marked, pieces)
    if around is not None and len(template.sheets) != before.count("</style>"):
        raise Kept("a snippet has a style sheet of its own")
    if not "".join(template.sheets).strip():
        return Inlined(Rewritten(source))
    selectors = selectors_of(template.sheets, pieces)
    if around is None and may_move(selectors, template.elements, template.moved, template.brought):
        raise Kept("a rule goes by the place of an element (:first-child, +, …), which Liquid blocks may change")
    elements = template.elements if around is None else (*template.elements, *around.elements)
    if len(elements) * sum(map(len, template.sheets)) > _MOST_WORK:
        raise Kept("it is too large")
    wanted = asked_for(selectors)
    apart = {no for no, element in enumerate(template.elements) if element.is_apart(wanted)}
    if around is not None:
        unsure = by_context(selectors, around.elements)
        apart |= {no for no, element in enumerate(template.elements) if may_be_any(unsure, element)}
    answers = _Answers(apart)
    skeleton = template.skeleton
    if around is not None and template.elements:
        first = next((one.name for one in template.elements if one.name != "style"), "")
        skeleton.insert(len(template.sheets), _AROUND_CELLS.get(first, ""))
    try:
        answers.feed(_INLINER.inline("".join(skeleton)))
    except css_inline.InlineError as error:
        raise Kept(f"a style sheet can not be read: {error}") from None
    answers.close()
    found = list(PLACEHOLDER.finditer(marked))
    ends = [one.end() for one in found]
    grown = list(accumulate((len(pieces[int(one[1])]) - len(one[0]) for one in found), initial=0))
    made = rewritten(
        source,
        (
            (at + grown[bisect(ends, at)] - len(before), text)
            for no, style in sorted(answers.styles.items())
            for at, text in _into(template.elements[no], style, pieces)
        ),
    )
    if len(made.text) > SOURCE_LIMIT:
        raise Kept("it is too large")
    return Inlined(made, apart=answers.apart)


def _into(element: Element, style: str, pieces: list[str]) -> list[tuple[int, str]]:
    """What is put into a start tag, and where in the marked text."""
    text = style.strip().rstrip(";").replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    name = _TAG_NAME.match(element.text)
    begin, end, quote = name.end() if name else 0, None, ""
    for found in _ATTRIBUTE.finditer(element.text, begin):
        if found[1].lower() == "style":
            if found[2] is None:
                return []  # a style that is nothing: another one would not count
            quote = found[2][0] if found[2][0] in "\"'" else ""
            begin, end = found.start(2) + len(quote), found.end(2)
            break
    if quote == "'":
        text = text.replace("'", "&#39;")
    # What was the value in a style sheet stands between quotes now.
    text = PLACEHOLDER.sub(lambda one: _OUTPUT_END.sub(r" | escape \1", pieces[int(one[1])]), text)
    if end is None:
        return [(element.begin + begin, f' style="{text}"')]
    if quote:
        return [(element.begin + begin, f"{text}; ")]
    return [(element.begin + begin, f'"{text}; '), (element.begin + end, '"')]


class _Answers(HTMLParser):
    """Reads what css-inline made: the style of each element by its number, unless it is apart or inside of one."""

    def __init__(self, apart: set[int]) -> None:
        super().__init__(convert_charrefs=True)
        self.styles: dict[int, str] = {}
        self.apart = 0
        self._apart = apart
        self._open: list[bool] = []  # of the elements around: whether it is apart, or one around it

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        is_apart = bool(self._open and self._open[-1])
        if number := found.get(NUMBER):
            no = int(number)
            if no in self._apart:
                self.apart += not is_apart
                is_apart = True
            if (style := found.get("style")) and not is_apart and tag not in UNSEEN:
                self.styles.setdefault(no, style)  # the parser may have made two of one
        if tag not in VOID:
            self._open.append(is_apart)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._open.pop()
