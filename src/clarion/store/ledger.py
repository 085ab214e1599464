# SPDX-License-Identifier: Apache-2.0
"""The ledger: accounts, slices, counters. Each function is one step inside the caller's transaction.

Rows, counters and checkpoints that belong together are moved by one function, so no caller can move one
without the other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clarion.domain.deliveries import ALLOWED, DeliveryKey, Outcome, Reason, State
from clarion.store import attempts, drafts, metrics, reporting, watched_messages
from clarion.store.engine import Row, Transaction
from clarion.store.metrics import Spoken
from clarion.store.people import encode
from clarion.store.slices import Claim, LedgerFault, LostLease
from clarion.store.triggers import Trigger

_MOST_ACTIONS = 10_000  # of one person


@dataclass(frozen=True, slots=True)
class Account:
    """A new row of the ledger: QUEUED, or SKIPPED with a reason. `entry` points at the person's own data."""

    seq: int
    action_id: int
    person_id: int
    entry: int | None
    state: State
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Accounts:
    """New rows as columns, which is how a range of thousands is written; `entry` None: nobody has data of their own."""

    seq: Sequence[int]
    action_id: Sequence[int]
    person_id: Sequence[int]
    state: Sequence[int]
    reason: Sequence[str | None]
    entry: Sequence[int | None] | None = None

    @classmethod
    def of(cls, accounts: Sequence[Account]) -> "Accounts":
        """The same from rows."""
        return cls(
            seq=[a.seq for a in accounts],
            action_id=[a.action_id for a in accounts],
            person_id=[a.person_id for a in accounts],
            state=[int(a.state) for a in accounts],
            reason=[a.reason.value if a.reason else None for a in accounts],
            entry=[a.entry for a in accounts],
        )


@dataclass(frozen=True, slots=True)
class Queued:
    """New rows of people of whom nothing is to be said, every action of theirs queued: what nearly everybody is.

    `person_ids` stand at their places behind `first_seq`, None where somebody's rows are among the `Accounts`; their
    own data is at the same places behind `first_entry`, if they have any.
    """

    first_seq: int
    person_ids: Sequence[int | None]
    action_ids: Sequence[int]
    first_entry: int | None = None


@dataclass(frozen=True, slots=True)
class SliceRange:
    """People `lo`..`hi` of a trigger's audience, worked by one worker at a time."""

    no: int
    lo: int
    hi: int


def freeze(
    tx: Transaction,
    trigger: Trigger,
    accounts: Accounts,
    slices: Sequence[SliceRange],
    *,
    resolved_to: int,
    next_seq: int,
    lease_ms: int,
    plain: Queued | None = None,
) -> int:
    """Write a range of the audience: accounts, slices, counters and the checkpoint, together.

    Returns when it was, Unix milliseconds, as it stands in the accounts.

    Raises:
        LostLease: another worker resolves this trigger now.
    """
    queued = int(State.QUEUED)
    plainly = len(plain.person_ids) - plain.person_ids.count(None) if plain and plain.action_ids else 0
    people = len(set(accounts.seq)) + plainly
    to_send = len({seq for seq, state in zip(accounts.seq, accounts.state, strict=True) if state == queued}) + plainly
    moved = tx.execute(
        "advance_resolve",
        trigger_id=trigger.trigger_id,
        fence=trigger.resolve_fence,
        resolved_to=resolved_to,
        next_seq=next_seq,
        next_slice=trigger.next_slice + len(slices),
        people=people,
        recipients=to_send,
        slices=len(slices),
        lease_ms=lease_ms,
    )
    if not moved:
        raise LostLease(f"trigger {trigger.trigger_id} is resolved by another worker")
    now_ms = tx.now_ms()
    if plain is not None and plainly:
        tx.execute(
            "insert_queued",
            trigger_id=trigger.trigger_id,
            first_seq=plain.first_seq,
            first_entry=plain.first_entry,
            person_ids=encode(plain.person_ids),
            action_ids=encode(plain.action_ids),
            now_ms=now_ms,
        )
    if accounts.seq:
        columns = {
            "seq": accounts.seq,
            "action_id": accounts.action_id,
            "person_id": accounts.person_id,
            "entry": accounts.entry or [None] * len(accounts.seq),
            "state": accounts.state,
            "reason": accounts.reason,
        }
        tx.bulk("insert_deliveries", columns, trigger_id=trigger.trigger_id, now_ms=now_ms)
        made = list(zip(accounts.seq, accounts.action_id, accounts.state, accounts.reason, strict=True))
        reporting.note_left_out(tx, trigger.trigger_id, made)
    tx.many("insert_slices", [{"trigger_id": trigger.trigger_id, "no": s.no, "lo": s.lo, "hi": s.hi} for s in slices])
    counted = Counter(
        {
            (action_id, State(state), Reason(reason) if reason else None): n
            for (action_id, state, reason), n in Counter(
                zip(accounts.action_id, accounts.state, accounts.reason, strict=True)
            ).items()
        }
    )
    if plain is not None and plainly:
        counted.update({(action_id, State.QUEUED, None): plainly for action_id in plain.action_ids})
    count(tx, trigger.trigger_id, trigger.next_slice, counted)
    return now_ms


