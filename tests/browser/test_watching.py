# SPDX-License-Identifier: Apache-2.0
"""A trigger is watched until it is done; what failed is sent again; one person's message is looked at."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Server
from .kit import check_accessible, check_fits

ROOT = "/api/clarion/v1"
_KYOTO = {"attribute": {"field": "city", "operator": "eq", "value": "Kyoto"}}
_FAILING = '<p>Hello {{ customer.first_name }}{% if customer.plan == "premium" %} {{ customer.shoe_size }}{% endif %}'
_MENDED = _FAILING.replace("customer.shoe_size", 'customer.shoe_size | default: "of any size"')


@pytest.fixture
def sent(server: Server) -> tuple[int, int]:
    """A broadcast that fails for premium people, triggered for those in Kyoto, slowly; its number and the trigger's."""
    broadcast = server.call("POST", f"{ROOT}/broadcasts", body={"name": "Shoes", "recipients": _KYOTO})["broadcast"][
        "id"
    ]
    mail = {"kind": "email", "name": "Mail", "subject": "Shoes", "from": "shop@example.com", "body": _FAILING}
    server.call("POST", f"{ROOT}/broadcasts/{broadcast}/actions", body=mail)
    server.call("POST", f"{ROOT}/broadcasts/{broadcast}/activate")
    made = server.call("POST", f"/v1/campaigns/{broadcast}/triggers", "app_key", {"data": {"size": "44"}})["id"]
    rate = {"rate": {"messages": 100, "per": "second"}}
    server.call("PUT", f"{ROOT}/triggers/{made}/control", body=rate)
    return broadcast, made


def mend(server: Server, broadcast: int, trigger: int) -> None:
    """The template gets a fallback, and the trigger with it."""
    (action,) = server.call("GET", f"{ROOT}/broadcasts/{broadcast}")["broadcast"]["actions"]
    path = f"{ROOT}/broadcasts/{broadcast}/actions/{action['id']}"
    server.call("PATCH", path, body={"body": _MENDED})
    server.call("POST", f"{ROOT}/triggers/{trigger}/apply_content", body={})


def test_a_send_is_watched_to_its_end(page: Page, phone: Page, server: Server, sent: tuple[int, int]) -> None:
    broadcast, trigger = sent
    page.goto(f"/triggers/{trigger}")
    expect(page.get_by_role("heading", level=1, name=f"Trigger {trigger}")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Waits it is paused")).to_be_visible()
    check_accessible(page)
    page.get_by_role("button", name="Rate and priority").click()
    dialog = page.get_by_role("dialog", name="Rate and priority")
    check_accessible(page)
    dialog.get_by_label("Speed").select_option(label="As fast as it goes")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("100 %")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Send to who joined since").click()
    expect(page.get_by_role("dialog", name="Send to who joined since?")).to_be_visible()
    page.keyboard.press("Escape")

    row = page.get_by_role("row", name=re.compile("could not be rendered"))
    expect(row).to_contain_text("shoe_size")
    expect(row).to_contain_text("238 messages")
    with page.expect_download() as download:
        row.get_by_role("link", name=re.compile("CSV")).click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + 238
    mend(server, broadcast, trigger)
    row.get_by_role("button", name=re.compile("Send again")).click()
    expect(page.get_by_role("dialog", name="Send again to these?")).to_contain_text("238 messages")
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    expect(page.get_by_text("Everything was sent")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("100 %")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("to those who failed"))).to_contain_text("238")
    check_accessible(page)

    page.get_by_role("link", name="Deliveries", exact=True).last.click()
    page.get_by_label("Person").fill("person-5@example.com")
    page.get_by_label("State").select_option(label="Sent")
    expect(page.get_by_text("No deliveries")).to_be_visible()
    page.get_by_label("Through").select_option(label="outbox (Webhook)")
    page.get_by_label("Person").fill("person-71@example.com")
    expect(page.get_by_text("No deliveries")).to_be_visible()
    page.get_by_label("Through").select_option(label="outbox (E-mail)")
    expect(page.get_by_role("row").filter(has_text="person-71@example.com")).to_contain_text("outbox")
    page.get_by_role("link", name="person-71@example.com").click()
    look_at_a_message(page)
    look_at_reports(page, broadcast, trigger)
    for path in (f"/triggers/{trigger}", "/deliveries", f"/broadcasts/{broadcast}/sends", "/performance"):
        phone.goto(path)
        expect(phone.get_by_role("status", name="Loading")).to_have_count(0)
        expect(phone.get_by_role("heading", level=1)).to_be_visible()
        check_fits(phone)


