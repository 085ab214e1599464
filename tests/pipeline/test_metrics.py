# SPDX-License-Identifier: Apache-2.0
"""Counters of metrics say what counting the accounts would say, and each message counts once."""

import random
from collections import Counter
from functools import partial

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.metrics import Metric, metrics_of
from clarion.domain.series import HOUR_MS, edges
from clarion.pipeline import feedback
from clarion.store import ledger, links, metrics
from clarion.store.engine import Transaction

from .stage import Stage


def counted(stage: Stage, broadcast_id: int) -> dict[str, int]:
    def read(tx: Transaction) -> dict[str, list[int]]:
        return metrics.series(tx, broadcast_id, 0, edges("days", 2, tx.now_ms()))

    return {name: total for name, numbers in stage.store.read(read).items() if (total := sum(numbers))}


async def test_counters_agree_with_the_accounts_whatever_became_of_them(stage: Stage) -> None:
    stage.crowd(60)
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast)
    await stage.resolver().run_once(trigger_id)
    keys, dice = stage.keys(trigger_id), random.Random(4)
    ends = [
        (State.SENT, None),
        (State.FAILED, Reason.REFUSED),
        (State.FAILED, Reason.RENDER_FAILED),
        (State.DRAFTED, None),
        (State.IN_DOUBT, Reason.NO_ANSWER),
        (State.STOPPED, Reason.TRIGGER_STOPPED),
        (State.QUEUED, None),
    ]
    for start in range(0, 60, 7):
        some = [Outcome(key, *dice.choice(ends)) for key in keys[start : start + 7]]
        stage.store.write(partial(ledger.settle, trigger_id=trigger_id, outcomes=some, shard=start))
    doubted = [row for row in stage.rows(trigger_id) if row["state"] == State.IN_DOUBT]
    decided = [
        Outcome(DeliveryKey(trigger_id, row["seq"], row["action_id"]), State.SENT, Reason.RESOLVED_AS_SENT)
        for row in doubted[:1]
    ]
    stage.store.write(lambda tx: ledger.settle(tx, trigger_id, decided, shard=3, source=State.IN_DOUBT))
    expected: Counter[str] = Counter()
    for row in stage.rows(trigger_id):
        reason = Reason(row["reason"]) if row["reason"] and row["state"] != State.QUEUED else None
        expected.update(metric.value for metric in metrics_of(State(row["state"]), reason))
    assert counted(stage, broadcast.broadcast_id) == dict(expected)


async def test_a_message_counts_once_and_a_click_opens(stage: Stage) -> None:
    stage.crowd(2)
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast)
    await stage.resolver().run_once(trigger_id)
    one, other = stage.keys(trigger_id)
    for _ in range(3):
        assert stage.store.write(lambda tx: feedback.clicked(tx, one, "https://x.test/a", machine=False))
    assert stage.store.write(lambda tx: feedback.clicked(tx, other, "https://x.test/a", machine=True))
    assert stage.store.write(lambda tx: feedback.opened(tx, other, machine=True))
    assert not stage.store.write(
        lambda tx: feedback.clicked(tx, DeliveryKey(trigger_id, 9, 9), "https://x.test/a", machine=True)
    )
    assert counted(stage, broadcast.broadcast_id) == {
        "created": 2,
        "clicked": 2,
        "human_clicked": 1,
        "machine_clicked": 1,
        "opened": 2,
        "human_opened": 1,
        "prefetch_opened": 1,
    }
    heard = stage.store.read(lambda tx: metrics.heard_of(tx, trigger_id))
    assert heard == {name: n for name, n in counted(stage, broadcast.broadcast_id).items() if name != "created"}
    for unique, clicks in ((False, 4), (True, 2)):
        days = edges("days", 2, stage.store.read(lambda tx: tx.now_ms()))
        look = partial(links.series, action_id=one.action_id, edges=days, unique=unique)
        ((_, href, series),) = stage.store.read(look)
        assert href == "https://x.test/a"
        assert sum(series["clicked"]) == clicks
        assert sum(series["machine_clicked"]) == 1


async def test_old_hours_are_folded_into_days_and_months_and_nothing_is_lost(stage: Stage) -> None:
    stage.crowd(3)
    broadcast = stage.broadcast()
    trigger_id = stage.trigger(broadcast)
    await stage.resolver().run_once(trigger_id)
    (key, *_) = stage.keys(trigger_id)
    stage.store.write(lambda tx: feedback.clicked(tx, key, "https://x.test/a", machine=False))
    before = counted(stage, broadcast.broadcast_id)
    now_hour = stage.store.read(lambda tx: tx.now_ms()) // HOUR_MS
    for days in (5, 6, 150):
        metrics.fold(stage.store, now_hour + 24 * days)
        rows = stage.select("SELECT DISTINCT hour FROM metric_count")
        assert len(rows) == 1, "one bucket of one hour became one of a day, then of a month"
        months = edges("months", 12, (now_hour + 24 * days) * HOUR_MS)
        found = stage.store.read(
            partial(metrics.series, broadcast_id=broadcast.broadcast_id, action_id=0, edges=months)
        )
        assert {name: sum(numbers) for name, numbers in found.items()} == before
    assert Metric.CLICKED in before
