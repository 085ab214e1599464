# SPDX-License-Identifier: Apache-2.0
"""A provider that is a function for one message, as one that pulls its messages from a source."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

from clarion.channels.base import Capabilities, Handover, Source, email_of
from clarion.domain.errors import Away, SendError, Temporary, Unknown, detail_of
from clarion.domain.messages import EmailMessage


class NotAnyMoreError(Exception):
    """Raised into `send` when its message must not be handed over any more."""


class OneByOne(ABC):
    """Has as many messages under way at once, over all sources, as it has connections."""

    name: str
    capabilities: Capabilities
    _free: asyncio.Semaphore | None = None

    @abstractmethod
    async def send(self, message: EmailMessage, *, handed_over: Callable[[], None]) -> str:
        """Hand the message over and return the answer; `handed_over` is called once, right before it is out.

        Raises `Away` when nothing is taken at all, else a `SendError`; anything else is a defect of it.
        """

    async def deliver(self, source: Source) -> None:
        if self._free is None:
            self._free = asyncio.Semaphore(self.capabilities.connections)
        away = asyncio.Event()
        lanes = [
            asyncio.create_task(self._lane(source, self._free, away)) for _ in range(self.capabilities.connections)
        ]
        try:
            await asyncio.gather(*lanes)
        except Away:
            await asyncio.gather(*lanes, return_exceptions=True)  # what is under way has its end before that
            raise
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _lane(self, source: Source, free: asyncio.Semaphore, away: asyncio.Event) -> None:
        while not away.is_set():
            async with free:
                handover = None if away.is_set() else source.take()
                if handover is None:
                    return
                try:
                    await self._send(handover)
                except Away:
                    away.set()
                    raise

    async def _send(self, handover: Handover) -> None:
        begun = False

        def handed_over() -> None:
            nonlocal begun
            if not handover.begin():
                raise NotAnyMoreError
            begun = True

        try:
            words = await self.send(email_of(handover), handed_over=handed_over)
        except NotAnyMoreError:
            handover.untouched()
        except Away:
            handover.untouched()
            raise
        except SendError as error:
            handover.failed(error)
        except Exception as error:  # noqa: BLE001 - a defect in a provider must not lose the chunk
            detail = f"internal error: {detail_of(error)}"
            handover.failed(Unknown(detail) if begun else Temporary(detail))
        else:
            handover.sent(words)

    async def close(self) -> None:  # noqa: B027 - nothing is open
        pass
