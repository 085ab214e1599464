# SPDX-License-Identifier: Apache-2.0
"""Whoever reaches a broadcast's goal converts its last message to them, once, whatever is repeated or breaks off."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from clarion.domain.broadcasts import Broadcast, EmailContent, SendingState, WebhookCall
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.goals import CountedFrom, Goal, GoalKind
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.operations import Delete, Event, Identify, Merge, Operation
from clarion.domain.people import IdKind, Reference
from clarion.domain.transactional import Override, SendRequest
from clarion.pipeline import identify, membership, transactional
from clarion.pipeline.converting import work_off
from clarion.pipeline.feedback import record
from clarion.store import broadcasts, feedback, goals, ledger, merging, metrics, reporting
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.numbers import PersonNumbers
from clarion.store.reporting import Webhook

from .stage import MAIL, Broken, Stage, breaking_at

PURCHASE = Goal(GoalKind.EVENT, "purchase")
DAY = 86_400_000
LATER = 2**50


@dataclass
class Play:
    """A workspace with a goal, and what people do in it."""

    stage: Stage

    def broadcast(self, goal: Goal | None = PURCHASE, *contents: EmailContent) -> Broadcast:
        made = self.stage.broadcast(*contents)
        return self.aim(made, goal)

    def aim(self, broadcast: Broadcast, goal: Goal | None) -> Broadcast:
        def work(tx: Transaction) -> Broadcast:
            broadcasts.update(tx, replace(broadcast, goal=goal))
            stored = broadcasts.get(tx, self.stage.workspace, broadcast.broadcast_id)
            assert stored is not None
            return stored

        return self.stage.store.write(work)

    async def accounts(self, broadcast: Broadcast, *names: str) -> list[DeliveryKey]:
        """A trigger to these people, worked out."""
        trigger_id = self.stage.trigger(broadcast, {"ids": list(names)})
        await self.stage.resolver().run_once(trigger_id)
        return self.stage.keys(trigger_id)

    async def sent(self, broadcast: Broadcast, *names: str) -> list[DeliveryKey]:
        """… and sent."""
        keys = await self.accounts(broadcast, *names)
        self.settle(keys)
        return keys

    def settle(self, keys: list[DeliveryKey], state: State = State.SENT, reason: Reason | None = None) -> None:
        outcomes = [Outcome(key, state, reason) for key in keys]
        self.stage.store.write(lambda tx: ledger.settle(tx, keys[0].trigger_id, outcomes, shard=0))

    def does(self, *operations: Operation) -> None:
        failures = identify.perform(
            self.stage.store, PersonNumbers(self.stage.store), self.stage.workspace, list(operations)
        )
        assert not any(failures)

    def buys(self, name: str, *, event: str = "purchase", **of_event: Any) -> None:
        data = of_event.pop("data", {})
        self.does(Event(Reference(IdKind.ID, name), "event", event, data, **of_event))

    def hear(self, key: DeliveryKey, metric: Metric, at_ms: int) -> None:
        assert self.stage.store.write(lambda tx: record(tx, Feedback(key, metric, at_ms)))

    def now_ms(self) -> int:
        return self.stage.store.read(lambda tx: tx.now_ms())

    def counted(self) -> list[DeliveryKey]:
        """Work the queue off; which messages have converted."""
        while work_off(self.stage.store):
            pass
        rows = self.stage.select("SELECT trigger_id, seq, action_id FROM conversion ORDER BY trigger_id, seq")
        keys = [DeliveryKey(row["trigger_id"], row["seq"], row["action_id"]) for row in rows]
        for key in keys:
            assert Metric.CONVERTED in self.stage.store.read(partial(feedback.first_times, key=key))
        noted = self.stage.select("SELECT COUNT(*) AS n FROM delivery_metric WHERE metric = 'converted'")
        assert noted[0]["n"] == len(keys)
        return keys

    def all_are_due(self) -> None:
        """The time has come for which reports were waited for."""
        self.stage.store.write(lambda tx: tx.composed("UPDATE goal_reached SET due_ms = 0 RETURNING due_ms", {}))

    def reached_long_ago(self) -> None:
        ago = "UPDATE goal_reached SET due_ms = 0, at_ms = at_ms - :ms RETURNING due_ms"
        self.stage.store.write(lambda tx: tx.composed(ago, {"ms": 9 * DAY}))

    def waiting(self) -> int:
        return int(self.stage.select("SELECT COUNT(*) AS n FROM goal_reached")[0]["n"])


@pytest.fixture
def play(stage: Stage) -> Play:
    for name in ("ann", "bob", "cy"):
        stage.person(name)
    return Play(stage)


async def test_an_event_converts_the_message_its_journey_and_every_counter(play: Play) -> None:
    stage = play.stage
    hook = Webhook(
        1, stage.workspace.workspace_id, "W", "https://x.test", ("email_converted",), False, False, False, "s"
    )
    stage.store.write(lambda tx: reporting.insert(tx, hook))
    broadcast = play.broadcast()
    to_ann, _ = await play.sent(broadcast, "ann", "bob")
    play.buys("ann", event_id="e1")
    play.buys("cy")  # was sent nothing
    play.buys("bob", event="purchase_of_another_kind")
    assert play.counted() == [to_ann]

    def read(tx: Transaction) -> tuple[int, int, int]:
        hour = tx.now_ms() // 3_600_000
        of_all, of_action = (
            metrics.series(tx, broadcast.broadcast_id, action_id, [hour - 24, hour + 24])
            for action_id in (0, to_ann.action_id)
        )
        heard = metrics.heard_of(tx, to_ann.trigger_id)
        return sum(of_all["converted"]), sum(of_action["converted"]), heard["converted"]

    assert stage.store.read(read) == (1, 1, 1)
    told = stage.store.read(lambda tx: reporting.waiting(tx, 1, 10))
    assert [(one.event, one.facts["key"]) for one in told] == [("email_converted", list(to_ann))]
    (event,) = stage.select("SELECT detail FROM delivery_event WHERE metric = 'converted'")
    assert '"event_id":"e1"' in event["detail"]
    assert play.waiting() == 0


async def test_the_same_event_again_converts_nothing_more(play: Play) -> None:
    broadcast = play.broadcast()
    first = await play.sent(broadcast, "ann")
    play.buys("ann", event_id="e1")
    assert play.counted() == first
    second = await play.sent(broadcast, "ann")
    play.buys("ann", event_id="e1")
    play.does(*[Event(Reference(IdKind.ID, "ann"), "event", "purchase", {}, "e1")] * 2)
    assert play.waiting() == 0
    assert play.counted() == first
    # Its event was forgotten meanwhile: the conversion is known by it still.
    stage = play.stage
    stage.store.write(lambda tx: tx.execute("clear_events", **_ALL_EVENTS))
    play.buys("ann", event_id="e1")
    assert play.counted() == first
    play.buys("ann", event_id="e2")
    assert play.counted() == first + second


_ALL_EVENTS = {"person_id": 0, "event_id": "", "until_person": 2**62, "until_event": "", "before_ms": LATER}


async def test_a_journey_converts_once_and_by_its_last_message(play: Play) -> None:
    broadcast = play.broadcast(PURCHASE, MAIL, MAIL)
    old = await play.sent(broadcast, "ann")
    first, second = await play.accounts(broadcast, "ann")
    play.settle([second])
    play.hear(second, Metric.OPENED, play.now_ms() - 5_000)
    play.settle([first])
    play.buys("ann")
    assert play.counted() == [first]
    play.buys("ann")
    assert play.counted() == [first]
    assert old[0].trigger_id < first.trigger_id


async def test_the_last_one_is_found_among_many_triggers(play: Play) -> None:
    """More of them than one look takes, and the one that was sent last is not the one that was asked for last."""
    broadcast = play.broadcast()
    (to_cy,) = await play.sent(broadcast, "cy")
    (early,) = await play.accounts(broadcast, "ann")
    (late,) = await play.sent(broadcast, "ann")
    play.settle([early])
    now_ms = play.now_ms()

    def date(tx: Transaction) -> None:
        for key, ms in ((to_cy, now_ms - 900), (late, now_ms - 20), (early, now_ms - 10)):
            for text in (_SENT, _ENDED):
                tx.composed(text, {"trigger_id": key.trigger_id, "ms": ms})
        for no in range(250):
            tx.composed(_COPY, {"new": 10_000 + no, "ms": now_ms - 30 - no, "old": early.trigger_id})

    play.stage.store.write(date)
    play.buys("ann")
    play.buys("cy")
    assert play.counted() == [to_cy, early]


_SENT = "UPDATE delivery SET settled_ms = :ms WHERE trigger_id = :trigger_id RETURNING seq"
_ENDED = "UPDATE broadcast_trigger SET processed_ms = :ms WHERE trigger_id = :trigger_id RETURNING trigger_id"
_COPY = """INSERT INTO broadcast_trigger (trigger_id, workspace_id, broadcast_id, state, selector, echo, data, flags,
    content_hash, created_ms, processed_ms, resolve_until, next_seq, goal_id, converting)
