# SPDX-License-Identifier: Apache-2.0
"""Messages made of texts are written: an SMS with its cost and a test of it, a push with what is below the fold."""

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits, wait_until_saved

_ROOT = "/api/clarion/v1"


def test_an_sms_is_written_counted_and_tried(page: Page, server: Server) -> None:
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "Texts"})["broadcast"]
    page.goto(f"/broadcasts/{made['id']}/workflow")
    page.get_by_role("button", name="+ SMS").click()
    expect(page.get_by_role("heading", level=1, name="SMS")).to_be_visible()
    faults = page.get_by_role("region", name="What needs fixing")
    expect(faults).to_contain_text("body can not be blank")
    body = page.get_by_role("textbox", name="Text")
    body.click()
    page.keyboard.insert_text("Hi {{ customer.nonsense }}")
    expect(faults).to_contain_text("Variable 'customer.nonsense' is missing")
    body.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("The night bus, " + 150 * "x")
    expect(faults).to_have_count(0)
    arrives = page.get_by_role("region", name="The message as it arrives")
    expect(arrives).to_contain_text("The night bus")
    expect(page.get_by_text("165 characters in GSM-7: 2 segments.")).to_be_visible()
    wait_until_saved(page)
    check_accessible(page)
    page.get_by_role("button", name="Send a test").click()
    dialog = page.get_by_role("dialog", name="Send a test")
    dialog.get_by_role("textbox", name="To").fill("nobody")
    dialog.get_by_role("button", name="Send the test").click()
    expect(dialog).to_contain_text("is not a phone number")
    dialog.get_by_role("textbox", name="To").fill("+44 20 7946 0000")
    dialog.get_by_role("button", name="Send the test").click()
    expect(dialog.get_by_role("status")).to_contain_text("+442079460000: kept in the outbox")
    check_accessible(page)
    dialog.get_by_role("button", name="Close").last.click()
    page.set_viewport_size({"width": 320, "height": 800})
    check_fits(page)


def test_a_push_has_fields_of_its_own(page: Page, server: Server) -> None:
    actions = [{"kind": "push", "name": "Note", "title": "Night bus", "message": "It runs again"}]
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "Pushed", "actions": actions})["broadcast"]
    action = made["actions"][0]["id"]
    page.goto(f"/broadcasts/{made['id']}/workflow")
    expect(page.get_by_text("Night bus", exact=True)).to_be_visible()
    page.goto(f"/broadcasts/{made['id']}/actions/{action}")
    expect(page.get_by_role("region", name="The message as it arrives")).to_contain_text("It runs again")
    page.get_by_label("To", exact=True).select_option(label="The one used last")
    page.get_by_text("More, and sending").click()
    page.get_by_role("textbox", name="Badge").click()
    page.keyboard.insert_text("many")
    expect(page.get_by_role("region", name="What needs fixing")).to_contain_text("must be a whole number")
    wait_until_saved(page)
    stored = server.call("GET", f"{_ROOT}/broadcasts/{made['id']}")["broadcast"]["actions"][0]
    assert (stored["to"], stored["badge"]) == ("last_used", "many")
