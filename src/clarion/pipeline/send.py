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
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from operator import length_hint

import structlog

from clarion.channels.base import Deliverer
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import SendError, detail_of
from clarion.domain.messages import EmailMessage, Message
from clarion.domain.people import email_key
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.domain.push import PushDevice
from clarion.pipeline import drafting, verdict
from clarion.pipeline.claim import Chunk
from clarion.pipeline.compose import Messages
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.flight import FlightRecord, Mark
from clarion.pipeline.meter import UNMETERED, Meter
from clarion.pipeline.outlet import Outlet
from clarion.pipeline.own_copies import CopyHandover, OwnCopies
from clarion.pipeline.permits import Permits
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import Routes
from clarion.pipeline.verdict import Verdict, bound_by
from clarion.store.engine import Row

_log = structlog.get_logger("clarion.send")
_TIMED = 16  # one message in so many has its answer timed
_WHILE_BOUND_MS = 30_000  # until it is looked at again whether the only account that may have a message takes it


@dataclass(frozen=True, slots=True)
class Task:
    """What is sent for one chunk, and until when. `may_send` is asked before each message, and again before
    it is handed over; `turn_over` before each message only.

    `suppressed`: people of the chunk who are gone because they were suppressed; `barred`: addresses that get no mail,
    as they are compared; `approved`: drafts of the chunk that somebody decided to send, by (seq, action);
    `over_limit`: messages that would be one too many for their person, by the same; `devices`: of people of the chunk,
    where some of its messages go to devices; `left`, filled while it is sent: channels of which messages are left, for
    their rate is limited.
    """

    trigger_id: int
    chunk: Chunk
    messages: Messages
    doubt: DoubtPolicy
    suppressed: Set[int]
    may_send: Callable[[], bool]
    stopping: asyncio.Event
    turn_over: Callable[[], bool] = bool
    barred: Set[str] = frozenset()
    approved: Mapping[tuple[int, int], str] = field(default_factory=dict)
    over_limit: Set[tuple[int, int]] = frozenset()
    devices: Mapping[int, Sequence[PushDevice]] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)


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
    ) -> None:
        self.clock = clock
        self.meter = meter
        self.retry = retry
        self.failpoint = failpoint
        given = (Outlet(each, clock, meter, (limits or {}).get(each.capabilities.channel)) for each in providers)
        self.routes = routes or Routes(tuple(given), clock=clock)
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
            if source.outlet.permits is not None and not source.dry:
                task.left.add(source.outlet.channel)
        return outcomes

    def _sources(self, task: Task, record: FlightRecord, outcomes: list[Outcome]) -> "list[_ChunkSource]":
        """The chunk's messages by the accounts that they go to; most chunks have but one."""
        apart: dict[Outlet, list[tuple[int, Row]]] = {}
        of_action = {
            action_id: self._chosen(task, action_id) for action_id in {r["action_id"] for r in task.chunk.rows}
        }
        for index, row in enumerate(task.chunk.rows):
            outlet = of_action[row["action_id"]]
            if row["outlet"] is not None or row["reason"] is not None:
                outlet = self._bound(task, row, outcomes)
            if outlet is not None:
                apart.setdefault(outlet, []).append((index, row))
        return [_ChunkSource(task, some, record, self, outlet, outcomes) for outlet, some in apart.items()]

    def _chosen(self, task: Task, action_id: int) -> Outlet | None:
        """The account that the chunk was opened for; None: none took messages then."""
        routed = task.chunk.routed
        if routed.known:
            return self.routes.outlet(routed.outlets.get(action_id, -1))
        return self.routes.by_channel[task.messages.channel_of(action_id)].outlets[0]

    def _bound(self, task: Task, row: Row, outcomes: list[Outcome]) -> Outlet | None:
        """The only account that may have this message; None: not now, and the outcome says what becomes of it."""
        number = row["outlet"]
        route = self.routes.by_channel.get(task.messages.channel_of(row["action_id"]))
        outlet = self.routes.outlet(number) if number is not None else route.sole if route is not None else None
        if outlet is not None and outlet.enabled and outlet.is_ready():
            return outlet
        key = DeliveryKey(task.trigger_id, row["seq"], row["action_id"])
        said = bound_by(number, _reason_of(row))
        if outlet is None:
            words = "it may have been taken by an account that the settings do not name any more"
            left = Outcome(key, State.IN_DOUBT, (said and said.reason) or Reason.NO_ANSWER, words, counted=False)
        else:
            words = f"it may have been taken by {outlet.name}, which takes no messages now"
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


