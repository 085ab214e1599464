# SPDX-License-Identifier: Apache-2.0
"""Counters by language and of what is not tracked say what counting accounts would say, whoever died meanwhile."""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.broadcasts import Broadcast, SendingState, Variant
from clarion.domain.deliveries import DeliveryKey, Reason, State
from clarion.domain.errors import Permanent, Unknown
from clarion.domain.metrics import metrics_of
from clarion.domain.series import HOUR_MS, edges
from clarion.domain.triggers import Repeat
from clarion.pipeline import feedback
from clarion.pipeline.again import ask, work_off
from clarion.pipeline.claim import ChunkRules, claim
from clarion.pipeline.drafting import decide_some
from clarion.pipeline.flight import FlightRecord, Mark
from clarion.pipeline.retry import RetryPolicy
from clarion.store import broadcasts, drafts, metrics, slices
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .providers import Fails, Scripted
from .stage import LEASE, MAIL, Broken, Stage

TRACKED = replace(MAIL, tracked=True)


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


def spoken(stage: Stage, sending_state: SendingState = SendingState.AUTOMATIC) -> Broadcast:
    """A broadcast in English, Spanish and Brazilian Portuguese."""
    made = stage.broadcast(TRACKED)
    variants = (Variant("es", replace(TRACKED, subject="Hola")), Variant("pt-BR", replace(TRACKED, subject="Oi")))
    action = replace(made.actions[0], variants=variants, sending_state=sending_state)
    stage.store.write(lambda tx: broadcasts.update_action(tx, action))
    return made


def counted(stage: Stage, action_id: int) -> dict[str, dict[str, int]]:
    """Language → metric → how many."""

    def read(tx: Transaction) -> dict[str, dict[str, list[int]]]:
        return metrics.by_language(tx, action_id, edges("days", 2, tx.now_ms()))

    found = stage.store.read(read)
    return {
        tag: sums
        for tag, series in found.items()
        if (sums := {name: sum(numbers) for name, numbers in series.items() if any(numbers)})
    }


def booked(stage: Stage, trigger_id: int) -> dict[str, dict[str, int]]:
    """The same by looking at each account."""
    found: dict[str, Counter[str]] = {}
    rows = stage.select("SELECT state, reason, language FROM delivery WHERE trigger_id = :t", t=trigger_id)
    for row in rows:
        if row["language"] and row["state"] != State.QUEUED:
            reason = Reason(row["reason"]) if row["reason"] else None
            names = [metric.value for metric in metrics_of(State(row["state"]), reason)]
            found.setdefault(row["language"], Counter()).update(names)
    return {tag: dict(sums) for tag, sums in found.items()}


async def work(stage: Stage, trigger_id: int, provider: Scripted) -> None:
    async with stage.working(stage.worker(provider, LostJobs(), retry=RetryPolicy(()))):
        await stage.finished(trigger_id)


def languages(stage: Stage, trigger_id: int) -> list[str | None]:
    rows = stage.select("SELECT language FROM delivery WHERE trigger_id = :t ORDER BY seq", t=trigger_id)
    return [row["language"] for row in rows]


async def test_each_message_counts_in_the_language_that_it_was_made_in(stage: Stage) -> None:
    stage.person("one", language="es-MX")
    stage.person("two", language="PT-br")
    stage.person("three", language="de")
    stage.person("four")
    stage.person("five", language="es", unsubscribed=True)
    stage.person("six", language="es", email=None)
    stage.person("seven", language="es")
    gone = stage.person("eight", language="es")
    provider = Scripted({"seven@x.test": [Fails(Permanent("550 no", "refused"))]})
    broadcast = spoken(stage)
    trigger_id = stage.trigger(broadcast)
    await stage.resolver().run_once(trigger_id)
    stage.delete(gone)
    await work(stage, trigger_id, provider)
    subjects = {message.recipient: message.subject for message in provider.taken}
    assert subjects == {
        "one@x.test": "Hola",
        "two@x.test": "Oi",
        "three@x.test": "Hello three",
        "four@x.test": "Hello four",
    }
    action_id = broadcast.actions[0].action_id
    assert counted(stage, action_id) == booked(stage, trigger_id)
    assert counted(stage, action_id)["es"]["sent"] == 1
    assert counted(stage, action_id)["es"]["failed"] == 1
    assert counted(stage, action_id)["pt-br"] == {"created": 1, "attempted": 1, "sent": 1}


async def test_what_is_heard_counts_in_the_language_that_was_sent(stage: Stage) -> None:
    number = stage.person("one", language="es")
    stage.person("two")
    broadcast = spoken(stage)
    trigger_id = stage.trigger(broadcast)
    await work(stage, trigger_id, Scripted())
    stage.change(number, "one", "one@x.test", language="pt-BR")
    for key in stage.keys(trigger_id):
        for _ in range(2):
            assert stage.store.write(partial(feedback.opened, key=key, machine=False))
    found = counted(stage, broadcast.actions[0].action_id)
    assert found == {"es": {"created": 1, "attempted": 1, "sent": 1, "opened": 1, "human_opened": 1}}


