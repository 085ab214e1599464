# SPDX-License-Identifier: Apache-2.0
"""What every page is held to: no accessibility violation in either theme, no sideways scroll on a phone."""

import re
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Locator, Page, expect

Theme = Literal["light", "dark"]
WIDE, PHONE = 1280, 320
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RULES_OF_COLOURS = ["color-contrast", "link-in-text-block"]
# What passes is not described: of a long table that is a megabyte. Nor are all rows of one looked at, each for seconds:
# they are drawn by the same lines of code.
_VIOLATIONS = """async (rules) => {
  const { violations } = await axe.run(
    { exclude: [["tbody tr:nth-child(n+11)"]] },
    { runOnly: rules, iframes: false, resultTypes: ["violations"] },
  );
  return violations.map(({ id, help, nodes }) => `${id}: ${help} ${nodes.slice(0, 4).map((one) => one.target)}`);
}"""
_STANDS_OUT = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const out = [...document.querySelectorAll("body *")]
    .map((one) => [one.getBoundingClientRect().right, `${one.tagName}.${one.className}`])
    .filter(([right]) => scrollWidth > clientWidth && right > clientWidth);
  return [scrollWidth, clientWidth, out];
}"""


def check_accessible(page: Page) -> None:
    """axe finds nothing, in the light and in the dark theme. Messages in frames are not ours, and shut in.

    A theme is other colours and nothing else: all rules are asked in the light, those of colours in the dark.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    asked: tuple[tuple[Theme, list[str]], ...] = (("light", _RULES), ("dark", _RULES_OF_COLOURS))
    for theme, rules in asked:
        page.emulate_media(color_scheme=theme)
        found = page.evaluate(_VIOLATIONS, rules)
        assert not found, f"{page.url} ({theme})\n" + "\n".join(found)
    page.emulate_media(color_scheme="light")


def check_fits(page: Page) -> None:
    """Nothing stands out at the side."""
    width, room, out = page.evaluate(_STANDS_OUT)
    assert width <= room, f"{page.url} is {width} px wide in {room} px: {out}"


def check_page(page: Page, path: str, heading: str) -> None:
    """Open a path; its heading is there, and it is held to what every page is."""
    page.goto(path)
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    expect(page.get_by_role("status", name="Loading")).to_have_count(0)
    check_accessible(page)


def wait_until_saved(page: Page) -> None:
    """What was typed is on the server. (“Not saved yet” holds the same letters.)"""
    expect(page.get_by_text(re.compile(r"^Saved \d"))).to_be_visible()


def write(page: Page, editor: Locator, text: str) -> None:
    """Put a text in the place of an editor's; typed over coloured text, Chromium would try to set its style."""
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)
