# SPDX-License-Identifier: Apache-2.0
"""Makes the plain-text template out of the HTML template, once, with its Liquid kept as it is.

Tags and outputs are replaced by placeholders before the HTML is read, so that the reader never sees them.
"""

import re
from html.parser import HTMLParser

# Private-use characters around a number: never part of a tag name, and kept by the HTML reader.
OPEN, CLOSE = "\ue000", "\ue001"
LIQUID = re.compile(
    r"\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}"
    r"|\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}"
    r"|\{\{.*?\}\}|\{%.*?%\}",
    re.DOTALL,
)
_FOR_HTML = re.compile(r"\|\s*(?:escape|escape_once|xml_escape|newline_to_br)\s*(?=\||-?\}\})")
_COMMENT = re.compile(r"\{%-?\s*comment\b")
# Tags that write words, as an output does; the others stand where they are and change no space around them.
_WRITES = re.compile(
    r"\{%-?\s*(?:unsubscribe|unsubscribe_url|manage_subscription_preferences_url|tracking_consent_url|view_in_browser"
    r"|view_in_browser_url|subscription_topic_name|cio_link|cio_link_id|generate_uuid|random|render_liquid|echo|cycle|raw)"
    r"(?![\w-])"
)
PLACEHOLDER = re.compile(f"{OPEN}(\\d+){CLOSE}")
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_EDGE_SPACES = re.compile(r" *\n *")
_MANY_LINES = re.compile(r"\n{3,}")

_SKIPPED = frozenset({"head", "script", "style", "title", "template", "svg"})
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
_LINES = frozenset({
    "address", "article", "aside", "body", "dd", "div", "dl", "dt", "footer", "form", "header", "li", "main",
    "nav", "section", "tbody", "tfoot", "thead", "tr",
})  # fmt: skip


def plain_template(html: str) -> str:
    """The Liquid template of the text part for the Liquid template `html`."""
    pieces: list[str] = []

    def take(match: re.Match[str]) -> str:
        if _COMMENT.match(match[0]):
            return ""
        pieces.append(_FOR_HTML.sub("", match[0]) if match[0].startswith("{{") else match[0])
        return f"{OPEN}{len(pieces) - 1}{CLOSE}"

    reader = _Reader(pieces)
    reader.feed(LIQUID.sub(take, html.replace(OPEN, "").replace(CLOSE, "")))
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """Collects text; line breaks wait until the next text, so that Liquid tags never make empty lines."""

    def __init__(self, pieces: list[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces = pieces
        self._out: list[str] = []
        self._breaks = 0
        self._space = False
        self._skipped: list[str] = []
        self._links: list[tuple[str, int]] = []  # href, and where its text begins in `_out`

    def text(self) -> str:
        """The finished template."""
        joined = PLACEHOLDER.sub(lambda found: self._pieces[int(found[1])], "".join(self._out))
        return _MANY_LINES.sub("\n\n", _EDGE_SPACES.sub("\n", joined)).strip() + "\n" if joined.strip() else ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if not (tag == "a" and name == "href"):
                self._keep_tags(f"{name} {value or ''}")
        if tag in _SKIPPED:
            self._skipped.append(tag)
        if self._skipped:
            return
        self._break(tag)
        if tag == "a":
            self._links.append((next((value or "" for name, value in attrs if name == "href"), ""), len(self._out)))
        elif tag == "li":
            self._write("- ")
        elif tag == "br":
            self._breaks = min(self._breaks + 1, 2)
        elif tag == "hr":
            self._breaks = 1
            self._write("---")
            self._breaks = 1
        elif tag == "img":
            self._write(next((value or "" for name, value in attrs if name == "alt"), "").strip())
        elif tag in ("td", "th"):
            self._space = True

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag in _SKIPPED:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipped:
            while self._skipped.pop() != tag:
                pass
            return
        if self._skipped:
            return
        self._break(tag)
        if tag == "a" and self._links:
            self._end_link(*self._links.pop())

    def handle_data(self, data: str) -> None:
        if self._skipped:
            self._keep_tags(data)
            return
        # What an entity wrote as braces must not become Liquid.
        data = data.replace("{{", "{ {").replace("{%", "{ %")
        end = 0
        for found in PLACEHOLDER.finditer(data):
            self._words(data[end : found.start()])
            piece = self._pieces[int(found[1])]
            if piece.startswith("{%") and not _WRITES.match(piece):
                self._out.append(found[0])
            else:
                self._write(found[0])
            end = found.end()
        self._words(data[end:])

    def _words(self, data: str) -> None:
        words = _SPACES.sub(" ", data)
        if not words:
            return
        self._space = self._space or words[0] == " "
        if words.strip():
            self._write(words.strip(" "))
            self._space = words[-1] == " "

    def _write(self, text: str) -> None:
        if not text:
            return
        if self._breaks:
            self._out.append("\n" * self._breaks)
        elif self._space:
            self._out.append(" ")
        self._breaks = 0
        self._space = False
        self._out.append(text)

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._breaks = 2
        elif tag in _LINES:
            self._breaks = max(self._breaks, 1)

    def _end_link(self, href: str, begin: int) -> None:
        href = href.strip()
        words = "".join(self._out[begin:]).strip()
        if not href or href.startswith("#") or href in (words, f"mailto:{words}"):
            return
        self._space = True
        self._write(f"({href})" if words else href)

    def _keep_tags(self, text: str) -> None:
        for found in PLACEHOLDER.finditer(text):
            if self._pieces[int(found[1])].startswith("{%"):
                self._out.append(found[0])
