# SPDX-License-Identifier: Apache-2.0
"""Several accounts of one channel: who is next when one takes nothing, and what must never go to another one."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from tests.support.jobs import LostJobs

from clarion.channels.base import Capabilities
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import State
from clarion.domain.errors import Away, Temporary, Unknown
from clarion.domain.outlets import Ramp, Terms, parse_ramp
from clarion.pipeline import doubt
from clarion.pipeline.claim import ChunkRules, Work, claim
from clarion.pipeline.doubt import Decision
from clarion.pipeline.flight import FlightRecord, Mark
from clarion.pipeline.meter import UNMETERED
from clarion.pipeline.outlet import SPENT, Outlet
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import Routes
from clarion.store import attempts, outlets, retention, slices
from clarion.store.engine import Store
from clarion.store.operations import backlog
from clarion.store.outlets import Pause, Standing

from .providers import Fails, Scripted
from .stage import Stage, until

AWAY = Away("connection refused", 60.0)


class Mail(Scripted):
    """`gone`: it takes nothing at all, as long as that is set."""

    gone: Away | None = None

    def __init__(self, script: Mapping[str, Any] | None = None, *, knows_repeats: bool = False) -> None:
        super().__init__(script)
        self.capabilities = Capabilities("email", 4, recognises_repeats=knows_repeats)

    async def deliver(self, source: Any) -> None:
        if self.gone is not None:
            raise self.gone
        await super().deliver(source)


class Clock:
    """Seconds that pass when a test says so."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def routes_of(
    stage: Stage,
    *given: tuple[str, Mail] | tuple[str, Mail, Terms],
    failover: float = 10.0,
    clock: Callable[[], float] | None = None,
) -> Routes:
    """The accounts, asked in this order."""
    made = []
    for place, (name, provider, *more) in enumerate(given, start=1):
        number = stage.store.write(lambda tx, name=name: outlets.register(tx, "email", name))  # type: ignore[misc]
        terms = replace(more[0] if more else Terms(), place=place)
        tick = clock or Clock()
        made.append(Outlet(provider, tick, UNMETERED, outlet_id=number, name=name, terms=terms))
    return Routes(made, failover_seconds=failover, clock=clock or Clock())


def handed_to(stage: Stage, trigger_id: int) -> dict[int, str | None]:
    """By person, the name of the account on record."""
    names = stage.store.read(outlets.names)
    rows = stage.select("SELECT seq, outlet FROM delivery WHERE trigger_id = :t ORDER BY seq", t=trigger_id)
    return {int(row["seq"]): names.get(row["outlet"]) for row in rows}


async def died(
    stage: Stage, routes: Routes, trigger_id: int, marks: Mapping[int, Mark], *, record_lost: bool = False
) -> Work:
    """A sender opens the first chunk, comes so far with its messages (by place), and dies."""
    await stage.resolver().run_once(trigger_id)
    flights, slot = stage.folder / "flights", f"host/1/dead/{trigger_id}"
    record = FlightRecord(flights, slot)
    rules = ChunkRules(10, -1, record.prepare, routes)
    work = stage.store.write(lambda tx: claim(tx, owner=slot, flights=flights, retry=RetryPolicy(()), rules=rules))
    assert work is not None
    record.activate()
    for place, mark in marks.items():
        record.mark(place, mark)
    record.abandon()
    if record_lost:
        record.path.unlink()
    return work


async def finish(stage: Stage, routes: Routes, trigger_id: int) -> None:
    async with stage.working(stage.worker(None, LostJobs(), routes=routes)):
        await stage.finished(trigger_id)


async def test_the_next_account_takes_over_and_who_delivered_is_on_record(stage: Stage) -> None:
    stage.crowd(25)
    trigger_id = stage.trigger(stage.broadcast())
    first, second = Mail(), Mail()
    first.gone = AWAY
    await stage.resolver().run_once(trigger_id)
    await finish(stage, routes_of(stage, ("first", first), ("second", second)), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 25}
    assert len(second.taken) == 25
    assert set(handed_to(stage, trigger_id).values()) == {"second"}


def candidates(routes: Routes) -> list[str]:
    return [outlet.name for outlet in routes.by_channel["email"].candidates()]


