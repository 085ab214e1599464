# SPDX-License-Identifier: Apache-2.0
"""The history of a broadcast on the page: looked at, compared with now, gone back to."""

import re

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits
from .test_broadcasts import make

_ONE = "/api/clarion/v1/broadcasts/{}"


def test_somebody_looks_at_an_earlier_version_and_goes_back_to_it(server: Server, page: Page) -> None:
    number = make(server, "Harvest", active=True)
    path = _ONE.format(number)
    (mail,) = server.call("GET", path)["broadcast"]["actions"]
    active = server.call("GET", f"{path}/versions")["versions"][0]["version"]
    server.call("PATCH", path, body={"name": "Late harvest", "recipients": {"segment": {"id": 1}}})
    server.call("PATCH", f"{path}/actions/{mail['id']}", body={"body": "<p>Apples</p>\n{% unsubscribe %}"})
    page.goto(f"/broadcasts/{number}")
    page.get_by_role("link", name="History").click()
    newest = page.get_by_role("row").filter(has_text="now")
    expect(newest).to_contain_text("Edited by Management")
    expect(newest).to_contain_text("name, recipients · Greeting: body")
    check_accessible(page)
    page.get_by_role("link", name=f"Version {active}", exact=True).click()
    expect(page.get_by_text("It changed nothing of what is kept")).to_be_visible()
    page.get_by_role("tab", name="Against now").click()
    recipients = page.get_by_role("region", name="Recipients")
    expect(recipients).to_contain_text("in Kyoto")
    expect(recipients).to_contain_text("in Premium")
    expect(page.get_by_role("region", name="Greeting: body")).to_contain_text("+ <p>Apples</p>")
    check_accessible(page)
    page.get_by_role("tab", name="All of it").click()
    expect(page.get_by_text("Subject: {{ trigger.headline }}")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Go back to this version").click()
    dialog = page.get_by_role("dialog", name=f"Go back to version {active}?")
    expect(dialog).to_contain_text("name, recipients · Greeting: body")
    expect(dialog).to_contain_text("The broadcast is active")
    check_accessible(page)
    dialog.get_by_role("button", name="Go back").click()
    expect(page.get_by_role("heading", level=1, name="Harvest", exact=True)).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="now")).to_contain_text(f"Gone back to version {active} by")
    after = server.call("GET", path)["broadcast"]
    assert (after["name"], after["recipients"], after["state"]) == ("Harvest", {"segment": {"id": 3}}, "running")
    assert after["actions"][0]["body"] == mail["body"]


def test_a_version_fits_a_phone(server: Server, phone: Page) -> None:
    number = make(server, "On the phone")
    server.call("PATCH", _ONE.format(number), body={"name": "A" * 200})
    phone.goto(f"/broadcasts/{number}/history")
    expect(phone.get_by_role("link", name="History")).to_be_in_viewport()
    phone.get_by_role("link", name=re.compile("^Version 2")).click()
    expect(phone.get_by_role("region", name="Name")).to_contain_text("On the phone")
    check_fits(phone)
