# SPDX-License-Identifier: Apache-2.0
"""Captured mail read as in an inbox."""

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits


def test_captured_mail_is_read(server: Server, page: Page, phone: Page) -> None:
    body = {"data": {"headline": "Read me", "date": 1_796_040_000, "deals": []}, "ids": ["person-31", "person-32"]}
    broadcast = server.facts["broadcast_id"]
    server.call("POST", f"/v1/campaigns/{broadcast}/triggers", "app_key", body)
    page.goto("/outbox")
    page.get_by_role("link", name="person-32@example.com").first.click(timeout=30_000)
    mail = page.get_by_role("region", name="The mail")
    expect(mail.get_by_role("heading", level=2)).to_contain_text("read me")
    frame = mail.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Read me")).to_be_visible()
    check_accessible(page)
    mail.get_by_role("tab", name="Plain text").click()
    expect(mail.locator("pre")).to_contain_text("the night bus starts again")
    mail.get_by_role("tab", name="Headers").click()
    expect(mail.locator("pre")).to_contain_text("List-Unsubscribe")
    check_accessible(page)
    page.get_by_label("Mail to").fill("person-31@example.com")
    expect(page.get_by_role("link", name="person-32@example.com")).to_have_count(0)
    page.get_by_label("Mail to").fill("nobody@example.com")
    expect(page.get_by_text("No mail to this address")).to_be_visible()
    mail.get_by_role("link", name="What became of it").click()
    expect(page.get_by_role("main").get_by_role("heading", level=1)).to_contain_text("person-32")

    phone.goto("/outbox")
    check_fits(phone)
    phone.get_by_role("link", name="person-31@example.com").first.click()
    expect(phone.get_by_role("region", name="The mail").get_by_role("heading", level=2)).to_be_visible()
    expect(phone.get_by_role("list", name="Mails, newest first")).to_be_hidden()
    check_fits(phone)
    phone.get_by_role("link", name="All mails").click()
    expect(phone.get_by_role("list", name="Mails, newest first")).to_be_visible()
