# SPDX-License-Identifier: Apache-2.0
"""Whole workers with their real drivers, on both engines: from the call to the last account."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from email import message_from_bytes
from functools import partial
from typing import Any

import pytest
from tests.support.jobs import LostJobs, driver

from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, State
from clarion.domain.errors import Permanent, Temporary, Throttled, Unknown
from clarion.domain.messages import EmailMessage
from clarion.domain.people import IdKind, Reference
from clarion.domain.triggers import TriggerState
from clarion.pipeline import evidence, flight
from clarion.pipeline.flight import ChunkName, FlightRecord
from clarion.pipeline.resolve import Sizes
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.worker import WorkerRules
from clarion.store import people
from clarion.store.engine import Store, Transaction
from clarion.store.jobs import Jobs
from clarion.store.opening import open_store

from .providers import Fails, Hangs, Scripted
from .stage import LEASE, MAIL, Stage, until
from .test_resolve_data_file import Host

SIZES = Sizes(range_people=20, slice_people=8)
# Nobody looks for work by themselves: what is done was driven.
DRIVEN = WorkerRules(chunk_rows=10, lease_ms=LEASE, reconcile_seconds=600, overdue_ms=600_000, look_seconds=600)
ONE_SLOT = WorkerRules(slots=1, chunk_rows=5, lease_ms=LEASE, reconcile_seconds=0.05, overdue_ms=0, look_seconds=0.05)


@pytest.fixture
def jobs(store: Store, store_url: str) -> Jobs:
    return driver(store, store_url)


def addresses(numbers: Iterable[int]) -> list[str]:
    return sorted(f"p{n}@x.test" for n in numbers)


def attempts(stage: Stage, trigger_id: int) -> dict[str, tuple[str, int]]:
    """State and attempts by the person's id."""
    text = """SELECT p.id, d.state, d.attempts FROM delivery d JOIN person p ON p.person_id = d.person_id
              WHERE d.trigger_id = :t"""
    rows = stage.select(text, t=trigger_id)
    return {str(row["id"]): (State(row["state"]).word, int(row["attempts"])) for row in rows}


def hasten(stage: Stage) -> None:
    """As if every pause were over."""
    stage.store.script("UPDATE delivery SET due_ms = 0 WHERE state = 0;")
    stage.store.script("UPDATE slice SET due_ms = 0 WHERE done = 0;")


# -- to the end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("submitted", ["before the worker starts", "while it runs"])
async def test_from_the_call_to_done(stage: Stage, jobs: Jobs, submitted: str) -> None:
    stage.crowd(45)
    broadcast = stage.broadcast(MAIL, MAIL)
    provider = Scripted()
    early = [stage.trigger(broadcast, jobs=jobs)] if submitted.startswith("before") else []
    async with stage.working(stage.worker(provider, jobs, sizes=SIZES, rules=DRIVEN)):
        trigger_id = early[0] if early else await asyncio.to_thread(stage.trigger, broadcast, None, jobs)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 90}
    assert sorted(provider.recipients) == sorted(addresses(range(1, 46)) * 2)
    assert len({message.delivery_id for message in provider.taken}) == 90
    trigger = stage.get(trigger_id)
    assert (trigger.state, trigger.audience, trigger.open_slices) == (TriggerState.DONE, 45, 0)
    assert not list((stage.folder / "flights").iterdir())


async def test_triggers_of_every_kind_side_by_side(stage: Stage, jobs: Jobs) -> None:
    members = stage.crowd(20)
    broadcast = stage.broadcast(recipients={"segment": {"id": stage.segment(members[:5])}})
    host = Host(b'{"id":"p1","data":{"n":1}}\nbad\n{"email":"P2@x.test"}\n')
    bodies: list[dict[str, Any]] = [
        {},
        {"recipients": {"attribute": {"field": "id", "operator": "exists"}}},
        {"emails": ["p3@x.test"]},
        {"ids": ["p4", "p5", "p4"]},
        {"per_user_data": [{"id": "p6", "data": {"x": 1}}]},
        {"data_file_url": "https://files.test/f"},
        {"ids": ["nobody"], "id_ignore_missing": True},
    ]
    provider = Scripted()
    async with stage.working(stage.worker(provider, jobs, download=host)):
        made = [await asyncio.to_thread(stage.trigger, broadcast, body, jobs) for body in bodies]
        for trigger_id in made:
            await stage.finished(trigger_id)
    sums = [stage.sums(trigger_id) for trigger_id in made]
    assert sums == [
        {"sent": 5},
        {"sent": 20},
        {"sent": 1},
        {"sent": 2, "skipped duplicate": 1},
        {"sent": 1},
        {"sent": 2},
        {},
    ]
    assert len(provider.taken) == 31
    assert [stage.get(trigger_id).state for trigger_id in made] == [TriggerState.DONE] * 7


