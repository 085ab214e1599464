# SPDX-License-Identifier: Apache-2.0
"""Feedback: what is heard about a message after it left, from links in it, from providers, from the Track API.

This is a state path.

Read: the account, to know that there is one. Committed, in the caller's one transaction: the event and, when it is the
first of its kind for this message, whatever counts or tells it, and that a goal its person reached since is looked at
again; of a mail's bounce or a complaint of it, that the address gets no more mail (contract §7.8). Crash: before the
commit nothing happened; whoever told us has no answer, and tells again or not. The same thing told twice is two events
and counts once; with a name of its own (`told_as`) it is one event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Literal

from clarion.domain.deliveries import DeliveryKey
from clarion.domain.machines import MachineRules, Pace, RequestRule, SpeedRule
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.reporting import EVENTS
from clarion.domain.suppressions import OF_METRIC
from clarion.pipeline.recasting import recast
from clarion.store import (
    deliveries,
    esp,
    feedback,
    goals,
    ledger,
    links,
    metrics,
    people,
    reporting,
    triggers,
    watched_messages,
)
from clarion.store.engine import Row, Transaction

_BEGIN_A_WINDOW = frozenset(
    {Metric.DELIVERED, Metric.OPENED, Metric.HUMAN_OPENED, Metric.CLICKED, Metric.HUMAN_CLICKED}
)


def record(tx: Transaction, heard: Feedback) -> bool:
    """Write down what was heard about a message; False when it was told before, or there is no account (any more)."""
    account = ledger.get(tx, heard.key)
    if account is None:
        return False
    now_ms = tx.now_ms()
    at_ms = now_ms if heard.at_ms is None else heard.at_ms
    first = feedback.note(tx, heard, min(at_ms, now_ms) if heard.told_as else at_ms, now_ms)
    if first is None:
        return False
    if first:
        metrics.hear(tx, heard.key, heard.metric, account["language"])
        watched_messages.heard(tx, heard.key)
        if heard.metric in _BEGIN_A_WINDOW and at_ms < now_ms:
            goals.wake(tx, heard.key.trigger_id, int(account["person_id"]), at_ms // 1_000 * 1_000)
    kind = triggers.kind_of(tx, heard.key)
    event = f"{kind}_{heard.metric}"
    if event in EVENTS:
        reporting.note_heard(tx, int(account["workspace_id"]), event, heard.key, heard.detail, first=first)
    if kind == "email" and heard.metric in OF_METRIC and not heard.soft:  # numbers and URLs are no addresses
        _suppress(tx, heard, account)
    return True


@dataclass(frozen=True, slots=True)
class Told:
    """By whom something was told, and when it happened; see `Feedback`. Without a name: seen by ourselves, now."""

    told_as: str = ""
    at_ms: int | None = None


SEEN = Told()


@dataclass(frozen=True, slots=True)
class Looked:
    """What our own server saw: the rule that decided about the request, None for none; what is too fast."""

    decider: RequestRule | None
    rules: MachineRules


def opened(
    tx: Transaction,
    key: DeliveryKey,
    *,
    machine: bool = False,
    looked: Looked | None = None,
    told: Told = SEEN,
    device: str = "",
) -> bool:
    """Its picture was loaded, by a person or by a program that looks at mail before a person does; or an app told us
    that it was opened on a `device`. `looked`: whether it was a `machine` is for the rules to say.
    """
    rule = None if looked is None else _ruled(tx, key, looked, "opened")
    machine = machine or (rule is not None and _is_machine(rule))
    proxied = rule is not None and not _is_machine(rule)
    detail: dict[str, object] = {"proxied": proxied, "prefetched": machine, "synthetic": False, **_named(rule)}
    if device:
        detail["device_id"] = device
    whose = Metric.PREFETCH_OPENED if machine else Metric.HUMAN_OPENED
    return _each(tx, key, (Metric.OPENED, whose), detail, told)


def clicked(
    tx: Transaction,
    key: DeliveryKey,
    href: str,
    *,
    machine: bool = False,
    looked: Looked | None = None,
    told: Told = SEEN,
    response: str = "",
) -> bool:
    """A link in it was followed. Who clicks has opened, whether or not the picture was loaded (contract §11).

    `response`: what the app says of it. `looked`: as of `opened`.
    """
    if looked is not None:  # one after another, or of many at once none sees the others
        deliveries.lock(tx, key.trigger_id, [key])
    account = ledger.get(tx, key)
    if account is None:
        return False
    link_id = links.link_id(tx, key.action_id, href)
    rule = None if looked is None else _ruled(tx, key, looked, "clicked", link_id)
    if isinstance(rule, SpeedRule) and rule.of == "links":
        recast(tx, key, account, rule, tx.now_ms())
    machine = machine or (rule is not None and _is_machine(rule))
    whose = Metric.MACHINE_CLICKED if machine else Metric.HUMAN_CLICKED
    detail = {"href": href, "link_id": link_id, "machine": machine, **_named(rule)}
    if response:
        detail["tracked_response"] = response
    if not _each(tx, key, (whose,), detail, told):
        return False
    links.click(tx, key, link_id, (Metric.CLICKED, whose), tx.now_ms())
    if not machine and Metric.HUMAN_OPENED not in feedback.first_times(tx, key):
        synthetic = {"proxied": False, "prefetched": False, "synthetic": True}
        _each(tx, key, (Metric.OPENED, Metric.HUMAN_OPENED), synthetic, told)
    return _each(tx, key, (Metric.CLICKED,), detail, told)


def _ruled(
    tx: Transaction, key: DeliveryKey, looked: Looked, of: Literal["opened", "clicked"], link_id: int = 0
) -> RequestRule | SpeedRule | None:
    """The rule that decides; what is too fast is a machine's, whatever the request says of itself."""
    if looked.decider is not None and _is_machine(looked.decider):
        return looked.decider
    account, now_ms = ledger.get(tx, key), tx.now_ms()
    sent_ms = account["settled_ms"] if account is not None else None
    others = _followed_ago(tx, key, link_id, now_ms, looked.rules) if of == "clicked" else ()
    pace = Pace(None if sent_ms is None else now_ms - int(sent_ms), others)
    return looked.rules.too_fast(of, pace) or looked.decider


