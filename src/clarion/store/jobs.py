# SPDX-License-Identifier: Apache-2.0
"""The seam to whatever drives the workers: submit in the caller's transaction, register handlers, run.

A job is only a hint that there is work. The truth is in the trigger and slice rows, so a job that is lost,
repeated or late costs at most a delay: workers look for overdue rows by themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from clarion.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class Handlers:
    """What a job calls; False: there was nothing to do.

    `resolve` works out the audience of the trigger it is told, or of any that waits for 0. `send` works a slice,
    which one the rows decide: a job does not name it, so triggers take turns however long the queue is.
    """

    resolve: Callable[[int], Awaitable[bool]]
    send: Callable[[], Awaitable[bool]]


RESOLVING = 3  # audiences that one process works out at once: a small one need not wait for a big one


class Jobs(Protocol):
    """A driver of workers."""

    def submit_resolve(self, tx: Transaction, trigger_id: int) -> None:
        """Ask for a trigger's audience to be resolved, if the transaction commits."""
        ...

    def submit_slices(self, tx: Transaction, trigger_id: int, numbers: Iterable[int]) -> None:
        """Ask for slices to be sent, if the transaction commits."""
        ...

    def register(self, handlers: Handlers) -> None:
        """Say what the jobs call; before `run`."""
        ...

    async def run(self, *, slots: int, stopping: asyncio.Event) -> None:
        """Send `slots` slices at once, and resolve beside that, until `stopping` is set and the last has returned."""
        ...
