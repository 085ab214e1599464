# SPDX-License-Identifier: Apache-2.0
"""Keeps a number of worker processes running: starts them, starts one that died again, drains all at the end.

It holds nothing of the ledger, so it may die at any moment: its processes notice, drain and end. What a worker
process had open when it died is settled from its flight records by the others or by its successor.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
import structlog

from clarion.cli.supervised import LINE_LIMIT, Orders, Report
from clarion.observability.exposition import Fleet
from clarion.observability.vitals import Loops, Pulse
from clarion.settings import Settings

_log = structlog.get_logger("clarion.supervisor")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_STEADY_SECONDS = 60.0  # one that lived so long starts again without having to wait longer than the first time
_CLOSING_SECONDS = 4.0  # beyond the draining: closing connections and files


@dataclass
class _Place:
    """One of the processes, through all its lives."""

    number: int
    process: asyncio.subprocess.Process | None = None
    pulse: Pulse = field(default_factory=Pulse)


class Supervisor:
    """`count` worker processes of these settings; `failpoint` is handed on to each."""

    def __init__(self, settings: Settings, base_url: str, *, count: int, failpoint: str | None = None) -> None:
        self.fleet = Fleet()
        self._settings = settings
        self._base_url = base_url
        self._failpoint = failpoint
        self._places = [_Place(number) for number in range(1, count + 1)]
        self._restarts = 0
        self._stopping = asyncio.Event()
        self._harder = asyncio.Event()
        self._killed = False

    def loops(self) -> Loops:
        """How its processes are; from any thread."""
        silent = [place.pulse.silent() for place in self._places if place.process is not None]
        return Loops(len(self._places), silent, self._restarts)

    def stop(self) -> None:
        """Drain all; a second call kills those that are not done."""
        if self._stopping.is_set():
            self._harder.set()
        self._stopping.set()

    def drain(self) -> None:
        """Drain all, if nobody has said so yet."""
        self._stopping.set()

    async def run(self) -> bool:
        """Keep them running until `stop`; whether all of them then drained in time."""
        await asyncio.gather(self._end(), *(self._keep(place) for place in self._places))
        return not self._killed

    async def _keep(self, place: _Place) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            status = await self._live(place)
            if self._stopping.is_set():
                _log.info("worker_process.ended", process=place.number, how=_how(status))
                break
            self._restarts += 1
            pause = _FIRST_PAUSE if time.monotonic() - began >= _STEADY_SECONDS else pause
            _log.error("worker_process.died", process=place.number, how=_how(status), restart_in_seconds=pause)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(_LONGEST_PAUSE, 2 * pause)

    async def _live(self, place: _Place) -> int:
        """One life of a process; its exit status, negative for a signal."""
        command = [sys.executable, "-m", "clarion", "worker", "--supervised"]
        if self._failpoint:
            command += ["--failpoint", self._failpoint]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_LIMIT
        )
        place.pulse = Pulse()
        place.process = process
        _log.info("worker_process.started", process=place.number, pid=process.pid)
        if self._stopping.is_set():  # it came while everything was told to end
            _signal(process, signal.SIGTERM)
        orders = Orders(place.number, self._base_url, self._settings)
        with suppress(ConnectionError):  # it may be dead already
            if process.stdin is not None:
                process.stdin.write(msgspec.json.encode(orders) + b"\n")
                await process.stdin.drain()
        try:
            await self._listen(place, process)
            return await process.wait()
        finally:
            place.process = None
            self.fleet.ended(place.number)
            if process.stdin is not None:
                process.stdin.close()

    async def _listen(self, place: _Place, process: asyncio.subprocess.Process) -> None:
        while process.stdout is not None and (line := await process.stdout.readline()):
            with suppress(msgspec.DecodeError):  # cut off in the middle, by its death
                self.fleet.heard(place.number, msgspec.json.decode(line, type=Report))
                place.pulse.beat()

    async def _end(self) -> None:
        """After `stop`: SIGTERM, and SIGKILL for whoever is not done in time."""
        await self._stopping.wait()
        self._tell(signal.SIGTERM)
        began = time.monotonic()
        patience = self._settings.worker.drain_seconds + _CLOSING_SECONDS
        while self._alive():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._harder.wait(), 0.05)
            if self._harder.is_set() or time.monotonic() - began > patience:
                self._killed = True
                _log.warning("worker_process.killed", processes=sorted(self._alive()))
                self._tell(signal.SIGKILL)
                return

    def _alive(self) -> Mapping[int, asyncio.subprocess.Process]:
        return {place.number: place.process for place in self._places if place.process is not None}

    def _tell(self, number: signal.Signals) -> None:
        for process in self._alive().values():
            _signal(process, number)


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _how(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"