async def test_a_broadcast_whose_actions_are_gone_is_done_without_an_account(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(12)
    broadcast = stage.broadcast()
    stage.store.script(f"DELETE FROM action WHERE broadcast_id = {broadcast.broadcast_id};")
    trigger_id = stage.trigger(broadcast, jobs=jobs)
    provider = Scripted()
    async with stage.working(stage.worker(provider, jobs, sizes=SIZES, rules=DRIVEN)):
        await stage.finished(trigger_id)
    assert (stage.get(trigger_id).state, stage.get(trigger_id).recipients) == (TriggerState.DONE, 0)
    assert stage.rows(trigger_id) == []
    assert provider.tried.total() == 0


async def test_who_changed_between_resolving_and_sending(stage: Stage, jobs: Jobs) -> None:
    numbers = stage.crowd(6)
    trigger_id = stage.trigger(stage.broadcast())
    assert await stage.resolver().run_once(trigger_id)

    def suppress(tx: Transaction) -> None:
        people.suppress(tx, stage.workspace, Reference(IdKind.ID, "p2"), numbers[1])
        people.delete(tx, numbers[1])

    stage.delete(numbers[0])
    stage.store.write(suppress)
    stage.change(numbers[2], "p3", "p3@x.test", unsubscribed=True)
    stage.change(numbers[3], "p4", None)
    stage.change(numbers[4], "p5", "new@x.test")
    provider = Scripted()
    async with stage.working(stage.worker(provider, jobs)):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {
        "sent": 2,
        "skipped deleted": 1,
        "skipped suppressed": 1,
        "skipped unsubscribed": 1,
        "skipped no_address": 1,
    }
    assert sorted(provider.recipients) == ["new@x.test", "p6@x.test"]


# -- retries ------------------------------------------------------------------------------------------------------


async def test_every_verdict_ends_where_it_should(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(30)
    again, slow = Fails(Temporary("451 later")), Fails(Throttled("421 slow", 0.0))
    provider = Scripted(
        {
            "p1@x.test": [again],
            "p2@x.test": [again, again],
            "p3@x.test": [again] * 3,
            "p4@x.test": [slow] * 6,
            "p5@x.test": [slow, again, slow, again, slow],
            "p6@x.test": [Fails(Permanent("550 no", "refused"))],
            "p7@x.test": [again, Fails(Permanent("550 no", "sender_refused"), handed=True)],
            "p8@x.test": [Fails(Unknown("eof"), handed=True)],
            "p9@x.test": [Fails(RuntimeError("bug"))],
            "p10@x.test": [Fails(RuntimeError("bug"), handed=True)],
        }
    )
    trigger_id = stage.trigger(stage.broadcast(), jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, sizes=SIZES)):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {
        "sent": 25,
        "failed gave_up": 1,
        "failed refused": 1,
        "failed sender_refused": 1,
        "in_doubt no_answer": 2,
    }
    assert {name: found for name, found in attempts(stage, trigger_id).items() if int(name[1:]) <= 11} == {
        "p1": ("sent", 2),
        "p2": ("sent", 3),
        "p3": ("failed", 3),
        "p4": ("sent", 1),
        "p5": ("sent", 3),
        "p6": ("failed", 1),
        "p7": ("failed", 2),
        "p8": ("in_doubt", 1),
        "p9": ("sent", 2),
        "p10": ("in_doubt", 1),
        "p11": ("sent", 1),
    }
    assert len(provider.taken) == len(set(provider.recipients)) == 25


async def test_a_retry_waits_for_its_time(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(12)
    provider = Scripted({"p5@x.test": [Fails(Temporary("451 later"))] * 2})
    trigger_id = stage.trigger(stage.broadcast(), jobs=jobs)
    retry = RetryPolicy((1_000.0, 2_000.0))

    def was_tried(times: int) -> bool:
        return attempts(stage, trigger_id).get("p5") == ("queued", times)

    async with stage.working(stage.worker(provider, jobs, retry=retry)):
        for made, pause_ms in ((1, 1_000_000), (2, 2_000_000)):
            await until(partial(was_tried, made))
            await until(lambda: not stage.select("SELECT no FROM slice WHERE done = 0 AND owner IS NOT NULL"))
            (due,) = stage.select("SELECT due_ms FROM slice WHERE done = 0")
            now = stage.store.read(lambda tx: tx.now_ms())
            assert pause_ms - 60_000 < due["due_ms"] - now <= pause_ms
            assert stage.sums(trigger_id) == {"sent": 11, "queued": 1}
            assert provider.tried["p5@x.test"] == made
            await until(lambda: stage.get(trigger_id).state is TriggerState.SENDING)
            hasten(stage)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 12}


async def test_short_pauses_come_to_their_end_by_themselves(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(4)
    provider = Scripted({"p2@x.test": [Fails(Temporary("451 later"))] * 3})
    trigger_id = stage.trigger(stage.broadcast(), jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, retry=RetryPolicy((0.05, 0.1, 0.2)))):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 4}
    assert attempts(stage, trigger_id)["p2"] == ("sent", 4)


