# SPDX-License-Identifier: Apache-2.0
"""The page's files: kept for ever by their names, its start never; addresses of the API stay the API's."""

import gzip
import re
from pathlib import Path

import pytest

from clarion.api import application
from clarion.api.calls import Api
from clarion.page import files, serving
from clarion.page.files import File

from .conftest import Client

_START = b'<meta name="csp-nonce" content="__CSP_NONCE__"><script src="/assets/index-1.js"></script>'
_SCRIPT = b"export const a = 1;" * 50


@pytest.fixture
def page() -> dict[str, File]:
    return {
        "index.html": File(_START, None, "text/html"),
        "assets/index-1.js": File(_SCRIPT, gzip.compress(_SCRIPT), "text/javascript"),
        "icon.svg": File(b"<svg/>", None, "image/svg+xml"),
    }


@pytest.fixture
def served(api: Api, page: dict[str, File]) -> Client:
    return Client(application.build(api, otherwise=serving.otherwise(page)), None)


@pytest.mark.parametrize("path", ["/", "/broadcasts/7/review?x=1", "/people/a%2Fb"])
async def test_every_address_of_the_page_is_its_start_with_a_nonce_of_its_own(path: str, served: Client) -> None:
    first, second = await served("GET", path), await served("GET", path)
    assert first.status == 200
    assert first.headers["content-type"].startswith("text/html")
    assert first.headers["cache-control"] == "no-cache"
    nonces = [re.findall(rb'content="([^"]+)"', one.body)[0].decode() for one in (first, second)]
    assert nonces[0] != nonces[1]
    assert f"'nonce-{nonces[0]}'" in first.headers["content-security-policy"]
    assert "script-src 'self';" in first.headers["content-security-policy"], "no script but ours"


async def test_files_are_kept_for_ever_and_sent_small_to_who_takes_it(served: Client) -> None:
    plain = await served("GET", "/assets/index-1.js")
    assert (plain.body, "content-encoding" in plain.headers) == (_SCRIPT, False)
    assert "immutable" in plain.headers["cache-control"]
    small = await served("GET", "/assets/index-1.js", headers={"accept-encoding": "gzip, br"})
    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small.body) == _SCRIPT
    assert small.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/v1/nothing", "/api/clarion/v1/nothing", "/api/v2/nothing", "/assets/index-0.js"])
async def test_what_is_missing_of_others_is_an_error_of_theirs(path: str, served: Client) -> None:
    answer = await served("GET", path)
    assert answer.status == 404
    assert answer.json["meta"]["error"]


async def test_only_looking_finds_the_page(served: Client) -> None:
    assert (await served("POST", "/broadcasts", {})).status == 404


async def test_without_the_page_its_root_says_how_to_build_it(api: Api) -> None:
    bare = Client(application.build(api, otherwise=serving.otherwise({})), None)
    answer = await bare("GET", "/")
    assert answer.status == 404
    assert b"make web" in answer.body
    assert (await bare("GET", "/broadcasts")).status == 404


def test_the_built_page_is_beside_the_program() -> None:
    found = files.load()
    assert files.INDEX in found
    assert b"__CSP_NONCE__" in found[files.INDEX].content
    scripts = [path for path in found if path.startswith("assets/") and path.endswith(".js")]
    assert scripts
    assert all(found[path].squeezed for path in scripts)
    assert "licenses.md" in found, "whose work the page carries"


def test_a_package_that_is_not_there_is_no_page() -> None:
    assert files.load("clarion_page_that_was_never_built") == {}


def test_no_view_of_the_page_lies_where_the_server_has_something_else() -> None:
    """Else a reload of that view would be answered with the other thing."""
    text = (Path(__file__).parents[2] / "web" / "src" / "app" / "routes.ts").read_text("utf-8")
    views = {path.split("/")[1] for path in re.findall(r'path: "(/[^"]+)"', text)}
    assert len(views) > 5
    taken = {endpoint.path.split("/")[1] for endpoint in application.ENDPOINTS}
    others = {"assets", "preview", "view", "e", "unsubscribe", "preferences", "consent"}
    assert not views & (taken | others | {"docs", "openapi.json", "metrics", "healthz", "readyz"})
