# SPDX-License-Identifier: Apache-2.0
"""Copies of sent e-mails that are messages of their own: those of a fake bcc, whose subject names the person.

A copy is nobody's account. It is handed over once, as soon as its message was taken, and beside the ledger: it is never
sent twice, and a copy that is refused, or under way when the process dies, is not sent again. How each ended is noted
for the transaction that records its chunk; see `copying` for what is counted after a death.
"""

import asyncio
from collections import deque
from collections.abc import Sequence, Set

import structlog

from clarion.domain.copied import Copied, CopyEnd
from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import Away, RenderError, SendError, Unknown, detail_of
from clarion.domain.messages import EmailMessage
from clarion.domain.people import email_key
from clarion.pipeline.compose import Messages
from clarion.pipeline.outlet import Outlet
from clarion.pipeline.permits import Permits
from clarion.store.engine import Row

_log = structlog.get_logger("clarion.copies")


_NOT_TAKEN = "the provider took no messages"


class OwnCopies:
    """The copies of one chunk's messages that wait for a connection. A `PacedSource`, of what is left in the end.

    `copied` is told how each ended.
    """

    def __init__(self, outlet: Outlet, messages: Messages, barred: Set[str], copied: Copied) -> None:
        self._copied = copied
        self._under_way: set[CopyHandover] = set()
        self._outlet = outlet
        self._messages = messages
        self._barred = barred
        self._waiting: deque[tuple[int, EmailMessage]] = deque()

    def of(self, key: DeliveryKey, row: Row) -> None:
        """An account's message was sent: those in a fake bcc get theirs, but for addresses that get no mail."""
        if not self._messages.with_own_copies:
            return
        try:
            made = self._messages.own_copies(key, row)
        except RenderError as error:  # the message itself was sent, and may have been a draft made of other data
            _log.warning("copy.not_made", trigger_id=key.trigger_id, seq=key.seq, error=detail_of(error))
            self.ended(key.action_id, CopyEnd.NOT_SENT, detail_of(error))
            return
        self._waiting.extend((key.action_id, one) for one in made if email_key(one.recipient) not in self._barred)

    def ended(self, action_id: int, end: CopyEnd, words: str = "") -> None:
        """One has its end."""
        self._copied.note(action_id, self._outlet.outlet_id, end, words)

    @property
    def dry(self) -> bool:
        """Whether none waits."""
        return not self._waiting

    def may_go_on(self) -> bool:
        """What was sent is copied, whatever became of its trigger."""
        return True

    def gate(self) -> Permits | None:
        """They wait for their account's rate only."""
        return self._outlet.permits

    def take(self) -> "CopyHandover | None":
        """The next one, within the provider's rate."""
        if not self._waiting or (self._outlet.permits is not None and not self._outlet.permits.take()):
            return None
        return self.next()

    def next(self) -> "CopyHandover":
        """The next one, for whoever has a permit; there must be one."""
        action_id, message = self._waiting.popleft()
        made = CopyHandover(self, action_id, message)
        self._under_way.add(made)
        return made

    def is_under_way(self, handover: "CopyHandover") -> bool:
        """Whether one has no end yet."""
        return handover in self._under_way

    def settled(self, handover: "CopyHandover") -> bool:
        """Whether one was still without an end, which it has now."""
        if handover not in self._under_way:
            return False
        self._under_way.discard(handover)
        return True

    async def rest(self, seconds: float) -> None:
        """Hand over those that are left when a chunk is over, within a time."""
        try:
            async with asyncio.timeout(seconds):
                while self._waiting and self._outlet.is_ready():
                    await self._outlet.deliver(self)
        except (TimeoutError, Away):
            pass
        except Exception as error:  # noqa: BLE001 - a defect in a provider must not lose the chunk
            _log.error("provider.crashed", provider=self._outlet.name, exc_info=error)

    def close(self) -> None:
        """Nothing more is handed over: whatever waits is not sent, and what has no answer may have been."""
        while self._waiting:
            action_id, copy = self._waiting.popleft()
            _log.warning("copy.not_sent", delivery_id=copy.delivery_id, error=_NOT_TAKEN)
            self.ended(action_id, CopyEnd.NOT_SENT, _NOT_TAKEN)
        for handover in list(self._under_way):
            handover.cut_off()


class CopyHandover:
    """One copy on its way; see `channels.base.Handover`."""

    def __init__(self, source: OwnCopies, action_id: int, message: EmailMessage) -> None:
        self.message = message
        self._source = source
        self._action_id = action_id
        self._begun = False

    def begin(self) -> bool:
        """Nothing speaks against it, unless nobody waits for it any more."""
        self._begun = self._source.is_under_way(self)
        return self._begun

    def gone(self, tokens: Sequence[str]) -> None:
        """It goes to no devices."""

    def sent(self, words: str) -> None:  # noqa: ARG002 - only its end is kept
        """It is counted."""
        if self._source.settled(self):
            self._source.ended(self._action_id, CopyEnd.SENT)

    def failed(self, error: SendError) -> None:
        """It is told, and not tried again."""
        self._end(CopyEnd.UNKNOWN if isinstance(error, Unknown) else CopyEnd.NOT_SENT, detail_of(error))

    def untouched(self) -> None:
        """The same."""
        self._end(CopyEnd.NOT_SENT, "it was not handed over")

    def cut_off(self) -> None:
        """Its chunk is over before it has an answer."""
        if self._begun:
            self._end(CopyEnd.UNKNOWN, "stopped before the answer came")
        else:
            self.untouched()

    def _end(self, end: CopyEnd, words: str) -> None:
        if self._source.settled(self):
            _log.warning("copy.not_sent", delivery_id=self.message.delivery_id, error=words)
            self._source.ended(self._action_id, end, words)
