# SPDX-License-Identifier: Apache-2.0
"""Two people in one broadcast at once: what only one changed is put together, what both changed is asked."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from .conftest import Server, enter_demo
from .hands import Mouse
from .kit import check_accessible, check_fits, wait_until_saved
from .test_broadcasts import make

_ONE = "/api/clarion/v1/broadcasts/{}"


def two(server: Server, open_page: Any) -> tuple[Page, Page]:
    first: Page = open_page(server.url)
    second: Page = open_page(server.url)
    for page in (first, second):
        enter_demo(page, server.url)
    return first, second


def test_what_both_changed_stands_side_by_side_until_it_is_chosen(server: Server, open_page: Any) -> None:
    number = make(server, "Shared")
    first, second = two(server, open_page)
    for page in (first, second):
        page.goto(f"/broadcasts/{number}/goal")
        expect(page.get_by_label("No goal")).to_be_checked()
    second.get_by_label("A goal").check()
    second.get_by_label("Event").fill("theirs")
    second.get_by_label("When they reach the goal").check()
    expect(second.get_by_text("somebody performs theirs")).to_be_visible()
    wait_until_saved(second)
    first.get_by_label("A goal").check()
    first.get_by_label("Event").fill("mine")
    goal = first.get_by_role("region", name="Goal", exact=True)
    expect(goal).to_contain_text("somebody performs theirs within 7 days")
    expect(goal).to_contain_text("somebody performs mine within 7 days")
    expect(first.get_by_text("Also changed by them, and taken over: exit.")).to_be_visible()
    check_accessible(first)
    first.set_viewport_size({"width": 320, "height": 900})
    check_fits(first)
    first.set_viewport_size({"width": 1280, "height": 900})
    first.get_by_label("Event").fill("mine too")
    expect(goal).to_contain_text("somebody performs mine too")
    goal.get_by_label("Theirs").check()
    first.get_by_role("button", name="Save what is chosen").click()
    expect(first.get_by_label("Event")).to_have_value("theirs")
    expect(first.get_by_label("When they reach the goal")).to_be_checked()
    first.get_by_role("button", name="Undo").click()
    expect(first.get_by_label("Event")).to_have_value("mine too")
    expect(first.get_by_label("When they reach the goal"), "undo leaves what only they did").to_be_checked()
    wait_until_saved(first)
    stored = server.call("GET", _ONE.format(number))["broadcast"]
    assert (stored["goal"]["event"], stored["exit_when"]) == ("mine too", "goal")


def test_two_in_one_message_keep_what_each_of_them_wrote(server: Server, open_page: Any) -> None:
    number = make(server, "Shared message")
    path = _ONE.format(number)
    (mail,) = server.call("GET", path)["broadcast"]["actions"]
    first, second = two(server, open_page)
    for page in (first, second):
        page.goto(f"/broadcasts/{number}/actions/{mail['id']}")
        expect(page.get_by_role("textbox", name="Subject")).to_be_visible()
    Mouse(second).write(second.get_by_role("textbox", name="Preheader"), "their preheader")
    wait_until_saved(second)
    Mouse(first).write(first.get_by_role("textbox", name="Subject"), "my subject")
    expect(first.get_by_text("Somebody else changed this meanwhile: preheader.")).to_be_visible()
    wait_until_saved(first)
    stored = server.call("GET", path)["broadcast"]["actions"][0]
    assert (stored["subject"], stored["preheader"]) == ("my subject", "their preheader")

    Mouse(second).write(second.get_by_role("textbox", name="Subject"), "their subject")
    clash = second.get_by_role("region", name="Subject")
    expect(clash).to_contain_text("− my subject")
    expect(clash).to_contain_text("+ their subject")
    expect(clash.get_by_label("Mine")).to_be_checked()
    check_accessible(second)
    second.reload()
    expect(clash, "the local copy remembers both").to_contain_text("+ their subject")
    second.get_by_role("button", name="Save what is chosen").click()
    wait_until_saved(second)
    assert server.call("GET", path)["broadcast"]["actions"][0]["subject"] == "their subject"
    versions = server.call("GET", f"{path}/versions")["versions"]
    assert versions[0]["current"]


def test_settings_that_both_changed_are_asked_in_their_dialog(server: Server, page: Page) -> None:
    number = make(server, "Shared settings")
    page.goto(f"/broadcasts/{number}?settings=1")
    dialog = page.get_by_role("dialog", name="Settings of this broadcast")
    dialog.get_by_label("Name").fill("My name")
    dialog.get_by_label("Tags").fill("mine")
    server.call("PATCH", _ONE.format(number), body={"name": "Their name", "language_attribute": "tongue"})
    dialog.get_by_role("button", name="Save").click()
    clash = dialog.get_by_role("region", name="Name")
    expect(clash).to_contain_text("Their name")
    expect(dialog.get_by_text("Management has changed it meanwhile: choose above")).to_be_visible()
    check_accessible(page)
    clash.get_by_label(re.compile("^Theirs")).check()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    stored = server.call("GET", _ONE.format(number))["broadcast"]
    assert (stored["name"], stored["tags"], stored["language_attribute"]) == ("Their name", ["mine"], "tongue")


def test_a_broadcast_is_copied_to_another_workspace_and_what_is_missing_there_is_told(
    server: Server, page: Page
) -> None:
    make(server, "Travels")
    page.goto("/workspace")
    page.get_by_label("Name of the new workspace").fill("Elsewhere")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("dialog", name="The new workspace's keys")).to_be_visible()
    page.goto("/broadcasts?search=travels")
    page.get_by_role("button", name="Actions for Travels").click()
    page.get_by_role("menuitem", name="Copy to another workspace").click()
    dialog = page.get_by_role("dialog", name="Copy to another workspace")
    expect(dialog.get_by_label("Workspace")).to_contain_text("Elsewhere")
    check_accessible(page)
    dialog.get_by_role("button", name="Copy").click()
    told = page.get_by_role("dialog", name="Copied, with something missing")
    expect(told).to_contain_text("there is no segment 'Kyoto' there")
    check_accessible(page)
    told.get_by_role("button", name="Close").last.click()
    expect(told).to_have_count(0)
    page.get_by_role("button", name="Actions for Travels").click()
    page.get_by_role("menuitem", name="Copy to another workspace").click()
    dialog.get_by_label("Recipients, goal and settings, too").uncheck()
    dialog.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("[COPY] Travels is a draft in Elsewhere")).to_be_visible()
    page.get_by_role("link", name="Travels", exact=True).click()
    page.get_by_role("link", name="Workflow").click()
    page.get_by_role("button", name="Actions for Greeting").click()
    page.get_by_role("menuitem", name="Copy to another workspace").click()
    expect(dialog).to_contain_text("Greeting becomes a draft there, as its only message")
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog).to_have_count(0)
