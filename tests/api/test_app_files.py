# SPDX-License-Identifier: Apache-2.0
"""Collections, and asking for imports, over the wire (contract §7.6, §7.11)."""

from dataclasses import replace
from typing import Any

import pytest

from clarion.api import application
from clarion.api.calls import Api, Fetched
from clarion.domain.errors import InvalidRequest
from clarion.store.access import Keys, Workspace

from .conftest import Client

ALL = "/v1/collections"
ROWS = [{"city": "Oslo", "n": 1}, {"city": "Bergen", "deep": {"a": [1]}}]
IMPORT = {"type": "people", "name": "I", "data_file_url": "https://x.test/f.csv", "identifier": "id"}


async def test_a_collection_from_making_to_removing(client: Client, id_client: Client) -> None:
    made = (await client("POST", ALL, {"name": "C", "data": ROWS})).json["collection"]
    assert (made["name"], made["rows"], made["schema"]) == ("C", 2, ["city", "n", "deep"])
    one = f"{ALL}/{made['id']}"
    assert (await client("GET", one)).json == {"collection": made}
    assert (await client("GET", ALL)).json == {"collections": [made]}
    assert (await client("GET", f"{one}/content")).json == ROWS
    assert (await client("PUT", one, {"name": "D"})).json["collection"]["rows"] == 2
    assert (await client("PUT", f"{one}/content", [])).json["collection"]["rows"] == 0
    assert (await client("PUT", one, {"data": ROWS[:1]})).json["collection"]["name"] == "D"
    assert (await client("POST", ALL, {"name": "D", "data": []})).status == 409
    for target in (one, f"{one}/content"):
        assert (await id_client("GET", target)).status == 404
        assert (await id_client("PUT", target, [] if "content" in target else {})).status == 404
    assert (await id_client("DELETE", one)).status == 404
    assert (await client("DELETE", one)).status == 204
    assert (await client("GET", f"{one}/content")).status == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"data": []}, "name"),
        ({"name": "C"}, "data"),
        ({"name": "C", "data": {}}, "data"),
        ({"name": "C", "data": [1]}, "data.0"),
        ({"name": "C", "data": [{"a": "x" * 10_300}]}, "data.0"),
        ({"name": "C", "data": [], "url": "https://x.test"}, "url"),
        ({"name": "C", "url": 5}, "url"),
    ],
)
async def test_what_is_wrong_with_a_collection(client: Client, body: Any, field: str) -> None:
    refused = await client("POST", ALL, body)
    assert refused.status == 422
    assert field in refused.error


async def test_a_collection_from_a_url(api: Api, workspace: Workspace, keys: Keys) -> None:
    table, listed = b"\xef\xbb\xbfcity,n\nOslo,1\n", b'[{"a": 1}]'
    served = {
        "https://x.test/a.csv": Fetched(table),
        "https://x.test/b": Fetched(listed),
        "https://x.test/c": Fetched(table, "text/csv"),
        "https://x.test/d.csv": Fetched(listed, "application/json"),
        "https://x.test/e.csv?x=1": Fetched(table, "application/octet-stream"),
    }

    async def fetch(url: str, most: int) -> Fetched:
        assert most == 10_000_000
        if url not in served:
            raise InvalidRequest("nobody is there", "/url")
        return served[url]

    app = application.build(replace(api, options=replace(api.options, fetch=fetch)))
    client = Client(app, f"Bearer {keys.app_key}")
    for name, url, rows in (
        ("csv", "https://x.test/a.csv", [{"city": "Oslo", "n": "1"}]),
        ("json", "https://x.test/b", [{"a": 1}]),
        ("csv by type", "https://x.test/c", [{"city": "Oslo", "n": "1"}]),
        ("json by type", "https://x.test/d.csv", [{"a": 1}]),
        ("csv by name", "https://x.test/e.csv?x=1", [{"city": "Oslo", "n": "1"}]),
    ):
        made = (await client("POST", ALL, {"name": name, "url": url})).json["collection"]
        assert (await client("GET", f"{ALL}/{made['id']}/content")).json == rows
    assert (await client("POST", ALL, {"name": "x", "url": "https://x.test/none"})).status == 422


async def test_an_import_is_asked_for(client: Client, manage: Client, id_client: Client) -> None:
    made = (await client("POST", "/v1/imports", {"import": IMPORT})).json["import"]
    assert (made["state"], made["rows_imported"], made["data_to_process"]) == ("preprocessing", 0, "all")
    one = f"/v1/imports/{made['id']}"
    assert (await client("GET", one)).json["import"] == made
    assert (await id_client("GET", one)).status == 404
    assert (await manage("GET", f"/api/clarion{one}/errors")).json == {"errors": [], "next": 0}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "planet"}, "type"),
        ({"type": "object"}, "object_type_id"),
        ({"type": "object", "object_type_id": "1", "identifier": "email"}, "identifier"),
        ({"type": "relationship", "object_type_id": []}, "object_type_id"),
        ({"name": ""}, "name"),
        ({"data_file_url": "ftp://x"}, "data_file_url"),
        ({"identifier": "cio_id"}, "identifier"),
        ({"data_to_process": "some"}, "data_to_process"),
        ({"more": 1}, "more"),
    ],
)
async def test_what_is_wrong_with_an_import(client: Client, change: Any, field: str) -> None:
    refused = await client("POST", "/v1/imports", {"import": {**IMPORT, **change}})
    assert refused.status == 422
    assert field in refused.error
    assert (await client("POST", "/v1/imports", {"import": []})).status == 422
