# SPDX-License-Identifier: Apache-2.0
"""Leaving out: who gets nothing of an action, whatever its message is. Reads and commits nothing."""

from clarion.domain.broadcasts import FrozenContent
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.topics import refuses_channel
from clarion.store.engine import Row
from clarion.store.people import decode


class Wishes:
    """What decides it, of one trigger."""

    def __init__(self, content: FrozenContent) -> None:
        self._topics = {action.action_id: content.topic_of(action) for action in content.actions}
        self._to_unsubscribed = {action.action_id: action.send_to_unsubscribed for action in content.actions}
        self._kinds = {action.action_id: action.kind for action in content.actions}

    def left_out(self, key: DeliveryKey, row: Row, suppressed: bool) -> Outcome | None:
        """Why somebody gets nothing (a row of `ledger.next_rows`); None where nothing speaks against it.

        `suppressed`: of a person who is gone, whether they were suppressed rather than deleted.
        """
        if row["alive"] is None:
            return skipped(key, Reason.SUPPRESSED if suppressed else Reason.DELETED)
        if self._to_unsubscribed[key.action_id]:
            return None
        if row["unsubscribed"]:
            return skipped(key, Reason.UNSUBSCRIBED)
        topic = self._topics[key.action_id]
        if topic is not None and not topic.is_wanted_by(decode(row["attributes"])):
            return skipped(key, Reason.UNSUBSCRIBED_TOPIC)
        if refuses_channel(row["attributes"], channel := self._kinds[key.action_id]):
            return skipped(key, Reason.UNSUBSCRIBED)._replace(words=f"from {channel}")
        return None


def skipped(key: DeliveryKey, reason: Reason) -> Outcome:
    """That an account was skipped, without an attempt."""
    return Outcome(key, State.SKIPPED, reason, counted=False)
