# SPDX-License-Identifier: Apache-2.0
"""A worker process under a supervisor: its settings come on standard input, its figures go out on standard output.

Standard input stays open as long as the supervisor lives. Its end means that nobody looks after this process any
more, however the supervisor died: it drains and ends.
"""

import asyncio
import os
import signal
import sys
from typing import Any

import msgspec
import structlog

from clarion.cli import loops
from clarion.cli.working import work
from clarion.domain.errors import SetupError
from clarion.observability import set_up_logging
from clarion.observability.exposition import Labels, figures
from clarion.pipeline.failpoint import Failpoint
from clarion.settings import Settings
from clarion.wiring.house import House, open_house

_log = structlog.get_logger("clarion.worker_process")

LINE_LIMIT = 4_000_000
Report = list[tuple[str, str, str, Labels, float]]


class Orders(msgspec.Struct, frozen=True):
    """What a supervisor tells its worker process; `number` is the process's place, from 1."""

    number: int
    base_url: str
    settings: Settings


def run(failpoint: Failpoint) -> None:
    """`clarion worker --supervised`.

    Raises:
        SetupError: standard input does not hold a supervisor's orders.
    """
    try:
        orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    except msgspec.DecodeError as error:
        raise SetupError(f"--supervised is for the supervisor, which says on standard input: {error}") from None
    settings = orders.settings
    set_up_logging(
        settings.log.level,
        settings.log.format,
        personal_data=settings.log.personal_data,
        process=orders.number,
    )
    house = open_house(settings, orders.base_url)
    try:
        loops.settle_memory()
        loops.run(_work(house, failpoint), settings.server.event_loop)
    finally:
        house.store.close()


class _EndOfInput(asyncio.Protocol):
    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - any end is the end
        if not self._stopping.is_set():
            _log.warning("supervisor.gone")
        self._stopping.set()


async def _work(house: House, failpoint: Failpoint) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    out, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(os.dup(1), "wb", buffering=0))
    await loop.connect_read_pipe(lambda: _EndOfInput(stopping), sys.stdin)

    def beat() -> None:
        # A supervisor that does not read must not fill our memory; it will have the next one.
        if not stopping.is_set() and not out.is_closing() and out.get_write_buffer_size() == 0:
            report: Any = figures(house.metrics.registry)
            out.write(msgspec.json.encode(report) + b"\n")

    _log.info("worker.started")
    try:
        await work(house, failpoint, stopping, beat)
        stopping.clear()
        beat()  # what was counted last
    finally:
        out.close()
    _log.info("worker.stopped")
