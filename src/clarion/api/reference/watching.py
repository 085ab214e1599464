# SPDX-License-Identifier: Apache-2.0
"""Our own API, to see what a send did: progress, history, groups of failures, deliveries (docs/operations.md)."""

from typing import Any

from clarion.api.reference.attachments import FILE
from clarion.api.schemas import Loose, Reference, flag, integer, shown, text

_LOOSE = Loose(
    nullable=(
        "failure", "triggered_by", "processed_at", "scheduled_at", "expires_at", "pace", "changed_by", "expected",
        "rate", "estimated_end_at", "until", "words", "details_removed_at", "next", "cause", "reason", "meaning",
        "recipient", "account", "next_attempt_at", "attempted_at", "settled_at", "email", "id", "data_removed_at", "at",
    ),
    free=("reasons", "pace", "heard", "data", "detail"),
)  # fmt: skip
_NUMBERS: dict[str, Any] = {
    "accounts": 20_000,
    "made": 12_020,
    "handed_over": 12_010,
    "sent": 12_000,
    "failed": 20,
    "skipped": 480,
    "drafted": 0,
    "in_doubt": 0,
    "stopped": 0,
    "left": 7_500,
}
_PROGRESS: dict[str, Any] = {
    "id": 7,
    "broadcast": {"id": 3, "name": "Spring"},
    "state": "sending",
    "failure": None,
    "selector": "default",
    "running": True,
    "repeating": False,
    "paused": False,
    "triggered_by": "Nightly job",
    "created_at": 1796040000,
    "processed_at": None,
    "scheduled_at": None,
    "expires_at": None,
    "priority": 0,
    "pace": {"messages": 100, "per": "second"},
    "changed_by": None,
    "resolved": {"people": 20_000, "expected": 20_000, "share": 1.0, "done": True, "errors": 0},
    "recipients": 19_520,
    "numbers": _NUMBERS,
    "reasons": {"failed": {"refused": 10, "render_failed": 10}, "skipped": {"unsubscribed": 480}},
    "rate": 99.8,
    "handed_over_at": [[1796040100, 9_800]],
    "estimated_end_at": 1796040195,
    "held_back": [{"what": "rate", "meaning": "its rate is limited", "until": None, "words": None}],
}
_NOTE = (
    "Numbers are accounts (people × actions), from counters. `made`: rendered; `handed_over`: a provider had them; "
    "`left`: still queued. `repeating`: it was asked to be sent again to some, who are queued now. `rate`: messages a "
    "second of late, null until two looks some seconds apart can tell it. `held_back`: what limits it, the gravest "
    "first. It is meant to be polled, once a second or less."
)
PROGRESS = shown(
    {
        "triggers": [_PROGRESS],
        "badges": {"running_triggers": 1, "drafts": 0, "in_doubt": 0},
        "now": 1796040120,
    },
    _LOOSE,
    query={
        "ids": text("Numbers of triggers, separated by commas; at most 100."),
        "running": flag("Also every trigger of the workspace that is not finished."),
    },
    errors=(400,),
    note=_NOTE,
)
ONE_PROGRESS = shown({"trigger": _PROGRESS}, _LOOSE, errors=(404,), note=_NOTE)
BY_ACTION = shown(
    {
        "actions": [
            {
                "id": 12,
                "name": "Launch",
                "kind": "email",
                "metrics": {
                    "created": 10_000,
                    "drafted": 0,
                    "attempted": 9_760,
                    "sent": 9_750,
                    "failed": 10,
                    "undeliverable": 240,
                    "suppressed": 0,
                    "dropped": 0,
                    "delivered": 9_700,
                    "deferred": 3,
                    "bounced": 12,
                    "opened": 4_200,
                    "human_opened": 2_900,
                    "prefetch_opened": 1_700,
                    "clicked": 310,
                    "human_clicked": 280,
                    "machine_clicked": 35,
                    "converted": 40,
                    "replied": 0,
                    "spammed": 1,
                    "unsubscribed": 8,
                    "topic_unsubscribed": 0,
                    "tracking_consent_granted": 0,
                    "tracking_consent_denied": 0,
                },
                "tells": [
                    "delivered",
                    "opened",
                    "clicked",
                    "converted",
                    "bounced",
                    "spammed",
                    "unsubscribed",
                ],
                "reasons": {"skipped": {"unsubscribed": 240}, "failed": {"refused": 10}},
                "copies": {"sent": 9_748, "not_sent": 2, "unknown": 0, "last_reason": "552 mailbox full"},
            }
        ],
        "goal": {
            "kind": "event",
            "event": "booked",
            "property_name": "",
            "property_value": "",
            "segment_id": None,
            "window_days": 7,
            "counted_from": "sent",
        },
    },
    _LOOSE,
    errors=(404,),
    note="The actions that it performed, as they were when it was triggered; each message is counted once for each "
    "metric. `goal`: what counts as converted, as it was then; null: nothing does. `opened` and `clicked` are "
    "everybody's, `human_…` people's, `prefetch_opened` and `machine_clicked` machines'. `tells`: what can be heard of "
    "its messages at all. `copies`: what became of those in a fake bcc, which no metric counts; null: there were none. "
    "`unknown` ones may have been sent. All that is heard later is counted, as long as the trigger is there.",
)
SENDS = shown(
    {
        "sends": [
            {
                "id": 7,
                "state": "done",
                "paused": False,
                "failure": None,
                "selector": "default",
                "triggered_by": "Nightly job",
                "created_at": 1796040000,
                "processed_at": 1796040195,
                "scheduled_at": None,
                "people": 20_000,
                "recipients": 19_520,
                "errors": 0,
                "details_removed_at": None,
                "numbers": _NUMBERS,
                "heard": {
                    "delivered": 11_900,
                    "opened": 4_200,
                    "human_opened": 2_900,
                    "clicked": 310,
                    "human_clicked": 280,
                    "converted": 0,
                    "bounced": 12,
                    "unsubscribed": 8,
                },
            }
        ],
        "next": None,
    },
    _LOOSE,
    query={
        "start": integer("The `next` of the page before.", minimum=1),
        "limit": integer("How many at most; 25 unless given.", minimum=1, maximum=100),
    },
    errors=(400, 404),
)
CAUSES = shown(
    {
        "groups": [
            {
                "state": "failed",
                "reason": "refused",
                "meaning": "the receiving server refused the message",
                "cause": "550 5.1.1 [address]: user unknown",
                "words": "550 5.1.1 <ada@example.com>: user unknown",
                "accounts": 12,
                "exact": True,
                "examples": ["AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m"],
            }
        ],
        "looked_at_most": 2_000,
    },
    _LOOSE,
    errors=(404,),
    note=(
        "Of each state and reason the total comes from counters. Words are looked at on so many accounts of a reason "
        "at most; beyond that `exact` is false, and the rest is a group whose `cause` is null. `send_again` takes a "
        "group's reason and cause."
    ),
)
_FILTERS = {
    "state": text("queued, sent, failed, skipped, drafted, stopped or in_doubt; several with commas."),
    "reason": text("Only with this reason."),
    "cause": text("Only with words of this class, as `causes` names it."),
    "heard": text("Only messages of which this was heard: opened, clicked, bounced, unsubscribed, …"),
    "action_id": integer("Only this action's."),
    "account": text("Only what was handed to this account at a provider: email/ses; ses where one channel has it."),
}
ACCOUNTS_CSV = Reference(
    query=_FILTERS,
    answer={"type": "string"},
    answer_example="delivery_id,action_id,cio_id,…",
    errors=(400, 404),
    note="As `text/csv` with a header line, streamed: each account once, whatever the size.",
)
_DELIVERY: dict[str, Any] = {
    "id": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
    "action_id": 1,
    "person": {"email": "ada@example.com", "id": "42", "cio_id": "010000000001"},
    "recipient": "ada@example.com",
    "state": "failed",
    "reason": "refused",
    "meaning": "the receiving server refused the message",
    "words": "550 5.1.1 <ada@example.com>: user unknown",
    "attempts": 1,
    "again": 0,
    "next_attempt_at": None,
    "created_at": 1796040000,
    "attempted_at": 1796040001,
    "settled_at": 1796040001,
    "account": "ses-eu",
    "trigger_id": 1,
    "broadcast": {"id": 1, "name": "Spring"},
    "action": {"id": 1, "kind": "email", "name": "Hello"},
    "heard": {},
}
DELIVERIES = shown(
    {"deliveries": [_DELIVERY], "next": ""},
    _LOOSE,
    query={
        "trigger_id": integer("Only of this trigger."),
        "broadcast_id": integer("Only of this broadcast."),
        **_FILTERS,
        "person": text("Only of this person: an id, an e-mail address, or `cio_…`."),
        "start": text("The `next` of the page before."),
        "limit": integer("How many at most; 50 unless given.", minimum=1, maximum=1_000),
    },
    errors=(400,),
    note="Newest trigger first. A page before the end may be short, or empty: go on while `next` is not empty.",
)
DELIVERY = shown(
    {
        "delivery": {
            **_DELIVERY,
            "action": {"id": 1, "kind": "email", "name": "Mail"},
            "attachments": [FILE],
            "place": 7,
            "data": {"coupon": "SPRING"},
            "data_removed_at": None,
            "timeline": [
                {"at": 1796040000, "what": "matched", "words": None, "detail": {}},
                {
                    "at": 1796040000,
                    "what": "attempt",
                    "words": "451 4.7.1 try again later",
                    "detail": {
                        "result": "retry",
                        "reason": None,
                        "words": "451 4.7.1 try again later",
                        "worker": "mail-1/4711",
                        "account": "ses",
                        "code": 451,
                        "text": "4.7.1 try again later",
                    },
                },
                {
                    "at": 1796040001,
                    "what": "failed",
                    "words": "550 5.1.1 <ada@example.com>: user unknown",
                    "detail": {
                        "result": "failed",
                        "reason": "refused",
                        "words": "550 5.1.1 <ada@example.com>: user unknown",
                        "worker": "mail-1/4711",
                        "account": "ses",
                        "code": 550,
                        "text": "5.1.1 <ada@example.com>: user unknown",
                    },
                },
                {
                    "at": 1796040002,
                    "what": "report",
                    "words": None,
                    "detail": {
                        "webhook": {"id": 1, "name": "Warehouse"},
                        "endpoint": "https://warehouse.example.com/events",
                        "event": "email_failed",
                        "event_id": "01K7Z0000000000000000000A1",
                        "result": "taken",
                        "attempt": 1,
                        "status": 200,
                    },
                },
            ],
            "view_url": "https://clarion.example.com/view/AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
        }
    },
    _LOOSE,
    errors=(404,),
    note="The timeline, oldest first. An `attempt` failed (`result`: `retry`, `failed`, `in_doubt`), with the"
    " provider's answer as `code` and `text`; the last answer is at the moment that is named like the state. A `report`"
    " is a call of a reporting webhook: `taken`, `failed`, `given_up`, or `waiting` for its next attempt.",
)
DELIVERY_HTML = Reference(
    query={"images": flag("Also remote images; none are loaded unless asked for.")},
    answer={"type": "string"},
    answer_example="<p>Hello Ada</p>",
    errors=(404,),
    note="As `text/html`, with a Content-Security-Policy that shuts it in. Looking does not count as an open.",
)
