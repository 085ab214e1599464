# SPDX-License-Identifier: Apache-2.0
"""Lists of accounts over many triggers: newest trigger first, then in the order of its audience.

A page never reads a whole trigger. The counters tell which triggers and reasons to look into, rare states
are found through the index of reasons, and everything else is read in windows of the audience, a bounded
number of them per page.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from clarion.domain.deliveries import DeliveryKey, Reason, State
from clarion.store import ledger
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.people import encode

ALL_STATES = frozenset(State)
_ALWAYS_WITH_REASON = frozenset({State.FAILED, State.SKIPPED, State.STOPPED, State.IN_DOUBT})
_FOREVER_MS = 2**62
_LAST_ACTION = 2**40 - 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """How much a page and each of its queries looks at. The first queries of a page look at few people."""

    query_people: int = 20_000
    page_people: int = 200_000
    query_triggers: int = 100
    page_triggers: int = 1_000


_STRETCH = Stretch()


class Locked(NamedTuple):
    """How an account stands: why, if there is a reason, and to which account at a provider it was handed."""

    state: State
    reason: Reason | None
    outlet: int | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which accounts. 0 means any broadcast, trigger or action; times in Unix milliseconds, inclusive.

    A trigger needs its broadcast. `attempted`: only those that were tried at least once. `heard`: only those of which
    this metric was heard, or that have the reason `or_reason`. `reason`: only of this one. `kind`: only of actions of
    this kind. `without`: not those with this reason. `outlet`: only those handed to this account at a provider; 0: any.
    """

    broadcast_id: int = 0
    trigger_id: int = 0
    action_id: int = 0
    states: frozenset[State] = ALL_STATES
    attempted: bool = False
    created_from_ms: int = 0
    created_to_ms: int = _FOREVER_MS
    heard: str = ""
    reason: str = ""
    or_reason: str = ""
    kind: str = ""
    without: str = ""
    outlet: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """An account with its trigger's broadcast and content."""

    row: Row
    broadcast_id: int
    content_hash: str

    @property
    def key(self) -> DeliveryKey:
        """The account's key."""
        return DeliveryKey(int(self.row["trigger_id"]), int(self.row["seq"]), int(self.row["action_id"]))


@dataclass(frozen=True, slots=True)
class Page:
    """Accounts, and where to go on; None: there are no more. A page before the end may be short or empty."""

    items: tuple[Listed, ...]
    next: DeliveryKey | None


def page(
    tx: Transaction,
    workspace: Workspace,
    wanted: Wanted,
    *,
    after: DeliveryKey | None,
    most: int,
    stretch: Stretch = _STRETCH,
) -> Page:
    """The next `most` accounts after a key."""
    found: list[Listed] = []
    people_left = stretch.page_people
    for no, trigger in enumerate(_triggers(tx, workspace, wanted, after, stretch.query_triggers)):
        trigger_id = int(trigger["trigger_id"])
        start = after if after is not None and after.trigger_id == trigger_id else DeliveryKey(trigger_id, 0, 0)
        if no == stretch.page_triggers or people_left <= 0:
            return Page(tuple(found), DeliveryKey(trigger_id, start.seq, start.action_id))
        reasons = None if wanted.heard else _reasons(tx, wanted, trigger_id)
        rows: list[Row] = []
        reached: DeliveryKey | None = None
        if wanted.heard:
            rows = _heard(tx, wanted, start, most + 1 - len(found))
            if wanted.or_reason:
                rows += _by_reason(tx, wanted, start, [wanted.or_reason], most + 1 - len(found))
                rows = _in_order(rows)[: most + 1 - len(found)]
        elif reasons is None:
            last = int(trigger["next_seq"]) - 1
            window = stretch.query_people
            rows, reached = _scan(
                tx, wanted, start, last, most=most + 1 - len(found), people=people_left, widest=window
            )
            people_left -= (reached.seq if reached else last) - start.seq
        elif reasons:
            rows = _by_reason(tx, wanted, start, reasons, most + 1 - len(found))
        found += [Listed(row, int(trigger["broadcast_id"]), str(trigger["content_hash"])) for row in rows]
        if len(found) > most:
            return Page(tuple(found[:most]), found[most - 1].key)
        if reached is not None:
            return Page(tuple(found), reached)
    return Page(tuple(found), None)


