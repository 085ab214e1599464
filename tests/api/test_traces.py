# SPDX-License-Identifier: Apache-2.0
"""One trace from the caller over the trigger call to the steps of sending."""

from dataclasses import replace

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.store.ledgers import new_broadcast

from clarion.api import application
from clarion.api.calls import Api
from clarion.domain.broadcasts import BroadcastState
from clarion.domain.errors import SetupError
from clarion.observability.traces import OpenTelemetry
from clarion.settings import load
from clarion.store import broadcasts, operations
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


async def test_a_trigger_s_steps_join_the_trace_of_its_caller(
    api: Api, keys: Keys, store: Store, workspace: Workspace
) -> None:
    exporter, another = InMemorySpanExporter(), InMemorySpanExporter()
    tracing = OpenTelemetry("", exporter=exporter)
    broadcast = new_broadcast(store, workspace)
    store.write(lambda tx: broadcasts.set_state(tx, broadcast.broadcast_id, BroadcastState.RUNNING))
    client = Client(application.build(replace(api, tracing=tracing)), f"Bearer {keys.app_key}")
    path = f"/v1/campaigns/{broadcast.broadcast_id}/triggers"
    made = await client("POST", path, {}, {"traceparent": PARENT})
    assert made.status == 200, made.body
    trigger_id = made.json["id"]

    kept = store.read(lambda tx: operations.trace_of(tx, trigger_id))
    assert kept is not None
    assert kept.startswith(f"00-{TRACE}-")
    elsewhere = OpenTelemetry("", exporter=another)  # a worker, in another process
    elsewhere.follow(trigger_id, kept)
    with elsewhere.span("slice", trigger_id, no=3), elsewhere.span("chunk", trigger_id, accounts=100):
        pass
    tracing.close()
    elsewhere.close()
    spans = {span.name: span for span in (*exporter.get_finished_spans(), *another.get_finished_spans())}
    assert set(spans) == {"clarion.accept", "clarion.slice", "clarion.chunk"}
    assert {f"{span.context.trace_id:032x}" for span in spans.values() if span.context} == {TRACE}
    parents = {name: span.parent.span_id for name, span in spans.items() if span.parent}
    ids = {name: span.context.span_id for name, span in spans.items() if span.context}
    assert f"{parents['clarion.accept']:016x}" == "b7ad6b7169203331"
    assert parents["clarion.slice"] == ids["clarion.accept"]
    assert parents["clarion.chunk"] == ids["clarion.slice"]
    assert dict(spans["clarion.chunk"].attributes or {}) == {"clarion.trigger_id": trigger_id, "clarion.accounts": 100}


async def test_without_tracing_nothing_is_kept(api: Api, keys: Keys, store: Store, workspace: Workspace) -> None:
    broadcast = new_broadcast(store, workspace)
    store.write(lambda tx: broadcasts.set_state(tx, broadcast.broadcast_id, BroadcastState.RUNNING))
    client = Client(application.build(api), f"Bearer {keys.app_key}")
    path = f"/v1/campaigns/{broadcast.broadcast_id}/triggers"
    made = await client("POST", path, {}, {"traceparent": PARENT})
    assert store.read(lambda tx: operations.trace_of(tx, made.json["id"])) is None


def test_a_share_beyond_all_is_refused() -> None:
    with pytest.raises(SetupError, match=r"traces\.share"):
        load(environment={"CLARION_TRACES_SHARE": "1.5"})
