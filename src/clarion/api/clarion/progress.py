# SPDX-License-Identifier: Apache-2.0
"""How triggers get on, several in one call, with the counts of what waits; the send history of a broadcast.

A page that watches polls it. It is made from counters, so it costs the same whatever the audience's size. How many
messages were handed over is kept every few seconds while somebody looks, so that any process can tell the rate.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from clarion.api.app.messages import seconds
from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.accounts import all_away
from clarion.api.reference import watching as reference
from clarion.channels.registry import Sending
from clarion.domain.broadcasts import BroadcastKind
from clarion.domain.deliveries import State
from clarion.domain.errors import MalformedRequest, NotFound, Unavailable
from clarion.domain.metrics import Metric
from clarion.domain.pace import PERIODS_MS
from clarion.domain.progress import BRAKE_WORDS, Held, Numbers, ends_at_ms, held_back, numbers, rate
from clarion.domain.triggers import UNFINISHED, TriggerState
from clarion.store import broadcasts, permits, watching
from clarion.store.engine import Row, Transaction

MOST_TRIGGERS = 100
_MOST_SENDS = 100
_HEARD = (
    Metric.DELIVERED, Metric.OPENED, Metric.HUMAN_OPENED, Metric.CLICKED, Metric.HUMAN_CLICKED, Metric.CONVERTED,
    Metric.BOUNCED, Metric.UNSUBSCRIBED,
)  # fmt: skip
_NOTHING: Mapping[tuple[State, str], int] = {}


def state_word(row: Row) -> str:
    """A trigger's state as answers show it: one that waits for its time is `scheduled`, one taken back `cancelled`."""
    waits = row["scheduled_ms"] is not None and row["audience_ms"] is None
    if waits and row["state"] == TriggerState.QUEUED.value:
        return "scheduled"
    return "cancelled" if row["cancelled_ms"] is not None else str(row["state"])


def reasons_of(counts: Mapping[tuple[State, str], int]) -> dict[str, dict[str, int]]:
    """State → reason → how many, of those with a reason."""
    found: dict[str, Counter[str]] = {}
    for (state, reason), n in counts.items():
        if reason:
            found.setdefault(state.word, Counter())[reason] += n
    return {word: dict(sums) for word, sums in found.items()}


def numbers_shape(found: Numbers) -> dict[str, int]:
    """The separate numbers of a trigger."""
    return {name: getattr(found, name) for name in Numbers.__slots__}


def _held_shape(held: Held) -> dict[str, Any]:
    meaning = BRAKE_WORDS[held.brake]
    return {"what": held.brake.value, "meaning": meaning, "until": seconds(held.until_ms), "words": held.words}


def _resolved(row: Row) -> dict[str, Any]:
    """How far the audience is; `expected` is known of people who were named one by one, once all are read."""
    done = row["state"] not in (TriggerState.QUEUED.value, TriggerState.RESOLVING.value)
    first = int(row["resolve_until"]) >> 40 << 40  # a person's number leads with its workspace
    span, way = int(row["resolve_until"]) - first, int(row["resolved_to"]) - first
    reading = row["selector"] in ("data_file_url", "stream") and not row["file_done"]
    share = 1.0 if done else 0.0 if reading or span <= 0 else min(1.0, max(0, way) / span)
    named = not row["filtered"] and not reading
    return {
        "people": int(row["audience"]),
        "expected": int(row["next_entry"]) - 1 if named else (int(row["audience"]) if done else None),
        "share": round(share, 4),
        "done": done,
        "errors": int(row["error_count"]),
    }


def _pace(row: Row) -> dict[str, Any] | None:
    if row["spread_until_ms"] is not None:
        return {"spread_until": seconds(row["spread_until_ms"])}
    words = {per_ms: word for word, per_ms in PERIODS_MS.items()}
    if row["rate_messages"] is None:
        return None
    return {"messages": int(row["rate_messages"]), "per": words[int(row["rate_per_ms"])]}