def _triggers(
    tx: Transaction, workspace: Workspace, wanted: Wanted, after: DeliveryKey | None, most: int
) -> Iterator[Row]:
    newest = after.trigger_id if after is not None else 2**62
    while True:
        bounds = {
            "workspace_id": workspace.workspace_id,
            "newest": newest,
            "start_ms": wanted.created_from_ms,
            "end_ms": wanted.created_to_ms,
            "most": most,
        }
        if wanted.broadcast_id:
            rows = tx.all(
                "triggers_of_broadcast",
                broadcast_id=wanted.broadcast_id,
                only_trigger=wanted.trigger_id,
                **bounds,
            )
        else:
            rows = tx.all("triggers_of_workspace", **bounds)
        yield from rows
        if len(rows) < most:
            return
        newest = int(rows[-1]["trigger_id"]) - 1


def _reasons(tx: Transaction, wanted: Wanted, trigger_id: int) -> list[str] | None:
    """The reasons to look for; [] when nothing is wanted here, None when the audience must be read."""
    if wanted.reason:
        return [wanted.reason]
    if wanted.states == ALL_STATES:
        return None
    there = [
        reason
        for action_id, state, reason, _ in ledger.counts(tx, trigger_id)
        if state in wanted.states
        and wanted.action_id in (0, action_id)
        and (not wanted.without or reason != wanted.without)
    ]
    if there and not wanted.states <= _ALWAYS_WITH_REASON:
        return None
    return sorted(set(there))


def _conditions(wanted: Wanted) -> dict[str, object]:
    return {
        "states": sum(1 << state for state in wanted.states),
        "only_action": wanted.action_id,
        "attempted": int(wanted.attempted),
        "start_ms": wanted.created_from_ms,
        "end_ms": wanted.created_to_ms,
        "kind": wanted.kind,
        "outlet": wanted.outlet,
    }


def _scan(
    tx: Transaction, wanted: Wanted, start: DeliveryKey, last: int, *, most: int, people: int, widest: int
) -> tuple[list[Row], DeliveryKey | None]:
    """Rows of a trigger by windows of its audience; the key reached when `people` ran out before its end."""
    found: list[Row] = []
    seq, action_id, stop = start.seq, start.action_id, start.seq + people
    window = min(2 * most, widest)
    while seq < last or (seq == last and action_id < _LAST_ACTION):
        until = min(seq + window, last)
        window = min(4 * window, widest)
        found += tx.all(
            "accounts_in_window",
            trigger_id=start.trigger_id,
            seq=seq,
            action_id=action_id,
            until=until,
            most=most - len(found),
            without=wanted.without,
            **_conditions(wanted),
        )
        if len(found) >= most:
            return found, None
        seq, action_id = until, _LAST_ACTION
        if seq >= stop and seq < last:
            return found, DeliveryKey(start.trigger_id, seq, action_id)
    return found, None


def _heard(tx: Transaction, wanted: Wanted, start: DeliveryKey, most: int) -> list[Row]:
    return tx.all(
        "accounts_heard",
        trigger_id=start.trigger_id,
        metric=wanted.heard,
        seq=start.seq,
        action_id=start.action_id,
        most=most,
        **_conditions(wanted),
    )


def _by_reason(tx: Transaction, wanted: Wanted, start: DeliveryKey, reasons: Iterable[str], most: int) -> list[Row]:
    found: list[Row] = []
    for reason in reasons:
        found += tx.all(
            "accounts_by_reason",
            trigger_id=start.trigger_id,
            reason=reason,
            seq=start.seq,
            action_id=start.action_id,
            most=most,
            **_conditions(wanted),
        )
    return _in_order(found)[:most]


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """By the audience, each once."""
    places = {(int(row["seq"]), int(row["action_id"])): row for row in rows}
    return [places[place] for place in sorted(places)]


def lock(tx: Transaction, trigger_id: int, keys: Iterable[DeliveryKey]) -> dict[DeliveryKey, Locked]:
    """How accounts of one trigger stand, under a lock until the transaction ends."""
    pairs = [[key.seq, key.action_id] for key in keys]
    rows = tx.all("lock_accounts", trigger_id=trigger_id, keys=encode(pairs))
    return {
        DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"])): Locked(
            State(int(row["state"])), Reason(row["reason"]) if row["reason"] else None, row["outlet"]
        )
        for row in rows
    }