def _followed_ago(tx: Transaction, key: DeliveryKey, but: int, now_ms: int, rules: MachineRules) -> Sequence[int]:
    """How long ago each other link of a message was followed last, within the time that a rule asks about."""
    within_ms = max((one.within_ms for one in rules.speeds if one.of == "links"), default=0)
    seen = feedback.events_since(tx, key, now_ms - within_ms) if within_ms else ()
    last = {one.detail.get("link_id"): one.at_ms for one in seen if one.metric is Metric.CLICKED}
    return [now_ms - at_ms for link_id, at_ms in last.items() if link_id != but]


def _is_machine(rule: RequestRule | SpeedRule) -> bool:
    return isinstance(rule, SpeedRule) or rule.says == "machine"


def _named(rule: RequestRule | SpeedRule | None) -> dict[str, object]:
    return {} if rule is None else {"rule": rule.name}


def _each(tx: Transaction, key: DeliveryKey, heard: Sequence[Metric], detail: Mapping[str, object], told: Told) -> bool:
    known = False
    for metric in heard:
        known = record(tx, Feedback(key, metric, told.at_ms, detail, told.told_as))
    return known


def _suppress(tx: Transaction, heard: Feedback, account: Row) -> None:
    email = recipient_of(tx, account, str(heard.detail.get("recipient") or ""))
    if email:
        said = str(heard.detail.get("failure_message") or heard.metric.value)
        status = str(heard.detail.get("status") or "")
        esp.suppress(tx, int(account["workspace_id"]), OF_METRIC[heard.metric], email, reason=said, status=status)


def recipient_of(tx: Transaction, account: Row, told: str) -> str:
    """Where a message went; "" when nobody knows, as of people who are gone.

    `told`: where it went as whoever tells of it says: true while its outcome is not written down yet.
    """
    email = parseaddr(account["recipient"] or "")[1]
    if email:
        return email
    person_id = int(account["person_id"])
    who = people.identifiers(tx, [person_id]).get(person_id)
    return "" if who is None else told or who.email or ""
