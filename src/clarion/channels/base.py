# SPDX-License-Identifier: Apache-2.0
"""The contract between the pipeline and a provider."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from clarion.domain.messages import EmailMessage, Receipt


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do, as data. `connections`: messages it takes at once in this process."""

    channel: str
    connections: int
    recognises_repeats: bool = False  # refuses a second message with the same delivery id


class Provider(Protocol):
    """Sends one channel's messages through one outside service.

    A provider may be used from one event loop only. `send` is called at most `capabilities.connections`
    times at once.
    """

    name: str
    capabilities: Capabilities

    async def send(self, message: EmailMessage, *, handed_over: Callable[[], None]) -> Receipt:
        """Hand the message over and wait for the answer.

        `handed_over` must be called once, right before the first byte is written after which the other
        side could accept the message without our learning of it (SMTP: before the final dot goes out;
        HTTP: before the request). A failure before that call is never in doubt.

        Raises Temporary, Throttled, Permanent or Unknown (`clarion.domain.errors`), nothing else.
        Unknown only after `handed_over` was called.
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
