# SPDX-License-Identifier: Apache-2.0
"""The messages of an open chunk as a provider pulls them, one by one; see `send`.

Commits nothing. A message whose recipient's domain is at its limit is set aside while others go; see `domains`.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from operator import length_hint

import structlog

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.copied import Copied
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import SendError, detail_of
from clarion.domain.messages import EmailMessage, Message
from clarion.domain.people import email_key
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.domain.push import PushDevice
from clarion.pipeline import drafting, verdict
from clarion.pipeline.claim import Chunk
from clarion.pipeline.compose import Messages
from clarion.pipeline.domains import DomainLimits
from clarion.pipeline.failpoint import Failpoint
from clarion.pipeline.flight import FlightRecord, Mark
from clarion.pipeline.meter import Meter
from clarion.pipeline.outlet import Outlet
from clarion.pipeline.own_copies import CopyHandover, OwnCopies
from clarion.pipeline.permits import Permits
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import Routes
from clarion.pipeline.verdict import Verdict, bound_by
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
    their rate is limited; `put_off`: messages that wait for their domain's limit, for so many milliseconds; `copied`:
    how copies of their own ended.
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
    put_off: dict[DeliveryKey, int] = field(default_factory=dict)
    copied: Copied = field(default_factory=Copied)


@dataclass(frozen=True, slots=True)
class Means:
    """What every source of a process uses."""

    routes: Routes
    retry: RetryPolicy
    failpoint: Failpoint
    clock: Callable[[], float]
    meter: Meter
    domains: DomainLimits


def reason_of(row: Row) -> Reason | None:
    """Why an earlier attempt at an account that is queued is in doubt."""
    return Reason(row["reason"]) if row["reason"] is not None else None


def _is_among(address: str, barred: Set[str]) -> bool:
    return email_key(parseaddr(address)[1]) in barred


class ChunkSource:
    """The messages of one chunk that go by one account; see `channels.base.Source` and `paced.PacedSource`."""

    def __init__(
        self,
        task: Task,
        rows: Iterable[tuple[int, Row]],
        record: FlightRecord,
        means: Means,
        outlet: Outlet,
        outcomes: list[Outcome],
    ) -> None:
        self.task = task
        self.record = record
        self.means = means
        self.outlet = outlet
        self.outcomes = outcomes
        self.begun: dict[int, _Handover] = {}
        self.over = False  # nobody waits for this chunk any more
        self.given = 0
        self.began = means.clock()
        self.doubt = means.routes.doubt(task.doubt, outlet.outlet_id) if task.chunk.routed.known else task.doubt
        if outlet.channel in PERSON_ACTIONS:  # nobody need decide: what was performed is not performed twice
            self.doubt = DoubtPolicy.RESEND
        self.messages = task.messages.in_form(outlet.provider.capabilities.takes)
        self.copies = OwnCopies(outlet, self.messages, task.barred, task.copied)
        self._rows = iter(rows)
        self._aside: dict[Permits, deque[tuple[int, DeliveryKey, Row, EmailMessage]]] = {}  # by what they wait for
        self._answers: Counter[Mark] = Counter()
        self._limited = outlet.channel == "email" and bool(means.domains)
        self._others = False  # some of its messages need not wait

    def may_send(self) -> bool:
        """Whether a message may be handed over now."""
        return not self.over and not self.task.stopping.is_set() and self.outlet.enabled and self.task.may_send()

    @property
    def dry(self) -> bool:
        """Whether there is nothing left to take."""
        return not self._aside and not self.has_more

    def may_go_on(self) -> bool:
        """Whether waiting makes sense."""
        if not self.may_send() or self.task.turn_over():
            return False
        return self.has_more or (bool(self._aside) and not self._others and self.means.domains.may_wait(self))

    @property
    def has_more(self) -> bool:
        """Whether there is something to take that need not wait for its domain, as far as that is known."""
        return bool(length_hint(self._rows)) or not self.copies.dry

    def gate(self) -> "_Gate | Permits | None":
        """What its waves wait for."""
        if self._limited:
            return _Gate(self)
        return self.outlet.permits

    def waits_for(self) -> Collection[Permits]:
        """The limits that messages are set aside for."""
        return self._aside.keys()

    def take(self) -> "_Handover | CopyHandover | None":
        """See `Source.take`."""
        task, permits = self.task, self.outlet.permits
        limit = next((one for one in self._aside if one.due()), None) if self._aside else None
        if limit is None and self._aside and not self.has_more:
            return None
        if permits is not None and not permits.take():
            return None
        if limit is not None and self.may_send() and not task.turn_over() and limit.take():
            return self._from_aside(limit)
        if not (self.copies.dry or self.over):
            return self.copies.next()
        for index, row in self._rows if self.may_send() and not task.turn_over() else ():
            key = DeliveryKey(task.trigger_id, row["seq"], row["action_id"])
            made = self._composed(key, row)
            if isinstance(made, Outcome):
                self.outcomes.append(made)
                continue
            self.means.failpoint("send.composed")
            if task.messages.drafting and self._is_drafted(key):
                self.outcomes.append(Outcome(key, State.DRAFTED, counted=False, draft=drafting.kept(made)))
                continue
            limit = self.means.domains.limit_of(made) if self._limited else None
            if limit is None:
                self._others = True
            elif isinstance(made, EmailMessage) and not limit.take():
                self._aside.setdefault(limit, deque()).append((index, key, row, made))
                continue
            self.given += 1
            return _Handover(self, index, key, row, made)
        return None

    def _from_aside(self, limit: Permits) -> "_Handover":
        some = self._aside[limit]
        index, key, row, made = some.popleft()
        if not some:
            del self._aside[limit]
        self.given += 1
        return _Handover(self, index, key, row, made)

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
        """A message has its end."""
        self.record.mark(handover.index, said.mark, said.words)
        self._answers[said.mark] += 1
        row = handover.row
        bound = bound_by(row["outlet"], reason_of(row)) if row["outlet"] is not None or row["reason"] else None
        outcome = verdict.outcome(
            handover.key,
            said,
            attempts=row["attempts"],
            now_ms=self.task.chunk.now_ms + int((self.means.clock() - self.began) * 1_000),
            retry=self.means.retry,
            doubt=self.doubt,
            recipient=handover.message.recipient,
            since_ms=row["attempted_ms"],
            outlet=self.outlet.outlet_id,
            bound=bound,
        )
        self.outcomes.append(outcome._replace(gone=handover.lost) if handover.lost else outcome)

    def close(self) -> None:
        """Whatever was handed over and has no answer by now is in doubt; what was set aside is put off."""
        self.means.domains.waited(self)
        for limit, some in self._aside.items():
            delay = self.means.domains.delay(limit, len(some))
            self.task.put_off.update((key, int(delay * 1_000)) for _, key, _, _ in some)
        self._aside = {}
        for handover in list(self.begun.values()):
            handover.cut_off()
        answers = {mark.name.lower(): n for mark, n in self._answers.items()}
        self.means.meter.account_answered(self.outlet.channel, self.outlet.name, answers)


class _Gate:
    """What the messages of a chunk wait for: the limit of their account, and those of their domains."""

    def __init__(self, source: ChunkSource) -> None:
        self._source = source

    def due(self) -> bool:
        permits = self._source.outlet.permits
        if permits is not None and not permits.due():
            return False
        return self._source.has_more or any(limit.due() for limit in self._source.waits_for())

    async def soon(self, at_least: float, at_most: float) -> None:
        permits = self._source.outlet.permits
        if permits is not None and (self._source.has_more or not permits.due()):
            await permits.soon(at_least, at_most)
        elif not self._source.has_more:
            limits = [asyncio.ensure_future(one.soon(at_least, at_most)) for one in self._source.waits_for()]
            try:
                await asyncio.wait(limits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in limits:
                    one.cancel()
                await asyncio.gather(*limits, return_exceptions=True)


class _Handover:
    """One message of a chunk on its way; see `channels.base.Handover`. After its end further calls do nothing."""

    __slots__ = ("began", "ended", "index", "key", "lost", "message", "row", "source")

    def __init__(self, source: ChunkSource, index: int, key: DeliveryKey, row: Row, message: Message) -> None:
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
            self.began = source.means.clock()
        source.record.mark(self.index, Mark.HANDED_OVER)
        source.begun[self.index] = self
        source.means.failpoint("send.handed_over")
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
            self.source.means.meter.answered(self.source.outlet.channel, self.source.means.clock() - self.began)
        self.source.settle(self, said)
        self.source.means.failpoint("send.answered")
