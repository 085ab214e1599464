# SPDX-License-Identifier: Apache-2.0
"""Whose slice is next: priority, turns between triggers, turns between retries and fresh slices; pauses and rates."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.domain.deliveries import State
from clarion.domain.pace import Rate
from clarion.store import control, slices
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .ledgers import LEASE, Played

CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def take(store: Store, owner: str = "w") -> tuple[int, int] | None:
    """Claim as a worker does; (trigger, slice), or None when nothing may be claimed."""

    def work(tx: Transaction) -> tuple[int, int] | None:
        picked = slices.pick(tx)
        if picked is None:
            return None
        slices.take(tx, picked, owner, LEASE)
        control.note_turn(tx, picked.trigger_id)
        return picked.trigger_id, picked.no

    return store.write(work)


def turns(store: Store, count: int) -> list[int]:
    return [taken[0] for taken in (take(store) for _ in range(count)) if taken is not None]


def test_triggers_take_turns(store: Store, workspace: Workspace) -> None:
    big = Played.sending(store, workspace, people=30, size=1)
    other = Played.sending(store, workspace, people=30, size=1)
    assert sorted(turns(store, 2)) == [big.trigger_id, other.trigger_id]
    assert sorted(turns(store, 20)) == [big.trigger_id] * 10 + [other.trigger_id] * 10


def test_a_small_one_started_in_between_is_next(store: Store, workspace: Workspace) -> None:
    big = Played.sending(store, workspace, people=50, size=1)
    assert turns(store, 10) == [big.trigger_id] * 10
    small = Played.sending(store, workspace, people=1, size=1)
    assert turns(store, 2) == [small.trigger_id, big.trigger_id]


def test_priority_comes_before_turns(store: Store, workspace: Workspace) -> None:
    plain = Played.sending(store, workspace, people=5, size=1)
    urgent = Played.sending(store, workspace, people=3, size=1)
    late = Played.sending(store, workspace, people=1, size=1)
    set_priority(store, urgent, 5)
    set_priority(store, late, -1)
    assert turns(store, 9) == [urgent.trigger_id] * 3 + [plain.trigger_id] * 5 + [late.trigger_id]
    assert take(store) is None


def set_priority(store: Store, played: Played, priority: int) -> None:
    assert store.write(
        lambda tx: control.change(
            tx, played.trigger_id, priority=priority, rate=None, spread_until_ms=None, by="a test"
        )
    )


def test_retries_and_fresh_slices_take_turns(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=20, size=1)
    now = store.read(lambda tx: tx.now_ms())
    for no in range(8):
        claim = played.sure_claim(no)
        played.settle([played.key(no + 1)], State.QUEUED, due_ms=now - 1_000 + no)
        assert not played.give_back(claim)
    order = [taken[1] for taken in (take(store) for _ in range(20)) if taken is not None]
    assert sorted(order) == list(range(20))
    retries = [place for place, no in enumerate(order) if no < 8]
    assert [order[place] for place in retries] == sorted(order[place] for place in retries), "the longest due first"
    assert max(retries) <= 17, "a retry does not wait for the last fresh slice"
    assert [no for no in order[:4] if no >= 8], "nor does a fresh slice wait for the last retry"


@pytest.mark.parametrize("how", ["paused", "paced"])
def test_one_that_is_held_back_is_passed_over(store: Store, workspace: Workspace, how: str) -> None:
    held = Played.sending(store, workspace, people=20, size=1)
    free = Played.sending(store, workspace, people=2, size=1)
    if how == "paused":
        assert store.write(lambda tx: control.pause(tx, held.trigger_id, "a test"))
    else:
        use_up_rate(store, held)
    assert turns(store, 5) == [free.trigger_id] * 2
    assert held.pick(3) is None
    assert not store.read(slices.anything_due)
    assert not store.read(lambda tx: slices.anything_due(tx, held.trigger_id, 3))
    due_ms = store.read(slices.next_due_ms)
    assert (due_ms is None) == (how == "paused")
    if how == "paused":
        assert store.write(lambda tx: control.resume(tx, held.trigger_id, "a test"))
    else:
        set_priority(store, held, 0)  # and no rate
    assert store.read(slices.anything_due)
    assert turns(store, 1) == [held.trigger_id]


def use_up_rate(store: Store, played: Played) -> None:
    def work(tx: Transaction) -> None:
        rate = Rate(10, 86_400_000)
        assert control.change(tx, played.trigger_id, priority=0, rate=rate, spread_until_ms=None, by="a test")
        now_ms = tx.now_ms()
        granted = control.bucket(tx, played.trigger_id, now_ms, 100)
        assert granted is not None
        assert granted.available == 1
        control.spend(tx, played.trigger_id, granted, 1)
        again = control.bucket(tx, played.trigger_id, now_ms, 100)
        assert again is not None
        assert not again.open

    store.write(work)


def test_a_stopped_one_is_closed_though_it_is_paused(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=2, size=1)
    use_up_rate(store, played)
    assert store.write(lambda tx: control.pause(tx, played.trigger_id, "a test"))
    assert take(store) is None
    assert store.write(lambda tx: control.stop(tx, played.trigger_id, "a test"))
    store.write(lambda tx: control.rush(tx, [played.trigger_id]))
    assert turns(store, 2) == [played.trigger_id] * 2


@dataclass
class Line:
    """What the test expects of one trigger."""

    played: Played
    priority: int
    left: int
    waited: int = field(default=0)


@settings(max_examples=15, suppress_health_check=CHECKS, database=None)
@given(
    st.lists(st.tuples(st.integers(-1, 1), st.integers(1, 6)), min_size=1, max_size=6),
    st.lists(st.integers(1, 3), max_size=2),
)
def test_nobody_of_the_same_priority_waits_longer_than_a_round(
    store: Store, workspace: Workspace, given_lines: list[tuple[int, int]], arriving: list[int]
) -> None:
    """Whatever the sizes: a higher priority goes first, and in one round each trigger is claimed once."""
    while take(store) is not None:  # of the example before
        pass
    lines: dict[int, Line] = {}

    def start(priority: int, people: int) -> None:
        played = Played.sending(store, workspace, people=people, size=1)
        set_priority(store, played, priority)
        lines[played.trigger_id] = Line(played, priority, people)

    for priority, people in given_lines:
        start(priority, people)
    taken_so_far = 0
    while (taken := take(store)) is not None:
        line = lines[taken[0]]
        competing = [other for other in lines.values() if other.left]
        assert line.priority == max(other.priority for other in competing)
        rivals = [other for other in competing if other.priority == line.priority]
        line.waited, line.left = 0, line.left - 1
        for other in rivals:
            if other is not line:
                other.waited += 1
                assert other.waited < sum(1 for one in lines.values() if one.priority == line.priority)
        taken_so_far += 1
        if taken_so_far == 2:
            for people in arriving:
                start(0, people)
            for other in lines.values():
                other.waited = 0
    assert not [line for line in lines.values() if line.left]
