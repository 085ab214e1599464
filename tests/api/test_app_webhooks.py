# SPDX-License-Identifier: Apache-2.0
"""Reporting webhooks over the wire: not wrapped, any subset in a PUT, the secret once (contract §7.9)."""

from typing import Any

import pytest

from .conftest import Client

PATH = "/v1/reporting_webhooks"
OURS = "/api/clarion/v1/reporting_webhooks"
GOOD: dict[str, Any] = {
    "name": "W",
    "endpoint": "https://x.test/hook",
    "events": ["email_sent", "customer_unsubscribed"],
}


async def test_from_making_to_removing(client: Client, manage: Client, id_client: Client) -> None:
    made = (await client("POST", PATH, GOOD)).json
    secret = made.pop("signing_secret")
    assert len(secret) == 64
    assert made == {**GOOD, "id": made["id"], "disabled": False, "full_resolution": False, "with_content": False}
    one = f"{PATH}/{made['id']}"
    assert (await client("GET", one)).json == made
    assert (await client("GET", PATH)).json == {"reporting_webhooks": [made]}
    assert (await id_client("GET", PATH)).json == {"reporting_webhooks": []}
    changed = (await client("PUT", one, {"disabled": True})).json
    assert changed == {**made, "disabled": True}
    rotated = (await manage("POST", f"{OURS}/{made['id']}/rotate_secret")).json["signing_secret"]
    assert rotated != secret
    standing = (await manage("GET", f"{OURS}/{made['id']}/attempts")).json
    assert standing == {
        "delivered": 0, "given_up": 0, "waiting": 0, "first_waiting": None, "next_attempt_at": None, "attempts": [],
    }  # fmt: skip
    assert (await manage("POST", f"{OURS}/{made['id']}/replay", {"from": 1, "event": "email_sent"})).json == {
        "events": 0
    }
    for event in ("email_eaten", [None], 5):
        refused = await manage("POST", f"{OURS}/{made['id']}/replay", {"event": event})
        assert (refused.status, refused.json["errors"][0]["source"]["pointer"]) == (422, "/data/attributes/event")
    assert (await client("DELETE", one)).status == 204
    for method in ("GET", "PUT", "DELETE"):
        assert (await client(method, one, {} if method == "PUT" else None)).status == 404


async def test_who_unsubscribes_is_noted(client: Client, manage: Client, track: Client) -> None:
    made = (await client("POST", PATH, GOOD)).json
    for value in (True, "true", False, True):
        await track("PUT", "/api/v1/customers/7", {"unsubscribed": value})
    assert (await manage("GET", f"{OURS}/{made['id']}/attempts")).json["waiting"] == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 191}, "name"),
        ({"endpoint": "ftp://x"}, "endpoint"),
        ({"endpoint": "http://[x"}, "endpoint"),
        ({"endpoint": 5}, "endpoint"),
        ({"events": []}, "events"),
        ({"events": ["email_sent", "email_eaten"]}, "events.1"),
        ({"events": [["email_sent"]]}, "events.0"),
        ({"disabled": "no"}, "disabled"),
        ({"more": 1}, "more"),
    ],
)
async def test_what_is_wrong_is_named(client: Client, change: dict[str, Any], field: str) -> None:
    refused = await client("POST", PATH, {**GOOD, **change})
    assert refused.status == 422
    assert field in refused.error
    made = (await client("POST", PATH, GOOD)).json
    assert (await client("PUT", f"{PATH}/{made['id']}", change)).status == 422


@pytest.mark.parametrize("name", ["name", "endpoint", "events"])
async def test_what_is_required(client: Client, name: str) -> None:
    refused = await client("POST", PATH, {key: value for key, value in GOOD.items() if key != name})
    assert refused.status == 422
    assert name in refused.error
