# SPDX-License-Identifier: Apache-2.0
"""Stage 5, send: hand the messages of an open chunk to the provider, and note how far each one got.

Reads the chunk, commits nothing. The provider pulls: a message is composed when a connection is free for it, so
nothing is built ahead, and pausing or stopping acts before the next message of each connection. Each step is noted
in the flight record before or as it happens: a message is marked as handed over before the other side could accept
it, and as answered when the answer is here. If the process dies, the record tells them apart; only a message that is
marked without an answer is in doubt, so at most one per open connection.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set

import structlog

from clarion.channels.base import Deliverer
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.pipeline import verdict
from clarion.pipeline.chunk_source import ChunkSource, Means, Task, reason_of
from clarion.pipeline.domains import DomainLimits
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.flight import FlightRecord, Mark
from clarion.pipeline.meter import UNMETERED, Meter
from clarion.pipeline.outlet import SPENT, Outlet
from clarion.pipeline.permits import Permits
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import Routes
from clarion.pipeline.verdict import Verdict, bound_by
from clarion.store.engine import Row

_log = structlog.get_logger("clarion.send")
_WHILE_BOUND_MS = 30_000  # until it is looked at again whether the only account that may have a message takes it


class SendStage:
    """Sends chunks, each message through the account that its chunk was opened for; a process's slots share it.

    `routes`: the accounts of all channels; without, `providers` are one of a channel each, of which nothing is known
    but what they can do, and `limits`, by channel, the rates that are limited.
    """

    def __init__(
        self,
        *providers: Deliverer,
        retry: RetryPolicy,
        drain_seconds: float = 3.0,
        failpoint: Failpoint = nothing,
        clock: Callable[[], float] = time.monotonic,
        meter: Meter = UNMETERED,
        limits: Mapping[str, Permits] | None = None,
        routes: Routes | None = None,
        domains: DomainLimits | None = None,
    ) -> None:
        self.clock = clock
        self.retry = retry
        given = (Outlet(each, clock, meter, (limits or {}).get(each.capabilities.channel)) for each in providers)
        self.routes = routes or Routes(tuple(given), clock=clock)
        self.domains = DomainLimits() if domains is None else domains  # one without limits is false, and may get some
        self._means = Means(self.routes, retry, failpoint, clock, meter, self.domains)
        self._drain_seconds = drain_seconds
        self._held: dict[int, float] = {}

    def is_ready(self) -> bool:
        """Whether a chunk is worth opening: some provider takes messages."""
        return self.routes.is_ready()

    def held_until(self, task: Task) -> float | None:
        """Until when, by `clock`, a chunk like this is not worth opening: all its providers are away. None: it is."""
        routes = [self.routes.by_channel[channel] for channel in task.messages.channels_of(task.chunk.rows)]
        if any(route.is_ready() for route in routes):
            return None
        return min(route.next_try() for route in routes)

    def hold(self, trigger_id: int, until: float) -> None:
        """Open no chunk of a trigger before then: all of it waits for a provider that is away."""
        self._held[trigger_id] = until

    def held(self) -> Set[int]:
        """The triggers that wait so."""
        now = self.clock()
        self._held = {trigger_id: until for trigger_id, until in self._held.items() if until > now}
        return self._held.keys()

    def forget_holds(self) -> None:
        """What the triggers wait for may have changed."""
        self._held.clear()

    async def close(self) -> None:
        """Wait for what is still asked for."""
        await asyncio.gather(*(each.permits.close() for each in self.routes if each.permits is not None))
        await self.domains.close()

    async def send(self, task: Task, record: FlightRecord) -> list[Outcome]:
        """One outcome per account that was settled; those without were not handed over.

        That is so after `task.stopping`, when `may_send` said no, and while their provider is away (see `held_until`).
        """
        outcomes: list[Outcome] = []
        sources = [source for source in self._sources(task, record, outcomes) if source.outlet.is_ready()]
        asking = [source.outlet for source in sources if source.outlet.ask()]
        delivering = [asyncio.create_task(source.outlet.deliver(source)) for source in sources]
        stop = asyncio.create_task(task.stopping.wait())
        try:
            under_way = set(delivering)
            while under_way and not stop.done():
                done, _ = await asyncio.wait({*under_way, stop}, return_when=asyncio.FIRST_COMPLETED)
                under_way -= done
            if under_way:
                _end(sources)
                await asyncio.wait(under_way, timeout=self._drain_seconds)
        finally:
            _end(sources)  # nobody may go on with a chunk that is about to be let go
            for each in (stop, *delivering):
                each.cancel()
            await asyncio.gather(*delivering, return_exceptions=True)
            for outlet in asking:
                outlet.answered()
        for source, delivered in zip(sources, delivering, strict=True):
            source.outlet.learn(delivered, given=source.given > 0)
            source.close()
            if not source.copies.dry:
                await source.copies.rest(self._drain_seconds)
            source.copies.close()
            if source.outlet.permits is not None and not source.dry:
                task.left.add(source.outlet.channel)
        return outcomes

    def _sources(self, task: Task, record: FlightRecord, outcomes: list[Outcome]) -> "list[ChunkSource]":
        """The chunk's messages by the accounts that they go to; most chunks have but one."""
        apart: dict[Outlet, list[tuple[int, Row]]] = {}
        repeats: Counter[int | None] = Counter(task.chunk.routed.repeats)
        of_action = {
            action_id: self._chosen(task, action_id) for action_id in {r["action_id"] for r in task.chunk.rows}
        }
        for index, row in enumerate(task.chunk.rows):
            outlet = of_action[row["action_id"]]
            if row["outlet"] is not None or row["reason"] is not None:
                outlet = self._bound(task, row, repeats, outcomes)
            if outlet is not None:
                apart.setdefault(outlet, []).append((index, row))
        return [ChunkSource(task, some, record, self._means, outlet, outcomes) for outlet, some in apart.items()]

    def _chosen(self, task: Task, action_id: int) -> Outlet | None:
        """The account that the chunk was opened for; None: none took messages then."""
        routed = task.chunk.routed
        if routed.known:
            return self.routes.outlet(routed.outlets.get(action_id, -1))
        return self.routes.by_channel[task.messages.channel_of(action_id)].outlets[0]

    def _bound(self, task: Task, row: Row, repeats: Counter[int | None], outcomes: list[Outcome]) -> Outlet | None:
        """The only account that may have this message; None: not now, and the outcome says what becomes of it.

        `repeats`: for how many more there is room in the share of each.
        """
        number = row["outlet"]
        outlet = self.routes.bound_to(row, task.messages.channel_of(row["action_id"]))
        spent = outlet is not None and repeats.get(outlet.outlet_id) == 0
        if outlet is not None and outlet.enabled and outlet.is_ready() and not spent:
            if outlet.outlet_id in repeats:
                repeats[outlet.outlet_id] -= 1
            return outlet
        key = DeliveryKey(task.trigger_id, row["seq"], row["action_id"])
        said = bound_by(number, reason_of(row))
        if outlet is None:
            words = "it may have been taken by an account that the settings do not name any more"
            if number is None:
                words = "it may have been taken, and which of the accounts had it is not known"
            left = Outcome(key, State.IN_DOUBT, (said and said.reason) or Reason.NO_ANSWER, words, counted=False)
        else:
            words = f"it may have been taken by {outlet.name}, which takes no messages now"
            if spent:
                words = f"it may have been taken by {outlet.name}, and {SPENT}"
            left = verdict.outcome(
                key,
                Verdict(Mark.THROTTLED, words, pause_ms=_WHILE_BOUND_MS),
                attempts=row["attempts"],
                now_ms=task.chunk.now_ms,
                retry=self.retry,
                doubt=DoubtPolicy.HOLD,
                since_ms=row["attempted_ms"],
                outlet=number,
                bound=said,
            )
        outcomes.append(left)
        return None


def _end(sources: "Iterable[ChunkSource]") -> None:
    for source in sources:
        source.over = True
