# SPDX-License-Identifier: Apache-2.0
"""A filter is built, turned round, moved and taken apart by nothing but the keyboard."""

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from .conftest import Server
from .hands import Keyboard
from .kit import check_accessible


def filter_of(page: Page) -> Any:
    (text,) = parse_qs(urlsplit(page.url).query)["filter"]
    return json.loads(text)


def test_a_filter_is_built_by_keyboard(server: Server, page: Page) -> None:
    page.goto("/people")
    hands = Keyboard(page)

    def field(name: str, at: int = 0) -> Locator:
        return page.get_by_label(name, exact=True).nth(at)

    def menu(at: int) -> Locator:
        return page.get_by_role("button", name="Actions for this condition").nth(at)

    hands.press(page.get_by_role("button", name="Filter", exact=True))
    hands.press(page.get_by_role("button", name="Add a condition"))
    expect(field("Attribute"), "one types at once").to_be_focused()
    page.keyboard.insert_text("city")
    hands.write(field("Value"), "Oslo")
    expect(page.get_by_text("1,428 people")).to_be_visible()

    hands.press(page.get_by_role("button", name="+ Condition"))
    expect(field("Attribute", 1)).to_be_focused()
    page.keyboard.insert_text("vip")
    hands.choose(field("Type of the value", 1), "true/false")
    hands.choose(field("Value", 1), "false")
    hands.choose(field("Operator", 1), "is not")
    hands.press(page.get_by_role("button", name="+ Group"))
    expect(field("Attribute", 2)).to_be_focused()
    hands.choose(field("Kind of condition", 2), "Segment")
    hands.choose(page.get_by_label("Segment", exact=True), "Premium")
    said = page.get_by_role("region", name="Whom it reaches").locator("p").first
    expect(said).to_have_text("Reaches city is “Oslo” and vip is not false and in Premium")
    check_accessible(page)

    hands.pick(menu(0), "Move down")
    expect(menu(1), "the focus goes along").to_be_focused()
    expect(field("Attribute", 1)).to_have_value("city")
    hands.pick(menu(0), "Turn round (not)")
    expect(said).to_have_text("Reaches not vip is not false and city is “Oslo” and in Premium")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(page.locator(":focus"), "Esc leads back to the button").to_have_attribute("aria-haspopup", "menu")
    expect(page).to_have_url(re.compile("filter="))
    vip = {"attribute": {"field": "vip", "operator": "eq", "value": False, "inverse": True}}
    city = {"attribute": {"field": "city", "operator": "eq", "value": "Oslo"}}
    assert filter_of(page) == {"and": [{"not": vip}, city, {"or": [{"segment": {"id": 1}}]}]}

    # The last condition of the group goes, and the group with it: one goes on at what is before it.
    hands.pick(menu(3), "Remove")
    expect(page.get_by_label("Segment", exact=True)).to_have_count(0)
    expect(page.locator(":focus")).to_have_attribute("aria-haspopup", "menu")
    hands.pick(page.locator(":focus"), "Remove")
    expect(said).to_have_text("Reaches not vip is not false")
    hands.press(page.get_by_role("button", name="Everybody instead"))
    expect(page.get_by_role("button", name="Add a condition")).to_be_focused()
    expect(page.get_by_text("10,000 people")).to_be_visible()
