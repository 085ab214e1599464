# SPDX-License-Identifier: Apache-2.0
"""Dialogs that no other test looks at: accessible in both themes, on a phone within its width, left by Esc."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server, enter_demo, serving
from .kit import PHONE, check_accessible, check_fits

_ROOT = "/api/clarion/v1"
_FAILING = {"subject": "Hello", "body": "{{ customer.nothing }}", "from": "Acme <news@example.com>"}
_MAIL = {"subject": "Hello", "body": "<p>{{ trigger.x }}</p>", "from": "Acme <news@example.com>", "name": "Greeting"}


@dataclass(frozen=True)
class Known:
    """What there is to ask about."""

    draft: int
    message: int
    trigger: int
    failed: int
    webhook: int
    person: str
    owner: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo of its own: what is made here is in the way of tests that begin with nothing."""
    yield from serving(tmp_path_factory.mktemp("dialogs"), "--demo")


@pytest.fixture(scope="module")
def known(server: Server) -> Known:
    def made(path: str, body: object, key: str = "manage_key") -> Any:
        return server.call("POST", path, key, body)

    made(f"{_ROOT}/layouts", {"name": "Asked about", "html": "{{ content }}"})
    made(f"{_ROOT}/subscription_topics", {"name": "Asked about"})
    made(f"{_ROOT}/sender_identities", {"name": "Asked about", "email": "asked@example.com"})
    hook = {
        "name": "Asked about",
        "endpoint": "https://hooks.example.com/x",
        "events": ["email_sent"],
        "disabled": True,
    }
    webhook = made("/v1/reporting_webhooks", hook, "app_key")["id"]
    draft = made(f"{_ROOT}/broadcasts", {"name": "Asked about", "actions": [_MAIL]})["broadcast"]
    sent = made(f"{_ROOT}/broadcasts", {"name": "Held back", "actions": [_MAIL]})["broadcast"]
    made(f"{_ROOT}/broadcasts/{sent['id']}/activate", {})
    body = {"ids": ["person-3"], "data": {"x": 1}, "scheduled_at": 4_000_000_000}
    trigger = made(f"/v1/campaigns/{sent['id']}/triggers", body, "app_key")["id"]
    whom = {"attribute": {"field": "email", "operator": "eq", "value": "person-9@example.com"}}
    lost = {"name": "Lost", "actions": [_FAILING], "recipients": whom}
    failing = made(f"{_ROOT}/broadcasts", lost)["broadcast"]
    made(f"{_ROOT}/broadcasts/{failing['id']}/activate", {})
    failed = made(f"/v1/campaigns/{failing['id']}/triggers", {}, "app_key")["id"]
    device = {"device": {"id": "token-of-a-device", "platform": "ios"}}
    server.call("PUT", "/api/v1/customers/person-9/devices", "track_key", device)
    made("/v1/esp/suppression/spam_reports/asked@example.com", {}, "app_key")
    person = server.call("GET", f"{_ROOT}/people?search=person-9@&limit=1")["people"][0]["cio_id"]
    language = f"{_ROOT}/broadcasts/{draft['id']}/actions/{draft['actions'][0]['id']}/languages/de"
    server.call("PUT", language, body={"subject": "Hallo"})
    link = made(f"{_ROOT}/invitations", {"email": "bo@example.com", "roles": ["reader"]})["link"]
    token = link.partition("#")[2]
    made(f"{_ROOT}/session/claim", {"token": token, "name": "Bo", "password": "a long password"})
    users = server.call("GET", f"{_ROOT}/users")["users"]
    owner = next(one["name"] for one in users if one["name"] != "Bo")  # another test may have given a name
    return Known(draft["id"], draft["actions"][0]["id"], trigger, failed, webhook, person, owner)


_AGAIN = "Send again to these: the message could not be rendered"
# Which would be over before somebody could look at it.
_IMPORT = {
    "id": 987,
    "name": "people.csv",
    "type": "people",
    "identifier": "id",
    "state": "importing",
    "rows_to_import": 1_000_000,
    "rows_imported": 5_000,
    "error": "",
    "data_to_process": "all",
    "created_at": 1_796_000_000,
    "updated_at": 1_796_000_010,
    "clarion": {"rows_wrong": 0, "segment_id": None, "rows_joined": 0, "cancelled": False},
}

