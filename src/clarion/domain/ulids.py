# SPDX-License-Identifier: Apache-2.0
"""ULIDs: 48 bits of milliseconds and 80 random ones, in 26 characters that sort by time (github.com/ulid/spec)."""

import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_LENGTH = 26


def ulid(at_ms: int) -> str:
    """A new one for a moment, Unix milliseconds."""
    number = (at_ms & (1 << 48) - 1) << 80 | secrets.randbits(80)
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
