# SPDX-License-Identifier: Apache-2.0
"""A chunk through a provider: every verdict, what the flight record knows each moment, and stopping in the middle."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clarion.channels.base import Capabilities, Source
from clarion.domain.broadcasts import DoubtPolicy
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.errors import Away, Permanent, Temporary, Throttled, Unknown
from clarion.pipeline import flight
from clarion.pipeline.chunk_source import Task
from clarion.pipeline.claim import Chunk
from clarion.pipeline.compose import Messages
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.flight import ChunkName, FlightRecord, Mark
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.send import SendStage

from .letters import MAIL, action, messages, row
from .providers import Fails, Hangs, Scripted
from .stage import Broken, breaking_at

NOW = 10**12
RETRY = RetryPolicy((7.0,))  # two attempts


def chunk_of(*rows: dict[str, Any]) -> Chunk:
    """Accounts of people 1, 2 and so on, whose addresses are ``a1@x.test`` …, with what differs from the usual."""
    made = [
        row(**{"seq": seq, "person_id": seq, "alive": seq, "email": f"a{seq}@x.test", **others})
        for seq, others in enumerate(rows, start=1)
    ]
    return Chunk(tuple(made), NOW)


def task_for(
    chunk: Chunk,
    made: Messages | None = None,
    *,
    doubt: DoubtPolicy = DoubtPolicy.HOLD,
    suppressed: frozenset[int] = frozenset(),
    may_send: Callable[[], bool] = lambda: True,
    stopping: asyncio.Event | None = None,
) -> Task:
    return Task(1, chunk, made or messages(action(MAIL)), doubt, suppressed, may_send, stopping or asyncio.Event())


class Sender:
    """A send stage with an open flight record for each chunk."""

    def __init__(self, folder: Path) -> None:
        self.record = FlightRecord(folder, "sender")
        self.stopping = asyncio.Event()

    def open(self, chunk: Chunk) -> None:
        name = ChunkName(1, 0, 1, 1, chunk.last_seq)
        keys = [(DeliveryKey(1, r["seq"], r["action_id"]), r["attempts"]) for r in chunk.rows]
        self.record.prepare(name, keys)
        self.record.activate()

    async def __call__(
        self,
        provider: Scripted,
        chunk: Chunk,
        *,
        drain_seconds: float = 3.0,
        failpoint: Failpoint = nothing,
        doubt: DoubtPolicy = DoubtPolicy.HOLD,
        suppressed: frozenset[int] = frozenset(),
    ) -> dict[int, Outcome]:
        self.open(chunk)
        stage = SendStage(provider, retry=RETRY, drain_seconds=drain_seconds, failpoint=failpoint, clock=lambda: 0.0)
        task = task_for(chunk, doubt=doubt, suppressed=suppressed, stopping=self.stopping)
        outcomes = await stage.send(task, self.record)
        found = {outcome.key.seq: outcome for outcome in outcomes}
        assert len(found) == len(outcomes)
        return found

    def marks(self) -> list[Mark]:
        (half,) = flight.read(self.record.path)
        return [trace.mark for trace in half.traces]


@pytest.fixture
async def sender(tmp_path: Path) -> Any:
    made = Sender(tmp_path)
    yield made
    made.record.close()


def shown(outcome: Outcome) -> tuple[State, Reason | None, str | None, int, bool]:
    return outcome.state, outcome.reason, outcome.words, outcome.due_ms and outcome.due_ms - NOW, outcome.counted


async def test_every_verdict_in_one_chunk(sender: Sender) -> None:
    provider = Scripted(
        {
            "a2@x.test": [Fails(Temporary("451 later"))],
            "a3@x.test": [Fails(Temporary("451 after the dot"), handed=True)],
            "a4@x.test": [Fails(Throttled("421 slow", 2.5))],
            "a5@x.test": [Fails(Permanent("550 no", "too_large"))],
            "a6@x.test": [Fails(Permanent("554 no", "refused"), handed=True)],
            "a7@x.test": [Fails(Unknown("eof"), handed=True)],
            "a8@x.test": [Fails(RuntimeError("bug"))],
            "a9@x.test": [Fails(KeyError("bug"), handed=True)],
            "a10@x.test": [Fails(Temporary("451 last"))],
        }
    )
    chunk = chunk_of(
        *[{}] * 9,
        {"attempts": 1},
        {"unsubscribed": 1},
        {"alive": None},
        {"alive": None},
        {"attributes": "{}"},
        {"email": "nonsense"},
        {"email": None},
    )
    found = await sender(provider, chunk, suppressed=frozenset({13}))
    assert {seq: shown(outcome) for seq, outcome in found.items()} == {
        1: (State.SENT, None, "250 kept a1@x.test", 0, True),
        2: (State.QUEUED, None, "451 later", 7_000, True),
        3: (State.QUEUED, None, "451 after the dot", 7_000, True),
        4: (State.QUEUED, None, "421 slow", 2_500, False),
        5: (State.FAILED, Reason.TOO_LARGE, "550 no", 0, True),
        6: (State.FAILED, Reason.REFUSED, "554 no", 0, True),
        7: (State.IN_DOUBT, Reason.NO_ANSWER, "eof", 0, True),
        8: (State.QUEUED, None, "internal error: bug", 7_000, True),
        9: (State.IN_DOUBT, Reason.NO_ANSWER, "internal error: 'bug'", 0, True),
        10: (State.FAILED, Reason.GAVE_UP, "451 last", 0, True),
        11: (State.SKIPPED, Reason.UNSUBSCRIBED, None, 0, False),
        12: (State.SKIPPED, Reason.DELETED, None, 0, False),
        13: (State.SKIPPED, Reason.SUPPRESSED, None, 0, False),
        14: (State.FAILED, Reason.RENDER_FAILED, found[14].words, 0, True),
        15: (State.FAILED, Reason.INVALID_ADDRESS, found[15].words, 0, True),
        16: (State.SKIPPED, Reason.NO_ADDRESS, None, 0, False),
    }
    assert all(found[seq].recipient == f"a{seq}@x.test" for seq in range(1, 11))
    handed = [Mark.SENT, Mark.TEMPORARY, Mark.TEMPORARY, Mark.THROTTLED, Mark.PERMANENT, Mark.PERMANENT]
    handed += [Mark.HANDED_OVER, Mark.TEMPORARY, Mark.HANDED_OVER, Mark.TEMPORARY]
    assert sender.marks() == handed + [Mark.UNTOUCHED] * 6
    assert provider.tried.total() == 10


async def test_what_was_only_put_off_for_a_day_is_given_up(sender: Sender) -> None:
    provider = Scripted(usual=Fails(Throttled("421 slow", 2.0)))
    day_ms = int(RETRY.put_off_s * 1_000)
    found = await sender(provider, chunk_of({"attempted_ms": NOW - day_ms}, {"attempted_ms": NOW - day_ms + 1}, {}))
    assert [found[seq].state for seq in (1, 2, 3)] == [State.FAILED, State.QUEUED, State.QUEUED]
    assert (found[1].reason, found[1].words) == (Reason.GAVE_UP, "put off again and again: 421 slow")


async def test_a_broadcast_that_resends_what_is_in_doubt(sender: Sender) -> None:
    provider = Scripted(usual=Fails(Unknown("eof"), handed=True))
    found = await sender(provider, chunk_of({}, {"attempts": 1}), doubt=DoubtPolicy.RESEND)
    assert (found[1].state, found[1].due_ms) == (State.QUEUED, NOW + 5_000)
    assert found[2].state is State.IN_DOUBT


async def test_one_persons_odd_data_costs_nobody_elses_message(sender: Sender) -> None:
    found = await sender(Scripted(), chunk_of({}, {"attributes": "not json"}, {"data": "["}, {}))
    assert [found[seq].state for seq in range(1, 5)] == [State.SENT, State.FAILED, State.FAILED, State.SENT]
    for seq in (2, 3):
        assert found[seq].reason is Reason.RENDER_FAILED
        assert (found[seq].words or "").startswith("internal error: ")


async def test_accounts_of_one_person_are_told_apart(sender: Sender) -> None:
    chunk = chunk_of({}, {}, {})
    second = replace(chunk, rows=(*chunk.rows, row(seq=3, action_id=1, person_id=3, alive=3, email="b@x.test")))
    sender.open(second)
    provider = Scripted({"a2@x.test": [Fails(Permanent("550", "refused"))]}, connections=1)
    stage = SendStage(provider, retry=RETRY)
    both = messages(action(MAIL), action(MAIL, action_id=2))
    rows = tuple({**r, "seq": 1 + n // 2, "action_id": 1 + n % 2} for n, r in enumerate(second.rows))
    outcomes = await stage.send(task_for(replace(second, rows=rows), both), sender.record)
    assert [(o.key.seq, o.key.action_id, o.state) for o in outcomes] == [
        (1, 1, State.SENT),
        (1, 2, State.FAILED),
        (2, 1, State.SENT),
        (2, 2, State.SENT),
    ]


# -- what is on record at each moment ---------------------------------------------------------------------------------


async def test_the_record_is_a_step_ahead_of_the_message(sender: Sender) -> None:
    seen: list[tuple[str, list[Mark]]] = []

    def look(name: str) -> None:
        seen.append((name, sender.marks()))

    script = {"a2@x.test": [Fails(Permanent("550 no", "refused"))]}
    await sender(Scripted(script, connections=1), chunk_of({}, {}), failpoint=look)
    assert seen == [
        ("send.composed", [Mark.UNTOUCHED, Mark.UNTOUCHED]),
        ("send.handed_over", [Mark.HANDED_OVER, Mark.UNTOUCHED]),
        ("send.answered", [Mark.SENT, Mark.UNTOUCHED]),
        ("send.composed", [Mark.SENT, Mark.UNTOUCHED]),
        ("send.answered", [Mark.SENT, Mark.PERMANENT]),
    ]


@pytest.mark.parametrize("name", ["send.composed", "send.answered"])
async def test_after_a_defect_nobody_goes_on_behind_our_back(sender: Sender, name: str) -> None:
    provider = Scripted({"a1@x.test": [Hangs()], "a2@x.test": [Hangs(handed=False)]}, connections=3)
    with pytest.raises(Broken):
        await sender(provider, chunk_of(*[{}] * 8), failpoint=breaking_at(name, 4 if name == "send.composed" else 1))
    assert provider.at_once == 0
    tried = provider.tried.total()
    marks = sender.marks()
    assert marks[:3] == [Mark.HANDED_OVER, Mark.UNTOUCHED, Mark.SENT]
    provider.release.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert (provider.tried.total(), sender.marks()) == (tried, marks)


# -- connections ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("connections", "people"), [(1, 6), (3, 25), (8, 4)])
async def test_as_many_at_once_as_there_are_connections(sender: Sender, connections: int, people: int) -> None:
    provider = Scripted(connections=connections)
    found = await sender(provider, chunk_of(*[{}] * people))
    assert [found[seq].state for seq in range(1, people + 1)] == [State.SENT] * people
    assert sorted(provider.tried.values()) == [1] * people
    assert provider.most_at_once == min(connections, people)


async def test_chunks_at_once_share_the_connections(tmp_path: Path) -> None:
    provider = Scripted(connections=3)
    stage = SendStage(provider, retry=RETRY)
    records = [FlightRecord(tmp_path, f"slot{n}") for n in range(4)]

    async def send(record: FlightRecord) -> int:
        chunk = chunk_of(*[{}] * 10)
        record.prepare(ChunkName(1, 0, 1, 1, 10), [(DeliveryKey(1, seq, 1), 0) for seq in range(1, 11)])
        record.activate()
        return len(await stage.send(task_for(chunk), record))

    assert await asyncio.gather(*map(send, records)) == [10] * 4
    assert provider.most_at_once == 3
    for record in records:
        record.close()


# -- stopping ------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped_when_reached(sender: Sender) -> Iterator[Any]:
    """Stop the sender as soon as a message hangs in the provider."""
    tasks: list[asyncio.Task[None]] = []

    def arrange(provider: Scripted, *, release: bool) -> None:
        async def stop() -> None:
            await provider.reached.wait()
            sender.stopping.set()
            if release:
                provider.release.set()

        tasks.append(asyncio.create_task(stop()))

    yield arrange
    assert all(task.done() for task in tasks)


async def test_stopped_before_the_first(sender: Sender) -> None:
    sender.stopping.set()
    provider = Scripted()
    assert await sender(provider, chunk_of({}, {}, {})) == {}
    assert provider.tried.total() == 0
    assert sender.marks() == [Mark.UNTOUCHED] * 3


async def test_what_was_begun_is_finished(sender: Sender, stopped_when_reached: Any) -> None:
    provider = Scripted({"a3@x.test": [Hangs()], "a4@x.test": [Hangs(handed=False)]}, connections=2)
    stopped_when_reached(provider, release=True)
    found = await sender(provider, chunk_of(*[{}] * 9))
    assert {outcome.state for outcome in found.values()} == {State.SENT}
    assert found.keys() == {1, 2, 3}  # the fourth was taken but not begun when the word came
    assert sender.marks() == [Mark.SENT] * 3 + [Mark.UNTOUCHED] * 6
    assert provider.tried.total() == 4


async def test_what_does_not_end_is_cut_off_and_only_what_was_handed_over_is_in_doubt(
    sender: Sender, stopped_when_reached: Any
) -> None:
    script = {"a2@x.test": [Hangs(handed=False)], "a3@x.test": [Hangs()], "a4@x.test": [Hangs()]}
    provider = Scripted(script, connections=3)
    stopped_when_reached(provider, release=False)
    found = await sender(provider, chunk_of(*[{}] * 9), drain_seconds=0.05)
    assert provider.at_once == 0
    assert found[1].state is State.SENT
    in_doubt = {seq for seq, outcome in found.items() if outcome.state is State.IN_DOUBT}
    assert 3 in in_doubt
    assert in_doubt <= {3, 4}
    assert found.keys() == {1} | in_doubt
    for seq in in_doubt:
        assert (found[seq].reason, found[seq].words) == (Reason.NO_ANSWER, "stopped before the answer came")
    marks = sender.marks()
    assert [seq for seq, mark in enumerate(marks, start=1) if mark is Mark.HANDED_OVER] == sorted(in_doubt)
    assert marks[1] is Mark.UNTOUCHED
    assert marks[5:] == [Mark.UNTOUCHED] * 4


async def test_who_waits_for_a_connection_when_time_is_up_is_untouched(tmp_path: Path) -> None:
    provider = Scripted(usual=Hangs(), connections=2)
    stage = SendStage(provider, retry=RETRY, drain_seconds=0.05)
    stopping = asyncio.Event()
    first, second = Sender(tmp_path / "1"), Sender(tmp_path / "2")

    async def send(sender: Sender) -> list[Outcome]:
        chunk = chunk_of({}, {}, {})
        sender.open(chunk)
        return await stage.send(task_for(chunk, stopping=stopping), sender.record)

    both = asyncio.gather(send(first), send(second))
    await provider.reached.wait()
    stopping.set()
    outcomes = [outcome for some in await both for outcome in some]
    marks = first.marks() + second.marks()
    assert [outcome.state for outcome in outcomes] == [State.IN_DOUBT] * marks.count(Mark.HANDED_OVER)
    assert 1 <= len(outcomes) <= 2
    assert marks.count(Mark.UNTOUCHED) == 6 - len(outcomes)
    for sender in (first, second):
        sender.record.close()


# -- a provider that takes nothing ------------------------------------------------------------------------------------


class Gone:
    """Takes `takes` messages each time, then is away for a minute; then, once `back`, takes everything."""

    name = "gone"
    capabilities = Capabilities("email", 1)

    def __init__(self, error: Exception, takes: int = 2) -> None:
        self.error = error
        self.takes = takes
        self.back = False

    async def deliver(self, source: Source) -> None:
        taken = 0
        while (handover := source.take()) is not None:
            if taken == self.takes and not self.back:
                handover.untouched()
                raise self.error
            assert handover.begin()
            handover.sent("250 fine")
            taken += 1

    async def close(self) -> None:
        pass


async def test_nobody_pays_for_a_provider_that_is_away(sender: Sender) -> None:
    time = [0.0]
    provider = Gone(Away("cannot connect", 60.0))
    stage = SendStage(provider, retry=RETRY, clock=lambda: time[0])
    chunk = chunk_of(*[{}] * 5)
    sender.open(chunk)
    assert stage.is_ready()
    outcomes = await stage.send(task_for(chunk), sender.record)
    assert [outcome.state for outcome in outcomes] == [State.SENT, State.SENT]
    assert sender.marks() == [Mark.SENT, Mark.SENT] + [Mark.UNTOUCHED] * 3
    assert not stage.is_ready()
    time[0] = 59.9
    assert not stage.is_ready()
    time[0] = 60.0
    assert stage.is_ready()
    provider.back = True
    await stage.send(task_for(chunk), sender.record)
    time[0] = 0.0
    assert stage.is_ready(), "it is back, whatever the time"


async def test_when_it_may_be_back_one_chunk_asks(sender: Sender) -> None:
    class Slow(Gone):
        async def deliver(self, source: Source) -> None:
            asked.append(stage.is_ready())
            await super().deliver(source)

    asked: list[bool] = []
    time = [0.0]
    stage = SendStage(Slow(Away("cannot connect", 1.0)), retry=RETRY, clock=lambda: time[0])
    chunk = chunk_of(*[{}] * 3)
    sender.open(chunk)
    await stage.send(task_for(chunk), sender.record)
    time[0] = 1.0
    assert stage.is_ready()
    await stage.send(task_for(chunk), sender.record)
    assert asked == [True, False]
    time[0] = 2.0
    assert stage.is_ready()


async def test_what_a_crashing_provider_had_begun_is_in_doubt(sender: Sender) -> None:
    class Crashing(Gone):
        async def deliver(self, source: Source) -> None:
            first, second = source.take(), source.take()
            assert first is not None
            assert second is not None
            assert first.begin()
            raise self.error

    stage = SendStage(Crashing(RuntimeError("bug")), retry=RETRY)
    chunk = chunk_of({}, {})
    sender.open(chunk)
    (outcome,) = await stage.send(task_for(chunk), sender.record)
    assert (outcome.key.seq, outcome.state, outcome.reason) == (1, State.IN_DOUBT, Reason.NO_ANSWER)
    assert not stage.is_ready()


async def test_paused_between_two_messages(sender: Sender) -> None:
    provider = Scripted(connections=1)
    chunk = chunk_of(*[{}] * 4)
    sender.open(chunk)
    stage = SendStage(provider, retry=RETRY)
    outcomes = await stage.send(task_for(chunk, may_send=lambda: len(provider.taken) < 2), sender.record)
    assert [outcome.key.seq for outcome in outcomes] == [1, 2]
    assert sender.marks() == [Mark.SENT, Mark.SENT, Mark.UNTOUCHED, Mark.UNTOUCHED]
