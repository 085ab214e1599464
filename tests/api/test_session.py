# SPDX-License-Identifier: Apache-2.0
"""The web page's people: signing in, roles, one-time links, what other pages cannot do, the audit log."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.types import ASGIApp

from clarion.api import application
from clarion.api.calls import Api
from clarion.api.passwords import Passwords
from clarion.domain.roles import Role
from clarion.store import access, users
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Answer, Client

_ROOT = "/api/clarion/v1"
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Browser:
    """Keeps the cookie that it is given, and names the workspace as our page does."""

    def __init__(self, app: ASGIApp, workspace_id: int) -> None:
        self._client = Client(app, None)
        self.cookie = ""
        self.workspace_id = workspace_id

    async def __call__(
        self, method: str, target: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Answer:
        sent = {"x-clarion-workspace": str(self.workspace_id), "user-agent": "Test/1"}
        if self.cookie:
            sent["cookie"] = f"clarion_session={self.cookie}"
        answer = await self._client(method, target, body, sent | (headers or {}))
        if "set-cookie" in answer.headers:
            self.cookie = SimpleCookie(answer.headers["set-cookie"])["clarion_session"].value
        return answer


@pytest.fixture
def app(api: Api) -> ASGIApp:
    return application.build(replace(api, passwords=Passwords(QUICK)))


@pytest.fixture
def browser(app: ASGIApp, workspace: Workspace) -> Browser:
    return Browser(app, workspace.workspace_id)


@pytest.fixture
def add_user(store: Store, workspace: Workspace) -> Callable[..., int]:
    def add(email: str, *roles: Role) -> int:
        def work(tx: Any) -> int:
            user_id = users.create(tx, email, email.partition("@")[0], QUICK.hash(PASSWORD))
            if roles:
                users.put_member(tx, workspace.workspace_id, user_id, roles)
            return user_id

        return store.write(work)

    return add


async def sign_in(browser: Browser, email: str) -> Answer:
    return await browser("POST", f"{_ROOT}/session", {"email": email, "password": PASSWORD})


async def test_nobody_is_signed_in_at_first(browser: Browser) -> None:
    answer = await browser("GET", f"{_ROOT}/session")
    assert answer.status == 200
    assert (answer.json["user"], answer.json["workspaces"], answer.json["demo"]) == (None, [], False)


async def test_signing_in_sets_a_cookie_that_no_script_reads(browser: Browser, add_user: Callable[..., int]) -> None:
    add_user("ada@example.com", Role.OWNER)
    answer = await sign_in(browser, " Ada@Example.com")
    assert answer.status == 200
    assert answer.json["user"]["email"] == "ada@example.com"
    assert answer.json["workspaces"][0]["roles"] == ["owner"]
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert (await browser("GET", f"{_ROOT}/broadcasts")).status == 200
    assert (await browser("GET", "/v1/segments")).status == 200, "the App API too"


async def test_a_wrong_password_and_an_unknown_user_are_told_alike(
    browser: Browser, add_user: Callable[..., int]
) -> None:
    add_user("ada@example.com", Role.OWNER)
    wrong = await browser("POST", f"{_ROOT}/session", {"email": "ada@example.com", "password": "guess"})
    unknown = await browser("POST", f"{_ROOT}/session", {"email": "bo@example.com", "password": "guess"})
    assert (wrong.status, unknown.status) == (401, 401)
    assert wrong.error == unknown.error


async def test_after_ten_failures_an_e_mail_waits(browser: Browser, add_user: Callable[..., int]) -> None:
    add_user("ada@example.com", Role.OWNER)
    for _ in range(10):
        await browser("POST", f"{_ROOT}/session", {"email": "ada@example.com", "password": "guess"})
    refused = await sign_in(browser, "ada@example.com")
    assert refused.status == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert (await sign_in(browser, "bo@example.com")).status == 401, "others go on"


async def test_tries_at_once_get_no_further_than_tries_in_turn(browser: Browser, add_user: Callable[..., int]) -> None:
    add_user("ada@example.com", Role.OWNER)
    body = {"email": "ada@example.com", "password": "guess"}
    answers = await asyncio.gather(*(browser("POST", f"{_ROOT}/session", body) for _ in range(14)))
    assert sorted(one.status for one in answers) == [401] * 10 + [429] * 4


async def test_what_was_typed_in_place_of_an_address_is_not_written_down(
    browser: Browser, add_user: Callable[..., int]
) -> None:
    add_user("ada@example.com", Role.OWNER)
    await browser("POST", f"{_ROOT}/session", {"email": PASSWORD, "password": "guess"})
    await sign_in(browser, "ada@example.com")
    found = str((await browser("GET", f"{_ROOT}/audit?sign_ins=true")).json)
    assert "A sign-in failed" in found
    assert PASSWORD not in found


async def test_the_cookie_lasts_its_time_again_whenever_the_page_opens(
    browser: Browser, add_user: Callable[..., int]
) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    answer = await browser("GET", f"{_ROOT}/session")
    assert "Max-Age=1209600" in answer.headers["set-cookie"]


@pytest.mark.parametrize(("base_url", "secure"), [("https://testserver", True), ("http://testserver", False)])
async def test_under_https_the_cookie_goes_nowhere_else(
    base_url: str, secure: bool, api: Api, workspace: Workspace, add_user: Callable[..., int]
) -> None:
    add_user("ada@example.com", Role.OWNER)
    options = replace(api.options, base_url=base_url)
    app = application.build(replace(api, options=options, passwords=Passwords(QUICK)))
    answer = await sign_in(Browser(app, workspace.workspace_id), "ada@example.com")
    assert ("secure" in answer.headers["set-cookie"].lower().split("; ")) == secure


async def test_an_invitation_does_not_open_an_account_that_was_made_later(
    browser: Browser, add_user: Callable[..., int], app: ASGIApp, workspace: Workspace
) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    invited = await browser("POST", f"{_ROOT}/invitations", {"email": "bo@example.com", "roles": ["editor"]})
    claim = {"token": invited.json["link"].partition("#")[2], "password": "what the inviter chose"}
    add_user("bo@example.com")
    other = Browser(app, workspace.workspace_id)
    assert (await other("POST", f"{_ROOT}/session/link", {"token": claim["token"]})).json["link"]["has_account"]
    refused = await other("POST", f"{_ROOT}/session/claim", claim)
    assert (refused.status, other.cookie) == (422, "")
    assert (await other("POST", f"{_ROOT}/session/claim", claim | {"password": PASSWORD})).status == 200
    assert (await sign_in(other, "bo@example.com")).status == 200, "the password stayed"


async def test_of_two_who_claim_an_invitation_at_once_one_comes_in(
    browser: Browser, add_user: Callable[..., int], app: ASGIApp, workspace: Workspace
) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    invited = await browser("POST", f"{_ROOT}/invitations", {"email": "bo@example.com", "roles": ["editor"]})
    token = invited.json["link"].partition("#")[2]
    two = [Browser(app, workspace.workspace_id) for _ in range(2)]
    answers = await asyncio.gather(
        *(
            one("POST", f"{_ROOT}/session/claim", {"token": token, "password": f"{PASSWORD} {no}"})
            for no, one in enumerate(two)
        )
    )
    assert sum(one.status == 200 for one in answers) == 1
    assert all(one.status in {200, 404, 409, 422} for one in answers)


async def test_guesses_at_the_current_password_are_counted(browser: Browser, add_user: Callable[..., int]) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    guess = {"current_password": "guess", "password": "another one entirely"}
    answers = [(await browser("PATCH", f"{_ROOT}/session", guess)).status for _ in range(11)]
    assert answers == [422] * 10 + [429]


async def test_signing_out_ends_the_session(browser: Browser, add_user: Callable[..., int]) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    kept = browser.cookie
    assert (await browser("DELETE", f"{_ROOT}/session")).status == 204
    browser.cookie = kept
    assert (await browser("GET", f"{_ROOT}/broadcasts")).status == 401


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.READER, {"read"}),
        (Role.EDITOR, {"read", "edit"}),
        (Role.SENDER, {"read", "send"}),
        (Role.OWNER, {"read", "edit", "send", "own"}),
    ],
)
async def test_roles_open_what_they_say(
    role: Role, may: set[str], browser: Browser, add_user: Callable[..., int]
) -> None:
    add_user("ada@example.com", role)
    await sign_in(browser, "ada@example.com")
    calls = {
        "read": ("GET", f"{_ROOT}/broadcasts", None),
        "edit": ("POST", f"{_ROOT}/broadcasts", {"name": "Spring"}),
        "send": ("POST", f"{_ROOT}/broadcasts/99999/activate", {}),
        "own": ("GET", f"{_ROOT}/users", None),
    }
    refused = {
        need for need, (method, path, body) in calls.items() if (await browser(method, path, body)).status == 403
    }
    assert refused == set(calls) - may
    trigger = await browser("POST", "/v1/campaigns/99999/triggers", {})
    assert (trigger.status == 403) == ("send" not in may)
    cancel = await browser("POST", "/v1/campaigns/99999/triggers/1/cancel", {})
    assert (cancel.status == 403) == ("send" not in may)
    snippet = await browser("PUT", "/v1/snippets", {"name": "a", "value": "b"})
    assert (snippet.status == 403) == ("edit" not in may)


async def test_an_editor_who_is_also_a_sender_may_both(browser: Browser, add_user: Callable[..., int]) -> None:
    add_user("ada@example.com", Role.EDITOR, Role.SENDER)
    await sign_in(browser, "ada@example.com")
    assert (await browser("POST", f"{_ROOT}/broadcasts", {"name": "Spring"})).status == 201
    assert (await browser("POST", f"{_ROOT}/broadcasts/99999/activate", {})).status == 404


async def test_another_workspace_stays_closed(browser: Browser, add_user: Callable[..., int], store: Store) -> None:
    other = store.write(lambda tx: access.create_workspace(tx, "Other", "id_email", access.random_keys()))
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    browser.workspace_id = other.workspace_id
    assert (await browser("GET", f"{_ROOT}/broadcasts")).status == 403
    assert (await browser("GET", f"{_ROOT}/broadcasts", headers={"x-clarion-workspace": "nonsense"})).status == 401


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "same-site"}]
)
async def test_other_pages_cannot_make_changes_with_the_cookie(
    headers: dict[str, str], browser: Browser, add_user: Callable[..., int]
) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    assert (await browser("POST", f"{_ROOT}/broadcasts", {"name": "x"}, headers)).status == 403
    assert (await browser("DELETE", f"{_ROOT}/session", None, headers)).status == 403
    ours = {"sec-fetch-site": "same-origin", "origin": "http://testserver"}
    assert (await browser("POST", f"{_ROOT}/broadcasts", {"name": "x"}, ours)).status == 201


async def test_a_key_beside_the_cookie_decides_alone(
    browser: Browser, add_user: Callable[..., int], keys: access.Keys
) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    with_key = {"authorization": f"Bearer {keys.app_key}"}
    assert (await browser("GET", f"{_ROOT}/broadcasts", headers=with_key)).status == 401, "an app key manages nothing"


async def test_an_invitation_lets_one_person_in_once(
    browser: Browser, add_user: Callable[..., int], app: ASGIApp, workspace: Workspace
) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    wrong: list[Any] = ["king", {}, [], None]
    for role in wrong:
        refused = await browser("POST", f"{_ROOT}/invitations", {"email": "bo@example.com", "roles": [role]})
        assert refused.status == 422
    invited = await browser("POST", f"{_ROOT}/invitations", {"email": "bo@example.com", "roles": ["editor"]})
    assert invited.status == 201
    token = invited.json["link"].partition("#")[2]
    assert [one["email"] for one in (await browser("GET", f"{_ROOT}/users")).json["invitations"]] == ["bo@example.com"]

    other = Browser(app, workspace.workspace_id)
    seen = (await other("POST", f"{_ROOT}/session/link", {"token": token})).json["link"]
    assert (seen["email"], seen["workspace"], seen["roles"]) == ("bo@example.com", "Acme", ["editor"])
    short = await other("POST", f"{_ROOT}/session/claim", {"token": token, "password": "short"})
    assert short.status == 422
    assert "10 characters" in short.error
    claimed = await other("POST", f"{_ROOT}/session/claim", {"token": token, "name": "Bo", "password": PASSWORD})
    assert claimed.status == 200
    assert claimed.json["workspaces"][0]["roles"] == ["editor"]
    assert (await other("GET", f"{_ROOT}/broadcasts")).status == 200
    again = await other("POST", f"{_ROOT}/session/claim", {"token": token, "password": PASSWORD})
    assert again.status == 404
    listed = (await browser("GET", f"{_ROOT}/users")).json
    assert listed["invitations"] == []
    assert {one["name"] for one in listed["users"]} == {"ada", "Bo"}


async def test_who_has_an_account_joins_without_a_link(browser: Browser, add_user: Callable[..., int]) -> None:
    add_user("ada@example.com", Role.OWNER)
    add_user("bo@example.com")
    await sign_in(browser, "ada@example.com")
    joined = await browser("POST", f"{_ROOT}/invitations", {"email": "BO@example.com", "roles": ["reader", "sender"]})
    assert (joined.json["joined"], joined.json["link"]) == (True, None)
    again = await browser("POST", f"{_ROOT}/invitations", {"email": "bo@example.com", "roles": ["reader"]})
    assert again.status == 422


async def test_the_last_owner_stays(browser: Browser, add_user: Callable[..., int]) -> None:
    ada = add_user("ada@example.com", Role.OWNER)
    bo = add_user("bo@example.com", Role.READER)
    await sign_in(browser, "ada@example.com")
    assert (await browser("PATCH", f"{_ROOT}/users/{ada}", {"roles": ["editor"]})).status == 409
    assert (await browser("DELETE", f"{_ROOT}/users/{ada}")).status == 409
    assert (await browser("PATCH", f"{_ROOT}/users/{bo}", {"roles": ["owner"]})).status == 200
    assert (await browser("DELETE", f"{_ROOT}/users/{ada}")).status == 204
    assert (await browser("GET", f"{_ROOT}/broadcasts")).status == 403, "at once, and by this process too"


@pytest.mark.parametrize("body", [{"roles": []}, {"roles": ["king"]}, {"roles": "owner"}, {}])
async def test_roles_that_are_none_are_refused_by_name(
    body: dict[str, object], browser: Browser, add_user: Callable[..., int]
) -> None:
    ada = add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    refused = await browser("PATCH", f"{_ROOT}/users/{ada}", body)
    assert refused.status == 422
    assert "roles" in refused.error


async def test_a_reset_link_sets_a_password_and_ends_sessions(
    browser: Browser, add_user: Callable[..., int], app: ASGIApp, workspace: Workspace
) -> None:
    add_user("ada@example.com", Role.OWNER)
    bo = add_user("bo@example.com", Role.READER)
    theirs = Browser(app, workspace.workspace_id)
    await sign_in(theirs, "bo@example.com")
    old = theirs.cookie
    await sign_in(browser, "ada@example.com")
    link = (await browser("POST", f"{_ROOT}/users/{bo}/reset")).json["link"]
    claim = {"token": link.partition("#")[2], "password": "another one entirely"}
    assert (await theirs("POST", f"{_ROOT}/session/claim", claim)).status == 200
    theirs.cookie = old
    assert (await theirs("GET", f"{_ROOT}/broadcasts")).status == 401
    assert (await sign_in(theirs, "bo@example.com")).status == 401


async def test_an_owner_of_one_workspace_cannot_become_somebody_of_another(
    browser: Browser, add_user: Callable[..., int], store: Store
) -> None:
    other = store.write(lambda tx: access.create_workspace(tx, "Other", "id_email", access.random_keys()))
    add_user("ada@example.com", Role.OWNER)
    bo = add_user("bo@example.com", Role.READER)
    store.write(lambda tx: users.put_member(tx, other.workspace_id, bo, (Role.OWNER,)))
    await sign_in(browser, "ada@example.com")
    assert (await browser("POST", f"{_ROOT}/users/{bo}/reset")).status == 409


async def test_a_new_password_asks_for_the_old_one(
    browser: Browser, add_user: Callable[..., int], app: ASGIApp, workspace: Workspace
) -> None:
    add_user("ada@example.com", Role.OWNER)
    elsewhere = Browser(app, workspace.workspace_id)
    await sign_in(elsewhere, "ada@example.com")
    await sign_in(browser, "ada@example.com")
    assert len((await browser("GET", f"{_ROOT}/session/sessions")).json["sessions"]) == 2
    wrong = {"password": "another one entirely", "current_password": "guess"}
    assert (await browser("PATCH", f"{_ROOT}/session", wrong)).status == 422
    right = {"name": "Ada L.", "password": "another one entirely", "current_password": PASSWORD}
    changed = await browser("PATCH", f"{_ROOT}/session", right)
    assert (changed.status, changed.json["user"]["name"]) == (200, "Ada L.")
    assert (await browser("GET", f"{_ROOT}/broadcasts")).status == 200, "this session goes on"
    assert (await elsewhere("GET", f"{_ROOT}/broadcasts")).status == 401, "others end"


async def test_a_session_elsewhere_is_ended_by_its_name(
    browser: Browser, add_user: Callable[..., int], app: ASGIApp, workspace: Workspace
) -> None:
    add_user("ada@example.com", Role.OWNER)
    elsewhere = Browser(app, workspace.workspace_id)
    await sign_in(elsewhere, "ada@example.com")
    await sign_in(browser, "ada@example.com")
    found = (await browser("GET", f"{_ROOT}/session/sessions")).json["sessions"]
    (other,) = (one for one in found if not one["current"])
    assert (await browser("DELETE", f"{_ROOT}/session/sessions/{other['id']}")).status == 204
    assert (await elsewhere("GET", f"{_ROOT}/broadcasts")).status == 401
    assert (await browser("DELETE", f"{_ROOT}/session/sessions/{other['id']}")).status == 404


async def test_the_demo_is_entered_by_a_click_and_nothing_else_is(api: Api, store: Store, workspace: Workspace) -> None:
    def work(tx: Any) -> None:
        users.put_member(
            tx, workspace.workspace_id, users.create(tx, "demo@clarion.example", "Demo", "-"), (Role.OWNER,)
        )

    store.write(work)
    closed = Browser(application.build(api), workspace.workspace_id)
    assert (await closed("POST", f"{_ROOT}/session/demo")).status == 404
    demo = replace(api, options=replace(api.options, open_outbox=True))
    opened = Browser(application.build(demo), workspace.workspace_id)
    answer = await opened("POST", f"{_ROOT}/session/demo")
    assert (answer.status, answer.json["demo"]) == (200, True)
    assert (await opened("GET", f"{_ROOT}/users")).status == 200


async def test_an_owner_makes_a_workspace(browser: Browser, add_user: Callable[..., int]) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    made = await browser("POST", f"{_ROOT}/workspaces", {"name": "Shop"})
    assert made.status == 201
    assert len(made.json["workspace"]["app_key"]) == 40
    browser.workspace_id = made.json["workspace"]["id"]
    assert (await browser("GET", f"{_ROOT}/users")).json["users"][0]["roles"] == ["owner"]


async def test_changes_are_written_down_with_who_and_what(
    browser: Browser, add_user: Callable[..., int], app: ASGIApp, keys: access.Keys
) -> None:
    add_user("ada@example.com", Role.OWNER)
    await sign_in(browser, "ada@example.com")
    made = (await browser("POST", f"{_ROOT}/broadcasts", {"name": "Spring"})).json["broadcast"]["id"]
    await browser("PATCH", f"{_ROOT}/broadcasts/{made}", {"name": ""})  # refused: nothing happened
    with_key = Client(app, f"Bearer {keys.manage_key}")
    await with_key("PATCH", f"{_ROOT}/broadcasts/{made}", {"name": "Summer"})
    entries = (await browser("GET", f"{_ROOT}/audit")).json["entries"]
    assert [(one["who"], one["subject"]) for one in entries] == [
        ("Management", f"broadcast {made}"),
        ("ada@example.com", ""),
    ]
    theirs = (await browser("GET", f"{_ROOT}/audit?who=Management&limit=1")).json
    assert (len(theirs["entries"]), theirs["next"]) == (1, "")
    paged = (await browser("GET", f"{_ROOT}/audit?limit=1")).json
    rest = (await browser("GET", f"{_ROOT}/audit?limit=1&start={paged['next']}")).json
    assert rest["entries"][0]["who"] == "ada@example.com"
    sign_ins = (await browser("GET", f"{_ROOT}/audit?sign_ins=true")).json["entries"]
    assert sign_ins[0]["what"] == "Signed in"