def test_a_moment_is_waited_for_and_an_outage_is_not(stage: Stage) -> None:
    clock = Clock()
    routes = routes_of(stage, ("first", Mail()), ("second", Mail()), clock=clock)
    first, second = routes
    assert candidates(routes) == ["first", "second"]

    first._is_away(Away("slow down", 3.0))
    assert candidates(routes) == []  # nobody takes over for three seconds
    assert routes.by_channel["email"].next_try() == clock.now + 3.0
    first._is_away(Away("come back in an hour", 3_600.0))
    assert candidates(routes) == ["second"]
    first._is_away(Away("connection refused", 1.0))
    clock.now += 1.0
    assert candidates(routes) == ["first", "second"]  # it is asked again
    assert first.ask()
    assert candidates(routes) == []
    clock.now += 9.0
    assert candidates(routes) == ["second"]  # it has been away for ten seconds, and one sender asks it
    second.spent_until = clock.now + 5.0
    assert candidates(routes) == []
    first.answered()
    assert candidates(routes) == ["first"]


@pytest.mark.parametrize("record_lost", [False, True])
async def test_what_may_have_been_taken_is_never_handed_to_another_account(stage: Stage, record_lost: bool) -> None:
    """A message is in the air to A when the process dies; A is away from then on, B is there."""
    stage.crowd(6)
    trigger_id = stage.trigger(stage.broadcast(policy=DoubtPolicy.RESEND))
    first, second = Mail(), Mail()
    marks = {0: Mark.SENT, 1: Mark.HANDED_OVER}
    await died(
        stage, routes_of(stage, ("first", first), ("second", second)), trigger_id, marks, record_lost=record_lost
    )

    first.gone = AWAY
    await finish(stage, routes_of(stage, ("first", first), ("second", second)), trigger_id)
    sums = stage.sums(trigger_id)
    if record_lost:  # nobody knows which of them were handed over
        assert sums == {"in_doubt sender_died": 6}
        assert second.taken == []
        assert set(handed_to(stage, trigger_id).values()) == {"first"}
    else:
        assert sums == {"sent": 5, "in_doubt sender_died": 1}
        assert sorted(second.recipients) == [f"p{n}@x.test" for n in (3, 4, 5, 6)]
        assert handed_to(stage, trigger_id) == {1: "first", 2: "first", **dict.fromkeys((3, 4, 5, 6), "second")}


async def waits_for_its_account(stage: Stage, routes: Routes, trigger_id: int) -> None:
    """Until the first person's message was put off because its account takes none, and everybody else's is sent."""
    async with stage.working(stage.worker(None, LostJobs(), routes=routes)):
        await until(lambda: stage.sent(trigger_id) == len(stage.rows(trigger_id)) - 1)
        await until(lambda: "takes no messages now" in str(stage.rows(trigger_id)[0]["words"]))
    update = "UPDATE delivery SET due_ms = 1 WHERE trigger_id = :t AND state = 0 RETURNING seq"
    assert stage.store.write(lambda tx: tx.composed(update, {"t": trigger_id}))
    assert stage.store.write(lambda tx: tx.execute("hurry_slice", trigger_id=trigger_id, seq=1))


async def test_it_is_repeated_where_that_very_account_knows_repeats_and_waits_for_it(stage: Stage) -> None:
    stage.crowd(4)
    trigger_id = stage.trigger(stage.broadcast(policy=DoubtPolicy.RESEND))
    first = Mail({"p1@x.test": [Fails(Temporary("451 not yet"))]}, knows_repeats=True)
    second = Mail()
    accounts = ("first", first), ("second", second)
    await died(stage, routes_of(stage, *accounts), trigger_id, {0: Mark.HANDED_OVER})

    first.gone = AWAY
    await waits_for_its_account(stage, routes_of(stage, *accounts), trigger_id)
    first.gone = None
    # It is refused for now: that says nothing about the first time, so it stays where it is.
    await finish(stage, routes_of(stage, *accounts), trigger_id)
    assert first.tried["p1@x.test"] == 2
    assert "p1@x.test" in first.recipients
    assert "p1@x.test" not in second.recipients
    assert stage.sums(trigger_id) == {"sent": 4}
    assert handed_to(stage, trigger_id)[1] == "first"
    key = stage.keys(trigger_id)[0]
    noted = stage.store.read(lambda tx: attempts.heard(tx, key))
    number = stage.select("SELECT outlet FROM delivery WHERE trigger_id = :t AND seq = 1", t=trigger_id)[0]["outlet"]
    assert [one.detail["account"] for one in noted] == [number, number]  # the one in doubt, and the refusal


