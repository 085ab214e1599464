# SPDX-License-Identifier: Apache-2.0
"""Reporting webhooks: what they want to hear, what waits for each, and how calls ended.

An event is a row for each webhook that wants it, written in the transaction that makes it happen. A webhook's rows are
sent in the order of their ids; one that was written late is sent late, and none is passed over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.domain.reporting import LONGEST_MS, Answered, event_of
from clarion.domain.ulids import ulid
from clarion.store import numbers, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.people import encode

KEPT_MS = 30 * 24 * 3_600_000
_ATTEMPTS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Webhook:
    """`tries`: how often the event that is first in line was tried in vain; `due_ms`: not before."""

    webhook_id: int
    workspace_id: int
    name: str
    endpoint: str
    events: tuple[str, ...]
    disabled: bool
    full_resolution: bool
    with_content: bool
    secret: str
    tries: int = 0
    due_ms: int = 0
    fence: int = 0
    delivered: int = 0
    given_up: int = 0


class Waiting(NamedTuple):
    """An event that was not taken yet."""

    event_id: str
    event: str
    facts: dict[str, Any]
    made_ms: int


class _Wanting(NamedTuple):
    webhook_id: int
    events: frozenset[str]
    full_resolution: bool


def _webhook(row: Row) -> Webhook:
    return Webhook(
        webhook_id=int(row["webhook_id"]),
        workspace_id=int(row["workspace_id"]),
        name=str(row["name"]),
        endpoint=str(row["endpoint"]),
        events=tuple(msgspec.json.decode(row["events"])),
        disabled=bool(row["disabled"]),
        full_resolution=bool(row["full_resolution"]),
        with_content=bool(row["with_content"]),
        secret=str(row["secret"]),
        tries=int(row["tries"]),
        due_ms=int(row["due_ms"]),
        fence=int(row["fence"]),
        delivered=int(row["delivered"]),
        given_up=int(row["given_up"]),
    )


def _columns(webhook: Webhook) -> dict[str, object]:
    return {
        "webhook_id": webhook.webhook_id,
        "workspace_id": webhook.workspace_id,
        "name": webhook.name,
        "endpoint": webhook.endpoint,
        "events": encode(list(webhook.events)),
        "disabled": int(webhook.disabled),
        "full_resolution": int(webhook.full_resolution),
        "with_content": int(webhook.with_content),
        "secret": webhook.secret,
    }


def new_number(tx: Transaction) -> int:
    """The number of a new webhook."""
    return numbers.take(tx, "reporting_webhook")


def insert(tx: Transaction, webhook: Webhook) -> None:
    """Add a webhook."""
    tx.execute("insert_webhook", **_columns(webhook))


def update(tx: Transaction, webhook: Webhook) -> None:
    """Store a changed webhook; what waits is tried at once."""
    tx.execute("update_webhook", **_columns(webhook))


def delete(tx: Transaction, workspace: Workspace, webhook_id: int) -> bool:
    """Remove a webhook and what waits for it; False when there is none."""
    if not tx.execute("delete_webhook", workspace_id=workspace.workspace_id, webhook_id=webhook_id):
        return False
    tx.execute("delete_events_of_webhook", webhook_id=webhook_id)
    tx.execute("delete_attempts_of_webhook", webhook_id=webhook_id)
    return True


def listing(tx: Transaction, workspace: Workspace, only: int = 0) -> list[Webhook]:
    """A workspace's webhooks; `only` this one."""
    return [_webhook(row) for row in tx.all("webhooks", workspace_id=workspace.workspace_id, only=only)]


# -- what happens -------------------------------------------------------------------------------------------------


def _wanting(rows: Sequence[Row]) -> list[_Wanting]:
    return [
        _Wanting(int(row["webhook_id"]), frozenset(msgspec.json.decode(row["events"])), bool(row["full_resolution"]))
        for row in rows
    ]


class Listening(NamedTuple):
    """Who wants to hear of a trigger's messages; `kinds`: of its actions that are no e-mails."""

    wanting: "Sequence[_Wanting]"
    kinds: Mapping[int, str]

    def event(self, action_id: int, state: State, reason: Reason | None) -> str | None:
        """The event of an account that came to this state; None for none."""
        return event_of(state, reason, self.kinds.get(action_id, "email"))


def listening(tx: Transaction, trigger_id: int) -> Listening:
    """See `Listening`."""
    rows = tx.all("webhooks_of_trigger", trigger_id=trigger_id)
    wanting = _wanting([row for row in rows if row["webhook_id"] is not None])
    return Listening(wanting, triggers.kinds_of(rows[0]["kinds"]) if rows else {})


def note_outcomes(tx: Transaction, told: Listening, outcomes: Sequence[Outcome]) -> None:
    """Accounts were settled, or an attempt failed and will be repeated."""
    if not told.wanting:
        return
    facts = []
    for outcome in outcomes:
        if outcome.state is State.QUEUED and not (outcome.counted and outcome.words):
            continue
        event = told.event(outcome.key.action_id, outcome.state, outcome.reason)
        if event is not None:
            facts.append((event, outcome.key, _said(outcome.reason, outcome.words)))
    _write(tx, told.wanting, facts)


def note_left_out(tx: Transaction, trigger_id: int, rows: Sequence[tuple[int, int, int, str | None]]) -> None:
    """Accounts were made that will not be sent: (seq, action, state, reason)."""
    left = [row for row in rows if row[2] != State.QUEUED]
    told = listening(tx, trigger_id) if left else Listening((), {})
    facts = []
    for seq, action_id, state, word in left if told.wanting else ():
        reason = Reason(word) if word else None
        event = told.event(action_id, State(state), reason)
        if event is not None:
            facts.append((event, DeliveryKey(trigger_id, seq, action_id), _said(reason, None)))
    _write(tx, told.wanting, facts)


