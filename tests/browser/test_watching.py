# SPDX-License-Identifier: Apache-2.0
"""A trigger is watched until it is done; what failed is sent again; one person's message is looked at."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits

ROOT = "/api/clarion/v1"
_KYOTO = {"attribute": {"field": "city", "operator": "eq", "value": "Kyoto"}}
_FAILING = '<p>Hello {{ customer.first_name }}{% if customer.plan == "premium" %} {{ customer.shoe_size }}{% endif %}'
_MENDED = _FAILING.replace("customer.shoe_size", 'customer.shoe_size | default: "of any size"')


@pytest.fixture
def sent(server: Server) -> tuple[int, int]:
    """A broadcast that fails for premium people, triggered for those in Kyoto, slowly; its number and the trigger's."""
    broadcast = server.call("POST", f"{ROOT}/broadcasts", body={"name": "Shoes", "recipients": _KYOTO})["broadcast"][
        "id"
    ]
    mail = {"kind": "email", "name": "Mail", "subject": "Shoes", "from": "shop@example.com", "body": _FAILING}
    server.call("POST", f"{ROOT}/broadcasts/{broadcast}/actions", body=mail)
    server.call("POST", f"{ROOT}/broadcasts/{broadcast}/activate")
    made = server.call("POST", f"/v1/campaigns/{broadcast}/triggers", "app_key", {"data": {"size": "44"}})["id"]
    rate = {"rate": {"messages": 100, "per": "second"}}
    server.call("PUT", f"{ROOT}/triggers/{made}/control", body=rate)
    return broadcast, made


def mend(server: Server, broadcast: int, trigger: int) -> None:
    """The template gets a fallback, and the trigger with it."""
    (action,) = server.call("GET", f"{ROOT}/broadcasts/{broadcast}")["broadcast"]["actions"]
    path = f"{ROOT}/broadcasts/{broadcast}/actions/{action['id']}"
    server.call("PATCH", path, body={"body": _MENDED})
    server.call("POST", f"{ROOT}/triggers/{trigger}/apply_content", body={})


def test_a_send_is_watched_to_its_end(page: Page, phone: Page, server: Server, sent: tuple[int, int]) -> None:
    broadcast, trigger = sent
    page.goto(f"/triggers/{trigger}")
    expect(page.get_by_role("heading", level=1, name=f"Trigger {trigger}")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Waits it is paused")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Rate and priority").click()
    dialog = page.get_by_role("dialog", name="Rate and priority")
    check_accessible(page)
    dialog.get_by_label("Speed").select_option(label="As fast as it goes")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("100 %")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)

    row = page.get_by_role("row", name=re.compile("could not be rendered"))
    expect(row).to_contain_text("shoe_size")
    expect(row).to_contain_text("238 messages")
    with page.expect_download() as download:
        row.get_by_role("link", name=re.compile("CSV")).click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + 238
    mend(server, broadcast, trigger)
    row.get_by_role("button", name=re.compile("Send again")).click()
    expect(page.get_by_role("dialog", name="Send again to these?")).to_contain_text("238 messages")
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Everything was sent")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("100 %")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("to those who failed"))).to_contain_text("238")
    check_accessible(page)

    page.get_by_role("link", name="Deliveries", exact=True).last.click()
    page.get_by_label("Person").fill("person-5@example.com")
    page.get_by_label("State").select_option(label="Sent")
    expect(page.get_by_text("No deliveries")).to_be_visible()
    page.get_by_label("Person").fill("person-71@example.com")
    page.get_by_role("link", name="person-71@example.com").click()
    look_at_a_message(page)
    look_at_reports(page, broadcast, trigger)
    for path in (f"/triggers/{trigger}", "/deliveries", f"/history/{broadcast}", f"/metrics?broadcast={broadcast}"):
        phone.goto(path)
        expect(phone.get_by_role("status", name="Loading")).to_have_count(0)
        expect(phone.get_by_role("heading", level=1)).to_be_visible()
        check_fits(phone)


def look_at_a_message(page: Page) -> None:
    """The timeline, the data and the message of the one that is open."""
    expect(page.get_by_role("heading", level=1, name="person-71@example.com")).to_be_visible()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="In the audience")).to_be_visible()
    expect(page.get_by_text('"size": "44"')).to_be_visible()
    frame: Any = page.frame_locator('iframe[title="Message to person-71@example.com"]')
    expect(frame.get_by_text("of any size")).to_be_visible()
    check_accessible(page)


def look_at_reports(page: Page, broadcast: int, trigger: int) -> None:
    """The history and the charts."""
    page.goto(f"/history/{broadcast}")
    expect(page.get_by_role("link", name=re.compile("202"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(f"{trigger} by"))).to_contain_text("1,429")
    check_accessible(page)
    page.goto(f"/metrics?broadcast={broadcast}")
    chart = page.get_by_role("slider", name=re.compile("What became of the messages"))
    chart.focus()
    page.keyboard.press("End")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("Sent 1,429"))
    page.get_by_text("Show as table").first.click()
    expect(page.get_by_role("table", name="What became of the messages")).to_be_visible()
    check_accessible(page)
