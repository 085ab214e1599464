# SPDX-License-Identifier: Apache-2.0
"""When to connect again, and with how many connections. Decides only; the time comes as a parameter, in seconds.

While a server cannot be reached one try at a time is made, at growing intervals. When it is back, connections come
back slowly: 1, 2, 4 and so on. When it only refuses more connections than there are, those go on alone for a while.
"""

MAX_BACK_OFF_SECONDS = 30.0


class Patience:
    """What was learnt from trying to connect, up to `most` connections. `words` is why the last try failed, or None."""

    def __init__(self, most: int) -> None:
        self.words: str | None = None
        self.next_try_at = 0.0
        self._most = most
        self._window = 1  # as many connections as may be tried for; a wrong password is tried once, not by all
        self._failures = 0
        self._failed_at = float("-inf")
        self._refusals = 0  # of further connections, while others worked
        self._widen_at = 0.0

    def room(self, now: float, *, live: int, occupied: int) -> int:
        """How many connections may be opened now. `live` can be used; `occupied` are all that the server may count."""
        if not live and self.refuses(now):
            return 0
        window = self._window
        if self._refusals and now >= self._widen_at:
            window += 1
        return min(window, self._most) - occupied

    def refuses(self, now: float) -> bool:
        """Whether the last try failed, and it is too early for another."""
        return bool(self._failures) and now < self.next_try_at

    def succeeded(self, now: float, *, live: int) -> None:
        """A connection was made; `live` counts it."""
        self._failures, self.words = 0, None
        if now >= self._widen_at:
            self._window = min(self._most, max(2 * self._window, live))
            if self._window == self._most:
                self._refusals = 0

    def failed(self, now: float, words: str, *, started: float, live: int, at_once: bool = False) -> None:
        """A connection could not be made; it was tried from `started` on. `at_once`: wait for the longest time."""
        together = started < self._failed_at  # those that set out together count once
        self._failed_at = now
        self.words = words
        if live:
            self._window = live
            if not together:
                self._widen_at = now + self._wait(self._refusals, at_once)
                self._refusals += 1
            return
        self._window = 1
        if not together or at_once:
            self.next_try_at = now + self._wait(self._failures, at_once)
        self._failures += 1

    @staticmethod
    def _wait(failures: int, at_once: bool) -> float:
        return MAX_BACK_OFF_SECONDS if at_once else min(MAX_BACK_OFF_SECONDS, 2.0 ** min(failures, 10))

    def retry_after(self, now: float) -> float:
        """Seconds until the next try is welcome, at least 1."""
        return max(1.0, self.next_try_at - now)
