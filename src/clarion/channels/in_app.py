# SPDX-License-Identifier: Apache-2.0
"""In-app and inbox messages: kept in our own database until the person's app fetches them.

How they are kept is given (`Keep`), since providers know no store. A message is known by its delivery id, so one that
was kept right before a crash is kept once.
"""

import asyncio
from collections.abc import Callable, Sequence

from clarion.channels.base import Capabilities, Source
from clarion.channels.together import AGAIN_SECONDS, all_failed, begun
from clarion.domain.errors import Away, Permanent, Temporary, Throttled, Unavailable, detail_of
from clarion.domain.messages import PartsMessage

Keep = Callable[[Sequence[PartsMessage]], frozenset[str]]
"""Keeps messages, all or none; the delivery ids of those that are there now. Blocking; raises Unavailable."""
AT_ONCE = 50  # messages in one transaction


class InAppProvider:
    """See `channels.base.Deliverer`."""

    name = "in_app"

    def __init__(self, keep: Keep, channel: str = "in_app") -> None:
        self.capabilities = Capabilities(channel=channel, connections=AT_ONCE, recognises_repeats=True)
        self._keep = keep

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`."""
        while some := begun(source, AT_ONCE):
            try:
                there = await asyncio.to_thread(self._keep, [message for _, message in some])
            except Unavailable as error:
                # Whether it was committed or not: kept again, it is the same message.
                all_failed(some, Throttled(str(error), AGAIN_SECONDS))
                raise Away(str(error), AGAIN_SECONDS) from None
            except Exception as error:  # noqa: BLE001 - a defect met by some messages must not lose the chunk
                all_failed(some, Temporary(f"internal error: {detail_of(error)}"))
                continue
            for handover, message in some:
                if message.delivery_id in there:
                    handover.sent("kept for the app")
                else:
                    handover.failed(Permanent("there is nobody by this cio_id", "invalid_address"))

    async def close(self) -> None:
        """Nothing is open."""
