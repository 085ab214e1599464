# SPDX-License-Identifier: Apache-2.0
"""A workspace's circuit breaker, the triggers that it watches, and those that it broke."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

from clarion.domain import breakers
from clarion.domain.breakers import Breaker, Counted
from clarion.domain.deliveries import State
from clarion.domain.person_actions import PERSON_ACTIONS
from clarion.store import broadcasts, watching
from clarion.store.engine import Transaction
from clarion.store.people import decode, encode

BY = "circuit breaker"


class Watched(NamedTuple):
    """A trigger that sends; `since`: what was counted when it was broken last."""

    trigger_id: int
    breaker: Breaker
    found: Counted
    since: Counted


def of_workspace(tx: Transaction, workspace_id: int) -> Breaker | None:
    """A workspace's breaker; None for none."""
    row = tx.one("breaker", workspace_id=workspace_id)
    return breakers.parse(decode(row["circuit_breaker"])) if row and row["circuit_breaker"] else None


def put(tx: Transaction, workspace_id: int, breaker: Breaker | None) -> None:
    """Set it."""
    text = encode(breakers.shape(breaker)) if breaker is not None else None
    tx.execute("set_breaker", workspace_id=workspace_id, breaker=text)


def watched(tx: Transaction, only: int = 0) -> list[Watched]:
    """Every trigger that sends and may be broken, or one, with what is counted of it: from counters."""
    of = tx.all("watched_triggers", only=only)
    rows: Mapping[int, Mapping[str, object]] = {int(row["trigger_id"]): row for row in of}
    counts, heard = _handed_over(tx, list(rows)), watching.heard_of(tx, list(rows))
    found = []
    for trigger_id, row in rows.items():
        breaker = breakers.parse(decode(str(row["circuit_breaker"])))
        if breaker is not None:
            before = Counted(**decode(str(row["broken_at"]))) if row["broken_at"] else Counted()
            now = breakers.counted(counts.get(trigger_id, {}), heard.get(trigger_id, {}))
            found.append(Watched(trigger_id, breaker, now, before))
    return found


def _handed_over(tx: Transaction, trigger_ids: Sequence[int]) -> Mapping[int, Mapping[tuple[State, str], int]]:
    """How accounts stand of actions that hand something over: what is done to people here cannot bounce, and must not
    make the share of what does look smaller."""
    rows = tx.all("counts_by_action", ids=encode(list(trigger_ids))) if trigger_ids else []
    kinds = broadcasts.kinds_of_actions(tx, {int(row["action_id"]) for row in rows})
    found: defaultdict[int, Counter[tuple[State, str]]] = defaultdict(Counter)
    for row in rows:
        if kinds.get(int(row["action_id"])) not in PERSON_ACTIONS:
            found[int(row["trigger_id"])][State(int(row["state"])), str(row["reason"])] += int(row["n"])
    return found


def break_off(tx: Transaction, one: Watched, words: str) -> bool:
    """Pause a trigger, and write down why; False when somebody was quicker."""
    counted = encode(asdict(one.found))
    return tx.execute("break_trigger", trigger_id=one.trigger_id, words=words, counted=counted, by=BY) > 0
