# SPDX-License-Identifier: Apache-2.0
"""What is heard about a message is kept each time, and known by its first time."""

from functools import partial

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.metrics import Feedback, Metric
from clarion.pipeline.feedback import record
from clarion.store import feedback

from .stage import Stage


async def test_each_time_is_kept_and_the_first_one_is_shown(stage: Stage) -> None:
    stage.crowd(1)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    (row,) = stage.rows(trigger_id)
    key = DeliveryKey(trigger_id, row["seq"], row["action_id"])
    for at_ms in (5_000, 6_000):
        assert stage.store.write(partial(record, heard=Feedback(key, Metric.OPENED, at_ms)))
    assert stage.store.write(lambda tx: record(tx, Feedback(key, Metric.CLICKED, 7_000, {"href": "https://x.test"})))
    first = stage.store.read(lambda tx: feedback.first_times(tx, key))
    assert first == {Metric.OPENED: 5_000, Metric.CLICKED: 7_000}
    assert len(stage.select("SELECT event_id FROM delivery_event")) == 3


def test_nothing_is_written_about_a_message_that_there_is_not(stage: Stage) -> None:
    key = DeliveryKey(999, 1, 1)
    assert not stage.store.write(lambda tx: record(tx, Feedback(key, Metric.OPENED)))
    assert not stage.select("SELECT event_id FROM delivery_event")
