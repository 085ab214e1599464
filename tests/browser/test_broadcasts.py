# SPDX-License-Identifier: Apache-2.0
"""A broadcast from its name to its first trigger, and what the list offers."""

import re

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits, wait_until_saved, write

_MAIL = {
    "subject": "{{ trigger.headline }}",
    "body": "<p>{{ customer.first_name | default: 'Hello' }}</p>{% unsubscribe %}",
    "from": "Acme <news@example.com>",
    "name": "Greeting",
}


def make(server: Server, name: str, *, active: bool = False) -> int:
    """A broadcast by the API, with a message."""
    body = {"name": name, "actions": [_MAIL], "recipients": {"segment": {"id": 3}}}
    number = int(server.call("POST", "/api/clarion/v1/broadcasts", body=body)["broadcast"]["id"])
    if active:
        server.call("POST", f"/api/clarion/v1/broadcasts/{number}/activate", body={})
    return number


def test_a_broadcast_is_created_given_conditions_and_held_back_by_its_review(page: Page) -> None:
    page.goto("/broadcasts")
    expect(page.get_by_role("button", name="Create broadcast")).to_be_visible()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Create a broadcast")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("can not be blank")).to_be_visible()
    check_accessible(page)
    dialog.get_by_label("Name").fill("Spring news")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Spring news")).to_be_visible()

    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Attribute", exact=True).fill("plan")
    expect(page.get_by_text("Give a value")).to_be_visible()
    page.get_by_label("Value", exact=True).fill("premium")
    expect(page.get_by_text("1,666 people")).to_be_visible()
    page.get_by_role("button", name="+ Condition").click()
    page.get_by_label("Kind of condition").nth(1).select_option("segment")
    page.get_by_label("Segment", exact=True).select_option(label="Kyoto")
    expect(page.get_by_text("plan is “premium” and in Kyoto")).to_be_visible()
    wait_until_saved(page)
    expect(page.get_by_role("region", name="Whom it reaches")).to_have_attribute("aria-busy", "false")
    page.get_by_role("button", name="Why?").first.click()
    why = page.get_by_role("dialog", name="Why does somebody match?")
    expect(why.get_by_text("Matches.")).to_be_visible()
    check_accessible(page)
    page.keyboard.press("Escape")
    page.reload()
    expect(page.get_by_label("Value", exact=True)).to_have_value("premium")

    page.get_by_role("button", name="As JSON").click()
    json = page.get_by_role("dialog", name="The filter as JSON")
    text = json.get_by_role("textbox", name="Filter")
    write(page, text, '{"recipients": {"segment": {"id": 1}')
    expect(text).to_have_accessible_description(re.compile("Line 1: This is not ended by"))
    check_accessible(page)
    write(page, text, '{"recipients": {"segment": {"id": 1}}}')
    json.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("in Premium")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Value", exact=True)).to_have_value("premium")

    page.get_by_role("link", name="Goal & exit", exact=True).click()
    page.get_by_label("A goal").check()
    expect(page.get_by_text("can not be blank")).to_be_visible()
    page.get_by_label("Event").fill("purchase")
    expect(page.get_by_text("somebody performs purchase within 7 days")).to_be_visible()
    page.get_by_label("When", exact=True).select_option(label="any time after")
    expect(page.get_by_text("somebody performs purchase any time after it was sent")).to_be_visible()
    expect(page.get_by_label("Days", exact=True)).to_have_count(0)
    wait_until_saved(page)
    check_accessible(page)

    page.get_by_role("link", name="Review", exact=True).click()
    expect(page.get_by_text("the broadcast has no actions")).to_be_visible()
    expect(page.get_by_role("button", name="Activate")).to_be_disabled()
    check_accessible(page)