async def test_what_is_sent_again_leaves_its_language_and_comes_back_in_the_new_one(stage: Stage) -> None:
    number = stage.person("one", language="es")
    stage.person("two", language="es")
    broadcast = spoken(stage)
    trigger_id = stage.trigger(broadcast)
    await work(stage, trigger_id, Scripted({"one@x.test": [Fails(Permanent("550 no", "refused"))]}))
    action_id = broadcast.actions[0].action_id
    assert counted(stage, action_id)["es"] == {"created": 2, "attempted": 2, "sent": 1, "failed": 1}
    stage.change(number, "one", "one@x.test", language="pt-BR")
    trigger = stage.get(trigger_id)
    stage.store.write(
        lambda tx: ask(tx, trigger, Repeat.FAILED, (), by="Ann", may_double=False, submit=lambda _, __: None)
    )
    assert work_off(stage.store) == 1
    assert counted(stage, action_id) == {"es": {"created": 1, "attempted": 1, "sent": 1}}
    await work(stage, trigger_id, Scripted())
    assert counted(stage, action_id)["pt-br"] == {"created": 1, "attempted": 1, "sent": 1}
    assert counted(stage, action_id) == booked(stage, trigger_id)


async def test_a_draft_goes_out_and_counts_in_its_own_language(stage: Stage) -> None:
    number = stage.person("one", language="es")
    broadcast = spoken(stage, SendingState.DRAFT)
    trigger_id = stage.trigger(broadcast)
    await work(stage, trigger_id, Scripted())
    action_id = broadcast.actions[0].action_id
    assert counted(stage, action_id) == {"es": {"created": 1, "drafted": 1}}
    stage.change(number, "one", "one@x.test", language="pt-BR")
    keys = [one.key for one in stage.store.read(lambda tx: drafts.page(tx, stage.workspace, most=10))]
    assert decide_some(stage.store, stage.workspace, keys, send=True).done == 1
    assert counted(stage, action_id) == {}
    provider = Scripted()
    await work(stage, trigger_id, provider)
    assert [message.subject for message in provider.taken] == ["Hola"]
    assert counted(stage, action_id) == {"es": {"created": 1, "attempted": 1, "sent": 1}}


async def test_a_doubt_is_settled_in_its_language(stage: Stage) -> None:
    stage.person("one", language="es")
    broadcast = spoken(stage)
    trigger_id = stage.trigger(broadcast)
    await work(stage, trigger_id, Scripted({"one@x.test": [Fails(Unknown("eof"), handed=True)]}))
    action_id = broadcast.actions[0].action_id
    assert counted(stage, action_id) == {"es": {"created": 1, "attempted": 1}}
    trigger = stage.get(trigger_id)
    stage.store.write(
        lambda tx: ask(tx, trigger, Repeat.IN_DOUBT, (), by="Ann", may_double=True, submit=lambda _, __: None)
    )
    assert work_off(stage.store) == 1
    await work(stage, trigger_id, Scripted())
    assert counted(stage, action_id) == {"es": {"created": 1, "attempted": 1, "sent": 1}} == booked(stage, trigger_id)


async def test_what_a_dead_sender_left_counts_in_its_languages(stage: Stage) -> None:
    """Its record tells that one was sent and another may have been; which language it was, their attributes tell."""
    stage.person("one", language="es")
    stage.person("two", language="pt-BR")
    stage.person("three", language="es")
    broadcast = spoken(stage)
    trigger_id = stage.trigger(broadcast)
    await stage.resolver().run_once(trigger_id)
    flights = stage.folder / "flights"
    record = FlightRecord(flights, "host/1/dead/1")
    rules = ChunkRules(10, LEASE, record.prepare)
    stage.store.write(lambda tx: claim(tx, owner="host/1/dead/1", flights=flights, retry=RetryPolicy(()), rules=rules))
    record.activate()
    record.mark(0, Mark.SENT, "250 ok")
    record.mark(1, Mark.HANDED_OVER)
    record.abandon()
    stage.store.write(lambda tx: slices.free_slices_of(tx, "host/1/dead/1"))
    provider = Scripted()
    await work(stage, trigger_id, provider)
    assert provider.recipients == ["three@x.test"]
    assert stage.sums(trigger_id) == {"sent": 2, "in_doubt sender_died": 1}
    assert counted(stage, broadcast.actions[0].action_id) == {
        "es": {"created": 2, "attempted": 2, "sent": 2},
        "pt-br": {"created": 1, "attempted": 1},
    }
    assert counted(stage, broadcast.actions[0].action_id) == booked(stage, trigger_id)