async def test_an_account_that_is_named_no_more_leaves_its_messages_in_doubt(stage: Stage) -> None:
    stage.crowd(3)
    trigger_id = stage.trigger(stage.broadcast(policy=DoubtPolicy.RESEND))
    first, second = Mail(knows_repeats=True), Mail(knows_repeats=True)
    await died(stage, routes_of(stage, ("first", first), ("second", second)), trigger_id, {0: Mark.HANDED_OVER})
    await finish(stage, routes_of(stage, ("second", second)), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 2, "in_doubt sender_died": 1}

    # Somebody decides for a repeat: by the same account, which is not there.
    settled = doubt.settle_all(stage.store, stage.workspace, trigger_id, Decision.RESEND)
    assert settled.settled == 1
    await finish(stage, routes_of(stage, ("second", second)), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 2, "in_doubt sender_died": 1}
    settled = doubt.settle_all(stage.store, stage.workspace, trigger_id, Decision.RESEND)
    await finish(stage, routes_of(stage, ("second", second), ("first", first)), trigger_id)
    assert first.recipients == ["p1@x.test"]
    assert Counter(second.recipients) == {"p2@x.test": 1, "p3@x.test": 1}


async def test_what_a_late_record_shows_not_to_be_taken_goes_by_any_account(stage: Stage) -> None:
    """The machine of the dead sender comes back when another has listed its whole chunk as in doubt; by then its
    account is not named any more."""
    stage.crowd(6)
    trigger_id = stage.trigger(stage.broadcast())
    first, second = Mail(), Mail()
    routes = routes_of(stage, ("first", first), ("second", second))
    await died(stage, routes, trigger_id, {0: Mark.SENT, 1: Mark.HANDED_OVER, 2: Mark.TEMPORARY})
    (record,) = (stage.folder / "flights").glob("*.flight")
    elsewhere = record.rename(stage.folder / record.name)
    await finish(stage, routes_of(stage, ("second", second)), trigger_id)
    assert stage.sums(trigger_id) == {"in_doubt sender_died": 6}

    elsewhere.rename(record)
    async with stage.working(stage.worker(None, LostJobs(), routes=routes_of(stage, ("second", second)))):
        await until(lambda: stage.sent(trigger_id) == 5)
    assert stage.sums(trigger_id) == {"sent": 5, "in_doubt sender_died": 1}
    assert sorted(second.recipients) == [f"p{n}@x.test" for n in (3, 4, 5, 6)]
    assert handed_to(stage, trigger_id) == {1: "first", 2: "first", **dict.fromkeys((3, 4, 5, 6), "second")}


async def test_what_no_account_was_chosen_for_is_not_in_doubt_when_its_sender_dies(stage: Stage) -> None:
    """The machine is gone with its record; a chunk was open, while the only account was switched off."""
    stage.crowd(3)
    trigger_id = stage.trigger(stage.broadcast())
    first = Mail()
    off = routes_of(stage, ("first", first, Terms(enabled=False)))
    await died(stage, off, trigger_id, {}, record_lost=True)
    await finish(stage, routes_of(stage, ("first", first)), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 3}


async def test_a_late_record_brings_nobody_back_whose_data_was_removed(stage: Stage) -> None:
    stage.crowd(2)
    trigger_id = stage.trigger(stage.broadcast())
    first = Mail()
    await died(stage, routes_of(stage, ("first", first)), trigger_id, {0: Mark.SENT})
    (record,) = (stage.folder / "flights").glob("*.flight")
    elsewhere = record.rename(stage.folder / record.name)
    await finish(stage, routes_of(stage, ("first", first)), trigger_id)
    assert stage.sums(trigger_id) == {"in_doubt sender_died": 2}
    assert list(retention.clear_data(stage.store, 2**60))
    elsewhere.rename(record)
    async with stage.working(stage.worker(None, LostJobs(), routes=routes_of(stage, ("first", first)))):
        await until(lambda: not record.exists())
    assert stage.sums(trigger_id) == {"sent": 1, "in_doubt sender_died": 1}
    assert first.taken == []