def test_it_is_activated_and_triggered_by_hand(server: Server, page: Page) -> None:
    number = make(server, "Kyoto news")
    page.goto(f"/broadcasts/{number}/review")
    expect(page.get_by_role("heading", name="Quietly set")).to_be_visible()
    goal = page.get_by_role("listitem").filter(has_text="it has no goal")
    expect(goal.get_by_role("link", name="Goal", exact=True)).to_have_attribute("href", f"/broadcasts/{number}/goal")
    check_accessible(page)
    page.get_by_role("button", name="Activate").click()
    page.get_by_role("dialog").get_by_role("button", name="Activate").click()
    expect(page.get_by_text(f"/v1/campaigns/{number}/triggers").first).to_be_visible()
    page.get_by_role("tab", name="Python").click()
    expect(page.get_by_text('"headline": "headline"')).to_be_visible()
    check_accessible(page)

    page.get_by_role("button", name="Trigger by hand").click()
    dialog = page.get_by_role("dialog", name="Trigger Kyoto news")
    send = dialog.get_by_role("button", name="Send to")
    data = dialog.get_by_role("textbox", name="Data (JSON)")
    expect(data.locator(".cm-line")).to_have_text(["{", '  "headline": "headline"', "}"])
    expect(send).to_contain_text("1,429 people")
    expect(send).to_be_disabled()
    check_accessible(page)
    dialog.get_by_label("People by id").check()
    dialog.get_by_label("Ids").fill("person-1, nobody-at-all")
    expect(dialog.get_by_text('customer id "nobody-at-all" not found')).to_be_visible()
    dialog.get_by_label("Ids").fill("nobody-at-all person-2")
    dialog.get_by_label("Skip whoever is not known").check()
    first = dialog.get_by_role("region", name="A message as it will be")
    expect(first, "whom it reaches, not whom it names").to_contain_text("As person-2@example.com")
    dialog.get_by_text("The same as a call").click()
    dialog.get_by_role("tab", name="Python").click()
    expect(dialog.get_by_text('"id_ignore_missing": True')).to_be_visible()
    dialog.get_by_role("tab", name="Node").click()
    expect(dialog.get_by_text(f"client.triggerBroadcast({number}, data, {{")).to_be_visible()
    check_accessible(page)
    dialog.get_by_label("Skip whoever is not known").uncheck()
    dialog.get_by_label("Ids").fill("person-1 person-2")
    expect(send).to_contain_text("2 people")
    first = dialog.get_by_role("region", name="A message as it will be")
    expect(first).to_contain_text("As person-1@example.com")
    write(page, data, "[]")
    expect(dialog.get_by_text("The data is an object")).to_be_visible()
    write(page, data, '{"headline": "By hand",}')
    expect(data).to_have_accessible_description(re.compile("Line 1: This comma is one too many"))
    expect(data).to_have_attribute("aria-invalid", "true")
    expect(dialog.locator(".cm-lint-marker-error")).to_be_visible()
    check_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(data).not_to_be_focused()
    expect(dialog).to_be_visible()
    write(page, data, "{}")
    expect(dialog.get_by_text("ask for headline")).to_be_visible()
    expect(first).to_contain_text("Variable 'trigger.headline' is missing")
    write(page, data, '{"headline": "By hand"}')
    expect(first).not_to_contain_text("is missing")
    # The answer is lost at a proxy: pressed again, it is the same call, and the same trigger.
    sending = f"**/v1/campaigns/{number}/triggers"
    page.route(sending, lambda route: (route.fetch(), route.fulfill(status=429, json={})))
    send.click()
    expect(dialog.get_by_role("alert")).to_contain_text("429")
    page.unroute(sending)
    send.click()
    expect(page).to_have_url(re.compile(r"/triggers/\d+$"))
    (trigger,) = server.call("GET", f"/v1/broadcasts/{number}/triggers")["triggers"]
    assert page.url.endswith(f"/triggers/{trigger['id']}")


