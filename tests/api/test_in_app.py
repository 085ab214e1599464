# SPDX-License-Identifier: Apache-2.0
"""In-app and inbox messages: kept once, fetched by the person's app and nobody else, reported, gone with the person."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests.channels.sources import ListSource
from tests.pipeline.providers import Scripted
from tests.pipeline.stage import SIGN, Stage
from tests.support.jobs import LostJobs

from clarion.api import application
from clarion.api.calls import Api
from clarion.api.limits import Limits
from clarion.channels.in_app import InAppProvider
from clarion.domain.errors import Away, Unavailable
from clarion.domain.links import app_token, person_of_app
from clarion.domain.messages import PartsMessage
from clarion.domain.people import IdKind, Reference
from clarion.pipeline import erasure
from clarion.store import app_secrets, in_app
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_webhook_actions import made

_ROOT = "/api/clarion/v1"
_IN_APP: dict[str, Any] = {"kind": "in_app", "title": "Hi {{ customer.name }}", "body": "<p>{{ trigger.news }}</p>"}
_INBOX: dict[str, Any] = {
    "kind": "inbox_message",
    "type": "news",
    "topic": "lines",
    "properties": '{"title": {{ customer.name }}}',
}


def provider(store: Store, channel: str = "in_app") -> InAppProvider:
    return InAppProvider(lambda messages: store.write(lambda tx: in_app.keep(tx, messages)), channel)


@pytest.fixture
def stage(store: Store, workspace: Workspace, tmp_path: Path) -> Stage:
    return Stage(store, workspace, tmp_path)


async def sent(manage: Client, client: Client, stage: Stage, *actions: dict[str, Any]) -> int:
    """A broadcast with these actions, sent to everybody; the trigger."""
    broadcast = await made(manage, *actions)
    assert (await manage("POST", f"{_ROOT}/broadcasts/{broadcast['id']}/activate")).status == 200
    accepted = await client("POST", f"/v1/campaigns/{broadcast['id']}/triggers", {"data": {"news": "Night lines"}})
    number = int(accepted.json["id"])
    others = (provider(stage.store), provider(stage.store, "inbox_message"))
    async with stage.working(stage.worker(Scripted(), LostJobs(), others=others)):
        await stage.finished(number)
    return number


async def token(client: Client, person: str) -> str:
    answered = await client("POST", f"{_ROOT}/in_app/tokens", {"identifiers": {"id": person}})
    assert answered.status == 200, answered.body
    return str(answered.json["token"])


@pytest.fixture
def app(api: Api) -> ASGIApp:
    """The application, with the secret that the stage's worker signs with."""
    return application.build(replace(api, secret=SIGN.secret))


@pytest.fixture
def anonymous(app: ASGIApp) -> Client:
    """Calls without a key."""
    return Client(app, None)


