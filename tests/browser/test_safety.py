# SPDX-License-Identifier: Apache-2.0
"""What pauses a trigger by itself, and how often somebody is written to, is set in the workspace's settings."""

import re

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible


def test_the_circuit_breaker_is_set_corrected_and_taken_away(page: Page, server: Server) -> None:
    page.goto("/workspace")
    form = page.get_by_role("form", name="Circuit breaker")
    bounced, save = form.get_by_label("Bounced, in %"), form.get_by_role("button", name="Save the circuit breaker")
    expect(bounced).to_have_value("")
    bounced.fill("five")
    save.click()
    expect(bounced).to_have_accessible_description(re.compile("must be a number above 0 and at most 100"))
    check_accessible(page)
    bounced.fill("2.5")
    save.click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    stored = server.call("GET", "/api/clarion/v1/workspace")["workspace"]["circuit_breaker"]
    assert stored == {"after": 200, "bounced": 2.5, "spammed": None, "failed": None}
    page.reload()
    expect(bounced).to_have_value("2.5")
    bounced.fill("")
    save.click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert server.call("GET", "/api/clarion/v1/workspace")["workspace"]["circuit_breaker"] is None


def test_a_message_limit_is_set_and_a_broadcast_left_out_of_it(page: Page, server: Server) -> None:
    page.goto("/workspace")
    form = page.get_by_role("form", name="Message limit")
    save = form.get_by_role("button", name="Save the message limit")
    form.get_by_label("At most so many messages").fill("3")
    save.click()
    days = form.get_by_label("within so many days")
    expect(days).to_have_accessible_description(re.compile("must be a whole number from 1 to 30"))
    check_accessible(page)
    days.fill("7")
    save.click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert server.call("GET", "/api/clarion/v1/workspace")["workspace"]["message_limit"] == {"messages": 3, "days": 7}

    made = server.call("POST", "/api/clarion/v1/broadcasts", body={"name": "Terms"})["broadcast"]
    page.goto(f"/broadcasts/{made['id']}/review")
    expect(page.get_by_text("whoever got 3 messages within 7 days is left out")).to_be_visible()
    page.get_by_role("link", name="Settings", exact=True).first.click()
    dialog = page.get_by_role("dialog", name="Settings of this broadcast")
    dialog.get_by_label("Send it whatever the message limit says").check()
    check_accessible(page)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("whoever got 3 messages within 7 days is left out")).to_be_hidden()

    page.goto("/workspace")
    expect(days).to_have_value("7")
    days.fill("")
    form.get_by_label("At most so many messages").fill("")
    save.click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    assert server.call("GET", "/api/clarion/v1/workspace")["workspace"]["message_limit"] is None
