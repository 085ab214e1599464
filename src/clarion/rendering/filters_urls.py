# SPDX-License-Identifier: Apache-2.0
"""What puts URL parameters into a URL, and into the links of HTML, that are known only when a message is made.

Parameters are written ``&a=1&b=2``, or with ``&amp;`` where they go into HTML.
"""

import re

from liquid.exceptions import LiquidError

from clarion.rendering.text import shown

DISABLED = "disable-url-params"
_FLAGS = re.IGNORECASE | re.ASCII
_WEB = re.compile(r"\s*https?://[^\s/]", _FLAGS)
_FRAGMENT = re.compile(r"(?<!&)#")  # `&#38;` is a character
_BETWEEN = re.compile(r"&amp;|&", _FLAGS)
LINK = re.compile(r"<(?:a|area)(?=[\s/>])(?:\"[^\"]*\"|'[^']*'|[^\"'>]++)*+>", _FLAGS)
ATTRIBUTE = re.compile(r"([^\s\"'<>/=]++)(?:\s*+=\s*+(\"[^\"]*\"|'[^']*'|[^\s\"'>]++))?+")


def is_web(url: str) -> bool:
    """Whether a URL may get parameters."""
    return _WEB.match(url) is not None


def place_in(url: str) -> tuple[int, frozenset[str], bool]:
    """Where in a URL they go, the names that are there already, and whether there is a query."""
    found = _FRAGMENT.search(url)
    end = len(url[: found.start()] if found else url.rstrip())
    _, mark, query = url[:end].partition("?")
    names = (pair.partition("=")[0] for pair in _BETWEEN.split(query))
    return end, frozenset(name for name in names if name), bool(mark)


def values_of(tag: str) -> tuple[tuple[int, int] | None, list[str]]:
    """Where in the text of a tag its `href` stands, without quotes, and the words of its class."""
    spans: dict[str, tuple[int, int]] = {}
    for found in ATTRIBUTE.finditer(tag, 2, len(tag) - 1):
        if found[2] is not None:
            quoted = found[2][0] in "\"'"
            spans.setdefault(found[1].lower(), (found.start(2) + quoted, found.end(2) - quoted))
    begin, end = spans.get("class", (0, 0))
    return spans.get("href"), tag[begin:end].split()


def url_with_params(value: object, params: object = "", empty: object = "") -> str:
    """Adds URL parameters, written &a=1&b=2, to the URL of a web page, where it has none of that name.

    Raises LiquidError where one must not be `empty`, and is.
    """
    if name := shown(empty):
        raise LiquidError(f"the URL parameter {name} is empty", token=None)
    url, added = shown(value), shown(params)
    if not added or not is_web(url):
        return url
    place, names, has_query = place_in(url)
    between = "&amp;" if added.startswith("&amp;") else "&"
    fresh = [pair for pair in added.split(between) if pair and pair.partition("=")[0] not in names]
    query = between.join(fresh)
    if not query:
        return url
    return f"{url[:place]}{between if has_query else '?'}{query}{url[place:]}"


def links_with_params(value: object, params: object = "") -> object:
    """Adds URL parameters, written &a=1&b=2, to the links in HTML; other values stay as they are."""
    if not isinstance(value, str) or "<" not in value:
        return value
    return LINK.sub(lambda found: _in_link(found[0], params), value)


def _in_link(tag: str, params: object) -> str:
    href, classes = values_of(tag)
    if href is None or DISABLED in classes:
        return tag
    begin, end = href
    return f"{tag[:begin]}{url_with_params(tag[begin:end], params)}{tag[end:]}"
