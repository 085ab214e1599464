# SPDX-License-Identifier: Apache-2.0
"""ULIDs: 48 bits of milliseconds and 80 others, in 26 characters that sort by time (github.com/ulid/spec).

The others are a count of this process's, so that those of one millisecond sort in the order they were made, and 40
random bits.
"""

import secrets
from itertools import count

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_LENGTH = 26
_COUNTED, _RANDOM = 40, 40
_made = count(secrets.randbits(_COUNTED - 1))


def ulid(at_ms: int) -> str:
    """A new one for a moment, Unix milliseconds; greater than those made before it for the same moment."""
    place = next(_made) & (1 << _COUNTED) - 1
    moment = at_ms & (1 << 48) - 1
    return _written((moment << _COUNTED | place) << _RANDOM | secrets.randbits(_RANDOM))


def ulid_of(at_ms: int, rest: bytes) -> str:
    """The one of a moment and ten bytes: always the same for the same thing."""
    return _written((at_ms & (1 << 48) - 1) << _COUNTED + _RANDOM | int.from_bytes(rest[:10]))


def ulid_floor(at_ms: int) -> str:
    """The smallest one of a moment."""
    return ulid_of(max(0, at_ms), bytes(10))


def moment_of(text: str) -> int | None:
    """When a ULID was made, Unix milliseconds; None for a text that is none."""
    if len(text) != _LENGTH or not set(text) <= set(_ALPHABET) or text[0] > "7":
        return None
    number = 0
    for letter in text[:10]:
        number = number << 5 | _ALPHABET.index(letter)
    return number


def _written(number: int) -> str:
    return "".join(_ALPHABET[number >> 5 * shift & 31] for shift in reversed(range(_LENGTH)))
