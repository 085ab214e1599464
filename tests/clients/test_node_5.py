# SPDX-License-Identifier: Apache-2.0
"""`customerio-node` 5 from npm, unmodified: every method that has a counterpart here, and a word for the others."""

import itertools
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from .drivers import NodeDriver, processed
from .node import Node, NodeError, clients
from .servers import Server
from .shapes import DATA, Files

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

_names = itertools.count(1)
_BROADCAST_KEYS = {
    "id", "deduplicate_id", "name", "type", "created", "updated", "active", "state", "actions", "msg_template_ids",
    "first_started", "tags",
}  # fmt: skip
_ACTION_KEYS = {
    "id", "broadcast_id", "deduplicate_id", "name", "created", "updated", "type", "sending_state", "layout", "language",
    "body", "body_amp", "subject", "preheader_text", "recipient", "from", "from_id", "reply_to", "reply_to_id", "cc",
    "bcc", "fake_bcc", "preprocessor", "headers",
}  # fmt: skip
_MESSAGE_KEYS = {
    "id", "deduplicate_id", "type", "customer_id", "customer_identifiers", "recipient", "subject", "created", "metrics",
    "failure_message", "newsletter_id", "broadcast_id", "campaign_id", "content_id", "action_id", "parent_action_id",
    "trigger_event_id", "msg_template_id", "message_template_id", "forgotten",
}  # fmt: skip
_SEGMENT_KEYS = {"id", "deduplicate_id", "name", "description", "state", "progress", "type", "tags"}


@pytest.fixture
def somebody() -> str:
    """An id that needs encoding and that nobody has."""
    return f"node/{next(_names)} %2F+ü?#"


@pytest.fixture
def email(somebody: str) -> str:
    """An address that nobody has."""
    return f"node+{somebody.split(maxsplit=1)[0].removeprefix('node/')}@example.net"


def status_of(node: Node, client: str, method: str, *arguments: object) -> int | None:
    """The status that a call fails with; the client must have found a sentence to print."""
    with pytest.raises(NodeError) as caught:
        getattr(node, client)(method, *arguments)
    assert caught.value.name == "CustomerIORequestError"
    assert caught.value.message != "Unknown error"
    return caught.value.status


def test_identify_and_attributes(node5: Node, somebody: str, email: str) -> None:
    attributes = {"email": email, "first_name": "Zoë", "vip": True, "points": 12, "created_at": 1_700_000_000}
    assert node5.track("identify", somebody, attributes) == {}
    found = node5.app("getAttributes", somebody)["customer"]
    assert found.keys() == {"id", "identifiers", "attributes", "timestamps", "unsubscribed", "devices"}
    assert found["id"] == somebody
    assert found["attributes"]["vip"] == "true"
    assert found["attributes"]["points"] == "12"
    assert found["attributes"]["created_at"] == "1700000000"
    identifiers = found["identifiers"]
    assert node5.app("getAttributes", email.upper(), "email")["customer"] == found
    assert node5.app("getAttributes", f"cio_{identifiers['cio_id']}", "cio_id")["customer"] == found
    assert node5.app("getCustomersByEmail", email) == {"results": [identifiers]}
    assert node5.app("getCustomersByEmail", "nobody@example.org") == {"results": []}
    many = node5.app("getCustomersAttributes", [somebody, "nobody at all"])
    assert many == {"customers": [{"customer": found}]}
    assert status_of(node5, "app", "getAttributes", "nobody at all") == 404


def test_identify_by_email(node5: Node, email: str) -> None:
    assert node5.track("identify", email, {"first_name": "Ada"}) == {}
    assert node5.app("getAttributes", email, "email")["customer"]["attributes"]["first_name"] == "Ada"


def test_destroy_suppress_and_unsuppress(node5: Node, somebody: str) -> None:
    assert node5.track("identify", somebody, {"plan": "free"}) == {}
    assert node5.track("destroy", somebody) == {}
    assert status_of(node5, "app", "getAttributes", somebody) == 404
    node5.track("identify", somebody, {})
    assert node5.track("suppress", somebody) == {}
    assert node5.track("identify", somebody, {}) == {}
    assert status_of(node5, "app", "getAttributes", somebody) == 404
    assert node5.track("unsuppress", somebody) == {}
    node5.track("identify", somebody, {})
    assert node5.app("getAttributes", somebody)["customer"]["id"] == somebody


