# SPDX-License-Identifier: Apache-2.0
"""Random interleavings of freeze, pick, settle, stop and resend: the sums hold after each step."""

from dataclasses import dataclass
from functools import partial

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.triggers import TriggerState
from clarion.store import ledger, slices, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.slices import Claim, LostLease

from .ledgers import FAR, LEASE, Played

OUTCOMES = [
    (State.SENT, None, 0),
    (State.FAILED, Reason.REFUSED, 0),
    (State.SKIPPED, Reason.NO_ADDRESS, 0),
    (State.DRAFTED, None, 0),
    (State.IN_DOUBT, Reason.NO_ANSWER, 0),
    (State.QUEUED, Reason.GAVE_UP, 0),
    (State.QUEUED, None, FAR),
]


@dataclass
class Sender:
    claim: Claim
    lost: bool = False


class Interleaving(RuleBasedStateMachine):
    """One trigger of two actions, any number of senders, of which some have lost their slice unknowingly."""

    store: Store
    workspace: Workspace

    @initialize()
    def begin(self) -> None:
        self.game = Played.start(self.store, self.workspace, actions=2)
        self.senders: list[Sender] = []
        self.finals: dict[DeliveryKey, State] = {}

    def state(self) -> TriggerState:
        return self.game.trigger().state

    @precondition(lambda self: self.state() is TriggerState.RESOLVING and self.game.people < 15)
    @rule(people=st.integers(1, 5), size=st.integers(1, 3), skipped=st.sets(st.integers(1, 15), max_size=4))
    def freeze(self, people: int, size: int, skipped: set[int]) -> None:
        self.game.freeze(people, size, skipped)

    @precondition(lambda self: self.state() is TriggerState.RESOLVING and self.game.people)
    @rule()
    def finish(self) -> None:
        assert self.game.finish()

    @rule(expired=st.booleans())
    def take(self, expired: bool) -> None:
        claim = self.game.claim(owner=f"w{len(self.senders)}", lease_ms=-1 if expired else LEASE)
        if claim is None:
            return
        for sender in self.senders:
            if sender.claim.no == claim.no:
                sender.lost = True
        self.senders.append(Sender(claim))

    @precondition(lambda self: self.senders)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        sender = data.draw(st.sampled_from(self.senders))
        rows = self.game.next_rows(sender.claim, most=data.draw(st.integers(1, 5)))
        outcomes = []
        for row in rows:
            state, reason, due_ms = data.draw(st.sampled_from(OUTCOMES))
            key = DeliveryKey(self.game.trigger_id, int(row["seq"]), int(row["action_id"]))
            outcomes.append(Outcome(key, state, reason, due_ms=due_ms))

        def work(tx: Transaction) -> None:
            slices.renew(tx, sender.claim, LEASE)
            ledger.settle(tx, self.game.trigger_id, outcomes, shard=sender.claim.no)

        self.step(sender, work)

    def step(self, sender: Sender, work: object) -> bool:
        """What a sender does succeeds exactly when nobody has taken its slice."""
        try:
            self.store.write(work)  # type: ignore[arg-type]
        except LostLease:
            assert sender.lost
            self.senders.remove(sender)
            return False
        assert not sender.lost
        return True

    @precondition(lambda self: self.senders)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        sender = data.draw(st.sampled_from(self.senders))
        stopped = self.state() is TriggerState.STOPPED

        def work(tx: Transaction) -> None:
            if stopped:
                left = [
                    Outcome(key, State.STOPPED, Reason.BROADCAST_STOPPED, counted=False)
                    for key, _ in ledger.unreached(tx, sender.claim)
                ]
                ledger.settle(tx, self.game.trigger_id, left, shard=0)
            slices.give_back(tx, sender.claim)

        if self.step(sender, work):
            self.senders.remove(sender)

    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        doubtful = [key for key, state in self.game.states().items() if state is State.IN_DOUBT]
        if not doubtful:
            return
        again = data.draw(st.lists(st.sampled_from(doubtful), unique=True))
        self.game.resend(again)
        for key in again:
            del self.finals[key]

    @precondition(lambda self: self.game.people)
    @rule()
    def stop(self) -> None:
        before = self.state()
        stopped = self.store.write(lambda tx: triggers.stop_all(tx, self.game.broadcast.broadcast_id))
        self.store.write(lambda tx: triggers.rush_stopped(tx, self.game.broadcast.broadcast_id))
        assert stopped == (before in {TriggerState.RESOLVING, TriggerState.SENDING})

    @invariant()
    def sums_hold(self) -> None:
        if not hasattr(self, "game"):
            return
        self.game.check()
        states = self.game.states()
        assert {key: states[key] for key in self.finals} == self.finals
        self.finals = {key: state for key, state in states.items() if state is not State.QUEUED}
        trigger = self.game.trigger()
        if trigger.state is TriggerState.DONE:
            assert State.QUEUED not in states.values()
            assert trigger.processed_ms is not None
        if trigger.state is TriggerState.SENDING:
            assert trigger.open_slices

    def teardown(self) -> None:
        """Whatever happened: workers that go on come to an end, and nobody is left."""
        if not hasattr(self, "game") or not self.game.people:
            return
        if self.state() is TriggerState.RESOLVING:
            self.game.finish()
        for sender in self.senders:
            self.store.write(partial(slices.free_slices_of, owner=sender.claim.owner))
        while (claim := self.game.claim(owner="last")) is not None:
            self.game.send_all(claim)
        waiting = [row for row in self.game.rows() if row["state"] == State.QUEUED]
        assert all(row["due_ms"] == FAR for row in waiting)
        assert bool(waiting) == bool(self.game.trigger().open_slices)
        self.game.check()


def test_any_interleaving_keeps_the_sums(store: Store, workspace: Workspace) -> None:
    machine = type("Interleaving", (Interleaving,), {"store": store, "workspace": workspace})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=15, stateful_step_count=20, suppress_health_check=checks, database=None),
    )
