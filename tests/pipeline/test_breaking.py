# SPDX-License-Identifier: Apache-2.0
"""A trigger of which too much goes wrong is paused with the reason, and goes on by one call."""

from functools import partial

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.breakers import Breaker
from clarion.domain.broadcasts import EmailContent
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import Permanent
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.triggers import TriggerState
from clarion.pipeline.breaking import look
from clarion.pipeline.feedback import record
from clarion.pipeline.resolve import Sizes
from clarion.store import breakers, control, ledger
from clarion.store.engine import Transaction

from .providers import Fails, Scripted
from .stage import MAIL, Stage, until


def guard(stage: Stage, breaker: Breaker | None) -> None:
    stage.store.write(partial(breakers.put, workspace_id=stage.workspace.workspace_id, breaker=breaker))


async def sending(stage: Stage, people: int) -> list[DeliveryKey]:
    stage.crowd(people)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    return stage.keys(trigger_id)


def settle(stage: Stage, keys: list[DeliveryKey], state: State = State.SENT, reason: Reason | None = None) -> None:
    outcomes = [Outcome(key, state, reason) for key in keys]
    stage.store.write(lambda tx: ledger.settle(tx, keys[0].trigger_id, outcomes, shard=0))


def bounce(stage: Stage, keys: list[DeliveryKey]) -> None:
    def work(tx: Transaction) -> None:
        for key in keys:
            record(tx, Feedback(key, Metric.BOUNCED))

    stage.store.write(work)


async def test_bounces_pause_it_once_and_it_goes_on_by_one_call(stage: Stage) -> None:
    keys = await sending(stage, 60)
    trigger_id = keys[0].trigger_id
    guard(stage, Breaker(after=10, bounced=20))
    settle(stage, keys[:9])
    bounce(stage, keys[:9])
    assert look(stage.store) == []  # too few to tell
    settle(stage, keys[9:30])
    assert look(stage.store) == [trigger_id]
    assert look(stage.store) == []
    broken = stage.get(trigger_id)
    assert broken.paused_ms is not None
    assert broken.control_by == "circuit breaker"
    assert broken.paused_because == "30 % of 30 messages bounced; 20 % is the limit"

    assert stage.store.write(lambda tx: control.resume(tx, trigger_id, "Ann"))
    assert stage.get(trigger_id).paused_because is None
    assert look(stage.store) == []
    settle(stage, keys[30:50])
    assert look(stage.store) == []  # what was before is known, and somebody said go on
    bounce(stage, keys[30:35])
    assert look(stage.store) == [trigger_id]
    assert stage.store.write(lambda tx: control.resume(tx, trigger_id, "Ann"))
    assert stage.store.write(lambda tx: control.pause(tx, trigger_id, "Ann"))
    assert stage.get(trigger_id).paused_because is None


async def test_what_is_done_to_people_makes_no_share_smaller(stage: Stage) -> None:
    stage.crowd(20)
    event = EmailContent(parts_of="create_event", parts={"event_name": "offered", "event_data": ""})
    trigger_id = stage.trigger(stage.broadcast(MAIL, event, event, event))
    await stage.resolver().run_once(trigger_id)
    guard(stage, Breaker(after=10, bounced=20))
    keys = stage.keys(trigger_id)
    mails = [key for key in keys if key.action_id == keys[0].action_id]
    settle(stage, keys)
    bounce(stage, mails[:5])
    assert look(stage.store) == [trigger_id]
    assert stage.get(trigger_id).paused_because == "25 % of 20 messages bounced; 20 % is the limit"


@pytest.mark.parametrize("breaker", [None, Breaker(after=10, spammed=1), Breaker(after=10, bounced=50, failed=100)])
async def test_nothing_is_paused_that_passes_no_share(stage: Stage, breaker: Breaker | None) -> None:
    keys = await sending(stage, 20)
    guard(stage, breaker)
    settle(stage, keys[:10])
    settle(stage, keys[10:], State.FAILED, Reason.REFUSED)
    bounce(stage, keys[:5])
    assert look(stage.store) == []


async def test_what_is_over_is_left_alone(stage: Stage) -> None:
    keys = await sending(stage, 20)
    guard(stage, Breaker(after=1, failed=1))
    settle(stage, keys, State.FAILED, Reason.REFUSED)
    assert stage.store.write(lambda tx: control.stop(tx, keys[0].trigger_id, "Ann"))
    assert look(stage.store) == []


async def test_a_worker_stops_sending_and_everybody_is_accounted_for(stage: Stage) -> None:
    stage.crowd(200)
    guard(stage, Breaker(after=20, failed=50))
    trigger_id = stage.trigger(stage.broadcast())
    provider = Scripted(usual=Fails(Permanent("550 policy", reason="refused")))
    provider.after_each = lambda _: None

    def looked() -> bool:
        look(stage.store)
        return stage.get(trigger_id).paused_ms is not None

    async with stage.working(stage.worker(provider, LostJobs(), sizes=Sizes(slice_people=20))):
        await until(looked)
    assert stage.get(trigger_id).state is TriggerState.SENDING
    sums = stage.sums(trigger_id)
    assert sums["failed refused"] >= 20
    assert sum(sums.values()) == 200


async def test_refusals_pause_it_before_much_more_is_sent(stage: Stage) -> None:
    """Nobody looks but the worker itself, at what it writes down: a second would be all of it."""
    stage.crowd(400)
    guard(stage, Breaker(after=20, failed=50))
    trigger_id = stage.trigger(stage.broadcast())
    provider = Scripted(usual=Fails(Permanent("550 policy", reason="refused")))
    async with stage.working(stage.worker(provider, LostJobs(), sizes=Sizes(slice_people=400))):
        await until(lambda: stage.get(trigger_id).paused_ms is not None)
    assert (
        stage.get(trigger_id).paused_because == "100 % of 20 messages were refused by the provider; 50 % is the limit"
    )
    sums = stage.sums(trigger_id)
    assert 20 <= sums["failed refused"] <= 30  # the chunk that was in hand went out
    assert sum(sums.values()) == 400
