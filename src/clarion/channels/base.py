# SPDX-License-Identifier: Apache-2.0
"""The contract between the pipeline and a provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from clarion.domain.errors import Permanent, SendError
from clarion.domain.messages import CallMessage, EmailForm, EmailMessage, Message, PartsMessage


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do, as data. `connections`: messages it takes at once in this process.

    `takes`: whether it wants finished bytes (``EmailMessage.content``), the parts (``EmailMessage.fields``) or both.
    `needs_sender`: a message must say whom it is from, because the account does not.
    The rest is of e-mail: `amp`: whether it carries a part for AMP; `most_recipients` of one message, with its copies;
    `own_headers`: names, in lower case, that it gives headers of its own, so that it takes none of ours;
    `refused_files`: how names of attachments end, in lower case, that it does not take.
    """

    channel: str
    connections: int
    recognises_repeats: bool = False  # refuses a second message with the same delivery id
    takes: EmailForm = "mime"
    amp: bool = True
    most_recipients: int | None = None
    own_headers: frozenset[str] = frozenset()
    needs_sender: bool = False
    refused_files: frozenset[str] = frozenset()


class Handover(Protocol):
    """One message on its way through a provider. Exactly one of `sent`, `failed`, `untouched` ends it, once."""

    @property
    def message(self) -> Message: ...  # noqa: D102

    def begin(self) -> bool:
        """To be called once, right before the first byte is written after which the other side could accept the
        message without our learning of it (SMTP: before the body goes out; HTTP: before the request).

        False: it must not be handed over any more (paused, stopping, the lease is over): end it as `untouched`.
        """
        ...

    def gone(self, tokens: Sequence[str]) -> None:
        """Devices that the message was for are no more; told before its end, whatever that is."""
        ...

    def sent(self, words: str) -> None:
        """The other side took it; `words` is its answer. Only after `begin`."""
        ...

    def failed(self, error: SendError) -> None:
        """It was not sent, for now or for ever, or (`Unknown`, only after `begin`) nobody knows."""
        ...

    def untouched(self) -> None:
        """It was certainly not handed over and nothing was learnt about it: as if it had never been taken."""
        ...


def email_of(handover: Handover) -> EmailMessage:
    """What is handed over, for a provider of e-mail. Raises TypeError: it is no e-mail, which is a defect of ours."""
    message = handover.message
    if not isinstance(message, EmailMessage):
        raise TypeError("the message is no e-mail")
    return message


def check_recipients(message: EmailMessage, capabilities: Capabilities) -> None:
    """Raises Permanent: it goes to more addresses than the provider takes."""
    count, most = 1 + len(message.copies), capabilities.most_recipients
    if most is not None and count > most:
        raise Permanent(f"the message has {count} recipients, the provider takes {most}", "refused")


def call_of(handover: Handover) -> CallMessage:
    """What is handed over, for a provider of webhooks. Raises TypeError: it is no call, which is a defect of ours."""
    message = handover.message
    if not isinstance(message, CallMessage):
        raise TypeError("the message is no webhook's call")
    return message


def parts_of(handover: Handover) -> PartsMessage:
    """What is handed over, for a provider of texts. Raises TypeError: it is another kind, which is a defect of ours."""
    message = handover.message
    if not isinstance(message, PartsMessage):
        raise TypeError("the message is not made of parts")
    return message


class Source(Protocol):
    """Messages for one provider, made one at a time as its free connections ask for them."""

    def take(self) -> Handover | None:
        """The next message; None when there is none (any more, or for now): do not ask this source again."""
        ...


class Deliverer(Protocol):
    """Sends one channel's messages through one outside service, pulling them as it can take them.

    Used from one event loop only; several `deliver` run at once and share its connections.
    """

    name: str
    capabilities: Capabilities

    async def deliver(self, source: Source) -> None:
        """Take messages until the source has none, and end each of them exactly once before returning.

        Raises `Away` when the service takes no messages at all at present (unreachable, login refused, told to
        wait): everything taken has been ended by then, what had not begun as `untouched`. Raises nothing else.
        If cancelled, it hands nothing more over, drops the connections on which a message is under way, and
        need not end what it had: the caller knows from `begin` what is in doubt.
        """
        ...

    async def close(self) -> None:
        """Give up idle connections politely; safe to call twice."""
        ...


class CapturedMail(Protocol):
    """A message that was captured instead of sent; `content` is RFC 5322, `at_ms` Unix milliseconds."""

    @property
    def index(self) -> int: ...  # noqa: D102
    @property
    def delivery_id(self) -> str: ...  # noqa: D102
    @property
    def sender(self) -> str: ...  # noqa: D102
    @property
    def recipient(self) -> str: ...  # noqa: D102
    @property
    def copies(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def subject(self) -> str: ...  # noqa: D102
    @property
    def content(self) -> bytes: ...  # noqa: D102
    @property
    def at_ms(self) -> int: ...  # noqa: D102


class Outbox(Protocol):
    """Reads captured mail, oldest first."""

    def count(self) -> int:
        """How many messages there are."""
        ...

    def page(
        self, start: int, limit: int, recipient: str | None = None, delivery_id: str | None = None
    ) -> Sequence[CapturedMail]:
        """Up to `limit` messages from index `start` on, of one recipient or delivery if asked."""
        ...

    def get(self, index: int) -> CapturedMail | None:
        """One message."""
        ...
