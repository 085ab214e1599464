# SPDX-License-Identifier: Apache-2.0
"""A message is written: with an error, mended, seen as somebody, checked for a hundred, sent to oneself."""

import re
import statistics
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Server, enter_demo
from .kit import WIDE, check_accessible, check_fits, wait_until_saved
from .measures import Scale, answer_times, observe, shifted

_ROOT = "/api/clarion/v1"
_MOST_BYTES = 300_000  # without the font
_MOST_SHIFT = 0.1
_ANSWER_MS = 200


@pytest.fixture
def message(server: Server) -> tuple[int, int]:
    """A broadcast with an e-mail that says hello."""
    action: dict[str, Any] = {
        "name": "Hello",
        "subject": "Hello",
        "body": "<h1>{{ trigger.headline }}</h1><p>{{ customer.email }}</p>{% unsubscribe_url %}",
        "from": "News <news@example.com>",
    }
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "Composed", "actions": [action]})
    return made["broadcast"]["id"], made["broadcast"]["actions"][0]["id"]


def _stored(server: Server, message: tuple[int, int]) -> Any:
    return server.call("GET", f"{_ROOT}/broadcasts/{message[0]}")["broadcast"]["actions"][0]


def _open(page: Page, message: tuple[int, int], query: str = "") -> None:
    page.goto(f"/broadcasts/{message[0]}/actions/{message[1]}{query}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".cm-editor").first).to_be_visible()


def _front(page: Page) -> Any:
    return page.frame_locator('iframe[data-front="true"]')


def test_a_message_is_written_mended_seen_and_sent(page: Page, server: Server, message: tuple[int, int]) -> None:
    _open(page, message)
    preview = page.get_by_role("region", name="Preview")
    expect(_front(page).get_by_role("heading", name="headline")).to_be_visible()  # made from the names used

    # An error is told with its place, and the preview stays as it was.
    body = page.get_by_role("textbox", name="Body")
    body.click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("\n<p>")
    page.keyboard.type("{{ customer.nonsense")
    page.keyboard.insert_text(" | upcase")
    faults = page.get_by_role("region", name="What needs fixing")
    expect(faults).to_contain_text("Variable 'customer.nonsense' is missing")
    expect(page.locator(".cm-lint-marker-error")).to_be_visible()
    expect(preview.get_by_text("shown as it was before")).to_be_visible()
    expect(_front(page).get_by_role("heading", name="headline")).to_be_visible()
    check_accessible(page)
    faults.get_by_role("button", name="Body, line 2").click()
    expect(body).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Control+ArrowRight")
    page.keyboard.insert_text(" | default: 'friend'")
    expect(faults).to_have_count(0)
    expect(_front(page).get_by_text("FRIEND")).to_be_visible()

    # The subject completes, and everything has been saved by itself.
    subject = page.get_by_role("textbox", name="Subject")
    subject.click()
    page.keyboard.press("End")
    page.keyboard.type(", {{ customer.ema")
    page.get_by_role("option", name="email").click()
    expect(preview.get_by_text("Hello, ").first).to_contain_text("@")
    wait_until_saved(page)
    assert _stored(server, message)["subject"].startswith("Hello, {{ customer.email")

    # Another person, other data, other views.
    first = preview.get_by_role("combobox", name="Shown as").input_value()
    preview.get_by_role("button", name="The next person").click()
    expect(preview.get_by_role("combobox", name="Shown as")).not_to_have_value(first)
    preview.get_by_role("tab", name="Sample data").click()
    data = preview.get_by_role("textbox", name="Sample data (JSON)")
    data.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"headline": "Typed by hand"}')
    preview.get_by_role("tab", name="Message").click()
    expect(_front(page).get_by_role("heading", name="Typed by hand")).to_be_visible()
    preview.get_by_label("Phone").check()
    preview.get_by_label("Dark").check()
    check_accessible(page)
    preview.get_by_role("tab", name="Plain text").click()
    expect(preview.get_by_role("region", name="Plain text of the message")).to_contain_text("Typed by hand")

    # A hundred people; then a test to oneself.
    page.get_by_role("button", name="Check 100 people").click()
    dialog = page.get_by_role("dialog", name="Check 100 people")
    expect(dialog.get_by_text("would be sent this")).to_be_visible()
    check_accessible(page)
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    page.get_by_role("button", name="Send a test").click()
    dialog = page.get_by_role("dialog", name="Send a test")
    dialog.get_by_label("To", exact=True).fill("me@example.com, you@example.com")
    dialog.get_by_role("button", name="Send 2 tests").click()
    expect(dialog.get_by_text("me@example.com: kept in the outbox")).to_be_visible()
    check_accessible(page)
    outbox = server.call("GET", f"{_ROOT}/outbox?recipient=me@example.com")
    assert outbox["messages"][-1]["subject"].startswith("[TEST] Hello, ")


