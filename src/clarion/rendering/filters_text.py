# SPDX-License-Identifier: Apache-2.0
"""Text filters (contract §13.4) that python-liquid lacks or does differently."""

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, quote_plus

from liquid.undefined import is_undefined

from clarion.rendering.text import ITEM_LIMIT, flat, shown

_SPACES = re.compile(r"\s+")
_ENTITY = re.compile(r"&(?!(?:[a-zA-Z][a-zA-Z0-9]*|#\d+|#[xX][0-9a-fA-F]+);)")
_SPECIAL = re.compile("[&<>\"']")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})
_ESCAPES_ONCE = str.maketrans({"<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})
_GROWTH_LIMIT = 500_000  # characters a filter may make of its input


def on_text(func: Callable[[str], object]) -> Callable[[object], object]:
    """A filter without arguments that works on the text of any value."""

    def apply(value: object) -> object:
        return func(shown(value))

    apply.__doc__ = func.__doc__
    return apply


def titlecase(text: str) -> str:
    """Every word with a capital, the rest in lower case."""
    return re.sub(r"[^\W_]+(?:['’][^\W_]+)*", lambda word: word[0].capitalize(), text)


def normalize_whitespace(text: str) -> str:
    """Every run of white space as one space."""
    return _SPACES.sub(" ", text)


def number_of_words(text: str) -> int:
    """How many words there are between white space."""
    return len(text.split())


def escape(text: str) -> str:
    """For HTML: ``& < > " '`` as entities."""
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


def escape_once(text: str) -> str:
    """As `escape`, leaving entities that are there already."""
    return _ENTITY.sub("&amp;", text).translate(_ESCAPES_ONCE)


def cgi_escape(text: str) -> str:
    """For a query parameter; a space becomes a plus."""
    return quote_plus(text, errors="replace")


def uri_escape(text: str) -> str:
    """For a whole URL: what separates its parts is kept."""
    return quote(text, safe=";,/?:@&=+$-_.!~*'()#[]", errors="replace")


def replace(value: object, old: object, new: object = "") -> str:
    """Every `old` as `new`. Raises ValueError when the result is out of bounds."""
    text, found, put = shown(value), shown(old), shown(new)
    uses = text.count(found)
    if uses * len(put) > _GROWTH_LIMIT:
        raise ValueError(f"the text has more than {_GROWTH_LIMIT} characters")
    return text.replace(found, put)


def slugify(value: object, mode: object = "default") -> str:
    """Lower case, with hyphens for everything that is not a letter or digit.

    `mode` as in LiquidJS: default, raw (only white space), pretty (keeps ``._~!$&'()+,;=@``), ascii, latin
    (accents removed).
    """
    text = shown(value)
    if mode == "latin":
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    pattern = {
        "raw": r"\s+",
        "pretty": r"[^\w.~!$&'()+,;=@]+",
        "ascii": r"[^A-Za-z0-9]+",
    }.get(str(mode), r"[^\w]+|_+")
    return re.sub(pattern, "-", text).strip("-").lower()


def contains(value: object, part: object) -> bool:
    """Whether a text contains another, or a list an item."""
    if isinstance(value, list | tuple | dict):
        return part in value
    return shown(part) in shown(value)


def array_to_sentence_string(value: object, connector: object = "and") -> str:
    """``a, b, and c``."""
    items = [shown(item) for item in value] if isinstance(value, list | tuple | range) else [shown(value)]
    if len(items) <= 1:
        return "".join(items)
    if len(items) == 2:
        return f"{items[0]} {connector} {items[1]}"
    return f"{', '.join(items[:-1])}, {connector} {items[-1]}"


def join(value: object, separator: object = " ") -> str:
    """The items of a list with `separator` between them. Raises ValueError when that is out of bounds."""
    if is_undefined(value) or value is None:
        return ""
    items = list(value) if isinstance(value, list | tuple | range) else [value]
    between = shown(separator)
    if len(items) > ITEM_LIMIT or len(items) * len(between) > _GROWTH_LIMIT:
        raise ValueError(f"the text has more than {_GROWTH_LIMIT} characters")
    return between.join([shown(item) for item in flat(items)])


def base64_encode(text: str) -> str:
    """Base64 of the UTF-8 bytes."""
    return base64.b64encode(text.encode(errors="replace")).decode("ascii")


def base64_decode(text: str) -> str:
    """The UTF-8 text of base64; padding may be missing. Raises ValueError."""
    return _decoded(text.encode(), b"+/")


def base64_url_safe_encode(text: str) -> str:
    """Base64 with ``-`` and ``_``, padded."""
    return base64.urlsafe_b64encode(text.encode(errors="replace")).decode("ascii")


def base64_url_safe_decode(text: str) -> str:
    """The UTF-8 text of URL-safe base64; padding may be missing. Raises ValueError."""
    return _decoded(text.encode(), b"-_")


def hex_base64(text: str) -> str:
    """Base64 of bytes given as hexadecimal digits. Raises ValueError."""
    return base64.b64encode(bytes.fromhex(text)).decode("ascii")


def digest(algorithm: str) -> Callable[[object], object]:
    """A filter that gives the hexadecimal digest of the UTF-8 bytes."""

    def apply(value: object) -> str:
        return hashlib.new(algorithm, shown(value).encode(errors="replace"), usedforsecurity=False).hexdigest()

    apply.__doc__ = f"The {algorithm.upper()} of a text, in hexadecimal digits."
    return apply


def keyed_digest(algorithm: str) -> Callable[[object, object], object]:
    """A filter that gives the hexadecimal HMAC with the key that is its argument."""

    def apply(value: object, key: object) -> str:
        return hmac.new(
            shown(key).encode(errors="replace"), shown(value).encode(errors="replace"), algorithm
        ).hexdigest()

    apply.__doc__ = f"The HMAC-{algorithm.upper()} of a text with a key, in hexadecimal digits."
    return apply


def _decoded(data: bytes, altchars: bytes) -> str:
    try:
        padded = data.strip() + b"=" * (-len(data.strip()) % 4)
        return base64.b64decode(padded, altchars, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("not base64 of a text") from None
