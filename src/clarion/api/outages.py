# SPDX-License-Identifier: Apache-2.0
"""What is logged of an outage of the database: a line in ten seconds, however many calls it fails.

Each answer carries the reference of the line that speaks of it, so support finds it; a disk that is full is not
filled further by the lines about it.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from clarion.domain.errors import Unavailable, UnknownOutcome

_log = structlog.get_logger("clarion.api")
_SPOKEN_FOR_SECONDS = 10.0


@dataclass(slots=True)
class _Spoken:
    reference: str
    at: float
    since: int = 0  # calls failed since this was said


class Outages:
    """Of one process. `clock`: seconds that only go forward."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._spoken: dict[bool, _Spoken] = {}  # apart for calls of which nobody knows whether they were carried out

    def reference(self, error: Unavailable) -> str:
        """What to put into the answer; says so in the log when nothing was said for a while."""
        unknown = isinstance(error, UnknownOutcome)
        before, now = self._spoken.get(unknown), self._clock()
        if before is not None and now - before.at < _SPOKEN_FOR_SECONDS:
            before.since += 1
            return before.reference
        made = _Spoken(secrets.token_hex(8), now)
        self._spoken[unknown] = made
        more = {} if before is None or not before.since else {"more_since_last": before.since}
        _log.warning("store.unavailable", reference=made.reference, error=str(error), unknown=unknown, **more)
        return made.reference
