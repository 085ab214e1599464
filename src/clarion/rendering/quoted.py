# SPDX-License-Identifier: Apache-2.0
"""Quoted-printable (RFC 2045 §6.7) in pieces that can be put after each other in any order.

Each piece begins at the start of a line and ends with a line end, a soft one where the text goes on. No line begins
with a dot, so SMTP has nothing to double.
"""

import re
from binascii import b2a_qp
from collections.abc import Sequence
from functools import lru_cache

from clarion.rendering.binding import Unsupported
from clarion.rendering.code import Fixed, Hole, Line, Ops, Ready, Writing, text_of
from clarion.rendering.runtime import Fallback

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_LONGEST = 75  # without the ``=`` of a soft line end
_LONGEST_VALUE = 50_000
_OCTETS = tuple(chr(octet) if 32 <= octet <= 126 and octet != 61 else f"={octet:02X}" for octet in range(256))
_OCTETS = (*_OCTETS[:9], "\t", *_OCTETS[10:])
SOFT = "=\r\n"


def fixed(text: str) -> str:
    """A piece of known text. Raises Unsupported where it may be torn from its line end."""
    if text.endswith("\r"):
        raise Unsupported("a carriage return before what is personal")
    return encoded(_LINE_ENDS.sub("\n", text))


def hole(value: str) -> str:
    """A piece of one message.

    Raises Fallback for a carriage return, which may belong to what follows, and for a very long text.
    """
    if len(value) < 74 and value.isascii() and value.isprintable() and "=" not in value and value[:1] != ".":
        return f"{value}=\r\n" if value else ""
    return _remembered(value) if len(value) < 1_000 else _unusual(value)


def ending(pieces: Sequence[str]) -> tuple[str, ...]:
    """What ends the last line of the text so far."""
    last = next((piece for piece in reversed(pieces) if piece), "")
    return ("\r\n",) if last.endswith(SOFT) else ()


def ended(ops: Ops) -> Ops:
    """Operations that write a whole text, with its last line ended."""
    if ops and isinstance(ops[-1], Fixed):
        return [*ops, Ready(repr("\r\n"))] if fixed(ops[-1].text).endswith(SOFT) else ops
    return [*ops, Line("p += ending(p)")]


def encoded(text: str) -> str:
    """A piece; its line ends are ``\\n``."""
    found: list[str] = []
    *lines, last = text.split("\n")
    for line in lines:
        found.append(_line(line, ended=True) + "\r\n")
    if last:
        found.append(_line(last, ended=False) + SOFT)
    return "".join(found)


def _line(text: str, *, ended: bool) -> str:
    quoted = text
    if "=" in text or not (text.isascii() and text.isprintable()):
        quoted = "".join([_OCTETS[octet] for octet in text.encode("utf-8", "replace")])
    if ended and quoted[-1:] in {" ", "\t"}:
        quoted = f"{quoted[:-1]}={ord(quoted[-1]):02X}"
    pieces: list[str] = []
    while True:
        if quoted[:1] == ".":
            quoted = f"=2E{quoted[1:]}"
        if len(quoted) <= _LONGEST:
            pieces.append(quoted)
            return SOFT.join(pieces)
        cut = _LONGEST
        if quoted[cut - 1] == "=":
            cut -= 1
        elif quoted[cut - 2] == "=":
            cut -= 2
        pieces.append(quoted[:cut])
        quoted = quoted[cut:]


def _unusual(value: str) -> str:
    if 0 < len(value) <= _LONGEST and value[0] != "." and "\n" not in value and "\r" not in value:
        quoted = b2a_qp(value.encode("utf-8", "replace")).decode("ascii")
        if len(quoted) <= _LONGEST and "\n" not in quoted:  # else it was broken, at other places than ours
            return f"{quoted}=\r\n"
    if "\r" in value or len(value) > _LONGEST_VALUE:
        raise Fallback
    return encoded(value)


_remembered = lru_cache(maxsize=8_192)(_unusual)


def _code(op: Hole) -> str:
    if op.is_safe:
        return f"({op.code} + '=\\r\\n')"
    return _quoted(text_of(op))


def _quoted(code: str) -> str:
    return f"quoted({code})"


QUOTED = Writing(fixed, _code, {"quoted": hole, "ending": ending}, _quoted)
