# SPDX-License-Identifier: Apache-2.0
"""Freezing, claiming, sending, settling, and every way that two of them meet. Each test ends with the sums."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.triggers import TriggerState
from clarion.store import ledger, slices, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.ledger import Account, Accounts, Queued, SliceRange
from clarion.store.slices import Claim, LedgerFault, LostLease

from .ledgers import FAR, LEASE, ONLY_POSTGRES, Played, key_of, together


@pytest.fixture
def played(store: Store, workspace: Workspace) -> Iterator[Played]:
    """Six people in two slices."""
    game = Played.sending(store, workspace)
    yield game
    game.check()


@pytest.fixture
def frozen(store: Store, workspace: Workspace) -> Iterator[Played]:
    """A held trigger of two actions, nobody in its audience yet."""
    game = Played.start(store, workspace, actions=2)
    yield game
    game.check()


def test_freezing_writes_all_of_it(frozen: Played) -> None:
    frozen.freeze(5, 2, skipped={2})
    trigger = frozen.trigger()
    assert (trigger.next_seq, trigger.next_slice, trigger.resolved_to) == (6, 3, 5)
    assert (trigger.audience, trigger.recipients, trigger.open_slices) == (5, 4, 3)
    one, two = frozen.action_ids
    assert frozen.counters() == {
        (one, State.QUEUED, ""): 4,
        (one, State.SKIPPED, "unsubscribed"): 1,
        (two, State.QUEUED, ""): 4,
        (two, State.SKIPPED, "unsubscribed"): 1,
    }
    assert [(s["no"], s["lo"], s["hi"]) for s in frozen.slices()] == [(0, 1, 2), (1, 3, 4), (2, 5, 5)]
    skipped = [row for row in frozen.rows() if row["state"] == State.SKIPPED]
    assert all(row["settled_ms"] and row["seq"] == 2 for row in skipped)
    frozen.freeze(3, 3)
    assert frozen.trigger().next_seq == 9


def test_plain_rows_leave_the_places_of_others_free(frozen: Played) -> None:
    trigger = frozen.trigger()
    one, two = frozen.action_ids
    odd = Account(2, one, 51, 8, State.SKIPPED, Reason.UNSUBSCRIBED)
    others = [odd, replace(odd, action_id=two, state=State.QUEUED, reason=None)]
    frozen.store.write(
        lambda tx: ledger.freeze(
            tx,
            trigger,
            Accounts.of(others),
            [SliceRange(0, 1, 3)],
            resolved_to=3,
            next_seq=4,
            lease_ms=LEASE,
            plain=Queued(1, [50, None, 52], [one, two], first_entry=7),
        )
    )
    frozen.people = 3
    text = "SELECT seq, action_id, person_id, entry, state FROM delivery ORDER BY seq, action_id"
    found = frozen.store.read(lambda tx: tx.composed_tuples(text, {}))
    plain = [(seq, action, 49 + seq, 6 + seq, State.QUEUED) for seq in (1, 3) for action in (one, two)]
    assert found == sorted([*plain, (2, one, 51, 8, State.SKIPPED), (2, two, 51, 8, State.QUEUED)])
    assert (frozen.trigger().audience, frozen.trigger().recipients) == (3, 3)
    assert frozen.counters() == {
        (one, State.QUEUED, ""): 2,
        (one, State.SKIPPED, "unsubscribed"): 1,
        (two, State.QUEUED, ""): 3,
    }


def test_freezing_is_all_or_nothing(frozen: Played) -> None:
    trigger = frozen.trigger()
    accounts = frozen.accounts(trigger, 3)
    doubled = [*accounts, replace(accounts[0], seq=9)]  # the same person and action once more

    def work(tx: Transaction) -> None:
        ledger.freeze(
            tx, trigger, Accounts.of(doubled), [SliceRange(0, 1, 3)], resolved_to=3, next_seq=4, lease_ms=LEASE
        )

    with pytest.raises(Exception, match=r"(?i)unique"):
        frozen.store.write(work)
    assert frozen.rows() == frozen.slices() == []
    assert frozen.counters() == {}
    assert frozen.trigger() == trigger


def test_a_repeated_person_is_written_as_a_duplicate(frozen: Played) -> None:
    trigger = frozen.trigger()
    accounts = frozen.accounts(trigger, 1)
    repeated = [
        Account(seq, a.action_id, a.person_id, seq, State.SKIPPED, Reason.DUPLICATE) for seq in (2, 3) for a in accounts
    ]
    frozen.store.write(
        lambda tx: ledger.freeze(
            tx,
            trigger,
            Accounts.of([*accounts, *repeated]),
            [SliceRange(0, 1, 3)],
            resolved_to=3,
            next_seq=4,
            lease_ms=LEASE,
        )
    )
    frozen.people = 3
    assert frozen.trigger().recipients == 1


def test_an_old_fence_freezes_nothing(frozen: Played) -> None:
    old = frozen.trigger()
    frozen.freeze(2, 2, lease_ms=-1)  # the lease is over at once
    frozen.store.write(lambda tx: triggers.hold(tx, "r2", LEASE, frozen.trigger_id))
    with pytest.raises(LostLease):
        frozen.freeze(2, 2, trigger=replace(old, next_seq=3, next_slice=1))
    assert len(frozen.slices()) == 1
    assert len(frozen.rows()) == 4
    frozen.freeze(2, 2)


def test_a_stopped_trigger_is_frozen_no_further(frozen: Played) -> None:
    frozen.freeze(2, 2)
    frozen.store.write(lambda tx: triggers.stop_all(tx, frozen.broadcast.broadcast_id))
    frozen.store.write(lambda tx: triggers.rush_stopped(tx, frozen.broadcast.broadcast_id))
    with pytest.raises(LostLease):
        frozen.freeze(2, 2)
    assert frozen.trigger().processed_ms is None
    claim = frozen.sure_claim()
    frozen.settle(unreached(frozen, claim), State.STOPPED, Reason.BROADCAST_STOPPED)
    assert frozen.give_back(claim)
    assert frozen.trigger().state is TriggerState.STOPPED
    assert frozen.trigger().processed_ms is not None


def unreached(game: Played, claim: Claim) -> list[DeliveryKey]:
    return [key for key, _ in game.store.read(lambda tx: ledger.unreached(tx, claim))]


def test_a_held_slice_is_passed_over(played: Played) -> None:
    first = played.claim()
    second = played.claim()
    assert first is not None
    assert second is not None
    assert (first.no, second.no) == (0, 1)
    assert played.claim() is None
    assert played.claim(0) is None
    assert not played.store.read(slices.anything_due)
    assert played.store.read(slices.next_due_ms) is None  # leases are looked at by polling


def test_a_slice_that_is_not_due_is_passed_over(played: Played) -> None:
    claim = played.sure_claim()
    played.settle([played.key(1), played.key(2)], State.SENT)
    played.settle([played.key(3)], State.QUEUED, Reason.GAVE_UP, due_ms=FAR)
    assert not played.give_back(claim)
    assert played.claim(0) is None
    other = played.claim()
    assert other is not None
    assert other.no == 1
    assert played.slices()[0]["due_ms"] == FAR


def test_an_expired_lease_is_taken_over(played: Played) -> None:
    old = played.sure_claim(lease_ms=-1)
    new = played.sure_claim(owner="w2")
    assert new.fence == old.fence + 1
    now = played.store.read(lambda tx: tx.now_ms())
    for step in (
        lambda tx: slices.open_chunk(tx, old, 1, 2, now, LEASE),
        lambda tx: slices.renew(tx, old, LEASE),
        lambda tx: slices.give_back(tx, old),
    ):
        with pytest.raises(LostLease):
            played.store.write(step)
    assert played.store.read(lambda tx: slices.holding(tx, new.trigger_id, 0)) == slices.Holding(
        "w2", 2, None, None, None, None
    )
    played.send_all(new)


def test_the_leases_of_a_dead_process_are_ended(played: Played) -> None:
    played.sure_claim(0, "dead")
    played.sure_claim(1, "alive")
    assert played.store.write(lambda tx: slices.free_slices_of(tx, "dead")) == 1
    assert played.claim(1) is None
    assert played.sure_claim(0).fence == 2


def test_a_stale_pick_takes_nothing(played: Played) -> None:
    picked = played.pick()
    assert picked is not None
    claim = played.sure_claim()
    with pytest.raises(LostLease):
        played.store.write(lambda tx: slices.take(tx, picked, "w2", LEASE))
    played.send_all(claim)


def test_a_finished_slice_is_not_taken(played: Played) -> None:
    claim = played.sure_claim(lease_ms=-1)
    stale = played.pick()  # the lease is over, but its holder is alive and finishes
    assert stale is not None
    assert played.send_all(claim)
    with pytest.raises(LostLease):
        played.store.write(lambda tx: slices.take(tx, stale, "w2", LEASE))
    with pytest.raises(LostLease):
        played.give_back(claim)
    assert played.trigger().open_slices == 1


def test_many_workers_never_hold_the_same(store: Store, workspace: Workspace) -> None:
    game = Played.sending(store, workspace, people=40, size=1)
    guard, holding, seen = threading.Lock(), set[int](), list[int]()

    def work(owner: str) -> None:
        while (claim := game.claim(owner=owner)) is not None:
            with guard:
                assert claim.no not in holding
                holding.add(claim.no)
                seen.append(claim.no)
            game.settle([game.key(claim.lo)], State.SENT)
            with guard:
                holding.discard(claim.no)
            assert game.give_back(claim)

    together(*[lambda name=name: work(name) for name in ("a", "b", "c", "d")])
    assert sorted(seen) == list(range(40))
    assert game.trigger().state is TriggerState.DONE
    game.check()


@ONLY_POSTGRES
def test_two_pick_at_the_same_moment(store: Store, workspace: Workspace) -> None:
    Played.sending(store, workspace)
    both = threading.Barrier(2)

    def work() -> int:
        def take(tx: Transaction) -> int:
            picked = slices.pick(tx)
            both.wait(10)
            assert picked is not None
            return slices.take(tx, picked, "w", LEASE).no

        return store.write(take)

    assert sorted(together(work, work)) == [0, 1]


def test_chunks_are_whole_people(store: Store, workspace: Workspace) -> None:
    game = Played.sending(store, workspace, people=4, size=4, actions=3)
    claim = game.sure_claim()
    for most, people in [
        (1, [1]),
        (2, [1]),
        (3, [1]),
        (4, [1]),
        (5, [1]),
        (6, [1, 2]),
        (7, [1, 2]),
        (100, [1, 2, 3, 4]),
    ]:
        rows = game.next_rows(claim, most=most)
        assert [row["seq"] for row in rows] == [seq for seq in people for _ in range(3)]
    game.settle([game.key(1, action) for action in range(3)], State.SENT)
    game.settle([game.key(2, 0)], State.QUEUED, due_ms=FAR)
    assert [(r["seq"], r["action_id"]) for r in game.next_rows(claim, after=2, most=2)] == [
        (2, game.action_ids[1]),
        (2, game.action_ids[2]),
    ]
    assert {row["seq"] for row in game.next_rows(claim, after=3)} == {3, 4}
    game.check()


def test_a_chunk_has_what_composing_needs(played: Played) -> None:
    claim = played.sure_claim()
    row = played.next_rows(claim)[0]
    assert (row["seq"], row["attempts"], row["alive"], row["data"]) == (1, 0, None, None)


def test_an_open_chunk_survives_its_sender(played: Played) -> None:
    claim = played.sure_claim(lease_ms=-1)
    now = played.store.read(lambda tx: tx.now_ms())
    played.settle([played.key(1)], State.QUEUED, due_ms=now + 10**6)  # put off: not part of the chunk
    played.store.write(lambda tx: slices.open_chunk(tx, claim, 1, 2, now, -1))
    picked = played.pick()
    assert picked is not None
    assert (picked.owner, picked.open_lo, picked.open_hi, picked.open_ms) == ("w1", 1, 2, now)
    left = played.store.read(lambda tx: slices.opened(tx, picked))
    assert [(one.key, one.attempts) for one in left] == [(played.key(2), 0)]

    def take_over(tx: Transaction) -> Claim:
        again = slices.pick(tx, played.trigger_id, 0)
        assert again is not None
        doubtful = [
            Outcome(one.key, State.IN_DOUBT, Reason.SENDER_DIED, doubt_fence=again.fence)
            for one in slices.opened(tx, again)
        ]
        ledger.settle(tx, played.trigger_id, doubtful, shard=0)
        return slices.take(tx, again, "w2", LEASE)

    mine = played.store.write(take_over)
    assert played.states()[played.key(2)] is State.IN_DOUBT
    doubted = {played.key(2): slices.Doubted(1, again=False, outlet=None)}
    assert played.store.read(lambda tx: slices.doubted(tx, played.trigger_id, 1, 6, 1)) == doubted
    assert played.store.read(lambda tx: slices.doubted(tx, played.trigger_id, 1, 6, 2)) == {}
    holding = played.store.read(lambda tx: slices.holding(tx, played.trigger_id, 0))
    assert holding == slices.Holding("w2", 2, None, None, None, None)
    assert [row["seq"] for row in played.next_rows(mine)] == [3]


def test_renewing_tells_of_a_stop(played: Played) -> None:
    claim = played.sure_claim()
    assert played.store.write(lambda tx: slices.renew(tx, claim, LEASE)).state is TriggerState.SENDING
    played.store.write(lambda tx: triggers.stop_all(tx, played.broadcast.broadcast_id))
    played.store.write(lambda tx: triggers.rush_stopped(tx, played.broadcast.broadcast_id))
    assert played.store.write(lambda tx: slices.renew(tx, claim, LEASE)).state is TriggerState.STOPPED


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (State.SENT, None),
        (State.FAILED, Reason.REFUSED),
        (State.SKIPPED, Reason.NO_ADDRESS),
        (State.DRAFTED, None),
        (State.STOPPED, Reason.BROADCAST_STOPPED),
        (State.IN_DOUBT, Reason.NO_ANSWER),
    ],
)
def test_settled_for_good(played: Played, state: State, reason: Reason | None) -> None:
    outcome = Outcome(played.key(1), state, reason, "250 ok", "a@x")
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, [outcome], shard=1))
    row = played.rows()[0]
    assert (row["state"], row["reason"], row["words"], row["recipient"], row["attempts"]) == (
        state,
        reason,
        "250 ok",
        "a@x",
        1,
    )
    assert row["settled_ms"] is not None
    assert row["attempted_ms"] is not None
    with pytest.raises(LedgerFault):
        played.settle([played.key(2), played.key(1)], State.SENT)
    assert played.states()[played.key(2)] is State.QUEUED


def test_settling_what_is_not_there(played: Played) -> None:
    counters = played.counters()
    for key in (played.key(99), played.key(1)._replace(action_id=77)):
        with pytest.raises(LedgerFault):
            played.settle([played.key(1), key], State.SENT)
    with pytest.raises(LedgerFault):
        played.settle([played.key(1), played.key(1)], State.SENT)
    with pytest.raises(LedgerFault, match="sent may not become queued"):
        played.settle([played.key(1)], State.QUEUED, source=State.SENT)
    played.settle([], State.SENT)
    assert played.counters() == counters


def test_a_final_state_needs_its_reason(played: Played) -> None:
    with pytest.raises(Exception, match="not_sent_has_a_reason"):
        played.settle([played.key(1)], State.FAILED)


@pytest.mark.parametrize("words", ["x\0y", "half \ud800 pair", "é" * 700, "quote ' and {brace}, \\N"])
def test_a_strangers_words_undo_nothing(played: Played, words: str) -> None:
    outcome = Outcome(played.key(1), State.FAILED, Reason.REFUSED, words, "a\0@x")
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, [outcome], shard=1))
    row = played.rows()[0]
    assert len(row["words"]) == min(len(words), 500)
    assert row["words"].isprintable()
    assert row["recipient"] == "a\ufffd@x"


@pytest.mark.parametrize(
    "words",
    ['250 "quoted" \\ back', "{a,b}", "NULL", "null", "", "é\ud800x", '\t\n\r{}\\"', "%s :name '", "x" * 600, "a\0b"],
)
def test_words_of_what_was_sent_are_kept(played: Played, words: str) -> None:
    outcomes = [Outcome(played.key(seq), State.SENT, words=words, recipient=f"{seq}{words}") for seq in (1, 2)]
    outcomes += [Outcome(played.key(3), State.SENT)]
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=1))
    kept = words[:500].replace("\0", "\ufffd").encode(errors="replace").decode()
    rows = played.rows()
    assert [row["words"] for row in rows[:3]] == [kept or None, kept or None, None]
    assert rows[1]["recipient"] == f"2{kept}"[:500]
    assert [row["attempts"] for row in rows[:4]] == [1, 1, 1, 0]
    played.check()
    with pytest.raises(LedgerFault, match="were not queued"):
        played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=1))


def test_a_retry_comes_back_when_it_is_due(played: Played) -> None:
    claim = played.sure_claim()
    now = played.store.read(lambda tx: tx.now_ms())
    played.settle([played.key(1)], State.QUEUED, Reason.GAVE_UP, due_ms=now + 10**6)
    played.store.write(
        lambda tx: ledger.settle(
            tx,
            played.trigger_id,
            [Outcome(played.key(2), State.QUEUED, words="slow", counted=False, due_ms=now - 1)],
            shard=3,
        )
    )
    played.settle([played.key(3)], State.SENT)
    assert [row["seq"] for row in played.next_rows(claim)] == [2]
    assert not played.give_back(claim)
    assert played.slices()[0]["due_ms"] == now - 1
    again = played.sure_claim()
    (row,) = played.next_rows(again)
    assert (row["seq"], row["attempts"]) == (2, 0)
    played.settle([played.key(2)], State.SENT)
    assert not played.give_back(again)
    assert played.claim(0) is None
    assert played.slices()[0]["due_ms"] == now + 10**6
    attempts = {row["seq"]: row["attempts"] for row in played.rows()}
    assert (attempts[1], attempts[2]) == (1, 1)


def test_a_trigger_that_only_waits_for_retries_has_left_the_queue(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=2)
    broadcast_id = played.broadcast.broadcast_id

    def waiting() -> int:
        return store.read(lambda tx: triggers.waiting(tx, broadcast_id))

    assert waiting() == 1
    claim = played.sure_claim()
    played.settle([played.key(1)], State.SENT)
    assert not played.give_back(claim)  # stopped in the middle: somebody was never tried
    assert waiting() == 1
    claim = played.sure_claim()
    now = store.read(lambda tx: tx.now_ms())
    played.settle([played.key(2)], State.QUEUED, due_ms=now - 1)
    assert not played.give_back(claim)
    assert waiting() == 0
    assert played.trigger().processed_ms is None
    claim = played.sure_claim()
    played.settle([played.key(2)], State.SENT)
    assert played.give_back(claim)
    assert played.trigger().state is TriggerState.DONE
    assert waiting() == 0


def test_the_last_slice_finishes_the_trigger(played: Played) -> None:
    assert played.send_all(played.sure_claim(0))
    assert played.trigger().state is TriggerState.SENDING
    assert played.trigger().processed_ms is None
    assert played.send_all(played.sure_claim(1))
    trigger = played.trigger()
    assert (trigger.state, trigger.open_slices) == (TriggerState.DONE, 0)
    assert trigger.processed_ms is not None
    assert played.claim() is None
    assert played.store.read(slices.next_due_ms) is None


def test_not_finished_before_the_audience_is(frozen: Played) -> None:
    frozen.freeze(2, 2)
    assert frozen.send_all(frozen.sure_claim())
    assert (frozen.trigger().state, frozen.trigger().open_slices) == (TriggerState.RESOLVING, 0)
    frozen.freeze(2, 2)
    assert frozen.finish()
    assert frozen.trigger().state is TriggerState.SENDING
    assert frozen.send_all(frozen.sure_claim(1))
    assert frozen.trigger().state is TriggerState.DONE


def test_a_stop_hurries_what_waits(played: Played) -> None:
    claim = played.sure_claim()
    played.settle([played.key(seq) for seq in (1, 2, 3)], State.QUEUED, due_ms=FAR)
    played.give_back(claim)
    assert played.send_all(played.sure_claim(1))
    assert played.store.write(lambda tx: triggers.stop_all(tx, played.broadcast.broadcast_id)) == 1
    played.store.write(lambda tx: triggers.rush_stopped(tx, played.broadcast.broadcast_id))
    again = played.sure_claim()
    assert played.next_rows(again) == []
    played.settle(unreached(played, again), State.STOPPED, Reason.BROADCAST_STOPPED)
    assert played.give_back(again)
    trigger = played.trigger()
    assert (trigger.state, trigger.open_slices) == (TriggerState.STOPPED, 0)
    assert trigger.processed_ms is not None
    action = played.action_ids[0]
    assert played.counters() == {
        (action, State.SENT, ""): 3,
        (action, State.STOPPED, "broadcast_stopped"): 3,
    }


def test_resending_what_is_in_doubt_reopens_slice_and_trigger(played: Played) -> None:
    claim = played.sure_claim(0)
    played.settle([played.key(1), played.key(2)], State.IN_DOUBT, Reason.NO_ANSWER)
    played.send_all(claim)
    played.send_all(played.sure_claim(1))
    assert played.trigger().state is TriggerState.DONE
    played.resend([played.key(1), played.key(2)])
    trigger = played.trigger()
    assert (trigger.state, trigger.open_slices, trigger.processed_ms) == (TriggerState.SENDING, 1, None)
    played.check()
    again = played.sure_claim(0)
    assert [(row["seq"], row["attempts"]) for row in played.next_rows(again)] == [(1, 1), (2, 1)]
    assert played.send_all(again)
    assert played.trigger().state is TriggerState.DONE


def test_resending_hurries_an_open_slice(played: Played) -> None:
    claim = played.sure_claim(0)
    played.settle([played.key(1)], State.IN_DOUBT, Reason.NO_ANSWER)
    played.settle([played.key(2), played.key(3)], State.QUEUED, due_ms=FAR)
    played.give_back(claim)
    played.resend([played.key(1)])
    assert played.trigger().open_slices == 2
    assert [row["seq"] for row in played.next_rows(played.sure_claim(0))] == [1]


def test_in_doubt_settled_by_a_person(played: Played) -> None:
    played.settle([played.key(1), played.key(2)], State.IN_DOUBT, Reason.SENDER_DIED)
    played.settle([played.key(1)], State.SENT, Reason.RESOLVED_AS_SENT, source=State.IN_DOUBT)
    played.settle([played.key(2)], State.FAILED, Reason.RESOLVED_AS_FAILED, source=State.IN_DOUBT)
    played.check()
    with pytest.raises(LedgerFault):
        played.settle([played.key(1)], State.SENT, Reason.RESOLVED_AS_SENT, source=State.IN_DOUBT)


def test_a_released_draft_keeps_the_sums(played: Played) -> None:
    claim = played.sure_claim(0)
    played.settle([played.key(1)], State.DRAFTED, Reason.RENDER_FAILED)
    played.check()
    played.store.write(lambda tx: slices.reopen(tx, [played.key(1)]))
    played.settle([played.key(1)], State.QUEUED, source=State.DRAFTED)
    assert 1 in {row["seq"] for row in played.next_rows(claim)}


def test_an_account_without_a_slice_is_a_fault(played: Played) -> None:
    with pytest.raises(LedgerFault, match="no slice"):
        played.store.write(lambda tx: slices.reopen(tx, [played.key(99)]))


@ONLY_POSTGRES
@pytest.mark.parametrize("moment", ["before the close", "between its steps", "after the close"])
def test_resending_while_the_slice_is_being_closed(played: Played, moment: str) -> None:
    claim = played.sure_claim(0)
    played.settle([played.key(1)], State.IN_DOUBT, Reason.NO_ANSWER)
    played.settle([played.key(2), played.key(3)], State.SENT)
    reopening, closed = threading.Event(), threading.Event()

    def close() -> bool:
        def work(tx: Transaction) -> bool:
            # What give_back does, with a stop between locking the row and closing it.
            slices.renew(tx, claim, LEASE)
            if moment == "between its steps":
                reopening.set()
                closed.wait(0.3)
            done = slices.give_back(tx, claim)
            if moment == "after the close":
                reopening.set()
                closed.wait(0.3)
            return done

        if moment == "before the close":
            reopening.wait(5)
        return played.store.write(work)

    def resend() -> bool:
        if moment == "before the close":

            def work(tx: Transaction) -> None:
                slices.reopen(tx, [played.key(1)])
                reopening.set()
                closed.wait(0.3)
                again = Outcome(played.key(1), State.QUEUED, counted=False)
                ledger.settle(tx, played.trigger_id, [again], shard=2, source=State.IN_DOUBT)

            played.store.write(work)
        else:
            assert reopening.wait(5)
            played.resend([played.key(1)])
        closed.set()
        return True

    together(close, resend)
    played.check()
    assert not played.slices()[0]["done"]
    assert [row["seq"] for row in played.next_rows(played.sure_claim(0))] == [1]


def test_pages_of_accounts(store: Store, workspace: Workspace) -> None:
    game = Played.sending(store, workspace, people=7, size=7, actions=2)
    game.settle([game.key(seq) for seq in (2, 3, 5)], State.SENT)
    every = [key_of(row, game.trigger_id) for row in game.rows()]
    assert every == [game.key(seq, action) for seq in range(1, 8) for action in (0, 1)]
    for most in (1, 3, 5, 14):
        found: list[DeliveryKey] = []
        while True:
            after = found[-1] if found else None
            page = store.read(partial(ledger.page, trigger_id=game.trigger_id, after=after, most=most))
            if not page:
                break
            found += [key_of(row, game.trigger_id) for row in page]
        assert found == every
    sent = store.read(lambda tx: ledger.page(tx, game.trigger_id, after=game.key(2), most=9, state=State.SENT))
    assert [row["seq"] for row in sent] == [3, 5]
    second = game.action_ids[1]
    of_one = store.read(lambda tx: ledger.page(tx, game.trigger_id, after=None, most=99, action_id=second))
    assert [(row["seq"], row["action_id"]) for row in of_one] == [(seq, second) for seq in range(1, 8)]


def test_one_account(played: Played) -> None:
    row = played.store.read(lambda tx: ledger.get(tx, played.key(2)))
    assert row is not None
    assert (row["broadcast_id"], row["workspace_id"]) == (played.broadcast.broadcast_id, played.workspace.workspace_id)
    assert row["data"] == '{"coupon":"X"}'
    assert played.store.read(lambda tx: ledger.get(tx, played.key(99))) is None


def test_what_is_overdue(played: Played) -> None:
    def overdue(grace_ms: int) -> bool:
        return played.store.read(lambda tx: slices.anything_due(tx, grace_ms=grace_ms))

    assert overdue(0)
    played.sure_claim(0)
    assert overdue(0)
    played.sure_claim(1)
    assert not overdue(0)
    played.store.write(lambda tx: slices.free_slices_of(tx, "w1"))
    now = played.store.read(lambda tx: tx.now_ms())
    played.settle([played.key(seq) for seq in range(1, 7)], State.QUEUED, due_ms=now - 1_000)
    for no in (0, 1):
        assert not played.give_back(played.sure_claim(no))
    assert overdue(0)
    assert overdue(900)
    assert not overdue(60_000)


def test_analyzing_changes_nothing(played: Played) -> None:
    played.store.write(ledger.analyze)
