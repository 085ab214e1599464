# SPDX-License-Identifier: Apache-2.0
"""One message through a provider that pulls its messages: for callers that still hand them over one by one."""

from collections.abc import Callable

from clarion.channels.base import Deliverer
from clarion.domain.errors import Away, SendError, Temporary, Throttled
from clarion.domain.messages import EmailMessage, Receipt


class _Single:
    """A source of one message, and its hand-over."""

    def __init__(self, message: EmailMessage, handed_over: Callable[[], None]) -> None:
        self.message = message
        self.end: Receipt | SendError = Temporary("it was not handed over")
        self._handed_over = handed_over
        self._taken = False

    def take(self) -> "_Single | None":
        if self._taken:
            return None
        self._taken = True
        return self

    def begin(self) -> bool:
        self._handed_over()
        return True

    def sent(self, words: str) -> None:
        self.end = Receipt(words)

    def failed(self, error: SendError) -> None:
        self.end = error

    def untouched(self) -> None:
        pass


async def send(deliverer: Deliverer, message: EmailMessage, handed_over: Callable[[], None]) -> Receipt:
    """See `Provider.send`."""
    single = _Single(message, handed_over)
    try:
        await deliverer.deliver(single)
    except Away as away:
        raise Throttled(away.words, away.retry_after) from None
    if isinstance(single.end, SendError):
        raise single.end
    return single.end