def test_events(node5: Node, somebody: str) -> None:
    node5.track("identify", somebody, {})
    event = {"name": "bought", "id": "01C4MWKQA9XTFNYR68QB7JJ0XA", "timestamp": 1_700_000_000, "data": {"price": 1}}
    assert node5.track("track", somebody, event) == {}
    assert node5.track("trackPageView", somebody, "https://nightbus.example/lines") == {}
    assert status_of(node5, "track", "track", somebody, {"name": "x" * 101}) == 400


def test_devices(node5: Node, somebody: str) -> None:
    node5.track("identify", somebody, {})
    assert node5.track("addDevice", somebody, "a/b c", "android", {"last_used": 1_700_000_000, "os": "15"}) == {}
    assert node5.track("addDevice", somebody, "second", "ios") == {}
    devices = {one["id"]: one for one in node5.app("getAttributes", somebody)["customer"]["devices"]}
    expected = {"id": "a/b c", "platform": "android", "last_used": 1_700_000_000, "attributes": {"os": "15"}}
    assert devices["a/b c"] == expected
    assert devices["second"]["platform"] == "ios"
    assert node5.track("deleteDevice", somebody, "a/b c") == {}
    assert [one["id"] for one in node5.app("getAttributes", somebody)["customer"]["devices"]] == ["second"]


def test_v2_entity_and_batch(node5: Node, somebody: str) -> None:
    person = {"type": "person", "identifiers": {"id": somebody}}
    assert node5.track("entity", {**person, "action": "identify", "attributes": {"plan": "plus"}}) == {}
    event = {**person, "action": "event", "name": "bought"}
    assert node5.track("batch", [event, {**person, "action": "identify", "attributes": {"plan": "premium"}}]) == {}
    assert node5.app("getAttributes", somebody)["customer"]["attributes"]["plan"] == "premium"
    [error] = node5.track("batch", [event, {**person, "action": "dance"}])["errors"]
    assert error["batch_index"] == 1
    assert status_of(node5, "track", "entity", {**person, "action": "dance"}) == 400


def test_the_region_of_a_key(node5: Node, plain: Server) -> None:
    found = node5.track("getAccountRegion")
    assert found["url"] == plain.url
    assert found["region"] == "us"


def test_segments(node5: Node, somebody: str, email: str) -> None:
    node5.track("identify", somebody, {"email": email})
    [identifiers] = node5.app("getCustomersByEmail", email)["results"]
    segment = node5.app("createSegment", {"name": f"Of {somebody}", "description": "d"})["segment"]
    number = segment["id"]
    assert segment.keys() == _SEGMENT_KEYS
    assert segment["type"] == "manual"
    assert segment["state"] == "finished"
    assert node5.app("getSegment", str(number)) == {"segment": segment}
    assert segment in node5.app("listSegments")["segments"]
    assert node5.app("getSegmentCustomerCount", number) == {"count": 0}

    cio_id = f"cio_{identifiers['cio_id']}"
    for kind, name in (("id", somebody), ("email", email), ("cio_id", cio_id)):
        assert node5.track("addCustomersToSegment", number, [name, "nobody"], kind) == {}
        assert node5.app("getSegmentCustomerCount", number) == {"count": 1}
        assert node5.track("removeCustomersFromSegment", number, [name, "nobody"], kind) == {}
        assert node5.app("getSegmentCustomerCount", number) == {"count": 0}
    node5.track("addCustomersToSegment", number, [somebody])
    membership = node5.app("getSegmentMembership", number, {"limit": 10})
    assert membership == {"ids": [somebody], "identifiers": [identifiers], "next": ""}
    [mine] = node5.app("getCustomerSegments", somebody)["segments"]
    assert mine == {"id": str(number), "name": f"Of {somebody}", "description": "d"}
    used = node5.app("getSegmentUsedBy", number)
    assert used == {"used_by": {"campaigns": [], "sent_newsletters": [], "draft_newsletters": []}}

    assert node5.app("deleteSegment", number) == {}
    assert status_of(node5, "app", "getSegment", number) == 404
    assert status_of(node5, "app", "getSegment", "seven") == 400


def test_a_segment_that_a_broadcast_names_is_used(node5: Node, plain: Server) -> None:
    number = node5.app("createSegment", {"name": "Used"})["segment"]["id"]
    broadcast_id = plain.broadcast({"segment": {"id": number}})
    assert node5.app("getSegmentUsedBy", number)["used_by"]["campaigns"] == [broadcast_id]
    assert status_of(node5, "app", "deleteSegment", number) == 400