async def test_in_doubt_is_handed_over_again_as_the_same_message(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(3)

    class Remembering(Scripted):
        seen: list[tuple[str, str]]

        async def send(self, message: EmailMessage, *, handed_over: Callable[[], None]) -> str:
            headers = message_from_bytes(message.content)
            self.seen.append((message.recipient, str(headers["Message-ID"])))
            return await super().send(message, handed_over=handed_over)

    provider = Remembering({"p2@x.test": [Fails(Unknown("eof"), handed=True)]})
    provider.seen = []
    trigger_id = stage.trigger(stage.broadcast(policy=DoubtPolicy.RESEND), jobs=jobs)
    async with stage.working(stage.worker(provider, jobs)):
        await until(lambda: attempts(stage, trigger_id).get("p2") == ("queued", 1))
        await until(lambda: not stage.select("SELECT no FROM slice WHERE done = 0 AND owner IS NOT NULL"))
        hasten(stage)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 3}
    assert Counter(recipient for recipient, _ in provider.seen) == {"p1@x.test": 1, "p2@x.test": 2, "p3@x.test": 1}
    assert len({message_id for recipient, message_id in provider.seen if recipient == "p2@x.test"}) == 1


# -- stopping -----------------------------------------------------------------------------------------------------


async def test_a_stop_in_mid_send_is_heard_within_the_chunk(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(80)
    broadcast = stage.broadcast()
    provider = Scripted(connections=2)

    def stop(count: int) -> None:
        if count == 15:
            stage.stop(broadcast)

    provider.after_each = stop
    trigger_id = stage.trigger(broadcast, jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, sizes=Sizes(40, 30), rules=ONE_SLOT)):
        await stage.finished(trigger_id)
    sums = stage.sums(trigger_id)
    assert sums.keys() == {"sent", "stopped broadcast_stopped"}
    assert sums["sent"] == len(provider.taken) == len(set(provider.recipients))
    assert 15 <= sums["sent"] <= 15 + 2 * 5, "one chunk of the slot, and one of the reconciler's"
    trigger = stage.get(trigger_id)
    assert (trigger.state, trigger.open_slices) == (TriggerState.STOPPED, 0)


async def test_a_stop_hurries_what_waits_for_a_retry(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(5)
    broadcast = stage.broadcast()
    provider = Scripted({"p3@x.test": [Fails(Temporary("451 later"))]})
    trigger_id = stage.trigger(broadcast, jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, retry=RetryPolicy((1_000.0,)))):
        await until(lambda: attempts(stage, trigger_id).get("p3") == ("queued", 1))
        await asyncio.to_thread(stage.stop, broadcast)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 4, "stopped broadcast_stopped": 1}