def test_by_keyboard_alone_and_nothing_typed_is_lost(page: Page, server: Server, message: tuple[int, int]) -> None:
    _open(page, message, "?field=body&line=1")
    body = page.get_by_role("textbox", name="Body")
    expect(body).to_be_focused()  # where the link led
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("<p>kept</p>")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(body).not_to_be_focused()
    expect(_front(page).get_by_text("kept", exact=True)).to_be_visible()

    # The server cannot be reached: what is typed stays here, and is saved later.
    wait_until_saved(page)
    page.route("**/api/clarion/v1/broadcasts/*/actions/*", lambda route: route.fulfill(status=429, json={}))
    body.focus()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("<p>later</p>")
    expect(page.get_by_text("Not saved yet")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(1)  # the preview, which is rendered, says nothing of it
    page.once("dialog", lambda question: question.accept())
    page.reload()
    expect(page.get_by_text("What you typed before is here again")).to_be_visible()
    page.unroute("**/api/clarion/v1/broadcasts/*/actions/*")
    wait_until_saved(page)
    assert "<p>later</p>" in _stored(server, message)["body"]

    # Everything else by keys, too: undo, another person, the check, the test.
    page.get_by_role("button", name="Undo", exact=True).focus()
    body.focus()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("<p>undone</p>")
    expect(_front(page).get_by_text("undone")).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).focus()
    page.keyboard.press("Enter")
    expect(_front(page).get_by_text("undone")).to_have_count(0)
    expect(body).not_to_contain_text("undone")
    shown_as = page.get_by_role("combobox", name="Shown as")
    shown_as.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("person-17")
    expect(page.get_by_role("option", name="person-17@example.com")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(shown_as).to_have_value("person-17@example.com")
    expect(_front(page).get_by_text("person-17@example.com")).to_be_visible()
    page.get_by_role("tab", name="Message").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("region", name="Plain text of the message")).to_be_visible()
    check = page.get_by_role("button", name="Check 100 people")
    check.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("would be sent this")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(check).to_be_focused()


def test_tags_complete_and_close_in_the_body_alone(page: Page, message: tuple[int, int]) -> None:
    _open(page, message)
    body = page.get_by_role("textbox", name="Body")
    body.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type("<bl")
    page.get_by_role("option", name="blockquote").click()
    page.keyboard.type(">Our cus")  # words are no Liquid: Enter ends the line, and completes nothing
    page.keyboard.press("Enter")
    expect(body.locator(".cm-line")).to_have_text(["<blockquote>Our cus", re.compile("^ *</blockquote>$")])
    sender = page.get_by_role("textbox", name="From")
    sender.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("News <news@example.com>")
    expect(sender).to_have_text("News <news@example.com>")


def test_languages_and_a_phone(phone: Page, server: Server, message: tuple[int, int]) -> None:
    page = phone
    _open(page, message)
    check_fits(page)
    page.get_by_role("button", name="Add a language").click()
    page.get_by_label("Language tag").fill("not one")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_text("is not a language tag such as de or pt-BR")).to_be_visible()
    page.get_by_label("Language tag").fill("de")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Language")).to_have_value("de")
    subject = page.get_by_role("textbox", name="Subject")
    subject.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("Hallo")
    page.get_by_role("button", name="Preview", exact=True).click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_text("Hallo")).to_be_visible()
    check_fits(page)
    wait_until_saved(page)
    path = f"{_ROOT}/broadcasts/{message[0]}/actions/{message[1]}/languages/de"
    assert server.call("GET", path)["content"]["subject"] == "Hallo"
    assert _stored(server, message)["subject"] == "Hello"
    page.get_by_role("combobox", name="Language").select_option("")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(page.get_by_role("textbox", name="Subject")).to_have_text("Hello")


def test_it_is_light_still_and_answers_at_once(open_page: Any, server: Server, message: tuple[int, int]) -> None:
    page: Page = open_page(server.url, width=WIDE)
    enter_demo(page, server.url)
    observe(page)
    weight = Scale(page).weigh(f"/broadcasts/{message[0]}/actions/{message[1]}")
    expect(_front(page).get_by_role("heading", name="headline")).to_be_visible()
    assert weight.total() - weight["Font"] <= _MOST_BYTES, weight
    assert shifted(page) < _MOST_SHIFT
    body = page.get_by_role("textbox", name="Body")
    body.click()
    page.keyboard.type("some words that somebody types")
    expect(_front(page).get_by_text("some words that somebody types")).to_be_visible()
    assert statistics.median(answer_times(page) or [0.0]) < _ANSWER_MS


