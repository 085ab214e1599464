# SPDX-License-Identifier: Apache-2.0
"""Limits of recipients' domains: what waits, who does not wait behind it, and what is never above the limit."""

import time as clocks

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.deliveries import State
from clarion.domain.domain_limits import in_force
from clarion.domain.errors import SetupError
from clarion.domain.messages import EmailMessage
from clarion.pipeline.domains import DomainLimits
from clarion.pipeline.flight import FlightRecord
from clarion.pipeline.meter import UNMETERED
from clarion.pipeline.outlet import Outlet
from clarion.pipeline.permits import Permits, permits_of
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import Routes
from clarion.pipeline.send import SendStage
from clarion.pipeline.worker import WorkerRules
from clarion.settings import load
from clarion.store import domain_limits, outlets, permits
from clarion.store.engine import Store

from .clocks import Time
from .providers import Scripted
from .stage import LEASE, Stage, until
from .test_send import chunk_of, task_for


def limits_of(time: Time, given: dict[str, float]) -> DomainLimits:
    return DomainLimits(given, lambda domain, most: Permits(f"email/@{domain}", most, time.lease, time), time)


def stage_of(provider: Scripted, domains: DomainLimits, limit: Permits | None = None) -> SendStage:
    limits = {"email": limit} if limit is not None else None
    return SendStage(provider, retry=RetryPolicy((7.0,)), limits=limits, domains=domains)


async def test_others_do_not_wait_behind_a_full_domain(time: Time, record: FlightRecord) -> None:
    domains = limits_of(time, {"full.test": 1.0})
    provider = Scripted()
    full = [{"email": f"b{n}@FULL.test"} for n in range(20)]
    task = task_for(chunk_of(*full[:10], *[{}] * 10, *full[10:]))
    stage = stage_of(provider, domains)
    outcomes = await stage.send(task, record)
    await stage.close()
    # The clock stands still: nothing waited, and a permit is a second away.
    assert [outcome.key.seq for outcome in outcomes] == list(range(11, 21))
    assert sorted(key.seq for key in task.put_off) == [*range(1, 11), *range(21, 31)]
    assert set(task.put_off.values()) == {1_000}
    assert not task.left

    # The next chunk's come back behind these: twenty seconds and a little, for a permit may be used late.
    later = task_for(chunk_of(*full[:2], {}))
    await stage.send(later, record)
    assert [round(delay / 1_000) for delay in later.put_off.values()] == [21, 21]


async def test_a_chunk_of_one_domain_goes_at_its_pace(time: Time, record: FlightRecord) -> None:
    time.step = 0.0005
    domains = limits_of(time, {"x.test": 100.0})
    provider = Scripted()
    task = task_for(chunk_of(*[{}] * 30))
    stage = stage_of(provider, domains, Permits("email/smtp", 1_000.0, time.lease, time))
    outcomes = await stage.send(task, record)
    await stage.close()
    assert {outcome.state for outcome in outcomes} == {State.SENT}
    assert set(provider.tried.values()) == {1}
    assert len(outcomes) + len(task.put_off) == 30
    assert len(outcomes) > 10, "it waits for permits, as long as a chunk may"
    assert not task.left


def test_one_at_a_time_waits_and_what_was_put_off_comes_back_in_time(time: Time) -> None:
    limit = Permits("email/@x.test", 1.02, time.lease, time)
    domains = DomainLimits({"x.test": 1.02}, lambda _, __: limit, time)
    first, second = object(), object()
    assert domains.may_wait(first)
    assert not domains.may_wait(second)
    domains.waited(second)
    assert not domains.may_wait(second)
    domains.waited(first)
    assert domains.may_wait(second)
    assert domains.delay(limit, 400) == 1.0
    assert domains.delay(limit, 1) == 300.0  # their trigger may be stopped by then
    time.now += 1_000
    assert domains.delay(limit, 1) == 1.0


def most_in_a_second(moments: list[float]) -> int:
    return max(sum(start <= at < start + 1.0 for at in moments) for start in moments)


async def test_the_limit_holds_over_processes(stage: Stage) -> None:
    """Two workers, 40 a second: others are through at once, it is never more, and nobody loses an attempt."""
    if stage.store.engine != "sqlite":
        pytest.skip("the limit's time is taken as that of accounts, which is tested on both")
    for n in range(60):
        stage.person(f"g{n}", f"g{n}@gmail.test")
        stage.person(f"o{n}", f"o{n}@other.test")
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    moments: dict[str, list[float]] = {"gmail.test": [], "other.test": []}

    class Watched(Scripted):
        async def send(self, message, *, handed_over):  # type: ignore[no-untyped-def]
            moments[message.recipient.rpartition("@")[2]].append(clocks.monotonic())
            return await super().send(message, handed_over=handed_over)

    rules = WorkerRules(chunk_rows=30, lease_ms=LEASE, reconcile_seconds=60, overdue_ms=0, look_seconds=0.05)
    workers = [
        stage.worker(
            None,
            LostJobs(),
            routes=Routes([Outlet(Watched(), clocks.monotonic, UNMETERED)]),
            domains=shared(stage),
            rules=rules,
        )
        for _ in range(2)
    ]
    async with stage.working(*workers):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 120}
    assert {row["attempts"] for row in stage.rows(trigger_id)} == {1}
    assert most_in_a_second(moments["gmail.test"]) <= 40
    assert max(moments["other.test"]) < sorted(moments["gmail.test"])[45]