def _end(sources: "Iterable[_ChunkSource]") -> None:
    for source in sources:
        source.over = True


def _reason_of(row: Row) -> Reason | None:
    return Reason(row["reason"]) if row["reason"] is not None else None


def _is_among(address: str, barred: Set[str]) -> bool:
    return email_key(parseaddr(address)[1]) in barred


class _ChunkSource:
    """The messages of one chunk that go by one channel; see `channels.base.Source`."""

    def __init__(
        self,
        task: Task,
        rows: Iterable[tuple[int, Row]],
        record: FlightRecord,
        stage: SendStage,
        outlet: Outlet,
        outcomes: list[Outcome],
    ) -> None:
        self.task = task
        self.record = record
        self.stage = stage
        self.outlet = outlet
        self.outcomes = outcomes
        self.begun: dict[int, _Handover] = {}
        self.over = False  # nobody waits for this chunk any more
        self.given = 0
        self.began = stage.clock()
        self.doubt = stage.routes.doubt(task.doubt, outlet.outlet_id) if task.chunk.routed.known else task.doubt
        if outlet.channel in PERSON_ACTIONS:  # nobody need decide: what was performed is not performed twice
            self.doubt = DoubtPolicy.RESEND
        self.messages = task.messages.in_form(outlet.provider.capabilities.takes)
        self.copies = OwnCopies(outlet, self.messages, task.barred)
        self._rows = iter(rows)

    def may_send(self) -> bool:
        return not self.over and not self.task.stopping.is_set() and self.outlet.enabled and self.task.may_send()

    @property
    def dry(self) -> bool:
        return not length_hint(self._rows) and self.copies.dry

    def may_go_on(self) -> bool:
        return self.may_send() and not self.task.turn_over()

    def take(self) -> "_Handover | CopyHandover | None":
        task, permits = self.task, self.outlet.permits
        if permits is not None and not permits.take():
            return None
        if not (self.copies.dry or self.over):
            return self.copies.next()
        for index, row in self._rows if self.may_send() and not task.turn_over() else ():
            key = DeliveryKey(task.trigger_id, row["seq"], row["action_id"])
            made = self._composed(key, row)
            if isinstance(made, Outcome):
                self.outcomes.append(made)
                continue
            self.stage.failpoint("send.composed")
            if task.messages.drafting and self._is_drafted(key):
                self.outcomes.append(Outcome(key, State.DRAFTED, counted=False, draft=drafting.kept(made)))
                continue
            self.given += 1
            return _Handover(self, index, key, row, made)
        return None

    def _composed(self, key: DeliveryKey, row: Row) -> Message | Outcome:
        try:
            suppressed = row["alive"] is None and row["person_id"] in self.task.suppressed
            if self.task.approved and key[1:] in self.task.approved:
                left_out = self.messages.left_out(key, row, suppressed)
                made = left_out or drafting.restored(self.task.approved[key[1:]])
            else:
                devices = self.task.devices.get(int(row["person_id"]), ()) if self.task.devices else ()
                made = self.messages.compose(key, row, suppressed, devices)
            if self.task.over_limit and key[1:] in self.task.over_limit and not isinstance(made, Outcome):
                return Outcome(key, State.SKIPPED, Reason.MESSAGE_LIMIT, counted=False)
            if self.task.barred and isinstance(made, EmailMessage):
                if email_key(made.recipient) in self.task.barred:
                    return Outcome(key, State.SKIPPED, Reason.ESP_SUPPRESSED, counted=False)
                return self._without_barred(made)
            return made
        except Exception as error:  # noqa: BLE001 - one person's odd data must not keep the chunk from its end
            _log.exception("compose.crashed", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id)
            return Outcome(key, State.FAILED, Reason.RENDER_FAILED, f"internal error: {detail_of(error)}")

    def _is_drafted(self, key: DeliveryKey) -> bool:
        return key.action_id in self.task.messages.drafting and key[1:] not in self.task.approved

    def _without_barred(self, made: EmailMessage) -> EmailMessage:
        """Copies go to nobody who gets no mail; the one that it is for gets it all the same."""
        barred = self.task.barred
        copies = tuple(one for one in made.copies if email_key(one) not in barred)
        if len(copies) == len(made.copies):
            return made
        fields = made.fields
        if fields is not None:
            lists = ((one for one in some if not _is_among(one, barred)) for some in (fields.cc, fields.bcc))
            cc, bcc = map(tuple, lists)
            fields = replace(fields, cc=cc, bcc=bcc)
        return made._replace(copies=copies, fields=fields)

    def settle(self, handover: "_Handover", said: Verdict) -> None:
        self.record.mark(handover.index, said.mark, said.words)
        outcome = verdict.outcome(
            handover.key,
            said,
            attempts=handover.row["attempts"],
            now_ms=self.task.chunk.now_ms + int((self.stage.clock() - self.began) * 1_000),
            retry=self.stage.retry,
            doubt=self.doubt,
            recipient=handover.message.recipient,
            since_ms=handover.row["attempted_ms"],
            outlet=self.outlet.outlet_id,
            bound=bound_by(handover.row["outlet"], _reason_of(handover.row)),
        )
        self.outcomes.append(outcome._replace(gone=handover.lost) if handover.lost else outcome)

    def close(self) -> None:
        """Whatever was handed over and has no answer by now is in doubt."""
        for handover in list(self.begun.values()):
            handover.cut_off()