def test_url_parameters_are_set_for_all_messages_and_for_one(
    page: Page, server: Server, message: tuple[int, int]
) -> None:
    link = '<style>a {color: red}</style><a href="https://shop.example.com/">Shop</a>'
    path = f"{_ROOT}/broadcasts/{message[0]}/actions/{message[1]}"
    server.call("PATCH", path, body={"body": link})
    page.goto("/workspace")
    form = page.get_by_role("form", name="URL parameters")
    form.get_by_role("button", name="Fill in the usual ones").click()
    lines = form.get_by_label("Parameters")
    expect(lines).to_have_value(re.compile(r"^utm_source=clarion\n"))
    lines.fill("utm_campaign={{ campaign.name }}\nutm source=x")
    form.get_by_role("button", name="Save the URL parameters").click()
    expect(lines).to_have_accessible_description(re.compile("2: must be 1 to 100 letters"))
    lines.fill("utm_campaign={{ campaign.name }}")
    form.get_by_role("button", name="Save the URL parameters").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.get_by_label("Inline the styles of new e-mails").uncheck()
    with page.expect_response(lambda one: one.request.method == "PATCH") as saved:
        page.get_by_role("button", name="Save", exact=True).click()
    assert saved.value.json()["workspace"]["inline_css"] is False
    check_accessible(page)

    _open(page, message)  # it was there before
    shop = _front(page).get_by_role("link", name="Shop")
    expect(shop).to_have_attribute("href", "https://shop.example.com/?utm_campaign=Composed")
    expect(shop).to_have_attribute("style", "color: red")
    page.get_by_text("Sending", exact=True).click()
    page.get_by_label("URL parameters").select_option("This message's own")
    page.get_by_label("Parameters of this message").fill("ref={{ message.name }}\n")
    expect(shop).to_have_attribute("href", "https://shop.example.com/?ref=Hello")
    page.get_by_label("Inline styles").uncheck()
    expect(shop).not_to_have_attribute("style", "color: red")
    page.get_by_text("Recipient, reply-to, copies and headers").click()
    page.get_by_label("Bcc as messages of their own").check()
    wait_until_saved(page)
    stored = _stored(server, message)
    assert stored["url_parameters"] == [{"name": "ref", "value": "{{ message.name }}"}]
    assert (stored["inline_css"], stored["fake_bcc"]) == (False, True)
    check_accessible(page)


def test_files_are_attached_seen_renamed_and_removed(page: Page, server: Server, message: tuple[int, int]) -> None:
    _open(page, message)
    picker = page.get_by_label("Files to attach")
    prices: Any = {"name": "prices.pdf", "mimeType": "application/pdf", "buffer": b"%PDF" * 300_000}
    video: Any = {"name": "video.mp4", "mimeType": "video/mp4", "buffer": bytes(1_000_000)}
    picker.set_input_files([prices, video])
    files = page.get_by_role("list", name="Attachments", exact=True)
    expect(files.get_by_role("link", name="prices.pdf")).to_be_visible()
    expect(page.get_by_text("video.mp4 is too big")).to_be_visible()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("list", name="Attachments of the message")).to_contain_text("prices.pdf 1.2 MB")
    check_accessible(page)

    # A second one is dragged here; what is typed is saved beside it.
    page.locator(".attachments").evaluate(
        """(zone) => {
            const carried = new DataTransfer();
            carried.items.add(new File(["a,b"], "a.csv"));
            zone.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
        }"""
    )
    expect(files.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("textbox", name="Subject").click()
    page.keyboard.press("End")
    page.keyboard.insert_text(" you")
    wait_until_saved(page)
    page.get_by_role("button", name="Move a.csv up").click()
    expect(files.get_by_role("link").first).to_have_text("a.csv")
    page.get_by_role("button", name="Rename a.csv").click()
    dialog = page.get_by_role("dialog", name="Rename the attachment")
    dialog.get_by_label("Name").fill("prices.pdf")
    dialog.get_by_role("button", name="Rename").click()
    expect(dialog.get_by_text("there is an attachment of this name already")).to_be_visible()
    dialog.get_by_label("Name").fill("list.csv")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Remove prices.pdf").focus()
    page.keyboard.press("Enter")
    expect(files.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("button", name="Attach files")).to_be_focused()
    stored = _stored(server, message)
    assert (stored["subject"], [one["name"] for one in stored["attachments"]]) == ("Hello you", ["list.csv"])
