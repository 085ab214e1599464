# SPDX-License-Identifier: Apache-2.0
"""Accounts at providers, as whoever runs them sees and steers them."""

from playwright.sync_api import Locator, Page, expect

from .kit import check_accessible, check_fits


def test_what_sends_is_shown(page: Page) -> None:
    page.goto("/providers")
    page.get_by_text("What outbox can do, and its settings").first.click()
    expect(page.get_by_text("nothing leaves it").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="directory").first).to_contain_text("CLARION_DATA_DIR")
    told = page.get_by_role("row").filter(has_text="/hooks/sendgrid/")
    expect(told).to_contain_text("not until CLARION_HOOKS_SENDGRID_KEY is set")
    page.get_by_text("Add another account of E-mail").click()
    page.get_by_label("Provider").first.select_option("ses")
    expect(page.get_by_text("[accounts.ses-2]")).to_be_visible()
    check_accessible(page)
    page.get_by_role("main").get_by_role("link", name="inbox").first.click()
    expect(page.get_by_role("heading", level=1, name="Inbox")).to_be_visible()


def choose(page: Page, item: str) -> None:
    page.get_by_role("button", name="Actions for outbox").first.click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def test_an_account_is_limited_tried_and_switched(page: Page, phone: Page) -> None:
    page.goto("/providers")
    row = page.get_by_role("table", name="Accounts of E-mail").get_by_role("row").nth(1)
    choose(page, "Limits and ramp")
    dialog = page.get_by_role("dialog", name="Limits of outbox")
    dialog.get_by_label("Messages a second").fill("many")
    dialog.get_by_label("Ramp", exact=True).fill("5000 x 2")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("must be a number from 0.001 to 1000000")).to_be_visible()
    check_accessible(page)
    dialog.get_by_label("Messages a second").fill("250")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("At most 250 a second. Day 1 of its ramp (5000 x 2).")

    choose(page, "Send a test")
    dialog = page.get_by_role("dialog", name="Send a test through outbox")
    dialog.get_by_label("To").fill("ada@example.com")
    dialog.get_by_label("From").fill("news@example.com")
    dialog.get_by_role("button", name="Send the test").click()
    expect(dialog.get_by_role("status")).to_contain_text("outbox has taken it for ada@example.com")
    expect(dialog.get_by_role("status")).to_contain_text("outbox says: kept in the outbox")
    check_accessible(page)
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(row).to_contain_text("1 of 5,000 today.")

    choose(page, "Switch off")
    expect(row).to_contain_text("switched off")
    phone.goto("/providers")
    expect(phone.get_by_text("switched off").first).to_be_visible()
    check_fits(phone)
    check_accessible(phone)
    choose(page, "Switch on")
    expect(row).to_contain_text("captured")
    choose(page, "Limits and ramp")
    dialog = page.get_by_role("dialog", name="Limits of outbox")
    dialog.get_by_label("As the settings say").check()
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("none")
    page.goto("/audit")
    expect(page.get_by_text("Switch an account at a provider on or off").first).to_be_visible()


def test_a_domain_of_recipients_is_limited(page: Page, phone: Page) -> None:
    page.goto("/providers")
    page.get_by_role("button", name="Limit a domain").click()
    dialog = page.get_by_role("dialog", name="Limit a domain")
    dialog.get_by_label("Domain of the recipients").fill("gmail")
    dialog.get_by_label("E-mails a second").fill("40")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("must be a domain such as gmail.com")).to_be_visible()
    check_accessible(page)
    dialog.get_by_label("Domain of the recipients").fill("Gmail.com")
    page.keyboard.press("Enter")
    row = page.get_by_role("table", name="Limits of recipients’ domains").get_by_role("row").nth(1)
    expect(row).to_contain_text("40 a second")
    expect(row).to_contain_text("Set here.")
    phone.goto("/providers")
    expect(phone.get_by_text("40 a second")).to_be_visible()
    check_fits(phone)
    row.get_by_role("button", name="Actions for gmail.com").click()
    page.get_by_role("menuitem", name="Remove the limit").click()
    expect(page.get_by_text("No domain has a limit.")).to_be_visible()


def test_each_channel_is_tried(page: Page, phone: Page) -> None:
    """A push message to a typed token, a template of WhatsApp's, and an in-app message to somebody."""

    def tried(channel: str, account: str) -> Locator:
        table = page.get_by_role("table", name=f"Accounts of {channel}")
        table.get_by_role("button", name=f"Actions for {account}").click()
        page.get_by_role("menuitem", name="Send a test", exact=True).click()
        return page.get_by_role("dialog", name=f"Send a test through {account}")

    def done(dialog: Locator, words: str) -> None:
        expect(dialog.get_by_role("status")).to_contain_text(words)
        dialog.get_by_role("button", name="Close", exact=True).last.click()
        expect(dialog).to_be_hidden()

    page.goto("/providers")
    dialog = tried("Push", "outbox")
    dialog.get_by_label("Token of the device").fill("f" * 64)
    page.keyboard.press("Enter")
    done(dialog, f"outbox has taken it for {'f' * 64}")

    dialog = tried("WhatsApp", "outbox")
    dialog.get_by_label("To", exact=True).fill("+15551234567")
    dialog.get_by_label("Template", exact=True).fill("HX1")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("content_sid must name a template")).to_be_visible()
    check_accessible(page)
    dialog.get_by_label("Template", exact=True).fill("HX" + "0a" * 16)
    dialog.get_by_label("Values of the template").fill("1: Ann")
    dialog.get_by_role("button", name="Send the test").click()
    done(dialog, "outbox has taken it for +15551234567")

    dialog = tried("In-app messages", "in_app")
    dialog.get_by_role("button", name="Send the test").click()
    expect(dialog.get_by_text("Choose somebody.")).to_be_visible()
    dialog.get_by_label("Person").fill("person-1")
    dialog.get_by_role("option").first.click()
    dialog.get_by_role("button", name="Send the test").click()
    done(dialog, "in_app says: kept for the app")

    phone.goto("/providers")
    table = phone.get_by_role("table", name="Accounts of Webhooks")
    table.get_by_role("button", name="Actions for outbox").click()
    phone.get_by_role("menuitem", name="Send a test", exact=True).click()
    phone.get_by_label("URL").fill("example.com")
    phone.keyboard.press("Enter")
    expect(phone.get_by_text("must begin with https://")).to_be_visible()
    check_fits(phone)
