# SPDX-License-Identifier: Apache-2.0
"""Hearing: what a provider tells of messages becomes feedback.

This is a state path.

Read: the message's account. Committed, for each event in a transaction of its own: its seal, if it has one; that a
message in doubt was sent, for whoever tells of it has it; what `feedback` writes down for it; between which numbers a
text went, for answers to it; that an address gets no more mail, at once or after some soft bounces in a row; that a
person is unsubscribed. Crash: the provider has no answer, tells all of its call again, and what was committed is told a
second time, which changes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import parseaddr
from enum import StrEnum

from clarion.channels.hook import NotGenuineError
from clarion.domain.deliveries import DeliveryKey, State, key_of
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.people import email_key
from clarion.domain.provider_events import ProviderEvent
from clarion.domain.suppressions import EspKind
from clarion.pipeline import doubt, feedback
from clarion.pipeline.feedback import Told
from clarion.store import esp, hooks, ledger, texts, triggers
from clarion.store.engine import Row, Transaction

Unsubscribe = Callable[[Transaction, DeliveryKey], object]
"""Unsubscribes whoever a message was for; its metric is written down already."""


class Outcome(StrEnum):
    """What became of an event."""

    TAKEN = "taken"
    REPEATED = "repeated"
    UNKNOWN = "unknown"  # of no message of ours, or of one that is forgotten
    COPY = "copy"  # of a message's cc or bcc, which has no account


@dataclass(frozen=True, slots=True)
class HearRules:
    """`soft_bounces`: after so many in a row an address gets no more; 0: it goes on getting mail.

    `signed`: whoever tells is known, so what is told of other addresses than the message's own is believed.
    """

    soft_bounces: int
    signed: bool = True


def hear(
    tx: Transaction, event: ProviderEvent, provider: str, secret: bytes, rules: HearRules, unsubscribe: Unsubscribe
) -> Outcome:
    """Write down one event. Raises NotGenuineError: its seal came with another one before."""
    if event.seal is not None and not hooks.keep(tx, provider, event.seal):
        raise NotGenuineError("the token came with another event before")
    key = key_of(event.delivery_id, secret)
    account = ledger.get(tx, key) if key is not None else None
    if key is None or account is None:
        return Outcome.UNKNOWN
    doubted = account["state"] == State.IN_DOUBT
    if doubted:
        more = f": {event.metric.value}" if event.metric is not None else ""
        doubt.clear(tx, key, f"{provider} tells that it has it{more}")
    kind = triggers.kind_of(tx, key)
    if event.sender and event.recipient:
        texts.sent(tx, key, account, channel=kind, phone=event.recipient, sender=event.sender)
    if event.metric is None:
        return Outcome.TAKEN if doubted else Outcome.REPEATED
    is_mail = kind == "email"  # which alone has copies, and addresses that are kept from mail
    known = parseaddr(account["recipient"] or "")[1] if is_mail else ""
    if known and event.recipient and email_key(known) != email_key(event.recipient):
        if rules.signed:
            _of_a_copy(tx, event, int(account["workspace_id"]))
        return Outcome.COPY
    metric = event.metric
    if not rules.signed:
        event = replace(event, recipient="")  # where it went is known here, or not at all
    if not _note(tx, key, event, metric, provider):
        return Outcome.REPEATED
    if is_mail:
        _follow(tx, event, account, rules)
    if event.metric is Metric.UNSUBSCRIBED:
        unsubscribe(tx, key)
    return Outcome.TAKEN


def _note(tx: Transaction, key: DeliveryKey, event: ProviderEvent, metric: Metric, provider: str) -> bool:
    """Whether it was new."""
    told = Told(f"{provider}:{event.event_id}", event.at_ms)
    if metric is Metric.OPENED:
        return feedback.opened(tx, key, machine=event.machine, told=told)
    if metric is Metric.CLICKED and event.href:
        return feedback.clicked(tx, key, event.href, machine=event.machine, told=told)
    given = {"recipient": event.recipient, "failure_message": event.words, "status": event.status}
    detail = {name: value for name, value in given.items() if value}
    return feedback.record(tx, Feedback(key, metric, told.at_ms, detail, told.told_as, event.soft))


def _follow(tx: Transaction, event: ProviderEvent, account: Row, rules: HearRules) -> None:
    """What it means for the address."""
    workspace_id, address = int(account["workspace_id"]), feedback.recipient_of(tx, account, event.recipient)
    if not address:
        return
    if event.metric is Metric.DELIVERED:
        esp.end_soft_bounces(tx, workspace_id, address)
    elif event.metric is Metric.BOUNCED and event.soft and rules.soft_bounces:
        bounces = esp.soft_bounce(tx, workspace_id, address)
        if bounces >= rules.soft_bounces:
            reason = f"{bounces} soft bounces in a row, the last: {event.words}"
            esp.suppress(tx, workspace_id, EspKind.BOUNCES, address, reason=reason, status=event.status)
            esp.end_soft_bounces(tx, workspace_id, address)
    elif event.kind is not None:
        esp.suppress(tx, workspace_id, event.kind, address, reason=event.words, status=event.status)


def _of_a_copy(tx: Transaction, event: ProviderEvent, workspace_id: int) -> None:
    """The message's metrics are those of the person it was made for; a dead address is one, whoever has it."""
    if event.metric is Metric.BOUNCED and not event.soft:
        esp.suppress(tx, workspace_id, EspKind.BOUNCES, event.recipient, reason=event.words, status=event.status)