class App:
    """What a person's app calls."""

    def __init__(self, client: Client, opened_by: str) -> None:
        self._client = client
        self._headers = {"authorization": f"Bearer {opened_by}"}

    async def __call__(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self._client(method, f"{_ROOT}/in_app{path}", body, {**self._headers, **more})

    async def messages(self) -> list[dict[str, Any]]:
        answered = await self("GET", "/messages")
        assert answered.status == 200, answered.body
        found: list[dict[str, Any]] = answered.json["messages"]
        return found


async def test_an_app_shows_and_reports(
    manage: Client, client: Client, track: Client, anonymous: Client, stage: Stage
) -> None:
    for person in ("p1", "p2"):
        await track("PUT", f"/api/v1/customers/{person}", {"name": f"{person}"})
    number = await sent(manage, client, stage, _IN_APP, _INBOX)
    assert stage.sums(number) == {"sent": 4}
    app, other = App(anonymous, await token(client, "p1")), App(anonymous, await token(client, "p2"))
    shown = {one["kind"]: one for one in await app.messages()}
    assert (shown["in_app"]["title"], shown["in_app"]["body"]) == ("Hi p1", "<p>Night lines</p>")
    assert (shown["in_app"]["position"], shown["in_app"]["opened"]) == ("modal", False)
    assert shown["in_app"]["expires_at"] - shown["in_app"]["created_at"] == 60 * 86_400
    assert (shown["inbox_message"]["topic"], shown["inbox_message"]["properties"]) == ("lines", {"title": "p1"})

    first = await app("GET", "/messages")
    assert first.headers["access-control-allow-origin"] == "*"
    assert (await app("GET", "/messages", if_none_match=first.headers["etag"])).status == 304
    assert (await app("GET", f"/messages?since={shown['in_app']['created_at'] + 60}")).json == {"messages": []}
    asked = await anonymous("OPTIONS", f"{_ROOT}/in_app/messages")
    assert (asked.status, "Authorization" in asked.headers["access-control-allow-headers"]) == (204, True)

    path = f"/messages/{shown['in_app']['id']}"
    assert (await other("POST", f"{path}/opened")).status == 404
    for _ in range(2):
        assert (await app("POST", f"{path}/opened")).status == 204
    clicked = {"href": "https://nightbus.example/", "tracked_response": "yes"}
    assert (await app("POST", f"{path}/clicked", clicked)).status == 204
    refused = await app("POST", f"{path}/clicked", {})
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (422, "*")
    assert (await app("POST", f"{path}/smelled")).status == 404
    metrics = (await client("GET", f"/v1/messages/{shown['in_app']['id']}")).json["message"]["metrics"]
    assert {"sent", "opened", "clicked", "human_opened", "human_clicked"} <= metrics.keys()
    assert next(one for one in await app.messages() if one["kind"] == "in_app")["opened"]
    assert (await app("POST", f"/messages/{shown['inbox_message']['id']}/converted")).status == 204
    assert (await app("POST", f"{path}/dismissed")).status == 204
    assert [one["kind"] for one in await app.messages()] == ["inbox_message"]
    assert len(await other.messages()) == 2


async def test_a_renewed_secret_ends_the_tokens_of_before(
    manage: Client, client: Client, track: Client, anonymous: Client
) -> None:
    await track("PUT", "/api/v1/customers/p1", {})
    path = f"{_ROOT}/in_app/secret"

    async def good(*tokens: str) -> list[bool]:
        return [(await App(anonymous, one)("GET", "/messages")).status == 200 for one in tokens]

    assert (await manage("GET", path)).json == {"secret": {"renewed_at": None, "before_until": None}}
    first = await token(client, "p1")
    renewed = (await manage("POST", f"{path}/renew", {"grace_seconds": 600})).json["secret"]
    assert renewed["before_until"] - renewed["renewed_at"] == 600
    second = await token(client, "p1")
    assert await good(first, second) == [True, True]
    assert (await manage("POST", f"{path}/renew", {})).status == 200
    third = await token(client, "p1")
    assert await good(first, second, third) == [False, True, True], "the one before the last ends at once"
    ended = (await manage("POST", f"{path}/renew", {"grace_seconds": 0})).json
    assert (await manage("GET", path)).json == ended
    assert await good(second, third, await token(client, "p1")) == [False, False, True]
    for wrong in (-1, 2_592_001, True, "1"):
        refused = await manage("POST", f"{path}/renew", {"grace_seconds": wrong})
        assert (refused.status, "/grace_seconds" in str(refused.json)) == (422, True)
    assert (await client("POST", f"{path}/renew", {})).status in {401, 403}


async def test_a_secret_is_a_workspace_s_own(store: Store, workspace: Workspace) -> None:
    other = workspace.workspace_id + 1
    store.write(lambda tx: app_secrets.renew(tx, workspace.workspace_id, 0))
    found = store.read(lambda tx: (app_secrets.get(tx, workspace.workspace_id).good, app_secrets.get(tx, other).good))
    assert found == ((1,), (0,))


async def test_the_smallest_priority_comes_first(
    manage: Client, client: Client, track: Client, anonymous: Client, stage: Stage
) -> None:
    await track("PUT", "/api/v1/customers/p1", {"name": "p1"})
    titled = [
        {**_IN_APP, "title": title, "priority": priority}
        for title, priority in (("none", ""), ("second", "10"), ("first", "2"), ("last", "999"))
    ]
    await sent(manage, client, stage, *titled)
    app = App(anonymous, await token(client, "p1"))
    assert [one["title"] for one in await app.messages()] == ["first", "second", "last", "none"]
    broadcast = await made(manage, {**_IN_APP, "priority": "high"})
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json["problems"]
    assert [one["message"] for one in found] == ["must be a whole number, from 0 to 999"]


async def test_a_token_is_of_one_person_and_ends(client: Client, track: Client, anonymous: Client) -> None:
    await track("PUT", "/api/v1/customers/p1", {})
    good = await token(client, "p1")
    for wrong in ("", "x", good[:-2] + ("AA" if good[-2:] != "AA" else "BB"), f"{good}="):
        refused = await App(anonymous, wrong)("GET", "/messages")
        assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, "*")
    secret = b"s" * 32
    assert person_of_app(app_token(7, 1_000, secret), 999, secret) == 7
    assert person_of_app(app_token(7, 1_000, secret), 1_000, secret) is None
    assert person_of_app(app_token(7, 1_000, secret), 999, b"t" * 32) is None
    for body, status in (
        ({"identifiers": {"id": "nobody"}}, 404),
        ({}, 422),
        ({"identifiers": {"id": "p1"}, "expires_in": 0}, 422),
        ({"identifiers": {"id": "p1"}, "expires_in": True}, 422),
    ):
        assert (await client("POST", f"{_ROOT}/in_app/tokens", body)).status == status


