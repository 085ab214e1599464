# SPDX-License-Identifier: Apache-2.0
"""Before a chunk is sent: whose message would be one too many (the workspace's message limit).

Reads which limit holds, at most once a second for each trigger, and the last messages of the chunk's people. Commits,
in a transaction of its own before the first message leaves, those that are about to go. If the process dies after that,
the next one finds them counted under the same accounts and sends them; what is never sent counts for nothing, since
the account says so.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from functools import partial
from typing import Any

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.limits import LIMITED, Wanted
from clarion.domain.push import PushDevice
from clarion.pipeline.claim import Chunk
from clarion.pipeline.compose import Messages
from clarion.store import access, limits
from clarion.store.engine import Row, Store, Transaction
from clarion.store.limits import Held
from clarion.store.numbers import workspace_of
from clarion.store.people import decode

_LOOK_SECONDS = 1.0
Database = Callable[[Callable[..., Any], Callable[[Transaction], Any]], Awaitable[Any]]


class Limiting:
    """One per process; `database` runs a transaction without holding up the loop."""

    def __init__(self, store: Store, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._database = database
        self._clock = clock
        self._held: dict[int, tuple[float, Held]] = {}

    async def over(
        self,
        trigger_id: int,
        chunk: Chunk,
        messages: Messages,
        approved: Mapping[tuple[int, int], str],
        devices: Mapping[int, Sequence[PushDevice]],
    ) -> Set[tuple[int, int]]:
        """(seq, action) of the messages that are not sent. Who gets none of an action anyhow has it not counted: it
        must not take the place of one that would reach them."""
        if messages.channels.isdisjoint(LIMITED):
            return frozenset()
        held = await self._held_of(trigger_id)
        if held.limit is None:
            return frozenset()
        wanted = [
            Wanted(int(row["person_id"]), int(row["seq"]), int(row["action_id"]))
            for row in chunk.rows
            if row["alive"] is not None
            and messages.channel_of(row["action_id"]) in LIMITED
            and _may_go(trigger_id, row, messages, approved, devices)
        ]
        reserve = partial(_reserve, trigger_id=trigger_id, held=held, wanted=wanted)
        found: Set[tuple[int, int]] = await self._database(self._store.write, reserve)
        return found

    async def _held_of(self, trigger_id: int) -> Held:
        now = self._clock()
        until, held = self._held.get(trigger_id, (0.0, Held(None)))
        if until <= now:
            held = await self._database(self._store.read, partial(limits.of_trigger, trigger_id=trigger_id))
            self._held = {key: one for key, one in self._held.items() if one[0] > now}
            self._held[trigger_id] = now + _LOOK_SECONDS, held
        return held


def _may_go(
    trigger_id: int,
    row: Row,
    messages: Messages,
    approved: Mapping[tuple[int, int], str],
    devices: Mapping[int, Sequence[PushDevice]],
) -> bool:
    key = DeliveryKey(trigger_id, row["seq"], row["action_id"])
    if messages.left_out(key, row, False) is not None:
        return False
    if key[1:] in approved:
        return True
    if key.action_id in messages.drafting:
        return False
    to = messages.destinations.get(key.action_id)
    return to is None or to.reason(decode(row["attributes"]), devices.get(int(row["person_id"]), ())) is None


def _reserve(tx: Transaction, *, trigger_id: int, held: Held, wanted: list[Wanted]) -> set[tuple[int, int]]:
    workspace = access.workspace(tx, workspace_of(wanted[0].person_id)) if wanted else None
    return limits.reserve(tx, workspace, trigger_id, held, wanted) if workspace is not None else set()
