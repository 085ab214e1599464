# SPDX-License-Identifier: Apache-2.0
"""A layout is written, seen with a message in it, stored, used and kept while it is used; what sends is shown."""

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits, write


def test_a_layout_is_made_seen_and_kept_while_it_is_used(server: Server, page: Page, phone: Page) -> None:
    page.goto("/layouts")
    page.get_by_role("link", name="Make a layout").first.click()
    page.get_by_label("Name").fill("Letterhead")
    html = page.get_by_role("textbox", name="HTML")
    shown = page.frame_locator("iframe[data-front=true]")
    expect(shown.get_by_role("heading", name="A headline")).to_be_visible()
    write(page, html, "<h3>Acme</h3>")
    expect(page.get_by_text("There is no {{ content }}")).to_be_visible()
    write(page, html, "<h3>Acme {{ customer.gone }}</h3>{{ content }}<p>{{ 1 | nothing }}</p>")
    expect(page.get_by_text("Unknown filter 'nothing'")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").get_by_text("Unknown filter 'nothing'")).to_be_visible()
    write(page, html, "<h3>Acme, Oslo</h3>{{ content }}<p>{% unsubscribe %}</p>")
    expect(shown.get_by_role("heading", name="Acme, Oslo")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1, name="Letterhead")).to_be_visible()

    number = page.url.rpartition("/")[2]
    broadcast = server.call("POST", "/api/clarion/v1/broadcasts", body={"name": "Framed", "actions": [{}]})["broadcast"]
    action = f"/api/clarion/v1/broadcasts/{broadcast['id']}/actions/{broadcast['actions'][0]['id']}"
    server.call("PATCH", action, body={"layout_id": int(number)})
    phone.goto(page.url)
    expect(phone.get_by_role("link", name="Framed")).to_be_visible()
    check_fits(phone)
    page.goto("/layouts")
    expect(page.get_by_role("row").filter(has_text="Letterhead").get_by_role("link", name="Framed")).to_be_visible()
    page.get_by_role("button", name="Actions for Letterhead").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("the layout is used by Framed")).to_be_visible()
    check_accessible(page)