def look_at_a_message(page: Page) -> None:
    """The timeline, the data and the message of the one that is open."""
    expect(page.get_by_role("heading", level=1, name="person-71@example.com")).to_be_visible()
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="In the audience")).to_be_visible()
    expect(page.get_by_text('"size": "44"')).to_be_visible()
    frame: Any = page.frame_locator('iframe[title="Message to person-71@example.com"]')
    expect(frame.get_by_text("of any size")).to_be_visible()
    check_accessible(page)


def look_at_reports(page: Page, broadcast: int, trigger: int) -> None:
    """The history and the charts."""
    page.goto(f"/broadcasts/{broadcast}/sends")
    expect(page.get_by_role("link", name=re.compile("202"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(f"{trigger} by"))).to_contain_text("1,429")
    check_accessible(page)
    with page.expect_request(re.compile("/metrics[?]period=days&steps=14&tz=Europe%2FBerlin$")):  # the browser's
        page.goto(f"/broadcasts/{broadcast}/metrics")
    chart = page.get_by_role("slider", name=re.compile("What became of the messages"))
    chart.focus()
    page.keyboard.press("End")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("Sent 1,429"))
    page.get_by_text("Show as table").first.click()
    expect(page.get_by_role("table", name="What became of the messages")).to_be_visible()
    check_accessible(page)


def doubtful(trigger: int) -> dict[str, Any]:
    """A trigger whose provider went away in the middle, as the server tells it."""
    numbers = dict.fromkeys(("drafted", "stopped"), 0)
    numbers |= {"accounts": 20, "made": 12, "handed_over": 12, "sent": 9, "failed": 1, "skipped": 2, "in_doubt": 2}
    away = {
        "what": "provider",
        "meaning": "the provider takes nothing at present",
        "until": 4_000_000_000,
        "words": "451",
    }
    return {
        "id": trigger, "broadcast": {"id": 1, "name": "Shoes"}, "state": "sending", "failure": None, "running": True,
        "repeating": False, "paused": False, "selector": "ids", "triggered_by": "Ann", "created_at": 1_796_000_000,
        "processed_at": None, "scheduled_at": None, "expires_at": None, "priority": 3, "pace": None, "changed_by": "Bo",
        "resolved": {"people": 20, "expected": 22, "share": 1.0, "done": True, "errors": 0}, "recipients": 18,
        "numbers": {**numbers, "left": 6}, "reasons": {}, "rate": 2.5, "estimated_end_at": None, "held_back": [away],
        "handed_over_at": [[1_796_000_000, 0], [1_796_000_005, 5], [1_796_000_010, 12]],
    }  # fmt: skip


def answering(answer: object) -> Callable[[Route], None]:
    """Answers every call in the server's place."""
    return lambda route: route.fulfill(json=answer)