def count(
    tx: Transaction,
    trigger_id: int,
    shard: int,
    counted: Counter[tuple[int, State, Reason | None]],
    spoken: Spoken | None = None,
) -> None:
    """Add to the counters of (action, state, reason) and of metrics, in the transaction that moves the accounts.

    `spoken`: which of them are messages in another language than the default.
    """
    rows = [
        {
            "trigger_id": trigger_id,
            "action_id": action_id,
            "state": int(state),
            "reason": reason.value if reason else "",
            "shard": shard % metrics.SHARDS,
            "n": n,
        }
        for (action_id, state, reason), n in counted.items()
        if n
    ]
    tx.many("add_counts", rows)
    metrics.book(tx, trigger_id, shard, counted)
    if spoken:
        metrics.book_languages(tx, trigger_id, shard, spoken)


def next_rows(tx: Transaction, claim: Claim, *, after: int, most: int, now_ms: int) -> list[Row]:
    """The next accounts of a slice that are due, whole people only, at most `most` rows (or one person)."""
    rows = tx.all(
        "chunk", trigger_id=claim.trigger_id, lo=max(claim.lo, after), hi=claim.hi, now_ms=now_ms, most=most + 1
    )
    if len(rows) <= most:
        return rows
    last = rows[-1]["seq"]
    whole = [row for row in rows if row["seq"] != last]
    return whole or tx.all("chunk", trigger_id=claim.trigger_id, lo=last, hi=last, now_ms=now_ms, most=_MOST_ACTIONS)


def settle(
    tx: Transaction,
    trigger_id: int,
    outcomes: Sequence[Outcome],
    *,
    shard: int,
    source: State = State.QUEUED,
    by: str = "",
) -> None:
    """Move accounts from `source` to their new states, and the counters with them; `by`: who tried, if somebody did.

    Raises:
        LedgerFault: an account was not in `source`; the transaction must not commit.
    """
    if not outcomes:
        return
    told = reporting.listening(tx, trigger_id)
    reporting.note_outcomes(tx, told, outcomes)
    if told.kinds:
        metrics.book_answers(tx, trigger_id, shard, told.kinds, outcomes)
    if source is State.QUEUED and all(map(_is_plainly_sent, outcomes)):
        _settle_sent(tx, trigger_id, outcomes, shard)
        watched_messages.settled(tx, trigger_id, outcomes)
        return
    counted: Counter[tuple[int, State, Reason | None]] = Counter()
    spoken: Spoken = Counter()
    before = _before(tx, trigger_id, outcomes) if source is not State.QUEUED else {}
    rows: list[dict[str, Any]] = []
    for outcome in outcomes:
        if outcome.state not in ALLOWED[source]:
            raise LedgerFault(f"{source.word} may not become {outcome.state.word}")
        rows.append(
            {
                "trigger_id": trigger_id,
                "seq": outcome.key.seq,
                "action_id": outcome.key.action_id,
                "from_state": int(source),
                "state": int(outcome.state),
                "reason": outcome.reason.value if outcome.reason else None,
                "words": _storable(outcome.words),
                "recipient": _storable(outcome.recipient),
                "counted": int(outcome.counted),
                "due_ms": outcome.due_ms,
                "doubt_fence": outcome.doubt_fence,
                "outlet": outcome.outlet,
                "language": outcome.language,
            }
        )
        action_id = outcome.key.action_id
        former, language = before.get(outcome.key, (None, outcome.language))
        counted[action_id, source, former] -= 1
        # A retry keeps its last words for the account but counts as plainly queued.
        reason = None if outcome.state is State.QUEUED else outcome.reason
        counted[action_id, outcome.state, reason] += 1
        if language:
            spoken[action_id, language, source, former] -= 1
            spoken[action_id, language, outcome.state, reason] += 1
    changed = tx.many("settle", rows)
    if changed != len(rows):
        raise LedgerFault(f"{len(rows) - changed} accounts of trigger {trigger_id} were not {source.word}")
    drafts.keep(tx, trigger_id, outcomes)
    if source is State.QUEUED:
        attempts.note(tx, outcomes, by)
    count(tx, trigger_id, shard, counted, spoken)
    metrics.book_unseen(tx, trigger_id, shard, outcomes)
    watched_messages.settled(tx, trigger_id, outcomes)


def _is_plainly_sent(outcome: Outcome) -> bool:
    return outcome.state is State.SENT and outcome.reason is None and outcome.counted and outcome.doubt_fence is None