# Where it is opened, by pressing what, and what it is called.
_DIALOGS = [
    ("/broadcasts", ["Search"], "Go to"),
    ("/broadcasts", ["Actions for Held back", "Stop"], "Stop Held back?"),
    ("/broadcasts/{draft}/workflow", ["Actions for Greeting", "Remove"], "Remove Greeting?"),
    ("/broadcasts/{draft}/review", ["Activate"], "Activate Asked about?"),
    ("/broadcasts/{draft}/actions/{message}", ["Add a language"], "Add a language"),
    ("/broadcasts/{draft}/actions/{message}?language=de", ["Remove de"], "Remove de"),
    ("/triggers/{trigger}", ["Pause"], "Pause this trigger?"),
    ("/triggers/{trigger}", ["Stop"], "Stop this trigger for good?"),
    ("/triggers/{trigger}", ["More", "Apply the present content"], "Apply the present content?"),
    ("/triggers/{failed}", ["More", "Send to who joined since"], "Send to who joined since?"),
    ("/triggers/{failed}", [_AGAIN], "Send again to these?"),
    ("/imports/987", ["Cancel the import"], "Cancel this import?"),
    ("/suppression?kind=spam_reports", ["Allow again asked@example.com"], "Let asked@example.com have mail again?"),
    ("/people/{person}?tab=devices", ["Take away ios token-of-a-device"], "Take this device away?"),
    ("/people/{person}", ["Add an attribute"], "A new attribute"),
    ("/people/{person}", ["Change city"], "Attribute city"),
    ("/people/{person}", ["Actions for this person", "Suppress"], "Suppress this person?"),
    ("/people/{person}", ["Actions for this person", "Delete"], "Delete this person?"),
    ("/people/{person}", ["Actions for this person", "Erase everywhere"], "Erase this person everywhere?"),
    ("/segments", ["Make a manual segment"], "Make a manual segment"),
    ("/segments/1", ["Put people in or out"], "Put people in or take them out"),
    ("/segments/1", ["Rename"], "Rename Premium"),
    ("/segments/1", ["Delete"], "Delete Premium?"),
    ("/layouts", ["Actions for Asked about", "Delete"], "Delete Asked about?"),
    ("/senders", ["Actions for Asked about <asked@example.com>", "Edit"], "Change an identity"),
    ("/senders", ["Actions for Asked about <asked@example.com>", "Remove"], "Remove Asked about <asked@example.com>?"),
    (
        "/senders",
        ["Actions for Asked about <asked@example.com>", "Send a test"],
        "Send a test from Asked about <asked@example.com>",
    ),
    ("/senders", ["Actions for Asked about <asked@example.com>", "What its domain needs"], "What example.com needs"),
    ("/providers", ["Limit a domain"], "Limit a domain"),
    ("/topics", ["Make a topic"], "A new topic"),
    ("/topics", ["Actions for Asked about", "Remove"], "Remove Asked about?"),
    ("/webhooks/{webhook}", ["Change"], "Change Asked about"),
    ("/webhooks/{webhook}", ["New secret"], "Make a new signing secret?"),
    ("/webhooks/{webhook}", ["Remove"], "Remove Asked about?"),
    ("/keys", ["Make a key"], "Make a key"),
    ("/keys", ["Revoke Track API"], "Revoke Track API?"),
    ("/users", ["Actions for Bo", "Disable the account"], "Disable the account of Bo?"),
    ("/users", ["Actions for Bo", "Remove from the workspace"], "Remove Bo?"),
    ("/users", ["Actions for {owner}", "Change roles"], "Roles of {owner}"),
    ("/users", ["Actions for {owner}", "Link for a new password"], "A new password"),
]


_FAMILIES = {family: list(some) for family, some in groupby(_DIALOGS, lambda one: one[0].split("/")[1])}


@pytest.mark.parametrize("family", _FAMILIES)
def test_a_dialog_is_accessible_fits_a_phone_and_is_left_by_esc(
    server: Server, known: Known, open_page: Any, family: str
) -> None:
    page: Page = open_page(server.url, width=PHONE)
    enter_demo(page, server.url)
    page.route("**/v1/imports/987", lambda route: route.fulfill(json={"import": _IMPORT}))
    for path, pressed, name in _FAMILIES[family]:
        page.goto(path.format(**vars(known)))
        button, *items = (one.format(**vars(known)) for one in pressed)
        page.get_by_role("button", name=button, exact=True).first.click()
        for item in items:
            page.get_by_role("menuitem", name=item, exact=True).click()
        dialog = page.get_by_role("dialog", name=name.format(**vars(known)), exact=True)
        expect(dialog).to_be_visible()
        check_fits(page)
        check_accessible(page)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page.locator(":focus"), f"{name}: the focus goes back").to_have_role("button")


def test_what_is_shown_once_is_accessible_and_fits_a_phone(server: Server, open_page: Any) -> None:
    page: Page = open_page(server.url, width=PHONE)
    enter_demo(page, server.url)
    page.goto("/keys")
    page.get_by_role("button", name="Make a key", exact=True).first.click()
    dialog = page.get_by_role("dialog", name="Make a key")
    dialog.get_by_label("Name").fill("Shown once")
    dialog.get_by_role("button", name="Make").last.click()
    expect(page.get_by_role("dialog", name="The new key")).to_be_visible()
    check_fits(page)
    check_accessible(page)
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_role("button", name="Make a key", exact=True)).to_be_focused()
    page.goto("/workspace")
    page.get_by_label("Name of the new workspace").fill("Shown once")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("dialog", name="The new workspace's keys")).to_be_visible()
    check_fits(page)
    check_accessible(page)


def test_the_focus_goes_back_through_a_dialog_that_opened_another(server: Server, known: Known, page: Page) -> None:
    hook = known.webhook
    enter_demo(page, server.url)
    page.goto(f"{server.url}/webhooks/{hook}")
    for leave in ("Escape", "Enter"):
        new = page.get_by_role("button", name="New secret")
        new.click()
        page.get_by_role("button", name="Make it").click()
        shown = page.get_by_role("dialog", name="The signing secret")
        expect(shown).to_be_visible()
        shown.get_by_role("button", name="I have it").focus()
        page.keyboard.press(leave)
        expect(shown).to_have_count(0)
        expect(new, leave).to_be_focused()
