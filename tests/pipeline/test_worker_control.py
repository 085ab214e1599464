# SPDX-License-Identifier: Apache-2.0
"""Control in mid-send with whole workers and their real drivers, on both engines."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeVar

import pytest
from tests.support.jobs import driver

from clarion.domain.broadcasts import EmailContent
from clarion.domain.deliveries import Reason
from clarion.domain.errors import Conflict, Permanent, Unknown
from clarion.domain.pace import Rate
from clarion.domain.triggers import Repeat, TriggerState
from clarion.pipeline import again
from clarion.pipeline.edit import apply_content
from clarion.pipeline.resolve import Sizes
from clarion.pipeline.worker import WorkerRules
from clarion.store import broadcasts, control, triggers
from clarion.store.engine import Store, Transaction
from clarion.store.jobs import Jobs
from clarion.store.opening import open_store

from .providers import Fails, Scripted
from .slow import Slow
from .stage import LEASE, MAIL, Stage, until

T = TypeVar("T")
pytestmark = pytest.mark.timeout(120)

LOOK = 0.2
# As in production, but for the look; nothing here may need the reconciler.
RULES = WorkerRules(slots=2, chunk_rows=200, lease_ms=LEASE, reconcile_seconds=600, overdue_ms=5_000, look_seconds=LOOK)
ONE_SLICE = Sizes(1_000, 500)
SLACK = 1.0  # seconds: a message begins within a second of its pause at the latest


@pytest.fixture
def jobs(store: Store, store_url: str) -> Jobs:
    return driver(store, store_url)


@pytest.fixture
def other(stage: Stage, store_url: str) -> Iterator[Stage]:
    """The same workspace, as another process sees it."""
    opened = open_store(store_url)
    yield Stage(opened, stage.workspace, stage.folder)
    opened.close()


async def do(stage: Stage, work: Callable[[Transaction], T]) -> T:
    return await asyncio.to_thread(stage.store.write, work)


async def pause(stage: Stage, trigger_id: int) -> float:
    """Pause; the moment at which it was on record."""
    assert await do(stage, lambda tx: control.pause(tx, trigger_id, "Ann"))
    return time.monotonic()


async def resume(stage: Stage, trigger_id: int) -> float:
    assert await do(stage, lambda tx: control.resume(tx, trigger_id, "Ann"))
    return time.monotonic()


async def stop(stage: Stage, trigger_id: int) -> float:
    assert await do(stage, lambda tx: control.stop(tx, trigger_id, "Ann"))
    await do(stage, lambda tx: control.rush(tx, [trigger_id]))
    return time.monotonic()


def claims(stage: Stage) -> int:
    """How many slices were ever claimed."""
    (row,) = stage.select("SELECT COALESCE(SUM(fence), 0) AS n FROM slice")
    return int(row["n"])


def held(stage: Stage) -> int:
    """How many slices somebody has in hand."""
    (row,) = stage.select("SELECT COUNT(*) AS n FROM slice WHERE owner IS NOT NULL")
    return int(row["n"])


def begun(provider: Slow, trigger_id: int, since: float = 0.0) -> list[float]:
    return [moment for moment, of in provider.begun if of == trigger_id and moment >= since]


def once_each(provider: Slow, people: int) -> bool:
    return len(provider.recipients) == people and set(provider.recipients.values()) == {1}


async def test_a_pause_ends_in_the_middle_of_a_chunk_and_a_resume_goes_on_at_once(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(300)
    provider = Slow(0.01)
    trigger_id = stage.trigger(stage.broadcast(), jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, sizes=ONE_SLICE, rules=RULES)):
        await until(lambda: len(provider.taken) >= 20)
        paused = await pause(stage, trigger_id)
        await until(lambda: held(stage) == 0)
        assert not begun(provider, trigger_id, paused + SLACK)
        reached = len(provider.taken)
        assert reached < 200, "not even the first chunk came to its end"
        claimed = claims(stage)
        await until(lambda: time.monotonic() > paused + 5 * LOOK)
        assert (len(provider.taken), claims(stage)) == (reached, claimed), "nothing is sent and nothing is claimed"
        assert stage.get(trigger_id).paused_ms is not None
        resumed = await resume(stage, trigger_id)
        await until(lambda: len(provider.taken) > reached)
        assert begun(provider, trigger_id, resumed)[0] < resumed + 2.0
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 300}
    assert once_each(provider, 300)


async def test_one_is_stopped_and_the_other_goes_on(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(150)
    provider = Slow(0.01, connections=4)
    one, two = (stage.trigger(stage.broadcast(), jobs=jobs) for _ in range(2))
    async with stage.working(stage.worker(provider, jobs, sizes=ONE_SLICE, rules=RULES)):
        await until(lambda: len(begun(provider, one)) >= 20 and len(begun(provider, two)) >= 20)
        stopped = await stop(stage, one)
        await stage.finished(one)
        assert not begun(provider, one, stopped + SLACK)
        assert stage.get(two).state is TriggerState.SENDING, "the other one is at it still"
        await stage.finished(two)
    sums = stage.sums(one)
    assert sums.keys() == {"sent", "stopped trigger_stopped"}
    assert sums["sent"] == len(begun(provider, one)) < 150
    assert stage.sums(two) == {"sent": 150}


async def test_one_that_is_stopped_while_it_is_paused_comes_to_its_end(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(200)
    provider = Slow(0.01)
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast, jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, sizes=ONE_SLICE, rules=RULES)):
        await until(lambda: len(provider.taken) >= 10)
        await pause(stage, trigger_id)
        await until(lambda: held(stage) == 0)
        reached = len(provider.taken)
        await asyncio.to_thread(stage.stop, broadcast)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": reached, "stopped broadcast_stopped": 200 - reached}
    assert len(provider.taken) == reached


async def test_the_higher_priority_is_sent_first(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(60)
    provider = Slow(0.002, connections=1)
    low, high = (stage.trigger(stage.broadcast()) for _ in range(2))
    for trigger_id in (low, high):
        await stage.resolver(sizes=Sizes(1_000, 20)).run_once(trigger_id)
    await do(stage, lambda tx: control.change(tx, high, priority=5, rate=None, spread_until_ms=None, by="Ann"))
    async with stage.working(stage.worker(provider, jobs, rules=replace(RULES, slots=1))):
        await stage.finished(high)
        await stage.finished(low)
    # The driver's slot and the worker's own find may have one slice each.
    assert begun(provider, high)[-1] < begun(provider, low)[30]


async def test_a_small_one_does_not_wait_for_a_large_one_that_is_slow(stage: Stage, jobs: Jobs) -> None:
    few = stage.crowd(3_000)[:50]
    provider = Slow(0.01, connections=2)  # the large one alone would take fifteen seconds at least
    large = stage.trigger(stage.broadcast(), jobs=jobs)
    segment = stage.segment(few)
    async with stage.working(stage.worker(provider, jobs, rules=RULES)):
        await until(lambda: len(begun(provider, large)) >= 50)
        before = len(begun(provider, large))
        broadcast = stage.broadcast(recipients={"segment": {"id": segment}})
        small = await asyncio.to_thread(stage.trigger, broadcast, None, jobs)
        await stage.finished(small)
        between = len(begun(provider, large)) - before
        await stop(stage, large)
        await stage.finished(large)
    assert stage.sums(small) == {"sent": 50}
    assert between < 1_000, "long before the end of the large one, or of its slices in hand"
    assert {"sent", "stopped trigger_stopped"} == stage.sums(large).keys()


async def test_a_rate_holds_over_all_processes(stage: Stage, other: Stage, store_url: str) -> None:
    stage.crowd(80)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver(sizes=Sizes(1_000, 20)).run_once(trigger_id)
    rate, began = Rate(20, 1_000), time.monotonic()
    await do(stage, lambda tx: control.change(tx, trigger_id, priority=0, rate=rate, spread_until_ms=None, by="Ann"))
    providers = [Slow(), Slow()]
    workers = [
        where.worker(provider, driver(where.store, store_url), rules=RULES)
        for where, provider in zip((stage, other), providers, strict=True)
    ]
    async with stage.working(*workers):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 80}
    moments = sorted(moment for provider in providers for moment, _ in provider.begun)
    assert len(moments) == 80
    # At most a second's worth at once, and the rate from then on, counted from when it was set.
    for no, moment in enumerate(moments, start=1):
        assert no <= 20 * (moment - began) + 20, f"message {no} after {moment - began:.2f} s"
    assert moments[-1] - began < 30


async def test_a_spread_takes_its_time_and_ends_with_it(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(60)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver(sizes=Sizes(1_000, 20)).run_once(trigger_id)
    until_ms = stage.store.read(lambda tx: tx.now_ms()) + 4_000
    spread = partial(control.change, trigger_id=trigger_id, priority=0, rate=None, spread_until_ms=until_ms, by="Ann")
    provider, began = Slow(), time.monotonic()
    assert await do(stage, spread)
    async with stage.working(stage.worker(provider, jobs, rules=RULES)):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 60}
    moments = [moment - began for moment, _ in provider.begun]
    # Sixty in four seconds; a second's worth may go at once, and half a second is for this machine's own delays.
    for no, moment in enumerate(moments):
        assert no <= 15 * (moment + 0.5) + 15, f"message {no} after {moment:.2f} s"
    assert 2.0 < moments[-1] < 30.0


async def test_whose_time_runs_out_in_mid_send_is_stopped(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(500)
    provider = Slow(0.02)
    trigger_id = stage.trigger(stage.broadcast(), {"expires_after": 2}, jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, sizes=ONE_SLICE, rules=RULES)):
        await stage.finished(trigger_id)
    sums = stage.sums(trigger_id)
    assert sums.keys() == {"sent", "stopped expired"}
    assert sums["sent"] == len(provider.taken)
    assert provider.begun[-1][0] - provider.begun[0][0] < 2 + SLACK
    assert stage.get(trigger_id).failure == "expired"


async def test_a_scheduled_one_starts_by_itself_and_a_cancelled_one_does_not(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(5)
    provider = Slow()
    at_s = stage.store.read(lambda tx: tx.now_ms()) // 1_000 + 2
    goes, does_not = (stage.trigger(stage.broadcast(), {"scheduled_at": at_s}, jobs=jobs) for _ in range(2))
    rules = replace(RULES, overdue_ms=600_000)  # nor does it wait until new ones count as forgotten by the driver
    async with stage.working(stage.worker(provider, jobs, rules=rules)):
        assert await do(stage, lambda tx: control.cancel(tx, does_not, "Ann"))
        await stage.finished(goes)
    assert stage.sums(goes) == {"sent": 5}
    frozen_ms = stage.get(goes).audience_ms
    assert frozen_ms is not None
    assert frozen_ms >= at_s * 1_000, "it is for the people of that moment, not of an earlier one"
    assert stage.sums(does_not) == {}
    assert stage.get(does_not).state is TriggerState.STOPPED


async def ask(stage: Stage, jobs: Jobs, trigger_id: int, kind: Repeat, *reasons: Reason, may: bool = False) -> None:
    trigger = stage.get(trigger_id)
    await do(
        stage,
        lambda tx: again.ask(tx, trigger, kind, reasons, by="Ann", may_double=may, submit=jobs.submit_resolve),
    )


async def test_sent_again_to_some(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(30)
    script = {f"p{n}@x.test": [Fails(Permanent("550 no such user", Reason.REFUSED))] for n in (3, 4, 5)}
    doubtful = {f"p{n}@x.test": [Fails(Unknown("connection lost"), handed=True)] for n in (7, 8)}
    provider = Scripted({**script, **doubtful})
    trigger_id = stage.trigger(stage.broadcast(), jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, rules=RULES)):
        await stage.finished(trigger_id)
        assert stage.sums(trigger_id)["sent"] == 25
        asked = time.monotonic()
        await ask(stage, jobs, trigger_id, Repeat.FAILED)
        await until(lambda: stage.sent(trigger_id) == 28)
        assert time.monotonic() - asked < 3, "nobody waits for the reconciler"
        await stage.finished(trigger_id)
        await ask(stage, jobs, trigger_id, Repeat.IN_DOUBT, may=True)
        await until(lambda: stage.sent(trigger_id) == 30)
        await stage.finished(trigger_id)
        await asyncio.to_thread(stage.crowd, 4, 31)
        await ask(stage, jobs, trigger_id, Repeat.JOINED_SINCE)
        await until(lambda: stage.sent(trigger_id) == 34)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 34}
    assert stage.get(trigger_id).state is TriggerState.DONE
    assert sorted(provider.recipients) == sorted(f"p{n}@x.test" for n in range(1, 35))


def edit(stage: Stage, trigger_id: int, tx: Transaction) -> bool:
    trigger = triggers.get(tx, trigger_id)
    assert trigger is not None
    return apply_content(tx, stage.workspace, trigger, "Ann")


async def test_an_applied_edit_is_in_later_messages_and_another_action_is_refused(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(300)
    provider = Slow(0.005)
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast, jobs=jobs)
    after = EmailContent(subject="Corrected", body=MAIL.body, sender=MAIL.sender)
    rules = replace(RULES, chunk_rows=20)
    async with stage.working(stage.worker(provider, jobs, sizes=ONE_SLICE, rules=rules)):
        await until(lambda: len(provider.taken) >= 30)
        action = replace(broadcast.actions[0], content=after)
        await do(stage, lambda tx: broadcasts.update_action(tx, action))
        assert await do(stage, partial(edit, stage, trigger_id))
        reached = len(provider.taken)
        await until(lambda: len(provider.taken) >= reached + 100)
        await do(stage, lambda tx: broadcasts.add_action(tx, broadcast, "Another", MAIL))
        with pytest.raises(Conflict, match="added"):
            await do(stage, partial(edit, stage, trigger_id))
        await stage.finished(trigger_id)
    new = [b"Subject: Corrected" in bytes(message.content) for message in provider.taken]
    assert not any(new[:30])
    assert all(new[reached + 2 * 20 + 2 :]), "but for what was in the open chunks"
    assert once_each(provider, 300)


async def test_while_the_provider_is_away_nothing_is_lost_and_nobody_asks_all_the_time(
    stage: Stage, jobs: Jobs
) -> None:
    stage.crowd(200)
    provider = Slow(0.002, retry_after=0.5)

    def leave(count: int) -> None:
        if count == 50:
            provider.away = True

    provider.after_each = leave
    trigger_id = stage.trigger(stage.broadcast(), jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, sizes=Sizes(1_000, 50), rules=RULES)):
        await until(lambda: provider.refused >= 1)
        before, since, worked = claims(stage), time.monotonic(), time.process_time()
        asked = provider.refused
        await until(lambda: provider.refused >= asked + 6)
        seconds = time.monotonic() - since
        assert claims(stage) - before <= 2 * (seconds / 0.5 + 2), "one try, or two, each time it may be back"
        assert time.process_time() - worked < 0.6 * seconds + 1
        assert len(provider.taken) < 60
        paused = await pause(stage, trigger_id)
        provider.away = False
        await until(lambda: held(stage) == 0)
        reached = len(provider.taken)
        await until(lambda: time.monotonic() > paused + 1.0)
        assert len(provider.taken) == reached, "it is back, but the trigger is paused"
        await resume(stage, trigger_id)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 200}
    assert once_each(provider, 200)
    assert {row["attempts"] for row in stage.select("SELECT attempts FROM delivery")} == {1}


async def test_a_stop_is_heard_while_the_provider_is_away(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(200)
    provider = Slow(0.002, retry_after=3_600)
    provider.away = True
    trigger_id = stage.trigger(stage.broadcast(), jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, sizes=Sizes(1_000, 50), rules=RULES)):
        await until(lambda: provider.refused >= 1)
        await stop(stage, trigger_id)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"stopped trigger_stopped": 200}


@pytest.mark.parametrize("how", ["paused", "stopped", "away", "paced"])
async def test_a_worker_that_ends_in_the_middle_leaves_it_to_the_next(stage: Stage, store_url: str, how: str) -> None:
    stage.crowd(200)
    provider, following = Slow(0.005), Slow()
    first, second = driver(stage.store, store_url), driver(stage.store, store_url)
    trigger_id = stage.trigger(stage.broadcast(), jobs=first)
    async with stage.working(stage.worker(provider, first, sizes=Sizes(1_000, 50), rules=RULES)):
        await until(lambda: len(provider.taken) >= 10)
        if how == "paused":
            await pause(stage, trigger_id)
        elif how == "stopped":
            await stop(stage, trigger_id)
        elif how == "away":
            provider.away = True
        else:
            rate = Rate(100, 1_000)
            await do(
                stage,
                lambda tx: control.change(tx, trigger_id, priority=0, rate=rate, spread_until_ms=None, by="Ann"),
            )
    assert held(stage) == 0
    reached = len(provider.taken)
    assert 10 <= reached < 200
    assert "in_doubt" not in " ".join(stage.sums(trigger_id))
    async with stage.working(stage.worker(following, second, rules=RULES)):
        if how == "paused":
            await resume(stage, trigger_id)
        await stage.finished(trigger_id)
    left = {"stopped trigger_stopped": 200 - reached} if how == "stopped" else {}
    assert stage.sums(trigger_id) == {"sent": reached if left else 200, **left}
    assert set((provider.recipients + following.recipients).values()) == {1}


async def test_a_small_audience_is_worked_out_beside_a_large_one(stage: Stage, jobs: Jobs) -> None:
    segment = stage.segment(stage.crowd(60)[:20])
    large = stage.trigger(stage.broadcast(), jobs=jobs)
    begun, go_on = threading.Event(), threading.Event()

    def wait_in_the_first_range(name: str) -> None:
        if name == "resolve.after_commit" and not begun.is_set():
            begun.set()
            assert go_on.wait(60)

    worker = stage.worker(Slow(), jobs, sizes=Sizes(10, 200), rules=RULES, resolving=wait_in_the_first_range)
    async with stage.working(worker):
        try:
            await until(begun.is_set)
            broadcast = stage.broadcast(recipients={"segment": {"id": segment}})
            small = stage.trigger(broadcast, jobs=jobs)
            await stage.finished(small)
            assert stage.get(large).state is TriggerState.RESOLVING
        finally:
            go_on.set()
        await stage.finished(large)
    assert stage.sums(small) == {"sent": 20}
    assert stage.sums(large) == {"sent": 60}
