# SPDX-License-Identifier: Apache-2.0
"""One step of work done by another thread while its caller prepares the next; steps never overlap or change places."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from types import TracebackType
from typing import Self


class Behind:
    """Hands step after step to an executor's threads. Whoever leaves the block has waited for the last one."""

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._step: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
        elif self._step is not None:
            wait([self._step])

    def start(self, work: Callable[[], None]) -> None:
        """Begin a step when the one before it is done; raises what that one raised."""
        self.finish()
        self._step = self._threads.submit(work)

    def finish(self) -> None:
        """Wait for the step that was begun; raises what it raised."""
        step, self._step = self._step, None
        if step is not None:
            step.result()
