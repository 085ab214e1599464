# SPDX-License-Identifier: Apache-2.0
"""Snippets in the App API (contract §1.6, §7.3)."""

import time

import pytest

from clarion.domain.broadcasts import EmailContent
from clarion.store import broadcasts, snippets
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .conftest import Client

PATH = "/v1/snippets"


def use(store: Store, workspace: Workspace, content: EmailContent) -> None:
    def work(tx: Transaction) -> None:
        made = broadcasts.create(tx, workspace, "B", recipients={})
        broadcasts.add_action(tx, made, "A", content)

    store.write(work)


async def test_put_creates_and_replaces(client: Client) -> None:
    assert (await client("GET", PATH)).json == {"snippets": []}
    answer = await client("PUT", PATH, {"name": "footer", "value": "<p>ü"})
    assert answer.status == 200
    snippet = answer.json["snippet"]
    assert abs(snippet.pop("updated_at") - time.time()) < 120
    assert snippet == {"name": "footer", "value": "<p>ü"}
    assert (await client("PUT", PATH, {"name": "footer", "value": ""})).json["snippet"]["value"] == ""
    await client("PUT", PATH, {"name": "a b", "value": "x"})
    assert [one["name"] for one in (await client("GET", PATH)).json["snippets"]] == ["a b", "footer"]


async def test_post_creates_only(client: Client) -> None:
    answer = await client("POST", PATH, {"name": "footer", "value": "1"})
    assert (answer.status, answer.json["snippet"]["value"]) == (200, "1")
    answer = await client("POST", PATH, {"name": "footer", "value": "2"})
    assert answer.status == 409
    assert answer.error == "name: there is a snippet of this name already"
    assert (await client("GET", PATH)).json["snippets"][0]["value"] == "1"


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (None, 422, "name: "),
        ({"name": "a"}, 422, "value: "),
        ({"name": "a", "value": 5}, 422, "value: "),
        ({"name": " ", "value": "x"}, 422, "name: "),
        ({"name": None, "value": "x"}, 422, "name: "),
        ({"name": "x" * 151, "value": "x"}, 422, "name: "),
        ({"name": "a", "value": "x" * (16 * 1024 + 1)}, 422, "value: is longer than 16384 bytes"),
        ({"name": "a", "value": "ü" * 8_193}, 422, "value: "),
        ([], 400, "object"),
        (b'{"name": "a", "value": "\\u0000"}', 400, "NUL"),
    ],
)
async def test_bad_snippets(client: Client, method: str, body: object, status: int, field: str) -> None:
    answer = await client(method, PATH, body)
    assert answer.status == status
    assert field in answer.error
    assert (await client("GET", PATH)).json == {"snippets": []}


async def test_largest_snippet_and_largest_sum(client: Client, store: Store, workspace: Workspace) -> None:
    large = "x" * (16 * 1024)

    def fill(tx: Transaction) -> None:
        for number in range(5 * 1024 // 16 - 2):
            snippets.save(tx, workspace, f"filling {number}", large)

    store.write(fill)
    for name in ("a", "b"):
        assert (await client("PUT", PATH, {"name": name, "value": large})).status == 200
    answer = await client("PUT", PATH, {"name": "c", "value": large})
    assert answer.status == 422
    assert answer.error == "value: the snippets would be larger than 5242880 bytes in all"
    assert (await client("PUT", PATH, {"name": "b", "value": large[1:]})).status == 200


async def test_delete(client: Client, id_client: Client) -> None:
    await client("PUT", PATH, {"name": "a/b c", "value": "x"})
    assert (await id_client("DELETE", f"{PATH}/a%2Fb%20c")).status == 404
    answer = await client("DELETE", f"{PATH}/a%2Fb%20c", {})
    assert (answer.status, answer.body) == (204, b"")
    assert (await client("DELETE", f"{PATH}/a%2Fb%20c")).status == 404
    assert (await client("GET", PATH)).json == {"snippets": []}


@pytest.mark.parametrize(
    "content",
    [
        EmailContent(body="<p>{{ snippets.foot }}"),
        EmailContent(subject="{{snippets . foot|upcase}}"),
        EmailContent(preheader='{{ snippets["foot"] }}'),
        EmailContent(plain="{% if snippets[ 'foot' ] %}"),
        EmailContent(headers=(("X-A", "{{snippets.foot}}"),)),
    ],
)
async def test_snippet_in_use(client: Client, store: Store, workspace: Workspace, content: EmailContent) -> None:
    await client("PUT", PATH, {"name": "foot", "value": "x"})
    use(store, workspace, content)
    answer = await client("DELETE", f"{PATH}/foot")
    assert answer.status == 400
    assert answer.json["errors"] == [{"detail": "unable to delete snippet in use", "status": "400"}]
    assert answer.error == "unable to delete snippet in use"


async def test_other_words_are_no_use(client: Client, store: Store, workspace: Workspace) -> None:
    await client("PUT", PATH, {"name": "foot", "value": "x"})
    await client("PUT", PATH, {"name": "a.b", "value": "x"})
    use(store, workspace, EmailContent(body="{{snippets.footer}} foot mysnippets.foot {{ snippets['feet'] }} aXb"))
    for name in ("foot", "a.b"):
        assert (await client("DELETE", f"{PATH}/{name}")).status == 204


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("{{ customer.name", ["expected '}}', found end of file (line 1, column 1)"]),
        ("a\n{% if true %}", ["if tag was never closed (line 2, column 4)"]),
        ("{{ 'a' | zap }}{{ 'b' | zop }}", ["Unknown filter 'zap' (line 1, column 10)", "Unknown filter 'zop'"]),
        ("{% zap %}\n{% zop %}", ["Unknown tag 'zap' (line 1, column 4)", "Unknown tag 'zop' (line 2, column 4)"]),
        ("<p>{{ snippets.nobody }}", ["Variable 'snippets.nobody' is missing (line 1, column 7)"]),
        ("{{ snippets.foot }}", ["The snippet includes itself (line 1, column 4)"]),
        ('{% if true %}{{ snippets["foot"] }}{% endif %}', ["The snippet includes itself"]),
    ],
)
async def test_what_would_not_render_is_refused(client: Client, method: str, value: str, errors: list[str]) -> None:
    answer = await client(method, PATH, {"name": "foot", "value": value})
    assert answer.status == 422
    told = [error["detail"] for error in answer.json["errors"]]
    assert len(told) == len(errors)
    for detail, words in zip(told, errors, strict=True):
        assert detail.startswith("value: ")
        assert words in detail
    assert {error["source"]["pointer"] for error in answer.json["errors"]} == {"/data/attributes/value"}
    assert (await client("GET", PATH)).json == {"snippets": []}


async def test_snippets_in_snippets(client: Client) -> None:
    for name, value in (("a", "A"), ("b", "{{ snippets.a }}{{ snippets.a | upcase }}"), ("c", "{{ snippets['b'] }}")):
        assert (await client("PUT", PATH, {"name": name, "value": value})).status == 200
    answer = await client("PUT", PATH, {"name": "a", "value": "{{ customer.name }} {{ snippets.c }}"})
    assert answer.status == 422
    assert answer.error == "value: The snippet includes itself through 'c' (line 1, column 24)"
    good = "{{ customer.name }} {{ trigger.x | default: snippets.size }} {% unsubscribe %}"
    assert (await client("PUT", PATH, {"name": "a", "value": good})).status == 200
