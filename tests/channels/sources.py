# SPDX-License-Identifier: Apache-2.0
"""A source of messages that remembers what became of each, and fails the test when one is ended twice."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from clarion.domain.errors import SendError
from clarion.domain.messages import EmailMessage, Message


def letter(recipient: str, content: bytes = b"Subject: x\r\n\r\nhello\r\n") -> EmailMessage:
    return EmailMessage(f"id-{recipient}", "from@sender.example", recipient, "x", content)


@dataclass
class Kept:
    """One hand-over and its history: begin, then its end."""

    message: Message
    may_begin: bool = True
    begun: bool = False
    end: str | None = None
    error: SendError | None = None
    log: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def begin(self) -> bool:
        assert not self.begun, "began twice"
        assert self.end is None, "began after its end"
        self.begun = self.may_begin
        return self.may_begin

    def gone(self, tokens: Sequence[str]) -> None:
        assert self.end is None, "a device is gone after the end"
        self.lost += tokens

    def sent(self, words: str) -> None:
        assert self.begun, "sent without having begun"
        self._finish(f"sent {words}")

    def failed(self, error: SendError) -> None:
        self.error = error
        self._finish(f"{type(error).__name__} {error.words}")

    def untouched(self) -> None:
        assert not self.begun, "untouched after having begun"
        self._finish("untouched")

    def _finish(self, how: str) -> None:
        assert self.end is None, f"ended twice: {self.end}, {how}"
        self.end = how


class ListSource:
    """Gives its messages in order; `taken` are the hand-overs."""

    def __init__(self, messages: Iterable[Message], *, may_begin: bool = True) -> None:
        self._waiting = deque(messages)
        self._may_begin = may_begin
        self.taken: list[Kept] = []

    def take(self) -> Kept | None:
        if not self._waiting:
            return None
        self.taken.append(Kept(self._waiting.popleft(), self._may_begin))
        return self.taken[-1]

    def ends(self) -> dict[str, str | None]:
        """Recipient → how it ended."""
        return {kept.message.recipient: kept.end for kept in self.taken}
