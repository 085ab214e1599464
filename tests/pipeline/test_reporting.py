# SPDX-License-Identifier: Apache-2.0
"""Reporting webhooks: what happens is told in order, once it is told until it is taken, and never forgotten."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from clarion.domain.broadcasts import BroadcastKind, BroadcastState
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.reporting import EVENTS, Answered, pause_seconds, signature
from clarion.domain.transactional import parse_email
from clarion.pipeline import feedback, transactional
from clarion.pipeline.failpoint import Failpoint, nothing
from clarion.pipeline.reporting import Telling
from clarion.store import broadcasts, ledger, reporting
from clarion.store.engine import Transaction
from clarion.store.reporting import Webhook

from .stage import MAIL, SIGN, Broken, Stage, breaking_at

FINE = Answered(200, "OK", 1)


@dataclass
class Endpoints:
    """What was posted, by URL; `answers` are given first, then 200."""

    taken: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    answers: dict[str, list[Answered]] = field(default_factory=dict)
    headers: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> Answered:
        self.headers.append((body, headers))
        waiting = self.answers.get(url)
        answered = waiting.pop(0) if waiting else FINE
        if answered.taken:
            self.taken.setdefault(url, []).append(json.loads(body))
        return answered

    def metrics(self, url: str) -> list[str]:
        return [f"{one['object_type']}_{one['metric']}" for one in self.taken.get(url, [])]


@pytest.fixture
def endpoints() -> Endpoints:
    return Endpoints()


@pytest.fixture
def telling(stage: Stage, endpoints: Endpoints) -> Callable[..., Telling]:
    def make(failpoint: Failpoint = nothing) -> Telling:
        return Telling(stage.store, SIGN, endpoints, failpoint=failpoint)

    return make


def hook(stage: Stage, url: str, events: Iterable[str] = EVENTS, **more: Any) -> Webhook:
    def work(tx: Any) -> Webhook:
        made = Webhook(
            reporting.new_number(tx),
            stage.workspace.workspace_id,
            "W",
            url,
            tuple(sorted(events)),
            more.get("disabled", False),
            more.get("full_resolution", False),
            more.get("with_content", False),
            "s3cret",
        )
        reporting.insert(tx, made)
        return made

    return stage.store.write(work)


async def tell_all(telling: Telling) -> None:
    while await telling.turn():
        pass


async def resolved(stage: Stage, count: int) -> int:
    stage.crowd(count)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    return trigger_id


def settle(stage: Stage, trigger_id: int, *outcomes: Outcome) -> None:
    stage.store.write(lambda tx: ledger.settle(tx, trigger_id, outcomes, shard=0))


def hasten(stage: Stage) -> None:
    stage.store.write(lambda tx: tx.composed("UPDATE reporting_webhook SET due_ms = 0 RETURNING webhook_id", {}))


async def test_every_end_of_a_message_is_told_with_its_fields(
    stage: Stage, telling: Callable[..., Telling], endpoints: Endpoints
) -> None:
    hook(stage, "http://a", with_content=True)
    hook(stage, "http://b", ["email_failed"])
    hook(stage, "http://off", disabled=True)
    trigger_id = await resolved(stage, 4)
    one, two, three, four = stage.keys(trigger_id)
    settle(
        stage,
        trigger_id,
        Outcome(one, State.SENT, None, "250 ok", "p1@x.test"),
        Outcome(two, State.FAILED, Reason.REFUSED, "550 no", "p2@x.test"),
        Outcome(three, State.QUEUED, None, "451 later", "p3@x.test", 1),
        Outcome(four, State.STOPPED, Reason.TRIGGER_STOPPED, None),
    )
    stage.store.write(lambda tx: feedback.clicked(tx, one, "https://x.test/", machine=False))
    await tell_all(telling())
    assert endpoints.metrics("http://a") == [
        "email_sent", "email_failed", "email_attempted", "email_undeliverable", "email_opened", "email_clicked",
    ]  # fmt: skip
    assert endpoints.metrics("http://b") == ["email_failed"]
    assert "http://off" not in endpoints.taken
    sent, failed, attempted, undeliverable, opened, clicked = endpoints.taken["http://a"]
    assert sent.keys() == {"event_id", "object_type", "metric", "timestamp", "data"}
    assert sent["data"]["subject"] == "Hello p1"
    assert sent["data"]["recipient"] == "p1@x.test"
    assert "<p>Hi</p>" in sent["data"]["content"]
    assert {"broadcast_id", "trigger_id", "action_id", "delivery_id", "journey_id", "customer_id"} <= sent[
        "data"
    ].keys()
    assert sent["data"]["identifiers"]["id"] == "p1"
    assert failed["data"]["failure_message"].endswith("550 no")
    assert attempted["data"]["failure_message"] == "451 later"
    assert undeliverable["data"]["failure_message"]
    assert opened["data"]["synthetic"] is True
    assert (clicked["data"]["href"], clicked["data"]["machine"]) == ("https://x.test/", False)
    assert clicked["data"]["link_id"] > 0
    (other,) = endpoints.taken["http://b"]
    assert other["event_id"] == failed["event_id"]
    for body, headers in endpoints.headers:
        expected = signature("s3cret", int(headers["X-CIO-Timestamp"]), body)
        assert headers["X-CIO-Signature"] == expected


async def test_a_message_to_one_person_names_no_broadcast(
    stage: Stage, telling: Callable[..., Telling], endpoints: Endpoints
) -> None:
    hook(stage, "http://a", ["email_sent"])
    stage.crowd(1)
    body = {"identifiers": {"id": "p1"}, "from": "a@x.test", "subject": "Hi", "body": "<p>x</p>"}

    def send(tx: Transaction, message: int | None) -> DeliveryKey:
        named = {} if message is None else {"transactional_message_id": message}
        request = parse_email(named | body, 0)
        return transactional.send(tx, stage.workspace, request, submit=lambda *_: None).key

    def make(tx: Transaction) -> int:
        made = broadcasts.create(tx, stage.workspace, "Receipt", recipients={}, kind=BroadcastKind.TRANSACTIONAL)
        broadcasts.add_action(tx, made, "E-mail", MAIL)
        broadcasts.set_state(tx, made.broadcast_id, BroadcastState.RUNNING)
        return made.broadcast_id

    number = stage.store.write(make)
    for message in (number, None):
        key = stage.store.write(partial(send, message=message))
        settle(stage, key.trigger_id, Outcome(key, State.SENT, None, "250 ok", "p1@x.test"))
    await tell_all(telling())
    one, other = (told["data"] for told in endpoints.taken["http://a"])
    assert one["transactional_message_id"] == number
    for data in (one, other):
        assert {"delivery_id", "identifiers", "subject", "recipient"} <= data.keys()
        assert not {"broadcast_id", "trigger_id", "action_id", "journey_id"} & data.keys()
    assert "transactional_message_id" not in other


async def test_what_somebody_wants_by_now_is_told(
    stage: Stage, telling: Callable[..., Telling], endpoints: Endpoints
) -> None:
    event = "cio_subscription_preferences_changed"
    hook(stage, "http://a", [event], with_content=True)
    hook(stage, "http://b", [event])
    wanted = {"topics": {"topic_1": False}}
    number = stage.person("ada", cio_subscription_preferences=wanted)
    stage.store.write(lambda tx: reporting.note_person(tx, stage.workspace.workspace_id, event, number))
    await tell_all(telling())
    (told,), (bare,) = endpoints.taken["http://a"], endpoints.taken["http://b"]
    assert (told["object_type"], told["object_type_type"], told["metric"]) == ("customer", "customer", event)
    assert told["data"]["email_address"] == "ada@x.test"
    assert json.loads(told["data"]["content"]) == wanted
    assert "content" not in bare["data"]


async def test_the_first_time_only_or_every_time(
    stage: Stage, telling: Callable[..., Telling], endpoints: Endpoints
) -> None:
    hook(stage, "http://first", ["email_opened"])
    hook(stage, "http://every", ["email_opened"], full_resolution=True)
    trigger_id = await resolved(stage, 1)
    (key,) = stage.keys(trigger_id)
    for _ in range(3):
        stage.store.write(lambda tx: feedback.record(tx, Feedback(key, Metric.OPENED)))
    await tell_all(telling())
    assert len(endpoints.taken["http://first"]) == 1
    assert len(endpoints.taken["http://every"]) == 3


async def test_one_that_fails_holds_up_nobody_else_and_keeps_its_order(
    stage: Stage, telling: Callable[..., Telling], endpoints: Endpoints
) -> None:
    bad = hook(stage, "http://bad")
    hook(stage, "http://good")
    endpoints.answers["http://bad"] = [FINE, Answered(503, "busy", 3), Answered(None, "no answer", 4_000)]
    trigger_id = await resolved(stage, 5)
    settle(stage, trigger_id, *(Outcome(key, State.SENT, None, "ok", "x@x.test") for key in stage.keys(trigger_id)))
    await tell_all(telling())
    assert len(endpoints.taken["http://good"]) == 5
    assert len(endpoints.taken["http://bad"]) == 1
    (held,) = stage.store.read(lambda tx: reporting.listing(tx, stage.workspace, bad.webhook_id))
    now = stage.store.read(lambda tx: tx.now_ms())
    assert (held.tries, held.delivered) == (1, 1)
    assert 0 < held.due_ms - now <= 5_000
    hasten(stage)
    await tell_all(telling())
    (log, *_) = stage.store.read(lambda tx: reporting.attempts(tx, bad.webhook_id, 10))
    assert (log["status"], log["words"]) == (None, "no answer")
    assert stage.store.read(lambda tx: reporting.standing(tx, bad.webhook_id))[0] == 4
    hasten(stage)
    await tell_all(telling())
    assert [one["event_id"] for one in endpoints.taken["http://bad"]] == [
        one["event_id"] for one in endpoints.taken["http://good"]
    ]


async def test_a_crash_repeats_and_forgets_nothing(
    stage: Stage, telling: Callable[..., Telling], endpoints: Endpoints
) -> None:
    hook(stage, "http://a")
    trigger_id = await resolved(stage, 25)
    settle(stage, trigger_id, *(Outcome(key, State.SENT, None, "ok", "x@x.test") for key in stage.keys(trigger_id)))
    assert await telling().turn()
    with pytest.raises(Broken):
        await telling(breaking_at("reporting.told")).turn()
    assert not await telling().turn(), "the dead one's lease still runs"
    stage.store.write(lambda tx: tx.composed("UPDATE reporting_webhook SET lease_ms = 0 RETURNING webhook_id", {}))
    await tell_all(telling())
    ids = [one["event_id"] for one in endpoints.taken["http://a"]]
    assert len(set(ids)) == 25
    assert len(ids) == 35, "the ten that were told and not recorded came again, with their ids"
    assert list(dict.fromkeys(ids)) == sorted(set(ids))


async def test_what_is_a_week_old_is_given_up_and_can_be_had_again(
    stage: Stage, telling: Callable[..., Telling], endpoints: Endpoints
) -> None:
    made = hook(stage, "http://a")
    endpoints.answers["http://a"] = [Answered(500, "broken", 1)]
    trigger_id = await resolved(stage, 3)
    settle(stage, trigger_id, *(Outcome(key, State.SENT, None, "ok", "x@x.test") for key in stage.keys(trigger_id)))
    older = "UPDATE reporting_event SET made_ms = made_ms - 8 * 86400000 RETURNING event_id"
    stage.store.write(lambda tx: tx.composed(older, {}))
    await tell_all(telling())
    (held,) = stage.store.read(lambda tx: reporting.listing(tx, stage.workspace, made.webhook_id))
    assert (held.given_up, held.delivered) == (3, 0)
    again = stage.store.write(
        lambda tx: reporting.replay(tx, made.webhook_id, from_ms=0, to_ms=2**60, event="", only_given_up=True)
    )
    assert again == 3
    await tell_all(telling())
    assert len(endpoints.taken["http://a"]) == 3


async def test_who_is_left_out_at_once_is_told_too(
    stage: Stage, telling: Callable[..., Telling], endpoints: Endpoints
) -> None:
    hook(stage, "http://a")
    stage.person("gone", unsubscribed=True)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    await tell_all(telling())
    assert endpoints.metrics("http://a")[-1:] == ["email_undeliverable"]


def test_how_long_a_failed_call_waits() -> None:
    for status in (400, 401, 402, 403, 404, 405, 410, 429, 500, 502, 521):
        assert pause_seconds(Answered(status, "", 1), 1) == 3_600
    assert pause_seconds(Answered(None, "refused", 1, broken=True), 1) == 3_600
    assert [pause_seconds(Answered(503, "", 1), tries) for tries in (1, 2, 3)] == [5, 10, 20]
    assert pause_seconds(Answered(None, "timeout", 4_000), 99) == 12 * 3_600
