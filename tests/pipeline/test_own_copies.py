# SPDX-License-Identifier: Apache-2.0
"""Copies that are messages of their own: after what was sent, once, and no account hangs on them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.deliveries import State
from clarion.domain.errors import Permanent, Temporary, Unknown
from clarion.domain.outlets import Terms
from clarion.pipeline.evidence import settle_orphan
from clarion.pipeline.flight import Mark
from clarion.pipeline.outlet import SPENT
from clarion.pipeline.retry import RetryPolicy
from clarion.pipeline.routing import Routes
from clarion.pipeline.send import SendStage
from clarion.store import copied, outlets

from .letters import MAIL, action, messages
from .providers import Fails, Scripted
from .stage import MAIL as PLAIN
from .stage import Stage, until
from .test_failover import Mail, died, finish, routes_of, used
from .test_send import Sender, chunk_of, task_for

WITH_COPIES = replace(PLAIN, bcc="b@x.test, c@x.test", fake_bcc=True)
COPIED = action(replace(MAIL, bcc="b{{ customer.cio_id | size }}@x.test, c@x.test", fake_bcc=True))


async def _sent(folder: Path, provider: Scripted, may_go_on: int = 99) -> dict[int, State]:
    """How three accounts ended, of which so many are begun."""
    sender = Sender(folder)
    chunk = chunk_of({}, {}, {})
    sender.open(chunk)
    begun = 0

    def turn_over() -> bool:
        nonlocal begun
        begun += 1
        return begun > may_go_on

    task = replace(task_for(chunk, messages(COPIED)), turn_over=turn_over)
    outcomes = await SendStage(provider, retry=RetryPolicy((7.0,)), clock=lambda: 0.0).send(task, sender.record)
    sender.record.close()
    return {outcome.key.seq: outcome.state for outcome in outcomes}


async def test_each_goes_once_whatever_becomes_of_it(tmp_path: Path) -> None:
    provider = Scripted(usual=None, script={"c@x.test": [Fails(Temporary("451")), Fails(Permanent("550", "refused"))]})
    assert await _sent(tmp_path, provider) == {1: State.SENT, 2: State.SENT, 3: State.SENT}
    assert provider.tried["c@x.test"] == 3
    assert [one.recipient for one in provider.taken].count("c@x.test") == 1
    (copy,) = (one for one in provider.taken if one.recipient == "c@x.test")
    assert copy.subject.startswith("[To a")


async def test_what_was_not_sent_is_not_copied(tmp_path: Path) -> None:
    provider = Scripted({"a2@x.test": [Fails(Permanent("550", "refused"))]})
    assert (await _sent(tmp_path, provider))[2] is State.FAILED
    assert provider.tried["c@x.test"] == 2
    assert not any("a2@x.test" in one.subject for one in provider.taken)


@pytest.mark.parametrize("connections", [1, 4])
async def test_what_was_sent_is_copied_though_the_turn_is_over(tmp_path: Path, connections: int) -> None:
    provider = Scripted(connections=connections)
    assert await _sent(tmp_path, provider, may_go_on=2) == {1: State.SENT, 2: State.SENT}
    assert provider.tried["c@x.test"] == 2
    assert len(provider.taken) == 2 + 4


def _told(stage: Stage, trigger_id: int) -> dict[str, object]:
    """What is counted of the copies of a trigger with one action."""
    (row,) = stage.store.read(lambda tx: copied.of_trigger(tx, trigger_id)).values()
    return {name: row[name] for name in ("sent", "not_sent", "unknown", "words")}


async def test_they_are_counted_apart_with_why_the_last_one_was_not_sent(stage: Stage) -> None:
    stage.crowd(12)
    trigger_id = stage.trigger(stage.broadcast(WITH_COPIES))
    script = {
        "b@x.test": [Fails(Unknown("eof"), handed=True)],
        "c@x.test": [Fails(Permanent("550 no such user", "refused"))],
    }
    provider = Mail(script)
    await stage.resolver().run_once(trigger_id)
    await finish(stage, routes_of(stage, ("only", provider, Terms(per_day=99))), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 12}
    told = _told(stage, trigger_id)
    assert told.pop("words") in {"550 no such user", "eof"}
    assert told == {"sent": 22, "not_sent": 1, "unknown": 1}
    assert list(used(stage).values()) == [12 + 22 + 1], "what may have been taken counts in the share of the day"


async def test_they_take_their_part_of_the_share_of_the_day(stage: Stage) -> None:
    stage.crowd(4)
    trigger_id = stage.trigger(stage.broadcast(WITH_COPIES))
    provider = Mail()
    await stage.resolver().run_once(trigger_id)
    async with stage.working(
        stage.worker(None, LostJobs(), routes=routes_of(stage, ("only", provider, Terms(per_day=8))))
    ):
        await until(lambda: stage.sent(trigger_id) == 2)
        await until(lambda: [one.words for one in stage.store.read(outlets.pauses).values()] == [SPENT])
    assert len(provider.taken) == 6, "a third message with its copies would be nine"
    assert list(used(stage).values()) == [6]


async def test_what_liquid_makes_beyond_the_list_is_taken_from_the_share_when_it_was_sent(stage: Stage) -> None:
    stage.crowd(1)
    three = replace(PLAIN, bcc="{% for n in (1..3) %}b{{ n }}@x.test,{% endfor %}", fake_bcc=True)
    trigger_id = stage.trigger(stage.broadcast(three))
    await stage.resolver().run_once(trigger_id)
    await finish(stage, routes_of(stage, ("only", Mail(), Terms(per_day=99))), trigger_id)
    assert _told(stage, trigger_id)["sent"] == 3
    assert list(used(stage).values()) == [4]


@pytest.mark.parametrize("late", [False, True])
async def test_of_a_dead_senders_copies_nobody_knows_and_none_is_sent_again(stage: Stage, late: bool) -> None:
    """`late`: its record is found after another worker had to doubt the whole chunk."""
    stage.crowd(5)
    trigger_id = stage.trigger(stage.broadcast(WITH_COPIES))
    provider = Mail()

    def routes() -> Routes:
        return routes_of(stage, ("only", provider, Terms(per_day=99)))

    await died(stage, routes(), trigger_id, {0: Mark.SENT, 1: Mark.SENT})
    (path,) = (stage.folder / "flights").glob("*.flight")
    aside = stage.folder / path.name
    if late:
        path.rename(aside)
        await finish(stage, routes(), trigger_id)
        assert stage.sums(trigger_id) == {"in_doubt sender_died": 5}
        aside.rename(path)
        assert settle_orphan(stage.store, path, RetryPolicy(())) == 5
    await finish(stage, routes(), trigger_id)
    assert stage.sums(trigger_id) == {"sent": 5}
    told = _told(stage, trigger_id)
    assert "died" in str(told.pop("words"))
    assert told == {"sent": 6, "not_sent": 0, "unknown": 4}
    assert provider.tried["b@x.test"] == provider.tried["c@x.test"] == 3
