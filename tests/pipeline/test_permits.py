# SPDX-License-Identifier: Apache-2.0
"""A process with permits, and a chunk sent within a limit: what waits, what goes on, and what ends the wait."""

import asyncio
from collections.abc import Callable
from time import monotonic

import pytest

from clarion.channels.base import Capabilities
from clarion.domain.broadcasts import EmailContent
from clarion.domain.deliveries import State
from clarion.domain.errors import Away
from clarion.domain.permits import LATE_SECONDS
from clarion.pipeline.flight import FlightRecord
from clarion.pipeline.permits import Permits
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.send import SendStage

from .clocks import Time
from .letters import MAIL, action, messages
from .providers import Fails, Scripted
from .test_send import chunk_of, task_for

SMS = EmailContent(subject="", body="", sender="", parts_of="sms", parts={"body": "Hi", "to": "", "from": ""})


async def test_a_process_asks_for_as_many_as_it_uses(time: Time) -> None:
    permits = Permits("email/smtp", 102.0, time.lease, time)  # one each 10 ms
    used = 0
    for _ in range(500):
        await permits.soon(0, 0)
        used += permits.take()
        assert not permits.take(), "none before its time"
        await permits.close()
        time.now += 0.001
    sizes = [round(span / 10_000) for span in time.asked]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (1, 10)
    assert 40 <= used <= 50, "in half a second"


async def test_what_is_not_used_in_time_is_void(time: Time) -> None:
    permits = Permits("email/smtp", 102.0, time.lease, time)
    await permits.soon(0, 0)
    await permits.close()
    time.now += LATE_SECONDS + 0.001
    assert not permits.due()
    assert not permits.take()


async def test_who_always_comes_too_late_gets_a_time_of_its_own(time: Time) -> None:
    permits = Permits("email/smtp", 102.0, time.lease, time)
    used = 0
    for _ in range(8):
        await permits.soon(0, 0)
        await permits.close()
        time.now += 0.3  # a machine that is that slow
        used += permits.take()
    assert used >= 3


async def test_without_the_database_nothing_goes_and_then_it_goes_on(time: Time) -> None:
    permits = Permits("email/smtp", 102.0, time.lease, time)
    time.away = True
    await permits.soon(0, 0)
    await permits.close()
    assert not permits.due()
    time.away = False
    time.now += 1.0
    await permits.soon(0, 0)
    await permits.close()
    assert permits.take()


@pytest.mark.parametrize("seconds", [3_600.0, 20.0, -20.0, -3_600.0])
async def test_when_the_clock_of_the_database_is_set_sending_goes_on(time: Time, seconds: float) -> None:
    """Twenty seconds back are waited for, since others may have what lies between; an hour is not."""
    permits = Permits("email/smtp", 10.0, time.lease, time)

    async def used_in(seconds: float) -> int:
        until, used = time.now + seconds, 0
        while time.now < until:
            await permits.soon(0, 0)
            await permits.close()
            used += permits.take()
            time.now += 0.01
        return used

    assert await used_in(2.0) >= 15
    time.takes = 0.01  # not as telling an answer as those before
    time.set(seconds)
    before = await used_in(-seconds if -60 < seconds < 0 else 0.0)
    assert await used_in(2.0) >= 15
    assert before <= 10 * max(0.0, -seconds)


# -- a chunk within a limit ----------------------------------------------------------------------------------------


class Sms(Scripted):
    """The same, of another channel."""

    def __init__(self) -> None:
        super().__init__()
        self.capabilities = Capabilities("sms", 4)


def stage_of(provider: Scripted, permits: Permits, clock: Callable[[], float] = monotonic) -> SendStage:
    return SendStage(provider, retry=RetryPolicy((7.0,)), limits={"email": permits}, clock=clock)


async def test_all_of_a_chunk_goes_at_its_pace(time: Time, record: FlightRecord) -> None:
    time.step = 0.0005
    provider, permits = Scripted(), Permits("email/smtp", 100.0, time.lease, time)
    task = task_for(chunk_of(*[{}] * 30))
    stage = stage_of(provider, permits, time)
    outcomes = await stage.send(task, record)
    await stage.close()
    assert {outcome.state for outcome in outcomes} == {State.SENT}
    assert sorted(provider.tried.values()) == [1] * 30
    assert not task.left


async def test_what_waits_is_left_alone_and_is_not_composed(time: Time, record: FlightRecord) -> None:
    permits, composed = Permits("email/smtp", 100.0, time.lease, time), 0

    def count(name: str) -> None:
        nonlocal composed
        composed += name == "send.composed"

    provider, going = Scripted(), asyncio.Event()
    provider.after_each = lambda _: going.set()
    stage = SendStage(provider, retry=RetryPolicy((7.0,)), failpoint=count, limits={"email": permits})
    allowed = True
    task = task_for(chunk_of(*[{}] * 30), may_send=lambda: allowed)
    sending = asyncio.create_task(stage.send(task, record))
    await going.wait()
    allowed = False  # a pause
    outcomes = await sending  # the clock stands still: only the pause can have ended it
    await stage.close()
    assert len(outcomes) == len(provider.taken) == composed == 1
    assert task.left == {"email"}


async def test_a_stop_does_not_wait_for_permits(time: Time, record: FlightRecord) -> None:
    provider, stopping = Scripted(), asyncio.Event()
    provider.after_each = lambda _: stopping.set()
    stage = stage_of(provider, Permits("email/smtp", 0.01, time.lease, time))
    outcomes = await stage.send(task_for(chunk_of(*[{}] * 30), stopping=stopping), record)
    await stage.close()
    assert len(outcomes) == 1


async def test_a_provider_that_is_away_is_learnt_of(time: Time, record: FlightRecord) -> None:
    provider = Scripted(usual=Fails(Away("cannot connect", 60.0)))
    stage = stage_of(provider, Permits("email/smtp", 100.0, time.lease, time))
    task = task_for(chunk_of({}, {}))
    assert await stage.send(task, record) == []
    assert stage.held_until(task) is not None


async def test_other_channels_go_on(time: Time, record: FlightRecord) -> None:
    mail, sms = Scripted(), Sms()
    permits = Permits("sms/outbox", 0.01, time.lease, time)
    stage = SendStage(mail, sms, retry=RetryPolicy((7.0,)), limits={"sms": permits})
    both = messages(action(MAIL), action(SMS, action_id=2, kind="sms"))
    chunk = chunk_of(*[{}] * 10, *[{"action_id": 2}] * 10)
    stopping = asyncio.Event()
    mail.after_each = lambda count: stopping.set() if count == 10 else None
    task = task_for(chunk, both, stopping=stopping)
    await stage.send(task, record)
    await stage.close()
    assert len(mail.taken) == 10
    assert task.left == {"sms"}
