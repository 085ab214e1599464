# SPDX-License-Identifier: Apache-2.0
"""Limits of recipients' domains: so many e-mails a second to gmail.com, whatever account they go by.

Commits what `permits` does. Nobody waits behind a domain that is full: its messages are set aside while the others of
the chunk go, and then put off, each chunk's behind those that were put off before, so that they come back when it is
their turn. Only a chunk that has no others waits for permits, and of those one at a time in a process. A message that
is put off was not tried: it loses no attempt, and after a crash it is simply due.
"""

import time
from collections.abc import Callable, Mapping

from clarion.domain.messages import EmailMessage, Message
from clarion.pipeline.permits import Permits

_SOONEST = 1.0  # seconds
_LATEST = 300.0  # a queue may have grown for messages that will not come: their trigger was stopped


class DomainLimits:
    """Of one process. `limits`: by domain, in lower case."""

    def __init__(
        self, limits: Mapping[str, Permits] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits or {}
        self._clock = clock
        self._behind: dict[Permits, float] = {}
        self._waiter: object | None = None

    def __bool__(self) -> bool:
        return bool(self._limits)

    def limit_of(self, message: Message) -> Permits | None:
        """What a message has to wait for; None: nothing."""
        if not self._limits or not isinstance(message, EmailMessage):
            return None
        return self._limits.get(message.recipient.rpartition("@")[2].lower())

    def may_wait(self, who: object) -> bool:
        """Whether this one is, or becomes, who waits for permits."""
        if self._waiter is None:
            self._waiter = who
        return self._waiter is who

    def waited(self, who: object) -> None:
        """It waits no more, if it did."""
        if self._waiter is who:
            self._waiter = None

    def delay(self, limit: Permits, count: int) -> float:
        """For how many seconds to put off so many messages: behind those before them."""
        now = self._clock()
        begins = min(now + _LATEST, max(now + _SOONEST, self._behind.get(limit, 0.0)))
        self._behind[limit] = begins + count * limit.spacing
        return begins - now

    async def close(self) -> None:
        """Wait for what is asked."""
        for limit in self._limits.values():
            await limit.close()