def test_the_list_duplicates_archives_and_keeps_its_filters_in_the_address(server: Server, page: Page) -> None:
    make(server, "Winter")
    page.goto("/broadcasts?search=winter")
    row = page.get_by_role("row").filter(has_text="Winter")
    row.get_by_role("button", name="Actions for Winter").click()
    check_accessible(page)
    expect(page.get_by_role("menuitem", name="Duplicate")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="[COPY] Winter")).to_be_visible()
    page.get_by_role("button", name="Actions for [COPY] Winter").click()
    page.get_by_role("menuitem", name="Archive").click()
    expect(page.get_by_role("link", name="[COPY] Winter")).to_have_count(0)
    page.get_by_label("State").select_option("archived")
    expect(page).to_have_url(f"{server.url}/broadcasts?search=winter&state=archived")
    expect(page.get_by_role("link", name="[COPY] Winter")).to_be_visible()
    page.get_by_role("link", name="[COPY] Winter").click()
    page.get_by_role("button", name="Settings", exact=True).click()
    settings = page.get_by_role("dialog", name="Settings of this broadcast")
    settings.get_by_label("Tags").fill("cold, news")
    settings.get_by_label("Attribute with the language").fill("tongue")
    check_accessible(page)
    settings.get_by_role("button", name="Save").click()
    expect(settings).to_have_count(0)
    page.goto("/broadcasts?state=archived")
    page.get_by_role("link", name="cold").click()
    expect(page.get_by_text("Tagged cold")).to_be_visible()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.goto("/broadcasts?state=archived&tag=cold")
    expect(page.get_by_role("link", name="[COPY] Winter")).to_be_visible()
    check_accessible(page)
    page.get_by_label("Search").fill("nothing like it")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    check_accessible(page)


def test_a_long_list_goes_on_and_back_to_its_beginning(server: Server, page: Page) -> None:
    for no in range(51):
        body = {"name": f"Long list {no}", "tags": ["long"]}
        number = server.call("POST", "/api/clarion/v1/broadcasts", body=body)["broadcast"]["id"]
        # In the archive they are in nobody's way.
        server.call("PATCH", f"/api/clarion/v1/broadcasts/{number}", body={"archived": True})
    page.goto("/broadcasts?state=archived&tag=long")
    expect(page.get_by_role("link", name="Long list 50")).to_be_visible()
    expect(page.get_by_role("link", name="Long list 0", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("link", name="Long list 0", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Next page")).to_be_disabled()
    expect(page).to_have_url(re.compile("start="))
    check_accessible(page)
    page.get_by_label("Search").fill("list 7")
    expect(page.get_by_role("link", name="Long list 7"), "another search begins anew").to_be_visible()
    expect(page).not_to_have_url(re.compile("start="))


def test_messages_are_ordered_by_buttons_and_switched_off(server: Server, page: Page) -> None:
    number = make(server, "Two messages")
    server.call("POST", f"/api/clarion/v1/broadcasts/{number}/actions", body={**_MAIL, "name": "Second"})
    page.goto(f"/broadcasts/{number}/workflow")
    page.get_by_role("button", name="Move Second up").click()
    expect(page.get_by_role("listitem").filter(has_text="Second").first).to_be_visible()
    expect(page.get_by_text("Second is now number 1 of 2")).to_be_attached()
    names = [one["name"] for one in server.call("GET", f"/api/clarion/v1/broadcasts/{number}")["broadcast"]["actions"]]
    assert names == ["Second", "Greeting"]
    page.get_by_label("When it is triggered").first.select_option("off")
    expect(page.get_by_text("switched off")).to_be_visible()
    page.get_by_role("button", name="Actions for Greeting").click()
    page.get_by_role("menuitem", name="Duplicate").click()
    expect(page.get_by_role("link", name="Greeting", exact=True)).to_have_count(2)
    expect(page.get_by_role("status").get_by_text("Greeting is duplicated")).to_be_attached()
    check_accessible(page)
    page.get_by_role("button", name="Actions for Greeting").last.click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("link", name="Greeting", exact=True)).to_have_count(1)
    expect(page.get_by_role("status").get_by_text("Greeting is removed")).to_be_attached()


def test_its_pages_fit_a_phone(server: Server, phone: Page) -> None:
    number = make(server, "On the phone", active=True)
    for step in ("", "/recipients", "/goal", "/workflow", "/review", "/api", "/history"):
        phone.goto(f"/broadcasts/{number}{step}")
        expect(phone.get_by_role("heading", level=1, name="On the phone")).to_be_visible()
        check_fits(phone)
    phone.goto("/broadcasts")
    expect(phone.get_by_role("link", name="On the phone")).to_be_visible()
    check_fits(phone)
