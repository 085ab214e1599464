# SPDX-License-Identifier: Apache-2.0
"""From a source of messages to calls of an HTTP service, one message or many in each, and back to their ends.

What a vendor's calls look like and what its answers mean is a `Dialect`; that everybody is ended exactly once,
whatever comes back, is decided here.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from yarl import URL

from clarion.channels.base import Capabilities, Handover, Source, check_recipients, email_of, parts_of
from clarion.channels.http_gate import Gate
from clarion.channels.http_session import Answer, HttpSession, NoAnswerError, NotReachedError, NotWantedError
from clarion.channels.lanes import Run, drive
from clarion.channels.words import printable
from clarion.domain.errors import Away, Permanent, SendError, Temporary, Throttled, Unknown, detail_of
from clarion.domain.messages import Message

Headers = Sequence[tuple[str, str]]
BREATH = 32  # messages that are made in one go before the event loop may do something else
MOST_ALONE = 10_000  # messages that are remembered as to be sent by themselves


@dataclass(frozen=True, slots=True)
class Pause:
    """The service takes no more for now. `seconds` None: it does not say how long."""

    words: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer means: an end for each message of the call, in their order; words mean that it was sent.

    `pause`: no further call should be made for now. `doubtful`: the service is in trouble; another one like it
    makes everybody wait. `apart`: messages that end as temporary go alone the next time, because the call was refused
    for one of them, or they may not be what a call with several takes.
    """

    ends: Sequence[str | SendError]
    pause: Pause | None = None
    doubtful: bool = False
    apart: bool = False


class Batch(Protocol):
    """A call with several messages while it is filled. Its messages have the places 0, 1, 2 …"""

    def take(self, message: Any) -> bool:
        """Have this message beside those taken before; False: it does not fit them, or, as the first, any batch.

        Raises Permanent: it cannot be sent.
        """
        ...

    def body(self, places: Sequence[int]) -> bytes:
        """The call's body, all of its messages or those of some places; JSON, so spaces may follow it.

        With fewer it is no longer than with all.
        """
        ...


class Dialect(Protocol):
    """How one vendor is spoken to. Its messages are `EmailMessage` of e-mail, else `PartsMessage`.

    `sealed`: the headers of a call are made for the very bytes of its body. `templated`: a call with several is made in
    another way than one with one, so that one message is better sent in the latter.
    """

    single: URL
    many: URL
    most_messages: int  # in one call
    sealed: bool
    templated: bool

    def encode(self, message: Any) -> bytes:
        """The body of a call with one message. Raises Permanent: it cannot be sent."""
        ...

    def batch(self) -> Batch:
        """A call to be filled. Not asked for where `most_messages` is 1."""
        ...

    def headers(self, delivery_ids: Sequence[str], body: bytes, *, many: bool) -> Headers | None:
        """What goes with this call beside the session's headers, its Content-Type too; None: it is JSON, no more."""
        ...

    def read(self, answer: Answer, count: int, *, many: bool) -> Reading:
        """What an answer to a call with `count` messages means. `count` ends, whatever it says."""
        ...


class _Parcel:
    """The messages of one call; the body of its request. `batch`: of several messages, None of one."""

    def __init__(self, dialect: Dialect, handovers: list[Handover], batch: Batch | None) -> None:
        self.handovers = handovers
        self.begun: list[Handover] = []
        self.left_out = 0
        self.many = batch is not None
        self._batch = batch
        self._sealed = dialect.sealed
        one = handovers[0].message
        self._body = dialect.encode(one) if batch is None else batch.body(range(len(handovers)))
        self.size = len(self._body)
        ids = [handover.message.delivery_id for handover in handovers]
        self.headers = dialect.headers(ids, self._body, many=self.many)

    def begin(self) -> bytes:
        """See `http_session.Body`. Who must not go any more is left out, and the body filled up to its size.

        A sealed body goes as it is or not at all.
        """
        places = []
        for place, handover in enumerate(self.handovers):
            if handover.begin():
                self.begun.append(handover)
                places.append(place)
            else:
                self.left_out += 1
                handover.untouched()
        if not self.left_out:
            return self._body
        if not places or self._batch is None or self._sealed:
            raise NotWantedError
        return self._batch.body(places).ljust(self.size)


