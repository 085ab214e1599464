# SPDX-License-Identifier: Apache-2.0
"""What is remembered about calls: answers to those that carry an Idempotency-Key, and how many came this second."""

from dataclasses import dataclass
from hashlib import sha256

from clarion.domain.errors import Conflict
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

KEPT_MS = 30 * 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Answered:
    """Status and JSON text of an answer."""

    status: int
    answer: str


def find(tx: Transaction, workspace: Workspace, key: str, call_hash: str) -> Answered | None:
    """What a call with this key was answered in the last 30 days.

    Raises:
        Conflict: it was another call.
    """
    named = {"workspace_id": workspace.workspace_id, "key_hash": _hash(key), "kept_ms": KEPT_MS}
    row = tx.one("idempotent_call", **named)
    if row is None:
        return None
    if row["call_hash"] != call_hash:
        raise Conflict("this Idempotency-Key was used for another call: method, path or body differ")
    return Answered(int(row["status"]), str(row["answer"]))


def remember(tx: Transaction, workspace: Workspace, key: str, call_hash: str, answered: Answered) -> None:
    """Keep an answer, in the transaction that did what it tells of.

    Of two such transactions at once the second meets the first one's row, runs again and finds it.
    """
    named = {"workspace_id": workspace.workspace_id, "key_hash": _hash(key)}
    tx.execute("drop_idempotent_call", **named, kept_ms=KEPT_MS)
    tx.execute("insert_idempotent_call", **named, call_hash=call_hash, status=answered.status, answer=answered.answer)


def clear(tx: Transaction) -> int:
    """Forget what is older than 30 days; how many."""
    return tx.execute("clear_idempotent_calls", kept_ms=KEPT_MS)


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Taken:
    """`until` of this second's calls are taken, ours included; `left_ms` of the window remain."""

    until: int
    left_ms: int


DAY_MS = 86_400_000


def take(tx: Transaction, workspace_id: int, kind: str, some: int, window_ms: int = 1_000) -> Taken:
    """Take some of the running second's (or day's) calls; by the database's clock, which all processes share."""
    row = tx.one("take_calls", workspace_id=workspace_id, kind=kind, some=some, window_ms=window_ms)
    if row is None:
        raise AssertionError("take_calls returns a row")
    return Taken(int(row["taken"]), window_ms - int(row["now_ms"]) % window_ms)
