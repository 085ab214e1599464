# SPDX-License-Identifier: Apache-2.0
"""Metrics over the wire: every series, oldest first, of this workspace's broadcasts only (contract §6)."""

from dataclasses import replace

import pytest
from tests.support.audience import add_people, playing

from clarion.domain.broadcasts import EmailContent, Variant
from clarion.domain.deliveries import Outcome, State
from clarion.domain.metrics import SERIES, Metric
from clarion.pipeline import feedback
from clarion.store import broadcasts, ledger
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_app_messages import settle


async def test_series_of_a_broadcast_an_action_and_a_trigger(
    client: Client, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 3)
    played = playing(store, workspace, size=3)
    settle(played, [1, 2], State.SENT, words="250 ok", recipient="p@x.test")
    store.write(lambda tx: feedback.clicked(tx, played.key(1), "https://x.test/?a=1", machine=False))
    one = f"/v1/broadcasts/{played.broadcast.broadcast_id}"
    action = f"{one}/actions/{played.action_ids[0]}"
    aliases = (one.replace("broadcasts", "campaigns"), action.replace("broadcasts", "broadcast"))
    told: dict[str, list[int]] = {}
    for path in (one, action, *aliases):
        series = (await client("GET", f"{path}/metrics?period=weeks&steps=4&type=email")).json["metric"]["series"]
        assert set(series) == set(SERIES)
        assert {len(numbers) for numbers in series.values()} == {4}
        told = {name: numbers for name, numbers in series.items() if any(numbers)}
        assert told == {
            "created": [0, 0, 0, 3],
            "attempted": [0, 0, 0, 2],
            "sent": [0, 0, 0, 2],
            "opened": [0, 0, 0, 1],
            "human_opened": [0, 0, 0, 1],
            "clicked": [0, 0, 0, 1],
            "human_clicked": [0, 0, 0, 1],
        }
    nothing = (await client("GET", f"{one}/metrics?type=push")).json["metric"]["series"]
    assert not any(map(any, nothing.values()))
    assert len(nothing["sent"]) == 45
    ((link),) = (await client("GET", f"{one}/metrics/links?steps=2&unique=true")).json["links"]
    assert link["link"]["href"] == "https://x.test/?a=1"
    assert link["metric"]["series"] == {"clicked": [0, 1], "human_clicked": [0, 1], "machine_clicked": [0, 0]}
    journeys = (await client("GET", f"/v1/campaigns/{played.broadcast.broadcast_id}/journey_metrics?steps=2")).json
    assert journeys["journey_metric"]["messaged"] == [0, 2]
    now_s = store.read(lambda tx: tx.now_ms()) // 1_000
    window = f"start={now_s - 3 * 3_600}&end={now_s}&res=hourly"
    within = await client("GET", f"/v1/campaigns/{played.broadcast.broadcast_id}/journey_metrics?{window}")
    assert within.json["journey_metric"]["messaged"] == [0, 0, 0, 2]
    counts = (
        await client("GET", f"/v1/campaigns/{played.broadcast.broadcast_id}/triggers/{played.trigger_id}/metrics")
    ).json["metric"]["counts"]
    assert {name: n for name, n in counts.items() if n} == {name: sum(numbers) for name, numbers in told.items()}
    messages = (await client("GET", f"{one}/messages?metric=human_clicked")).json["messages"]
    assert [message["customer_id"] for message in messages] == ["p1"]
    assert {"opened", "human_opened", "clicked", "human_clicked"} <= messages[0]["metrics"].keys()
    assert (await client("GET", f"{one}/messages?metric={Metric.BOUNCED}")).json["messages"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period=years", "period"),
        ("steps=-1", "steps"),
        ("steps=x", "steps"),
        ("type=pigeon", "type"),
        ("tz=Nowhere/None", "tz"),
        ("version=3", "version"),
        ("version=2&res=yearly", "res"),
        ("version=2&start=5&end=4", "end"),
    ],
)
async def test_a_wrong_parameter_is_named(
    client: Client, store: Store, workspace: Workspace, query: str, field: str
) -> None:
    played = playing(store, workspace, size=1)
    answer = await client("GET", f"/v1/broadcasts/{played.broadcast.broadcast_id}/metrics?{query}")
    assert answer.status == 400
    assert field in answer.error


async def test_an_action_in_several_languages_is_shown_by_each(
    client: Client, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 4)
    played = playing(store, workspace, size=4)
    one = f"/v1/broadcasts/{played.broadcast.broadcast_id}"
    action_id = played.action_ids[0]
    target = f"{one}/actions/{action_id}"
    assert "language_variants" not in (await client("GET", f"{target}/metrics")).json["metric"]
    spanish = Variant("es", EmailContent(subject="Hola"))
    action = replace(played.broadcast.actions[0], variants=(spanish, Variant("fr", EmailContent())))
    store.write(lambda tx: broadcasts.update_action(tx, action))
    sent = [Outcome(played.key(seq), State.SENT, language="es" if seq == 2 else None) for seq in (1, 2)]
    store.write(lambda tx: ledger.settle(tx, played.trigger_id, sent, shard=1))
    store.write(lambda tx: feedback.opened(tx, played.key(2), machine=False))
    metric = (await client("GET", f"{target}/metrics?steps=2")).json["metric"]
    by_tag = {shown["language"]: (number, shown) for number, shown in metric["language_variants"].items()}
    assert set(by_tag) == {"", "es", "fr"}
    assert [shown["default"] for _, (_, shown) in sorted(by_tag.items())] == [True, False, False]
    assert by_tag[""][0] == str(action_id)
    for name in SERIES:
        told = [shown["series"][name] for _, shown in by_tag.values()]
        assert [sum(step) for step in zip(*told, strict=True)] == metric["series"][name], name
    number, of_spanish = by_tag["es"]
    assert {name: sums for name, sums in of_spanish["series"].items() if any(sums)} == {
        "created": [0, 1],
        "attempted": [0, 1],
        "sent": [0, 1],
        "opened": [0, 1],
        "human_opened": [0, 1],
    }
    assert (await client("GET", f"{target.replace('broadcasts', 'campaigns')}/metrics?steps=2")).json[
        "metric"
    ] == metric
    alone = (await client("GET", f"{one}/actions/{number}/metrics?steps=2")).json["metric"]
    assert alone == {"series": of_spanish["series"]}
    shown = (await client("GET", f"{target}/language/es")).json["action"]
    assert (shown["id"], shown["parent_action_id"], shown["subject"]) == (int(number), action_id, "Hola")
    assert (await client("GET", f"{one}/actions/{number}")).json["action"] == shown
    put = await client("PUT", f"{one}/actions/{number}", {"subject": "Buenas"})
    assert (put.json["action"]["id"], put.json["action"]["subject"]) == (int(number), "Buenas")
    assert (await client("GET", f"{target}/language/es")).json["action"]["subject"] == "Buenas"


async def test_of_something_that_is_not_there(
    client: Client, id_client: Client, store: Store, workspace: Workspace
) -> None:
    played = playing(store, workspace, size=1)
    one = f"/v1/broadcasts/{played.broadcast.broadcast_id}"
    trigger = f"/v1/campaigns/{played.broadcast.broadcast_id}/triggers/{played.trigger_id}/metrics"
    for target in (f"{one}/metrics", f"{one}/metrics/links", trigger):
        assert (await client("GET", target)).status == 200
        assert (await id_client("GET", target)).status == 404
    assert (await client("GET", f"{one}/actions/999999/metrics")).status == 404
