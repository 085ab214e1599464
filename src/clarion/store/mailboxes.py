# SPDX-License-Identifier: Apache-2.0
"""Mailboxes that bounces come to: one process at a time reads each, under a lease with a fencing number."""

from dataclasses import dataclass

from clarion.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class Reading:
    """How reading goes; Unix milliseconds. `failure`: why it failed the last time, None where it did not."""

    read_ms: int | None
    failed_ms: int | None
    failure: str | None
    messages: int


def is_due(tx: Transaction, name: str) -> bool:
    """Whether it is time to read one that nobody reads."""
    return tx.one("mailbox_is_due", name=name) is not None


def take(tx: Transaction, name: str, lease_ms: int) -> int | None:
    """Become its only reader; the fence. None when another is, or it is not due."""
    row = tx.one("take_mailbox", name=name, lease_ms=lease_ms)
    return int(row["fence"]) if row else None


def keep(tx: Transaction, name: str, fence: int, lease_ms: int) -> bool:
    """Say that one of its messages is dealt with, and go on; False when another has it by now."""
    return tx.execute("keep_mailbox", name=name, fence=fence, lease_ms=lease_ms) > 0


def leave(tx: Transaction, name: str, fence: int, *, pause_ms: int, failure: str | None) -> None:
    """Let it be until `pause_ms` are over."""
    tx.execute("leave_mailbox", name=name, fence=fence, pause_ms=pause_ms, failure=failure)


def reading(tx: Transaction, name: str) -> Reading | None:
    """How it goes; None when nobody has ever read it."""
    row = tx.one("mailbox_of", name=name)
    return Reading(row["read_ms"], row["failed_ms"], row["failure"], int(row["messages"])) if row else None
