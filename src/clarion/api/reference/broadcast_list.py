# SPDX-License-Identifier: Apache-2.0
"""Our own API: the list of broadcasts (docs/guide.md)."""

from typing import Any

from clarion.api.reference.editing import BROADCAST
from clarion.api.schemas import Loose, integer, one_of, shown, text

_SUMMARY: dict[str, Any] = {
    **BROADCAST,
    "state": "running",
    "first_started_at": 1796040000,
    "actions": [{"id": 1, "kind": "email", "name": "", "sending_state": "automatic"}],
}
_LAST = {
    "id": 7, "state": "done", "created_at": 1796040000, "audience": 1204, "recipients": 1201, "sent": 1199, "failed": 2,
    "finished": 1204, "accounts": 1204,
}  # fmt: skip
LIST = shown(
    {
        "broadcasts": [{**_SUMMARY, "last_trigger": _LAST, "running_triggers": 0, "sent_by_day": [0, 1199]}],
        "counts": {"draft": 2, "running": 1, "stopped": 0, "archived": 4},
        "next": 1,
    },
    Loose(
        nullable=("trigger_name", "topic_id", "first_started_at", "goal", "changed_by", "last_trigger", "next"),
        free=("recipients",),
    ),
    query={
        "kind": one_of("broadcast", "transactional", description="broadcast unless given."),
        "search": text("In the name, or its number."),
        "state": one_of("draft", "running", "stopped"),
        "tag": text(),
        "archived": one_of("true", "false", "only", description="false unless given."),
        "id": integer("Only the one of this number."),
        "start": integer("The `next` of the page before.", minimum=1),
        "limit": integer("How many at most; 100 unless given.", minimum=1, maximum=1_000),
    },
    errors=(400,),
    note="Newest first; `counts` are of all, whatever is asked for. "
    "`sent_by_day`: of the last 14 days in UTC, today at the end.",
)
