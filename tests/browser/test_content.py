# SPDX-License-Identifier: Apache-2.0
"""Snippets, sender identities and topics: made, changed, kept while they are used."""

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits, write


def test_a_snippet_is_made_changed_and_kept_while_it_is_used(page: Page) -> None:
    page.goto("/snippets")
    page.get_by_role("button", name="Make a snippet").click()
    page.get_by_label("Name").fill("signature")
    write(page, page.get_by_role("textbox", name="Content"), "<p>Yours, {{ customer.first_name }}</p>")
    check_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="signature", exact=True)).to_be_visible()
    page.get_by_role("button", name="signature", exact=True).click()
    content = page.get_by_role("textbox", name="Content")
    expect(page.locator(".cm-editor")).to_be_visible()
    expect(content).to_be_focused()  # whatever stood there before the editor was loaded
    write(page, content, "<p>Yours, {{ customer.first")
    expect(page.get_by_role("option", name="first_name")).to_be_visible()
    page.keyboard.press("Escape")  # closes what is offered
    expect(page.get_by_role("option")).to_have_count(0)
    write(page, content, "<p>Yours</p>")
    page.keyboard.press("Escape")  # does not close the dialog
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="signature")).to_contain_text("<p>Yours</p>")
    expect(page.get_by_role("row").filter(has_text="footer").first).not_to_contain_text("nothing")
    page.get_by_role("button", name="Actions for footer").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("unable to delete snippet in use")).to_be_visible()
    check_accessible(page)


def test_an_identity_and_a_topic_are_made_and_refused_by_field(page: Page) -> None:
    page.goto("/senders")
    add = page.get_by_role("button", name="Add an identity").first
    add.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(add).to_be_focused()
    add.click()
    page.get_by_label("Name").fill("Acme")
    page.get_by_label("E-mail").fill("no address")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".field-error")).to_be_visible()
    check_accessible(page)
    page.get_by_label("E-mail").fill("acme@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Acme <acme@example.com>")).to_be_visible()
    page.get_by_role("button", name="Actions for Acme").click()
    page.get_by_role("menuitem", name="Send a test").click()
    page.get_by_label("To", exact=True).fill("ada@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("outbox has taken it for ada@example.com")
    check_accessible(page)
    page.goto("/topics")
    page.get_by_role("button", name="Make a topic").first.click()
    page.get_by_label("Name").fill("Product news")
    page.get_by_label("People are subscribed").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="Product news")).to_contain_text("not subscribed")
    check_accessible(page)


def test_content_pages_fit_a_phone(server: Server, phone: Page) -> None:
    for path, heading in (
        ("/snippets", "Snippets"),
        ("/senders", "Sender identities"),
        ("/topics", "Subscription topics"),
    ):
        phone.goto(path)
        expect(phone.get_by_role("heading", level=1, name=heading)).to_be_visible()
        check_fits(phone)