def test_what_is_in_doubt_is_decided_by_somebody(page: Page) -> None:
    """The server's answers are made up here: a provider that goes away takes a minute to be noticed."""
    trigger, decided = 987, []
    person = {"id": "p1", "email": "p1@x.test", "cio_id": "010000000001"}
    account = {"id": "AAAA", "person": person, "state": "in_doubt", "words": None, "meaning": "no answer came"}
    one = {**account, "attempted_at": 1_796_000_000}
    other = {**one, "id": "BBBB", "person": {**person, "email": "p2@x.test"}}
    badges = {"running_triggers": 1, "drafts": 0, "in_doubt": 2}
    answers = {
        "**/progress?ids=*": {"triggers": [doubtful(trigger)], "badges": badges},
        f"**/triggers/{trigger}/deliveries?*": {"deliveries": [one, other], "next": ""},
        f"**/triggers/{trigger}/causes": {"groups": []},
        f"**/triggers/{trigger}/history": {"again": []},
        f"**/triggers/{trigger}/actions": {"actions": [], "goal": None},
    }
    for pattern, answer in answers.items():
        page.route(pattern, answering(answer))

    def decide(route: Route) -> None:
        decided.append(route.request.post_data_json)
        route.fulfill(json={"settled": 1, "not_in_doubt": []})

    page.route(f"**/triggers/{trigger}/in_doubt", decide)
    page.goto(f"/triggers/{trigger}")
    expect(page.get_by_text("the provider takes nothing at present")).to_be_visible()
    expect(page.get_by_text("70 %")).to_be_visible()
    expect(page.get_by_text("20 of 22")).to_be_visible()
    page.get_by_label("Choose p2@x.test").check()
    page.get_by_role("button", name="They were sent").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 message.")
    check_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="They were sent").click()
    expect(page.get_by_text("Decided about 1 message")).to_be_visible()
    page.get_by_role("button", name="Send them again").click()
    page.get_by_role("dialog").get_by_role("button", name="Send them again").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert decided == [{"as": "sent", "delivery_ids": ["BBBB"]}, {"as": "resend", "delivery_ids": "all"}]


def test_what_a_message_went_through(page: Page, phone: Page) -> None:
    """Answers that are made up: the demo's provider takes everything at once."""
    about = {"webhook": {"id": 1, "name": "Warehouse"}, "endpoint": "https://w.test/events", "event": "email_sent"}
    tried = {"result": "retry", "worker": "mail-1/4711", "code": 451, "text": "4.7.1 try again later"}
    moments = [
        ("matched", None, {}),
        ("attempt", "451 4.7.1 try again later", tried),
        ("sent", "250 2.0.0 queued as 7F", {"code": 250, "text": "2.0.0 queued as 7F", "worker": None}),
        ("report", "Service Unavailable", {**about, "result": "failed", "attempt": 1, "status": 503}),
        ("report", None, {**about, "result": "taken", "attempt": 2, "status": 204}),
    ]
    timeline = [{"at": 1_796_000_000 + no, "what": w, "words": s, "detail": d} for no, (w, s, d) in enumerate(moments)]
    delivery = {
        "id": "AAAA",
        "person": {"id": "p1", "email": "p1@x.test", "cio_id": "010000000001"},
        "broadcast": {"id": 1, "name": "Spring"},
        "action": {"id": 1, "name": "Mail"},
        "state": "sent",
        "reason": None,
        "recipient": "p1@x.test",
        "attempts": 2,
        "again": 0,
        "place": 7,
        "trigger_id": 1,
        "attachments": [],
        "data": {},
        "data_removed_at": None,
        "timeline": timeline,
    }
    for opened in (page, phone):
        opened.route(f"**{ROOT}/deliveries/AAAA", answering({"delivery": delivery}))
        opened.route("**/deliveries/AAAA/html?*", lambda route: route.fulfill(content_type="text/html", body="<p>Hi"))
        opened.goto("/deliveries/AAAA")
        items = opened.get_by_role("listitem")
        expect(items.filter(has_text="Attempt failed")).to_contain_text("451 4.7.1 try again later")
        expect(items.filter(has_text="Attempt failed")).to_contain_text("by mail-1/4711")
        expect(items.filter(has_text="Warehouse did not take email_sent, attempt 1")).to_contain_text("503")
        expect(items.filter(has_text="Warehouse was told: email_sent, attempt 2")).to_contain_text(
            "https://w.test/events"
        )
        check_fits(opened)
    check_accessible(page)
