# SPDX-License-Identifier: Apache-2.0
"""A page that is open while the server is updated: a part of it that is loaded only then is gone."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from .conftest import Server, enter_demo
from .kit import check_accessible, check_fits


def test_a_part_of_an_older_version_offers_to_reload(server: Server, open_page: Any) -> None:
    page: Page = open_page(server.url, width=320, tolerated="status of 404")
    enter_demo(page, server.url)
    page.goto("/profile")
    expect(page.get_by_role("heading", level=1, name="Your account")).to_be_visible()
    gone = re.compile(r"/assets/(keys|audit)-")
    page.route(gone, lambda route: route.continue_(url=f"{server.url}/assets/of-another-version.js"))
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="API keys").click()
    expect(page.get_by_text("This page could not be loaded")).to_be_visible()
    offer = page.get_by_role("status").filter(has_text="Clarion was updated")
    expect(offer).to_be_visible()
    check_accessible(page)
    check_fits(page)
    page.unroute(gone)
    offer.get_by_role("button", name="Reload for the new version").click()
    expect(page.get_by_role("heading", level=1, name="API keys")).to_be_visible()
