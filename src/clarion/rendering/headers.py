# SPDX-License-Identifier: Apache-2.0
"""Header lines: RFC 2047 for what is not ASCII, folding (RFC 5322 §2.2.3), no way to inject another one."""

import re
from binascii import b2a_base64
from collections.abc import Set

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINE = 76  # characters of a folded line, and of an encoded word with its markers (RFC 2047 §2)
_MARKERS = len("=?utf-8?b??=")

# Headers that Clarion writes itself or that describe the body; a custom header may not have these names.
RESERVED = frozenset({
    "bcc", "cc", "content-transfer-encoding", "content-type", "date", "from", "message-id", "mime-version",
    "received", "reply-to", "return-path", "sender", "subject", "to",
})  # fmt: skip
# The same of a webhook's call: what frames it, and what tells one call from another.
RESERVED_IN_CALLS = frozenset({
    "connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade",
    "x-cio-delivery-id", "x-cio-idempotency-key",
})  # fmt: skip

_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322 §3.6.8: printable ASCII without the colon


def header_problem(name: str, reserved: Set[str] = RESERVED) -> str | None:
    """What is wrong with the name of a custom header (contract §13.5), or None."""
    if any(character.isspace() for character in name):
        return f"header name '{name}' can not contain whitespace"
    if not _NAME.fullmatch(name) or len(name) > 76:
        return f"header name '{name}' is not valid"
    if name.lower() in reserved:
        return f"header '{name}' can not be set"
    return None


def cleaned(value: str) -> str:
    """`value` on one line: control characters become spaces, the ends are trimmed."""
    if not value.isprintable() and _CONTROLS.search(value):
        value = _CONTROLS.sub(" ", value)
    return value.strip()


def line(name: str, value: str) -> str:
    """One unstructured header with its CRLF; `value` must be `cleaned`."""
    width = len(name) + 2
    if value.isascii() and "=?" not in value:
        if width + len(value) <= 78:
            return f"{name}: {value}\r\n"
        if folded := _folded(value, width):
            return f"{name}: {folded}\r\n"
    if width > 40:
        return f"{name}:\r\n {encoded_words(value, first=_LINE - 1)}\r\n"
    return f"{name}: {encoded_words(value, first=_LINE - width)}\r\n"


def encoded_words(value: str, *, first: int) -> str:
    """`value` as RFC 2047 words in base64 on folded lines; the first line has room for `first` characters."""
    data = value.encode("utf-8", "replace")
    words: list[str] = []
    start = 0
    room = _octets(first)
    while start < len(data):
        end = min(start + room, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # never inside a character
            end -= 1
        words.append(f"=?utf-8?b?{b2a_base64(data[start:end], newline=False).decode('ascii')}?=")
        start = end
        room = _octets(_LINE - 1)
    return "\r\n ".join(words)


def _octets(width: int) -> int:
    return max((width - _MARKERS) // 4 * 3, 4)


def _folded(value: str, width: int) -> str | None:
    """Broken at single spaces; None when that cannot be done within `_LINE` and without changing the text."""
    words = value.split(" ")
    if "" in words:
        return None
    lines: list[str] = []
    current = words[0]
    if width + len(current) > _LINE:
        return None
    for word in words[1:]:
        if width + len(current) + 1 + len(word) <= _LINE:
            current += f" {word}"
            continue
        if len(word) >= _LINE:
            return None
        lines.append(current)
        current, width = word, 1
    lines.append(current)
    return "\r\n ".join(lines)