def _settle_sent(tx: Transaction, trigger_id: int, outcomes: Sequence[Outcome], shard: int) -> None:
    """What nearly every chunk is, with the columns that differ only."""
    action_ids = [outcome.key.action_id for outcome in outcomes]
    columns: dict[str, list[Any]] = {
        "seq": [outcome.key.seq for outcome in outcomes],
        "action_id": action_ids,
        "words": [_storable(outcome.words) for outcome in outcomes],
        "recipient": [_storable(outcome.recipient) for outcome in outcomes],
        "language": [outcome.language for outcome in outcomes],
        "outlet": [outcome.outlet for outcome in outcomes],
    }
    counted: Counter[tuple[int, State, Reason | None]] = Counter()
    spoken: Spoken = Counter()
    for action_id, n in Counter(action_ids).items():
        counted[action_id, State.QUEUED, None] = -n
        counted[action_id, State.SENT, None] = n
    if any(columns["language"]):
        spoken.update(
            (outcome.key.action_id, outcome.language, State.SENT, None) for outcome in outcomes if outcome.language
        )
    changed = tx.bulk("settle_sent", columns, trigger_id=trigger_id)
    if changed != len(outcomes):
        raise LedgerFault(f"{len(outcomes) - changed} accounts of trigger {trigger_id} were not {State.QUEUED.word}")
    count(tx, trigger_id, shard, counted, spoken)
    metrics.book_unseen(tx, trigger_id, shard, outcomes)


def _storable(text: str | None) -> str | None:
    # These come from templates and strangers' servers; PostgreSQL takes neither NUL nor half a surrogate pair,
    # and one such row would undo the account of a whole chunk.
    if not text:
        return None
    if len(text) <= 500 and text.isascii() and "\0" not in text:
        return text
    return text[:500].replace("\0", "\ufffd").encode(errors="replace").decode()


def _before(
    tx: Transaction, trigger_id: int, outcomes: Sequence[Outcome]
) -> dict[DeliveryKey, tuple[Reason | None, str | None]]:
    """The reason and the language that accounts are booked under."""
    found: dict[DeliveryKey, tuple[Reason | None, str | None]] = {}
    for outcome in outcomes:
        row = tx.one("delivery", trigger_id=trigger_id, seq=outcome.key.seq, action_id=outcome.key.action_id)
        if row is not None:
            found[outcome.key] = Reason(row["reason"]) if row["reason"] else None, row["language"]
    return found


def put_off(tx: Transaction, delays_ms: Mapping[DeliveryKey, int]) -> None:
    """Accounts that are queued are due later, and nothing else about them changes: they were not tried."""
    now_ms = tx.now_ms()
    rows = [{**key._asdict(), "due_ms": now_ms + delay_ms} for key, delay_ms in sorted(delays_ms.items())]
    tx.many("put_off", rows)


def known_people(tx: Transaction, trigger_id: int, person_ids: Sequence[int]) -> set[int]:
    """Which of these people have an account in the trigger's ledger."""
    rows = tx.all("known_people", trigger_id=trigger_id, person_ids=encode(list(person_ids)))
    return {int(row["person_id"]) for row in rows}


def unreached(tx: Transaction, claim: Claim) -> list[tuple[DeliveryKey, Reason | None]]:
    """Accounts of a slice that are still queued, with the reason why an earlier attempt was in doubt."""
    rows = tx.all("stop_rows", trigger_id=claim.trigger_id, lo=claim.lo, hi=claim.hi)
    return [
        (
            DeliveryKey(claim.trigger_id, int(r["seq"]), int(r["action_id"])),
            Reason(r["reason"]) if r["reason"] else None,
        )
        for r in rows
    ]


def counts(tx: Transaction, trigger_id: int) -> list[tuple[int, State, str, int]]:
    """(action, state, reason or "", how many), from the counters."""
    return [
        (int(r["action_id"]), State(int(r["state"])), str(r["reason"]), int(r["n"]))
        for r in tx.all("counts", trigger_id=trigger_id)
        if int(r["n"])
    ]


def page(
    tx: Transaction,
    trigger_id: int,
    *,
    after: DeliveryKey | None,
    most: int,
    state: State | None = None,
    action_id: int = 0,
) -> list[Row]:
    """Accounts of a trigger after `after`, in order of the audience."""
    return tx.all(
        "deliveries",
        trigger_id=trigger_id,
        seq=after.seq if after else 0,
        action_id=after.action_id if after else 0,
        state=-1 if state is None else int(state),
        only_action=action_id,
        most=most,
    )


def get(tx: Transaction, key: DeliveryKey) -> Row | None:
    """One account with its trigger's broadcast, workspace, content hash and data."""
    return tx.one("delivery", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id)


def composing(tx: Transaction, key: DeliveryKey) -> Row | None:
    """One account with what composing needs, as `next_rows` gives it, whatever its state."""
    return tx.one("composing", trigger_id=key.trigger_id, seq=key.seq, action_id=key.action_id)


def analyze(tx: Transaction) -> None:
    """Refresh the planner's statistics after a bulk fill (PostgreSQL)."""
    tx.execute("analyze_ledger")
