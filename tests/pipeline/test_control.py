# SPDX-License-Identifier: Apache-2.0
"""Pause, stop, expiry, rate, schedule and applied edits, as claims, records and the watch of a worker see them."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
from tests.store.ledgers import FAR, Played, together

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import Conflict, InvalidRequest
from clarion.domain.pace import Rate
from clarion.domain.triggers import TriggerState
from clarion.pipeline.claim import Chunk, ChunkRules, Work, claim
from clarion.pipeline.control import TURN_SECONDS, Control, Tell
from clarion.pipeline.edit import apply_content
from clarion.pipeline.flight import ChunkName
from clarion.pipeline.record import record
from clarion.pipeline.retry import RetryPolicy
from clarion.store import broadcasts, control, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .stage import LEASE, MAIL, Stage

RETRY = RetryPolicy((5.0,))


def _lay_out(name: ChunkName, accounts: Sequence[tuple[DeliveryKey, int]]) -> None:
    assert accounts


@dataclass
class Hand:
    """A worker's hand: claims and records, and sends nothing."""

    store: Store
    flights: Path
    rows: int = 500
    names: int = field(default=0)

    @property
    def rules(self) -> ChunkRules:
        return ChunkRules(self.rows, LEASE, _lay_out)

    def claim(self, trigger_id: int = 0, no: int = 0) -> Work | None:
        self.names += 1
        owner = f"w{self.names}"
        return self.store.write(
            lambda tx: claim(
                tx,
                owner=owner,
                trigger_id=trigger_id,
                no=no,
                flights=self.flights,
                retry=RETRY,
                rules=self.rules,
            )
        )

    def record(self, work: Work, chunk: Chunk, outcomes: Sequence[Outcome]) -> Chunk | None:
        return self.store.write(lambda tx: record(tx, work.claim, chunk, outcomes, rules=self.rules))


@pytest.fixture
def hand(store: Store, tmp_path: Path) -> Hand:
    return Hand(store, tmp_path)


def sure(work: Work | None) -> tuple[Work, Chunk]:
    assert work is not None
    assert work.chunk is not None
    return work, work.chunk


def keys(played: Played, chunk: Chunk) -> list[DeliveryKey]:
    return [DeliveryKey(played.trigger_id, int(row["seq"]), int(row["action_id"])) for row in chunk.rows]


def sent(played: Played, chunk: Chunk) -> list[Outcome]:
    return [Outcome(key, State.SENT) for key in keys(played, chunk)]


def set_rate(played: Played, rate: Rate | None, *, spread_until_ms: int | None = None) -> None:
    assert played.store.write(
        lambda tx: control.change(
            tx, played.trigger_id, priority=0, rate=rate, spread_until_ms=spread_until_ms, by="Ann"
        )
    )


def finish(hand: Hand, played: Played, most: int = 100) -> None:
    """Claim and record until nothing is left to claim."""
    for _ in range(most):
        work = hand.claim()
        if work is None:
            return
        chunk = work.chunk
        while chunk is not None:
            chunk = hand.record(work, chunk, sent(played, chunk))
    raise AssertionError("it does not come to an end")


def test_paused_in_the_middle_of_a_slice(store: Store, workspace: Workspace, hand: Hand) -> None:
    hand.rows = 2
    played = Played.sending(store, workspace, people=6, size=6)
    work, chunk = sure(hand.claim())
    assert store.write(lambda tx: control.pause(tx, played.trigger_id, "Ann"))
    assert not store.write(lambda tx: control.pause(tx, played.trigger_id, "Bob")), "a second time changes nothing"
    # The first was handed over before the worker heard of it, the second was not.
    assert hand.record(work, chunk, sent(played, chunk)[:1]) is None
    assert hand.claim() is None
    assert hand.claim(played.trigger_id, 0) is None
    played.check()
    assert list(played.states().values()).count(State.QUEUED) == 5
    assert store.write(lambda tx: control.resume(tx, played.trigger_id, "Ann"))
    finish(hand, played)
    assert played.trigger().state is TriggerState.DONE
    played.check()


def test_stopped_in_the_middle_of_a_slice(store: Store, workspace: Workspace, hand: Hand) -> None:
    hand.rows = 2
    played = Played.sending(store, workspace, people=6, size=3)
    work, chunk = sure(hand.claim())
    assert store.write(lambda tx: control.stop(tx, played.trigger_id, "Ann"))
    assert hand.record(work, chunk, sent(played, chunk)) is None
    finish(hand, played)
    assert played.counters() == {
        (played.action_ids[0], State.SENT, ""): 2,
        (played.action_ids[0], State.STOPPED, "trigger_stopped"): 4,
    }
    assert (played.trigger().state, played.trigger().open_slices) == (TriggerState.STOPPED, 0)