def test_membership_in_pages(node5: Node, plain: Server) -> None:
    number = plain.segment_ids[2]
    count = node5.app("getSegmentCustomerCount", number)["count"]
    ids: list[str] = []
    start = ""
    for _ in range(10):
        page = node5.app("getSegmentMembership", number, {"start": start, "limit": 500})
        assert len(page["ids"]) <= 500
        ids += page["ids"]
        start = page["next"]
        if not start:
            break
    assert not start
    assert len(ids) == len(set(ids)) == count > 1_000


def test_search_customers(node5: Node, plain: Server) -> None:
    city = {"attribute": {"field": "city", "operator": "eq", "value": "Kyoto"}}
    premium = {"attribute": {"field": "plan", "operator": "eq", "value": "premium"}}
    condition = {"and": [city, {"segment": {"id": plain.segment_ids[1]}}, {"not": {"or": [premium]}}]}
    first = node5.app("searchCustomers", condition, {"limit": 3})
    assert len(first["ids"]) == len(first["identifiers"]) == 3
    second = node5.app("searchCustomers", condition, {"limit": 3, "start": first["next"]})
    assert not set(first["ids"]) & set(second["ids"])
    for one in node5.app("getCustomersAttributes", first["ids"] + second["ids"])["customers"]:
        attributes = one["customer"]["attributes"]
        assert attributes["city"] == "Kyoto"
        assert attributes["likes_trains"] == "true"
        assert attributes["plan"] != "premium"
    assert status_of(node5, "app", "searchCustomers", {"attribute": {"field": "city", "operator": "like"}}) == 422


def test_snippets(node5: Node) -> None:
    made = node5.app("createSnippet", {"name": "node five", "value": "<p>one</p>"})["snippet"]
    assert made.keys() == {"name", "value", "updated_at"}
    assert status_of(node5, "app", "createSnippet", {"name": "node five", "value": "again"}) == 409
    changed = node5.app("updateSnippet", {"name": "node five", "value": "<p>two</p>"})["snippet"]
    assert changed["value"] == "<p>two</p>"
    assert changed in node5.app("getSnippets")["snippets"]
    assert node5.app("deleteSnippet", "node five") == {}
    assert status_of(node5, "app", "deleteSnippet", "node five") == 404
    assert status_of(node5, "app", "deleteSnippet", "footer") == 400


def test_broadcasts_and_actions(node5: Node, plain: Server) -> None:
    found = node5.app("getBroadcast", plain.broadcast_id)["broadcast"]
    assert found.keys() >= _BROADCAST_KEYS
    assert found["type"] == "triggered_broadcast"
    assert found["state"] == "running"
    assert found["active"] is True
    assert found in node5.app("listBroadcasts")["broadcasts"]
    [action] = node5.app("getBroadcastActions", plain.broadcast_id)["actions"]
    assert action.keys() >= _ACTION_KEYS
    assert found["actions"] == [{"id": action["id"], "type": "email"}]
    assert action["headers"] == "[]"
    assert node5.app("getBroadcastAction", plain.broadcast_id, action["id"]) == {"action": action}
    assert status_of(node5, "app", "getBroadcast", 999_999) == 404
    assert status_of(node5, "app", "getBroadcastAction", plain.broadcast_id, 999_999) == 404


def test_the_demo_broadcast_reaches_its_people(node5: Node, plain: Server) -> None:
    data = {"headline": "THE NIGHT BUS", "date": 1_796_040_000, "deals": [{"title": "Lisbon", "price": 149}]}
    ids = ["person-5", "person-10"]
    trigger_id = node5.app("triggerBroadcast", plain.broadcast_id, data, {"ids": ids})["id"]
    processed(plain, NodeDriver(node5), plain.broadcast_id, trigger_id)
    for one in ids:
        attributes = node5.app("getAttributes", one)["customer"]["attributes"]
        [mail] = plain.mails(f"{one}@example.com")
        assert mail.subject == f"{attributes['first_name']}, the night bus"
        assert "Lisbon" in mail.html
        assert attributes["city"] in mail.html


