# SPDX-License-Identifier: Apache-2.0
"""A count that runs out of time says so, and scales what it saw."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import count

import pytest

from clarion.channels import registry
from clarion.channels.base import Deliverer
from clarion.channels.in_app import InAppProvider
from clarion.channels.person import PersonProvider
from clarion.domain.audience import Everybody
from clarion.domain.broadcasts import Broadcast, EmailContent, SendingState
from clarion.domain.channels import CHANNELS
from clarion.domain.deliveries import Reason
from clarion.domain.limits import MessageLimit
from clarion.domain.people import Device, Person
from clarion.domain.suppressions import EspKind
from clarion.domain.topics import PREFERENCES, Topic
from clarion.pipeline import forecast
from clarion.pipeline.acting import Acting
from clarion.pipeline.forecast import Forecast
from clarion.pipeline.terms import PLAIN
from clarion.store import access, broadcasts, esp, in_app, limits, people, topics
from clarion.store.engine import Store, Transaction
from clarion.store.jobs_inprocess import InProcessJobs
from clarion.store.numbers import PersonNumbers

from .providers import Scripted
from .stage import MAIL, SIGN, Stage


def test_what_was_not_looked_at_is_estimated(store: Store) -> None:
    workspace = store.write(lambda tx: access.create_workspace(tx, "A", "id_email", access.random_keys()))
    numbers = PersonNumbers(store).take(workspace.workspace_id, 12_000)
    crowd = [Person(number, f"p{number}", None, {}, {}, 0) for number in numbers]
    store.write(lambda tx: people.insert(tx, workspace, crowd))
    ticks = count()
    cut = store.read(
        lambda tx: forecast.count(tx, workspace, Everybody(), seconds=0.5, clock=lambda: float(next(ticks)))
    )
    assert cut.exact is False
    assert 11_000 < cut.people < 13_000
    assert cut.left_out == {Reason.NO_ADDRESS: cut.people}
    assert cut.will_get == 0
    whole = store.read(lambda tx: forecast.count(tx, workspace, Everybody(), seconds=60))
    assert (whole.people, whole.exact) == (12_000, True)


def test_named_people_who_were_not_looked_at_are_estimated(store: Store) -> None:
    workspace = store.write(lambda tx: access.create_workspace(tx, "A", "id_email", access.random_keys()))
    numbers = PersonNumbers(store).take(workspace.workspace_id, 1_500)
    crowd = [Person(number, f"p{number}", None, {}, {}, 0) for number in numbers]
    store.write(lambda tx: people.insert(tx, workspace, crowd))
    ticks = count()
    cut = store.read(
        lambda tx: forecast.count_named(tx, workspace, numbers, PLAIN, seconds=0.5, clock=lambda: float(next(ticks)))
    )
    assert (cut.people, cut.exact, cut.left_out) == (1_500, False, {Reason.NO_ADDRESS: 1_500})


def choosing(wanted: object, topic_id: int) -> dict[str, object]:
    return {PREFERENCES: {"topics": {f"topic_{topic_id}": wanted}}}


@pytest.mark.parametrize("by_default", [True, False])
@pytest.mark.parametrize("with_topic", [True, False])
@pytest.mark.parametrize(
    ("letters", "also"),
    [(1, ()), (1, (True,)), (2, (False, True)), (3, ())],
    ids=["one", "to-everybody", "one-to-everybody", "one-elsewhere"],
)
async def test_the_numbers_are_those_of_the_trigger(
    letters: int, also: tuple[bool, ...], with_topic: bool, by_default: bool, stage: Stage
) -> None:
    made = Topic(0, "News", subscribed_by_default=by_default)
    topic_id = stage.store.write(lambda tx: topics.create(tx, stage.workspace, made))
    nothing: dict[str, object] = {}
    crowd: list[tuple[str | None, dict[str, object]]] = [
        ("", nothing),
        ("", {"unsubscribed": True}),
        ("", choosing(False, topic_id)),
        ("", choosing("true", topic_id)),
        ("", choosing(False, topic_id + 1)),
        ("", {**choosing(False, topic_id), "unsubscribed": "1"}),
        (None, nothing),
        (None, choosing(False, topic_id)),
        (None, {"unsubscribed": True}),
        ("barred@x.test", nothing),
        ("BARRED2@x.test", choosing(True, topic_id)),
        ("barred3@x.test", choosing(False, topic_id)),
        ("", choosing(True, topic_id)),
    ]
    for no, (email, attributes) in enumerate(crowd):
        stage.person(f"p{no}", email, **attributes)
    for address in ("Barred@x.test", "barred2@x.test", "barred3@x.test", "elsewhere@x.test.example"):
        stage.store.write(
            partial(esp.suppress, workspace_id=stage.workspace.workspace_id, kind=EspKind.BOUNCES, email=address)
        )
    contents = [MAIL, replace(MAIL, subject="Other"), replace(MAIL, recipient="desk@x.test")][:letters]
    broadcast = stage.broadcast(*contents, to_unsubscribed=also)
    if with_topic:
        broadcast = replace(broadcast, topic_id=topic_id)
        stage.store.write(lambda tx: broadcasts.update(tx, broadcast))
    told = foretold(stage, broadcast)
    assert (told.people, told.exact) == (13, True)
    await sends_as_told(stage, broadcast, told)


def foretold(stage: Stage, broadcast: Broadcast) -> Forecast:
    def work(tx: Transaction) -> Forecast:
        terms = forecast.terms_of(tx, stage.workspace, broadcast)
        told = forecast.count(tx, stage.workspace, Everybody(), terms, seconds=60)
        numbers = [int(row["person_id"]) for row in tx.composed("SELECT person_id FROM person ORDER BY person_id", {})]
        named = forecast.count_named(tx, stage.workspace, [*numbers, *numbers], terms, seconds=60)
        assert named == told, "whether a filter finds them or the call names them"
        return told

    return stage.store.read(work)


async def sends_as_told(stage: Stage, broadcast: Broadcast, told: Forecast, others: Sequence[Deliverer] = ()) -> None:
    jobs = InProcessJobs(stage.store)
    trigger_id = stage.trigger(broadcast, jobs=jobs)
    async with stage.working(stage.worker(Scripted(), jobs, others=others)):
        await stage.finished(trigger_id)
    rows = stage.rows(trigger_id)
    for one in told.messages:
        of_action = [row for row in rows if row["action_id"] == one.action_id]
        assert sum(row["reason"] is None for row in of_action) == one.will_get
        assert {str(row["reason"]) for row in of_action} - {"None"} == {reason.value for reason in one.left_out}
        for reason, n in one.left_out.items():
            assert sum(row["reason"] == reason.value for row in of_action) == n
    assert len({row["person_id"] for row in rows if row["reason"] is None}) == told.will_get


@pytest.mark.parametrize("ignoring", [False, True])
@pytest.mark.parametrize("most", [1, 2, 3])
async def test_whoever_is_over_the_message_limit_is_foreseen(most: int, ignoring: bool, stage: Stage) -> None:
    """Some got a message lately, some are unsubscribed, one address is suppressed; drafts count for none."""
    held = MessageLimit(most, 7)
    stage.store.write(lambda tx: limits.put(tx, stage.workspace.workspace_id, held))
    for no in range(8):
        stage.person(f"p{no}", "barred@x.test" if no == 7 else "", **({"unsubscribed": True} if no in {1, 6} else {}))
    first = stage.broadcast(MAIL, to_unsubscribed=(True,))
    jobs = InProcessJobs(stage.store)
    trigger_id = stage.trigger(first, {"ids": ["p0", "p1", "p7"]}, jobs=jobs)
    async with stage.working(stage.worker(Scripted(), jobs)):
        await stage.finished(trigger_id)
    stage.store.write(
        partial(esp.suppress, workspace_id=stage.workspace.workspace_id, kind=EspKind.BOUNCES, email="barred@x.test")
    )
    made = stage.broadcast(*[replace(MAIL, subject=f"No {no}") for no in range(3)], to_unsubscribed=(False, True, True))
    actions = (replace(made.actions[0], sending_state=SendingState.DRAFT), *made.actions[1:])
    broadcast = replace(made, actions=actions, ignores_limit=ignoring)
    stage.store.write(lambda tx: broadcasts.update_action(tx, actions[0]))
    stage.store.write(lambda tx: broadcasts.update(tx, broadcast))
    told = foretold(stage, broadcast)
    over = told.messages[2].left_out.get(Reason.MESSAGE_LIMIT, 0)
    assert over == (0 if ignoring else {1: 8, 2: 3, 3: 0}[most])
    await sends_as_told(stage, broadcast, told)


_FITTING: dict[str, dict[str, str]] = {
    "sms": {"body": "Hi"},
    "whatsapp": {"body": f'{{"content_sid": "HX{"0" * 32}"}}'},
    "slack": {"body": "Hi"},
    "push": {"message": "Hi"},
    "in_app": {"body": "Hi"},
    "create_event": {"event_name": "asked"},
}


def of(kind: str, **parts: str) -> EmailContent:
    return EmailContent(parts_of=kind, parts=CHANNELS[kind].new() | _FITTING[kind] | parts)


def refusing(channel: str) -> dict[str, object]:
    return {PREFERENCES: {"channels": {channel: False}}}


def mixed_crowd(stage: Stage) -> None:
    """People with and without each address, device and wish."""
    phone: dict[str, object] = {"phone": "+1 555 123 4567"}
    crowd: list[tuple[str | None, dict[str, object]]] = [
        ("", phone),
        ("", {}),
        (None, {}),
        (None, phone),
        ("", {"phone": "call me"}),
        ("", {"phone": 5551234567}),
        ("", {"phone": " "}),
        ("", {"phone": None, "home": {"phone": "+15551234567"}}),
        ("", {"phone": {"home": "+15551234567"}}),
        ("", {**phone, "unsubscribed": True}),
        ("", {**phone, **refusing("sms")}),
        ("", {**refusing("sms"), "plan": "pro"}),
        ("", {**refusing("push"), "slack_id": "U024BE7LH"}),
        ("", {**refusing("email"), "slack_id": "not one"}),
        ("", {**phone, "slack_id": "@ada", "plan": "pro"}),
        ("barred@x.test", {**phone, "plan": "pro"}),
    ]
    android = Device("a1", "android", 10, {})
    owned = {
        0: [android, Device("a2", "android", 20, {})],
        2: [android],
        4: [Device("off", "android", 5, {"push_enabled": "false"})],
        9: [android],
        12: [android],
        14: [Device("a2", "android", 1, {})],
    }
    for no, (email, attributes) in enumerate(crowd):
        number = stage.person(f"p{no}", email, **attributes)
        for device in owned.get(no, ()):
            stage.store.write(partial(people.save_device, person_id=number, device=device))
    stage.store.write(
        partial(esp.suppress, workspace_id=stage.workspace.workspace_id, kind=EspKind.BOUNCES, email="barred@x.test")
    )


_PRO = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}


def provider_of(stage: Stage, kind: str) -> Deliverer:
    if kind == "in_app":
        return InAppProvider(lambda messages: stage.store.write(lambda tx: in_app.keep(tx, messages)))
    if kind == "create_event":
        return PersonProvider(Acting(stage.store, PersonNumbers(stage.store), SIGN.secret), kind)
    return registry.build("outbox", {"directory": stage.folder / "outbox", "channel": kind})


@pytest.mark.parametrize(
    ("limit", "contents"),
    [
        (None, (MAIL, of("sms"), of("whatsapp"), of("push"), of("in_app"), of("slack"), of("create_event"))),
        (None, (of("push", to="last_used"), of("push", to="a1, b1"), of("slack", recipient="#alerts"))),
        (1, (of("sms"), MAIL, of("push"))),
        (2, (of("push"), of("slack"), of("sms"), MAIL, of("in_app"))),
    ],
    ids=["every-channel", "chosen", "one-each", "two-each"],
)
@pytest.mark.parametrize("conditioned", [False, True])
async def test_of_every_channel_the_numbers_are_those_of_the_trigger(
    limit: int | None, contents: tuple[EmailContent, ...], conditioned: bool, stage: Stage
) -> None:
    mixed_crowd(stage)
    if limit is not None:
        stage.store.write(partial(limits.put, workspace_id=stage.workspace.workspace_id, limit=MessageLimit(limit, 7)))
    conditions = ({}, _PRO) if conditioned else ()
    broadcast = stage.broadcast(*contents, conditions=conditions, to_unsubscribed=(False, False, True))
    told = foretold(stage, broadcast)
    assert told.exact
    others = [provider_of(stage, kind) for kind in sorted({content.kind for content in contents} - {"email"})]
    await sends_as_told(stage, broadcast, told, others)


async def test_a_message_that_cannot_reach_somebody_takes_no_other_ones_place(stage: Stage) -> None:
    """One message a week, an SMS first: whoever has no phone gets the e-mail."""
    for name, phone in (("p1", "+15551234567"), ("p2", "call me"), ("p3", None)):
        stage.person(name, phone=phone)
    limit = MessageLimit(1, 7)
    stage.store.write(partial(limits.put, workspace_id=stage.workspace.workspace_id, limit=limit))
    broadcast = stage.broadcast(of("sms"), MAIL)
    told = foretold(stage, broadcast)
    assert [(one.will_get, one.left_out) for one in told.messages] == [
        (1, {Reason.NO_ADDRESS: 1, Reason.INVALID_ADDRESS: 1}),
        (2, {Reason.MESSAGE_LIMIT: 1}),
    ]
    assert told.will_get == 3
    await sends_as_told(stage, broadcast, told, [provider_of(stage, "sms")])