def _said(reason: Reason | None, words: str | None) -> dict[str, Any]:
    return {"reason": reason.value if reason else None, "words": words}


def note_heard(
    tx: Transaction, workspace_id: int, event: str, key: DeliveryKey, detail: Mapping[str, Any], *, first: bool
) -> None:
    """Something was heard of a message; those without full resolution want the first time only."""
    wanting = _wanting(tx.all("webhooks_wanting", workspace_id=workspace_id))
    _write(tx, [one for one in wanting if first or one.full_resolution], [(event, key, dict(detail))])


def note_person(tx: Transaction, workspace_id: int, event: str, person_id: int, key: DeliveryKey | None = None) -> None:
    """Somebody subscribed or unsubscribed, by way of a message or not."""
    wanting = _wanting(tx.all("webhooks_wanting", workspace_id=workspace_id))
    _write(tx, wanting, [(event, key, {"person_id": person_id})], person_id)


def _write(
    tx: Transaction,
    wanting: Sequence[_Wanting],
    facts: Sequence[tuple[str, DeliveryKey | None, dict[str, Any]]],
    person_id: int = 0,
) -> None:
    if not wanting or not facts:
        return
    now_ms = tx.now_ms()
    rows = []
    for event, key, detail in facts:
        takers = [one for one in wanting if event in one.events]
        if takers:
            text, event_id = encode({"key": list(key) if key else None, **detail}), ulid(now_ms)
            rows += [
                {
                    "webhook_id": one.webhook_id,
                    "event_id": event_id,
                    "event": event,
                    "facts": text,
                    "person_id": person_id,
                    "made_ms": now_ms,
                }
                for one in takers
            ]
    if rows:
        tx.many("insert_reporting_events", rows)


# -- sending ------------------------------------------------------------------------------------------------------


def due(tx: Transaction) -> int | None:
    """A webhook that has something to be sent now."""
    row = tx.one("webhook_due")
    return int(row["webhook_id"]) if row else None


def take(tx: Transaction, webhook_id: int, lease_ms: int) -> Webhook | None:
    """Hold a webhook; None when another was quicker."""
    if not tx.execute("take_webhook", webhook_id=webhook_id, lease_ms=lease_ms):
        return None
    row = tx.one("webhook", webhook_id=webhook_id)
    return _webhook(row) if row else None


def waiting(tx: Transaction, webhook_id: int, most: int) -> list[Waiting]:
    """What is first in line."""
    return [
        Waiting(str(row["event_id"]), str(row["event"]), msgspec.json.decode(row["facts"]), int(row["made_ms"]))
        for row in tx.all("waiting_events", webhook_id=webhook_id, most=most)
    ]


def settle(
    tx: Transaction,
    held: Webhook,
    taken: Sequence[tuple[str, Answered]],
    failed: tuple[str, Answered] | None,
    *,
    pause_ms: int,
) -> None:
    """Record how calls ended, and let go of the webhook.

    `failed`: the event that was not taken, and how; the others behind it wait with it, those of more than 7 days
    are given up.

    Raises:
        LostWebhook: another process holds the webhook by now; nothing is written.
    """
    moved = tx.execute(
        "webhook_sent",
        webhook_id=held.webhook_id,
        fence=held.fence,
        delivered=len(taken),
        tries=0 if failed is None else (0 if taken else held.tries) + 1,
        pause_ms=pause_ms,
    )
    if not moved:
        raise LostWebhook
    for no, (event_id, answered) in enumerate(taken):
        calls = 1 if no else held.tries + 1
        tx.execute("settle_event", webhook_id=held.webhook_id, event_id=event_id, status=answered.status, calls=calls)
    if failed is not None:
        event_id, answered = failed
        given_up = tx.execute("give_up_events", webhook_id=held.webhook_id, longest_ms=LONGEST_MS)
        tx.execute("note_given_up", webhook_id=held.webhook_id, given_up=given_up)
        tx.execute(
            "insert_attempt",
            webhook_id=held.webhook_id,
            attempt_id=ulid(tx.now_ms()),
            event_id=event_id,
            status=answered.status,
            took_ms=answered.took_ms,
            words=answered.words,
        )
        tx.execute("trim_attempts", webhook_id=held.webhook_id, kept=_ATTEMPTS_KEPT)


class LostWebhook(Exception):
    """Another process holds it; the transaction must not commit."""


def standing(tx: Transaction, webhook_id: int) -> tuple[int, str | None]:
    """How many events wait, and the id of the first."""
    row = tx.one("waiting_count", webhook_id=webhook_id)
    return (int(row["n"]), row["first"]) if row else (0, None)


def attempts(tx: Transaction, webhook_id: int, most: int) -> list[Row]:
    """The last failed calls, newest first."""
    return tx.all("attempts", webhook_id=webhook_id, most=most)


def replay(tx: Transaction, webhook_id: int, *, from_ms: int, to_ms: int, event: str, only_given_up: bool) -> int:
    """Send again what was sent or given up, with the same event ids; how many."""
    found = tx.execute(
        "replay_events",
        webhook_id=webhook_id,
        from_ms=from_ms,
        to_ms=to_ms,
        event=event,
        only_given_up=int(only_given_up),
    )
    tx.execute("hasten_webhook", webhook_id=webhook_id)
    return found


def clear(tx: Transaction) -> int:
    """Forget events of more than 30 days ago; how many."""
    return tx.execute("clear_reporting_events", kept_ms=KEPT_MS)


def forget(tx: Transaction, person_id: int) -> None:
    """Remove what is to be told of somebody who is erased, but for their messages, which name them by number only."""
    tx.execute("forget_reporting_events", person_id=person_id)
