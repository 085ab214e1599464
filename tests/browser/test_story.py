# SPDX-License-Identifier: Apache-2.0
"""The whole story in a fresh installation: from the first owner to a message that arrived, and its copy.

By mouse and by keyboard alone, on a wide screen and on a phone, in the light theme and in the dark one: all eight.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import Server
from .hands import Hands, Keyboard, Mouse
from .kit import PHONE, WIDE, Theme, check_fits, wait_until_saved

_PEOPLE = ["e-mail,id,first_name,plan"] + [
    f"person-{number}@example.com,{number},Person {number},{'plus' if number % 2 else 'free'}"
    for number in range(1, 41)
]
_WRONG = "nobody,41,Nobody,plus"


@dataclass(frozen=True)
class Way:
    """How the page is used."""

    hands: Callable[[Page], Hands]
    width: int
    theme: Theme


class Story:
    """One person at work."""

    def __init__(self, page: Page, hands: Hands, server: Server, folder: Path) -> None:
        self.page = page
        self.hands = hands
        self.server = server
        self.folder = folder

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    def field(self, name: str) -> Locator:
        return self.page.get_by_role("textbox", name=name, exact=True)

    def at(self, heading: str | re.Pattern[str]) -> None:
        """This page is shown, and fits the screen."""
        expect(self.page.get_by_role("heading", level=1, name=heading)).to_be_visible()
        expect(self.page.get_by_role("status", name="Loading")).to_have_count(0)
        check_fits(self.page)

    def go(self, name: str) -> None:
        """By the navigation, which on a phone lies behind a button."""
        menu = self.page.get_by_role("button", name="Menu", exact=True)
        if menu.is_visible():
            self.hands.press(menu)
        self.hands.press(self.page.get_by_role("navigation", name="Main").get_by_role("link", name=name))

    # -- chapters

    def sign_in(self) -> None:
        self.page.goto(self.server.facts["owner_link"].removeprefix(self.server.url))
        self.hands.write(self.field("E-mail"), "ada@example.com")
        self.hands.write(self.field("Name"), "Ada")
        self.hands.write(self.page.get_by_label("Password"), "correct horse battery")
        self.hands.press(self.button("Join"))
        self.at("Broadcasts")

    def import_people(self) -> None:
        file = self.folder / "people.csv"
        file.write_text("\n".join([*_PEOPLE, _WRONG]))
        self.go("Imports")
        self.at("Imports")
        self.hands.press(self.link("Import a CSV file"))
        self.page.get_by_label("CSV file").set_input_files(file)  # the system's own dialog is not the page's
        expect(self.field("Attribute for e-mail")).to_have_value("email")
        self.hands.press(self.button("Try it without importing"))
        expect(self.page.get_by_text("40 are new people")).to_be_visible()
        self.at("Import a CSV file")
        self.hands.press(self.button("Import 40 rows"))
        expect(self.page.get_by_text("40 rows are in.")).to_be_visible(timeout=30_000)
        expect(self.page.get_by_role("cell", name="email: is not an e-mail address")).to_be_visible()
        self.at("people.csv")

    def build_the_filter(self) -> None:
        self.go("Broadcasts")
        self.hands.press(self.button("Create broadcast"))
        self.hands.write(self.page.get_by_role("dialog").get_by_label("Name"), "Spring")
        self.page.keyboard.press("Enter")
        self.at("Spring")
        self.hands.press(self.button("Add a condition"))
        self.hands.write(self.page.get_by_role("combobox", name="Attribute", exact=True), "plan")
        self.hands.write(self.page.get_by_role("combobox", name="Value", exact=True), "plus")
        expect(self.page.get_by_text("20 people")).to_be_visible()
        wait_until_saved(self.page)
        self.at("Spring")

    def compose(self) -> None:
        self.hands.press(self.link("Workflow"))
        self.hands.press(self.button("+ E-mail"))
        expect(self.page.locator(".cm-editor").first).to_be_visible()
        self.hands.write(self.field("Subject"), "{{ trigger.headline }}, {{ customer.first_name }}")
        self.hands.write(self.field("From"), "Spring <spring@example.com>")
        self.hands.write(self.field("Body"), "<h1>{{ trigger.headline }}</h1>\n<p>Dear {{ customer.name }},</p>")
        wrong = self.page.get_by_role("region", name="What needs fixing")
        preview = self.page.get_by_role("button", name="Preview", exact=True)
        if preview.is_visible():
            self.hands.press(preview)
        expect(wrong).to_contain_text("customer.name")
        self.hands.press(wrong.get_by_role("button", name=re.compile("line 2")))
        expect(self.field("Body")).to_be_focused()
        mended = "<h1>{{ trigger.headline }}</h1>\n<p>Dear {{ customer.first_name }},</p>{% unsubscribe %}"
        self.hands.write(self.field("Body"), mended)
        if preview.is_visible():
            self.hands.press(preview)
        expect(wrong).to_have_count(0)
        wait_until_saved(self.page)
        check_fits(self.page)

    def look_as_somebody(self) -> None:
        whom = self.page.get_by_role("combobox", name="Shown as")
        self.hands.write(whom, "person-7@")
        expect(self.page.get_by_role("option", name="person-7@example.com")).to_be_visible()
        self.page.keyboard.press("ArrowDown")
        self.page.keyboard.press("Enter")
        frame = self.page.frame_locator('iframe[data-front="true"]')
        expect(frame.get_by_text("Dear Person 7,")).to_be_visible()

    def activate(self) -> None:
        self.hands.press(self.link("Spring"))
        self.hands.press(self.link("Review"))
        self.at("Spring")
        self.hands.press(self.button("Activate"))
        self.hands.press(self.page.get_by_role("dialog").get_by_role("button", name="Activate"))
        expect(self.page.get_by_text(re.compile(r"/v1/campaigns/\d+/triggers")).first).to_be_visible()
        self.at("Spring")

    def trigger(self) -> None:
        self.hands.press(self.button("Trigger by hand"))
        dialog = self.page.get_by_role("dialog", name="Trigger Spring")
        self.hands.write(dialog.get_by_role("textbox", name="Data (JSON)"), '{"headline": "Flowers"}')
        send = dialog.get_by_role("button", name="Send to 20 people")
        expect(send).to_be_enabled()
        check_fits(self.page)
        self.hands.press(send)
        self.at(re.compile(r"Trigger \d+"))
        expect(self.page.get_by_text("100 %")).to_be_visible(timeout=60_000)
        expect(self.page.get_by_text("done", exact=True)).to_be_visible()

    def follow_one(self) -> None:
        self.go("People")
        self.at("People")
        self.hands.write(self.page.get_by_role("searchbox").first, "person-7@example.com")
        expect(self.page.get_by_role("link", name=re.compile("^person-"))).to_have_count(1)
        self.hands.press(self.link("person-7@example.com"))
        self.at("person-7@example.com")
        self.hands.turn_to(self.page.get_by_role("tab", name="Messages"))
        self.hands.press(self.page.get_by_role("tabpanel").get_by_role("link").first)
        expect(self.page.get_by_role("heading", name="Timeline")).to_be_visible()
        expect(self.page.get_by_role("listitem").filter(has_text="In the audience")).to_be_visible()
        message = self.page.frame_locator('iframe[title^="Message to"]')
        expect(message.get_by_text("Dear Person 7,")).to_be_visible()
        self.at("person-7@example.com")

    def duplicate(self) -> None:
        self.go("Broadcasts")
        self.at("Broadcasts")
        self.hands.pick(self.button("Actions for Spring"), "Duplicate")
        expect(self.link("[COPY] Spring")).to_be_visible()
        copy = self.page.get_by_role("row").filter(has_text="[COPY] Spring")
        expect(copy.get_by_text("draft")).to_be_visible()
        self.at("Broadcasts")


_WAYS = {
    f"{hands.__name__.lower()}-{width}-{theme}": Way(hands, width, theme)
    for hands in (Mouse, Keyboard)
    for width in (WIDE, PHONE)
    for theme in get_args(Theme)
}


@pytest.mark.parametrize("way", _WAYS.values(), ids=_WAYS)
def test_from_the_first_owner_to_the_copy(way: Way, fresh_server: Server, open_page: Any, tmp_path: Path) -> None:
    page: Page = open_page(fresh_server.url, width=way.width, theme=way.theme)
    story = Story(page, way.hands(page), fresh_server, tmp_path)
    story.sign_in()
    story.import_people()
    story.build_the_filter()
    story.compose()
    story.look_as_somebody()
    story.activate()
    story.trigger()
    story.follow_one()
    story.duplicate()
