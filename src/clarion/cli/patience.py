# SPDX-License-Identifier: Apache-2.0
"""Waiting at the start for a database that is not there yet, as after a power cut that met all machines."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import structlog

from clarion.domain.errors import DatabaseAway

T = TypeVar("T")
_log = structlog.get_logger("clarion.start")
_FIRST_SECONDS, _MOST_SECONDS = 0.5, 10.0


def patiently(opening: Callable[[], T], seconds: float) -> T:
    """Try again, with growing pauses, for so many seconds; SIGINT and SIGTERM end the process at once, in order.

    Raises:
        DatabaseAway: it did not answer in all that time.
    """
    until, pause = time.monotonic() + seconds, _FIRST_SECONDS
    with _ended_by_signals():
        while True:
            try:
                return opening()
            except DatabaseAway as error:
                left = until - time.monotonic()
                if left <= 0:
                    raise
                _log.warning("database.awaited", error=str(error), seconds_left=round(left))
                time.sleep(min(pause, left))
                pause = min(2 * pause, _MOST_SECONDS)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """The first process of a container is not ended by a signal that it does not handle."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