class _Run(Run):
    """One `deliver`. `spare`: taken, but not fit for the call that was being filled."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.spare: Handover | None = None
        self.filling = asyncio.Lock()

    def is_over(self) -> bool:
        """Whether there is nothing to take any more."""
        return self.away is not None or (self.dry and self.spare is None)


class HttpDeliverer:
    """A `Deliverer` over one HTTP service. Several `deliver` share its calls, first come, first served."""

    def __init__(
        self,
        name: str,
        capabilities: Capabilities,
        session: HttpSession,
        dialect: Dialect,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self._session = session
        self._dialect = dialect
        self._gate = Gate(capabilities.connections, clock)
        self._alone: OrderedDict[str, None] = OrderedDict()  # delivery ids

    @property
    def health(self) -> str | None:
        """None, or why the service takes no messages."""
        return self._gate.health

    async def deliver(self, source: Source) -> None:
        """See `Deliverer.deliver`."""
        run = _Run(source)
        await drive(lambda: self._lane(run), self.capabilities.connections)
        if run.away is not None:
            if run.spare is not None:
                run.spare.untouched()
            raise run.away

    async def close(self) -> None:
        """Hang up idle connections; safe to call twice."""
        await self._session.close()

    async def _lane(self, run: _Run) -> None:
        while not run.is_over():
            if not await run.enter(self._gate.enter()):
                return
            try:
                run.halt(self._gate.away())
                parcel = None if run.is_over() else await self._fill(run)
                if run.is_over():
                    run.dismiss()
                if parcel is not None:
                    await self._post(run, parcel)
                else:
                    await asyncio.sleep(0)  # people who are skipped must not keep the loop from its other work
            finally:
                self._gate.leave()

    # Filling a call

    async def _fill(self, run: _Run) -> _Parcel | None:
        """The next call's messages; None: there were none, or they could not be sent."""
        dialect = self._dialect
        if dialect.most_messages == 1:
            handover = run.take()
            return None if handover is None else self._single(handover)
        batch = dialect.batch()
        handovers: list[Handover] = []
        taken = 0
        async with run.filling:  # one at a time, so that each call is as full as it can be
            while len(handovers) < dialect.most_messages and not run.is_over():
                taken += 1
                if taken % BREATH == 0:
                    await asyncio.sleep(0)
                handover, run.spare = run.spare or run.take(), None
                if handover is None:  # `is_over` says whether there is more
                    continue
                fits = self._put(batch, handover)
                if fits:
                    handovers.append(handover)
                elif fits is False and not handovers:
                    return self._single(handover)
                elif fits is False:
                    run.spare = handover
                    break
        if len(handovers) == 1 and dialect.templated:
            return self._single(handovers[0])
        return _Parcel(dialect, handovers, batch) if handovers else None

    def _put(self, batch: Batch, handover: Handover) -> bool | None:
        """Whether the message is in the batch now; None: it cannot be sent at all, and was told so."""
        if handover.message.delivery_id in self._alone:
            return False
        try:
            return batch.take(self._checked(handover))
        except Exception as error:  # noqa: BLE001 - a defect met by one message must not lose the chunk
            _refuse(handover, error)
            return None

    def _single(self, handover: Handover) -> _Parcel | None:
        """A call with this message; None: it cannot be sent, and was told so."""
        try:
            self._checked(handover)
            return _Parcel(self._dialect, [handover], None)
        except Exception as error:  # noqa: BLE001 - as above
            _refuse(handover, error)
            return None

    def _checked(self, handover: Handover) -> Message:
        """The message, of a kind that this provider takes. Raises Permanent, TypeError."""
        if self.capabilities.channel != "email":
            return parts_of(handover)
        mail = email_of(handover)
        check_recipients(mail, self.capabilities)
        return mail

    # Making a call

    async def _post(self, run: _Run, parcel: _Parcel) -> None:
        gate, dialect = self._gate, self._dialect
        if run.away is not None:  # while this one was filled
            _untouch(parcel)
            return
        began = gate.now()
        try:
            url = dialect.many if parcel.many else dialect.single
            answer = await self._session.call("POST", url, parcel, parcel.headers)
        except NotWantedError:
            for handover in parcel.begun:
                handover.failed(Throttled("not handed over after all", 1.0))
        except NotReachedError as error:
            gate.troubled(error.words, began)
            run.halt(gate.away() or Away(error.words, 1.0))
            _untouch(parcel)
        except NoAnswerError as error:
            gate.troubled(error.words, began, spare_first=True)
            run.halt(gate.away())
            for handover in parcel.begun:
                handover.failed(Unknown(error.words))
        except Exception:
            _take_back(parcel)
            raise
        else:
            self._settle(run, parcel, answer, began)

    def _settle(self, run: _Run, parcel: _Parcel, answer: Answer, began: float) -> None:
        gate = self._gate
        try:
            reading = self._dialect.read(answer, len(parcel.begun), many=parcel.many)
        except Exception as error:  # noqa: BLE001 - an answer nobody thought of is no answer
            words = printable(f"an answer that is not understood: {detail_of(error)}: {answer.words}")
            reading = Reading([Unknown(words)] * len(parcel.begun), doubtful=True)
        if reading.pause is not None and reading.pause.seconds is not None:
            gate.told(reading.pause.words, reading.pause.seconds)
        elif reading.pause is not None:
            gate.troubled(reading.pause.words, began)
        elif reading.doubtful:
            gate.troubled(answer.words, began, spare_first=True)
        else:
            gate.worked(began)
        run.halt(gate.away())
        for handover, end in zip(parcel.begun, reading.ends, strict=True):
            if reading.apart and isinstance(end, Temporary):
                self._set_apart(handover.message.delivery_id)
            elif self._alone and isinstance(end, str | Permanent):
                self._alone.pop(handover.message.delivery_id, None)
            if isinstance(end, str):
                handover.sent(end)
            else:
                handover.failed(end)

    def _set_apart(self, delivery_id: str) -> None:
        self._alone[delivery_id] = None
        while len(self._alone) > MOST_ALONE:
            self._alone.popitem(last=False)


def _refuse(handover: Handover, error: Exception) -> None:
    """What went wrong while a message was put into a call is its end."""
    handover.failed(error if isinstance(error, SendError) else Temporary(f"internal error: {detail_of(error)}"))


def _untouch(parcel: _Parcel) -> None:
    for handover in parcel.handovers:
        handover.untouched()


def _take_back(parcel: _Parcel) -> None:
    """End the messages of a call of which no byte was written, because a `begin` failed."""
    begun = len(parcel.begun)
    for handover in parcel.begun:
        handover.failed(Throttled("not handed over after all", 1.0))
    # Before the one whose `begin` failed all are ended: begun, or left out.
    for handover in parcel.handovers[begun + parcel.left_out :]:
        handover.untouched()
