# SPDX-License-Identifier: Apache-2.0
"""Messages made of texts are written: an SMS with its cost and a test of it, a push with what is below the fold.

How each channel's message looks where it arrives."""

import base64
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Server, enter_demo
from .kit import check_accessible, check_fits, wait_until_saved, write
from .measures import observe, shifted

_ROOT = "/api/clarion/v1"


_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_SID = f"HX{7:032x}"
_BLOCKS = [
    {"type": "header", "text": {"type": "plain_text", "text": "Night bus"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "Hi *{{ customer.first_name }}* <https://a.example|Times>"}},
    {
        "type": "actions",
        "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}, "style": "danger"}],
    },
]
_LONG = "It runs again from Friday on, every twenty minutes until five in the morning. " * 5
# What is written, and what of it is seen as the person with the name Ada gets it.
_WRITTEN: dict[str, tuple[dict[str, str], list[str]]] = {
    "push": (
        {"title": "Bus for {{ customer.first_name }}", "message": _LONG},
        ["Bus for Ada", "the message is cut off"],
    ),
    "whatsapp": (
        {"body": f'{{"content_sid": "{_SID}", "variables": {{"1": {{{{ customer.first_name }}}}}}}}'},
        [f"Template {_SID}", "{{1}} Ada"],
    ),
    "in_app": ({"title": "For {{ customer.first_name }}", "body": "<script>parent.x=1</script>"}, ["For Ada", "Close"]),
    "inbox_message": (
        {"type": "news", "topic": "lines", "properties": '{"title": "For {{ customer.first_name }}", "line": 7}'},
        ["For Ada", "now · lines"],
    ),
    "slack": ({"body": "Short", "blocks": json.dumps(_BLOCKS), "username": "Bus"}, ["Night bus", "Hi Ada Times", "Go"]),
}


@pytest.mark.parametrize("kind", _WRITTEN)
def test_a_message_looks_as_where_it_arrives(kind: str, open_page: Any, server: Server) -> None:
    written, seen = _WRITTEN[kind]
    (person,) = server.call("GET", f"{_ROOT}/people?search=person-4321@")["people"]
    server.call("PATCH", f"{_ROOT}/people/cio_{person['cio_id']}", body={"attributes": {"first_name": "Ada"}})
    actions = [{"kind": kind, "name": "One", **written}]
    whom = {"attribute": {"field": "email", "operator": "eq", "value": "person-4321@example.com"}}
    body = {"name": f"Looks {kind}", "actions": actions, "recipients": whom}
    made = server.call("POST", f"{_ROOT}/broadcasts", body=body)["broadcast"]
    page: Page = open_page(server.url, tolerated="Blocked script execution|postMessage")
    enter_demo(page, server.url)
    observe(page)
    page.goto(f"/broadcasts/{made['id']}/actions/{made['actions'][0]['id']}")
    arrives = page.get_by_role("region", name="The message as it arrives")
    for words in seen:
        expect(arrives).to_contain_text(words)
    assert shifted(page) < 0.1
    if kind == "whatsapp":
        page.get_by_label("As it was approved").fill("Hello *{{1}}*, line {{2}}")
        expect(arrives.locator("strong")).to_have_text("Ada")
        expect(page.get_by_text("The template has a place for {{2}}")).to_be_visible()
    if kind == "in_app":
        expect(page.locator('iframe[data-front="true"]')).to_have_attribute("sandbox", "")
        assert page.evaluate("window.x") is None
    check_accessible(page)
    dark = page.get_by_role("checkbox", name="Dark")
    if dark.count():
        dark.check()
        expect(arrives).to_have_attribute("data-theme", "dark")
        check_accessible(page)
    page.set_viewport_size({"width": 320, "height": 800})
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(arrives).to_be_visible()
    check_fits(page)


