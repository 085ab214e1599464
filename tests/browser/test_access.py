# SPDX-License-Identifier: Apache-2.0
"""Who comes in, by which door, and what they see then."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from .conftest import Server, enter_demo
from .kit import check_accessible, check_fits, check_page


def test_the_first_owner_comes_in_by_the_link_and_invites_a_reader(fresh_server: Server, open_page: Any) -> None:
    page: Page = open_page(fresh_server.url)
    page.goto(fresh_server.facts["owner_link"].removeprefix(fresh_server.url))
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("must have at least 10 characters")).to_be_visible()
    check_accessible(page)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Join").click()
    page.get_by_role("link", name="Users").click()
    expect(page.get_by_role("heading", level=1, name="Users")).to_be_focused()
    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog", name="Invite somebody")
    dialog.get_by_label("E-mail").fill("bo@example.com")
    check_accessible(page)
    dialog.get_by_role("button", name="Make the link").click()
    made = page.get_by_role("dialog", name="The invitation")
    link = made.locator("pre").inner_text()
    made.get_by_role("button", name="Done").click()
    expect(page.get_by_role("button", name="Invite")).to_be_focused()
    expect(page.get_by_role("cell", name="bo@example.com")).to_be_visible()

    other: Page = open_page(fresh_server.url, theme="dark")
    other.goto(link.strip().removeprefix(fresh_server.url))
    expect(other.get_by_text("You are invited to the workspace default as reader.")).to_be_visible()
    expect(other.get_by_label("E-mail")).to_have_value("bo@example.com")
    other.get_by_label("Password").fill("another one entirely")
    other.get_by_role("button", name="Join").click()
    expect(other.get_by_role("navigation", name="Main")).to_be_visible()
    expect(other.get_by_role("link", name="Users")).to_have_count(0)
    other.goto("/users")
    expect(other.get_by_text("You may not open this page")).to_be_visible()
    check_accessible(other)
    disable_and_enable(page, other)


def disable_and_enable(owner: Page, other: Page) -> None:
    """The one is out at once, and in again when the owner says so."""
    owner.reload()
    row = owner.get_by_role("row", name=re.compile("bo@example.com"))
    row.get_by_role("button", name=re.compile("Actions for")).click()
    owner.get_by_role("menuitem", name="Disable the account").click()
    check_accessible(owner)
    owner.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("disabled")
    check_accessible(owner)
    other.goto("/sign-in")
    sign_in_as_bo(other)
    expect(other.get_by_text("this account is disabled")).to_be_visible()
    row.get_by_role("button", name=re.compile("Actions for")).click()
    owner.get_by_role("menuitem", name="Enable the account").click()
    expect(row).not_to_contain_text("disabled")
    sign_in_as_bo(other)
    expect(other.get_by_role("navigation", name="Main")).to_be_visible()
    owner.goto("/audit?of=sign-ins")
    expect(owner.get_by_role("cell", name="Account enabled")).to_be_visible()


def sign_in_as_bo(page: Page) -> None:
    page.get_by_label("E-mail").fill("bo@example.com")
    page.get_by_label("Password").fill("another one entirely")
    page.get_by_role("button", name="Sign in").click()


def test_settings_pages_are_accessible_and_fit_a_phone(page: Page, phone: Page) -> None:
    for path, heading in (
        ("/keys", "API keys"),
        ("/users", "Users"),
        ("/audit", "Audit log"),
        ("/workspace", "Workspace"),
        ("/profile", "Your account"),
    ):
        check_page(page, path, heading)
        phone.goto(path)
        expect(phone.get_by_role("heading", level=1, name=heading)).to_be_visible()
        check_fits(phone)


def test_a_key_is_shown_once(page: Page) -> None:
    page.goto("/keys")
    page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog", name="Make a key")
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_text("can not be blank")).to_be_visible()
    dialog.get_by_label("Name").fill("nightly job")
    dialog.get_by_role("button", name="Make the key").click()
    expect(page.get_by_text("only its hash is kept")).to_be_visible()
    page.get_by_role("button", name="I have it").click()
    expect(page.get_by_role("cell", name="nightly job", exact=True)).to_be_visible()
    page.get_by_role("button", name="Revoke nightly job").click()
    page.get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_role("row").filter(has_text="nightly job").get_by_text("revoked")).to_be_visible()


def test_the_secret_of_app_tokens_is_renewed(page: Page) -> None:
    page.goto("/keys")
    expect(page.get_by_text("The secret was never renewed.")).to_be_visible()
    page.get_by_role("button", name="Renew the secret").click()
    dialog = page.get_by_role("dialog", name="Renew the secret of app tokens?")
    dialog.get_by_label("They end").select_option("in a day")
    check_accessible(page)
    dialog.get_by_role("button", name="Renew the secret").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Tokens of before are good until")).to_be_visible()


def test_who_is_not_signed_in_is_led_back_after_signing_in(server: Server, open_page: Any) -> None:
    page: Page = open_page(server.url)
    page.goto("/keys")
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Enter the demo").click()
    expect(page.get_by_role("heading", level=1, name="API keys")).to_be_visible()


def test_a_session_that_ends_in_mid_work_is_renewed_over_the_page(server: Server, open_page: Any) -> None:
    page: Page = open_page(server.url)
    enter_demo(page, server.url)
    page.goto("/profile")
    page.get_by_label("Name").fill("Demo Person")
    page.context.clear_cookies()
    page.get_by_role("button", name="Save the name").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    check_accessible(page)
    dialog.get_by_role("button", name="Enter the demo").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Name")).to_have_value("Demo Person")
    page.get_by_label("Name").fill("Demo")  # as others know it
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_role("banner").get_by_text("Demo", exact=True)).to_be_visible()


def test_who_is_in_no_workspace_is_told_whom_to_ask(fresh_server: Server, open_page: Any) -> None:
    page: Page = open_page(fresh_server.url)
    page.route(
        "**/api/clarion/v1/session",
        lambda route: route.fulfill(
            json={
                "user": {"id": 1, "name": "Bo", "email": "bo@example.com"},
                "workspaces": [],
                "demo": False,
                "version": "1",
            }
        ),
    )
    page.goto("/broadcasts")
    expect(page.get_by_role("heading", level=1, name="No workspace")).to_be_visible()
    expect(page.get_by_text("bo@example.com")).to_be_visible()
    check_accessible(page)
