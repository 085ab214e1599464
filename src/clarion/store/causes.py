# SPDX-License-Identifier: Apache-2.0
"""Accounts of a trigger by why they were not sent: groups of alike words, by a scan of the index of reasons that ends.

How many there are of each state and reason is in the counters. The words are on the accounts only, so of each reason
so many accounts are read at most; beyond that the groups say that there may be more.
"""

from dataclasses import dataclass, field

from clarion.domain.causes import cause_of
from clarion.domain.deliveries import DeliveryKey, State
from clarion.store import ledger
from clarion.store.engine import Row, Transaction

MOST_LOOKED_AT = 2_000  # accounts of one reason
_MOST_CAUSES = 25  # of one reason
_EXAMPLES = 3
_WITH_WORDS = frozenset({State.FAILED, State.IN_DOUBT})


@dataclass(slots=True)
class Group:
    """Accounts of one state and reason; `cause` None: whatever their words. `exact`: there are no more of them."""

    state: State
    reason: str
    cause: str | None
    words: str | None = None
    accounts: int = 0
    exact: bool = True
    examples: list[DeliveryKey] = field(default_factory=list)


def rows_of(
    tx: Transaction, trigger_id: int, reason: str, state: State | None, after: DeliveryKey | None, most: int
) -> list[Row]:
    """Accounts of a reason after a key, in the order of the audience."""
    return tx.all(
        "accounts_of_a_reason",
        trigger_id=trigger_id,
        reason=reason,
        state=-1 if state is None else int(state),
        seq=after.seq if after else 0,
        action_id=after.action_id if after else 0,
        most=most,
    )


def groups(tx: Transaction, trigger_id: int, *, most: int = MOST_LOOKED_AT) -> list[Group]:
    """What went wrong, and what was left out, the largest groups first."""
    counted: dict[tuple[State, str], int] = {}
    for _, state, reason, n in ledger.counts(tx, trigger_id):
        if reason:
            counted[state, reason] = counted.get((state, reason), 0) + n
    found: list[Group] = []
    for (state, reason), total in counted.items():
        if state not in _WITH_WORDS:
            found.append(Group(state, reason, None, accounts=total))
            continue
        found += _by_words(rows_of(tx, trigger_id, reason, state, None, most), trigger_id, state, reason, total)
    return sorted(found, key=lambda group: (-group.accounts, group.state, group.reason))


def _by_words(rows: list[Row], trigger_id: int, state: State, reason: str, total: int) -> list[Group]:
    by_cause: dict[str, Group] = {}
    for row in rows:
        cause = cause_of(row["words"])
        if cause not in by_cause and len(by_cause) == _MOST_CAUSES:
            continue
        group = by_cause.setdefault(cause, Group(state, reason, cause, row["words"]))
        group.accounts += 1
        if len(group.examples) < _EXAMPLES:
            group.examples.append(DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"])))
    seen = sum(group.accounts for group in by_cause.values())
    for group in by_cause.values():
        group.exact = len(rows) >= total
    rest = [Group(state, reason, None, accounts=total - seen)] if seen < total else []
    return [*by_cause.values(), *rest]


def count(tx: Transaction, trigger_id: int, state: State, reason: str, cause: str, most: int = MOST_LOOKED_AT) -> int:
    """How many accounts of a group there are, as far as they are looked at."""
    rows = rows_of(tx, trigger_id, reason, state, None, most)
    return sum(1 for row in rows if cause_of(row["words"]) == cause)