@pytest.mark.parametrize(
    ("action", "changes", "problems"),
    [
        (_IN_APP, {}, []),
        (_IN_APP, {"body": ""}, ["body"]),
        (_IN_APP, {"expires_days": "400"}, ["expires_days"]),
        (_IN_APP, {"title": "x", "body": "x", "position": "inline"}, ["element_id"]),
        (_INBOX, {"properties": "[]"}, ["properties"]),
        (_INBOX, {"properties": ""}, ["properties"]),
    ],
)
async def test_what_a_review_says(
    manage: Client, action: dict[str, Any], changes: dict[str, Any], problems: list[str]
) -> None:
    broadcast = await made(manage, {**action, **changes})
    found = (await manage("GET", f"{_ROOT}/broadcasts/{broadcast['id']}/review")).json
    where = f"actions/{broadcast['actions'][0]['id']}/"
    assert [each["field"].removeprefix(where) for each in found["problems"]] == problems


def message(person: str, number: int = 1, **parts: str) -> PartsMessage:
    return PartsMessage(f"d{number}", "in_app", person, "Hi", {"title": "", "body": "Hi", **parts})


async def test_one_that_was_kept_before_a_crash_is_kept_once(stage: Stage) -> None:
    """The process died after the commit, before the account was settled: it is handed over again."""
    person = f"{stage.person('ann'):012x}"
    for _ in range(2):
        source = ListSource([message(person), message("00000000dead", 2)])
        await provider(stage.store).deliver(source)
        assert [str(kept.end).partition(" ")[0] for kept in source.taken] == ["sent", "Permanent"]
    waiting = stage.store.read(lambda tx: in_app.waiting(tx, int(person, 16)))
    assert [(one.delivery_id, one.parts["body"]) for one in waiting] == [("d1", "Hi")]


