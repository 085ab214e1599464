# SPDX-License-Identifier: Apache-2.0
"""Providers that take their time, or that are away for a while."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from clarion.channels.base import Capabilities, Source
from clarion.domain.deliveries import key_of
from clarion.domain.errors import Away
from clarion.domain.messages import EmailMessage

from .stage import SIGN


def _trigger_of(message: EmailMessage) -> int:
    key = key_of(message.delivery_id, SIGN.secret)
    assert key is not None
    return key.trigger_id


class Slow:
    """Takes every message, each in so many seconds; `begun` is (moment, trigger) of each, in order.

    While `away` is set it takes none; `refused` counts the times it was asked then.
    """

    name = "slow"

    def __init__(self, seconds: float = 0.0, *, connections: int = 2, retry_after: float = 0.2) -> None:
        self.capabilities = Capabilities("email", connections)
        self.begun: list[tuple[float, int]] = []
        self.taken: list[EmailMessage] = []
        self.away = False
        self.refused = 0
        self.after_each: Callable[[int], None] = lambda count: None
        self._seconds = seconds
        self._retry_after = retry_after
        self._lanes = asyncio.Semaphore(connections)

    async def deliver(self, source: Source) -> None:
        lanes = [asyncio.create_task(self._lane(source)) for _ in range(self.capabilities.connections)]
        try:
            await asyncio.gather(*lanes)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _lane(self, source: Source) -> None:
        while True:
            async with self._lanes:
                handover = source.take()
                if handover is None:
                    return
                await asyncio.sleep(0)
                if self.away:
                    self.refused += 1
                    handover.untouched()
                    raise Away("cannot connect", self._retry_after)
                if not handover.begin():
                    handover.untouched()
                    continue
                self.begun.append((time.monotonic(), _trigger_of(handover.message)))
                await asyncio.sleep(self._seconds)
                self.taken.append(handover.message)
                handover.sent("250 kept")
                self.after_each(len(self.taken))

    async def close(self) -> None:
        pass

    @property
    def recipients(self) -> Counter[str]:
        """How many messages everybody was sent."""
        return Counter(message.recipient for message in self.taken)
