# SPDX-License-Identifier: Apache-2.0
"""A data-driven segment: its conditions are built, counted and said; it fills itself, and tells who came and left."""

import re

from playwright.sync_api import Page, expect

from .conftest import Server
from .hands import Keyboard
from .kit import check_accessible, check_fits

_OSLO = {"attribute": {"field": "city", "operator": "eq", "value": "Oslo"}}


def test_a_segment_of_conditions_is_made_by_keyboard(server: Server, page: Page) -> None:
    page.goto("/segments")
    hands = Keyboard(page)
    hands.press(page.get_by_role("link", name="Make a data-driven segment"))
    expect(page.get_by_role("heading", level=1, name="A data-driven segment")).to_be_focused()
    hands.write(page.get_by_label("Name", exact=True), "Quiet in Oslo")
    hands.press(page.get_by_role("button", name="Make it"))
    expect(page.get_by_text("Name an attribute.")).to_be_visible()
    hands.write(page.get_by_label("Attribute", exact=True), "city")
    hands.choose(page.get_by_label("Operator"), "begins with")
    hands.write(page.get_by_label("Value", exact=True), "osl")
    found = page.get_by_role("region", name="Whom they find")
    expect(found.get_by_text("1,428 people")).to_be_visible()

    hands.press(page.get_by_role("button", name="+ Condition"))
    hands.choose(page.get_by_label("Kind of condition").nth(1), "Event")
    hands.write(page.get_by_label("Event", exact=True), "visited_the_fair")
    hands.choose(page.get_by_label("How often"), "was not performed")
    hands.choose(page.get_by_label("Within which time"), "within the last")
    hands.press(page.get_by_role("button", name="+ Property"))
    hands.write(page.get_by_label("Property", exact=True), "day")
    hands.choose(page.get_by_label("Operator").nth(1), "is at least")
    hands.write(page.get_by_label("Value", exact=True).nth(1), "2")
    said = "city begins with “osl” and did not perform visited_the_fair where day is at least 2 within the last 30 days"
    expect(found.locator("strong")).to_have_text(said)
    check_accessible(page)
    hands.press(page.get_by_role("button", name="Make it"))

    expect(page.get_by_role("heading", level=1, name="Quiet in Oslo")).to_be_visible()
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_text("1,428 people", exact=True)).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_text("Nobody came or left")).to_be_visible()
    check_accessible(page)

    (person,) = server.call("GET", "/api/clarion/v1/people?search=person-9680@")["people"]
    changed = f"/api/clarion/v1/people/cio_{person['cio_id']}"
    for city in ("Bergen", "Oslo"):  # where they were, for other tests
        server.call("PATCH", changed, body={"attributes": {"city": city}})
    page.reload()
    moves = page.get_by_role("table", name="Who came into this segment and left it")
    expect(moves.get_by_role("row").filter(has_text="person-9680@example.com").first).to_contain_text("came in")
    expect(moves.get_by_role("row").filter(has_text="left").first).to_contain_text("person-9680@example.com")
    check_accessible(page)


def test_numbers_of_times_are_typed_digit_by_digit(page: Page) -> None:
    page.goto("/segments/new")
    page.get_by_label("Kind of condition").select_option(label="Event")
    page.get_by_label("Event", exact=True).fill("bought")
    page.get_by_label("How often").select_option(label="was performed between")
    low, high = page.get_by_label("Times at least"), page.get_by_label("Times at most")
    for field, times in ((low, "3"), (high, "12")):
        field.fill("")
        field.press_sequentially(times)
        expect(field).to_have_value(times)
    high.fill("")
    high.blur()
    expect(high, "what is left blank is the least").to_have_value("4")


def test_other_conditions_build_the_segment_anew(server: Server, page: Page) -> None:
    body = {"name": "For changing", "conditions": _OSLO}
    made = server.call("POST", "/api/clarion/v1/segments", body=body)["segment"]["id"]
    page.goto(f"/segments/{made}")
    page.get_by_role("link", name="Change the conditions").click()
    expect(page.get_by_label("Value", exact=True)).to_have_value("Oslo")
    page.get_by_label("Operator").select_option(label="is one of")
    values = page.get_by_label("Values, one a line")
    values.fill("Oslo\nLisbon")
    found = page.get_by_role("region", name="Whom they find")
    expect(found.locator("strong")).to_have_text("city is one of “Oslo”, “Lisbon”")
    counted = found.locator(".reach-number")
    expect(counted).to_have_text(re.compile(r"^[\d,]+ people$"))
    page.get_by_role("button", name="Save and build anew").click()
    expect(page.get_by_role("heading", level=1, name="For changing")).to_be_visible()
    expect(page.get_by_text("city is one of “Oslo”, “Lisbon”")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1, name="Segments")).to_be_visible()
    expect(page.get_by_role("link", name="For changing")).to_have_count(0)


def test_who_was_sent_a_broadcast_is_a_segment(server: Server, page: Page) -> None:
    name = "Looked at by a segment"
    server.call("POST", "/api/clarion/v1/broadcasts", body={"name": name, "recipients": {}})
    page.goto("/segments/new")
    page.get_by_label("Name", exact=True).fill("Reached")
    page.get_by_label("Kind of condition").select_option(label="Message")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_text("Choose a broadcast.")).to_be_visible()
    broadcast = page.get_by_label("Broadcast", exact=True)
    expect(broadcast.get_by_role("option", name=name)).to_have_count(1)
    broadcast.select_option(label=name)
    page.get_by_label("What became of the message").select_option(label="was not sent")
    page.get_by_label("Within which time").select_option(label="within the last")
    said = page.get_by_role("region", name="Whom they find").locator("strong")
    expect(said).to_have_text(f"was not sent {name} within the last 30 days")
    check_accessible(page)


def test_conditions_fit_a_phone(server: Server, phone: Page) -> None:
    bought = {"event": {"name": "buy", "at_least": 2, "at_most": 4, "within": {"days": 3}, "where": [
        {"field": "total", "operator": "gte", "value": 10}
    ]}}  # fmt: skip
    body = {"name": "For a phone", "conditions": {"or": [{"and": [_OSLO, bought]}, {"not": bought}]}}
    made = server.call("POST", "/api/clarion/v1/segments", body=body)["segment"]["id"]
    phone.goto(f"/segments/{made}/conditions")
    expect(phone.get_by_label("Times at most").first).to_have_value("4")
    check_fits(phone)
    phone.goto(f"/segments/{made}")
    expect(phone.get_by_role("heading", level=1, name="For a phone")).to_be_visible()
    check_fits(phone)
    server.call("DELETE", f"/api/clarion/v1/segments/{made}")