def shared(stage: Stage, **given: float) -> DomainLimits:
    """As processes have them, whose limits' time is in one database."""
    return DomainLimits(
        given or {"gmail.test": 40.0}, lambda domain, most: permits_of(stage.store, f"email/@{domain}", most)
    )


async def test_what_is_put_off_is_not_tried(stage: Stage) -> None:
    stage.crowd(2)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    limit = Permits("email/@x.test", 0.001, lambda span_us: (_ for _ in ()).throw(OSError("away")))
    worker = stage.worker(Scripted(), LostJobs(), domains=DomainLimits({"x.test": 0.001}, lambda _, __: limit))
    async with stage.working(worker):
        await until(lambda: all(row["due_ms"] for row in stage.rows(trigger_id)))
    shown = [(row["state"], row["attempts"], row["attempted_ms"], row["words"]) for row in stage.rows(trigger_id)]
    assert shown == [(State.QUEUED, 0, None, None)] * 2


def mail_to(domain: str) -> EmailMessage:
    return EmailMessage("test", "n@x.test", f"ann@{domain}", "s", b"")


async def test_what_somebody_changes_is_followed(time: Time) -> None:
    domains = limits_of(time, {"a.test": 5.0, "b.test": 5.0})
    same = domains.limit_of(mail_to("a.test"))
    assert not await domains.follow({}), "nothing is new"
    assert await domains.follow({"b.test": 2.0, "C.test".lower(): 1.0})
    assert domains.limit_of(mail_to("A.test")) is same, "what it has of its time is not thrown away"
    slower, new = domains.limit_of(mail_to("b.test")), domains.limit_of(mail_to("c.test"))
    assert slower is not None
    assert new is not None
    assert round(slower.spacing, 3) == 0.51
    assert await domains.follow({"a.test": 0.0, "b.test": 0.0})
    assert [domains.limit_of(mail_to(f"{one}.test")) for one in "abc"] == [None] * 3
    assert not domains
    assert await domains.follow({})
    assert domains.limit_of(mail_to("a.test")) is not None


async def test_a_worker_that_runs_follows(stage: Stage) -> None:
    """It began without a limit. Nothing gets past the one that is set; when it is lifted, everything goes."""
    if stage.store.engine != "sqlite":
        pytest.skip("what is stored is tested on both, the worker is the same")
    number = stage.store.write(lambda tx: outlets.register(tx, "email", "smtp"))
    stage.store.write(lambda tx: permits.take(tx, "email/@x.test", 40_000_000))  # somebody has what is due
    domains = DomainLimits({}, lambda domain, most: permits_of(stage.store, f"email/@{domain}", most))
    worker = stage.worker(
        None,
        LostJobs(),
        routes=Routes([Outlet(Scripted(), clocks.monotonic, UNMETERED, outlet_id=number)]),
        domains=domains,
    )
    async with stage.working(worker):
        stage.store.write(lambda tx: domain_limits.change(tx, "x.test", 0.001))
        await until(lambda: bool(domains))
        stage.crowd(2)
        trigger_id = stage.trigger(stage.broadcast())
        await stage.resolver().run_once(trigger_id)
        await until(lambda: all(row["due_ms"] for row in stage.rows(trigger_id)))
        stage.store.write(lambda tx: domain_limits.change(tx, "x.test", 0.0))
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 2}


def test_what_is_changed_is_kept(store: Store) -> None:
    def change(domain: str, most: float | None) -> dict[str, float]:
        store.write(lambda tx: domain_limits.change(tx, domain, most))
        return store.read(domain_limits.changed)

    assert change("b.test", 2.5) == {"b.test": 2.5}
    assert change("a.test", 0.0) == {"a.test": 0.0, "b.test": 2.5}
    assert change("b.test", 7) == {"a.test": 0.0, "b.test": 7.0}
    assert change("b.test", None) == {"a.test": 0.0}
    assert change("b.test", None) == {"a.test": 0.0}
    assert in_force({"a.test": 1.0, "b.test": 3.0}, store.read(domain_limits.changed)) == {"b.test": 3.0}


def test_how_they_are_set() -> None:
    given = {"CLARION_EMAIL_PER_DOMAIN": "Gmail.com = 100, outlook.com=2.5,"}
    assert load(environment=given).per_domain == {"gmail.com": 100.0, "outlook.com": 2.5}
    for wrong in ("gmail=1", "gmail.com", "gmail.com=0", "gmail.com=many", "gmail.com=-1", "=5"):
        with pytest.raises(SetupError, match=r"email\.per_domain"):
            load(environment={"CLARION_EMAIL_PER_DOMAIN": wrong})