class _Handover:
    """One message of a chunk on its way; see `channels.base.Handover`. After its end further calls do nothing."""

    __slots__ = ("began", "ended", "index", "key", "lost", "message", "row", "source")

    def __init__(self, source: _ChunkSource, index: int, key: DeliveryKey, row: Row, message: Message) -> None:
        self.source = source
        self.index = index
        self.key = key
        self.row = row
        self.message = message
        self.lost: tuple[str, ...] = ()
        self.ended = False
        self.began = 0.0

    def begin(self) -> bool:
        source = self.source
        if self.ended or not source.may_send():
            return False
        if not self.index % _TIMED:
            self.began = source.stage.clock()
        source.record.mark(self.index, Mark.HANDED_OVER)
        source.begun[self.index] = self
        source.stage.failpoint("send.handed_over")
        return True

    def gone(self, tokens: Sequence[str]) -> None:
        self.lost = (*self.lost, *tokens)

    def sent(self, words: str) -> None:
        if not self.ended:
            self._end(Verdict(Mark.SENT, words))
            self.source.copies.of(self.key, self.row)

    def failed(self, error: SendError) -> None:
        self._end(verdict.of_error(error))

    def untouched(self) -> None:
        self.ended = True

    def cut_off(self) -> None:
        self._end(Verdict(Mark.HANDED_OVER, "stopped before the answer came", Reason.NO_ANSWER))

    def _end(self, said: Verdict) -> None:
        if self.ended:
            return
        self.ended = True
        self.source.begun.pop(self.index, None)
        if self.began:
            self.source.stage.meter.answered(self.source.outlet.channel, self.source.stage.clock() - self.began)
        self.source.settle(self, said)
        self.source.stage.failpoint("send.answered")
