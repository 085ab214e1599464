# SPDX-License-Identifier: Apache-2.0
"""Messages that are kept instead of sent: made once, sent once as they were kept, or deleted; whoever dies when."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest
from tests.store.ledgers import Played
from tests.support.jobs import LostJobs

from clarion.domain.broadcasts import Broadcast, SendingState
from clarion.domain.deliveries import DeliveryKey, Draft, Outcome, State
from clarion.domain.errors import Conflict, Temporary
from clarion.domain.people import IdKind, Reference
from clarion.domain.triggers import TriggerState
from clarion.pipeline import drafting
from clarion.pipeline.drafting import decide_all, decide_some
from clarion.pipeline.erasure import erase
from clarion.store import broadcasts, drafts, ledger
from clarion.store.access import Workspace
from clarion.store.drafts import Of
from clarion.store.engine import Store, Transaction

from .providers import Fails, Scripted
from .stage import MAIL, Broken, Stage

FAR_MS = 2**60


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


def drafted(stage: Stage, *, more_actions: int = 0) -> Broadcast:
    """A broadcast whose first message is drafted, and others are sent."""
    made = stage.broadcast(*[MAIL] * (1 + more_actions))
    action = replace(made.actions[0], sending_state=SendingState.DRAFT)
    stage.store.write(lambda tx: broadcasts.update_action(tx, action))
    return made


async def work(stage: Stage, trigger_id: int, provider: Scripted) -> None:
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(trigger_id)


def waiting(stage: Stage) -> list[DeliveryKey]:
    return [one.key for one in stage.store.read(lambda tx: drafts.page(tx, stage.workspace, most=1_000))]


def decide(stage: Stage, keys: Sequence[DeliveryKey], *, send: bool) -> drafting.Decided:
    return decide_some(stage.store, stage.workspace, keys, send=send)


async def test_drafts_are_kept_and_nothing_is_sent(stage: Stage) -> None:
    stage.crowd(25)
    provider = Scripted()
    trigger_id = stage.trigger(drafted(stage, more_actions=1))
    await work(stage, trigger_id, provider)
    assert stage.sums(trigger_id) == {"drafted": 25, "sent": 25}
    assert len(provider.taken) == 25, "those of the other message"
    assert waiting(stage) == sorted(
        key for key in stage.keys(trigger_id) if key.action_id == stage.keys(trigger_id)[0].action_id
    )
    assert stage.get(trigger_id).state is TriggerState.DONE


async def test_a_draft_goes_out_once_as_it_was_kept(stage: Stage) -> None:
    numbers = stage.crowd(3)
    provider = Scripted()
    broadcast = drafted(stage)
    trigger_id = stage.trigger(broadcast)
    await work(stage, trigger_id, provider)
    first, second, third = waiting(stage)
    stage.change(numbers[0], "p1", "moved@x.test")
    edited = replace(broadcast.actions[0], content=replace(MAIL, subject="Other words"))
    stage.store.write(lambda tx: broadcasts.update_action(tx, edited))
    assert decide(stage, [first, second, first], send=True) == drafting.Decided(2)
    assert decide(stage, [first], send=True) == drafting.Decided(0, (first,)), "it does not wait any more"
    await work(stage, trigger_id, provider)
    assert stage.sums(trigger_id) == {"sent": 2, "drafted": 1}
    assert sorted(message.recipient for message in provider.taken) == ["p1@x.test", "p2@x.test"]
    mail = message_from_bytes(provider.taken[0].content)
    assert mail["Subject"] in {"Hello p1", "Hello p2"}
    assert provider.taken[0].delivery_id in str(mail["Message-ID"])
    assert waiting(stage) == [third]


async def test_of_many_who_decide_at_once_each_draft_hears_one(stage: Stage) -> None:
    stage.crowd(40)
    provider = Scripted()
    trigger_id = stage.trigger(drafted(stage))
    await work(stage, trigger_id, provider)
    keys = waiting(stage)
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda no: decide(stage, keys, send=no % 2 == 0).done, range(8)))
    assert sum(done) == 40
    await work(stage, trigger_id, provider)
    sums = stage.sums(trigger_id)
    assert sums.get("sent", 0) == len(provider.taken)
    assert sums.get("sent", 0) + sums.get("skipped draft_deleted", 0) == 40
    assert waiting(stage) == []


async def test_deleted_drafts_are_accounted_for(stage: Stage) -> None:
    stage.crowd(12)
    trigger_id = stage.trigger(drafted(stage))
    await work(stage, trigger_id, Scripted())
    of_trigger = Of(trigger_id=trigger_id)
    assert decide_all(stage.store, stage.workspace, of_trigger, send=False, until_ms=FAR_MS).done == 12
    assert stage.sums(trigger_id) == {"skipped draft_deleted": 12}
    assert decide_all(stage.store, stage.workspace, of_trigger, send=True, until_ms=FAR_MS).done == 0


async def test_a_temporary_failure_is_tried_again_with_the_same_words(stage: Stage) -> None:
    stage.crowd(1)
    trigger_id = stage.trigger(drafted(stage))
    provider = Scripted({"p1@x.test": [Fails(Temporary("451 later"))]})
    await work(stage, trigger_id, provider)
    decide(stage, waiting(stage), send=True)
    await work(stage, trigger_id, provider)
    assert stage.sums(trigger_id) == {"sent": 1}
    assert provider.tried["p1@x.test"] == 2


async def test_who_is_gone_or_unsubscribed_by_then_gets_nothing(stage: Stage) -> None:
    gone, unsubscribed, there = stage.crowd(3)
    provider = Scripted()
    trigger_id = stage.trigger(drafted(stage))
    await work(stage, trigger_id, provider)
    stage.delete(gone)
    stage.change(unsubscribed, "p2", "p2@x.test", unsubscribed=True)
    decide(stage, waiting(stage), send=True)
    await work(stage, trigger_id, provider)
    assert stage.sums(trigger_id) == {"sent": 1, "skipped deleted": 1, "skipped unsubscribed": 1}
    assert [message.recipient for message in provider.taken] == ["p3@x.test"]
    assert there


async def test_a_worker_that_dies_before_it_recorded_keeps_nothing(store: Store, workspace: Workspace) -> None:
    """The next one makes them again; each is kept once."""
    played = Played.sending(store, workspace, people=6, size=6)
    claim = played.sure_claim(0)
    made = [
        Outcome(played.key(seq), State.DRAFTED, counted=False, draft=Draft(f"p{seq}@x.test", "Hello", "[]"))
        for seq in range(1, 7)
    ]

    def dies(tx: Transaction) -> None:
        ledger.settle(tx, played.trigger_id, made, shard=claim.no)
        raise Broken

    with pytest.raises(Broken):
        store.write(dies)
    assert store.read(lambda tx: drafts.page(tx, workspace, most=10)) == []
    store.write(lambda tx: ledger.settle(tx, played.trigger_id, made, shard=claim.no))
    assert len(store.read(lambda tx: drafts.page(tx, workspace, most=10))) == 6
    assert set(played.states().values()) == {State.DRAFTED}


async def test_nothing_of_a_stopped_trigger_goes_out(stage: Stage) -> None:
    stage.crowd(2)
    broadcast = drafted(stage)
    trigger_id = stage.trigger(broadcast, {"recipients": {"attribute": {"field": "id", "operator": "exists"}}})
    await work(stage, trigger_id, Scripted())
    keys = waiting(stage)
    stage.store.write(lambda tx: tx.composed("UPDATE broadcast_trigger SET state = 'stopped' RETURNING 1 AS one", {}))
    with pytest.raises(Conflict, match="stopped"):
        decide(stage, keys, send=True)
    assert waiting(stage) == keys
    assert decide(stage, keys, send=False).done == 2


async def test_other_workspaces_and_strangers_decide_about_nothing(stage: Stage) -> None:
    stage.crowd(1)
    trigger_id = stage.trigger(drafted(stage))
    await work(stage, trigger_id, Scripted())
    (key,) = waiting(stage)
    other = replace(stage.workspace, workspace_id=stage.workspace.workspace_id + 1)
    assert decide_some(stage.store, other, [key], send=True) == drafting.Decided(0, (key,))
    assert stage.store.read(lambda tx: drafts.page(tx, other, most=10)) == []
    unknown = DeliveryKey(trigger_id, 99, key.action_id)
    assert decide(stage, [unknown], send=True) == drafting.Decided(0, (unknown,))


async def test_an_erased_person_leaves_no_draft(stage: Stage) -> None:
    stage.crowd(2)
    trigger_id = stage.trigger(drafted(stage))
    await work(stage, trigger_id, Scripted())
    erase(stage.store, stage.workspace, Reference(IdKind.ID, "p1"), suppress=False, blank_mail=None)
    left = stage.store.read(lambda tx: drafts.page(tx, stage.workspace, most=10))
    assert [one.recipient for one in left] == ["p2@x.test"]
    assert stage.sums(trigger_id) == {"drafted": 2}
