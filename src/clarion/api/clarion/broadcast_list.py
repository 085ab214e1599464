# SPDX-License-Identifier: Apache-2.0
"""The list of broadcasts as a person looks at it: what each did last, what it does now, what it did these days."""

from collections import Counter
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.shapes import summary
from clarion.api.reference import broadcast_list as reference
from clarion.domain.broadcasts import Broadcast, BroadcastKind, BroadcastState
from clarion.domain.deliveries import State
from clarion.domain.errors import MalformedRequest
from clarion.store import broadcast_activity, broadcasts
from clarion.store.broadcast_activity import Activity
from clarion.store.engine import Transaction

_DAYS = 14
_SETTLING = frozenset({State.QUEUED, State.IN_DOUBT})


def _last(activity: Activity) -> dict[str, Any] | None:
    last = activity.last
    if last is None:
        return None
    return {
        "id": last.trigger_id,
        "state": last.state,
        "created_at": last.created_ms // 1_000,
        "audience": last.audience,
        "recipients": last.recipients,
        "sent": last.states.get(State.SENT, 0),
        "failed": last.states.get(State.FAILED, 0),
        "finished": sum(n for state, n in last.states.items() if state not in _SETTLING),
        "accounts": sum(last.states.values()),
    }


def _matches(broadcast: Broadcast, wanted: dict[str, str]) -> bool:
    if wanted["archived"] == "false" and broadcast.archived:
        return False
    if wanted["archived"] == "only" and not broadcast.archived:
        return False
    if wanted["state"] and broadcast.state.value != wanted["state"]:
        return False
    if wanted["tag"] and wanted["tag"] not in broadcast.tags:
        return False
    return wanted["search"].lower() in broadcast.name.lower() or wanted["search"] == str(broadcast.broadcast_id)


async def list_broadcasts(call: Call) -> Response:
    """`GET /broadcasts`, newest first; of the actions only what a list needs."""
    kind = call.query("kind", BroadcastKind.BROADCAST)
    if kind not in (BroadcastKind.BROADCAST, BroadcastKind.TRANSACTIONAL):
        raise MalformedRequest("must be broadcast or transactional", "/kind")
    wanted = {name: call.query(name) for name in ("search", "state", "tag", "archived")}
    if wanted["state"] not in ("", *BroadcastState):
        raise MalformedRequest(f"must be one of {', '.join(BroadcastState)}", "/state")
    wanted["archived"] = wanted["archived"] or "false"
    if wanted["archived"] not in ("true", "false", "only"):
        raise MalformedRequest("must be true, false or only", "/archived")
    most = call.query_number("limit", 1_000, low=1, high=1_000)

    def work(tx: Transaction) -> tuple[list[Broadcast], dict[int, Activity], int]:
        found = broadcasts.listing(tx, call.workspace, BroadcastKind(kind))
        return found, broadcast_activity.of_workspace(tx, call.workspace, _DAYS), tx.now_ms() // 86_400_000

    found, activities, today = await call.api.read(work)
    shown = [one for one in found if _matches(one, wanted)]
    counts = Counter("archived" if one.archived else one.state.value for one in found)
    nothing = Activity(None, 0, {})
    return answer(
        {
            "broadcasts": [
                {
                    **summary(broadcast),
                    "last_trigger": _last(activity := activities.get(broadcast.broadcast_id, nothing)),
                    "running_triggers": activity.running,
                    "sent_by_day": [activity.sent.get(day, 0) for day in range(today - _DAYS + 1, today + 1)],
                }
                for broadcast in shown[:most]
            ],
            "counts": {name: counts[name] for name in (*BroadcastState, "archived")},
        }
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/clarion/v1/broadcasts",
        list_broadcasts,
        "manage",
        "app",
        "Every broadcast with what it did lately, newest first",
        reference=reference.LIST,
    ),
)
