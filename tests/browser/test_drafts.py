# SPDX-License-Identifier: Apache-2.0
"""Drafts reviewed side by side, by keys and by buttons."""

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits

_MAIL = {
    "subject": "Draft for {{ customer.id }}",
    "body": "<p>Dear {{ customer.id }}</p>{% unsubscribe %}",
    "from": "Acme <news@example.com>",
    "sending_state": "draft",
}


def make(server: Server, people: int) -> int:
    """A trigger whose messages are drafted; the broadcast's number."""
    body = {"name": "To be looked at", "actions": [_MAIL]}
    number = int(server.call("POST", "/api/clarion/v1/broadcasts", body=body)["broadcast"]["id"])
    server.call("POST", f"/api/clarion/v1/broadcasts/{number}/activate", body={})
    ids = [f"person-{no}" for no in range(1, people + 1)]
    server.call("POST", f"/v1/campaigns/{number}/triggers", body={"ids": ids})
    return number


def test_drafts_are_read_sent_and_deleted(server: Server, page: Page, phone: Page) -> None:
    number = make(server, 6)
    page.goto(f"/triggers/{server.call('GET', f'/v1/broadcasts/{number}/triggers')['triggers'][0]['id']}")
    expect(page.get_by_text("100 %")).to_be_visible()
    page.get_by_role("link", name="6 drafts").click()
    expect(page.get_by_role("button", name="Send all of them")).to_be_visible()
    page.goto("/drafts")
    expect(page.get_by_role("button", name="Send all of them")).to_have_count(0)
    page.get_by_label("Drafts of").select_option(label="To be looked at")
    items = page.get_by_role("list", name="Drafts").get_by_role("listitem")
    expect(page.get_by_role("heading", level=1, name="Drafts")).to_be_visible()
    expect(items).to_have_count(6)
    expect(page.get_by_role("heading", level=2, name="Draft for person-1")).to_be_visible()
    expect(page.frame_locator("iframe").get_by_text("Dear person-1")).to_be_visible()
    check_accessible(page)
    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=2, name="Draft for person-2")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_role("heading", level=2, name="Draft for person-1")).to_be_visible()
    page.get_by_role("region", name="The chosen draft").get_by_role("button", name="Send").click()
    expect(items).to_have_count(5)
    expect(page.get_by_role("heading", level=2, name="Draft for person-2")).to_be_visible()
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.get_by_role("button", name="Delete 2").click()
    check_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(items).to_have_count(3)
    page.get_by_role("button", name="Send all of them").click()
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(page.get_by_text("No drafts wait")).to_be_visible()
    phone.goto("/drafts")
    expect(phone.get_by_role("heading", level=1, name="Drafts")).to_be_visible()
    check_fits(phone)
