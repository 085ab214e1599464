# SPDX-License-Identifier: Apache-2.0
"""Actions on people: performed in our own database, many in one transaction.

How they are performed is given (`Act`), since providers know no store. An action is known by its delivery id, so one
that was performed right before a crash is not performed again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from clarion.channels.base import Capabilities, Source
from clarion.channels.together import AGAIN_SECONDS, Begun, all_failed, begun
from clarion.domain.errors import Away, Permanent, Temporary, Throttled, Unavailable, detail_of
from clarion.domain.messages import PartsMessage

Act = Callable[[Sequence[PartsMessage]], Mapping[str, Permanent]]
"""Performs actions, those that were not performed yet; the failures by delivery id. Blocking; raises Unavailable."""
AT_ONCE = 500  # actions in one transaction


class PersonProvider:
    """See `channels.base.Deliverer`."""

    name = "person"

    def __init__(self, act: Act, channel: str) -> None:
        self.capabilities = Capabilities(channel=channel, connections=AT_ONCE, recognises_repeats=True)
        self._act = act

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`."""
        while some := begun(source, AT_ONCE):
            await self._perform(some)

    async def _perform(self, some: Sequence[Begun]) -> None:
        try:
            failed = await asyncio.to_thread(self._act, [message for _, message in some])
        except Unavailable as error:
            # Whether it was committed or not: asked for again, what was performed stays performed.
            all_failed(some, Throttled(str(error), AGAIN_SECONDS))
            raise Away(str(error), AGAIN_SECONDS) from None
        except Exception as error:  # noqa: BLE001 - a defect met by one of them must not cost the others theirs
            if len(some) == 1:
                all_failed(some, Temporary(f"internal error: {detail_of(error)}"))
                return
            for number, one in enumerate(some):
                try:
                    await self._perform([one])
                except Away:
                    all_failed(some[number + 1 :], Throttled("not performed for now", AGAIN_SECONDS))
                    raise
            return
        for handover, message in some:
            why = failed.get(message.delivery_id)
            if why is None:
                handover.sent("performed")
            else:
                handover.failed(why)

    async def close(self) -> None:
        """Nothing is open."""