async def test_a_late_record_does_not_free_what_an_earlier_attempt_may_have_left(stage: Stage) -> None:
    """In doubt, repeated on request, and out again when its sender died: the record tells of the second time alone."""
    stage.crowd(1)
    trigger_id = stage.trigger(stage.broadcast())
    first, second = Mail({"p1@x.test": [Fails(Unknown("eof"), handed=True)]}), Mail()
    accounts = ("first", first), ("second", second)
    await stage.resolver().run_once(trigger_id)
    await finish(stage, routes_of(stage, *accounts), trigger_id)
    assert stage.sums(trigger_id) == {"in_doubt no_answer": 1}
    assert doubt.settle_all(stage.store, stage.workspace, trigger_id, Decision.RESEND).settled == 1
    await until(lambda: stage.store.read(slices.anything_due))
    await died(stage, routes_of(stage, *accounts), trigger_id, {})
    (record,) = (stage.folder / "flights").glob("*.flight")
    elsewhere = record.rename(stage.folder / record.name)
    await finish(stage, routes_of(stage, *accounts), trigger_id)
    assert stage.sums(trigger_id) == {"in_doubt sender_died": 1}

    first.gone = AWAY
    elsewhere.rename(record)
    async with stage.working(stage.worker(None, LostJobs(), routes=routes_of(stage, *accounts))):
        await until(lambda: "takes no messages now" in str(stage.rows(trigger_id)[0]["words"]))
    assert second.taken == []
    assert stage.sums(trigger_id) == {"queued": 1}
    assert stage.rows(trigger_id)[0]["reason"] == "sender_died"


async def test_a_repeat_that_somebody_decided_is_in_doubt_again_when_the_trigger_is_stopped_first(
    stage: Stage,
) -> None:
    stage.crowd(2)
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast)
    first = Mail()
    await died(stage, routes_of(stage, ("first", first)), trigger_id, {0: Mark.HANDED_OVER, 1: Mark.SENT})
    await finish(stage, routes_of(stage, ("first", first)), trigger_id)
    assert doubt.settle_all(stage.store, stage.workspace, trigger_id, Decision.RESEND).settled == 1
    stage.stop(broadcast)
    await finish(stage, routes_of(stage, ("first", first)), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 1, "in_doubt sender_died": 1}
    assert handed_to(stage, trigger_id)[1] == "first"


async def test_a_lone_account_repeats_as_the_broadcast_says(stage: Stage) -> None:
    stage.crowd(3)
    trigger_id = stage.trigger(stage.broadcast(policy=DoubtPolicy.RESEND))
    only = Mail()
    await died(stage, routes_of(stage, ("only", only)), trigger_id, {0: Mark.HANDED_OVER})
    update = "UPDATE delivery SET due_ms = 1 WHERE trigger_id = :t AND state = 0 RETURNING seq"

    def hurry() -> bool:
        stage.store.write(lambda tx: tx.composed(update, {"t": trigger_id}))
        stage.store.write(lambda tx: tx.execute("hurry_slice", trigger_id=trigger_id, seq=1))
        return len(only.taken) == 3

    async with stage.working(stage.worker(None, LostJobs(), routes=routes_of(stage, ("only", only)))):
        await until(hurry)
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 3}


# -- shares of a day ------------------------------------------------------------------------------------------------


def test_a_ramp() -> None:
    assert parse_ramp("50, 100,200") == Ramp((50, 100, 200))
    assert [Ramp((50, 100)).share(days) for days in range(3)] == [50, 100, None]
    growing = parse_ramp("50 x 1.5")
    assert growing is not None
    assert [growing.share(days) for days in range(4)] == [50, 75, 112, 168]
    assert growing.share(100) is None
    assert [Ramp((50,), 10.0).share(days) for days in (1, 8, 310, 365)] == [500, None, None, None]
    assert parse_ramp("  ") is None
    assert [Terms(ramp="50 x 2", per_day=120).share(days) for days in range(3)] == [50, 100, 120]
    assert Terms(ramp="50", per_day=120).share(1) == 120
    assert Terms(ramp="50").share(1) is None


@pytest.mark.parametrize("text", ["fifty", "0", "50 x 1", "50,,60", "-5", "50 x", "50, 0"])
def test_what_is_no_ramp(text: str) -> None:
    with pytest.raises(ValueError, match="the messages of the first days"):
        parse_ramp(text)


def used(stage: Stage) -> dict[int, int]:
    rows = stage.select("SELECT outlet_id, SUM(used) AS used FROM outlet_day GROUP BY outlet_id")
    return {int(row["outlet_id"]): int(row["used"]) for row in rows}


