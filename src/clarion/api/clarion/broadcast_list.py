# SPDX-License-Identifier: Apache-2.0
"""The list of broadcasts as a person looks at it: what each did last, what it does now, what it did these days."""

from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.shapes import summary
from clarion.api.reference import broadcast_list as reference
from clarion.domain.broadcasts import Broadcast, BroadcastKind, BroadcastState
from clarion.domain.deliveries import State
from clarion.domain.errors import MalformedRequest
from clarion.store import broadcast_activity, outlines
from clarion.store.broadcast_activity import Activity
from clarion.store.engine import Transaction
from clarion.store.outlines import Outline, Wanted

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


_ARCHIVED: dict[str, bool | None] = {"": False, "false": False, "true": None, "only": True}


def _wanted(call: Call) -> Wanted:
    kind = call.query("kind", BroadcastKind.BROADCAST)
    if kind not in (BroadcastKind.BROADCAST, BroadcastKind.TRANSACTIONAL):
        raise MalformedRequest("must be broadcast or transactional", "/kind")
    state, archived = call.query("state"), call.query("archived")
    if state not in ("", *BroadcastState):
        raise MalformedRequest(f"must be one of {', '.join(BroadcastState)}", "/state")
    if archived not in _ARCHIVED:
        raise MalformedRequest("must be true, false or only", "/archived")
    return Wanted(
        BroadcastKind(kind),
        before=call.query_number("start", 2**53, low=1),
        only=call.query_number("id", 0) or None,
        state=BroadcastState(state) if state else None,
        archived=_ARCHIVED[archived],
    )


async def list_broadcasts(call: Call) -> Response:
    """`GET /broadcasts`, newest first, page by page; of the actions only what a list needs."""
    wanted = _wanted(call)
    search, tag = call.query("search"), call.query("tag")
    most = call.query_number("limit", 100, low=1, high=1_000)

    def matches(broadcast: Broadcast) -> bool:
        if tag and tag not in broadcast.tags:
            return False
        return search.lower() in broadcast.name.lower() or search == str(broadcast.broadcast_id)

    def work(tx: Transaction) -> tuple[list[Outline], dict[int, Activity], dict[str, int], int]:
        found = outlines.listing(tx, call.workspace, wanted, most=most + 1, matches=matches)
        shown = [one.broadcast.broadcast_id for one in found[:most]]
        activities = broadcast_activity.of_broadcasts(tx, call.workspace, shown, _DAYS)
        counts = outlines.by_state(tx, call.workspace, wanted.kind)
        return found, activities, counts, tx.now_ms() // 86_400_000

    found, activities, counts, today = await call.api.read(work)
    nothing = Activity(None, 0, {})
    return answer(
        {
            "broadcasts": [
                {
                    **summary(one),
                    "last_trigger": _last(activity := activities.get(one.broadcast.broadcast_id, nothing)),
                    "running_triggers": activity.running,
                    "sent_by_day": [activity.sent.get(day, 0) for day in range(today - _DAYS + 1, today + 1)],
                }
                for one in found[:most]
            ],
            "counts": {name: counts.get(name, 0) for name in (*BroadcastState, "archived")},
            "next": found[most - 1].broadcast.broadcast_id if len(found) > most else None,
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
