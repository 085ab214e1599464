# SPDX-License-Identifier: Apache-2.0
"""The workspace's own domain for links: what it may be, when it is used, and that it serves links only."""

import json
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from clarion.api import application
from clarion.api.calls import Api, Fetched
from clarion.domain.errors import InvalidRequest, Unavailable
from clarion.domain.tracking_domains import PROOF_PATH, answer_to, failure_of, parse
from clarion.pipeline import domain_checks
from clarion.store import tracking_domains
from clarion.store.access import Keys, Workspace
from clarion.tracking.own_domains import OnlyLinks, proof_route

from .conftest import Client

PATH = "/api/clarion/v1/workspace/tracking_domain"
URL = "https://links.x.test"


class World:
    """What answers under domains: `as_host` says by which name our server is called there, None: nobody is there."""

    def __init__(self, api: Api) -> None:
        self.secret = api.secret
        self.as_host: str | None = "links.x.test"
        self.asked: list[str] = []

    async def fetch(self, url: str, most_bytes: int) -> Fetched:
        self.asked.append(url)
        if self.as_host is None:
            raise InvalidRequest("failed to download data file: no such host", "/url")
        return Fetched(json.dumps(answer_to(self.as_host, self.secret)).encode(), "application/json")


@pytest.fixture
def world(api: Api) -> World:
    return World(api)


@pytest.fixture
def owner(api: Api, keys: Keys, world: World, workspace: Workspace) -> Client:
    options = replace(api.options, fetch=world.fetch)
    return Client(application.build(replace(api, options=options)), f"Bearer {keys.manage_key}")


async def test_a_domain_is_used_once_it_leads_here(owner: Client, world: World) -> None:
    assert (await owner("GET", PATH)).json == {"tracking_domain": None, "base_url": "https://clarion.test"}
    world.as_host = None
    shown = (await owner("PUT", PATH, {"url": "Links.X.test"})).json["tracking_domain"]
    assert (shown["url"], shown["used"], shown["verified_at"], shown["cname"]) == (URL, False, None, "clarion.test")
    assert shown["failure"] == "it cannot be reached: no such host"
    assert world.asked == [URL + PROOF_PATH]
    world.as_host = "clarion.test"  # a proxy puts its own name there
    shown = (await owner("POST", f"{PATH}/check", {})).json["tracking_domain"]
    assert shown["failure"].startswith("it leads here, but as clarion.test")
    world.as_host = "links.x.test"
    shown = (await owner("POST", f"{PATH}/check", {})).json["tracking_domain"]
    assert (shown["used"], shown["failure"]) == (True, None)
    assert isinstance(shown["verified_at"], int)
    assert (await owner("DELETE", PATH)).json["tracking_domain"] is None
    assert (await owner("POST", f"{PATH}/check", {})).status == 404


async def test_one_that_leads_here_no_more_is_not_used_and_the_review_says_so(
    owner: Client, world: World, api: Api, workspace: Workspace
) -> None:
    action = {"name": "x", "body": "<p>x {% unsubscribe_url %}</p>", "subject": "s", "from": "n@x.example"}
    made = await owner("POST", "/api/clarion/v1/broadcasts", {"name": "News", "actions": [action]})
    review = f"/api/clarion/v1/broadcasts/{made.json['broadcast']['id']}/review"

    async def warned() -> list[str]:
        found = (await owner("GET", review)).json
        assert found["ready"] is True
        return [one["message"] for one in found["warnings"] if one["field"] == "tracking_domain"]

    await owner("PUT", PATH, {"url": URL})
    assert await warned() == []
    world.as_host = None

    async def content(url: str, most_bytes: int) -> bytes:
        return (await world.fetch(url, most_bytes)).content

    errand = domain_checks.errand(api.store, content, api.secret)
    assert not await errand.turn()
    assert (await owner("GET", PATH)).json["tracking_domain"]["used"] is False
    (words,) = await warned()
    assert words == f"links lead to the installation's own address, not to {URL}: it cannot be reached: no such host"
    asked = len(world.asked)
    await errand.turn()
    assert len(world.asked) == asked  # once an hour


async def test_a_key_that_sends_may_not_change_it(api: Api, keys: Keys) -> None:
    app = Client(application.build(api), f"Bearer {keys.app_key}")
    assert (await app("PUT", PATH, {"url": URL})).status in {401, 403}


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "must be a domain"),
        (5, "must be a domain"),
        ("http://links.x.test", "by https"),
        ("https://links.x.test/path", "a domain alone"),
        ("https://links.x.test?a=b", "a domain alone"),
        ("https://me@links.x.test", "a domain alone"),
        ("links x.test", "must be a domain"),
        ("links.x.test:port", "must be a domain"),
        ("a" * 64 + ".test", "must be a domain"),
        ("https://clarion.test", "own address"),
        ("ftp://links.x.test", "by https"),
    ],
)
async def test_what_is_no_domain_of_ones_own(owner: Client, url: object, words: str) -> None:
    refused = await owner("PUT", PATH, {"url": url})
    assert refused.status == 422
    assert words in str(refused.json)
    assert (await owner("GET", PATH)).json["tracking_domain"] is None


