# SPDX-License-Identifier: Apache-2.0
"""Copies of sent e-mails that are messages of their own: those of a fake bcc, whose subject names the person.

A copy is nobody's account. It is handed over once, as soon as its message was taken, and beside the ledger: it is never
sent twice, and a copy that is refused, or under way when the process dies, is not sent again.
"""

import asyncio
from collections import deque
from collections.abc import Sequence, Set

import structlog

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.errors import Away, RenderError, SendError, detail_of
from clarion.domain.messages import EmailMessage
from clarion.domain.people import email_key
from clarion.pipeline.compose import Messages
from clarion.pipeline.outlet import Outlet
from clarion.pipeline.permits import Permits
from clarion.store.engine import Row

_log = structlog.get_logger("clarion.copies")


class OwnCopies:
    """The copies of one chunk's messages that wait for a connection. A `PacedSource`, of what is left in the end."""

    def __init__(self, outlet: Outlet, messages: Messages, barred: Set[str]) -> None:
        self._outlet = outlet
        self._messages = messages
        self._barred = barred
        self._waiting: deque[EmailMessage] = deque()

    def of(self, key: DeliveryKey, row: Row) -> None:
        """An account's message was sent: those in a fake bcc get theirs, but for addresses that get no mail."""
        if not self._messages.with_own_copies:
            return
        try:
            made = self._messages.own_copies(key, row)
        except RenderError as error:  # the message itself was sent, and may have been a draft made of other data
            _log.warning("copy.not_made", trigger_id=key.trigger_id, seq=key.seq, error=detail_of(error))
            return
        self._waiting.extend(one for one in made if email_key(one.recipient) not in self._barred)

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
        return CopyHandover(self._waiting.popleft())

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
        for copy in self._waiting:
            _log.warning("copy.not_sent", delivery_id=copy.delivery_id, error="the provider took no messages")


class CopyHandover:
    """One copy on its way; see `channels.base.Handover`."""

    def __init__(self, message: EmailMessage) -> None:
        self.message = message

    def begin(self) -> bool:
        """Nothing speaks against it."""
        return True

    def gone(self, tokens: Sequence[str]) -> None:
        """It goes to no devices."""

    def sent(self, words: str) -> None:
        """Nothing is kept of it."""

    def failed(self, error: SendError) -> None:
        """It is told, and not tried again."""
        _log.warning("copy.not_sent", delivery_id=self.message.delivery_id, error=detail_of(error))

    def untouched(self) -> None:
        """The same."""
        _log.warning("copy.not_sent", delivery_id=self.message.delivery_id, error="it was not handed over")