def _shape(
    tx: Transaction,
    row: Row,
    counts: Mapping[tuple[State, str], int],
    samples: Sequence[tuple[int, int]],
    accounts: Sequence[Sending],
) -> dict[str, Any]:
    sending = row["state"] == TriggerState.SENDING.value
    limits = permits.reached(tx, int(row["broadcast_id"])) if sending else ()
    away = all_away(tx, accounts, int(row["broadcast_id"])) if sending else ()
    standing, found = watching.standing_of(row, limits, away), numbers(counts)
    waits = standing.tried_due_ms is not None and standing.state in UNFINISHED
    retry = watching.retry_of(tx, int(row["trigger_id"])) if waits else None
    running = standing.state in UNFINISHED
    per_second = rate(samples, standing.now_ms, found.handed_over) if running else None
    return {
        "id": int(row["trigger_id"]),
        "broadcast": {"id": int(row["broadcast_id"]), "name": str(row["broadcast_name"])},
        "state": state_word(row),
        "failure": row["failure"],
        "selector": row["selector"],
        "running": running,
        "repeating": row["repeating"] is not None,
        "paused": row["paused_ms"] is not None and running,
        "triggered_by": row["triggered_by"],
        "created_at": seconds(row["created_ms"]),
        "processed_at": seconds(row["processed_ms"]),
        "scheduled_at": seconds(row["scheduled_ms"]),
        "expires_at": seconds(row["expires_ms"]),
        "priority": int(row["priority"]),
        "pace": _pace(row),
        "changed_by": row["control_by"],
        "resolved": _resolved(row),
        "recipients": int(row["recipients"]),
        "numbers": numbers_shape(found),
        "reasons": reasons_of(counts),
        "rate": None if per_second is None else round(per_second, 2),
        "handed_over_at": [[at_ms // 1_000, n] for at_ms, n in samples] if running else [],
        "estimated_end_at": seconds(ends_at_ms(standing, found.left, per_second)),
        "held_back": [_held_shape(held) for held in held_back(standing, retry)],
    }


def _look(tx: Transaction, call: Call, ids: Sequence[int]) -> tuple[list[dict[str, Any]], dict[int, int]]:
    """The triggers as they are shown, and which of them it is time to keep a sample of."""
    rows = watching.rows_of(tx, call.workspace, ids)
    counts = watching.counts_of(tx, list(rows))
    running = [row for row in rows.values() if TriggerState(row["state"]) in UNFINISHED]
    samples = watching.samples(tx) if running else {}
    shown = {
        number: _shape(tx, row, counts.get(number, _NOTHING), samples.get(number, ()), call.api.options.sending)
        for number, row in rows.items()
    }
    due = {
        int(row["trigger_id"]): shown[int(row["trigger_id"])]["numbers"]["handed_over"]
        for row in running
        if watching.is_sample_due(samples.get(int(row["trigger_id"]), ()), int(row["now_ms"]))
    }
    return [shown[number] for number in ids if number in shown], due


async def _keep(call: Call, due: Mapping[int, int]) -> None:
    if not due:
        return
    try:
        await call.api.write(lambda tx: watching.note_samples(tx, due))
    except Unavailable:
        return  # the next look keeps one


def _ids(call: Call) -> list[int]:
    words = [word for word in call.query("ids").split(",") if word]
    if len(words) > MOST_TRIGGERS:
        raise MalformedRequest(f"names more than {MOST_TRIGGERS} triggers", "/ids")
    if not all(word.isascii() and word.isdigit() and len(word) <= 18 for word in words):
        raise MalformedRequest("must be numbers of triggers, separated by commas", "/ids")
    return list(dict.fromkeys(int(word) for word in words))


async def several(call: Call) -> Response:
    """`GET /progress?ids=1,2&running=true`: triggers by number and those that run, with what waits in the workspace."""
    ids, also_running = _ids(call), call.query_flag("running")

    def read(tx: Transaction) -> tuple[dict[str, Any], dict[int, int]]:
        wanted = [*ids, *watching.running(tx, call.workspace, MOST_TRIGGERS)] if also_running else ids
        shown, due = _look(tx, call, list(dict.fromkeys(wanted)))
        badges = watching.badges(tx, call.workspace)
        counts = {"running_triggers": badges.running, "drafts": badges.drafts, "in_doubt": badges.in_doubt}
        return {"triggers": shown, "badges": counts, "now": seconds(tx.now_ms())}, due

    found, due = await call.api.read(read)
    await _keep(call, due)
    return answer(found)


async def one(call: Call) -> Response:
    """`GET /triggers/{id}/progress`."""
    trigger_id = call.number("trigger_id")
    shown, due = await call.api.read(lambda tx: _look(tx, call, [trigger_id]))
    if not shown:
        raise NotFound
    await _keep(call, due)
    return answer({"trigger": shown[0]})


def _send_shape(row: Row, counts: Mapping[tuple[State, str], int], heard: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": int(row["trigger_id"]),
        "state": state_word(row),
        "paused": row["paused_ms"] is not None and row["processed_ms"] is None,
        "failure": row["failure"],
        "selector": row["selector"],
        "triggered_by": row["triggered_by"],
        "created_at": seconds(row["created_ms"]),
        "processed_at": seconds(row["processed_ms"]),
        "scheduled_at": seconds(row["scheduled_ms"]),
        "people": int(row["audience"]),
        "recipients": int(row["recipients"]),
        "errors": int(row["error_count"]),
        "details_removed_at": seconds(row["details_removed_ms"]),
        "numbers": numbers_shape(numbers(counts)),
        "heard": {metric.value: heard.get(metric.value, 0) for metric in _HEARD},
    }


async def sends(call: Call) -> Response:
    """`GET /broadcasts/{id}/sends?start=&limit=`: its triggers, newest first, with what became of each."""
    broadcast_id = call.number("broadcast_id")
    newest = call.query_number("start", 2**53, low=1)
    limit = call.query_number("limit", 25, low=1, high=_MOST_SENDS)

    def read(tx: Transaction) -> dict[str, Any]:
        if broadcasts.get(tx, call.workspace, broadcast_id, BroadcastKind.BROADCAST) is None:
            raise NotFound
        rows = watching.sends(tx, broadcast_id, newest, limit + 1)
        ids = [int(row["trigger_id"]) for row in rows[:limit]]
        counts, heard = watching.counts_of(tx, ids), watching.heard_of(tx, ids)
        shown = [
            _send_shape(row, counts.get(number, _NOTHING), heard.get(number, {}))
            for number, row in zip(ids, rows[:limit], strict=True)
        ]
        return {"sends": shown, "next": int(rows[limit]["trigger_id"]) if len(rows) > limit else None}

    return answer(await call.api.read(read))


_ROOT = "/api/clarion/v1"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        f"{_ROOT}/progress",
        several,
        "manage",
        "app",
        "How triggers get on, and what waits",
        reference=reference.PROGRESS,
    ),
    Endpoint(
        "GET",
        f"{_ROOT}/triggers/{{trigger_id}}/progress",
        one,
        "manage",
        "app",
        "How one trigger gets on",
        reference=reference.ONE_PROGRESS,
    ),
    Endpoint(
        "GET",
        f"{_ROOT}/broadcasts/{{broadcast_id}}/sends",
        sends,
        "manage",
        "app",
        "The send history of a broadcast",
        reference=reference.SENDS,
    ),
)
