# SPDX-License-Identifier: Apache-2.0
"""Each page of the navigation is held to the same: weight, stillness, accessibility in both themes, phone width."""

from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import Server, enter_demo
from .kit import PHONE, check_accessible, check_fits
from .measures import Scale, observe, pages_of_the_navigation, shifted, wait_until_ready

_MOST_BYTES = 100_000
_MOST_SHIFT = 0.1


def test_the_navigation_is_read() -> None:
    paths = pages_of_the_navigation()
    assert {"/keys", "/users", "/workspace"} <= set(paths)
    assert not [path for path in paths if ":" in path]


@pytest.mark.parametrize("path", pages_of_the_navigation())
def test_a_page_is_light_still_accessible_and_fits_a_phone(path: str, server: Server, open_page: Any) -> None:
    page: Page = open_page(server.url)
    enter_demo(page, server.url)
    observe(page)
    weight = Scale(page).weigh(path)
    assert weight["Script"] > 5_000, "nothing was weighed"
    assert weight.total() - weight["Font"] <= _MOST_BYTES, weight
    assert shifted(page) < _MOST_SHIFT
    check_accessible(page)
    page.set_viewport_size({"width": PHONE, "height": 800})
    wait_until_ready(page)
    check_fits(page)


def test_pages_fit_a_phone_before_the_font_is_there(server: Server, open_page: Any) -> None:
    """Until then letters are those of the machine, and wider."""
    page: Page = open_page(server.url, width=PHONE, tolerated="ERR_FAILED")
    page.route("**/*.woff2", lambda route: route.abort())
    enter_demo(page, server.url)
    for path in pages_of_the_navigation():
        page.goto(path)
        wait_until_ready(page)
        check_fits(page)
