# SPDX-License-Identifier: Apache-2.0
"""What became of one trigger's messages, action by action; from counters, never from accounts."""

from collections import Counter
from collections.abc import Collection
from typing import Any

from starlette.responses import Response

from clarion.api.calls import Call, Endpoint, answer
from clarion.api.clarion.progress import reasons_of
from clarion.api.reference import watching as reference
from clarion.domain.broadcasts import Action
from clarion.domain.copied import CopyEnd
from clarion.domain.deliveries import Reason, State
from clarion.domain.errors import NotFound
from clarion.domain.goals import shape
from clarion.domain.metrics import Metric, metrics_of
from clarion.domain.reporting import EVENTS
from clarion.store import copied, goals, ledger, metrics, triggers
from clarion.store.engine import Row, Transaction

_HEARD = (
    Metric.DELIVERED, Metric.OPENED, Metric.CLICKED, Metric.CONVERTED, Metric.BOUNCED, Metric.REPLIED, Metric.SPAMMED,
    Metric.UNSUBSCRIBED,
)  # fmt: skip


async def by_action(call: Call) -> Response:
    """`GET /triggers/{id}/actions`: as they were when it was triggered."""
    trigger_id = call.number("trigger_id")

    def read(tx: Transaction) -> dict[str, Any]:
        found = triggers.get(tx, trigger_id)
        if found is None or found.workspace_id != call.workspace.workspace_id:
            raise NotFound
        goal, converting = goals.of_trigger(tx, trigger_id)
        heard = metrics.heard_by_action(tx, trigger_id)
        copies = copied.of_trigger(tx, trigger_id)
        counts: dict[int, dict[tuple[State, str], int]] = {}
        for action_id, state, reason, n in ledger.counts(tx, trigger_id):
            counts.setdefault(action_id, {})[state, reason] = n
        actions = [
            {
                "id": action.action_id,
                "name": action.name,
                "kind": action.kind,
                "metrics": _metrics(counts.get(action.action_id, {}), heard.get(action.action_id, {})),
                "tells": _tells(action, converting),
                "reasons": reasons_of(counts.get(action.action_id, {})),
                "copies": _copies(copies.get(action.action_id)),
            }
            for action in triggers.content(tx, found.content_hash).actions
        ]
        return {"actions": actions, "goal": shape(goal)}

    return answer(await call.api.read(read))


def _copies(row: Row | None) -> dict[str, Any] | None:
    """Copies that are messages of their own (a fake bcc), which no metric counts; None: there were none."""
    if row is None:
        return None
    return {**{end.value: int(row[end.value]) for end in CopyEnd}, "last_reason": row["words"]}


def _tells(action: Action, converting: Collection[int]) -> list[str]:
    """What can be heard of its messages: of other metrics a 0 says nothing."""
    told = [metric for metric in _HEARD if f"{action.kind}_{metric}" in EVENTS]
    return [metric.value for metric in told if metric is not Metric.CONVERTED or action.action_id in converting]


def _metrics(counts: dict[tuple[State, str], int], heard: dict[str, int]) -> dict[str, int]:
    sums = Counter(heard)
    for (state, reason), n in counts.items():
        for metric in metrics_of(state, Reason(reason) if reason else None):
            sums[metric.value] += n
    return {metric.value: sums[metric.value] for metric in Metric}


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET",
        "/api/clarion/v1/triggers/{trigger_id}/actions",
        by_action,
        "manage",
        "app",
        "What became of a trigger's messages, action by action",
        reference=reference.BY_ACTION,
    ),
)
