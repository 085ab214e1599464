# SPDX-License-Identifier: Apache-2.0
"""How a process is: its database, its schema, its worker loops. Answers within seconds, whatever hangs.

Probes come often and from anybody, so an answer is kept for a moment, and a question that hangs is not asked twice.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from clarion.api.health import Finding
from clarion.domain.errors import SetupError
from clarion.observability.exposition import CONTENT_TYPE, Exposition
from clarion.pipeline.home import HINT, is_copy
from clarion.store import migrate
from clarion.store.engine import Store
from clarion.store.operations import Backlog, backlog

T = TypeVar("T")
_PATIENCE_SECONDS = 3.0
_KEPT_SECONDS = 2.0
_SILENT_SECONDS = 15.0  # a loop that was not heard of for so long is stuck


class Pulse:
    """Says that an event loop still turns. `beat` is called in that loop, `silent` from anywhere."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        """The loop turns."""
        self._last = self._clock()

    def silent(self) -> float:
        """Seconds since the last beat."""
        return self._clock() - self._last


@dataclass(frozen=True, slots=True)
class Loops:
    """The worker loops that this process answers for: `silent` seconds of each, of `wanted` many."""

    wanted: int
    silent: Sequence[float]
    restarts: int = 0

    @property
    def well(self) -> int:
        """How many of them turn."""
        return sum(1 for seconds in self.silent if seconds < _SILENT_SECONDS)

    def figures(self) -> Mapping[str, float]:
        """As `exposition.PROCESSES` names them."""
        return {
            "wanted": self.wanted,
            "alive": self.well,
            "restarts": self.restarts,
            "silent_seconds": max(self.silent, default=0.0),
        }


class _Latest(Generic[T]):
    """The newest answer of a blocking question; asked in one thread, one at a time."""

    def __init__(self, ask: Callable[[], T], threads: ThreadPoolExecutor) -> None:
        self._ask = ask
        self._threads = threads
        self._asked: Future[T] | None = None
        self._asked_at = 0.0

    async def get(self) -> T | None:
        """The answer, at most two seconds old; None when it does not come in time.

        Raises whatever the question raises.
        """
        if self._asked is None or (self._asked.done() and time.monotonic() - self._asked_at > _KEPT_SECONDS):
            self._asked_at = time.monotonic()
            self._asked = self._threads.submit(self._ask)
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._asked)), _PATIENCE_SECONDS)
        except TimeoutError:
            return None


class ProcessVitals:
    """The vitals of one process; `loops` tells of its worker loops, None where it has none."""

    def __init__(self, store: Store, exposition: Exposition, loops: Callable[[], Loops] | None) -> None:
        threads = ThreadPoolExecutor(2, thread_name_prefix="vitals")
        self._store = store
        self._exposition = exposition
        self._loops = loops
        self._schema = _Latest(self._ask_schema, threads)
        self._backlog = _Latest(self._ask_backlog, threads)

    def _ask_schema(self) -> Sequence[Finding]:
        answers = Finding("database", True, f"{self._store.engine} answers")
        try:
            waiting = migrate.pending(self._store)
        except SetupError as error:  # it names two version numbers
            return answers, Finding("schema", False, str(error))
        if waiting:
            return answers, Finding("schema", False, f"lacks {waiting[0].name}: run `clarion migrate`")
        return answers, Finding("schema", True, "up to date"), self._home()

    def _home(self) -> Finding:
        """A copy is shown and still ready: its API goes on, and restarting it would change nothing."""
        if is_copy(self._store):
            return Finding("home", False, f"the database was copied or moved, nothing is sent: {HINT}", needed=False)
        return Finding("home", True, "nothing keeps it from sending from here")

    def _ask_backlog(self) -> Backlog:
        return self._store.read(backlog)

    async def findings(self) -> Sequence[Finding]:
        """Database, schema, whether it is at home, worker loops."""
        try:
            found = list(await self._schema.get() or [])
        except Exception:  # noqa: BLE001 - its words may name hosts and users; the log has them
            found = []
        if not found:
            found = [Finding("database", False, "does not answer")]
        if self._loops is not None:
            loops = self._loops()
            words = f"{loops.well} of {loops.wanted} worker loops turn"
            found.append(Finding("worker", loops.well >= loops.wanted, words))
        return found

    async def exposition(self) -> tuple[bytes, str]:
        """The metrics as text."""
        try:
            found = await self._backlog.get()
        except Exception:  # noqa: BLE001 - said by clarion_database_up
            found = None
        self._exposition.observe(found, self._loops().figures() if self._loops is not None else {})
        return self._exposition.text(), CONTENT_TYPE