async def expiring(stage: Stage, people: int) -> int:
    """A resolved trigger with an expiry, which is then moved to now."""
    stage.crowd(people)
    trigger_id = stage.trigger(stage.broadcast(), {"expires_after": 3_600})
    await stage.resolver().run_once(trigger_id)
    return trigger_id


def expire_now(store: Store, trigger_id: int) -> None:
    text = "UPDATE broadcast_trigger SET expires_ms = created_ms WHERE trigger_id = :trigger_id RETURNING trigger_id"
    store.write(lambda tx: tx.composed(text, {"trigger_id": trigger_id}))


async def test_expired_in_the_middle(store: Store, workspace: Workspace, tmp_path: Path, hand: Hand) -> None:
    stage = Stage(store, workspace, tmp_path)
    hand.rows = 2
    trigger_id = await expiring(stage, 6)
    work, chunk = sure(hand.claim())
    outcomes = [Outcome(DeliveryKey(trigger_id, int(r["seq"]), int(r["action_id"])), State.SENT) for r in chunk.rows]
    expire_now(store, trigger_id)
    assert hand.record(work, chunk, outcomes) is None
    assert stage.sums(trigger_id) == {"sent": 2, "stopped expired": 4}
    found = stage.get(trigger_id)
    assert (found.state, found.failure) == (TriggerState.STOPPED, "expired")
    assert found.processed_ms is not None


async def test_expired_though_nobody_sends_it(store: Store, workspace: Workspace, tmp_path: Path, hand: Hand) -> None:
    """Paused, or waiting for a retry: the watch of any process stops it."""
    stage = Stage(store, workspace, tmp_path)
    trigger_id = await expiring(stage, 3)
    store.write(lambda tx: control.pause(tx, trigger_id, "Ann"))
    watch = Control(store)
    watch.look()
    assert not watch.may_send(trigger_id)
    assert stage.get(trigger_id).state is TriggerState.SENDING
    expire_now(store, trigger_id)
    watch.look()
    assert stage.get(trigger_id).state is TriggerState.STOPPED
    work = hand.claim()
    assert work is not None
    assert work.chunk is None
    assert stage.sums(trigger_id) == {"stopped expired": 3}


@pytest.mark.parametrize(
    ("own", "waiting", "over"), [(0, 0, True), (0, 5, True), (5, 5, True), (5, 0, False), (0, -1, False)]
)
def test_a_turn_ends_for_whoever_comes_next_only(
    store: Store, workspace: Workspace, own: int, waiting: int, over: bool
) -> None:
    """To end it for a lower priority would hand the slice back and take it again, second after second."""
    clock = [0.0]
    sending = Played.sending(store, workspace, people=4, size=1)
    lowest = [Played.sending(store, workspace, people=1, size=1) for _ in range(2)]
    other = Played.sending(store, workspace, people=1, size=1)
    for played, priority in [(sending, own), (other, waiting), *((each, -9) for each in lowest)]:
        change = partial(control.change, trigger_id=played.trigger_id, priority=priority)
        assert store.write(partial(change, rate=None, spread_until_ms=None, by="Ann"))
    watch = Control(store, clock=lambda: clock[0])
    watch.look()
    turn = watch.turn(sending.trigger_id)
    assert not turn.over()
    clock[0] = TURN_SECONDS
    assert turn.over() == over


async def test_a_scheduled_one_waits_and_is_for_the_people_of_its_time(
    store: Store, workspace: Workspace, tmp_path: Path
) -> None:
    stage = Stage(store, workspace, tmp_path)
    stage.crowd(2)
    now_s = store.read(lambda tx: tx.now_ms()) // 1_000
    with pytest.raises(InvalidRequest, match="in the future"):
        stage.trigger(stage.broadcast(), {"scheduled_at": now_s})
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast, {"scheduled_at": now_s + 3_600, "expires_after": 60})
    found = stage.get(trigger_id)
    assert (found.state_word, found.expires_ms) == ("scheduled", (now_s + 3_660) * 1_000)
    assert store.read(lambda tx: triggers.waiting(tx, broadcast.broadcast_id)) == 0, "not in the queue of five yet"
    assert not await stage.resolver().run_once(trigger_id)
    assert not await stage.resolver().run_once()
    stage.person("later")
    text = "UPDATE broadcast_trigger SET scheduled_ms = 1, resolve_due_ms = 1 WHERE trigger_id = :t RETURNING 1 AS yes"
    store.write(lambda tx: tx.composed(text, {"t": trigger_id}))
    assert await stage.resolver().run_once()
    assert stage.sums(trigger_id) == {"queued": 3}
    assert stage.get(trigger_id).state_word == "sending"


