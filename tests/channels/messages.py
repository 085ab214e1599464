# SPDX-License-Identifier: Apache-2.0
"""Messages to send, and what became of them."""

from typing import Any

from clarion.channels.base import Provider
from clarion.domain.errors import SendError
from clarion.domain.messages import EmailMessage, Receipt

CONTENT = b"From: news@example.com\r\nTo: ann@example.org\r\nSubject: Hello\r\n\r\nHello Ann.\r\n"


def a_message(number: int = 0, **fields: Any) -> EmailMessage:
    usual: dict[str, Any] = {
        "delivery_id": f"d{number}",
        "sender": "news@example.com",
        "recipient": f"ann{number}@example.org",
        "subject": "Hello",
        "content": CONTENT,
    }
    return EmailMessage(**{**usual, **fields})


class Attempt:
    """One send: its single verdict, and how often it was marked as handed over, before the verdict."""

    def __init__(self) -> None:
        self.marks = 0
        self.verdict: Receipt | SendError | None = None

    def mark(self) -> None:
        assert self.verdict is None
        self.marks += 1

    @property
    def words(self) -> str:
        """What the other side said when it took the message; nothing else will do."""
        assert isinstance(self.verdict, Receipt), repr(self.verdict)
        return self.verdict.words

    @property
    def error(self) -> Any:
        assert isinstance(self.verdict, SendError), repr(self.verdict)
        return self.verdict


async def attempt(provider: Provider, message: EmailMessage | None = None) -> Attempt:
    """Send; anything but a receipt or one of the four verdicts is raised."""
    tried = Attempt()
    try:
        tried.verdict = await provider.send(message or a_message(), handed_over=tried.mark)
    except SendError as error:
        tried.verdict = error
    return tried
