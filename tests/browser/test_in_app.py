# SPDX-License-Identifier: Apache-2.0
"""In-app messages on a page that has our script: shown, clicked, dismissed; what they bring runs no script."""

import itertools
from typing import Any

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible

_numbers = itertools.count(1)


def send(server: Server, person: str, action: dict[str, Any]) -> str:
    """An in-app message to one person, when it is there; its delivery id."""
    name = f"in-app-{next(_numbers)}"
    body = {"name": "App", "kind": "transactional", "trigger_name": name, "actions": [{"kind": "in_app", **action}]}
    number = server.call("POST", "/api/clarion/v1/broadcasts", body=body)["broadcast"]["id"]
    server.call("POST", f"/api/clarion/v1/broadcasts/{number}/activate")
    asked = {"transactional_message_id": name, "identifiers": {"id": person}}
    delivery_id: str = server.call("POST", "/v1/send/in_app", "app_key", asked)["delivery_id"]
    return delivery_id


def test_a_message_is_shown_clicked_and_dismissed(open_page: Any, server: Server) -> None:
    page: Page = open_page(server.url, tolerated="script|img-src")  # the browser says that it did not run the message's
    body = (
        '<p>New <a href="/docs">night lines</a></p>'
        "<script>parent.document.title = 'taken over'</script><img src=\"x\" onerror=\"parent.document.title='taken'\">"
    )
    delivery_id = send(server, "person-31", {"title": "From Friday on", "body": body, "page_rule": "/demo/*"})
    page.goto("/demo/in-app?person=person-31")
    dialog = page.get_by_role("dialog", name="From Friday on")
    expect(dialog).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="From Friday on")).to_be_visible()
    expect(page).to_have_title("An app with messages")
    with (
        page.expect_response(lambda answer: answer.url.endswith("/clicked")) as told,
        page.context.expect_page() as other,
    ):
        page.frame_locator("iframe").get_by_role("link", name="night lines").click()
    other.value.close()
    assert told.value.status == 204
    check_accessible(page)
    with page.expect_response(lambda answer: answer.url.endswith("/dismissed")) as told:
        page.keyboard.press("Escape")
    assert told.value.status == 204
    expect(dialog).to_have_count(0)
    metrics = server.call("GET", f"/v1/messages/{delivery_id}", "app_key")["message"]["metrics"]
    assert {"opened", "clicked"} <= metrics.keys()
    with page.expect_response(lambda answer: answer.url.endswith("/in_app/messages")) as told:
        page.reload()
    assert told.value.json() == {"messages": []}


def test_nobody_is_nobody(open_page: Any, server: Server) -> None:
    page: Page = open_page(server.url)
    page.goto("/demo/in-app?person=%3Cb%3Enobody")
    expect(page.get_by_text("There is nobody by this id.")).to_be_visible()
    expect(page.get_by_label("Signed in:")).to_have_value("<b>nobody")
