# SPDX-License-Identifier: Apache-2.0
"""What keys open, remembered for a second."""

import time
from collections.abc import Callable

from clarion.store.access import Access


class KnownKeys:
    """Busy callers ask with the same key a thousand times a second.

    So a key that is revoked elsewhere works for a second more; by this process, not once.
    """

    _SECONDS = 1.0
    _MOST = 1_000

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._found: dict[tuple[str, ...], tuple[float, Access]] = {}

    def get(self, key: tuple[str, ...]) -> Access | None:
        """What a key opened a moment ago."""
        until, found = self._found.get(key, (0.0, None))
        return found if until > self._now() else None

    def keep(self, key: tuple[str, ...], found: Access) -> None:
        """Remember what a key opens."""
        if len(self._found) >= self._MOST:
            self._found.clear()
        self._found[key] = self._now() + self._SECONDS, found

    def forget(self) -> None:
        """Keys or workspaces were changed here."""
        self._found.clear()