async def test_cancelled_before_its_time(store: Store, workspace: Workspace, tmp_path: Path) -> None:
    stage = Stage(store, workspace, tmp_path)
    stage.crowd(2)
    trigger_id = stage.trigger(stage.broadcast(), {"scheduled_at": 4_000_000_000})
    assert store.write(lambda tx: control.cancel(tx, trigger_id, "Ann"))
    assert not store.write(lambda tx: control.cancel(tx, trigger_id, "Ann"))
    found = stage.get(trigger_id)
    assert (found.state, found.control_by) == (TriggerState.STOPPED, "Ann")
    assert found.cancelled_ms is not None
    assert found.processed_ms is not None
    begun = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(begun)
    assert not store.write(lambda tx: control.cancel(tx, begun, "Ann"))


def test_all_processes_share_one_rate(store: Store, workspace: Workspace, hand: Hand) -> None:
    """Two workers claim by turns: together they get one second's worth and no more, at one moment."""
    played = Played.sending(store, workspace, people=400, size=10)
    set_rate(played, Rate(20, 3_600_000))
    work, chunk = sure(hand.claim())
    assert len(chunk.rows) == 1
    assert chunk.paced
    assert hand.claim() is None
    assert hand.record(work, chunk, sent(played, chunk)) is None
    assert hand.claim() is None
    due_ms = store.read(lambda tx: triggers_ready(tx, played.trigger_id))
    now_ms = store.read(lambda tx: tx.now_ms())
    assert 0 < due_ms - now_ms <= 180_000
    began_ms = store.read(lambda tx: tx.now_ms())
    set_rate(played, Rate(10, 1_000))
    while (found := hand.claim()) is None or found.chunk is None:
        assert store.read(lambda tx: tx.now_ms()) < began_ms + 20_000
    gathered = len(found.chunk.rows)
    assert 5 <= gathered <= 10, "a new rate counts from its moment on"
    assert store.read(lambda tx: tx.now_ms()) - began_ms >= 100 * (gathered - 1)
    assert hand.record(found, found.chunk, sent(played, found.chunk)) is None
    set_rate(played, None)
    finish(hand, played)
    played.check()


def triggers_ready(tx: Transaction, trigger_id: int) -> int:
    rows = tx.composed("SELECT ready_ms FROM trigger_flow WHERE trigger_id = :t", {"t": trigger_id})
    return int(rows[0]["ready_ms"])


def test_who_is_skipped_does_not_use_up_the_rate(store: Store, workspace: Workspace, hand: Hand) -> None:
    played = Played.sending(store, workspace, people=3, size=3)
    set_rate(played, Rate(1, 86_400_000))
    work, chunk = sure(hand.claim())
    outcomes = [Outcome(key, State.SKIPPED, Reason.UNSUBSCRIBED) for key in keys(played, chunk)]
    following = hand.record(work, chunk, outcomes)
    assert following is not None
    unrendered = [Outcome(key, State.FAILED, Reason.RENDER_FAILED) for key in keys(played, following)]
    third = hand.record(work, following, unrendered)
    assert third is not None
    assert hand.record(work, third, sent(played, third)) is None
    assert played.trigger().state is TriggerState.DONE


def test_a_spread_ends_in_time(store: Store, workspace: Workspace, hand: Hand) -> None:
    played = Played.sending(store, workspace, people=10, size=10)
    now_ms = store.read(lambda tx: tx.now_ms())
    set_rate(played, None, spread_until_ms=now_ms + 1_000_000)
    work, chunk = sure(hand.claim())
    assert len(chunk.rows) == 1
    assert hand.record(work, chunk, sent(played, chunk)) is None
    wait_ms = store.read(lambda tx: triggers_ready(tx, played.trigger_id)) - now_ms
    assert 95_000 <= wait_ms <= 115_000
    set_rate(played, None, spread_until_ms=now_ms - 1)  # its time is over: as fast as it goes
    finish(hand, played)
    assert played.trigger().state is TriggerState.DONE


