# SPDX-License-Identifier: Apache-2.0
"""Limits of recipients' domains: so many e-mails a second to gmail.com, whatever account they go by.

Commits what `permits` does. Nobody waits behind a domain that is full: its messages are set aside while the others of
the chunk go, and then put off, each chunk's behind those that were put off before, so that they come back when it is
their turn. Only a chunk that has no others waits for permits, and of those one at a time in a process. A message that
is put off was not tried: it loses no attempt, and after a crash it is simply due.
"""

import time
from collections.abc import Callable, Mapping

from clarion.domain.domain_limits import in_force
from clarion.domain.messages import EmailMessage, Message
from clarion.pipeline.permits import Permits

_SOONEST = 1.0  # seconds
_LATEST = 300.0  # a queue may have grown for messages that will not come: their trigger was stopped


PermitsFor = Callable[[str, float], Permits | None]
"""The permits of a domain of so many messages a second; None for 0."""


def _none(domain: str, per_second: float) -> None:
    del domain, per_second


class DomainLimits:
    """Of one process. `given`: what the settings say, by domain, in lower case."""

    def __init__(
        self,
        given: Mapping[str, float] | None = None,
        permits_for: PermitsFor = _none,
        clock: Callable[[], float] = time.monotonic,
        *,
        changed: Mapping[str, float] | None = None,
    ) -> None:
        self._given = given or {}
        self._permits_for = permits_for
        self._clock = clock
        self._now: dict[str, float] = {}
        self._limits: dict[str, Permits] = {}
        self._behind: dict[Permits, float] = {}
        self._waiter: object | None = None
        self._replace(in_force(self._given, changed or {}))

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

    async def follow(self, changed: Mapping[str, float]) -> bool:
        """What somebody has changed, by domain; whether that is new. What was set aside waits as it did."""
        wanted = in_force(self._given, changed)
        if wanted == self._now:
            return False
        for limit in self._replace(wanted):
            self._behind.pop(limit, None)
            await limit.close()
        return True

    async def close(self) -> None:
        """Wait for what is asked."""
        for limit in self._limits.values():
            await limit.close()

    def _replace(self, wanted: dict[str, float]) -> list[Permits]:
        """Have these limits from now on; those that are held no more."""
        before, self._limits = self._limits, {}
        for domain, most in wanted.items():
            same = before.pop(domain, None) if self._now.get(domain) == most else None
            limit = same or self._permits_for(domain, most)
            if limit is not None:
                self._limits[domain] = limit
        self._now = wanted
        return list(before.values())
