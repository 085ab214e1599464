# SPDX-License-Identifier: Apache-2.0
"""How the bodies of calls to e-mail services are written."""

from collections.abc import Callable, Iterable, Sequence
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


class ListBatch:
    """See `http_delivery.Batch`: a JSON list of messages, each as `encode` writes it. `takes`: which can be in one."""

    def __init__(
        self,
        encode: Callable[[EmailMessage], bytes],
        most_bytes: int,
        takes: Callable[[EmailMessage], bool] = lambda _: True,
    ) -> None:
        self._encode = encode
        self._most_bytes = most_bytes
        self._takes = takes
        self._parts: list[bytes] = []
        self._size = 2

    def take(self, message: EmailMessage) -> bool:
        """See `Batch.take`."""
        part = self._encode(message)
        size = self._size + len(part) + 1
        if not self._takes(message) or (self._parts and size > self._most_bytes):
            return False
        self._parts.append(part)
        self._size = size
        return True

    def body(self, places: Sequence[int]) -> bytes:
        """See `Batch.body`. In one go: a call may have tens of megabytes."""
        pieces = [b","] * (2 * len(places) + 1)
        pieces[0], pieces[-1] = b"[", b"]"
        pieces[1::2] = [self._parts[place] for place in places]
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
