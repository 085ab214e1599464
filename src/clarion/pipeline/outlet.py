# SPDX-License-Identifier: Apache-2.0
"""One account at a provider as the senders of a process see it: whether it takes messages, and who asks it again."""

import asyncio
from collections.abc import Callable

import structlog

from clarion.channels.base import Deliverer
from clarion.domain.errors import Away, detail_of
from clarion.domain.outlets import Terms
from clarion.pipeline import paced
from clarion.pipeline.meter import Meter
from clarion.pipeline.paced import PacedSource
from clarion.pipeline.permits import Permits
from clarion.store.engine import Row

_log = structlog.get_logger("clarion.send")
PermitsFor = Callable[[float], Permits | None]
"""The permits of a limit of so many messages a second; None for 0."""
SPENT = "its share of the day is used up"
_AFTER_DEFECT = 5.0  # seconds
_WHILE_ASKING = 0.5  # seconds


def _none(per_second: float) -> None:
    del per_second


class Outlet:
    """Where messages of one channel go out. `away`: why it takes none, None while it does. `permits`: of its limit.

    `outlet_id`: its number in the database, `name`: as the settings call it; `terms`: what holds for it by them, and
    what somebody has changed since. `spent_until`: when to look again at its share of the day, which is used up.
    """

    def __init__(
        self,
        provider: Deliverer,
        clock: Callable[[], float],
        meter: Meter,
        permits: Permits | None = None,
        *,
        outlet_id: int | None = None,
        name: str = "",
        terms: Terms | None = None,
        permits_for: PermitsFor = _none,
    ) -> None:
        self.provider = provider
        self.permits = permits
        self.channel = provider.capabilities.channel
        self.outlet_id = outlet_id
        self.name = name or provider.name
        self.terms = self._given = terms or Terms()
        self.enabled = self.terms.enabled
        self.away: Away | None = None
        self.spent_until = 0.0
        self.told: tuple[str, float] | None = ("", 0.0)  # what was last noted of its being away; nothing yet
        self._permits_for = permits_for
        self._clock = clock
        self._meter = meter
        self._back_at = self._away_since = 0.0
        self._asking = False
        if permits is None:
            self.permits = permits_for(self.terms.per_second)

    def is_ready(self) -> bool:
        """Whether to give it something: not while it is away, and by one sender at a time when it may be back."""
        return self.away is None or (self._clock() >= self._back_at and not self._asking)

    def away_for(self) -> float:
        """For how many seconds it has been away, or how many it will be, whichever is longer."""
        now = self._clock()
        return max(now - self._away_since, self._back_at - now) if self.away is not None else 0.0

    def is_spent(self) -> bool:
        """Whether its share of the day was used up when that was last looked at."""
        return self.spent_until > self._clock()

    def follow(self, row: Row) -> bool:
        """What somebody set about it, as a row of the table of accounts; whether that is new."""
        terms = self._given.with_changes(row)
        if terms == self.terms:
            return False
        if terms.per_second != self.terms.per_second:
            self.permits = self._permits_for(terms.per_second)
        self.terms, self.enabled, self.spent_until = terms, terms.enabled, 0.0
        return True

    def state(self) -> tuple[str, float] | None:
        """Why it takes no messages and until when, by the clock; None: it takes them."""
        if self.away is None and self.is_spent():
            return SPENT, self.spent_until
        return None if self.away is None else (self.away.words, self._back_at)

    def next_try(self) -> float:
        """When to come again, by the clock, while it is not ready."""
        return max(self._clock() + _WHILE_ASKING if self._asking else 0.0, self._back_at)

    def ask(self) -> bool:
        """Something is about to be given to it; whether that finds out if it is back. See `answered`."""
        asks = self.away is not None
        self._asking = self._asking or asks
        return asks

    def answered(self) -> None:
        """The sender that asked knows."""
        self._asking = False

    async def deliver(self, source: PacedSource) -> None:
        """See `Deliverer.deliver`; with a limit it may end before all is taken, see `paced`."""
        gate = source.gate()
        if gate is None:
            await self.provider.deliver(source)
        else:
            await paced.deliver(self.provider, source, gate, self._clock)

    def learn(self, delivering: "asyncio.Task[None]", *, given: bool) -> None:
        """What the end of a delivery says of the provider, if it was `given` anything."""
        if delivering.cancelled():
            return
        error = delivering.exception()
        if error is None:
            if given:
                self._is_back()
        elif isinstance(error, Away):
            self._is_away(error)
        elif isinstance(error, Exception):  # a defect in a provider must not lose the chunk
            _log.error("provider.crashed", provider=self.provider.name, exc_info=error)
            self._is_away(Away(f"internal error: {detail_of(error)}", _AFTER_DEFECT))
        else:
            raise error

    def _is_away(self, away: Away) -> None:
        if self.away is None or self.away.words != away.words:
            _log.warning("provider.away", provider=self.name, channel=self.channel, why=away.words)
        if self.away is None:
            self._away_since = self._clock()
        self.away, self._back_at = away, self._clock() + away.retry_after
        self._meter.provider_away(self.name, away=True)

    def _is_back(self) -> None:
        if self.away is not None:
            _log.info("provider.back", provider=self.name, channel=self.channel)
            self._meter.provider_away(self.name, away=False)
        self.away = None