async def test_what_is_over_the_share_of_the_day_goes_to_the_next_account(stage: Stage) -> None:
    stage.crowd(40)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    new, old = Mail({"p2@x.test": [Fails(Temporary("451 not yet"))]}), Mail()
    # Two processes at once, and a share that is no multiple of a chunk.
    workers = [
        stage.worker(None, LostJobs(), routes=routes_of(stage, ("new", new, Terms(ramp="17, 400")), ("old", old)))
        for _ in range(2)
    ]
    async with stage.working(*workers):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 40}
    assert len(new.taken) == 17
    assert used(stage) == {routes_of(stage, ("new", new)).by_channel["email"].outlets[0].outlet_id: 17}
    by = Counter(handed_to(stage, trigger_id).values())
    assert by == {"new": 17, "old": 23}


async def test_without_another_account_they_wait_for_the_next_day_and_lose_no_attempt(stage: Stage) -> None:
    stage.crowd(12)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    new = Mail()

    def routes() -> Routes:
        return routes_of(stage, ("new", new, Terms(per_day=7, ramp="5, 6")))

    for _ in range(2):  # a restart changes nothing
        async with stage.working(stage.worker(None, LostJobs(), routes=routes())):
            await until(lambda: stage.sent(trigger_id) == 5)
            await until(lambda: [one.words for one in stage.store.read(outlets.pauses).values()] == [SPENT])
        assert stage.store.read(outlets.pauses) == {}, "a process that ends gives nobody nothing"
    waiting = [row for row in stage.rows(trigger_id) if row["state"] == State.QUEUED]
    assert [(row["attempts"], row["due_ms"]) for row in waiting] == [(0, 0)] * 7
    yesterday = "UPDATE outlet_day SET day = day - 1 RETURNING day"
    assert stage.store.write(lambda tx: tx.composed(yesterday, {}))
    async with stage.working(stage.worker(None, LostJobs(), routes=routes())):
        await until(lambda: stage.sent(trigger_id) == 11)  # the second day of the ramp
    assert stage.store.write(lambda tx: tx.composed(yesterday, {}))
    await finish(stage, routes(), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 12}


async def test_what_a_dead_sender_took_of_the_share_stays_taken(stage: Stage) -> None:
    stage.crowd(12)
    trigger_id = stage.trigger(stage.broadcast())
    new, old = Mail(), Mail()
    accounts = ("new", new, Terms(per_day=6)), ("old", old)
    await died(stage, routes_of(stage, *accounts), trigger_id, {0: Mark.SENT})
    await finish(stage, routes_of(stage, *accounts), trigger_id)
    assert (len(new.taken), len(old.taken)) == (0, 11)  # never more than six of the day, and here one
    assert stage.sums(trigger_id) == {"sent": 12}


async def test_repeats_take_their_part_of_the_share(stage: Stage) -> None:
    """Four of six messages are in doubt with an account that takes five a day; two were sent by it."""
    stage.crowd(6)
    trigger_id = stage.trigger(stage.broadcast(policy=DoubtPolicy.HOLD))
    silent = {f"p{n}@x.test": [Fails(Unknown("eof"), handed=True)] for n in (1, 2, 3, 4)}
    first = Mail(silent)
    await stage.resolver().run_once(trigger_id)
    await finish(stage, routes_of(stage, ("first", first)), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 2, "in_doubt no_answer": 4}
    assert doubt.settle_all(stage.store, stage.workspace, trigger_id, Decision.RESEND).settled == 4

    def routes() -> Routes:
        return routes_of(stage, ("first", first, Terms(per_day=3)), ("second", Mail()))

    async with stage.working(stage.worker(None, LostJobs(), routes=routes())):
        await until(lambda: stage.sent(trigger_id) == 5)
        await until(lambda: SPENT in str(stage.rows(trigger_id)[3]["words"]))
    assert sum(used(stage).values()) == 3
    assert stage.sums(trigger_id) == {"sent": 5, "queued": 1}
    update = "UPDATE delivery SET due_ms = 1 WHERE trigger_id = :t AND state = 0 RETURNING seq"
    assert stage.store.write(lambda tx: tx.composed(update, {"t": trigger_id}))
    assert stage.store.write(lambda tx: tx.execute("hurry_slice", trigger_id=trigger_id, seq=4))
    assert stage.store.write(lambda tx: tx.composed("UPDATE outlet_day SET day = day - 1 RETURNING day", {}))
    await finish(stage, routes(), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 6}
    assert set(handed_to(stage, trigger_id).values()) == {"first"}
    assert sum(used(stage).values()) == 4


