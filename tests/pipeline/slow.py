# SPDX-License-Identifier: Apache-2.0
"""Providers that take their time, or that are away for a while."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from tests.support.one_by_one import OneByOne

from clarion.channels.base import Capabilities
from clarion.domain.deliveries import key_of
from clarion.domain.errors import Away
from clarion.domain.messages import EmailMessage

from .stage import SIGN


def _trigger_of(message: EmailMessage) -> int:
    key = key_of(message.delivery_id, SIGN.secret)
    assert key is not None
    return key.trigger_id


class Slow(OneByOne):
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

    async def send(self, message: EmailMessage, *, handed_over: Callable[[], None]) -> str:
        await asyncio.sleep(0)
        if self.away:
            self.refused += 1
            raise Away("cannot connect", self._retry_after)
        handed_over()
        self.begun.append((time.monotonic(), _trigger_of(message)))
        await asyncio.sleep(self._seconds)
        self.taken.append(message)
        self.after_each(len(self.taken))
        return "250 kept"

    @property
    def recipients(self) -> Counter[str]:
        """How many messages everybody was sent."""
        return Counter(message.recipient for message in self.taken)
