# SPDX-License-Identifier: Apache-2.0
"""A trigger with an audience, driven by hand: what the pipeline does, in steps that a test can stop between."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from clarion.domain.broadcasts import Broadcast, EmailContent, freeze
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.triggers import Flags, Selector
from clarion.store import broadcasts, ledger, numbers, slices, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Store, Transaction
from clarion.store.ledger import Account, Accounts, SliceRange
from clarion.store.slices import Claim, Picked
from clarion.store.triggers import Trigger

T = TypeVar("T")
# The single writer of SQLite has no such moment.
ONLY_POSTGRES = pytest.mark.parametrize(
    "store_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
LEASE = 60_000
FAR = 2**50  # a due time that no test reaches


def new_broadcast(store: Store, workspace: Workspace, actions: int = 1) -> Broadcast:
    """A broadcast with so many e-mail actions."""

    def work(tx: Transaction) -> Broadcast:
        made = broadcasts.create(tx, workspace, "Spring", recipients={})
        for number in range(actions):
            broadcasts.add_action(tx, made, f"Mail {number}", EmailContent(subject="Hi", body="<p>Hi"))
        stored = broadcasts.get(tx, workspace, made.broadcast_id)
        assert stored is not None
        return stored

    return store.write(work)


def new_trigger(tx: Transaction, workspace: Workspace, broadcast: Broadcast, **others: object) -> int:
    """A queued trigger for everybody."""
    parts: dict[str, object] = {
        "selector": Selector.DEFAULT,
        "condition": {},
        "echo": {},
        "data": {"coupon": "X"},
        "flags": Flags(),
        "content_hash": triggers.save_content(tx, freeze(broadcast, {})),
        "resolve_until": 2**40,
        **others,
    }
    return triggers.create(tx, workspace, broadcast.broadcast_id, **parts)  # type: ignore[arg-type]


def held(tx: Transaction, trigger_id: int, owner: str = "resolver", lease_ms: int = LEASE) -> Trigger:
    """The trigger under a resolve lease."""
    trigger = triggers.hold(tx, owner, lease_ms, trigger_id)
    assert trigger is not None
    return trigger


def together(*works: Callable[[], T]) -> list[T]:
    """Run each in a thread of its own, at once; their results in order."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(timeout=40) for future in [pool.submit(work) for work in works]]


