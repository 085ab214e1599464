# SPDX-License-Identifier: Apache-2.0
"""The focus is where the next key belongs as soon as something is drawn, not a frame later; no key is lost."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

# Clicks, lets the page draw (in microtasks), and looks before the browser could have painted a frame.
_FOCUS_AT_ONCE = """async (one) => {
  one.click();
  for (let turn = 0; turn < 20; turn += 1) await null;
  const here = document.activeElement;
  return here.getAttribute("role") ?? here.tagName.toLowerCase();
}"""
# The same for a page that is loaded first: looks in the moment in which its heading is there.
_FOCUS_WITH_HEADING = """async (link) => {
  await new Promise((resolve) => {
    new MutationObserver(() => document.querySelector("h1")?.textContent === link.textContent.trim() && resolve())
      .observe(document.body, { childList: true, subtree: true, characterData: true });
    link.click();
  });
  return document.activeElement.tagName.toLowerCase();
}"""


@pytest.fixture
def broadcasts(page: Page) -> Page:
    """The list of them, shown."""
    page.goto("/broadcasts")
    expect(page.get_by_role("button", name="Create broadcast")).to_be_visible()
    return page


def at_once(target: Locator) -> str:
    role: str = target.evaluate(_FOCUS_AT_ONCE)
    return role


def test_a_menu_has_the_focus_as_soon_as_it_is_open_and_its_keys_work_from_the_button_too(broadcasts: Page) -> None:
    button = broadcasts.get_by_role("button", name="You and this page")
    items = broadcasts.get_by_role("menuitem")
    assert at_once(button) == "menuitem"
    expect(items.first).to_be_focused()
    for key, at in [("End", -1), ("ArrowDown", 0), ("ArrowUp", -1), ("Home", 0), ("ArrowDown", 1)]:
        broadcasts.keyboard.press(key)
        expect(items.nth(at), key).to_be_focused()
    broadcasts.keyboard.press("Escape")
    expect(items).to_have_count(0)
    expect(button).to_be_focused()
    broadcasts.keyboard.press("ArrowUp")
    expect(items.last, "up opens it at its end").to_be_focused()
    button.focus()
    broadcasts.keyboard.press("ArrowDown")
    expect(items.first).to_be_focused()
    button.focus()
    broadcasts.keyboard.press("Escape")
    expect(items).to_have_count(0)
    expect(button).to_be_focused()


def test_a_dialog_takes_what_is_typed_as_soon_as_it_is_open(broadcasts: Page) -> None:
    create = broadcasts.get_by_role("button", name="Create broadcast")
    create.focus()
    assert at_once(create) == "input"
    broadcasts.keyboard.insert_text("Summer")
    expect(broadcasts.get_by_role("dialog").get_by_label("Name")).to_have_value("Summer")
    broadcasts.keyboard.press("Escape")
    expect(create, "and gives the focus back").to_be_focused()


def test_a_new_condition_takes_what_is_typed_as_soon_as_it_is_there(page: Page) -> None:
    page.goto("/people")
    page.get_by_role("button", name="Filter", exact=True).click()
    assert at_once(page.get_by_role("button", name="Add a condition")) == "input"
    expect(page.get_by_label("Attribute", exact=True)).to_be_focused()


def test_a_page_s_heading_has_the_focus_as_soon_as_it_is_there(broadcasts: Page) -> None:
    link = broadcasts.get_by_role("navigation", name="Main").get_by_role("link", name="Segments")
    assert link.evaluate(_FOCUS_WITH_HEADING) == "h1"


def test_keys_pressed_before_the_list_has_come_count_once_it_is_there(broadcasts: Page) -> None:
    broadcasts.keyboard.press("Control+k")
    expect(broadcasts.get_by_role("combobox", name="Page, broadcast, segment or person")).to_be_focused()
    broadcasts.keyboard.insert_text("snippets")
    broadcasts.keyboard.press("ArrowDown")
    broadcasts.keyboard.press("Enter")
    expect(broadcasts.get_by_role("heading", level=1, name="Snippets")).to_be_visible()


def test_a_blank_at_the_end_of_a_search_stays(page: Page) -> None:
    page.goto("/people")
    search = page.get_by_role("searchbox").first
    search.focus()
    page.keyboard.insert_text("person ")
    expect(page).to_have_url(re.compile("search=person$"))
    page.keyboard.insert_text("12")
    expect(page).to_have_url(re.compile(r"search=person(\+|%20)12$"))
    expect(search).to_have_value("person 12")