def test_an_edit_is_applied_to_chunks_opened_from_then_on(
    store: Store, workspace: Workspace, tmp_path: Path, hand: Hand
) -> None:
    hand.rows = 1
    played = Played.sending(store, workspace, people=3, size=3)
    work, chunk = sure(hand.claim())
    before = played.trigger().content_hash
    assert chunk.content_hash == before
    apply = _applier(store, workspace, played)
    assert not apply(), "the same content is no change"
    action = played.broadcast.actions[0]
    edited = replace(action, content=MAIL)
    store.write(lambda tx: broadcasts.update_action(tx, edited))
    assert apply()
    following = hand.record(work, chunk, sent(played, chunk))
    assert following is not None
    assert following.content_hash == played.trigger().content_hash != before
    (change,) = store.read(lambda tx: control.content_changes(tx, played.trigger_id))
    assert (change["before_hash"], change["content_hash"]) == (before, following.content_hash)

    def add(tx: Transaction) -> None:
        broadcasts.add_action(tx, played.broadcast, "Another", MAIL)

    store.write(add)
    with pytest.raises(Conflict, match="added"):
        apply()


def _applier(store: Store, workspace: Workspace, played: Played) -> Callable[[], bool]:
    def work(tx: Transaction) -> bool:
        trigger = triggers.get(tx, played.trigger_id)
        assert trigger is not None
        return apply_content(tx, workspace, trigger, "Ann")

    return lambda: store.write(work)


async def test_the_watch_tells_what_may_be_sent(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=3, size=3)
    other = Played.sending(store, workspace, people=3, size=3)
    woken: list[bool] = []
    watch = Control(store, look_seconds=0.01, tell=Tell(lambda: woken.append(True)))
    assert watch.may_send(played.trigger_id)
    stopping = asyncio.Event()
    watching = asyncio.create_task(watch.watch(stopping))

    async def until(holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0)

    try:
        await until(lambda: len(woken) >= 1)
        with watch.working(played.trigger_id), watch.working(played.trigger_id):
            assert watch.at_work == {played.trigger_id}
            await asyncio.to_thread(store.write, lambda tx: control.pause(tx, played.trigger_id, "Ann"))
            await until(lambda: not watch.may_send(played.trigger_id))
            assert watch.may_send(other.trigger_id)
        assert watch.at_work == frozenset()
        await asyncio.to_thread(store.write, lambda tx: control.resume(tx, played.trigger_id, "Ann"))
        await until(lambda: watch.may_send(played.trigger_id))
        await asyncio.to_thread(store.write, lambda tx: control.stop(tx, other.trigger_id, "Ann"))
        await until(lambda: not watch.may_send(other.trigger_id))
        # Everything there is is held: nothing wakes idle slots until a slice is free again.
        claims = [played.claim(), other.claim(), played.claim(), other.claim()]
        assert claims[-1] is None
        await asyncio.to_thread(watch.look)
        woken.clear()
        await asyncio.to_thread(watch.look)
        assert not woken
    finally:
        stopping.set()
        await watching


def test_a_stop_hurries_retries(store: Store, workspace: Workspace, hand: Hand) -> None:
    played = Played.sending(store, workspace, people=2, size=2)
    work, chunk = sure(hand.claim())
    waiting = [Outcome(key, State.QUEUED, due_ms=FAR) for key in keys(played, chunk)]
    assert hand.record(work, chunk, waiting) is None
    store.write(lambda tx: control.stop(tx, played.trigger_id, "Ann"))
    assert hand.claim() is None
    store.write(lambda tx: control.rush(tx, [played.trigger_id]))
    finish(hand, played)
    assert played.trigger().processed_ms is not None


def test_a_rate_holds_though_many_claim_at_once(store: Store, workspace: Workspace, tmp_path: Path) -> None:
    """Four workers that claim without a pause: what they send together stays within the rate."""
    played = Played.sending(store, workspace, people=600, size=20)
    set_rate(played, Rate(40, 1_000))
    began_ms = store.read(lambda tx: tx.now_ms())

    def work() -> list[tuple[int, int]]:
        mine = Hand(store, tmp_path, names=threading.get_ident() * 1_000)
        taken: list[tuple[int, int]] = []
        while store.read(lambda tx: tx.now_ms()) < began_ms + 2_500:
            found = mine.claim()
            chunk = found.chunk if found is not None else None
            while found is not None and chunk is not None:
                taken.append((chunk.now_ms, len(chunk.rows)))
                chunk = mine.record(found, chunk, sent(played, chunk))
        return taken

    taken = sorted(one for many in together(*[work] * 4) for one in many)
    total = sum(count for _, count in taken)
    elapsed_s = (taken[-1][0] - began_ms) / 1_000
    assert 40 <= total <= 40 * elapsed_s + 2
    assert list(played.states().values()).count(State.SENT) == total
    played.check()
