# SPDX-License-Identifier: Apache-2.0
"""Messages to send, and what became of them."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from clarion.channels.base import Deliverer
from clarion.domain.broadcasts import Method
from clarion.domain.errors import Away, SendError
from clarion.domain.messages import CallMessage, EmailMessage, Message, PartsMessage
from clarion.domain.push import PushDevice

from .sources import Kept, ListSource

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


def a_call(url: str, number: int = 0, **fields: Any) -> CallMessage:
    usual: dict[str, Any] = {"delivery_id": f"d{number}", "method": Method.POST, "headers": (), "body": ""}
    return CallMessage(url=url, **{**usual, **fields})


def a_push(number: int = 0, devices: Sequence[PushDevice] = (), **parts: str) -> PartsMessage:
    """To devices, or to one Android phone by the name that all suites know."""
    to = tuple(devices) or (PushDevice(f"ann{number}@example.org", "android"),)
    return PartsMessage(f"d{number}", "push", to[0].token, "Hello", dict(parts) or {"title": "Hello"}, devices=to)


def for_app(number: int = 0) -> PartsMessage:
    return PartsMessage(f"d{number}", "in_app", f"ann{number}@example.org", "Hi", {"title": "Hi", "body": "Hello"})


class Clock:
    """The time, as a test has it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Attempt:
    """One message through `deliver`: its single end, and whether it had begun.

    `away`: what the provider said when it took no messages at all.
    """

    def __init__(self, kept: Kept | None, away: Away | None) -> None:
        self.away = away
        self.begun = kept is not None and kept.begun
        self.end = kept.end if kept is not None else None
        self.verdict: SendError | Away | None = kept.error or away if kept is not None else away

    @property
    def words(self) -> str:
        """What the other side said when it took the message; nothing else will do."""
        assert self.end is not None, repr(self.away)
        assert self.end.startswith("sent "), self.end
        return self.end.removeprefix("sent ")

    @property
    def error(self) -> Any:
        assert isinstance(self.verdict, SendError), repr(self.verdict or self.end)
        return self.verdict


async def attempt(provider: Deliverer, message: Message | None = None) -> Attempt:
    """Deliver one message; anything but an end of it or `Away` is raised."""
    source = ListSource([message or a_message()])
    away = None
    try:
        await provider.deliver(source)
    except Away as error:
        away = error
    kept = source.taken[0] if source.taken else None
    assert kept is not None or away is not None
    assert kept is None or kept.end is not None
    return Attempt(kept, away)


async def attempts(provider: Deliverer, messages: Iterable[Message], *, chunk: int = 50) -> list[Attempt]:
    """Deliver many, in chunks at once; nobody may be turned away."""
    everything = list(messages)
    sources = [ListSource(everything[at : at + chunk]) for at in range(0, len(everything), chunk)]
    await asyncio.gather(*(provider.deliver(source) for source in sources))
    return [Attempt(kept, None) for source in sources for kept in source.taken]