async def test_a_worker_that_is_stopped_leaves_the_rest_to_the_next(stage: Stage, store_url: str) -> None:
    stage.crowd(60)
    provider = Scripted({"p7@x.test": [Hangs()], "p9@x.test": [Hangs(handed=False)]}, connections=3)
    first = driver(stage.store, store_url)
    trigger_id = stage.trigger(stage.broadcast(), jobs=first)
    async with stage.working(stage.worker(provider, first, sizes=SIZES, drain_seconds=0.05)):
        await provider.reached.wait()
    sums = stage.sums(trigger_id)
    assert provider.at_once == 0
    assert sums["sent"] == len(provider.taken)
    assert sums.get("in_doubt no_answer", 0) <= 1
    resolved = stage.get(trigger_id).audience  # resolving stops, too, and goes on with the next worker
    assert sums["queued"] == resolved - sums["sent"] - sums.get("in_doubt no_answer", 0)
    assert not stage.select("SELECT no FROM slice WHERE owner IS NOT NULL"), "everything was given back"
    assert not list((stage.folder / "flights").iterdir())
    following = Scripted()
    second = driver(stage.store, store_url)
    async with stage.working(stage.worker(following, second, sizes=SIZES)):
        await stage.finished(trigger_id)
    taken = Counter(provider.recipients + following.recipients)
    assert set(taken.values()) == {1}
    doubted = sums.get("in_doubt no_answer", 0)
    expected = {"sent": 60 - doubted, "in_doubt no_answer": doubted}
    assert stage.sums(trigger_id) == {state: n for state, n in expected.items() if n}


# -- a queue that is no help -----------------------------------------------------------------------------------------


async def test_the_rows_are_enough_when_the_queue_has_lost_everything(stage: Stage) -> None:
    stage.crowd(50)
    jobs = LostJobs()
    provider = Scripted({"p3@x.test": [Fails(Temporary("451 later"))], "p4@x.test": [Fails(Throttled("421", 0.0))]})
    broadcast = stage.broadcast()
    made = [stage.trigger(broadcast, jobs=jobs), stage.trigger(broadcast, {"ids": ["p1", "p2"]}, jobs=jobs)]
    async with stage.working(stage.worker(provider, jobs, sizes=SIZES)):
        for trigger_id in made:
            await stage.finished(trigger_id)
    assert [stage.sums(trigger_id) for trigger_id in made] == [{"sent": 50}, {"sent": 2}]
    assert len(provider.taken) == 52


async def test_a_driver_that_breaks_is_started_again(stage: Stage, jobs: Jobs) -> None:
    class Breaking(LostJobs):
        runs = 0

        async def run(self, *, slots: int, stopping: asyncio.Event) -> None:
            Breaking.runs += 1
            raise ConnectionError("the database went away")

    stage.crowd(10)
    provider = Scripted()
    trigger_id = stage.trigger(stage.broadcast())
    async with stage.working(stage.worker(provider, Breaking(), sizes=SIZES)):
        await stage.finished(trigger_id)
    assert Breaking.runs >= 1
    assert stage.sums(trigger_id) == {"sent": 10}


# -- several ----------------------------------------------------------------------------------------------------------


async def test_two_workers_send_nobody_twice(stage: Stage, store_url: str) -> None:
    stage.crowd(120)
    other_store = open_store(store_url)
    other = Stage(other_store, stage.workspace, stage.folder)
    providers = [
        Scripted({f"p{n}@x.test": [Fails(Temporary("451 later"))] for n in range(1, 120, 7)}, connections=3)
        for _ in range(2)
    ]
    drivers = [driver(stage.store, store_url), driver(other_store, store_url)]
    rules = replace(ONE_SLOT, slots=2)
    workers = [
        where.worker(provider, jobs, sizes=SIZES, rules=rules)
        for where, provider, jobs in zip((stage, other), providers, drivers, strict=True)
    ]
    try:
        async with stage.working(*workers):
            broadcast = stage.broadcast()
            made = [await asyncio.to_thread(stage.trigger, broadcast, None, drivers[n % 2]) for n in range(2)]
            for trigger_id in made:
                await stage.finished(trigger_id)
    finally:
        other_store.close()
    for trigger_id in made:
        assert stage.sums(trigger_id) == {"sent": 120}
    delivered = Counter(message.delivery_id for provider in providers for message in provider.taken)
    assert len(delivered) == 240
    assert set(delivered.values()) == {1}


