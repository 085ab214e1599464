# SPDX-License-Identifier: Apache-2.0
"""Triggers as somebody who watches them sees them: from rows, counters and a few slices, never from accounts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from clarion.domain.deliveries import State
from clarion.domain.progress import Retry, Standing
from clarion.domain.triggers import TriggerState
from clarion.store.access import Workspace
from clarion.store.engine import Row, Transaction
from clarion.store.people import encode

SAMPLES_PAST_MS = 300_000
_SAMPLES_APART_MS = 4_500
Counts = Mapping[tuple[State, str], int]


class Badges(NamedTuple):
    """What waits in a workspace: unfinished triggers, drafts, accounts in doubt."""

    running: int
    drafts: int
    in_doubt: int


def rows_of(tx: Transaction, workspace: Workspace, trigger_ids: Sequence[int]) -> dict[int, Row]:
    """How some triggers stand; those that are not of this workspace are left out."""
    ids = encode(list(trigger_ids))
    rows = tx.all("standing_of_triggers", ids=ids, workspace_id=workspace.workspace_id) if trigger_ids else []
    return {int(row["trigger_id"]): row for row in rows}


def standing_of(row: Row, limits: tuple[str, ...] = (), away: tuple[str, ...] = ()) -> Standing:
    """A row of `rows_of` for the rules; `limits`: see `permits.reached`; `away`: see `Standing`."""
    return Standing(
        state=TriggerState(row["state"]),
        now_ms=int(row["now_ms"]),
        created_ms=int(row["created_ms"]),
        paused_ms=row["paused_ms"],
        scheduled_ms=row["scheduled_ms"],
        audience_ms=row["audience_ms"],
        rated=row["rate_messages"] is not None,
        spread_until_ms=row["spread_until_ms"],
        ready_ms=int(row["ready_ms"]),
        resolve_lease_ms=int(row["resolve_lease_ms"]),
        resolve_due_ms=int(row["resolve_due_ms"]),
        open_slices=int(row["open_slices"]),
        fresh_lease_ms=int(row["fresh_lease_ms"] or 0),
        tried_lease_ms=int(row["tried_lease_ms"] or 0),
        fresh_due_ms=row["fresh_due_ms"],
        tried_due_ms=row["tried_due_ms"],
        turn=int(row["turn"]),
        other_turn=int(row["other_turn"] or 0),
        paused_words=row["broken_words"] if row["broken_ms"] == row["paused_ms"] else None,
        limits=limits,
        away=away,
    )


def counts_of(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, Counts]:
    """Trigger → (state, reason or "") → how many accounts."""
    found: defaultdict[int, dict[tuple[State, str], int]] = defaultdict(dict)
    for row in tx.all("counts_of_triggers", ids=encode(list(trigger_ids))) if trigger_ids else ():
        if int(row["n"]):
            found[int(row["trigger_id"])][State(int(row["state"])), str(row["reason"])] = int(row["n"])
    return dict(found)


def heard_of(tx: Transaction, trigger_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Trigger → metric → messages of which it was heard."""
    found: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for row in tx.all("metrics_of_triggers", ids=encode(list(trigger_ids))) if trigger_ids else ():
        found[int(row["trigger_id"])][str(row["metric"])] = int(row["n"])
    return dict(found)


def retry_of(tx: Transaction, trigger_id: int) -> Retry | None:
    """What one of those who wait for the next retries was told."""
    row = tx.one("waiting_retry", trigger_id=trigger_id)
    return Retry(row["words"], int(row["attempts"]), int(row["due_ms"])) if row else None


def samples(tx: Transaction) -> dict[int, list[tuple[int, int]]]:
    """Trigger → (when, how many were handed over until then), oldest first, of the last minutes."""
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in tx.all("samples", past_ms=SAMPLES_PAST_MS):
        found[int(row["trigger_id"])].append((int(row["at_ms"]), int(row["handed"])))
    return dict(found)


def is_sample_due(taken: Sequence[tuple[int, int]], now_ms: int) -> bool:
    """Whether the last one is old enough for another."""
    return not taken or taken[-1][0] <= now_ms - _SAMPLES_APART_MS


def note_samples(tx: Transaction, handed: Mapping[int, int]) -> None:
    """Keep how far some triggers are, for whoever looks next, in any process; old ones go."""
    for trigger_id, n in sorted(handed.items()):
        tx.execute("note_sample", trigger_id=trigger_id, handed=n, apart_ms=_SAMPLES_APART_MS)
    tx.execute("drop_samples", past_ms=SAMPLES_PAST_MS)


def badges(tx: Transaction, workspace: Workspace) -> Badges:
    """What waits in a workspace."""
    row = tx.one("badges", workspace_id=workspace.workspace_id)
    return Badges(int(row["running"]), int(row["drafts"]), int(row["in_doubt"])) if row else Badges(0, 0, 0)


def running(tx: Transaction, workspace: Workspace, most: int) -> list[int]:
    """The newest unfinished triggers of a workspace."""
    rows = tx.all("running_triggers", workspace_id=workspace.workspace_id, most=most)
    return [int(row["trigger_id"]) for row in rows]


def sends(tx: Transaction, broadcast_id: int, newest: int, most: int) -> list[Row]:
    """A page of a broadcast's triggers, newest first, from `newest` down."""
    return tx.all("sends_of_broadcast", broadcast_id=broadcast_id, newest=newest, most=most)
