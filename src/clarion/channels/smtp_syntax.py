# SPDX-License-Identifier: Apache-2.0
"""What may stand in an SMTP command, and how a message goes over the line."""

import re

# RFC 5321 §4.1.2 as far as it protects the command line; a local part in quotes may hold spaces and brackets.
_ADDRESS = re.compile(
    r'(?:"(?:[^"\\\x00-\x1f\x7f\ud800-\udfff]|\\[^\x00-\x1f\x7f\ud800-\udfff])*"@)?'
    r'[^\x00-\x20\x7f<>"\ud800-\udfff]+'
)
_LINE_END = re.compile(rb"\r\n|\r|\n")


def is_address(text: str) -> bool:
    """Whether `text` can stand between the angle brackets of a path without breaking out of it."""
    return _ADDRESS.fullmatch(text) is not None


def with_line_ends(content: bytes) -> bytes:
    """`content` with CRLF line ends only, and one at the end.

    RFC 5321 §2.3.8 forbids bare CR and LF; servers that take them for line ends could be made to see
    the end of the message, and another one, inside a customer's attribute.
    """
    ends = content.count(b"\r\n")
    if content.count(b"\n") != ends or content.count(b"\r") != ends:
        content = _LINE_END.sub(b"\r\n", content)
    return content if not content or content.endswith(b"\r\n") else content + b"\r\n"


def with_dots(content: bytes) -> bytes:
    """`content` with a second dot before each line that begins with one (RFC 5321 §4.5.2)."""
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..") if b"\r\n." in content else content


def number(text: str) -> int | None:
    """The value of an EHLO parameter, None if it is not a decimal number of sensible length."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
