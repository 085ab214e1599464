# SPDX-License-Identifier: Apache-2.0
"""Links in texts whose every character costs: one token says whose message it is, and where the link leads.

Like those of mails (docs/adr/0011) they carry their destination with a checksum, so nothing is read to follow one.
"""

import base64
import binascii
import hmac
import zlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2s

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.links import LONGEST_TRACKED

_PURPOSE = b"short"  # so that no checksum of another kind, under the same secret, is one of these
_MAC_BYTES = 6  # nobody tries 2⁴⁷ links at a server, and all that one opens is a page
_HTTPS, _DEFLATED = 1, 2
_WINDOW_BITS = -15
_MOST_BYTES_OF_A_NUMBER = 7
# Never changed: links that are out are read with it. What is likeliest stands last.
_LIKELY = (
    b"index.html?id=&lang=&ref=utm_content=&utm_term=.co.uk/.de/.org/.net/.io/.com/www.shop.account/orders/checkout"
    b"&utm_campaign=&utm_medium=sms&utm_source=?utm_source="
)


class ShortLinks:
    """Makes the links of this installation; `base_url`: where it is reached, without a slash at the end."""

    __slots__ = ("_begin", "_keyed", "base_url")

    def __init__(self, secret: bytes, base_url: str) -> None:
        self.base_url = base_url
        self._begin = f"{base_url}/s/"
        self._keyed = blake2s(key=secret, digest_size=_MAC_BYTES, person=_PURPOSE)

    def __call__(self, url: str, key: DeliveryKey) -> str:
        """The link in place of a URL of http or https, in a message."""
        flags, target = _packed(url)
        body = bytes((flags,)) + b"".join(map(_number, key)) + target
        mac = self._keyed.copy()
        mac.update(body)
        return self._begin + _token(mac.digest() + body)


def behind(token: str, secret: bytes) -> tuple[DeliveryKey, str] | None:
    """Whose message, and where it leads; None for one that this installation did not make."""
    try:
        raw = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    mac, body = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    wanted = blake2s(body, key=secret, digest_size=_MAC_BYTES, person=_PURPOSE).digest()
    if not hmac.compare_digest(mac, wanted) or not body or _token(raw) != token:
        return None
    numbers: list[int] = []
    at = 1
    while len(numbers) < len(DeliveryKey._fields):
        number, at = _read_number(body, at)
        numbers.append(number)
    return DeliveryKey(*numbers), _unpacked(body[0], body[at:])


@lru_cache(maxsize=1_024)
def _packed(url: str) -> tuple[int, bytes]:
    scheme, _, rest = url.partition("://")
    flags = _HTTPS if scheme.lower() == "https" else 0
    plain = rest.encode("utf-8", "replace")
    deflate = zlib.compressobj(9, zlib.DEFLATED, _WINDOW_BITS, 1, zlib.Z_DEFAULT_STRATEGY, _LIKELY)
    smaller = deflate.compress(plain) + deflate.flush()
    return (flags | _DEFLATED, smaller) if len(smaller) < len(plain) else (flags, plain)


def _unpacked(flags: int, target: bytes) -> str:
    if flags & _DEFLATED:
        target = zlib.decompressobj(_WINDOW_BITS, _LIKELY).decompress(target, LONGEST_TRACKED)
    return f"{'https' if flags & _HTTPS else 'http'}://{target.decode('utf-8', 'replace')}"


def _number(value: int) -> bytes:
    """Seven bits in a byte, the lowest first, and one that says whether there is more."""
    found = bytearray()
    while value > 0x7F:
        found.append(0x80 | value & 0x7F)
        value >>= 7
    found.append(value)
    return bytes(found)


def _read_number(body: Sequence[int], at: int) -> tuple[int, int]:
    """A number, and where it ends; what is read has the right checksum, so it was written by `_number`."""
    value = 0
    for place in range(_MOST_BYTES_OF_A_NUMBER):
        byte = body[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise ValueError("a number that is longer than any")


def _token(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
