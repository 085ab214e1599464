# SPDX-License-Identifier: Apache-2.0
"""What people did with messages is told apart from what programs did, and what it was good for, on each page."""

import re
import urllib.request
from typing import Any

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import PHONE, check_accessible, check_fits

_ROOT = "/api/clarion/v1"
_MAIL = {"kind": "email", "subject": "Lines", "from": "bus@example.com"}


def test_people_and_machines_are_told_apart_and_conversions_counted(server: Server, page: Page) -> None:
    whom = {"attribute": {"field": "email", "operator": "eq", "value": "person-611@example.com"}}
    actions = [
        {**_MAIL, "name": "Read", "body": "<p>Hello</p>"},
        {**_MAIL, "name": "Scanned", "body": '<p><a href="https://bus.example/n7">N7</a></p>'},
    ]
    goal = {"kind": "event", "event": "rode", "window_days": 7, "counted_from": "sent"}
    body = {"name": "Told apart", "recipients": whom, "actions": actions, "goal": goal}
    broadcast = server.call("POST", f"{_ROOT}/broadcasts", body=body)["broadcast"]["id"]
    server.call("POST", f"{_ROOT}/broadcasts/{broadcast}/activate")
    trigger = server.call("POST", f"/v1/campaigns/{broadcast}/triggers", "app_key", {})["id"]
    page.goto(f"/triggers/{trigger}")
    expect(page.get_by_text("100 %")).to_be_visible()
    found: list[dict[str, Any]] = server.call("GET", f"{_ROOT}/triggers/{trigger}/deliveries")["deliveries"]
    read, scanned = sorted(found, key=lambda one: one["action_id"])
    server.call("POST", "/api/v1/metrics", "track_key", {"delivery_id": read["id"], "metric": "opened"})
    server.call("POST", "/api/v1/metrics", "track_key", {"delivery_id": read["id"], "metric": "converted"})
    asked = urllib.request.Request(
        f"{server.url}{_ROOT}/deliveries/{scanned['id']}/html",
        headers={"Authorization": f"Bearer {server.facts['manage_key']}"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:
        (link,) = re.findall(r'href="([^"]*/e/c/[^"]*)"', answer.read().decode())
    # As a program does that looks at links before anybody reads them: by its name it is one.
    assert page.request.get(link, max_redirects=0, headers={"User-Agent": "python"}).status in {302, 303, 307}

    page.reload()
    heard = page.get_by_role("list", name="What was heard of this trigger's messages").get_by_role("listitem")
    for label, number in {
        "Opened by people": 1,
        "Opened by machines alone": 0,
        "Clicked by people": 0,
        "Clicked by machines alone": 1,
        "Converted": 1,
    }.items():
        expect(heard.filter(has_text=label)).to_contain_text(f"{label}{number} ")
    page.get_by_text("Who is a machine?").click()
    check_accessible(page)

    page.goto(f"/broadcasts/{broadcast}/metrics")
    whose = page.get_by_role("table", name="Opened and clicked, by people and by machines")
    expect(whose.get_by_role("row").filter(has_text="Opened").get_by_role("cell")).to_have_text(
        [re.compile("Opened"), "1", "1", "50%", "0", "0"]
    )
    expect(whose.get_by_role("row").filter(has_text="Clicked in").get_by_role("cell")).to_have_text(
        [re.compile("Clicked in"), "1", "0", "0%", "1", "1"]
    )
    chart = page.get_by_role("slider", name=re.compile("by people and by machines alone"))
    chart.focus()
    page.keyboard.press("End")
    expect(chart).to_have_attribute(
        "aria-valuetext", re.compile("Opened by people 1, Opened by machines alone 0.* by machines alone 1$")
    )
    expect(page.get_by_text("1 of 2 messages that were sent converted, 50%")).to_be_visible()
    by_action = page.get_by_role("table", name="What became of each action's messages")
    expect(by_action.get_by_role("row").filter(has_text="Read")).to_contain_text("1 · 100%")
    check_accessible(page)
    page.set_viewport_size({"width": PHONE, "height": 800})
    check_fits(page)
    page.goto(f"/broadcasts/{broadcast}/sends")
    expect(page.get_by_role("row", name=re.compile(f"{trigger} by")).get_by_role("cell").last).to_contain_text("50%")
    check_fits(page)
