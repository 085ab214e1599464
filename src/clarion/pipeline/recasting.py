# SPDX-License-Identifier: Apache-2.0
"""Clicks that were taken for a person's turn out to be a machine's: the third of many at once shows what the first two
were.

A state path. Read: what was heard of the message within the time of the rule, under the lock of its account that the
click took. Committed, in the transaction of the click that shows it: those clicks as a machine's, without the openings
that were concluded from them; the counters of the message, of its links, its language and its trigger; that segments
which look at it decide again. Crash: before the commit nothing happened, and the next click of the burst does it. Done
again it finds nothing left to do, since a person's clicks of that time are no more.

What was told elsewhere stays told: events of reporting webhooks, and a conversion that was counted.
"""

from collections import defaultdict

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.machines import SpeedRule
from clarion.domain.metrics import Metric
from clarion.store import feedback, links, metrics, watched_messages
from clarion.store.engine import Row, Transaction
from clarion.store.feedback import Noted

_CONCLUDED = frozenset({Metric.OPENED, Metric.HUMAN_OPENED})
_MOVED = (Metric.HUMAN_CLICKED, Metric.MACHINE_CLICKED, Metric.OPENED, Metric.HUMAN_OPENED)


def recast(tx: Transaction, key: DeliveryKey, account: Row, rule: SpeedRule, now_ms: int) -> None:
    """A click by this rule is happening: those before it, within its time, were the same machine's."""
    clicks: defaultdict[int, list[int]] = defaultdict(list)
    seen = feedback.events_since(tx, key, now_ms - rule.within_ms)
    if not any(_is_persons(one) for one in seen):
        return
    for one in seen:
        if _is_persons(one):
            clicks[int(one.detail["link_id"])].append(one.at_ms)
            feedback.change(tx, key, _by_machine(one, rule)._replace(metric=Metric.MACHINE_CLICKED))
        elif one.metric is Metric.CLICKED and not one.detail.get("machine"):
            feedback.change(tx, key, _by_machine(one, rule))
        elif one.metric in _CONCLUDED and one.detail.get("synthetic"):
            feedback.drop(tx, key, one)
    for link_id, times in sorted(clicks.items()):
        links.recount(tx, key, link_id, len(times), min(times))
    for metric, n in feedback.reconcile(tx, key, _MOVED).items():
        metrics.hear(tx, key, metric, account["language"], n)
        if n > 0:
            watched_messages.heard(tx, key)
        else:
            watched_messages.unheard(tx, key, int(account["person_id"]), metric)


def _is_persons(one: Noted) -> bool:
    return one.metric is Metric.HUMAN_CLICKED and "link_id" in one.detail


def _by_machine(one: Noted, rule: SpeedRule) -> Noted:
    return one._replace(detail={**one.detail, "machine": True, "rule": rule.name})
