# SPDX-License-Identifier: Apache-2.0
"""A provider that is written for one message at a time, as one that pulls its messages from a source."""

import asyncio

from clarion.channels.base import Handover, Provider, Source
from clarion.domain.errors import SendError, Temporary, Unknown, detail_of


class OneByOne:
    """Wraps a `Provider`: as many messages under way at once, over all sources, as it has connections."""

    def __init__(self, provider: Provider) -> None:
        self.name = provider.name
        self.capabilities = provider.capabilities
        self._provider = provider
        self._free = asyncio.Semaphore(provider.capabilities.connections)

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`."""
        lanes = [asyncio.create_task(self._lane(source)) for _ in range(self.capabilities.connections)]
        try:
            await asyncio.gather(*lanes)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _lane(self, source: Source) -> None:
        while True:
            async with self._free:
                handover = source.take()
                if handover is None:
                    return
                await self._send(handover)

    async def _send(self, handover: Handover) -> None:
        begun = False

        def handed_over() -> None:
            nonlocal begun
            if not handover.begin():
                raise _NotAnyMoreError
            begun = True

        try:
            receipt = await self._provider.send(handover.message, handed_over=handed_over)
        except _NotAnyMoreError:
            handover.untouched()
        except SendError as error:
            handover.failed(error)
        except Exception as error:  # noqa: BLE001 - a defect in a provider must not lose the chunk
            words = f"internal error: {detail_of(error)}"
            handover.failed(Unknown(words) if begun else Temporary(words))
        else:
            handover.sent(receipt.words)

    async def close(self) -> None:
        """Close the provider."""
        await self._provider.close()


class _NotAnyMoreError(Exception):
    """Raised into a provider when its message must not be handed over any more."""