def test_pictures_are_loaded_when_somebody_wants_them_and_tell_nobody_from_where(
    open_page: Any, server: Server
) -> None:
    blocks = [
        {"type": "image", "image_url": f"https://pictures.example/{name}.png", "alt_text": f"The {name}"}
        for name in ("map", "bus")
    ]
    actions = [{"kind": "slack", "name": "One", "body": "Short", "blocks": json.dumps(blocks), "recipient": "#lines"}]
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "Pictured", "actions": actions})["broadcast"]
    page: Page = open_page(server.url, tolerated="Failed to load resource|Blocked script execution|postMessage")
    asked: list[tuple[str, str | None]] = []

    def serve(route: Route) -> None:
        asked.append((route.request.url, route.request.headers.get("referer")))
        if "bus" in route.request.url:
            route.abort()
        else:
            route.fulfill(body=_PIXEL, content_type="image/png")

    page.context.route("https://pictures.example/**", serve)
    enter_demo(page, server.url)
    page.goto(f"/broadcasts/{made['id']}/actions/{made['actions'][0]['id']}")
    arrives = page.get_by_role("region", name="The message as it arrives")
    expect(arrives.get_by_role("img", name="The map")).to_be_visible()
    assert asked == []
    page.get_by_role("checkbox", name="Load images").check()
    for name in ("map", "bus"):
        frame = arrives.frame_locator(f'iframe[title="The {name}"]')
        expect(frame.get_by_role("img", name=f"The {name}")).to_be_visible()
        expect(frame.locator("img:visible")).to_have_count(1)
    assert {url for url, _ in asked} == {one["image_url"] for one in blocks}
    assert {referrer for _, referrer in asked} == {None}
    check_accessible(page)


def test_an_sms_is_written_counted_and_tried(page: Page, server: Server) -> None:
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "Texts"})["broadcast"]
    page.goto(f"/broadcasts/{made['id']}/workflow")
    page.get_by_role("button", name="+ SMS").click()
    expect(page.get_by_role("heading", level=1, name="SMS")).to_be_visible()
    faults = page.get_by_role("region", name="What needs fixing")
    expect(faults.get_by_role("listitem")).to_have_text(re.compile("^Text ?can not be blank$"))
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
    expect(page.get_by_text("165 characters in GSM-7: 2 segments, 141 more fit.")).to_be_visible()
    body.click()
    page.keyboard.press("End")
    page.keyboard.insert_text("’ж")
    expect(page.get_by_text("“’” (' would do) and “ж” are not in the alphabet of SMS")).to_be_visible()
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


def test_who_triggers_by_hand_sees_each_channel_s_message(page: Page, server: Server) -> None:
    actions = [
        {"kind": "sms", "name": "Short", "body": "{{ trigger.line }} runs"},
        {"kind": "slack", "name": "Told", "body": "*{{ trigger.line }}* runs", "recipient": "#lines"},
    ]
    whom = {"attribute": {"field": "email", "operator": "eq", "value": "person-4322@example.com"}}
    body = {"name": "By hand", "actions": actions, "recipients": whom}
    made = server.call("POST", f"{_ROOT}/broadcasts", body=body)["broadcast"]
    server.call("POST", f"{_ROOT}/broadcasts/{made['id']}/activate")
    page.goto(f"/broadcasts/{made['id']}")
    page.get_by_role("button", name="Trigger by hand").click()
    dialog = page.get_by_role("dialog", name="Trigger By hand")
    write(page, dialog.get_by_role("textbox", name="Data (JSON)"), '{"line": "N7"}')
    arrives = dialog.get_by_role("region", name="The message as it arrives")
    expect(arrives).to_have_text("N7 runs")
    expect(dialog.get_by_text("As person-4322@example.com")).to_be_visible()
    dialog.get_by_label("Message", exact=True).select_option(label="Told")
    expect(arrives.locator("strong").last).to_have_text("N7")
    check_accessible(page)
    page.set_viewport_size({"width": 320, "height": 800})
    check_fits(page)