async def test_the_name_by_which_somebody_calls_serves_not_only_links(owner: Client, world: World) -> None:
    refused = await owner("PUT", PATH, {"url": URL}, headers={"host": "Links.x.test:443"})
    assert refused.status == 422
    assert "where you are now" in str(refused.json)
    assert world.asked == []
    assert (await owner("GET", PATH)).json["tracking_domain"] is None


@pytest.mark.parametrize(
    ("text", "base_url", "url"),
    [
        ("bücher.test", "https://c.test", "https://xn--bcher-kva.test"),
        ("https://Links.x.test:443/", "https://c.test", "https://links.x.test"),
        ("links.x.test:8443", "https://c.test", "https://links.x.test:8443"),
        ("127.0.0.1:8025", "http://localhost:8025", "http://127.0.0.1:8025"),
        ("https://links.x.test", "http://localhost:8025", "https://links.x.test"),
    ],
)
def test_a_domain_as_it_is_kept(text: str, base_url: str, url: str) -> None:
    assert parse(text, base_url) == url


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>", "something else"),
        (b"[]", "something else"),
        (b'{"host": "links.x.test"}', "something else"),
        (b'{"host": "links.x.test", "proof": "made up"}', "another installation"),
        (json.dumps(answer_to("links.x.test", b"z" * 32)).encode(), "another installation"),
    ],
)
def test_an_answer_that_shows_nothing(content: bytes, words: str) -> None:
    assert words in str(failure_of(content, URL, b"k" * 32))


async def _called(application: OnlyLinks, path: str, host: str) -> tuple[int, str]:
    answer = await Client(application, None)("GET", path, headers={"host": host})
    return answer.status, answer.body.decode()


async def test_by_such_a_domain_only_links_are_served(api: Api, workspace: Workspace) -> None:
    async def everything(request: object) -> PlainTextResponse:
        return PlainTextResponse("ours")

    inner = Starlette(routes=[proof_route(api), Route("/{path:path}", everything)])
    now = 0.0
    shut = OnlyLinks(inner, api, "https://clarion.test", clock=lambda: now)
    number = workspace.workspace_id
    api.store.write(lambda tx: tracking_domains.put(tx, number, URL))
    assert (await _called(shut, "/v1/campaigns", "links.x.test"))[0] == 200  # nobody knows that it leads here
    api.store.write(lambda tx: tracking_domains.note(tx, number, URL, None))
    now = 10.0
    for path in ("/v1/campaigns", "/", "/api/clarion/v1/session", "/e", "/.well-known/other", "/healthz"):
        status, body = await _called(shut, path, "links.x.test:443")
        assert (status, "This link does not work" in body) == (404, True), path
    assert (await _called(shut, "/v1/campaigns", "links.x.test."))[0] == 404  # the same name in full
    for path in ("/e/c/x/y", "/e/o/x", "/s/x", "/unsubscribe/x", "/view/x", "/preferences/x", "/consent/x"):
        assert await _called(shut, path, "LINKS.x.test") == (200, "ours"), path
    for host in ("clarion.test", "127.0.0.1:8025", "other.test"):
        assert await _called(shut, "/v1/campaigns", host) == (200, "ours"), host
    shown = json.loads((await _called(shut, PROOF_PATH, "links.x.test"))[1])
    assert shown == answer_to("links.x.test", api.secret)
    # Another one by now: links that are out lead to the first, which serves them, and still nothing else.
    api.store.write(lambda tx: tracking_domains.put(tx, number, "https://more.x.test"))
    now = 20.0
    assert (await _called(shut, "/v1/campaigns", "links.x.test"))[0] == 404
    assert (await _called(shut, "/e/c/x/y", "links.x.test"))[0] == 200


async def test_while_there_is_no_database_what_was_known_holds(api: Api, workspace: Workspace) -> None:
    async def everything(request: object) -> PlainTextResponse:
        return PlainTextResponse("ours")

    class Away:
        secret = api.secret
        gone = False

        async def read(self, work: object) -> object:
            if self.gone:
                raise Unavailable("no database")
            return await api.read(work)  # type: ignore[arg-type]

    away, now = Away(), 0.0
    shut = OnlyLinks(Starlette(routes=[Route("/{path:path}", everything)]), away, "https://clarion.test", lambda: now)  # type: ignore[arg-type]
    api.store.write(lambda tx: tracking_domains.put(tx, workspace.workspace_id, URL))
    api.store.write(lambda tx: tracking_domains.note(tx, workspace.workspace_id, URL, None))
    assert (await _called(shut, "/v1/campaigns", "links.x.test"))[0] == 404
    away.gone, now = True, 60.0
    assert (await _called(shut, "/v1/campaigns", "links.x.test"))[0] == 404


async def test_a_domain_that_was_used_before_is_looked_at_anew(owner: Client, world: World) -> None:
    await owner("PUT", PATH, {"url": URL})
    world.as_host = "more.x.test"
    await owner("PUT", PATH, {"url": "https://more.x.test"})
    world.as_host = None
    shown = (await owner("PUT", PATH, {"url": URL})).json["tracking_domain"]
    assert (shown["url"], shown["used"]) == (URL, False)
    world.as_host = "links.x.test"
    assert (await owner("PUT", PATH, {"url": URL})).json["tracking_domain"]["used"] is True
