# SPDX-License-Identifier: Apache-2.0
"""A webhook is written: added to a workflow, with an error, mended, seen as the request that goes out."""

import json

from playwright.sync_api import Page, expect

from .conftest import Server
from .kit import check_accessible, check_fits, wait_until_saved

_ROOT = "/api/clarion/v1"


def test_a_webhook_is_written_and_its_request_seen(page: Page, server: Server) -> None:
    made = server.call("POST", f"{_ROOT}/broadcasts", body={"name": "CRM"})["broadcast"]
    page.goto(f"/broadcasts/{made['id']}/workflow")
    page.get_by_role("button", name="+ Webhook").click()
    expect(page.get_by_role("heading", level=1, name="Webhook")).to_be_visible()
    page.get_by_label("Method").select_option(label="PUT")
    page.get_by_role("textbox", name="URL").click()
    page.keyboard.insert_text("https://crm.example/{{ customer.id }}")
    page.get_by_role("button", name="+ Header").click()
    page.get_by_role("textbox", name="Name of header 1").fill("X-Token")
    page.get_by_role("textbox", name="Value of header 1").fill("s3cret")
    body = page.get_by_role("textbox", name="Body")
    body.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"who": "{{ customer.email }}", "what": {{ customer.nonsense }}}')

    faults = page.get_by_role("region", name="What needs fixing")
    expect(faults).to_contain_text("Variable 'customer.nonsense' is missing")
    expect(page.get_by_text("put it through | url_encode").first).to_be_attached()
    body.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text('{"who": "{{ customer.email }}", "what": {{ trigger.what }}}')
    expect(faults.get_by_text("nonsense")).to_have_count(0)
    request = page.get_by_role("region", name="The request as it will go out")
    expect(request).to_contain_text("PUT https://crm.example/")
    expect(request).to_contain_text("X-Token: s3cret")
    expect(request).to_contain_text("x-cio-idempotency-key: (the message's id)")
    expect(request).to_contain_text('"who": "')
    wait_until_saved(page)
    check_accessible(page)
    page.get_by_role("button", name="Send a test").click()
    dialog = page.get_by_role("dialog", name="Send a test")
    dialog.get_by_role("button", name="Call now").click()
    expect(dialog.get_by_role("status")).to_contain_text("kept in the outbox")
    check_accessible(page)
    dialog.get_by_role("button", name="Close").last.click()
    page.set_viewport_size({"width": 320, "height": 800})
    check_fits(page)

    stored = server.call("GET", f"{_ROOT}/broadcasts/{made['id']}")["broadcast"]["actions"][0]
    assert (stored["kind"], stored["method"], stored["url"]) == (
        "webhook",
        "put",
        "https://crm.example/{{ customer.id }}",
    )
    assert stored["headers"] == [{"name": "X-Token", "value": "s3cret"}]
    assert json.loads(stored["body"].replace("{{ trigger.what }}", "1"))["what"] == 1
