# SPDX-License-Identifier: Apache-2.0
"""A workspace's circuit breaker, the triggers that it watches, and those that it broke."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import NamedTuple

from clarion.domain import breakers
from clarion.domain.breakers import Breaker, Counted
from clarion.store import watching
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


def watched(tx: Transaction) -> list[Watched]:
    """Every trigger that sends and may be broken, with what is counted of it: from counters."""
    rows: Mapping[int, Mapping[str, object]] = {int(row["trigger_id"]): row for row in tx.all("watched_triggers")}
    counts, heard = watching.counts_of(tx, list(rows)), watching.heard_of(tx, list(rows))
    found = []
    for trigger_id, row in rows.items():
        breaker = breakers.parse(decode(str(row["circuit_breaker"])))
        if breaker is not None:
            before = Counted(**decode(str(row["broken_at"]))) if row["broken_at"] else Counted()
            now = breakers.counted(counts.get(trigger_id, {}), heard.get(trigger_id, {}))
            found.append(Watched(trigger_id, breaker, now, before))
    return found


def break_off(tx: Transaction, one: Watched, words: str) -> bool:
    """Pause a trigger, and write down why; False when somebody was quicker."""
    counted = encode(asdict(one.found))
    return tx.execute("break_trigger", trigger_id=one.trigger_id, words=words, counted=counted, by=BY) > 0