def test_a_trigger_without_arguments_takes_the_default_audience(node5: Node, plain: Server, somebody: str) -> None:
    email = f"default{next(_names)}@example.net"
    node5.track("identify", somebody, {"email": email, "only": email})
    condition = {"attribute": {"field": "only", "operator": "eq", "value": email}}
    broadcast_id = plain.broadcast(condition, subject="Plain", body="<p>{{ customer.id }}</p>")
    trigger_id = node5.app("triggerBroadcast", broadcast_id)["id"]
    assert processed(plain, NodeDriver(node5), broadcast_id, trigger_id)["recipients_count"] == 1
    assert [mail.subject for mail in plain.mails(email)] == ["Plain"]


def test_messages(node5: Node, plain: Server) -> None:
    broadcast_id = plain.broadcast({})
    ids = [f"person-{number}" for number in range(21, 26)]
    # The second has no voucher to greet with: their message fails, the others do not.
    body = "<p>{{ trigger.voucher }}</p>"
    strict_id = plain.broadcast({}, body=body)
    entries: list[dict[str, Any]] = [{"id": one, "data": {"voucher": one}} for one in ids]
    del entries[1]["data"]
    data = {"headline": "hello"}
    trigger_id = node5.app("triggerBroadcast", strict_id, data, {"per_user_data": entries})["id"]
    processed(plain, NodeDriver(node5), strict_id, trigger_id)

    wanted = {"campaign_id": strict_id, "trigger_id": trigger_id, "limit": 2}
    messages: list[dict[str, Any]] = []
    for _ in range(5):
        page = node5.app("getMessages", wanted)
        messages += page["messages"]
        if not page["next"]:
            break
        wanted["start"] = page["next"]
    by_person = {one["customer_id"]: one for one in messages}
    assert sorted(by_person) == ids
    assert len(messages) == 5
    for one in messages:
        assert one.keys() >= _MESSAGE_KEYS
        assert one["type"] == "email"
    failed = by_person[ids[1]]
    assert failed["metrics"].keys() >= {"created", "failed"}
    assert "voucher" in failed["failure_message"]
    sent = by_person[ids[0]]
    assert sent["metrics"].keys() == {"created", "attempted", "sent"}

    assert node5.app("getMessage", sent["id"]) == {"message": sent}
    only = {"campaign_id": strict_id, "metric": "failed"}
    assert [one["id"] for one in node5.app("getMessages", only)["messages"]] == [failed["id"]]
    of_broadcast = node5.app("getBroadcastMessages", strict_id, {"metric": "sent", "get_tracked_responses": True})
    assert {one["customer_id"] for one in of_broadcast["messages"]} == {*ids} - {ids[1]}
    assert all(one["tracked_responses"] == {} for one in of_broadcast["messages"])
    assert node5.app("getBroadcastMessages", broadcast_id) == {"messages": [], "next": ""}
    assert status_of(node5, "app", "getMessage", "no-such-delivery=") == 404
    assert status_of(node5, "app", "getMessages", {"trigger_id": trigger_id}) == 400


def test_unsubscribe_by_a_delivery(node5: Node, plain: Server, somebody: str, email: str) -> None:
    node5.track("identify", somebody, {"email": email, "first_name": "Ada"})
    driver = NodeDriver(node5)
    broadcast_id = plain.broadcast({})
    first = node5.app("triggerBroadcast", broadcast_id, DATA, {"ids": [somebody]})["id"]
    processed(plain, driver, broadcast_id, first)
    [mail] = plain.mails(email)
    assert node5.track("unsubscribe", mail.delivery_id) == {}
    assert node5.app("getAttributes", somebody)["customer"]["unsubscribed"] is True

    second = node5.app("triggerBroadcast", broadcast_id, DATA, {"ids": [somebody]})["id"]
    processed(plain, driver, broadcast_id, second)
    [message] = node5.app("getMessages", {"campaign_id": broadcast_id, "trigger_id": second})["messages"]
    assert "undeliverable" in message["metrics"]
    assert "unsubscribed" in message["failure_message"]
    assert len(plain.mails(email)) == 1
    triggers = node5.app("getBroadcastTriggers", broadcast_id)["triggers"]
    assert [one["id"] for one in triggers] == [second, first]
    assert status_of(node5, "track", "unsubscribe", "no-such-delivery") == 400


