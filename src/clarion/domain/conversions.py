# SPDX-License-Identifier: Apache-2.0
"""When a message converts: which messages can, what reaches a goal, and from when its window runs (contract §10)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clarion.domain.broadcasts import Action
from clarion.domain.deliveries import DeliveryKey, State
from clarion.domain.goals import CountedFrom, Goal
from clarion.domain.metrics import Metric
from clarion.domain.reporting import EVENTS

_DAY_MS = 86_400_000
_SECOND_MS = 1_000
# How long after its trigger's end a message may still come to what the window runs from. Reports of what was delivered
# come late, and greylisted mail does; who opens it after this is not waited for. A day more: events are told late, too.
_COMES_WITHIN_DAYS = {
    CountedFrom.SENT: 1,
    CountedFrom.DELIVERED: 8,
    CountedFrom.OPENED: 90,
    CountedFrom.CLICKED: 90,
}
# A provider tells of a delivery some time after it: until then nobody can say which message was there first.
REPORTED_WITHIN_MS = 120_000
# Some tell of it later. For so long after somebody reached the goal, and converted nothing, reports of their messages
# are waited for. What we see ourselves, we see at once.
_TOLD_WITHIN_MS = {
    CountedFrom.SENT: 0,
    CountedFrom.DELIVERED: _COMES_WITHIN_DAYS[CountedFrom.DELIVERED] * _DAY_MS,
    CountedFrom.OPENED: _DAY_MS,
    CountedFrom.CLICKED: _DAY_MS,
}
_EVER_MS = 100 * 365 * _DAY_MS
_NEVER = frozenset({"slack"})


def open_ms(goal: Goal) -> int:
    """For how long after a trigger's end its messages may convert."""
    if goal.window_days is None:
        return _EVER_MS
    return (goal.window_days + _COMES_WITHIN_DAYS[goal.counted_from]) * _DAY_MS


def converts(action: Action) -> bool:
    """Whether messages of an action convert: those of every channel but Slack's, of webhooks where asked for."""
    if action.content.webhook is not None:
        return action.content.webhook.conversion_tracking
    return action.kind not in _NEVER and f"{action.kind}_converted" in EVENTS


def has_property(goal: Goal, data: Mapping[str, Any]) -> bool:
    """Whether an event has the property that the goal wants, if it wants one; any value for none that it names."""
    if not goal.property_name:
        return True
    value: Any = data.get(goal.property_name)
    if value is None and "." in goal.property_name:
        value = data
        for name in goal.property_name.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
    if value is None or not goal.property_value:
        return value is not None
    return _is(value, goal.property_value)


def _is(value: object, wanted: str) -> bool:
    if isinstance(value, bool):
        return str(value).lower() == wanted.lower()
    if isinstance(value, int | float):
        try:
            return float(value) == float(wanted)
        except (ValueError, OverflowError):
            return False
    return isinstance(value, str) and value.strip() == wanted


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message to somebody who reached a goal, and what was heard of it; times in Unix milliseconds."""

    key: DeliveryKey
    goal: Goal
    state: State
    settled_ms: int | None
    heard: Mapping[Metric, int]

    @property
    def received_ms(self) -> int | None:
        """When it reached the person, for all we know; None: it did not.

        Its account is settled with its whole chunk: who was faster, opened it before we had written that it was sent.
        """
        known = [self.settled_ms] if self.state is State.SENT else []
        return _first((*known, self._delivered_ms))

    @property
    def _delivered_ms(self) -> int | None:
        return _first(self.heard.get(one) for one in (Metric.DELIVERED, Metric.OPENED, Metric.CLICKED))

    @property
    def _clicked_ms(self) -> int | None:
        # What programs did alone is no reading; without either word on it somebody told us of a person.
        if Metric.HUMAN_CLICKED in self.heard or Metric.MACHINE_CLICKED in self.heard:
            return self.heard.get(Metric.HUMAN_CLICKED)
        return self.heard.get(Metric.CLICKED)

    @property
    def _opened_ms(self) -> int | None:
        if Metric.HUMAN_OPENED in self.heard or Metric.PREFETCH_OPENED in self.heard:
            return _first((self.heard.get(Metric.HUMAN_OPENED), self._clicked_ms))
        return _first((self.heard.get(Metric.OPENED), self._clicked_ms))

    def _counted_ms(self) -> int | None:
        match self.goal.counted_from:
            case CountedFrom.SENT:
                return self.received_ms
            case CountedFrom.DELIVERED:
                return self._delivered_ms
            case CountedFrom.OPENED:
                return self._opened_ms
            case CountedFrom.CLICKED:
                return self._clicked_ms

    def fits(self, at_ms: int) -> bool:
        """Whether a goal reached at this time is reached in the window. To the second, as events are dated."""
        begins, at = self._counted_ms(), at_ms // _SECOND_MS
        if begins is None:
            return False
        first = begins // _SECOND_MS
        days = self.goal.window_days
        return first <= at and (days is None or at <= first + days * (_DAY_MS // _SECOND_MS))

    def told_until_ms(self, at_ms: int) -> int:
        """Until when it may still be told that a goal reached at this time was reached in the window; 0: it is not."""
        received_ms = self.received_ms
        if received_ms is None or received_ms // _SECOND_MS > at_ms // _SECOND_MS or self._counted_ms() is not None:
            return 0
        return at_ms + _TOLD_WITHIN_MS[self.goal.counted_from]


def _first(times: Iterable[int | None]) -> int | None:
    return min((one for one in times if one is not None), default=None)
