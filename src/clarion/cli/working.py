# SPDX-License-Identifier: Apache-2.0
"""The worker inside a process: in its only loop, or in a thread beside the API's."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from clarion.cli import loops
from clarion.domain.errors import SetupError, Unavailable, detail_of
from clarion.observability.vitals import Loops, Pulse
from clarion.pipeline import upgrade
from clarion.pipeline.failpoint import Failpoint
from clarion.pipeline.home import HINT, HomeGuard, Standing
from clarion.wiring.house import House
from clarion.wiring.providers import build_providers
from clarion.wiring.working import build_worker, keep_house

_log = structlog.get_logger("clarion.worker")
_BEAT_SECONDS = 1.0
_AGAIN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class OneLoop:
    """What a process with a single worker loop says of it."""

    pulse: Pulse = field(default_factory=Pulse)

    def loops(self) -> Loops:
        """How it is."""
        return Loops(1, [self.pulse.silent()])


async def work(
    house: House, failpoint: Failpoint, stopping: asyncio.Event, beat: Callable[[], None] = lambda: None
) -> None:
    """Send until `stopping`, then drain; `beat` is called every second as long as the loop turns.

    While the database is not where it belongs (see `pipeline.home`) nothing is sent. Beside that, retention.

    Raises:
        SetupError: this program has become too old for the database (see `pipeline.upgrade`).
    """
    built = build_providers(house)
    guard = HomeGuard(house.store)
    beating = asyncio.create_task(_beat(beat))
    watching = asyncio.create_task(upgrade.watch(house.store, stopping))
    keeping = asyncio.create_task(keep_house(house, stopping, failpoint))

    async def send(halt: asyncio.Event) -> None:
        try:
            await build_worker(house, built, failpoint).run(halt)
        except OSError as error:  # a full disk, most likely: no flight record can be made, so nothing can be sent
            _log.error("data_folder.unusable", folder=str(house.folder), error=detail_of(error))
        except Unavailable as error:  # putting it together writes which accounts there are
            _log.error("worker.not_started", error=detail_of(error))
        else:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(halt.wait(), _AGAIN_SECONDS)

    try:
        await guard.run(send, stopping)
    finally:
        stopping.set()
        beating.cancel()
        for one in built:
            await one.provider.close()
        await keeping
        too_old = await watching
    if too_old is not None:
        raise SetupError(too_old)
    if guard.standing is Standing.ELSEWHERE:
        _log.error("worker.never_sent", why="the database was copied or moved", hint=HINT)


async def _beat(beat: Callable[[], None]) -> None:
    while True:
        beat()
        await asyncio.sleep(_BEAT_SECONDS)


class EmbeddedWorker:
    """A worker in a thread with an event loop of its own: rendering must not hold up the API's loop."""

    def __init__(self, house: House, failpoint: Failpoint, pulse: Pulse) -> None:
        self._house = house
        self._failpoint = failpoint
        self._pulse = pulse
        self._thread = threading.Thread(target=self._main, name="worker")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._started = threading.Event()
        self._failed: Callable[[], object] = lambda: None
        self.error: BaseException | None = None

    def start(self, failed: Callable[[], object]) -> None:
        """Start the thread; `failed` is called there if the worker ends by an error."""
        self._failed = failed
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Ask it to drain."""
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: it has stopped already
                self._loop.call_soon_threadsafe(self._stopping.set)

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join()

    def _main(self) -> None:
        try:
            loops.run(self._run(), self._house.settings.server.event_loop)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for this one
            self.error = error
            self._failed()
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._started.set()
        await work(self._house, self._failpoint, self._stopping, self._pulse.beat)
