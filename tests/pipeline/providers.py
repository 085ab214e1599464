# SPDX-License-Identifier: Apache-2.0
"""A provider that does what a script says, on schedule, and remembers who asked."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tests.support.one_by_one import OneByOne

from clarion.channels.base import Capabilities
from clarion.domain.messages import EmailMessage


@dataclass(frozen=True)
class Fails:
    """Raise `error`; `handed`: after the message was handed over."""

    error: Exception
    handed: bool = False


@dataclass(frozen=True)
class Hangs:
    """Wait for `release`, then take the message; `handed`: wait after it was handed over."""

    handed: bool = True


Step = Fails | Hangs


class Scripted(OneByOne):
    """Each recipient meets the steps of its script one after another; then its messages are taken.

    `usual` is the step for everybody whose script is over or who has none. `taken` holds what was accepted.
    """

    name = "scripted"

    def __init__(
        self,
        script: Mapping[str, Iterable[Step]] | None = None,
        *,
        connections: int = 4,
        usual: Step | None = None,
    ) -> None:
        self.capabilities = Capabilities("email", connections)
        self.script = {recipient: deque(steps) for recipient, steps in (script or {}).items()}
        self.usual = usual
        self.taken: list[EmailMessage] = []
        self.tried: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.release = asyncio.Event()
        self.reached = asyncio.Event()  # somebody hangs
        self.after_each: Callable[[int], None] = lambda count: None

    async def send(self, message: EmailMessage, *, handed_over: Callable[[], None]) -> str:
        self.tried[message.recipient] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            steps = self.script.get(message.recipient)
            step = steps.popleft() if steps else self.usual
            await asyncio.sleep(0)
            if step is None or step.handed:
                handed_over()
                await asyncio.sleep(0)
            if isinstance(step, Fails):
                raise step.error
            if isinstance(step, Hangs):
                self.reached.set()
                await self.release.wait()
                if not step.handed:
                    handed_over()
        finally:
            self.at_once -= 1
        self.taken.append(message)
        self.after_each(len(self.taken))
        return f"250 kept {message.recipient}"

    @property
    def recipients(self) -> list[str]:
        """Whose messages were taken, in order."""
        return [message.recipient for message in self.taken]
