# SPDX-License-Identifier: Apache-2.0
"""Our own API, to see what a send did: progress, history, groups of failures, deliveries (docs/operations.md)."""

from typing import Any

from clarion.api.schemas import Loose, flag, integer, shown, text

_LOOSE = Loose(
    nullable=(
        "failure", "triggered_by", "processed_at", "scheduled_at", "expires_at", "pace", "changed_by", "expected",
        "rate", "estimated_end_at", "until", "words", "details_removed_at", "next",
    ),
    free=("reasons", "pace"),
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
    "running": True,
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
    "`left`: still queued. `rate`: messages a second of late, null until two looks some seconds apart can tell it. "
    "`held_back`: what limits it, the gravest first. It is meant to be polled, once a second or less."
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
                    "clicked": 310,
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
