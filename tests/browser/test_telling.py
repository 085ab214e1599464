# SPDX-License-Identifier: Apache-2.0
"""Webhooks are made, changed, replayed and removed; addresses are suppressed and freed."""

import re

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits

_ROOT = "/api/clarion/v1"
_MAIL = {"subject": "Told", "body": "<p>Told</p>", "from": "Acme <news@example.com>", "send_to_unsubscribed": True}


def _send_one(server: Server) -> None:
    """A mail to somebody who has an address, by a broadcast; no other test changes either."""
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "Told", "actions": [_MAIL]})["broadcast"]
    server.call("POST", f"{_ROOT}/broadcasts/{made['id']}/activate", body={})
    body = {"ids": ["person-4321"]}
    server.call("POST", f"/v1/campaigns/{made['id']}/triggers", "app_key", body)


def test_a_webhook_from_its_making_to_its_end(server: Server, page: Page, phone: Page) -> None:
    page.goto("/webhooks")
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()
    page.get_by_role("button", name="Make a webhook").click()
    form = page.get_by_role("dialog", name="Make a webhook")
    form.get_by_label("Name").fill("warehouse")
    form.get_by_label("Endpoint").fill("ftp://hooks.example.com")
    form.get_by_role("checkbox", name="E-mail clicked").check()
    form.get_by_role("button", name="Make the webhook").click()
    expect(form.get_by_label("Endpoint")).to_have_accessible_description(re.compile("must be an http or https URL"))
    check_accessible(page)
    form.get_by_label("Endpoint").fill("https://127.0.0.1:9/hooks")
    form.get_by_role("button", name="Make the webhook").click()
    expect(page.get_by_role("dialog", name="The signing secret")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("link", name="warehouse").click()
    expect(page.get_by_role("heading", level=1, name="warehouse")).to_be_visible()
    _send_one(server)
    expect(page.get_by_role("table", name="The last calls that failed")).to_be_visible(timeout=60_000)
    check_accessible(page)

    page.get_by_role("button", name="Send events again").click()
    page.get_by_role("checkbox", name="Only those that were given up").uncheck()
    check_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("out again").or_(page.get_by_text("No event matches"))).to_be_visible()
    page.get_by_role("button", name="New secret").click()
    page.get_by_role("button", name="Make it").click()
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("button", name="Change").click()
    page.get_by_role("checkbox", name="Disabled").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("main").get_by_text("disabled", exact=True)).to_be_visible()
    phone.goto(page.url)
    expect(phone.get_by_role("heading", level=1, name="warehouse")).to_be_visible()
    expect(phone.get_by_role("status", name="Loading")).to_have_count(0)
    check_fits(phone)
    phone.goto("/keys")  # it would go on asking for what is removed
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Remove the webhook").click()
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()


def test_an_address_is_suppressed_and_freed(page: Page) -> None:
    page.goto("/suppression")
    page.get_by_label("Why").select_option("spam_reports")
    page.get_by_role("button", name="Suppress an address").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill("nobody")
    dialog.get_by_role("button", name="Suppress it").click()
    expect(dialog.get_by_label("Address")).to_have_attribute("aria-invalid", "true")
    check_accessible(page)
    dialog.get_by_label("Address").fill("angry@example.com")
    dialog.get_by_role("button", name="Suppress it").click()
    expect(page.get_by_role("cell", name="angry@example.com", exact=True)).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Allow again angry@example.com").click()
    page.get_by_role("button", name="Allow it again").click()
    expect(page.get_by_text("No address is suppressed")).to_be_visible()
