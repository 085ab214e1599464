# SPDX-License-Identifier: Apache-2.0
"""Triggers of a broadcast (contract §2, §3)."""

from typing import Any

from clarion.api.schemas import Loose, array, flag, integer, record, shown, text

_STATUS: dict[str, Any] = {
    "id": 1,
    "broadcast_id": 1,
    "created_at": 1796040000,
    "processed_at": 1796040000,
    "recipients_count": 2,
    "workflow_action_ids": [1],
    "data_file_position": 0,
    "data_file_processed": False,
    "data_file_error_count": 0,
    "recipients_filter": {"ids": ["42", "43"]},
    "clarion": {
        "state": "done",
        "failure": None,
        "audience": 2,
        "in_doubt": 0,
        "doubt_policy": "hold",
        "paused": False,
        "priority": 0,
        "scheduled_at": None,
        "expires_at": None,
        "cancelled_at": None,
    },
}
_LISTED: dict[str, Any] = {
    "triggers": [{"id": 1, "broadcast_id": 1, "created_at": 1796040000, "processed_at": 1796040000}]
}
_CANCELLED: dict[str, Any] = {
    "trigger": {
        "broadcast_id": 1,
        "cancelled_at": 1796040000,
        "created_at": 1796040000,
        "expires_after": 0,
        "id": 2,
        "processed_at": 0,
        "scheduled_at": 4102444800,
    }
}
_LOOSE = Loose(
    nullable=("processed_at", "failure", "scheduled_at", "expires_at", "cancelled_at"), free=("recipients_filter",)
)
_AUDIENCES: dict[str, Any] = {
    "recipients": {"type": ["object", "null"], "description": "A filter (contract §2.2)."},
    "emails": array(text(), "At most 10,000."),
    "ids": array({"type": ["string", "integer"]}, "At most 10,000."),
    "per_user_data": array(
        record(
            "One of id and email, and data of their own.",
            optional=("id", "email", "data"),
            id={"type": ["string", "integer"]},
            email=text(),
            data={"type": "object"},
        ),
        "At most 10,000.",
    ),
    "data_file_url": text("A file of JSON lines, one person each."),
}
_BODY: dict[str, Any] = {
    "data": {"type": ["object", "null"], "description": "What templates see as trigger, at most 50 KB."},
    **_AUDIENCES,
    "email_add_duplicates": flag("An address of several people means all of them."),
    "email_ignore_missing": flag("Addresses that nobody has are passed over."),
    "id_ignore_missing": flag("Ids that nobody has are passed over."),
    "scheduled_at": {"type": ["integer", "string", "null"], "description": "Unix seconds, or ISO 8601 with a zone."},
    "expires_after": {"type": ["integer", "null"], "description": "Seconds after which nobody else is sent it."},
}

TRIGGER = shown(
    {"id": 12},
    body=record(optional=tuple(_BODY), **_BODY),
    body_example={"data": {"headline": "Roadrunner spotted"}, "recipients": {"segment": {"id": 3}}},
    errors=(404,),
    note=(
        "At most one audience; none is the broadcast's own. 422 may still have made a trigger, with the errors in it. "
        "As `application/x-ndjson`, the first line is this object and each further line a person."
    ),
    contract="§2",
)
STATUS = shown(_STATUS, _LOOSE, contract="§3.1", note="Our own state stands under `clarion`.")
LIST = shown(_LISTED, _LOOSE, contract="§3.2")
ERRORS = shown(
    {"errors": ['line 2: customer id "77" not found'], "next": 0},
    query={
        "start": integer("The `next` of the page before.", minimum=0),
        "limit": integer("How many at most; 100 unless given.", minimum=1, maximum=10_000),
    },
    contract="§3.3",
)
CANCEL = shown(_CANCELLED, _LOOSE, errors=(409,), contract="§2.7")
