# SPDX-License-Identifier: Apache-2.0
"""The errand that reads the mailbox of bounces: reports and complaints become feedback, as if a provider told them.

This is a state path.

Read: what is unread in the mailbox, by one process at a time under a lease. Committed: for each message what it tells
(see `hear`) and the lease, in one transaction; the message is marked in the mailbox only then. If the process dies in
between, another reads it again, and being told twice changes nothing. One that nobody understands is marked as read,
and stays where it is; one that cannot be written down stays unread, and holds up no other.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from clarion.domain.errors import Unavailable, detail_of
from clarion.domain.provider_events import ProviderEvent
from clarion.pipeline.errands import Errand
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.hear import HearRules, Unsubscribe, hear
from clarion.store import mailboxes
from clarion.store.engine import Store, Transaction

PROVIDER = "mailbox"
_AT_ONCE = 200  # messages in a turn
_LEASE_MS = 120_000  # longer than any answer of the mail server's is waited for
_log = structlog.get_logger("clarion.bounces")


class Unread(Protocol):
    """An open mailbox; `channels.mailbox.Mailbox` is one."""

    def unread(self) -> Sequence[str]:
        """Names of messages."""
        ...

    def content(self, uid: str) -> bytes | None:
        """The bytes of one."""
        ...

    def done(self, uid: str, *, understood: bool) -> None:
        """Mark it."""
        ...


@dataclass(frozen=True, slots=True)
class Bounces:
    """A mailbox and how it is read. `read`: what a message tells, None when it is no report.

    `failures`: what opening and reading it may raise.
    """

    name: str
    open: Callable[[], AbstractContextManager[Unread]]
    read: Callable[[bytes], Sequence[ProviderEvent] | None]
    failures: type[Exception]
    rules: HearRules
    unsubscribe: Unsubscribe
    secret: bytes
    every_seconds: float
    count: Callable[[str, str, int], None]


def errand(store: Store, bounces: Bounces, failpoint: Failpoint = nothing) -> Errand:
    """Every so often, by whichever process comes first."""

    async def turn() -> bool:
        return await asyncio.to_thread(partial(read_once, store, bounces, failpoint=failpoint))

    return Errand("bounces", turn, every_seconds=bounces.every_seconds)


def read_once(store: Store, bounces: Bounces, *, failpoint: Failpoint = nothing, at_once: int = _AT_ONCE) -> bool:
    """Read some of what is unread; whether there is more. Blocking."""
    name = bounces.name
    if not store.read(lambda tx: mailboxes.is_due(tx, name)):
        return False
    fence = store.write(lambda tx: mailboxes.take(tx, name, _LEASE_MS))
    if fence is None:
        return False
    failure, more = None, False
    try:
        with bounces.open() as mailbox:
            waiting = mailbox.unread()
            for uid in waiting[:at_once]:
                taken = _take(store, bounces, mailbox, uid, fence, failpoint)
                if taken is None:
                    return False
                more = more or (taken and len(waiting) > at_once)
    except bounces.failures as error:
        failure, more = str(error), False
        _log.warning("bounces.unreadable", mailbox=name, error=failure)
    pause_ms = 0 if more else int(bounces.every_seconds * 1_000)
    store.write(lambda tx: mailboxes.leave(tx, name, fence, pause_ms=pause_ms, failure=failure))
    return more


def _take(store: Store, bounces: Bounces, mailbox: Unread, uid: str, fence: int, failpoint: Failpoint) -> bool | None:
    """Deal with one message; whether it is read now. None when another process reads the mailbox by now."""
    raw = mailbox.content(uid)
    if raw is None:
        return False  # somebody removed it meanwhile
    events: Sequence[ProviderEvent] | None
    try:
        events = bounces.read(raw)
    except Exception as error:  # noqa: BLE001 - anybody may send anything there; one mail must not hold up the others
        _log.warning("bounces.broken_mail", mailbox=bounces.name, uid=uid, error=detail_of(error))
        events = None

    def work(tx: Transaction) -> list[str] | None:
        if not mailboxes.keep(tx, bounces.name, fence, _LEASE_MS):
            return None
        return [
            hear(tx, one, PROVIDER, bounces.secret, bounces.rules, bounces.unsubscribe).value for one in events or ()
        ]

    try:
        outcomes = store.write(work)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - nor may what we meet when we write it down; it stays unread
        _log.warning("bounces.not_taken", mailbox=bounces.name, uid=uid, error=detail_of(error))
        return False
    if outcomes is None:
        return None
    failpoint("bounces.committed")
    mailbox.done(uid, understood=events is not None)
    told = Counter(outcomes) if events else Counter(["unreadable" if events is None else "unknown"])
    for outcome, number in told.items():
        bounces.count(PROVIDER, outcome, number)
    return True