async def test_nobody_pays_for_a_database_that_is_away() -> None:
    def away(messages: object) -> frozenset[str]:
        raise Unavailable("the database does not answer")

    source = ListSource([message("000000000001"), message("000000000002", 2)])
    with pytest.raises(Away):
        await InAppProvider(away).deliver(source)
    assert {str(kept.end).partition(" ")[0] for kept in source.taken} == {"Throttled"}
    source = ListSource([message("000000000001")], may_begin=False)
    await InAppProvider(away).deliver(source)
    assert [kept.end for kept in source.taken] == ["untouched"]


async def test_they_go_with_the_person_and_with_time(stage: Stage) -> None:
    store = stage.store
    numbers = [stage.person(name) for name in ("ann", "bob")]
    kept = [message(f"{number:012x}", no) for no, number in enumerate(numbers)]
    store.write(lambda tx: in_app.keep(tx, kept))
    erasure.erase(store, stage.workspace, Reference(IdKind.ID, "ann"), blank_mail=None)
    assert store.read(lambda tx: [len(in_app.waiting(tx, number)) for number in numbers]) == [0, 1]
    assert list(in_app.clear(store, store.read(lambda tx: tx.now_ms()))) == []
    late = store.read(lambda tx: tx.now_ms()) + 61 * 86_400_000
    assert list(in_app.clear(store, late)) == [1]
    assert store.read(lambda tx: in_app.waiting(tx, numbers[1])) == []


async def test_a_test_is_kept_for_whom_it_names(
    api: Api, keys: Keys, manage: Client, client: Client, track: Client, anonymous: Client, store: Store
) -> None:
    for person in ("p1", "p2"):
        await track("PUT", f"/api/v1/customers/{person}", {"name": person, "email": f"{person}@example.com"})
    broadcast = await made(manage, _IN_APP)
    path = f"{_ROOT}/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}/test_send"
    trying = Client(
        application.build(replace(api, provider=lambda channel: provider(store, channel))), f"Bearer {keys.manage_key}"
    )
    other = (await client("GET", "/v1/customers?email=p2@example.com")).json["results"][0]["cio_id"]
    asked = {"person": {"id": "p1"}, "data": {"news": "Tested"}, "to": [other]}
    (result,) = (await trying("POST", path, asked)).json["results"]
    assert (result["address"], result["sent"]) == (other, True)
    app = App(anonymous, await token(client, "p2"))
    (kept,) = await app.messages()
    assert (kept["title"], kept["body"]) == ("Hi p1", "<p>Tested</p>")
    assert (await app("POST", f"/messages/{kept['id']}/opened")).status == 204
    assert await App(anonymous, await token(client, "p1")).messages() == []


async def test_apps_have_a_limit_of_their_own(client: Client, track: Client, api: Api) -> None:
    await track("PUT", "/api/v1/customers/p1", {})
    limits = Limits(api.store, {"in_app": 1}, now=lambda: 100.0)  # of a process in whose second the first call stays
    limited = Client(application.build(replace(api, secret=SIGN.secret, limits=limits)), None)
    app = App(limited, await token(client, "p1"))
    assert await app.messages() == []
    refused = await app("GET", "/messages")
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert "Retry-After" in refused.headers["access-control-expose-headers"]


async def test_a_preview_s_html_runs_nothing(manage: Client, track: Client) -> None:
    await track("PUT", "/api/v1/customers/p1", {"name": "Ada"})
    body = "<p>{{ customer.name }}</p><script>x()</script>"
    asked = {"action": {"kind": "in_app", "body": body}, "person": {"id": "p1"}}
    found = (await manage("POST", f"{_ROOT}/preview", asked)).json
    shown = await manage("GET", found["url"])
    assert "<p>Ada</p>" in shown.body.decode()
    assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    own = {**asked, "action": {"kind": "in_app", "body": '{"what": "the app\'s own"}'}}
    broken = {**asked, "action": {"kind": "in_app", "body": "{{ customer.nowhere }}"}}
    for one in (own, broken):
        assert (await manage("POST", f"{_ROOT}/preview", one)).json["url"] is None
