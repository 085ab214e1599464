# SPDX-License-Identifier: Apache-2.0
"""Actions on people are composed: what becomes of which attribute, an event, a move into a segment."""

import json

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits, wait_until_saved

_ROOT = "/api/clarion/v1"


def test_what_becomes_of_a_person_is_written_and_seen(page: Page, server: Server) -> None:
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "Plans"})["broadcast"]
    workflow = f"/broadcasts/{made['id']}/workflow"
    page.goto(workflow)
    page.get_by_role("button", name="+ Person update").click()
    expect(page.get_by_role("heading", level=1, name="Person update")).to_be_visible()
    expect(page.get_by_text("1 thing needs fixing")).to_be_visible()
    page.get_by_role("button", name="+ Attribute").click()
    page.get_by_role("textbox", name="Name of attribute 1").fill("email")
    page.get_by_role("textbox", name="Value of attribute 1").fill('{{ "pro" | upcase }}')
    expect(page.get_by_text("email is by what a person is known").first).to_be_visible()
    page.get_by_role("textbox", name="Name of attribute 1").fill("plan")
    page.get_by_role("button", name="+ Attribute").click()
    page.get_by_role("textbox", name="Name of attribute 2").fill("trial")
    page.get_by_label("What attribute 2 becomes").select_option(label="Remove it")
    becomes = page.get_by_role("table", name="What becomes of which attribute")
    expect(becomes.get_by_role("row", name="plan PRO")).to_be_visible()
    expect(becomes.get_by_role("row", name="trial removed")).to_be_visible()
    expect(page.get_by_role("button", name="Send a test")).to_have_count(0)
    page.get_by_label("Name of this step").fill("Plan set")
    expect(page.get_by_role("heading", level=1, name="Plan set")).to_be_visible()
    page.get_by_role("button", name="Check 100 people").click()
    expect(page.get_by_role("dialog").get_by_text("It would be done for 100 of 100 people.")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
    wait_until_saved(page)
    check_accessible(page)
    page.set_viewport_size({"width": 320, "height": 800})
    check_fits(page)
    page.set_viewport_size({"width": 1280, "height": 800})

    page.goto(workflow)
    page.get_by_role("button", name="+ Event").click()
    page.get_by_role("textbox", name="Name of the event").click()
    page.keyboard.insert_text("plan offered")
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("This person does plan offered.")
    wait_until_saved(page)

    page.goto(workflow)
    page.get_by_role("button", name="+ Segment update").click()
    page.get_by_label("Segment", exact=True).select_option(label="Premium")
    expect(preview).to_contain_text("This person is put into Premium.")
    wait_until_saved(page)
    check_accessible(page)

    update, event, move = server.call("GET", f"{_ROOT}/broadcasts/{made['id']}")["broadcast"]["actions"]
    written = update["attributes"].replace('{{ "pro" | upcase }}', "x")
    assert json.loads(written) == {"plan": "x", "trial": None}
    assert (event["event_name"], move["change"]) == ("plan offered", "add")
    review = server.call("GET", f"{_ROOT}/broadcasts/{made['id']}/review")
    assert review["problems"] == []
