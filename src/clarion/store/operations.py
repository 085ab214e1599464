# SPDX-License-Identifier: Apache-2.0
"""What there is to do, in figures that are cheap to read: indices and counters, never a count of deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clarion.domain.deliveries import State
from clarion.domain.triggers import UNFINISHED
from clarion.store import outlets
from clarion.store.engine import Transaction


@dataclass(frozen=True, slots=True)
class Backlog:
    """`triggers`: unfinished ones by state; `queued`: accounts of theirs that are to be sent; `open_slices` hold these.

    `waiting_ms`: how long the oldest unfinished trigger with work that is due and that nobody holds has existed;
    `in_doubt`: accounts of any trigger; `paused`: how many processes give an account at a provider no messages, by its
    channel and name.
    """

    triggers: dict[str, int]
    queued: int
    open_slices: int
    waiting_ms: int
    in_doubt: int
    paused: Mapping[tuple[str, str], int] = field(default_factory=dict)


def backlog(tx: Transaction) -> Backlog:
    """The figures as they are now."""
    states = {state.value: 0 for state in UNFINISHED}
    open_slices = 0
    for row in tx.all("unfinished_triggers"):
        states[row["state"]] = int(row["n"])
        open_slices += int(row["open_slices"])
    queued = tx.one("unfinished_accounts", state=int(State.QUEUED))
    oldest = tx.one("oldest_waiting")
    doubt = tx.one("accounts_in_doubt")
    pauses, accounts = outlets.pauses(tx), outlets.listing(tx)
    return Backlog(
        triggers=states,
        queued=int(queued["n"] or 0) if queued else 0,
        open_slices=open_slices,
        waiting_ms=max(0, int(oldest["waiting_ms"] or 0)) if oldest else 0,
        in_doubt=int(doubt["n"] or 0) if doubt else 0,
        paused={
            (str(row["channel"]), str(row["name"])): pauses.get(int(row["outlet_id"]), outlets.NO_PAUSE).processes
            for row in accounts
        },
    )


def server_facts(tx: Transaction) -> dict[str, str]:
    """What the database says of its set-up: settings by name, as text. The names differ by engine."""
    return {str(row["name"]): str(row["value"]) for row in tx.all("server_facts")}


def note_trace(tx: Transaction, trigger_id: int, traceparent: str) -> None:
    """Keep with a trigger to which trace its call belonged."""
    tx.execute("note_trace", trigger_id=trigger_id, traceparent=traceparent)


def trace_of(tx: Transaction, trigger_id: int) -> str | None:
    """The trace of the call that made a trigger; None without one."""
    row = tx.one("trace_of", trigger_id=trigger_id)
    return None if row is None or row["traceparent"] is None else str(row["traceparent"])
