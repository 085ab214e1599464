# SPDX-License-Identifier: Apache-2.0
"""Addresses that get no mail: each kind by itself, each workspace by itself (contract §7.8)."""

from .conftest import Client

_BOUNCES = "/v1/esp/suppression/bounces"


async def test_an_address_is_suppressed_found_and_let_go(client: Client, id_client: Client) -> None:
    for _ in range(2):
        made = await client("POST", f"{_BOUNCES}/Ann%40example.com")
        assert (made.status, made.json) == (200, {})
    (listed,) = (await client("GET", _BOUNCES)).json["suppressions"]
    assert listed.keys() == {"created", "email", "reason", "status"}
    assert listed["reason"].startswith("suppressed by ")
    found = (await client("GET", "/v1/esp/search_suppression/ann%40EXAMPLE.com")).json
    assert (found["category"], found["suppressions"]) == ("bounces", [listed])
    by_domain = "/v1/esp/domains/example.com/suppression/bounces"
    assert (await client("GET", by_domain)).json == {"category": "bounces", "suppressions": [listed]}
    assert (await client("GET", f"{by_domain}?start=1")).json["suppressions"] == []
    assert (await client("GET", "/v1/esp/suppression/spam_reports")).json == {"category": "spam", "suppressions": []}
    assert (await id_client("GET", _BOUNCES)).json["suppressions"] == []
    assert (await client("DELETE", f"{_BOUNCES}/ann%40example.com")).status == 204
    assert (await client("DELETE", f"{_BOUNCES}/ann%40example.com")).status == 404
    assert (await client("GET", _BOUNCES)).json["suppressions"] == []


async def test_what_cannot_be_an_address_or_a_kind_is_refused(client: Client) -> None:
    assert (await client("GET", "/v1/esp/suppression/nonsense")).status == 400
    assert (await client("GET", f"{_BOUNCES}?limit=1001")).status == 400
    assert (await client("POST", f"{_BOUNCES}/nobody")).status == 422
    assert (await client("POST", f"{_BOUNCES}/{'a' * 300}%40example.com")).status == 422
    assert (await client("POST", f"{_BOUNCES}/a%00%40example.com")).status == 400
