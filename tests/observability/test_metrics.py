# SPDX-License-Identifier: Apache-2.0
"""What the meter counts, how processes are added up, and what the backlog says."""

import re
from pathlib import Path

from tests.store.ledgers import Played

from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State
from clarion.observability.exposition import Exposition, Fleet, figures
from clarion.observability.metrics import Metrics
from clarion.pipeline.meter import Meter
from clarion.store import control
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.operations import backlog


def value(text: bytes, sample: str) -> float | None:
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text.decode(), re.MULTILINE)
    return float(found[1]) if found else None


def settle(meter: Meter, *states: State) -> None:
    outcomes = [
        Outcome(DeliveryKey(1, n, 1), state, Reason.REFUSED if state is State.FAILED else None, "")
        for n, state in enumerate(states)
    ]
    meter.chunk_settled("email", outcomes, 0.03)


def test_a_chunk_s_outcomes_are_counted_by_channel_and_state() -> None:
    metrics = Metrics()
    settle(metrics, State.SENT, State.SENT, State.FAILED, State.QUEUED)
    text = Exposition(metrics.registry).text()
    assert value(text, 'clarion_messages_total{channel="email",outcome="sent"}') == 2
    assert value(text, 'clarion_messages_total{channel="email",outcome="failed"}') == 1
    assert value(text, 'clarion_messages_total{channel="email",outcome="retried"}') == 1
    assert value(text, 'clarion_chunk_seconds_bucket{channel="email",le="0.05"}') == 1
    assert value(text, 'clarion_chunk_seconds_bucket{channel="email",le="0.025"}') == 0


def test_what_each_account_at_a_provider_said_is_counted() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.account_answered("email", "ses-eu", {"sent": 3, "throttled": 1})
    text = Exposition(metrics.registry).text()
    assert value(text, 'clarion_account_answers_total{account="ses-eu",answer="sent",channel="email"}') == 6
    assert value(text, 'clarion_account_answers_total{account="ses-eu",answer="throttled",channel="email"}') == 2


def test_processes_are_added_up_and_what_a_dead_one_counted_stays() -> None:
    own, first, second = Metrics(), Metrics(), Metrics()
    fleet = Fleet()
    settle(first, State.SENT, State.SENT)
    settle(second, State.SENT)
    second.provider_away("smtp", away=True)
    own.database_error()
    fleet.heard(1, figures(first.registry))
    fleet.heard(2, figures(second.registry))
    exposition = Exposition(own.registry, fleet)
    sent = 'clarion_messages_total{channel="email",outcome="sent"}'
    assert value(exposition.text(), sent) == 3
    assert value(exposition.text(), 'clarion_provider_away{provider="smtp"}') == 1
    assert value(exposition.text(), "clarion_database_errors_total") == 1

    fleet.ended(2)
    assert value(exposition.text(), sent) == 3, "a total never shrinks"
    assert value(exposition.text(), 'clarion_provider_away{provider="smtp"}') is None, "nobody says so any more"

    successor = Metrics()
    settle(successor, State.SENT)
    fleet.heard(2, figures(successor.registry))
    assert value(exposition.text(), sent) == 4


def test_without_a_database_the_text_says_so_and_says_nothing_of_the_backlog() -> None:
    exposition = Exposition(Metrics().registry)
    text = exposition.text()
    assert value(text, "clarion_database_up") == 0
    assert value(text, "clarion_queued_accounts") is None


def test_the_backlog_is_what_the_ledger_holds(store: Store, workspace: Workspace) -> None:
    nothing = store.read(backlog)
    assert (nothing.queued, nothing.open_slices, nothing.waiting_ms, nothing.in_doubt) == (0, 0, 0, 0)
    played = Played.sending(store, workspace, people=12, size=5)
    found = store.read(backlog)
    assert found.triggers == {"queued": 0, "resolving": 0, "sending": 1}
    assert (found.queued, found.open_slices, found.in_doubt) == (12, 3, 0)
    assert 0 <= found.waiting_ms < 60_000
    assert played.trigger_id


def test_what_somebody_holds_back_is_not_waiting(store: Store, workspace: Workspace) -> None:
    held, paced = (Played.sending(store, workspace, people=3, size=1) for _ in range(2))
    store.script("UPDATE broadcast_trigger SET created_ms = created_ms - 3600000")
    assert store.read(backlog).waiting_ms >= 3_600_000
    assert store.write(lambda tx: control.pause(tx, held.trigger_id, "Ann"))
    ready_ms = store.read(lambda tx: tx.now_ms()) + 600_000
    flow = "INSERT INTO trigger_flow (trigger_id, ready_ms) VALUES"
    store.script(f"{flow} ({paced.trigger_id}, {ready_ms})")
    assert store.read(backlog).waiting_ms == 0
    store.script(f"UPDATE trigger_flow SET ready_ms = {ready_ms - 610_000}")
    assert 10_000 <= store.read(backlog).waiting_ms < 600_000, "since its rate allowed the next one"
    assert store.write(lambda tx: control.resume(tx, held.trigger_id, "Ann"))
    assert store.read(backlog).waiting_ms >= 3_600_000


def test_reading_the_backlog_never_touches_the_ledger_s_rows() -> None:
    text = (Path(__file__).parents[2] / "src/clarion/store/sql/operations.sql").read_text("utf-8")
    backlog_part = text.partition("-- name: server_facts")[0]
    assert not re.search(r"\b(FROM|JOIN) delivery\b", backlog_part)
