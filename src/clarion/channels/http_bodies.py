# SPDX-License-Identifier: Apache-2.0
"""How the bodies of calls to e-mail services are written."""

from collections.abc import Iterable, Sequence
from email.utils import getaddresses
from typing import Any

import msgspec

from clarion.channels.words import printable
from clarion.domain.errors import Permanent
from clarion.domain.messages import EmailFields, EmailMessage

# What reading an answer may raise, whatever somebody put into it.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_encode = msgspec.json.Encoder().encode


def fields_of(message: EmailMessage) -> EmailFields:
    """The parts of a message. Raises TypeError: it was made as bytes, which is a defect of ours."""
    if message.fields is None:
        raise TypeError("the message was made as bytes, not in parts")
    return message.fields


def written(mail: Any, service: str, most_bytes: int) -> bytes:
    """A message as JSON. Raises Permanent: it is no Unicode, or has more bytes than the service takes."""
    try:
        encoded = _encode(mail)
    except UnicodeEncodeError as error:
        raise not_unicode(error) from None
    check_size(len(encoded), service, most_bytes)
    return encoded


def not_unicode(error: UnicodeEncodeError) -> Permanent:
    """What becomes of a message with half a character in it."""
    return Permanent(printable(f"the message is not Unicode: {error}"), "bad_content")


def check_size(size: int, service: str, most_bytes: int) -> None:
    """Raises Permanent: it has more bytes than the service takes."""
    if size > most_bytes:
        raise Permanent(f"the message has {size} bytes, {service} takes {most_bytes}", "too_large")


def json_list(parts: Sequence[bytes]) -> bytes:
    """Written messages as one list, in one go: a call may have tens of megabytes."""
    pieces = [b","] * (2 * len(parts) + 1)
    pieces[0], pieces[-1] = b"[", b"]"
    pieces[1::2] = parts
    return b"".join(pieces)


def is_token(text: str) -> bool:
    """Whether it can be what one signs in with: it goes into a header."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def mailboxes(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Names and addresses of what a header lists. Raises Permanent: there is something else."""
    given = [text for text in texts if text]
    found = getaddresses(given)
    if not all(address for _, address in found):
        raise Permanent(printable(f"no address: {', '.join(given)}"), "invalid_address")
    return found


def apart(text: str) -> list[str]:
    """Each mailbox of a header by itself, one alone as it is written."""
    found = mailboxes([text])
    if len(found) == 1:
        return [text]
    return [f"{_quoted(name)} <{address}>" if name else address for name, address in found]


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