async def test_a_chunk_that_takes_longer_than_the_lease_keeps_its_slice(stage: Stage, store_url: str) -> None:
    stage.crowd(6)
    slow = Scripted({"p2@x.test": [Hangs()]})
    rules = WorkerRules(chunk_rows=10, lease_ms=150, reconcile_seconds=0.02, overdue_ms=0)
    trigger_id = stage.trigger(stage.broadcast(), jobs=(jobs := driver(stage.store, store_url)))
    other = Scripted()
    async with stage.working(stage.worker(slow, jobs, rules=rules)):
        await slow.reached.wait()
        held = stage.select("SELECT lease_ms FROM slice")[0]["lease_ms"]
        async with stage.working(stage.worker(other, driver(stage.store, store_url), rules=rules)):
            # Until the lease was extended several times, the other worker would have had it long ago.
            await until(lambda: stage.select("SELECT lease_ms FROM slice")[0]["lease_ms"] > held + 300)
            slow.release.set()
            await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 6}
    assert other.taken == []


async def test_a_sender_whose_slice_was_taken_halts_at_once(stage: Stage, store_url: str) -> None:
    stage.crowd(9)
    slow = Scripted({f"p{n}@x.test": [Hangs()] for n in range(1, 4)}, connections=3)
    rules = WorkerRules(chunk_rows=10, lease_ms=150, reconcile_seconds=0.02, overdue_ms=0)
    trigger_id = stage.trigger(stage.broadcast(), jobs=(jobs := driver(stage.store, store_url)))
    async with stage.working(stage.worker(slow, jobs, rules=rules)):
        await slow.reached.wait()

        def taken() -> bool:
            stage.store.script("UPDATE slice SET lease_ms = 0;")  # as if the database had not heard of it for long
            return bool(stage.select("SELECT fence FROM slice")[0]["fence"] > 1)

        await until(taken)
        # Whoever takes it cannot know what is in the air; the halted sender's record tells, and nobody is sent
        # twice: those that hang were handed over, the others never were.
        await until(lambda: stage.select("SELECT COUNT(*) AS n FROM delivery WHERE state = 1")[0]["n"] == 6)
    sums = stage.sums(trigger_id)
    assert len(slow.taken) == len(set(slow.recipients)) == 6
    assert sums in ({"sent": 6, "in_doubt no_answer": 3}, {"sent": 6, "in_doubt sender_died": 3})


async def test_stopped_before_it_is_handed_over_again_it_is_in_doubt(stage: Stage, jobs: Jobs) -> None:
    """Of somebody who may have the message already, the ledger must not say that they were not reached."""
    stage.crowd(3)
    broadcast = stage.broadcast(policy=DoubtPolicy.RESEND)
    provider = Scripted({"p2@x.test": [Fails(Unknown("eof"), handed=True)]})
    trigger_id = stage.trigger(broadcast, jobs=jobs)
    async with stage.working(stage.worker(provider, jobs, retry=RetryPolicy((1_000.0, 1_000.0)))):
        await until(lambda: attempts(stage, trigger_id).get("p2") == ("queued", 1))
        await asyncio.to_thread(stage.stop, broadcast)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 2, "in_doubt no_answer": 1}


@pytest.mark.parametrize("committed", [False, True])
async def test_a_stale_record_says_nothing_about_a_later_attempt(stage: Stage, jobs: Jobs, committed: bool) -> None:
    """A half of an earlier holder, even one of the very same people, must not clear a doubt that is not its own."""
    stage.crowd(2)
    provider = Scripted({"p2@x.test": [Fails(Unknown("eof"), handed=True)]})
    trigger_id = stage.trigger(stage.broadcast(), jobs=jobs)
    async with stage.working(stage.worker(provider, jobs)):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 1, "in_doubt no_answer": 1}

    flights = stage.folder / "flights"
    record = FlightRecord(flights, "host/1/dead/1")
    rows = [(DeliveryKey(trigger_id, row["seq"], row["action_id"]), 0) for row in stage.select(_ACCOUNTS)]
    record.prepare(ChunkName(trigger_id, 0, 1, 1, 2), rows)
    if committed:
        record.activate()
    record.abandon()
    (orphan,) = flight.orphans(flights)
    assert evidence.settle_orphan(stage.store, orphan, RetryPolicy()) == 0
    assert stage.sums(trigger_id) == {"sent": 1, "in_doubt no_answer": 1}
    assert flight.orphans(flights) == []


_ACCOUNTS = "SELECT seq, action_id FROM delivery ORDER BY seq"
