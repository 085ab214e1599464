# SPDX-License-Identifier: Apache-2.0
"""Send again: to failed, to those in doubt, to who joined since; killed in the middle, everybody exactly once."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.ledgers import FAR, Played

from clarion.domain.deliveries import Draft, Outcome, Reason, State
from clarion.domain.errors import Conflict, InvalidRequest
from clarion.domain.triggers import Repeat, TriggerState
from clarion.pipeline.again import ask, work_off
from clarion.pipeline.doubt import Decision, settle_all
from clarion.pipeline.drafting import decide_some
from clarion.store import again, control, ledger, slices, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .stage import Broken, Stage, breaking_at


def finished(store: Store, workspace: Workspace, state: State, reason: Reason, people: int = 30) -> Played:
    """A trigger that is done; every third person ended in `state`."""
    played = Played.sending(store, workspace, people=people, size=5, actions=2)
    for no in range(len(played.slices())):
        claim = played.sure_claim(no)
        for seq in range(claim.lo, claim.hi + 1):
            played.settle([played.key(seq, 0)], *((state, reason) if seq % 3 == 0 else (State.SENT, None)))
            played.settle([played.key(seq, 1)], State.SENT)
        assert played.give_back(claim)
    assert played.trigger().state is TriggerState.DONE
    return played


def asked(played: Played, kind: Repeat, *reasons: Reason, may_double: bool = False) -> int | None:
    trigger = played.trigger()

    def work(tx: Transaction) -> int | None:
        return ask(tx, trigger, kind, reasons, by="Ann", may_double=may_double, submit=lambda _, __: None)

    return played.store.write(work)


def queued(played: Played) -> list[int]:
    return [int(row["seq"]) for row in played.rows() if row["state"] == State.QUEUED]


def test_failed_accounts_go_back_to_the_queue(store: Store, workspace: Workspace) -> None:
    played = finished(store, workspace, State.FAILED, Reason.REFUSED)
    assert asked(played, Repeat.FAILED) == 10
    assert queued(played) == []
    assert work_off(store, batch=3) == 10
    played.check()
    assert queued(played) == list(range(3, 31, 3))
    trigger = played.trigger()
    assert (trigger.state, trigger.open_slices, trigger.processed_ms) == (TriggerState.SENDING, 6, None)
    for row in played.rows():
        assert (row["again"], row["attempts"]) == ((1, 0) if row["state"] == State.QUEUED else (0, 1))
    assert work_off(store) == 0
    for _ in range(6):
        claim = played.claim()
        assert claim is not None
        assert played.send_all(claim)
    played.check()
    assert played.trigger().state is TriggerState.DONE
    assert set(played.states().values()) == {State.SENT}
    (told,) = store.read(lambda tx: again.listing(tx, played.trigger_id))
    assert (told["kind"], told["asked_by"], told["queued"], told["done_ms"] is not None) == ("failed", "Ann", 10, True)


def test_only_the_reasons_named(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=4, size=2)
    played.settle([played.key(1), played.key(3)], State.FAILED, Reason.GAVE_UP)
    played.settle([played.key(2), played.key(4)], State.FAILED, Reason.REFUSED)
    assert asked(played, Repeat.FAILED, Reason.GAVE_UP) == 2
    assert work_off(store, batch=1) == 2
    assert queued(played) == [1, 3]
    played.check()


def test_who_fails_after_the_call_is_not_meant(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=6, size=2)
    played.settle([played.key(1), played.key(3)], State.FAILED, Reason.GAVE_UP)
    asked(played, Repeat.FAILED)
    moment = store.read(lambda tx: tx.now_ms())
    while store.read(lambda tx: tx.now_ms()) <= moment:
        pass
    played.settle([played.key(5)], State.FAILED, Reason.GAVE_UP)
    assert work_off(store) == 2
    assert played.states()[played.key(5)] is State.FAILED
    played.check()


def test_an_open_slice_that_waits_for_later_is_hurried(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=3, size=3)
    claim = played.sure_claim()
    played.settle([played.key(1)], State.FAILED, Reason.GAVE_UP)
    played.settle([played.key(2), played.key(3)], State.QUEUED, due_ms=FAR)
    played.give_back(claim)
    asked(played, Repeat.FAILED)
    work_off(store)
    assert played.slices()[0]["due_ms"] < FAR
    assert played.trigger().open_slices == 1
    played.check()


def test_an_abandoned_chunk_does_not_hold_who_was_queued_meanwhile(store: Store, workspace: Workspace) -> None:
    """A holder dies with a chunk open; who was queued again in its range was certainly not in it."""
    played = Played.sending(store, workspace, people=3, size=3)
    claim = played.sure_claim(lease_ms=-1)
    played.settle([played.key(2)], State.FAILED, Reason.GAVE_UP)

    def open_all(tx: Transaction) -> None:
        slices.open_chunk(tx, claim, 1, 3, tx.now_ms(), -1)

    store.write(open_all)
    asked(played, Repeat.FAILED)
    assert work_off(store) == 1
    picked = played.pick(0)
    assert picked is not None
    assert [one.key.seq for one in store.read(lambda tx: slices.opened(tx, picked))] == [1, 3]


def test_an_abandoned_chunk_does_not_hold_who_somebody_decided_about_meanwhile(
    store: Store, workspace: Workspace
) -> None:
    played = Played.sending(store, workspace, people=3, size=3)
    claim = played.sure_claim(lease_ms=-1)
    drafted = Outcome(played.key(1), State.DRAFTED, counted=False, draft=Draft("p1@x.test", "Hello", "{}"))
    store.write(lambda tx: ledger.settle(tx, played.trigger_id, [drafted], shard=0))
    played.settle([played.key(2)], State.IN_DOUBT, Reason.NO_ANSWER)
    store.write(lambda tx: slices.open_chunk(tx, claim, 1, 3, tx.now_ms(), -1))
    assert settle_all(store, workspace, played.trigger_id, Decision.RESEND).settled == 1
    assert decide_some(store, workspace, [played.key(1)], send=True).done == 1
    assert queued(played) == [1, 2, 3]
    picked = played.pick(0)
    assert picked is not None
    assert [one.key.seq for one in store.read(lambda tx: slices.opened(tx, picked))] == [3]


def test_in_doubt_needs_the_word(store: Store, workspace: Workspace) -> None:
    played = finished(store, workspace, State.IN_DOUBT, Reason.NO_ANSWER)
    with pytest.raises(InvalidRequest, match="10 messages may have been sent"):
        asked(played, Repeat.IN_DOUBT)
    assert asked(played, Repeat.IN_DOUBT, may_double=True) == 10
    assert work_off(store, batch=4) == 10
    played.check()
    # Stopped before its turn, such a message may still have been sent before.
    assert {row["reason"] for row in played.rows() if row["state"] == State.QUEUED} == {"no_answer"}


def test_nothing_of_a_stopped_one(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=4, size=2)
    played.settle([played.key(1)], State.FAILED, Reason.GAVE_UP)
    asked(played, Repeat.FAILED)
    assert store.write(lambda tx: control.stop(tx, played.trigger_id, "Ann"))
    assert work_off(store) == 0
    assert played.states()[played.key(1)] is State.FAILED
    assert not store.read(again.waiting)
    with pytest.raises(Conflict, match="stopped"):
        asked(played, Repeat.FAILED)


@pytest.mark.parametrize("passing", [1, 2, 4])
def test_a_step_that_is_cut_off_is_done_once(store: Store, workspace: Workspace, passing: int) -> None:
    played = finished(store, workspace, State.FAILED, Reason.REFUSED)
    asked(played, Repeat.FAILED)
    with pytest.raises(Broken):
        work_off(store, batch=3, failpoint=breaking_at("again.before_commit", passing))
    played.check()
    assert len(queued(played)) == 3 * (passing - 1)
    assert work_off(store, batch=3) == 10 - 3 * (passing - 1)
    assert {row["again"] for row in played.rows() if row["state"] == State.QUEUED} == {1}
    played.check()


KILLED = """
import os, sys
from clarion.pipeline.again import work_off
from clarion.store.opening import open_store
left = int(sys.argv[2])
def die(name):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)
work_off(open_store(sys.argv[1]), batch=3, failpoint=die)
"""


def test_a_killed_process_is_gone_on_from(store: Store, store_url: str, workspace: Workspace) -> None:
    played = finished(store, workspace, State.FAILED, Reason.REFUSED)
    asked(played, Repeat.FAILED)
    killed = subprocess.run([sys.executable, "-c", KILLED, store_url, "3"], check=False, timeout=30)
    assert killed.returncode == -9
    played.check()
    before = len(queued(played))
    assert before == 6
    assert work_off(store, batch=3) == 4
    played.check()
    assert len(queued(played)) == 10
    (told,) = store.read(lambda tx: again.listing(tx, played.trigger_id))
    assert told["queued"] == 10


async def test_who_joined_since_is_appended(store: Store, workspace: Workspace, tmp_path: Path) -> None:
    stage = Stage(store, workspace, tmp_path)
    stage.crowd(5)
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast)
    await stage.resolver().run_once(trigger_id)
    stage.person("late")
    stage.person("later", None)

    def join(tx: Transaction) -> int | None:
        trigger = triggers.get(tx, trigger_id)
        assert trigger is not None
        return ask(tx, trigger, Repeat.JOINED_SINCE, (), by="Ann", may_double=False, submit=lambda _, __: None)

    store.write(join)
    with pytest.raises(Conflict, match="not complete"):
        store.write(join)
    await stage.resolver().run_once(trigger_id)
    assert stage.sums(trigger_id) == {"queued": 6, "skipped no_address": 1}
    assert stage.get(trigger_id).state is TriggerState.SENDING
    store.write(join)
    await stage.resolver().run_once(trigger_id)
    assert stage.sums(trigger_id) == {"queued": 6, "skipped no_address": 1}, "a second time nobody is new"


async def test_nobody_joins_people_named_one_by_one(store: Store, workspace: Workspace, tmp_path: Path) -> None:
    stage = Stage(store, workspace, tmp_path)
    stage.person("ann")
    trigger_id = stage.trigger(stage.broadcast(), {"ids": ["ann"]})
    trigger = stage.get(trigger_id)
    with pytest.raises(InvalidRequest, match="one by one"):
        store.write(
            lambda tx: ask(tx, trigger, Repeat.JOINED_SINCE, (), by="Ann", may_double=False, submit=lambda _, __: None)
        )


def test_only_a_group_of_alike_words(store: Store, workspace: Workspace) -> None:
    played = Played.sending(store, workspace, people=6, size=2)
    said = {1: "550 <p1@x.test> unknown", 2: "550 <p2@x.test> unknown", 3: "554 spam", 4: "550 <p4@x.test> unknown"}
    outcomes = [Outcome(played.key(seq), State.FAILED, Reason.REFUSED, words) for seq, words in said.items()]
    store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=0))
    trigger = played.trigger()

    def work(tx: Transaction) -> int | None:
        return ask(
            tx,
            trigger,
            Repeat.FAILED,
            [Reason.REFUSED],
            by="Ann",
            may_double=False,
            submit=lambda _, __: None,
            cause="550 [address] unknown",
        )

    assert store.write(work) == 3
    old_programs = store.read(lambda tx: tx.composed("SELECT no FROM trigger_again WHERE done_ms IS NULL", {}))
    assert old_programs == [], "one that does not know of words would send to all"
    with pytest.raises(Broken):  # killed in the middle, it goes on behind the last step
        work_off(store, batch=1, failpoint=breaking_at("again.before_commit", 3))
    played.check()
    assert len(queued(played)) - 2 == 2
    assert work_off(store, batch=1) == 1
    assert queued(played) == [1, 2, 4, 5, 6]
    played.check()
    (told,) = store.read(lambda tx: again.listing(tx, played.trigger_id))
    assert (told["cause"], told["queued"], told["open"]) == ("550 [address] unknown", 3, 0)
    assert work_off(store) == 0
