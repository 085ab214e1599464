# SPDX-License-Identifier: Apache-2.0
"""Attempts at a message that were not its success, what was heard of it, and what webhooks were told of it.

The account holds the last answer only; each failed attempt is noted beside it, in the transaction that settles it. A
message that is sent at once, as nearly all are, has its answer on the account, and nothing is written for it here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from clarion.domain.deliveries import DeliveryKey, Outcome, State
from clarion.domain.metrics import NEVER_LEFT
from clarion.domain.ulids import moment_of, ulid, ulid_floor
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.people import encode

ATTEMPT = "attempt"
_RETRY = "retry"
_MOST_EVENTS = 200
_MOST_REPORTS = 100
_BEFORE_MS, _AFTER_MS = 2_000, 10  # of a moment on the ledger, made in the same transaction a little earlier


@dataclass(frozen=True, slots=True)
class Heard:
    """An attempt, or something that was heard later; `noted_ms`: when it was written down."""

    what: str
    at_ms: int
    noted_ms: int
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a webhook that failed; `status` None: no answer came."""

    at_ms: int
    status: int | None
    took_ms: int
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """An event of a message for one webhook. `settled_ms` None: it waits, until `due_ms` at least.

    `calls`: how many it took; None where that was not written down.
    """

    webhook_id: int
    name: str
    endpoint: str
    event_id: str
    event: str
    made_ms: int
    settled_ms: int | None
    given_up: bool
    status: int | None
    calls: int | None
    due_ms: int
    failed: tuple[Call, ...]


def note(tx: Transaction, outcomes: Iterable[Outcome], by: str) -> None:
    """Write down which attempts failed or have no answer, of accounts that were queued; `by`: the worker."""
    failed = [one for one in outcomes if _is_failed_attempt(one)]
    if not failed:
        return
    now_ms = tx.now_ms()
    tx.many(
        "note_attempts",
        [
            {
                "trigger_id": one.key.trigger_id,
                "seq": one.key.seq,
                "action_id": one.key.action_id,
                "event_id": ulid(now_ms),
                "at_ms": now_ms,
                "detail": encode(_detail(one, by)),
            }
            for one in failed
        ],
    )


def _is_failed_attempt(outcome: Outcome) -> bool:
    # What is only put off was not tried, and may be put off many times.
    if not outcome.counted or outcome.reason in NEVER_LEFT:
        return False
    return outcome.state in {State.FAILED, State.IN_DOUBT} or (outcome.state is State.QUEUED and bool(outcome.words))


def _detail(outcome: Outcome, by: str) -> dict[str, Any]:
    words = (outcome.words or "")[:500].replace("\0", "\ufffd").encode(errors="replace").decode()
    return {
        "result": _RETRY if outcome.state is State.QUEUED else outcome.state.word,
        "reason": outcome.reason.value if outcome.reason else None,
        "words": words or None,
        "worker": by or None,
        "account": outcome.via,
    }


def heard(tx: Transaction, key: DeliveryKey) -> list[Heard]:
    """Attempts that failed and what was heard of one message, in the order in which they were noted."""
    rows = tx.all(
        "events_of_delivery", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id, most=_MOST_EVENTS
    )
    return [
        Heard(
            str(row["metric"]),
            int(row["at_ms"]),
            moment_of(row["event_id"]) or int(row["at_ms"]),
            msgspec.json.decode(row["detail"]),
        )
        for row in rows
    ]


def reports(tx: Transaction, workspace: Workspace, key: DeliveryKey, moments: Iterable[int]) -> list[Report]:
    """What webhooks were told of one message; `moments`: when something happened to it, Unix milliseconds."""
    found: list[Report] = []
    begins = encode({"key": list(key)})[:-1]
    for low, high in _stretches(sorted(moments)):
        rows = tx.all(
            "reports_of_message",
            workspace_id=workspace.workspace_id,
            low=ulid_floor(low),
            high=ulid_floor(high),
            begins=begins,
            most=_MOST_REPORTS - len(found),
        )
        found += [
            Report(
                webhook_id=int(row["webhook_id"]),
                name=str(row["name"]),
                endpoint=str(row["endpoint"]),
                event_id=str(row["event_id"]),
                event=str(row["event"]),
                made_ms=int(row["made_ms"]),
                settled_ms=row["settled_ms"],
                given_up=bool(row["given_up"]),
                status=row["status"],
                calls=row["calls"],
                due_ms=int(row["due_ms"]),
                failed=_failed(tx, int(row["webhook_id"]), str(row["event_id"])),
            )
            for row in rows
        ]
        if len(found) >= _MOST_REPORTS:
            break
    return found


def _stretches(moments: Sequence[int]) -> list[tuple[int, int]]:
    """The time around each moment; what touches is one stretch."""
    found: list[tuple[int, int]] = []
    for moment in moments:
        low, high = moment - _BEFORE_MS, moment + _AFTER_MS
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found


def _failed(tx: Transaction, webhook_id: int, event_id: str) -> tuple[Call, ...]:
    rows = tx.all("failed_calls", webhook_id=webhook_id, event_id=event_id)
    return tuple(
        Call(moment_of(row["attempt_id"]) or 0, row["status"], int(row["took_ms"]), str(row["words"])) for row in rows
    )
