# SPDX-License-Identifier: Apache-2.0
"""What looking for the next slice costs: it does not depend on how many slices paused or waiting triggers have."""

from functools import partial

import psycopg
import pytest

from clarion.store import control, ledger, slices
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.postgres import PostgresStore

from .costs import cost
from .ledgers import Played

SLICES = 2_000
LOOKS: dict[str, dict[str, str | int]] = {
    "pick_slice": {"without": "[]"},
    "slice_due": {"grace_ms": 0, "most": 2},
    "next_due": {},
}


@pytest.mark.parametrize("held", ["paused", "busy"])
def test_ten_large_triggers_cost_nothing(store: Store, workspace: Workspace, held: str) -> None:
    """Paused, or due and picked from by turns: a few probes of an index per trigger, however many slices."""
    large = [Played.sending(store, workspace, people=SLICES, size=1) for _ in range(10)]
    if held == "paused":
        for played in large:
            store.write(partial(control.pause, trigger_id=played.trigger_id, by="a test"))
    small = Played.sending(store, workspace, people=50, size=50)
    store.write(ledger.analyze)
    if isinstance(store, PostgresStore):
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE slice, broadcast_trigger")
    found = {name: cost(store, name, parameters) for name, parameters in LOOKS.items()}
    limit = 150 if store.engine == "postgres" else 2_000  # of 20,000 slices
    assert max(found.values()) < limit, found
    if held == "paused":
        picked = store.write(slices.pick)
        assert picked is not None
        assert picked.trigger_id == small.trigger_id
