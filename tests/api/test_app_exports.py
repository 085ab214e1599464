# SPDX-License-Identifier: Apache-2.0
"""Exports: real CSV of everybody asked for, each once, whatever dies in the middle (contract §7.5)."""

import csv
import io
from typing import Any

import pytest
from tests.pipeline.stage import Broken, breaking_at
from tests.support.audience import add_people, playing

from clarion.api.calls import Api
from clarion.domain.deliveries import Reason, State
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.people import IdKind, Reference
from clarion.pipeline import exporting, feedback
from clarion.pipeline.erasure import erase
from clarion.store import exports
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_app_messages import settle


async def rows_of(client: Client, nobody: Client, export: dict[str, Any]) -> list[dict[str, str]]:
    """The file's rows, fetched as a browser would: by the URL alone."""
    url = (await client("GET", f"/v1/exports/{export['id']}/download")).json["url"]
    assert url.startswith("https://clarion.test/v1/exports/")
    answer = await nobody("GET", url.removeprefix("https://clarion.test"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


async def test_people_who_match(
    client: Client, nobody: Client, track: Client, store: Store, api: Api, workspace: Workspace
) -> None:
    odd = 'quotes " commas, and\nlines; =1+1; 日本'
    for name, plan in (("a", "paid"), ("b", "free"), ("c", "paid")):
        await track("PUT", f"/api/v1/customers/{name}", {"plan": plan, "email": f"{name}@x.test", "note": odd})
    paid = {"attribute": {"field": "plan", "operator": "eq", "value": "paid"}}
    made = (await client("POST", "/v1/exports/customers", {"filters": paid})).json["export"]
    assert (made["status"], made["total"], made["failed"], made["type"]) == ("pending", 0, False, "customers")
    assert (await client("GET", f"/v1/exports/{made['id']}/download")).status == 400
    assert exporting.write_one(store, api.secret)
    assert not exporting.write_one(store, api.secret)
    done = (await client("GET", f"/v1/exports/{made['id']}")).json["export"]
    assert (done["status"], done["total"]) == ("done", 2)
    rows = await rows_of(client, nobody, made)
    assert [row["id"] for row in rows] == ["a", "c"]
    assert rows[0]["email"] == "a@x.test"
    assert rows[0]["note"] == odd
    assert list(rows[0])[:4] == ["id", "email", "cio_id", "created_at"]
    listed = (await client("GET", "/v1/exports")).json["exports"]
    assert [(one["id"], one["downloads"]) for one in listed] == [(made["id"], 1)]


async def test_messages_with_what_became_of_them(
    client: Client, nobody: Client, store: Store, api: Api, workspace: Workspace
) -> None:
    add_people(store, workspace, 4)
    played = playing(store, workspace, size=4)
    settle(played, [1, 2], State.SENT, words="250 ok", recipient="p@x.test")
    settle(played, [3], State.FAILED, Reason.REFUSED, words="550 no")
    store.write(lambda tx: feedback.clicked(tx, played.key(2), "https://x.test/", machine=False))
    number = played.broadcast.broadcast_id
    for asked, expected in (
        ({"campaign_id": number}, ["p1", "p2", "p3", "p4"]),
        ({"action_id": played.action_ids[0], "metric": "sent"}, ["p1", "p2"]),
        ({"campaign_id": str(number), "metric": "clicked"}, ["p2"]),
        ({"campaign_id": number, "end": 1_000}, []),
        ({"campaign_id": number, "drafts": True}, ["p1", "p2", "p3", "p4"]),
        ({"campaign_id": number, "metric": "attempted"}, ["p1", "p2", "p3"]),
        ({"campaign_id": number, "template_id": played.action_ids[0], "metric": "failed"}, ["p3"]),
    ):
        made = (await client("POST", "/v1/exports/deliveries", {**asked, "attributes": ["id", "nothing"]})).json[
            "export"
        ]
        assert exporting.write_one(store, api.secret)
        rows = await rows_of(client, nobody, made)
        assert [row["customer_id"] for row in rows] == expected, asked
    made = (await client("POST", "/v1/exports/deliveries", {"campaign_id": number, "attributes": ["id"]})).json[
        "export"
    ]
    exporting.write_one(store, api.secret)
    one, two, three, four = await rows_of(client, nobody, made)
    assert (one["state"], one["recipient"], one["customer.id"]) == ("sent", "p@x.test", "p1")
    assert one["sent"].isdigit()
    assert two["human_clicked"].isdigit()
    assert one["human_clicked"] == ""
    assert three["failure_message"] == "the receiving server refused the message: 550 no"
    assert (one["type"], one["subject"], one["action"]) == ("email", "Hi", "Mail 0")
    assert (four["state"], four["sent"]) == ("queued", "")


async def test_drafts_and_what_was_dropped(
    client: Client, nobody: Client, store: Store, api: Api, workspace: Workspace
) -> None:
    add_people(store, workspace, 4)
    played = playing(store, workspace, size=4)
    settle(played, [1], State.DRAFTED, counted=False)
    settle(played, [2], State.SKIPPED, Reason.ESP_SUPPRESSED, counted=False)
    settle(played, [3], State.STOPPED, Reason.TRIGGER_STOPPED, counted=False)
    store.write(lambda tx: feedback.record(tx, Feedback(played.key(4), Metric.DROPPED)))
    number = played.broadcast.broadcast_id
    for more, expected in (
        ({}, ["p2", "p3", "p4"]),
        ({"drafts": True}, ["p1", "p2", "p3", "p4"]),
        ({"metric": "drafted"}, ["p1"]),
        ({"metric": "created"}, ["p2", "p3", "p4"]),
        ({"metric": "dropped"}, ["p2", "p4"]),
        ({"metric": "undeliverable"}, ["p2", "p3"]),
    ):
        made = (await client("POST", "/v1/exports/deliveries", {"campaign_id": number, **more})).json["export"]
        assert exporting.write_one(store, api.secret)
        rows = await rows_of(client, nobody, made)
        assert [row["customer_id"] for row in rows] == expected, more
        listed = await client("GET", f"/v1/messages?campaign_id={number}&metric={more.get('metric', '')}")
        if "drafts" not in more:
            assert [message["customer_id"] for message in listed.json["messages"]] == expected, more
    (dropped,) = (await client("GET", "/v1/messages?metric=dropped&limit=1")).json["messages"]
    assert dropped["metrics"].keys() == {"created", "undeliverable", "dropped", "suppressed"}


async def test_a_file_has_its_columns_whoever_is_in_it(
    client: Client, nobody: Client, track: Client, store: Store, api: Api, workspace: Workspace
) -> None:
    played = playing(store, workspace, size=1)
    nothing = {"campaign_id": played.broadcast.broadcast_id, "start": 2**33, "attributes": ["plan"]}
    made = (await client("POST", "/v1/exports/deliveries", nothing)).json["export"]
    assert exporting.write_one(store, api.secret)
    url = (await client("GET", f"/v1/exports/{made['id']}/download")).json["url"].removeprefix("https://clarion.test")
    (head,) = (await nobody("GET", url)).body.decode().splitlines()
    assert head.startswith("delivery_id,type,customer_id,email,cio_id,recipient,subject,broadcast_id,")
    assert head.endswith(",customer.plan")
    assert {"created", "sent", "clicked", "prefetch_clicked", "spammed"} <= set(head.split(","))
    await track("PUT", "/api/v1/customers/a", {"plan": "paid", "city": "Oslo"})
    for body, columns in (
        ({"attributes": ["plan", "none"]}, ["id", "email", "cio_id", "created_at", "plan", "none"]),
        ({"attributes": []}, ["id", "email", "cio_id", "created_at"]),
    ):
        made = (await client("POST", "/v1/exports/customers", body)).json["export"]
        assert exporting.write_one(store, api.secret)
        (row,) = await rows_of(client, nobody, made)
        assert list(row) == columns


async def test_nobody_is_missing_or_there_twice_when_the_process_dies(
    client: Client, nobody: Client, store: Store, api: Api, workspace: Workspace
) -> None:
    add_people(store, workspace, 2_500)
    made = (await client("POST", "/v1/exports/customers", {})).json["export"]
    for passing in (1, 2):
        with pytest.raises(Broken):
            exporting.write_one(store, api.secret, failpoint=breaking_at("export.stretch_read", passing))
        assert not exporting.write_one(store, api.secret), "the dead one's lease still runs"
        over = "UPDATE export SET lease_ms = 0 RETURNING rows_so_far"
        (row,) = store.write(lambda tx: tx.composed(over, {}))  # noqa: B023
        assert row["rows_so_far"] == 1_000 * (passing - 1)
    assert exporting.write_one(store, api.secret)
    rows = await rows_of(client, nobody, made)
    assert sorted(row["id"] for row in rows) == sorted(f"p{number}" for number in range(1, 2_501))


async def test_a_url_is_good_for_its_export_and_a_quarter_of_an_hour(
    client: Client, nobody: Client, store: Store, api: Api
) -> None:
    made = (await client("POST", "/v1/exports/customers", {})).json["export"]
    exporting.write_one(store, api.secret)
    url = (await client("GET", f"/v1/exports/{made['id']}/download")).json["url"].removeprefix("https://clarion.test")
    assert (await nobody("GET", url)).status == 200
    path, _, query = url.partition("?")
    until = int(query.partition("until=")[2].partition("&")[0])
    for wrong in (
        path,
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace(f"until={until}", f"until={until + 60}"),
        url.replace(f"/exports/{made['id']}/", "/exports/999/"),
        f"{path}?until={until}&signature=ü",
    ):
        assert (await nobody("GET", wrong)).status == 404


async def test_others_do_not_see_it_and_an_erasure_removes_it(
    client: Client, id_client: Client, nobody: Client, track: Client, store: Store, api: Api, workspace: Workspace
) -> None:
    await track("PUT", "/api/v1/customers/a", {})
    made = (await client("POST", "/v1/exports/customers", {})).json["export"]
    exporting.write_one(store, api.secret)
    for target in (f"/v1/exports/{made['id']}", f"/v1/exports/{made['id']}/download"):
        assert (await id_client("GET", target)).status == 404
    assert (await id_client("GET", "/v1/exports")).json == {"exports": []}
    url = (await client("GET", f"/v1/exports/{made['id']}/download")).json["url"].removeprefix("https://clarion.test")
    erase(store, workspace, Reference(IdKind.ID, "a"), suppress=False, blank_mail=None)
    assert (await nobody("GET", url)).status == 404
    shown = (await client("GET", f"/v1/exports/{made['id']}")).json["export"]
    assert (shown["status"], shown["failed"]) == ("failed", True)
    assert "erased" in shown["clarion"]["failure"]
    assert store.read(lambda tx: exports.chunk(tx, made["id"], 0)) == []


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("customers", {"filters": 5}, 422, "filters"),
        ("customers", {"filters": {"segment": {"id": 999}}}, 422, "filters"),
        ("customers", {"filters": {"and": []}}, 422, "filters"),
        ("deliveries", {}, 422, "campaign_id"),
        ("deliveries", {"campaign_id": 1, "action_id": 2}, 422, "exactly one"),
        ("deliveries", {"campaign_id": 999_999}, 404, "not found"),
        ("deliveries", {"newsletter_id": 1}, 404, "not found"),
        ("deliveries", {"action_id": 999_999}, 404, "not found"),
        ("deliveries", {"campaign_id": 1, "template_id": "x"}, 422, "template_id"),
        ("deliveries", {"campaign_id": 1, "drafts": 1}, 422, "drafts"),
        ("customers", {"attributes": "x"}, 422, "attributes"),
        ("deliveries", {"campaign_id": "x"}, 422, "campaign_id"),
        ("deliveries", {"campaign_id": 1, "start": -1}, 422, "start"),
        ("deliveries", {"campaign_id": 1, "metric": "x"}, 422, "metric"),
        ("deliveries", {"campaign_id": 1, "attributes": "x"}, 422, "attributes"),
        ("deliveries", {"campaign_id": 1, "more": 1}, 422, "more"),
    ],
)
async def test_what_cannot_be_exported(client: Client, path: str, body: Any, status: int, field: str) -> None:
    refused = await client("POST", f"/v1/exports/{path}", body)
    assert refused.status == status
    assert field in refused.error
