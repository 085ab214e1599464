# SPDX-License-Identifier: Apache-2.0
"""One message of a broadcast gets a condition: composed like recipients, told on its card, counted, and mended."""

import re

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits, wait_until_saved

_ROOT = "/api/clarion/v1"
_MAIL = {"subject": "Hi", "body": "Hi {% unsubscribe_url %}", "from": "news@example.com"}


def test_a_message_is_for_some_of_the_audience(page: Page, phone: Page, server: Server) -> None:
    actions = [{**_MAIL, "name": "Everybody's"}, {**_MAIL, "name": "Oslo's"}]
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "Two messages", "actions": actions})["broadcast"]
    workflow, second = f"/broadcasts/{made['id']}/workflow", made["actions"][1]["id"]
    page.goto(workflow)
    page.get_by_role("link", name="Add a condition to Oslo's").click()
    expect(page.get_by_role("heading", level=2, name="Who gets Oslo's")).to_be_visible()
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Attribute", exact=True).fill("city")
    page.get_by_label("Value", exact=True).fill("Oslo")
    reach = page.get_by_role("region", name="Whom it reaches")
    expect(reach.get_by_text("Reaches city is “Oslo”")).to_be_visible()
    expect(reach.get_by_text("1,428 people")).to_be_visible()
    wait_until_saved(page)
    check_accessible(page)

    page.get_by_role("link", name="To the workflow").click()
    card = page.get_by_role("listitem").filter(has_text="Oslo's")
    expect(card).to_contain_text("Only where city is “Oslo”")
    expect(card).to_contain_text(re.compile(r"— 1,\d\d\d people"))
    expect(page.get_by_role("link", name="Add a condition to Everybody's")).to_be_visible()
    check_accessible(page)
    stored = server.call("GET", f"{_ROOT}/broadcasts/{made['id']}")["broadcast"]["actions"][1]
    assert stored["condition"] == {"and": [{"attribute": {"field": "city", "operator": "eq", "value": "Oslo"}}]}

    # In the message itself: who does not want its topic does not get it.
    topic = server.call("POST", f"{_ROOT}/subscription_topics", body={"name": "Nights out"})["topic"]["id"]
    card.get_by_role("link", name="Oslo's", exact=True).click()
    page.locator("summary").get_by_text("Sending", exact=True).click()
    page.get_by_label("Subscription topic").select_option(label="Nights out")
    wait_until_saved(page)
    stored = server.call("GET", f"{_ROOT}/broadcasts/{made['id']}")["broadcast"]["actions"][1]
    assert stored["topic_id"] == topic

    # One that names a segment that is gone holds the broadcast back, and the review leads to it.
    gone = {"condition": {"segment": {"id": 4711}}}
    server.call("PATCH", f"{_ROOT}/broadcasts/{made['id']}/actions/{second}", body=gone)
    page.goto(f"/broadcasts/{made['id']}/review")
    page.get_by_role("link", name="Oslo's, condition").click()
    expect(page.get_by_role("heading", level=2, name="Who gets Oslo's")).to_be_visible()
    page.get_by_role("button", name="Everybody instead").click()
    wait_until_saved(page)
    for path in (workflow, f"/broadcasts/{made['id']}/actions/{second}/condition"):
        phone.goto(path)
        expect(phone.get_by_role("heading", level=1, name="Two messages")).to_be_visible()
        expect(phone.get_by_text("Oslo's").first).to_be_visible()
        check_fits(phone)
