# SPDX-License-Identifier: Apache-2.0
"""People found, changed and put together; what is exported."""

import json
import re
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits


def test_a_person_is_found_changed_and_seen(server: Server, page: Page) -> None:
    page.goto("/people")
    page.get_by_label("Search").fill("person-77@")
    page.get_by_role("link", name="person-77@example.com").click()
    expect(page.get_by_role("heading", level=1, name="person-77@example.com")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Add an attribute").click()
    page.get_by_role("textbox", name="Name").fill("shoe_size")
    page.get_by_role("textbox", name="Value").fill("43")
    check_accessible(page)
    page.get_by_role("button", name="Save").click()
    size = page.get_by_role("row").filter(has_text="shoe_size")
    expect(size.get_by_role("cell").nth(2)).to_have_text("Text")
    page.get_by_role("tab", name="Activity").click()
    expect(page.get_by_text("shoe_size: nothing → 43")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Devices")).to_be_focused()
    page.get_by_role("button", name="Actions for this person").click()
    page.get_by_role("menuitem", name="Unsubscribe").click()
    expect(page.get_by_text("unsubscribed", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Actions for this person").click()
    page.get_by_role("menuitem", name="Erase everywhere").click()
    erase = page.get_by_role("dialog").get_by_role("button", name="Erase", exact=True)
    expect(erase).to_be_disabled()
    page.get_by_label("to go on").fill("person-77@example.com")
    erase.click()
    expect(page.get_by_role("heading", level=1, name="People")).to_be_visible()
    found = server.call("GET", "/api/clarion/v1/people?search=person-77@")["people"]
    assert found == []


def test_values_keep_the_type_that_is_chosen(server: Server, page: Page) -> None:
    (person,) = server.call("GET", "/api/clarion/v1/people?search=person-34@")["people"]
    path = f"/people/cio_{person['cio_id']}"
    sent = {"size": "43", "big": 12345678901234567890, "vip": True, "tags": ["a", {"b": None}]}
    server.call("PATCH", f"/api/clarion/v1{path}", body={"attributes": sent})
    page.goto(path)

    def change(name: str, kind: str, value: str | None) -> None:
        page.get_by_role("button", name=f"Change {name}").click()
        page.get_by_label("Type").select_option(kind)
        if value is not None:
            page.get_by_role("textbox", name="Value").fill(value)
        page.get_by_role("dialog").get_by_role("button", name=re.compile("^(Save|Take it away)$")).click()

    def row(name: str) -> Locator:
        return page.get_by_role("row").filter(has=page.get_by_role("cell", name=name, exact=True))

    change("size", "number", "4,5")
    expect(page.get_by_label("Value")).to_have_accessible_description(re.compile("digits"))
    check_accessible(page)
    page.get_by_role("textbox", name="Value").fill("43.5")
    page.get_by_role("button", name="Save").click()
    expect(row("size")).to_contain_text("43.5")
    change("big", "number", "12345678901234567891")
    expect(row("big")).to_contain_text("12345678901234567891")
    change("tags", "json", '["c", 7]')
    expect(row("tags")).to_contain_text('["c",7]')
    change("vip", "nothing", None)
    expect(row("vip")).to_have_count(0)
    told = server.call("GET", f"/api/clarion/v1{path}")["person"]["attributes"]
    kept = {one["name"]: (one["type"], one["json"]) for one in told if one["name"] in {*sent}}
    assert kept == {
        "size": ("number", "43.5"),
        "big": ("number", "12345678901234567891"),
        "tags": ("json", '["c",7]'),
    }


def test_a_person_is_put_into_a_segment_and_their_events_are_paged(server: Server, page: Page) -> None:
    (person,) = server.call("GET", "/api/clarion/v1/people?search=person-35@")["people"]
    rows = "".join(f"{person['id']},looked {no},{1_790_000_000 + no},{no}\r\n" for no in range(60))
    sent = server.send("/api/clarion/v1/uploads?name=events.csv", b"id,name,timestamp,page\r\n" + rows.encode())
    asked = {"upload_id": sent["upload"]["id"], "type": "event", "identifier": "id"}
    server.call("POST", "/api/clarion/v1/imports", body=asked)
    server.call("POST", "/v1/segments", "app_key", body={"segment": {"name": "Readers"}})
    page.goto(f"/people/cio_{person['cio_id']}?tab=segments")
    page.get_by_label("Put into a segment").select_option("Readers")
    page.get_by_role("button", name="Put in", exact=True).click()
    out = page.get_by_role("button", name="Take out of Readers")
    expect(out).to_be_visible()
    check_accessible(page)
    out.click()
    expect(out).to_have_count(0)
    page.goto("/imports")
    expect(page.get_by_role("row").filter(has_text="events.csv").get_by_text("done")).to_be_visible(timeout=30_000)
    page.goto(f"/people/cio_{person['cio_id']}")
    page.get_by_role("tab", name="Events").click()
    expect(page.get_by_text("looked 59")).to_be_visible()
    expect(page.get_by_text("looked 5", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_text("looked 5", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Older")).to_have_count(0)
    page.get_by_role("row").filter(has_text="looked 59").locator("summary").click()
    expect(page.get_by_text('"page": "59"')).to_be_visible()
    check_accessible(page)
    page.get_by_role("tab", name="Devices").click()
    expect(page.get_by_text("No devices")).to_be_visible()


def test_people_are_found_by_name_within_a_filter(server: Server, page: Page) -> None:
    (person,) = server.call("GET", "/api/clarion/v1/people?search=person-33@")["people"]
    changed = {"attributes": {"first_name": "Zenobia", "last_name": "Okafor", "shelf": "north"}}
    server.call("PATCH", f"/api/clarion/v1/people/cio_{person['cio_id']}", body=changed)
    page.goto("/people")
    page.get_by_label("Search").fill("oka zeno")
    row = page.get_by_role("row").filter(has_text="Zenobia Okafor")
    expect(row.get_by_role("link", name="person-33@example.com")).to_be_visible()
    for shelf, found in (("south", 0), ("north", 1)):
        condition = json.dumps({"attribute": {"field": "shelf", "operator": "eq", "value": shelf}})
        page.goto(f"/people?search=zenob&filter={quote(condition)}")
        expect(page.get_by_text(f"shelf is “{shelf}”")).to_be_visible()
        expect(row).to_have_count(found)
        expect(page.get_by_text("Nobody is found", exact=True)).to_have_count(1 - found)
        check_accessible(page)
    condition = json.dumps({"attribute": {"field": "city", "operator": "eq", "value": "Oslo"}})
    page.goto(f"/people?filter={quote(condition)}")
    first = page.get_by_role("table").get_by_role("link").first
    expect(page.get_by_role("row")).to_have_count(51)
    newest = first.inner_text()
    page.get_by_role("button", name="Next page").click()
    expect(page).to_have_url(re.compile("start="))
    expect(first).not_to_have_text(newest)
    page.get_by_role("button", name="First page").click()
    expect(first).to_have_text(newest)


def test_people_are_filtered_and_exported(page: Page) -> None:
    page.goto("/people")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_label("Attribute", exact=True).fill("city")
    page.get_by_label("Type of the value").select_option("number")
    page.get_by_label("Value", exact=True).press_sequentially("-1.5")
    expect(page.get_by_text("city is -1.5")).to_be_visible()
    page.get_by_label("Type of the value").select_option("text")
    page.get_by_label("Value", exact=True).fill("Oslo")
    expect(page.get_by_text("1,428 people")).to_be_visible()
    expect(page).to_have_url(re.compile("filter="))
    check_accessible(page)
    filtered = page.url
    page.get_by_role("button", name="Make a segment of them").click()
    dialog = page.get_by_role("dialog", name="Make a segment of them")
    dialog.get_by_label("Name").fill("Oslo people")
    expect(dialog.get_by_text("1,428 people")).to_be_visible()
    check_accessible(page)
    dialog.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", level=1, name="Oslo people")).to_be_visible()
    expect(page.get_by_text("1,428").first).to_be_visible()
    page.goto(filtered)
    page.get_by_role("button", name="Export them as CSV").click()
    expect(page.get_by_role("heading", level=1, name="Exports")).to_be_visible()
    download = page.get_by_role("button", name=re.compile("Download export")).first
    expect(download).to_be_visible(timeout=30_000)
    check_accessible(page)
    with page.expect_download() as file:
        download.click()
    lines = file.value.path().read_text("utf-8").splitlines()
    assert len(lines) == 1_429


def test_a_segment_is_made_and_filled(page: Page) -> None:
    page.goto("/segments")
    page.get_by_role("button", name="Make a manual segment").click()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("dialog").get_by_role("alert").or_(page.locator(".field-error"))).to_be_visible()
    page.get_by_label("Name").fill("Testers")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", level=1, name="Testers")).to_be_visible()
    page.get_by_role("button", name="Put people in or out").click()
    page.get_by_label("People", exact=True).fill("person-1, person-2 nobody-there")
    check_accessible(page)
    page.get_by_role("button", name="Put in 3 people").click()
    inside = page.get_by_role("table", name="People of this segment")
    expect(inside.get_by_role("link", name="person-2@example.com")).to_be_visible()
    expect(page.get_by_text("2 people", exact=True)).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("First testers")
    check_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1, name="First testers")).to_be_visible()
    page.goto("/segments")
    row = page.get_by_role("row").filter(has_text="First testers")
    expect(row.get_by_role("cell").nth(1)).to_have_text("2")
    check_accessible(page)
    row.get_by_role("link").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1, name="Segments")).to_be_visible()
    expect(page.get_by_role("link", name="Testers")).to_have_count(0)


def test_people_pages_fit_a_phone(phone: Page) -> None:
    for path, heading in (
        ("/people", "People"),
        ("/segments", "Segments"),
        ("/segments/1", "Premium"),
        ("/exports", "Exports"),
    ):
        phone.goto(path)
        expect(phone.get_by_role("heading", level=1, name=heading)).to_be_visible()
        check_fits(phone)
    phone.goto("/people?search=person-5")
    phone.get_by_role("link", name="person-5@example.com").click()
    expect(phone.get_by_role("tab", name="Attributes")).to_be_visible()
    check_fits(phone)


def test_recipients_are_told_with_who_gets_nothing(server: Server, page: Page) -> None:
    topic = server.call("POST", "/api/clarion/v1/subscription_topics", body={"name": "Weekly"})["topic"]["id"]
    body = {"name": "For few", "topic_id": topic, "recipients": {}}
    made = server.call("POST", "/api/clarion/v1/broadcasts", body=body)["broadcast"]["id"]
    for no, attributes in (
        (41, {"unsubscribed": True}),
        (42, {"cio_subscription_preferences": {"topics": {f"topic_{topic}": False}}}),
        (43, {}),
    ):
        (person,) = server.call("GET", f"/api/clarion/v1/people?search=person-{no}@")["people"]
        changed = {"attributes": {"few": "yes", **attributes}}
        server.call("PATCH", f"/api/clarion/v1/people/cio_{person['cio_id']}", body=changed)
    few = {"attribute": {"field": "few", "operator": "eq", "value": "yes"}}
    server.call("PATCH", f"/api/clarion/v1/broadcasts/{made}", body={"recipients": few})
    page.goto(f"/broadcasts/{made}/recipients")
    expect(page.get_by_text("3 people", exact=True)).to_be_visible()
    expect(page.get_by_text("1 of them will get it")).to_be_visible()
    expect(page.get_by_text("left out: 1 unsubscribed, 1 not subscribed to the topic.")).to_be_visible()
    check_accessible(page)
    page.goto(f"/broadcasts/{made}/review")
    expect(page.get_by_text("3 people now, 1 of them will get it")).to_be_visible()