@dataclass
class Played:
    """A trigger in play."""

    store: Store
    workspace: Workspace
    broadcast: Broadcast
    trigger_id: int
    people: int = field(default=0)

    @classmethod
    def start(cls, store: Store, workspace: Workspace, actions: int = 1) -> "Played":
        """A held trigger of a new broadcast."""
        broadcast = new_broadcast(store, workspace, actions)
        trigger_id = store.write(lambda tx: new_trigger(tx, workspace, broadcast))
        store.write(lambda tx: held(tx, trigger_id))
        return cls(store, workspace, broadcast, trigger_id)

    @classmethod
    def sending(
        cls, store: Store, workspace: Workspace, *, people: int = 6, size: int = 3, actions: int = 1
    ) -> "Played":
        """A trigger whose audience is frozen, nobody skipped."""
        played = cls.start(store, workspace, actions)
        played.freeze(people, size)
        assert played.finish()
        return played

    @property
    def action_ids(self) -> list[int]:
        return [action.action_id for action in self.broadcast.actions]

    def trigger(self) -> Trigger:
        trigger = self.store.read(lambda tx: triggers.get(tx, self.trigger_id))
        assert trigger is not None
        return trigger

    def accounts(self, trigger: Trigger, people: int, skipped: Collection[int] = ()) -> list[Account]:
        lowest, _ = numbers.person_range(self.workspace.workspace_id)
        return [
            Account(
                seq,
                action_id,
                lowest + seq,
                None,
                State.SKIPPED if seq in skipped else State.QUEUED,
                Reason.UNSUBSCRIBED if seq in skipped else None,
            )
            for seq in range(trigger.next_seq, trigger.next_seq + people)
            for action_id in self.action_ids
        ]

    def freeze(
        self,
        people: int,
        size: int,
        skipped: Collection[int] = (),
        trigger: Trigger | None = None,
        lease_ms: int = LEASE,
    ) -> None:
        """Add so many people to the audience, in slices of `size`."""
        trigger = trigger or self.trigger()
        first, last = trigger.next_seq, trigger.next_seq + people - 1
        slices = [
            SliceRange(trigger.next_slice + no, lo, min(lo + size - 1, last))
            for no, lo in enumerate(range(first, last + 1, size))
        ]
        self.store.write(
            lambda tx: ledger.freeze(
                tx,
                trigger,
                Accounts.of(self.accounts(trigger, people, skipped)),
                slices,
                resolved_to=last,
                next_seq=last + 1,
                lease_ms=lease_ms,
            )
        )
        self.people += people

    def finish(self) -> bool:
        trigger = self.trigger()
        return self.store.write(lambda tx: triggers.finish_resolve(tx, trigger))

    def claim(self, no: int | None = None, owner: str = "w1", lease_ms: int = LEASE) -> Claim | None:
        """Take a slice: this one, or for None any that is due."""

        def work(tx: Transaction) -> Claim | None:
            picked = slices.pick(tx) if no is None else slices.pick(tx, self.trigger_id, no)
            return slices.take(tx, picked, owner, lease_ms) if picked else None

        return self.store.write(work)

    def sure_claim(self, no: int = 0, owner: str = "w1", lease_ms: int = LEASE) -> Claim:
        claim = self.claim(no, owner, lease_ms)
        assert claim is not None
        return claim

    def pick(self, no: int = 0) -> Picked | None:
        return self.store.write(lambda tx: slices.pick(tx, self.trigger_id, no))

    def next_rows(self, claim: Claim, after: int = 0, most: int = 1_000) -> list[Row]:
        return self.store.read(lambda tx: ledger.next_rows(tx, claim, after=after, most=most, now_ms=tx.now_ms()))

    def settle(
        self,
        keys: Iterable[DeliveryKey],
        state: State,
        reason: Reason | None = None,
        *,
        source: State = State.QUEUED,
        due_ms: int = 0,
    ) -> None:
        outcomes = [Outcome(key, state, reason, due_ms=due_ms) for key in keys]
        self.store.write(lambda tx: ledger.settle(tx, self.trigger_id, outcomes, shard=1, source=source))

    def resend(self, keys: Iterable[DeliveryKey]) -> None:
        """Queue accounts again that are in doubt."""
        again = list(keys)

        def work(tx: Transaction) -> None:
            slices.reopen(tx, again)
            outcomes = [Outcome(key, State.QUEUED, counted=False) for key in again]
            ledger.settle(tx, self.trigger_id, outcomes, shard=2, source=State.IN_DOUBT)

        self.store.write(work)

    def give_back(self, claim: Claim) -> bool:
        return self.store.write(lambda tx: slices.give_back(tx, claim))

    def send_all(self, claim: Claim) -> bool:
        """Send what is due in a slice and give it back."""
        self.settle(map(key_of, self.next_rows(claim), [self.trigger_id] * 10**4), State.SENT)
        return self.give_back(claim)

    def key(self, seq: int, action: int = 0) -> DeliveryKey:
        return DeliveryKey(self.trigger_id, seq, self.action_ids[action])

    def rows(self) -> list[Row]:
        return self.store.read(lambda tx: ledger.page(tx, self.trigger_id, after=None, most=10**6))

    def states(self) -> dict[DeliveryKey, State]:
        return {key_of(row, self.trigger_id): State(row["state"]) for row in self.rows()}

    def counters(self) -> dict[tuple[int, State, str], int]:
        found = self.store.read(lambda tx: ledger.counts(tx, self.trigger_id))
        return {(action_id, state, reason): n for action_id, state, reason, n in found}

    def check(self) -> None:
        """What must hold at every moment."""
        rows = self.rows()
        counted = Counter(
            (int(row["action_id"]), State(row["state"]), (row["reason"] or "") if row["state"] else "") for row in rows
        )
        assert self.counters() == dict(counted)
        assert sum(counted.values()) == self.people * len(self.action_ids) == len(rows)
        trigger = self.trigger()
        assert trigger.audience == self.people
        slices = self.slices()
        assert trigger.open_slices == sum(1 for slice_ in slices if not slice_["done"])
        for slice_ in slices:
            if slice_["done"]:
                assert not [r for r in rows if slice_["lo"] <= r["seq"] <= slice_["hi"] and r["state"] == State.QUEUED]
        named = Counter((row["person_id"], row["action_id"]) for row in rows if row["reason"] != Reason.DUPLICATE)
        assert set(named.values()) <= {1}

    def slices(self) -> list[Row]:
        text = "SELECT * FROM slice WHERE trigger_id = :trigger_id ORDER BY no"
        return self.store.read(lambda tx: tx.composed(text, {"trigger_id": self.trigger_id}))


def key_of(row: Row, trigger_id: int) -> DeliveryKey:
    """The account of a row."""
    return DeliveryKey(trigger_id, int(row["seq"]), int(row["action_id"]))
