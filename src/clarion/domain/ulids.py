# SPDX-License-Identifier: Apache-2.0
"""ULIDs: 48 bits of milliseconds and 80 random ones, in 26 characters that sort by time (github.com/ulid/spec)."""

import secrets
import threading

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_LENGTH = 26
_TIME, _RANDOM = (1 << 48) - 1, 80


class _Last:
    """The last one that this process made, so that those of one millisecond sort in the order they were made."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._number = 0

    def after(self, at_ms: int) -> int:
        """The next number for a moment."""
        with self._guard:
            fresh = (at_ms & _TIME) << _RANDOM | secrets.randbits(_RANDOM - 1)  # room to count up
            is_same = self._number >> _RANDOM == fresh >> _RANDOM
            self._number = self._number + 1 if is_same else fresh
            return self._number


_last = _Last()


def ulid(at_ms: int) -> str:
    """A new one for a moment, Unix milliseconds; greater than the one before, if that was for the same moment."""
    number = _last.after(at_ms)
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LENGTH)))
