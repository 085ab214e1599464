# SPDX-License-Identifier: Apache-2.0
"""One provider as the senders of a process see it: whether it takes messages, and who asks whether it is back."""

import asyncio
from collections.abc import Callable

import structlog

from clarion.channels.base import Deliverer
from clarion.domain.errors import Away, detail_of
from clarion.pipeline import paced
from clarion.pipeline.meter import Meter
from clarion.pipeline.paced import PacedSource
from clarion.pipeline.permits import Permits

_log = structlog.get_logger("clarion.send")
_AFTER_DEFECT = 5.0  # seconds
_WHILE_ASKING = 0.5  # seconds


class Outlet:
    """Where one channel's messages go out. `away`: why it takes none, None while it does. `permits`: of its limit."""

    def __init__(
        self, provider: Deliverer, clock: Callable[[], float], meter: Meter, permits: Permits | None = None
    ) -> None:
        self.provider = provider
        self.permits = permits
        self.channel = provider.capabilities.channel
        self.away: Away | None = None
        self._clock = clock
        self._meter = meter
        self._back_at = 0.0
        self._asking = False

    def is_ready(self) -> bool:
        """Whether to give it something: not while it is away, and by one sender at a time when it may be back."""
        return self.away is None or (self._clock() >= self._back_at and not self._asking)

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
        if self.permits is None:
            await self.provider.deliver(source)
        else:
            await paced.deliver(self.provider, source, self.permits)

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
            _log.warning("provider.away", provider=self.provider.name, why=away.words)
        self.away, self._back_at = away, self._clock() + away.retry_after
        self._meter.provider_away(self.provider.name, away=True)

    def _is_back(self) -> None:
        if self.away is not None:
            _log.info("provider.back", provider=self.provider.name)
            self._meter.provider_away(self.provider.name, away=False)
        self.away = None
