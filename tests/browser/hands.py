# SPDX-License-Identifier: Apache-2.0
"""Two ways to use the page: by mouse, and by nothing but the keyboard. Both find things by what they are called."""

from typing import Protocol

from playwright.sync_api import Locator, Page, expect

_MOST_TABS = 300
_WHERE = """one => {
  const here = document.activeElement;
  if (one === here) return "here";
  if (here === document.body) return "after";
  const before = one.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_FOLLOWING;
  return (before ? "before" : "after") + (here.closest(".cm-editor") ? ", out of an editor" : "");
}"""


class Hands(Protocol):
    """What somebody does with a page."""

    def press(self, target: Locator) -> None:
        """A button or a link."""

    def write(self, target: Locator, text: str) -> None:
        """A text in place of what a field holds."""

    def choose(self, target: Locator, option: str) -> None:
        """One of a list, by its words."""

    def pick(self, menu: Locator, item: str) -> None:
        """An entry of a menu."""

    def turn_to(self, tab: Locator) -> None:
        """One of the tabs of a page."""


class Mouse:
    """Points and clicks; only texts are typed."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def press(self, target: Locator) -> None:
        """Click."""
        target.click()

    def write(self, target: Locator, text: str) -> None:
        """Click into it, and paste over what is there."""
        target.click()
        self._page.keyboard.press("Control+a")
        self._page.keyboard.press("Backspace")
        self._page.keyboard.insert_text(text)

    def choose(self, target: Locator, option: str) -> None:
        """Choose; headless browsers draw no list to click into."""
        target.select_option(label=option)

    def pick(self, menu: Locator, item: str) -> None:
        """Open and click."""
        menu.click()
        self._page.get_by_role("menuitem", name=item, exact=True).click()

    def turn_to(self, tab: Locator) -> None:
        """Click."""
        tab.click()


class Keyboard:
    """Tab, Enter, arrows and letters: what cannot be reached so fails the test."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def _reach(self, target: Locator) -> None:
        expect(target).to_be_visible()
        for _ in range(_MOST_TABS):
            where = target.evaluate(_WHERE)
            if where == "here":
                return
            if "editor" in where:
                self._page.keyboard.press("Escape")  # Tab would be the editor's own
            self._page.keyboard.press("Tab" if where.startswith("after") else "Shift+Tab")
        raise AssertionError(f"{target} cannot be reached with the Tab key")

    def press(self, target: Locator) -> None:
        """Go there, then Enter."""
        self._reach(target)
        self._page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        """Go there, and write over what is there."""
        self._reach(target)
        self._page.keyboard.press("Control+a")
        self._page.keyboard.press("Backspace")
        self._page.keyboard.insert_text(text)

    def choose(self, target: Locator, option: str) -> None:
        """Go there, and down or up to it."""
        self._reach(target)
        words = [one.strip() for one in target.locator("option").all_inner_texts()]
        steps = words.index(option) - int(target.evaluate("one => one.selectedIndex"))
        for _ in range(abs(steps)):
            self._page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")

    def pick(self, menu: Locator, item: str) -> None:
        """Open it, down to the entry, Enter."""
        self.press(menu)
        entry = self._page.get_by_role("menuitem", name=item, exact=True)
        expect(entry).to_be_visible()
        for _ in range(_MOST_TABS):
            if entry.evaluate(_WHERE) == "here":
                break
            self._page.keyboard.press("ArrowDown")
        self._page.keyboard.press("Enter")

    def turn_to(self, tab: Locator) -> None:
        """Go to the one that is chosen, then along the others."""
        expect(tab).to_be_visible()
        self._reach(tab.locator("xpath=..").get_by_role("tab", selected=True))
        for _ in range(_MOST_TABS):
            if tab.get_attribute("aria-selected") == "true":
                return
            self._page.keyboard.press("ArrowRight")
        raise AssertionError(f"{tab} cannot be reached with the arrow keys")
