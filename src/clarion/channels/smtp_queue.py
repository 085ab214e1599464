# SPDX-License-Identifier: Apache-2.0
"""The sources that are being delivered, and what has been taken from them: who is next, and when each is finished.

Nothing here knows SMTP. An exception out of a source or a hand-over ends its delivery and no other.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial

from clarion.channels.base import Handover, Source
from clarion.domain.errors import Away, SendError


class Delivery:
    """One `deliver` call. `done` is set when the source is dry and everything taken has its end."""

    __slots__ = ("done", "dry", "open", "over", "returned", "source")

    def __init__(self, source: Source, done: asyncio.Future[None]) -> None:
        self.source = source
        self.done = done
        self.open = 0  # taken and without an end
        self.dry = False
        self.over = False  # nobody waits for it any more
        self.returned: deque[Taken] = deque()

    def settle(self) -> None:
        """Finish if there is nothing left."""
        if not self.open and self.dry and not self.done.done():
            self.done.set_result(None)

    def crash(self, error: BaseException) -> None:
        """A source or a hand-over raised: its owner is told, and gets nothing more done."""
        self.over = True
        if not self.done.done():
            self.done.set_exception(error)

    def next(self) -> "Taken | None":
        """What came back, else what the source gives; None when there is nothing more for now."""
        if self.over:
            return None
        if self.returned:
            return self.returned.popleft()
        if self.dry:
            return None
        try:
            handover = self.source.take()
        except Exception as error:  # noqa: BLE001 - its owner gets it
            self.crash(error)
            return None
        if handover is None:
            self.dry = True
            return None
        self.open += 1
        return Taken(handover, self)

    def turn_away(self, away: Away) -> None:
        """The service takes nothing: what came back is as if never taken. Only while nothing is under way."""
        while self.returned:
            self.returned.popleft().untouched()
        if not self.done.done():
            self.done.set_exception(away)


class Taken:
    """A hand-over on its way, and whose it is. `returns`: how often it came back to be sent over another connection."""

    __slots__ = ("delivery", "handover", "returns")

    def __init__(self, handover: Handover, delivery: Delivery) -> None:
        self.handover = handover
        self.delivery = delivery
        self.returns = 0

    def begin(self) -> bool:
        """See `Handover.begin`."""
        if self.delivery.over:
            return False
        try:
            return self.handover.begin()
        except Exception as error:  # noqa: BLE001 - its owner gets it
            self.delivery.crash(error)
            return False

    def sent(self, words: str) -> None:
        """See `Handover.sent`."""
        delivery = self.delivery  # as `_end`, without a function to be made for each message
        if delivery.over:
            return
        try:
            self.handover.sent(words)
        except Exception as error:  # noqa: BLE001 - its owner gets it
            delivery.crash(error)
        delivery.open -= 1
        if not delivery.open:
            delivery.settle()

    def failed(self, error: SendError) -> None:
        """See `Handover.failed`."""
        self._end(partial(self.handover.failed, error))

    def untouched(self) -> None:
        """See `Handover.untouched`."""
        self._end(self.handover.untouched)

    def _end(self, tell: Callable[[], None]) -> None:
        delivery = self.delivery
        if delivery.over:
            return
        try:
            tell()
        except Exception as defect:  # noqa: BLE001 - its owner gets it
            delivery.crash(defect)
        delivery.open -= 1
        delivery.settle()


class Queue:
    """Takes from all sources in turn, so that a long one does not hold up a short one."""

    def __init__(self) -> None:
        self._active: deque[Delivery] = deque()  # those that may still have something

    def __bool__(self) -> bool:
        return bool(self._active)

    def add(self, delivery: Delivery) -> None:
        """Ask it, from now on."""
        self._active.append(delivery)

    def remove(self, delivery: Delivery) -> None:
        """Ask it no more."""
        if delivery in self._active:
            self._active.remove(delivery)

    def next(self) -> Taken | None:
        """The next message of the next source; None when none has any."""
        active = self._active
        while active:
            delivery = active[0]
            taken = delivery.next()
            if taken is not None:
                if len(active) > 1:
                    active.rotate(-1)
                return taken
            active.popleft()
            delivery.settle()
        return None

    def waiting(self) -> bool:
        """Whether there is a message for somebody who is still to come; it is taken, and kept for them."""
        taken = self.next()
        if taken is None:
            return False
        taken.delivery.returned.appendleft(taken)
        return True

    def open(self) -> int:
        """How many messages are under way or waiting, of sources that may have more."""
        return sum(delivery.open for delivery in self._active)

    def give_back(self, taken: Taken) -> None:
        """It was not handed over and nothing was learnt about it: it goes first, over another connection."""
        delivery = taken.delivery
        if delivery.over:
            return
        taken.returns += 1
        delivery.returned.append(taken)
        if delivery not in self._active:
            self._active.appendleft(delivery)

    def turn_away(self, words: str, retry_after: float) -> None:
        """Tell everybody who waits that the service takes nothing; `retry_after` in seconds."""
        while self._active:
            self._active.popleft().turn_away(Away(words, retry_after))
