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
from clarion.domain.push import PushDevice
from clarion.pipeline import drafting, verdict
from clarion.pipeline.claim import Chunk
from clarion.pipeline.compose import Messages
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.flight import FlightRecord, Mark
from clarion.pipeline.meter import UNMETERED, Meter
from clarion.pipeline.outlet import Outlet
from clarion.pipeline.permits import Permits
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.verdict import Verdict
from clarion.store.engine import Row

_log = structlog.get_logger("clarion.send")
_TIMED = 16  # one message in so many has its answer timed


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
    """Sends chunks, each channel's messages through its provider; several slots of a process share it.

    `provider` is that of e-mail; `others` are those of further channels, one for each. `limits`: by channel, the rates
    that are limited.
    """

    def __init__(
        self,
        provider: Deliverer,
        *others: Deliverer,
        retry: RetryPolicy,
        drain_seconds: float = 3.0,
        failpoint: Failpoint = nothing,
        clock: Callable[[], float] = time.monotonic,
        meter: Meter = UNMETERED,
        limits: Mapping[str, Permits] | None = None,
    ) -> None:
        self.form = provider.capabilities.takes
        self.clock = clock
        self.meter = meter
        self.retry = retry
        self.failpoint = failpoint
        outlets = (
            Outlet(each, clock, meter, (limits or {}).get(each.capabilities.channel)) for each in (provider, *others)
        )
        self._outlets = {outlet.channel: outlet for outlet in outlets}
        self._drain_seconds = drain_seconds
        self._held: dict[int, float] = {}

    def is_ready(self) -> bool:
        """Whether a chunk is worth opening: some provider takes messages."""
        return any(outlet.is_ready() for outlet in self._outlets.values())

    def held_until(self, task: Task) -> float | None:
        """Until when, by `clock`, a chunk like this is not worth opening: all its providers are away. None: it is."""
        outlets = [self._outlets[channel] for channel in task.messages.channels_of(task.chunk.rows)]
        if any(outlet.is_ready() for outlet in outlets):
            return None
        return min(outlet.next_try() for outlet in outlets)

    def hold(self, trigger_id: int, until: float) -> None:
        """Open no chunk of a trigger before then: all of it waits for a provider that is away."""
        self._held[trigger_id] = until

    def held(self) -> Set[int]:
        """The triggers that wait so."""
        now = self.clock()
        self._held = {trigger_id: until for trigger_id, until in self._held.items() if until > now}
        return self._held.keys()

    async def close(self) -> None:
        """Wait for what is still asked for."""
        await asyncio.gather(*(each.permits.close() for each in self._outlets.values() if each.permits is not None))

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
            if source.outlet.permits is not None and not source.dry:
                task.left.add(source.outlet.channel)
        return outcomes

    def _sources(self, task: Task, record: FlightRecord, outcomes: list[Outcome]) -> "list[_ChunkSource]":
        """The chunk's messages by their channels; most chunks have but one."""
        rows = list(enumerate(task.chunk.rows))
        channels = task.messages.channels
        if len(channels) == 1:
            (channel,) = channels
            return [_ChunkSource(task, rows, record, self, self._outlets[channel], outcomes)]
        apart: dict[str, list[tuple[int, Row]]] = {channel: [] for channel in channels}
        for index, row in rows:
            apart[task.messages.channel_of(row["action_id"])].append((index, row))
        return [
            _ChunkSource(task, some, record, self, self._outlets[channel], outcomes)
            for channel, some in apart.items()
            if some
        ]


def _end(sources: "Iterable[_ChunkSource]") -> None:
    for source in sources:
        source.over = True


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
        self._rows = iter(rows)

    def may_send(self) -> bool:
        return not self.over and not self.task.stopping.is_set() and self.task.may_send()

    @property
    def dry(self) -> bool:
        return not length_hint(self._rows)

    def may_go_on(self) -> bool:
        return self.may_send() and not self.task.turn_over()

    def take(self) -> "_Handover | None":
        task, permits = self.task, self.outlet.permits
        if permits is not None and not permits.take():
            return None
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
                left_out = self.task.messages.left_out(key, row, suppressed)
                made = left_out or drafting.restored(self.task.approved[key[1:]])
            else:
                devices = self.task.devices.get(int(row["person_id"]), ()) if self.task.devices else ()
                made = self.task.messages.compose(key, row, suppressed, devices)
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
            doubt=self.task.doubt,
            recipient=handover.message.recipient,
            since_ms=handover.row["attempted_ms"],
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
        self._end(Verdict(Mark.SENT, words))

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
