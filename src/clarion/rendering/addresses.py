# SPDX-License-Identifier: Apache-2.0
"""E-mail addresses, from what a template rendered to envelope and header line.

RFC 5321 §4.1.2, RFC 5322 §3.4, RFC 6531 for non-ASCII local parts, IDNA for domains.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import category

import idna

from clarion.domain.errors import RenderError
from clarion.rendering.headers import encoded_words

# The usual case: dot-atom in ASCII at a domain of letters, digits and hyphens.
_USUAL_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*+")
_USUAL_DOMAIN = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_LOCAL = re.compile(
    r"[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\\\].\ud800-\udfff]+(?:\.[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\\\].\ud800-\udfff]+)*"
)
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*"')
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_WITH_NAME = re.compile(r'(?P<name>(?:"(?:[^"\\]|\\.)*"|[^"<>])*)<(?P<address>[^<>]*)>', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_LIST_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|<[^<>]*>|[^,"<])+|["<]', re.DOTALL)

# Unicode categories: format (zero width, bidi), controls, surrogates, spaces and line ends.
_INVISIBLE = frozenset({"Cf", "Cc", "Cs", "Zs", "Zl", "Zp"})

_LONGEST_LOCAL = 64  # octets, RFC 5321 §4.5.3.1.1
_LONGEST_DOMAIN = 255  # octets, RFC 5321 §4.5.3.1.2
_LONGEST_ADDRESS = 254  # octets, RFC 5321 §4.5.3.1.3 without the angle brackets


class Mailbox(NamedTuple):
    """One address: `address` is for the envelope (domain in ASCII), `header` for a header line."""

    address: str
    header: str
    needs_smtputf8: bool = False


def mailbox(text: str, part: str) -> Mailbox:
    """Read ``a@b`` or ``Name <a@b>``. Raises RenderError: blank, or no address; `part` names the field."""
    local, _, domain = text.partition("@")
    if (
        len(text) <= _LONGEST_ADDRESS
        and len(local) <= _LONGEST_LOCAL
        and ((local.isalnum() and local.isascii()) or _USUAL_LOCAL.fullmatch(local))
        and _is_usual(domain)
    ):
        return Mailbox(text, text)
    return _read(text, part)


@lru_cache(maxsize=2_048)
def _is_usual(domain: str) -> bool:
    return _USUAL_DOMAIN.fullmatch(domain) is not None


def split_list(text: str) -> tuple[str, ...]:
    """The addresses of a comma-separated list, as they are written; commas in quotes do not count."""
    if "," not in text:
        stripped = text.strip()
        return (stripped,) if stripped else ()
    pieces: list[str] = [""]
    end = 0
    for found in _LIST_PIECE.finditer(text):
        if found.start() > end:
            pieces.append("")
        pieces[-1] += found[0]
        end = found.end()
    return tuple(piece.strip() for piece in pieces if piece.strip())


@lru_cache(maxsize=2048)
def _read(text: str, part: str) -> Mailbox:
    if not text.strip():
        raise RenderError(f"{part} can not be blank", part=part)
    match = _WITH_NAME.fullmatch(text.strip())
    name, address = ("", text.strip()) if match is None else (match["name"].strip(), match["address"].strip())
    local, at, domain = address.rpartition("@")
    if _is_deceptive(address) or not at or not (_LOCAL.fullmatch(local) or _QUOTED_LOCAL.fullmatch(local)):
        raise _no_address(text, part)
    try:
        host = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise _no_address(text, part) from None
    address = f"{local}@{host if host != domain.lower() else domain}"
    size = len(local.encode())
    fits = size <= _LONGEST_LOCAL and len(host) <= _LONGEST_DOMAIN and size + len(host) < _LONGEST_ADDRESS
    if not fits or not _USUAL_DOMAIN.fullmatch(host):
        raise _no_address(text, part)
    return Mailbox(address, _header(_unquoted(name), address), needs_smtputf8=not local.isascii())


def _is_deceptive(address: str) -> bool:
    """Whether it holds what nobody sees, or what turns the direction of the text."""
    return not address.isascii() and any(c > "\x7f" and category(c) in _INVISIBLE for c in address)


def _no_address(text: str, part: str) -> RenderError:
    shown = text.strip()[:100].encode(errors="replace").decode()
    return RenderError(f"{part} is not an e-mail address: '{shown}'", part=part)


def _unquoted(name: str) -> str:
    plain = _QUOTED.sub(lambda found: re.sub(r"\\(.)", r"\1", found[1]), name)
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", plain).split())


def _header(name: str, address: str) -> str:
    if not name:
        return address
    if not name.isascii() or "=?" in name or len(name) > 60:
        return f"{encoded_words(name, first=50)}\r\n <{address}>"
    if not _ATOMS.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{address}>" if len(name) + len(address) < 65 else f"{name}\r\n <{address}>"
