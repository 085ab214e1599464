# SPDX-License-Identifier: Apache-2.0
"""What the reference says of each route: examples that are as its schemas say; and the page on which it is read."""

import re
from html.parser import HTMLParser

import pytest
from tests.support.schema import misfits

from clarion.api.application import ENDPOINTS
from clarion.api.calls import Endpoint

from .conftest import Client


def _name(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=_name)
def test_every_route_shows_what_it_takes_and_answers(endpoint: Endpoint) -> None:
    told = endpoint.reference
    if told.status == 204:
        assert told.answer is None
    else:
        assert told.answer is not None
        assert told.answer_example is not None
        assert list(misfits(told.answer, told.answer_example)) == []
    if told.body is not None:
        assert told.body_example is not None
        assert list(misfits(told.body, told.body_example)) == []


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids |= {value or "" for name, value in attrs if name == "id"}
        self.links |= {value or "" for name, value in attrs if name in {"href", "src"}}
        assert not any(name.startswith("on") or name == "style" for name, _ in attrs)


async def test_the_page_shows_every_route_and_brings_everything_itself(nobody: Client) -> None:
    answer = await nobody("GET", "/docs")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    text = answer.body.decode()
    found = _Page(text)
    assert not found.tags & {"script", "img", "iframe", "link", "object"}
    assert all(link.startswith("#") or link == "/openapi.json" for link in found.links)
    assert {link[1:] for link in found.links if link.startswith("#")} <= found.ids
    document = (await nobody("GET", "/openapi.json")).json
    for endpoint in ENDPOINTS:
        operation = document["paths"][endpoint.path][endpoint.method.lower()]
        assert operation["operationId"] in found.ids
        for alias in endpoint.aliases:
            assert f"also <code>{alias}</code>" in text
    assert re.search(r"curl -X POST .*/v1/campaigns/\{broadcast_id\}/triggers", text)


async def test_the_page_shows_texts_as_texts(nobody: Client) -> None:
    text = (await nobody("GET", "/docs")).body.decode()
    assert "&lt;p&gt;Hello&lt;/p&gt;" in text
    assert "<p>Hello</p>" not in text
