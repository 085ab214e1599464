# SPDX-License-Identifier: Apache-2.0
"""Repeats of a trigger: what was asked for, how far it got, and the steps that put accounts back to QUEUED."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from clarion.domain.causes import cause_of
from clarion.domain.deliveries import ALLOWED, Reason, State
from clarion.domain.errors import ClarionError
from clarion.domain.triggers import Repeat, TriggerState
from clarion.store import ledger, numbers
from clarion.store.engine import Row, Transaction
from clarion.store.metrics import Spoken
from clarion.store.people import decode, encode
from clarion.store.slices import LedgerFault

SOURCES = {Repeat.FAILED: State.FAILED, Repeat.IN_DOUBT: State.IN_DOUBT}
_RANGE = 20_000  # people that one step looks through at most


class RemovedError(ClarionError):
    """Retention came first: nothing can be sent again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A repeat that is not finished; (`after_seq`, `after_action`) is its checkpoint; `cause`: only of these words."""

    trigger_id: int
    no: int
    kind: Repeat
    reasons: frozenset[Reason]
    asked_ms: int
    after_seq: int
    after_action: int
    trigger_state: TriggerState
    last_seq: int
    cause: str | None = None


def ask(
    tx: Transaction, trigger_id: int, kind: Repeat, reasons: Collection[Reason], by: str, cause: str | None = None
) -> None:
    """Write down that failed or doubtful accounts shall be sent again, of one class of words; a worker does it."""
    tx.execute("lock_trigger", trigger_id=trigger_id)
    tx.execute(
        "insert_again",
        trigger_id=trigger_id,
        kind=kind.value,
        reasons=encode(sorted(reasons)),
        by=by,
        after_seq=0,
        finished=int(cause is not None),
        cause=cause,
    )


def join(tx: Transaction, trigger_id: int, workspace_id: int, last_seq: int, by: str) -> bool:
    """Have the audience worked out again for people who are not in it yet; False where that is not possible now."""
    lowest, highest = numbers.person_range(workspace_id)
    last = tx.one("last_person", lowest=lowest, highest=highest)
    if not tx.execute("join_again", trigger_id=trigger_id, last_person=last["person_id"] if last else 0):
        return False
    tx.execute(
        "insert_again",
        trigger_id=trigger_id,
        kind=Repeat.JOINED_SINCE.value,
        reasons="[]",
        by=by,
        after_seq=last_seq,
        finished=1,
        cause=None,
    )
    return True


def listing(tx: Transaction, trigger_id: int) -> list[Row]:
    """Everything that was asked for, oldest first."""
    return [{**row, "reasons": decode(row["reasons"])} for row in tx.all("agains", trigger_id=trigger_id)]


def waiting(tx: Transaction) -> bool:
    """Whether there is a repeat that is not finished; a look without a lock."""
    return tx.one("repeats_waiting") is not None


def next_asked(tx: Transaction) -> Asked | None:
    """A repeat to take a step of, locked until the transaction ends."""
    row = tx.one("next_again")
    if row is None:
        return None
    return Asked(
        int(row["trigger_id"]),
        int(row["no"]),
        Repeat(row["kind"]),
        frozenset(Reason(word) for word in decode(row["reasons"])),
        int(row["asked_ms"]),
        int(row["after_seq"]),
        int(row["after_action"]),
        TriggerState(row["trigger_state"]),
        int(row["next_seq"]) - 1,
        row["cause"],
    )


def step(tx: Transaction, asked: Asked, most: int) -> int:
    """Queue up to `most` accounts again, with their counters, their slices and the checkpoint; how many.

    Raises:
        RemovedError: retention is removing them, or what their messages are made of.
    """
    until = min(asked.after_seq + _RANGE, asked.last_seq)
    found = tx.all(
        "again_rows",
        trigger_id=asked.trigger_id,
        seq=asked.after_seq,
        action_id=asked.after_action,
        until=until,
        state=int(SOURCES[asked.kind]),
        asked_ms=asked.asked_ms,
        most=most,
    )
    rows = [row for row in found if _is_meant(asked, row)]
    if rows:
        # Later than the opening of any chunk there is: what is open now does not hold these.
        due_ms = tx.now_ms() + 1
        reopen(tx, asked.trigger_id, [int(row["seq"]) for row in rows], due_ms)
        _requeue(tx, asked, rows, due_ms)
    full = len(found) == most
    last = (int(found[-1]["seq"]), int(found[-1]["action_id"])) if full else (until + 1, 0)
    move(tx, asked, last, len(rows), finished=not full and until >= asked.last_seq)
    return len(rows)


def _is_meant(asked: Asked, row: Row) -> bool:
    if asked.reasons and row["reason"] not in asked.reasons:
        return False
    return asked.cause is None or cause_of(row["words"]) == asked.cause


def move(tx: Transaction, asked: Asked, checkpoint: tuple[int, int], queued: int, *, finished: bool) -> None:
    """Move the checkpoint of a repeat."""
    tx.execute(
        "move_again",
        trigger_id=asked.trigger_id,
        no=asked.no,
        after_seq=checkpoint[0],
        after_action=checkpoint[1],
        queued=queued,
        finished=int(finished),
    )


def reopen(tx: Transaction, trigger_id: int, seqs: Sequence[int], due_ms: int) -> None:
    """Make the slices of many accounts workable from `due_ms` on, and their trigger with them; `seqs` ascending."""
    between = tx.all("slices_between", trigger_id=trigger_id, first=seqs[0], last=seqs[-1])
    wanted = set(seqs)
    touched = [int(row["no"]) for row in between if not wanted.isdisjoint(range(row["lo"], row["hi"] + 1))]
    numbers_ = encode(touched)
    if len(tx.all("lock_slices", trigger_id=trigger_id, numbers=numbers_)) != len(touched) or not touched:
        raise LedgerFault(f"accounts of trigger {trigger_id} have no slice")
    opened = tx.execute("reopen_slices", trigger_id=trigger_id, numbers=numbers_, due_ms=due_ms)
    tx.execute("hurry_slices", trigger_id=trigger_id, numbers=numbers_, due_ms=due_ms)
    if opened and not tx.execute("reopen_trigger", trigger_id=trigger_id, slices=opened):
        raise RemovedError(f"parts of trigger {trigger_id} are being removed")


def _requeue(tx: Transaction, asked: Asked, rows: Sequence[Row], due_ms: int) -> None:
    source = SOURCES[asked.kind]
    if State.QUEUED not in ALLOWED[source]:
        raise LedgerFault(f"{source.word} may not become queued")
    counted: Counter[tuple[int, State, Reason | None]] = Counter()
    spoken: Spoken = Counter()
    for row in rows:
        reason = Reason(row["reason"]) if row["reason"] else None
        if row["language"]:
            spoken[int(row["action_id"]), row["language"], source, reason] -= 1
        counted[int(row["action_id"]), source, reason] -= 1
        counted[int(row["action_id"]), State.QUEUED, None] += 1
    changed = tx.many(
        "requeue",
        [
            {
                "trigger_id": asked.trigger_id,
                "seq": row["seq"],
                "action_id": row["action_id"],
                "from_state": int(source),
                "due_ms": due_ms,
                "reason": row["reason"] if source is State.IN_DOUBT else None,
            }
            for row in rows
        ],
    )
    if changed != len(rows):
        raise LedgerFault(f"{len(rows) - changed} accounts of trigger {asked.trigger_id} were decided meanwhile")
    ledger.count(tx, asked.trigger_id, asked.no, counted, spoken)
