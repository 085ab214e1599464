# SPDX-License-Identifier: Apache-2.0
"""`customerio-node` 4 from npm, unmodified, over TLS, with the older prefix /v1/api for triggers."""

import itertools

import pytest

from .drivers import Node4Driver, processed
from .node import Node, NodeError
from .servers import Server

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

_names = itertools.count(1)


@pytest.fixture
def somebody() -> str:
    """An id that nobody has; this version does not encode it when it reads."""
    return f"node4-{next(_names)}"


def status_of(node: Node, client: str, method: str, *arguments: object) -> int | None:
    with pytest.raises(NodeError) as caught:
        getattr(node, client)(method, *arguments)
    assert caught.value.message != "Unknown error"
    return caught.value.status


def test_people(node4: Node, somebody: str) -> None:
    email = f"{somebody}+x@example.net"
    assert node4.track("identify", somebody, {"email": email, "plan": "plus"}) == {}
    found = node4.app("getAttributes", somebody)["customer"]
    assert found["attributes"]["plan"] == "plus"
    assert node4.app("getAttributes", f"cio_{found['identifiers']['cio_id']}", "cio_id")["customer"] == found
    assert node4.app("getAttributes", email.replace("+", "%2B"), "email")["customer"] == found
    assert node4.app("getCustomersByEmail", email) == {"results": [found["identifiers"]]}
    assert node4.track("destroy", somebody) == {}
    assert status_of(node4, "app", "getAttributes", somebody) == 404


def test_suppress_and_unsuppress(node4: Node, somebody: str) -> None:
    assert node4.track("suppress", somebody) == {}
    assert node4.track("identify", somebody, {}) == {}
    assert status_of(node4, "app", "getAttributes", somebody) == 404
    assert node4.track("unsuppress", somebody) == {}
    node4.track("identify", somebody, {})
    assert node4.app("getAttributes", somebody)["customer"]["id"] == somebody


def test_events_and_devices(node4: Node, somebody: str) -> None:
    node4.track("identify", somebody, {})
    assert node4.track("track", somebody, {"name": "bought", "data": {"price": 1}}) == {}
    assert node4.track("trackPageView", somebody, "/lines") == {}
    assert node4.track("addDevice", somebody, "token/1", "ios", {"last_used": 1_700_000_000, "os": "19"}) == {}
    device = {"id": "token/1", "platform": "ios", "last_used": 1_700_000_000, "attributes": {"os": "19"}}
    assert node4.app("getAttributes", somebody)["customer"]["devices"] == [device]
    assert node4.track("deleteDevice", somebody, "token/1") == {}
    assert node4.app("getAttributes", somebody)["customer"]["devices"] == []


def test_an_empty_recipients_object_is_the_default_audience(node4: Node, secure: Server, somebody: str) -> None:
    email = f"{somebody}@example.net"
    node4.track("identify", somebody, {"email": email, "only": email})
    condition = {"attribute": {"field": "only", "operator": "eq", "value": email}}
    broadcast_id = secure.broadcast(condition, subject="Four", body="<p>{{ trigger.x }}</p>")
    trigger_id = node4.app("triggerBroadcast", broadcast_id, {"x": "four"}, {})["id"]
    status = processed(secure, Node4Driver(node4), broadcast_id, trigger_id)
    assert status["recipients_count"] == 1
    [mail] = secure.mails(email)
    assert "<p>four</p>" in mail.html


def test_errors_have_a_sentence(node4: Node, secure: Server) -> None:
    assert status_of(node4, "app", "triggerBroadcast", 999_999, {}, {}) == 404
    assert status_of(node4, "app", "triggerBroadcast", secure.broadcast_id, {}, {"ids": ["nobody at all"]}) == 422
    assert status_of(node4, "track", "track", "x", {"name": "x" * 101}) == 400


def test_strangers_push_and_merging(node4: Node) -> None:
    assert node4.track("trackAnonymous", "anonymous", {"name": "came"}) == {}
    assert node4.track("trackPush", {"delivery_id": "x", "event": "opened", "device_id": "t", "timestamp": 1}) == {}
    assert status_of(node4, "track", "trackPush", {"delivery_id": "x"}) == 400
    assert node4.track("mergeCustomers", "id", "one", "id", "two") == {}


def test_what_this_version_lacks_is_404(node4: Node) -> None:
    assert status_of(node4, "app", "getExport", 999) == 404
    assert status_of(node4, "app", "downloadExport", 999) == 404
    assert status_of(node4, "app", "createDeliveriesExport", 1, {}) == 404  # a newsletter


def test_exports(node4: Node) -> None:
    made = node4.app("createCustomersExport", {"attribute": {"field": "id", "operator": "exists"}})["export"]
    assert (
        made in node4.app("listExports")["exports"] or node4.app("getExport", made["id"])["export"]["id"] == made["id"]
    )