def test_wrong_triggers_are_refused_with_a_sentence(node5: Node, plain: Server, files: Files) -> None:
    number = plain.broadcast_id
    assert status_of(node5, "app", "triggerBroadcast", 999_999, {}) == 404
    assert status_of(node5, "app", "triggerBroadcast", "seven", {}) == 400
    assert status_of(node5, "app", "triggerBroadcast", number, {}, {"segment": {"id": 999_999}}) == 422
    assert status_of(node5, "app", "triggerBroadcast", number, {}, {"per_user_data": [{"name": "x"}]}) == 422
    assert status_of(node5, "app", "triggerBroadcast", number, {}, {"data_file_url": "ftp://x"}) == 422
    assert status_of(node5, "app", "triggerBroadcast", number, {"x": "x" * 50_001}) == 422
    assert status_of(node5, "app", "getBroadcastTriggerStatus", number, 999_999) == 404
    assert status_of(node5, "app", "getBroadcastTriggerErrors", number, 999_999) == 404


def test_bad_lines_of_a_data_file_are_told_and_fail_it(node5: Node, plain: Server, files: Files) -> None:
    lines = ['{"id": "person-31"}', "", "{broken", '{"data": {}}', '{"id": "nobody at all"}', '{"id": "person-32"}']
    broadcast_id = plain.broadcast({})
    url = files.put("bad.jsonl", "\ufeff" + "\n".join(lines), compressed=True)
    trigger_id = node5.app("triggerBroadcast", broadcast_id, DATA, {"data_file_url": url})["id"]
    status = processed(plain, NodeDriver(node5), broadcast_id, trigger_id)
    assert status["data_file_error_count"] == 3
    found = node5.app("getBroadcastTriggerErrors", broadcast_id, trigger_id, {"limit": 50})["errors"]
    assert [sentence.partition(":")[0] for sentence in found] == ["line 3", "line 4", "line 5"]
    assert found[2] == 'line 5: customer id "nobody at all" not found'


def test_wrong_keys_are_401(node: str, plain: Server) -> None:
    wrong = replace(plain, app_key="wrong", track_key="wrong")
    with clients(node, "customerio-node", wrong) as stranger:
        assert status_of(stranger, "track", "identify", "x", {}) == 401
        assert status_of(stranger, "app", "listBroadcasts") == 401


def test_answers_do_not_wait_for_an_acknowledgement(node5: Node) -> None:
    """Without TCP_NODELAY each answer on a kept connection takes 40 ms and more."""
    times = []
    for _ in range(20):
        since = time.perf_counter()
        node5.app("listBroadcasts")
        times.append(time.perf_counter() - since)
    assert min(times) < 0.03


# Arguments that suit most methods; the first that the client itself lets pass is sent.
_THING = {
    "name": "x", "value": "x", "url": "https://x.example/x.csv", "data": [{"a": 1}], "data_file_url": "https://x.example",
    "type": "people", "identifier": "id", "delivery_id": "x", "endpoint": "https://x.example", "events": ["email_sent"],
    "tag": "x", "filename": "x.png", "language": "fr", "html": "x", "start": 1, "end": 2, "res": "days",
}  # fmt: skip
_GUESSES: tuple[tuple[object, ...], ...] = (
    ("7", "8", "fr", _THING),
    ("7", "8", _THING),
    ("7", _THING),
    ("id", "one", "id", "two"),
    ("bounces", "a@example.com"),
    ("7", "8"),
    ("7", [_THING]),
    (_THING,),
    ([_THING],),
    ("7",),
    (),
)
# They take objects of the client's own classes, or make no call.
_NOT_CALLED = {"sendEmail", "sendPush", "sendSMS", "sendWhatsApp", "sendInboxMessage", "sendInApp", "resourceBase"}


def test_every_other_method_is_answered_with_404_and_a_sentence(node5: Node) -> None:
    here = Path(__file__).parent
    tested = "".join(
        path.read_text("utf-8")
        for path in (*here.glob("test_node_5*.py"), here / "test_transactional.py", here / "drivers.py")
    )
    for client in ("track", "app"):
        names: list[str] = getattr(node5, client)("?")
        others = [name for name in names if f'"{name}"' not in tested and name not in _NOT_CALLED]
        assert len(names) > len(others)
        for name in others:
            assert _answer(node5, client, name) in {404, 405}, name


def _answer(node: Node, client: str, method: str) -> int | None:
    for arguments in _GUESSES:
        with pytest.raises(NodeError) as caught:
            getattr(node, client)(method, *arguments)
        error = caught.value
        if error.status is not None:
            assert error.message != "Unknown error"
            return error.status
        assert error.name != "TypeError" or "fetch" not in error.message, f"{method} did not get through"
    raise AssertionError(f"{method} sent nothing")
