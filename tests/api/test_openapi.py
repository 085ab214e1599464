# SPDX-License-Identifier: Apache-2.0
"""The API describes itself: every route, its parameters, its keys, its failures (OpenAPI 3.1)."""

import re
from collections import Counter
from typing import Any

from clarion.api.application import ENDPOINTS

from .conftest import Client


async def test_every_route_is_described(nobody: Client) -> None:
    answer = await nobody("GET", "/openapi.json")
    assert answer.status == 200
    document = answer.json
    assert document["openapi"] == "3.1.0"
    ids: Counter[str] = Counter()
    for endpoint in ENDPOINTS:
        for path in (endpoint.path, *endpoint.aliases):
            operation: dict[str, Any] = document["paths"][path][endpoint.method.lower()]
            ids[operation["operationId"]] += 1
            in_path = [one["name"] for one in operation["parameters"] if one["in"] == "path"]
            assert in_path == re.findall(r"{(\w+)}", path)
            assert operation["security"] or endpoint.scope == "none"
            assert operation["summary"]
            assert "503" in operation["responses"]
            assert any(status.startswith("2") for status in operation["responses"])
    assert max(ids.values()) == 1
    schemas = set(document["components"]["schemas"])
    named = set(re.findall(r"#/components/schemas/(\w+)", answer.body.decode()))
    assert named == schemas
    schemes = {name for one in _operations(document) for given in one["security"] for name in given}
    assert schemes == set(document["components"]["securitySchemes"])
    again = await nobody("GET", "/openapi.json", None, {"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_a_route_that_says_what_it_answers_shows_an_example_of_it(nobody: Client) -> None:
    document = (await nobody("GET", "/openapi.json")).json
    for operation in _operations(document):
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                if content["schema"].get("required") and "example" in content:
                    assert set(content["schema"]["required"]) <= set(content["example"]), operation["operationId"]
        for content in operation.get("requestBody", {}).get("content", {}).values():
            if "example" in content and content["schema"].get("type") == "object":
                assert set(content["schema"].get("required", ())) <= set(content["example"]), operation["operationId"]


def _operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for path in document["paths"].values() for operation in path.values()]