async def test_a_repeat_that_waits_for_its_account_uses_up_nothing(stage: Stage) -> None:
    stage.crowd(1)
    trigger_id = stage.trigger(stage.broadcast())
    accounts = ("first", Mail(), Terms(per_day=3)), ("second", Mail())
    await died(stage, routes_of(stage, *accounts), trigger_id, {0: Mark.HANDED_OVER})
    await finish(stage, routes_of(stage, *accounts), trigger_id)
    assert doubt.settle_all(stage.store, stage.workspace, trigger_id, Decision.RESEND).settled == 1
    before = used(stage)
    accounts[0][1].gone = AWAY
    async with stage.working(stage.worker(None, LostJobs(), routes=routes_of(stage, *accounts))):
        await until(lambda: "takes no messages now" in str(stage.rows(trigger_id)[0]["words"]))
    assert used(stage) == before


def test_how_an_account_fares_is_told_until_it_is_noted(stage: Stage) -> None:
    """The database is away just then: the next look tells it again."""
    routes = routes_of(stage, ("first", Mail()))
    (first,) = routes
    first._is_away(Away("connection refused", 60.0))
    news = routes.news()
    assert [one.standing[1:] for one in news] == [("connection refused", 60.0, True)]
    assert routes.news() == news
    routes.told(news)
    assert routes.news() == []


def test_how_an_account_fares_is_told_by_each_process_for_itself(store: Store) -> None:
    ses, eu = (store.write(partial(outlets.register, channel="email", name=name)) for name in ("ses", "eu"))

    def note(holder: str, *news: Standing) -> dict[int, Pause]:
        store.write(partial(outlets.note_states, holder=holder, news=news))
        return store.read(outlets.pauses)

    found = note("a", Standing(ses, "refused", 60.0), Standing(eu, None))
    assert (found[ses].words, found[ses].processes, set(found)) == ("refused", 1, {ses})
    since = found[ses].since_ms
    found = note("b", Standing(ses, "503", 5.0), Standing(eu, SPENT, 30.0, failed=False))
    assert (found[ses].words, found[ses].processes, found[eu].words) == ("refused", 2, SPENT)
    found = note("a", Standing(ses, "still refused", 90.0))
    assert (found[ses].words, found[ses].since_ms) == ("still refused", since)
    assert 80_000 < found[ses].until_ms - store.read(lambda tx: tx.now_ms()) <= 90_000
    assert store.read(backlog).paused == {("email", "ses"): 2, ("email", "eu"): 1}
    # One takes messages again, one ends: only then it is closed for all.
    assert note("a", Standing(ses, None))[ses].processes == 1
    store.write(partial(outlets.end_pauses, holder="b"))
    assert store.read(outlets.pauses) == {}
    last = {row["name"]: row["failed_words"] for row in store.read(outlets.listing)}
    assert last == {"ses": "still refused", "eu": None}

    assert note("died", Standing(eu, "gone", -3_700.0)) == {}, "an hour later nobody believes the dead"
    found = note("died", Standing(ses, "gone", -3_000.0))
    assert set(found) == {ses}
    assert store.read(lambda tx: tx.now_ms()) > found[ses].until_ms


async def test_a_switch_a_place_and_a_share_are_followed_while_it_runs(stage: Stage) -> None:
    routes = routes_of(stage, ("first", Mail(), Terms(per_day=5)), ("second", Mail()))
    first, second = routes

    def set_to(outlet: Outlet, **values: object) -> bool:
        columns = {"enabled": None, "place": None, "per_second": None, "per_day": None, "ramp": None, "ramp_from": 0}
        return routes.follow([{**columns, **values, "outlet_id": outlet.outlet_id}])

    assert set_to(second, place=0)
    assert candidates(routes) == ["second", "first"]
    assert set_to(second, place=0, enabled=0)
    assert candidates(routes) == ["first"]
    assert not set_to(second, place=0, enabled=0)
    first.spent_until = 2_000.0
    assert candidates(routes) == []
    assert set_to(first, per_day="0", ramp="50 x 2", ramp_from=7)
    assert candidates(routes) == ["first"]  # what was used up may not be any more
    assert first.terms == Terms(place=1, per_day=0, ramp="50 x 2", ramp_from=7)
    assert set_to(first)
    assert first.terms.per_day == 5  # what the settings say
