# SPDX-License-Identifier: Apache-2.0
"""What some broadcasts did last and these days: from counters and one look into an index for each."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from clarion.domain.deliveries import State
from clarion.domain.triggers import TriggerState
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.people import encode

_HOURS = 24
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class LastTrigger:
    """A trigger with how many accounts it has by state; times in Unix milliseconds."""

    trigger_id: int
    state: str
    created_ms: int
    audience: int
    recipients: int
    states: Mapping[State, int]


@dataclass(frozen=True, slots=True)
class Activity:
    """`running`: unfinished triggers; `sent`: messages by day since 1970 (UTC)."""

    last: LastTrigger | None
    running: int
    sent: Mapping[int, int] = field(default_factory=dict)


def _word(row: Row) -> str:
    if row["cancelled_ms"] is not None:
        return "cancelled"
    waits = row["scheduled_ms"] is not None and row["audience_ms"] is None
    return "scheduled" if waits and row["state"] == TriggerState.QUEUED.value else str(row["state"])


def of_broadcasts(
    tx: Transaction, workspace: Workspace, broadcast_ids: Collection[int], days: int
) -> dict[int, Activity]:
    """By broadcast; those that never did anything are left out."""
    asked = encode(list(broadcast_ids))
    latest = tx.all("latest_triggers", broadcast_ids=asked)
    states: dict[int, dict[State, int]] = {}
    for row in tx.all("sums_of_triggers", trigger_ids=encode([int(row["trigger_id"]) for row in latest])):
        states.setdefault(int(row["trigger_id"]), {})[State(row["state"])] = int(row["n"])
    running = {
        int(row["broadcast_id"]): int(row["n"])
        for row in tx.all("running_by_broadcast", workspace_id=workspace.workspace_id)
    }
    sent: dict[int, dict[int, int]] = {}
    from_hour = (tx.now_ms() // _HOUR_MS // _HOURS - days) * _HOURS
    for row in tx.all("sent_by_day", broadcast_ids=asked, from_hour=from_hour):
        sent.setdefault(int(row["broadcast_id"]), {})[int(row["day"])] = int(row["n"])
    return {
        int(row["broadcast_id"]): Activity(
            LastTrigger(
                int(row["trigger_id"]),
                _word(row),
                int(row["created_ms"]),
                int(row["audience"]),
                int(row["recipients"]),
                states.get(int(row["trigger_id"]), {}),
            ),
            running.get(int(row["broadcast_id"]), 0),
            sent.get(int(row["broadcast_id"]), {}),
        )
        for row in latest
    }