SELECT :new, workspace_id, broadcast_id, 'done', selector, echo, data, flags,
    content_hash, created_ms, :ms, 0, 2, goal_id, converting
FROM broadcast_trigger WHERE trigger_id = :old RETURNING trigger_id"""


async def test_each_broadcast_counts_for_itself(play: Play) -> None:
    keys = [key for _ in range(2) for key in await play.sent(play.broadcast(), "ann")]
    play.buys("ann")
    assert play.counted() == keys


async def test_an_event_of_before_the_message_counts_nothing(play: Play) -> None:
    broadcast = play.broadcast()
    play.buys("ann")
    key = await play.sent(broadcast, "ann")
    play.buys("ann", at=play.now_ms() // 1_000 - 60)
    assert play.counted() == []
    play.buys("ann")
    assert play.counted() == key


async def test_only_events_with_the_property_count(play: Play) -> None:
    keys = await play.sent(play.broadcast(replace(PURCHASE, property_name="plan", property_value="gold")), "ann")
    play.buys("ann", data={"plan": "tin"})
    assert play.waiting() == 0
    assert play.counted() == []
    play.buys("ann", data={"plan": "gold"})
    assert play.counted() == keys


@pytest.mark.parametrize(
    ("ago_ms", "counts"), [(DAY - 60_000, True), (DAY + 60_000, False), (-60_000, False)], ids=["in", "over", "before"]
)
@pytest.mark.parametrize("metric", [Metric.OPENED, Metric.CLICKED])
async def test_a_window_may_run_from_an_opening_or_a_click(
    play: Play, metric: Metric, ago_ms: int, counts: bool
) -> None:
    goal = replace(PURCHASE, window_days=1, counted_from=CountedFrom(metric.value))
    keys = await play.sent(play.broadcast(goal), "ann")
    play.hear(keys[0], metric, play.now_ms() - ago_ms)
    play.buys("ann")
    assert play.counted() == (keys if counts else [])


async def test_an_opening_after_the_event_does_not_count_back(play: Play) -> None:
    keys = await play.sent(play.broadcast(replace(PURCHASE, counted_from=CountedFrom.OPENED)), "ann")
    play.buys("ann", at=play.now_ms() // 1_000 - 2)
    play.hear(keys[0], Metric.OPENED, play.now_ms())
    assert play.counted() == []
    play.buys("ann")
    assert play.counted() == keys


async def test_reports_of_deliveries_may_come_after_the_event(play: Play) -> None:
    keys = await play.sent(play.broadcast(replace(PURCHASE, counted_from=CountedFrom.DELIVERED)), "ann")
    now_ms = play.now_ms()
    play.buys("ann")
    assert play.counted() == []
    assert play.waiting() == 1  # for two minutes
    play.hear(keys[0], Metric.DELIVERED, now_ms - 1_000)
    play.all_are_due()
    assert play.counted() == keys
    assert play.waiting() == 0


@pytest.mark.parametrize("metric", [Metric.DELIVERED, Metric.OPENED, Metric.CLICKED])
async def test_what_is_told_long_after_the_event_counts_back(play: Play, metric: Metric) -> None:
    """Once it was looked at in vain, a report that counts back brings it up again; one that does not leaves it."""
    goal = replace(PURCHASE, window_days=1, counted_from=CountedFrom(metric.value))
    to_ann, to_bob, _ = await play.sent(play.broadcast(goal), "ann", "bob", "cy")
    for name in ("ann", "bob", "cy"):
        play.buys(name)
    play.all_are_due()
    assert play.counted() == []
    assert play.waiting() == 3
    play.hear(to_bob, metric, play.now_ms() - DAY - 60_000)  # too early for the window
    assert play.counted() == []
    play.hear(to_ann, metric, play.now_ms() - 60_000)
    assert play.counted() == [to_ann]
    # Bob's was told of, so nothing more is to come; of Cy's nobody tells within the time.
    assert play.waiting() == 1
    play.reached_long_ago()
    assert play.counted() == [to_ann]
    assert play.waiting() == 0


async def test_a_delivery_after_the_event_is_not_counted_back(play: Play) -> None:
    (key,) = await play.sent(play.broadcast(replace(PURCHASE, counted_from=CountedFrom.DELIVERED)), "ann")
    play.buys("ann", at=play.now_ms() // 1_000 - 1)
    play.all_are_due()
    play.hear(key, Metric.DELIVERED, play.now_ms() + 2_000)
    assert play.counted() == []


async def test_reports_count_back_for_whoever_was_merged_meanwhile(play: Play) -> None:
    goal = replace(PURCHASE, counted_from=CountedFrom.DELIVERED)
    to_ann, to_bob = await play.sent(play.broadcast(goal), "ann", "bob")
    play.buys("ann")
    play.all_are_due()
    assert play.counted() == []
    play.does(Merge(Reference(IdKind.ID, "cy"), Reference(IdKind.ID, "ann")))
    play.does(Merge(Reference(IdKind.ID, "cy"), Reference(IdKind.ID, "bob")))
    play.hear(to_bob, Metric.DELIVERED, play.now_ms() - 60_000)
    assert play.counted() == [to_bob]
    assert to_ann.trigger_id == to_bob.trigger_id


async def test_a_report_and_that_it_is_looked_at_again_commit_together(play: Play) -> None:
    (key,) = await play.sent(play.broadcast(replace(PURCHASE, counted_from=CountedFrom.DELIVERED)), "ann")
    play.buys("ann")
    play.all_are_due()
    assert play.counted() == []

    def tell(tx: Transaction) -> None:
        record(tx, Feedback(key, Metric.DELIVERED, tx.now_ms() - 60_000))
        raise Broken

    with pytest.raises(Broken):
        play.stage.store.write(tell)
    assert play.counted() == []
    assert play.waiting() == 1
    play.hear(key, Metric.DELIVERED, play.now_ms() - 60_000)
    assert play.counted() == [key]


async def test_a_goal_may_be_reached_at_any_time_after(play: Play) -> None:
    goals_set = [replace(PURCHASE, window_days=days) for days in (None, 90)]
    always, _ = [key for goal in goals_set for key in await play.sent(play.broadcast(goal), "ann")]
    ages_ago = {"ms": play.now_ms() - 400 * DAY}
    play.stage.store.write(lambda tx: [tx.composed(text, ages_ago) for text in (_ALL_SENT, _ALL_ENDED)])
    play.buys("ann")
    assert play.counted() == [always]


_ALL_SENT = "UPDATE delivery SET settled_ms = :ms RETURNING seq"
_ALL_ENDED = "UPDATE broadcast_trigger SET processed_ms = :ms RETURNING trigger_id"


async def test_a_goal_that_is_set_or_changed_later_counts_what_is_sent_from_then(play: Play) -> None:
    broadcast = play.broadcast(None)
    await play.sent(broadcast, "ann")
    broadcast = play.aim(broadcast, PURCHASE)
    play.buys("ann")
    assert play.counted() == []
    (bought,) = await play.sent(broadcast, "ann")
    broadcast = play.aim(broadcast, Goal(GoalKind.EVENT, "signup"))
    (signed_up,) = await play.sent(broadcast, "ann")
    play.buys("ann", event="signup")
    assert play.counted() == [signed_up]
    play.buys("ann")  # what the message before was sent with counts on
    assert play.counted() == [bought, signed_up]
    broadcast = play.aim(broadcast, None)
    await play.sent(broadcast, "bob")
    play.buys("bob")
    assert play.counted() == [bought, signed_up]


@pytest.mark.parametrize("kind", [GoalKind.ENTERS_SEGMENT, GoalKind.LEAVES_SEGMENT])
async def test_a_segment_is_entered_or_left(play: Play, kind: GoalKind) -> None:
    stage = play.stage
    segment, other = stage.segment([]), stage.segment([])
    keys = await play.sent(play.broadcast(Goal(kind, segment_id=segment)), "ann", "bob")

    def change(segment_id: int, *names: str, add: bool) -> None:
        stage.store.write(
            lambda tx: membership.change_members(tx, stage.workspace, segment_id, IdKind.ID, names, add=add)
        )

    change(other, "ann", "bob", add=True)
    change(other, "ann", "bob", add=False)
    assert play.counted() == []
    change(segment, "bob", add=True)
    entered = keys[1:] if kind is GoalKind.ENTERS_SEGMENT else []
    assert play.counted() == entered
    change(segment, "bob", add=True)
    assert play.counted() == entered
    change(segment, "bob", add=False)
    change(segment, "ann", add=False)
    assert play.counted() == keys[1:]


async def test_what_became_of_a_message_decides(play: Play) -> None:
    """Failed ones reach nobody; a draft counts from when it is sent."""
    broadcast = play.broadcast()
    failed = await play.accounts(broadcast, "ann")
    play.settle(failed, State.FAILED, Reason.REFUSED)
    play.buys("ann")
    action = replace(broadcast.actions[0], sending_state=SendingState.DRAFT)
    play.stage.store.write(lambda tx: broadcasts.update_action(tx, action))
    (draft,) = await play.accounts(broadcast, "bob")
    play.settle([draft], State.DRAFTED)
    play.buys("bob")
    assert play.counted() == []
    again = [Outcome(draft, State.QUEUED)]
    play.stage.store.write(lambda tx: ledger.settle(tx, draft.trigger_id, again, shard=0, source=State.DRAFTED))
    play.settle([draft])
    play.buys("bob")
    assert play.counted() == [draft]


async def test_webhooks_convert_where_it_is_asked_for(play: Play) -> None:
    call = EmailContent(webhook=WebhookCall("https://x.test"))
    broadcast = play.broadcast(
        PURCHASE, call, replace(call, webhook=WebhookCall("https://x.test", conversion_tracking=True))
    )
    _, tracked = await play.sent(broadcast, "ann")
    play.buys("ann")
    assert play.counted() == [tracked]


async def test_a_transactional_message_converts_nothing_and_takes_nothing(play: Play) -> None:
    (key,) = await play.sent(play.broadcast(), "ann")
    texts = Override({"recipient": "ann@x.test", "subject": "S", "body": "B", "sender": "n@x.test"})
    request = SendRequest(Reference(IdKind.ID, "ann"), None, texts)
    stage = play.stage
    stage.store.write(lambda tx: aimed_inline(tx, stage.workspace))
    later = stage.store.write(lambda tx: transactional.send(tx, stage.workspace, request, submit=lambda *_: None).key)
    play.settle([later])
    play.buys("ann")
    assert play.counted() == [key]


def aimed_inline(tx: Transaction, workspace: Workspace) -> None:
    """Even where somebody has written a goal to it."""
    broadcasts.update(tx, replace(broadcasts.inline(tx, workspace), goal=PURCHASE))


async def test_whoever_was_merged_has_the_messages_of_both(play: Play) -> None:
    broadcast = play.broadcast()
    (to_bob,) = await play.sent(broadcast, "bob")
    play.does(Merge(Reference(IdKind.ID, "ann"), Reference(IdKind.ID, "bob")))
    play.buys("ann")
    assert play.counted() == [to_bob]
    # Merged between the event and the look: it is the same person's.
    (to_cy,) = await play.sent(broadcast, "cy")
    play.buys("cy")
    play.does(Merge(Reference(IdKind.ID, "ann"), Reference(IdKind.ID, "cy")))
    assert play.counted() == [to_bob, to_cy]


async def test_whoever_is_deleted_converts_nothing(play: Play) -> None:
    await play.sent(play.broadcast(), "ann")
    play.buys("ann")
    play.does(Delete(Reference(IdKind.ID, "ann")))
    assert play.counted() == []
    assert play.waiting() == 0
    play.buys("ann")  # a new person of that name
    assert play.counted() == []


async def test_what_a_stranger_did_counts_once_they_are_known(play: Play) -> None:
    (key,) = await play.sent(play.broadcast(), "ann")
    stage = play.stage

    def wander(tx: Transaction) -> None:
        for event_id, at_ms in (("early", tx.now_ms() - DAY), ("late", tx.now_ms())):
            merging.add_anonymous_event(
                tx, stage.workspace, "a1", event_id=event_id, at_ms=at_ms, kind="event", name="purchase", data={}
            )

    stage.store.write(wander)
    assert play.waiting() == 0
    play.does(Identify(Reference(IdKind.ID, "ann"), anonymous_id="a1"))
    assert play.counted() == [key]
    assert stage.select("SELECT source FROM conversion")[0]["source"] == "late"


async def test_a_process_that_dies_before_the_commit_leaves_it_to_the_next(play: Play) -> None:
    keys = await play.sent(play.broadcast(), "ann", "bob")
    play.buys("ann")
    play.buys("bob")
    with pytest.raises(Broken):
        work_off(play.stage.store, breaking_at("convert.before_commit"))
    assert play.waiting() == 2
    assert not play.stage.select("SELECT trigger_id FROM conversion")
    assert not play.stage.select("SELECT n FROM trigger_metric")
    assert play.counted() == keys
    heard = play.stage.store.read(lambda tx: metrics.heard_of(tx, keys[0].trigger_id))
    assert heard == {"converted": 2}


async def test_an_event_and_its_place_in_the_queue_commit_together(play: Play) -> None:
    stage, segment = play.stage, play.stage.segment([])
    keys = await play.sent(play.broadcast(Goal(GoalKind.ENTERS_SEGMENT, segment_id=segment)), "ann")
    ann = int(stage.rows(keys[0].trigger_id)[0]["person_id"])

    def enter(tx: Transaction, *, dies: bool) -> None:
        membership.change(tx, stage.workspace, segment, [ann], add=True)
        if dies:
            raise Broken

    with pytest.raises(Broken):
        stage.store.write(partial(enter, dies=True))
    assert play.waiting() == 0
    stage.store.write(partial(enter, dies=False))
    assert play.waiting() == 1
    assert play.counted() == keys


async def test_nothing_is_queued_where_no_goal_is_open(play: Play) -> None:
    play.broadcast()  # a goal, and nobody was ever sent anything with it
    play.buys("ann")
    assert play.waiting() == 0
    keys = await play.sent(play.broadcast(), "ann")
    play.stage.store.write(
        lambda tx: tx.composed(
            "UPDATE broadcast_trigger SET processed_ms = :ms WHERE trigger_id = :t RETURNING trigger_id",
            {"ms": tx.now_ms() - 9 * DAY, "t": keys[0].trigger_id},
        )
    )
    play.buys("ann")
    assert play.waiting() == 0


async def test_conversions_go_with_the_accounts(play: Play) -> None:
    keys = await play.sent(play.broadcast(), "ann")
    play.buys("ann")
    assert play.counted() == keys
    trigger_id = keys[0].trigger_id
    removed = play.stage.store.write(
        lambda tx: tx.execute("clear_conversions", trigger_id=trigger_id, after=0, until=9)
    )
    assert removed == 1


def names(found: Iterable[goals.OpenGoal]) -> list[str]:
    return [one.goal.event for one in found]


async def test_goals_of_other_workspaces_are_none_of_ours(play: Play) -> None:
    await play.sent(play.broadcast(), "ann")
    workspace_id = play.stage.workspace.workspace_id
    for where, expected in ((workspace_id, ["purchase"]), (workspace_id + 1, [])):
        asked = partial(goals.open_about, workspace_id=where, kind=GoalKind.EVENT, subjects={"purchase", "signup"})
        found = play.stage.store.read(asked)
        assert names(found) == expected
