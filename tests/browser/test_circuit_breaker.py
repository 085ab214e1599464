# SPDX-License-Identifier: Apache-2.0
"""What pauses a trigger by itself is set in the workspace's settings."""

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