async def test_counters_by_language_are_folded_with_the_others(stage: Stage) -> None:
    stage.person("one", language="es")
    broadcast = spoken(stage)
    trigger_id = stage.trigger(broadcast)
    await work(stage, trigger_id, Scripted())
    action_id = broadcast.actions[0].action_id
    now_hour = stage.store.read(lambda tx: tx.now_ms()) // HOUR_MS
    for days in (5, 150):
        metrics.fold(stage.store, now_hour + 24 * days)
        assert len(stage.select("SELECT DISTINCT hour FROM language_count")) == 1
        months = edges("months", 12, (now_hour + 24 * days) * HOUR_MS)
        found = stage.store.read(partial(metrics.by_language, action_id=action_id, edges=months))
        assert sum(found["es"]["sent"]) == 1


async def test_counters_move_with_the_accounts_or_not_at_all(stage: Stage) -> None:
    stage.person("one", language="es")
    broadcast = spoken(stage)
    trigger_id = stage.trigger(broadcast)
    await work(stage, trigger_id, Scripted())
    (key,) = stage.keys(trigger_id)
    before = counted(stage, broadcast.actions[0].action_id)

    def dies(tx: Transaction, key: DeliveryKey = key) -> None:
        feedback.opened(tx, key, machine=False)
        raise Broken

    with pytest.raises(Broken):
        stage.store.write(dies)
    assert counted(stage, broadcast.actions[0].action_id) == before
    assert languages(stage, trigger_id) == ["es"]


def test_a_language_keeps_its_number(stage: Stage) -> None:
    broadcast = spoken(stage)
    stored = stage.store.read(lambda tx: broadcasts.get(tx, stage.workspace, broadcast.broadcast_id))
    assert stored is not None
    action = stored.actions[0]
    numbers = stage.store.read(lambda tx: broadcasts.language_numbers(tx, action.action_id))
    assert set(numbers) == {"es", "pt-br"}
    assert len({*numbers.values(), action.action_id}) == 3
    for variants in ((), (Variant("ES", MAIL), Variant("de", MAIL))):
        changed = replace(action, variants=variants)
        stage.store.write(partial(broadcasts.update_action, action=changed))
    after = stage.store.read(lambda tx: broadcasts.language_numbers(tx, action.action_id))
    assert {tag: after[tag] for tag in numbers} == numbers
    assert len(set(after.values())) == 3


async def test_what_nobody_will_see_counts_as_untracked(stage: Stage) -> None:
    stage.person("one", language="es", cio_email_tracking_consent=False)
    stage.person("two", language="es", cio_email_tracking_consent=True)
    stage.person("three", language="pt-BR", cio_email_tracking_consent=False)
    stage.person("four")
    stage.person("five", cio_email_tracking_consent="false", unsubscribed=True)
    made = stage.broadcast(TRACKED)
    variants = (Variant("es", TRACKED), Variant("pt-BR", MAIL))
    stage.store.write(lambda tx: broadcasts.update_action(tx, replace(made.actions[0], variants=variants)))
    trigger_id = stage.trigger(made)
    await work(stage, trigger_id, Scripted())

    def read(tx: Transaction) -> dict[str, list[int]]:
        return metrics.series(tx, made.broadcast_id, 0, edges("days", 2, tx.now_ms()))

    sums = {name: sum(numbers) for name, numbers in stage.store.read(read).items()}
    assert (sums["sent"], sums["untracked"], sums["open_untracked"], sums["link_untracked"]) == (4, 1, 1, 1)
    by_tag = counted(stage, made.actions[0].action_id)
    assert (by_tag["es"]["untracked"], "open_untracked" in by_tag["es"]) == (1, False)
    assert (by_tag["pt-br"]["open_untracked"], by_tag["pt-br"]["link_untracked"]) == (1, 1)


async def test_of_a_dead_sender_what_nobody_will_see_counts_too(stage: Stage) -> None:
    stage.person("one")
    made = stage.broadcast()
    trigger_id = stage.trigger(made)
    await stage.resolver().run_once(trigger_id)
    flights = stage.folder / "flights"
    record = FlightRecord(flights, "host/1/dead/1")
    rules = ChunkRules(10, LEASE, record.prepare)
    stage.store.write(lambda tx: claim(tx, owner="host/1/dead/1", flights=flights, retry=RetryPolicy(()), rules=rules))
    record.activate()
    record.mark(0, Mark.SENT, "250 ok")
    record.abandon()
    stage.store.write(lambda tx: slices.free_slices_of(tx, "host/1/dead/1"))
    await work(stage, trigger_id, Scripted())
    found = stage.select("SELECT metric, SUM(n) AS n FROM metric_count WHERE metric LIKE '%untracked' GROUP BY metric")
    assert {row["metric"]: int(row["n"]) for row in found} == {"open_untracked": 1, "link_untracked": 1}
