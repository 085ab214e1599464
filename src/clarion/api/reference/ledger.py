# SPDX-License-Identifier: Apache-2.0
"""Our own API: triggers, their accounts, and sending again (docs/control.md)."""

from typing import Any

from clarion.api.reference.control import CONTROLLED
from clarion.api.schemas import Loose, array, flag, integer, one_of, record, shown, text

_TRIGGER: dict[str, Any] = {
    "id": 1,
    "broadcast_id": 1,
    "state": "done",
    "doubt_policy": "hold",
    "failure": None,
    "control": CONTROLLED,
    "selector": "ids",
    "audience": 2,
    "recipients": 2,
    "accounted": True,
    "states": {"queued": 0, "sent": 1, "failed": 1, "skipped": 0, "drafted": 0, "stopped": 0, "in_doubt": 0},
    "reasons": {"failed": {"render_failed": 1}},
    "actions": [
        {
            "id": 1,
            "states": {"queued": 0, "sent": 1, "failed": 1, "skipped": 0, "drafted": 0, "stopped": 0, "in_doubt": 0},
            "reasons": {"failed": {"render_failed": 1}},
        }
    ],
    "progress": {
        "accounts": 2,
        "finished": 2,
        "open_slices": 0,
        "resolved_to": 2,
        "resolve_until": 2,
        "resolve_tries": 0,
        "file_bytes": 0,
        "file_lines": 0,
        "file_done": False,
        "errors": 0,
    },
    "created_at": 1796040000,
    "processed_at": 1796040000,
    "data_removed_at": None,
    "details_removed_at": None,
}
_DELIVERIES: dict[str, Any] = {
    "deliveries": [
        {
            "id": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
            "action_id": 1,
            "person": {"email": "ada@example.com", "id": "42", "cio_id": "010000000001"},
            "recipient": "ada@example.com",
            "state": "sent",
            "reason": None,
            "meaning": None,
            "words": "250 kept ada@example.com",
            "attempts": 1,
            "again": 0,
            "next_attempt_at": None,
            "created_at": 1796040000,
            "attempted_at": 1796040000,
            "settled_at": 1796040000,
            "account": "ses-eu",
        }
    ],
    "next": "AAAAAAABAAAAAAEAAAAAAd3kQ2yTqU8m",
    "data_removed_at": None,
    "details_removed_at": None,
}
_HISTORY: dict[str, Any] = {
    "again": [
        {
            "to": "failed",
            "reasons": [],
            "cause": None,
            "asked_by": "Management",
            "asked_at": 1796040000,
            "queued": 0,
            "done": False,
        }
    ],
    "content_changes": [],
}
_LOOSE = Loose(
    nullable=(
        "paused_at", "paused_because", "rate", "scheduled_at", "expires_at", "cancelled_at", "changed_by",
        "changed_at", "failure", "processed_at", "email", "id", "recipient", "reason", "meaning", "words",
        "attempted_at", "settled_at", "next_attempt_at", "data_removed_at", "details_removed_at", "next", "account",
    ),
    free=("reasons", "states", "rate", "progress"),
)  # fmt: skip
_AS: dict[str, Any] = {"as": one_of("sent", "failed", "resend")}  # a word of Python
TRIGGER = shown({"trigger": _TRIGGER}, _LOOSE, note="`accounted`: the accounts are as many as the audience.")
DELIVERIES = shown(
    _DELIVERIES,
    _LOOSE,
    query={
        "start": text("The `next` of the page before."),
        "limit": integer("How many at most; 50 unless given.", minimum=1, maximum=1_000),
        "state": text("queued, sent, failed, skipped, drafted, stopped or in_doubt; several with commas."),
        "action_id": integer("Only this action's."),
    },
)
DECIDE = shown(
    {"settled": 3, "not_in_doubt": []},
    body=record(
        **_AS,
        delivery_ids={"type": ["array", "string"], "description": "Up to 10,000, or all."},
    ),
    body_example={"as": "sent", "delivery_ids": "all"},
    errors=(409,),
)
AGAIN = shown(
    {"to": "failed", "accounts": 1, **_HISTORY},
    _LOOSE,
    body=record(
        to=one_of("failed", "in_doubt", "joined_since"),
        reasons=array(text(), "Only with these; docs/reasons.md lists them."),
        cause=text("Only with words of this class, as `causes` names it; beside exactly one reason."),
        may_double=flag("Said aloud for those in doubt."),
        optional=("reasons", "cause", "may_double"),
    ),
    body_example={"to": "failed", "reasons": ["gave_up"]},
    errors=(409,),
)
APPLY = shown({"changed": True, "content": "79d41e9c38f57c1b", **_HISTORY}, _LOOSE, errors=(409,))
HISTORY = shown(_HISTORY, _LOOSE)
