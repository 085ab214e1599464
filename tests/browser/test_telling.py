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
    form.locator("summary", has_text="SMS").click()
    form.get_by_role("checkbox", name="SMS replied").check()
    expect(form.locator("summary", has_text="SMS (1)")).to_be_visible()
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


def test_addresses_are_suppressed_looked_for_and_freed(page: Page, phone: Page) -> None:
    page.goto("/suppression")
    page.get_by_label("Why").select_option("spam_reports")
    page.get_by_role("button", name="Suppress addresses").click()
    dialog = page.get_by_role("dialog", name="Suppress addresses")
    expect(dialog.get_by_label("Reason")).to_have_value("spam_reports")
    dialog.get_by_label("Addresses").fill("nobody, angry@quiet.example\nannoyed@quiet.example")
    dialog.get_by_role("button", name="Suppress them").click()
    expect(dialog.get_by_label("Addresses")).to_have_value("nobody")
    expect(dialog.get_by_label("Addresses")).to_have_accessible_description(re.compile("the others are suppressed"))
    check_accessible(page)
    dialog.get_by_label("Addresses").fill("third@loud.example")
    dialog.get_by_role("button", name="Suppress them").click()
    expect(dialog).to_have_count(0)  # until then what is typed goes nowhere else
    rows = page.get_by_role("table", name="Suppressed addresses").get_by_role("row")
    angry = rows.filter(has_text="angry@quiet.example")
    expect(angry).to_contain_text("suppressed by demo@clarion.example")
    sought = page.get_by_label("Address or domain")
    sought.fill("quiet.example")
    expect(rows.filter(has_text="third@")).to_have_count(0)
    expect(rows.filter(has_text="@quiet.example")).to_have_count(2)
    page.get_by_label("Why").select_option("bounces")
    expect(page.get_by_text("None is found")).to_be_visible()
    sought.fill("angry@quiet.example")
    expect(angry, "under whichever reason").to_contain_text("Reported as spam")
    check_accessible(page)
    phone.goto(page.url)
    expect(phone.get_by_role("link", name="angry@quiet.example")).to_be_visible()
    check_fits(phone)
    page.get_by_role("button", name="Allow again angry@quiet.example").click()
    page.get_by_role("button", name="Allow it again").click()
    expect(page.get_by_text("angry@quiet.example is not suppressed")).to_be_visible()


def test_what_a_person_wants_is_seen_and_set(server: Server, page: Page, phone: Page) -> None:
    topic = {"name": "Night lines", "description": "After midnight"}
    server.call("POST", f"{_ROOT}/subscription_topics", body=topic)
    server.call("POST", "/v1/esp/suppression/bounces/person-711@example.com", "app_key", {})
    (person,) = server.call("GET", f"{_ROOT}/people?search=person-711@")["people"]
    path = f"/people/{person['cio_id']}?tab=subscriptions"
    page.goto(path)
    lines = page.get_by_role("checkbox", name="Night lines")
    expect(lines).to_be_checked()
    lines.uncheck()
    expect(page.get_by_text("Unsubscribed from Night lines")).to_be_visible()
    every = page.get_by_role("checkbox", name="Gets what is sent")
    expect(every).to_be_enabled()
    every.uncheck()
    expect(page.get_by_text("until that changes, no topic is sent")).to_be_visible()
    page.reload()
    expect(lines).not_to_be_checked()
    expect(every).not_to_be_checked()
    check_accessible(page)
    phone.goto(path)
    expect(phone.get_by_role("table", name="Why the address gets no mail")).to_be_visible()
    check_fits(phone)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Their own page of preferences").click()
    expect(opened.value.get_by_text("You are unsubscribed")).to_be_visible()
    page.get_by_role("link", name="Let it have mail again").click()
    page.get_by_role("button", name="Allow again person-711@example.com").click()
    page.get_by_role("button", name="Allow it again").click()
    expect(page.get_by_text("person-711@example.com is not suppressed")).to_be_visible()
    page.goto(path)
    expect(page.get_by_text("Takes mail: it is not suppressed.")).to_be_visible()
