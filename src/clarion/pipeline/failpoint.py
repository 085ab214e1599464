# SPDX-License-Identifier: Apache-2.0
"""Named places where a test kills the process. A parameter of the stages, not a global switch."""

import os
import signal
from collections.abc import Callable

from clarion.domain.errors import SetupError

Failpoint = Callable[[str], None]

NAMES = (
    "resolve.before_commit",  # a range of the audience is worked out, not yet written
    "resolve.after_commit",  # it is written, the next one is not
    "resolve.file_staged",  # a stretch of the data file is staged
    "claim.after_commit",  # a slice is held, its first chunk open, nothing sent
    "send.composed",  # a message is made, not handed over
    "send.handed_over",  # handed over, no answer yet
    "send.answered",  # answered, noted in the flight record only
    "record.before_commit",  # a chunk is sent, its outcomes are not yet written
    "record.after_commit",  # they are, and the next chunk is open
    "export.stretch_read",  # rows of an export are read, not yet written
    "import.rows_in",  # rows of an import are in, how far it got is not yet written
    "convert.before_commit",  # who reached a goal was found a message, and that is not yet written
    "reporting.told",  # a webhook was called, how it went is not yet written
    "bounces.committed",  # what a mail tells is written down, the mail is not yet marked as read
    "segment.people_decided",  # a batch of people is decided about for new conditions, not yet committed
    "retention.data_marked",  # a trigger's own data is marked as removed, and still there
)


def nothing(name: str) -> None:
    """The failpoint of production."""


def signal_at(specification: str) -> Failpoint:
    """A failpoint from its text: ``name`` or ``name:n`` kills this process with SIGKILL at the n-th passing.

    ``name:n:stop`` sends SIGSTOP instead: the process sleeps, as on a machine that hangs, until SIGCONT.

    Raises:
        SetupError: an unknown name or action, or a count below 1.
    """
    name, _, rest = specification.partition(":")
    count, _, action = rest.partition(":")
    if name not in NAMES:
        raise SetupError(f"unknown failpoint {name!r}; known: {', '.join(NAMES)}")
    if count and (not count.isdigit() or int(count) < 1):
        raise SetupError(f"the failpoint's count must be a number from 1, not {count!r}")
    if action not in {"", "kill", "stop"}:
        raise SetupError(f"the failpoint's action must be kill or stop, not {action!r}")
    left = int(count or 1)
    number = signal.SIGSTOP if action == "stop" else signal.SIGKILL

    def check(passed: str) -> None:
        nonlocal left
        if passed != name:
            return
        left -= 1
        if left == 0:
            os.kill(os.getpid(), number)

    return check
