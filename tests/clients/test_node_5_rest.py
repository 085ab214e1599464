# SPDX-License-Identifier: Apache-2.0
"""`customerio-node` 5: what a broadcast leaves behind: metrics, messages of people, exports, suppression, campaigns."""

import csv
import io
import itertools
import re
from functools import partial
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from clarion.domain.metrics import SERIES

from .drivers import NodeDriver, processed
from .node import Node, NodeError
from .servers import Server
from .shapes import Files
from .test_node_5 import status_of

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

_numbers = itertools.count(1)
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def _follow(plain: Server, link: str) -> None:
    """As a browser does, but not to where it leads."""
    parts = urlsplit(plain.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request("GET", urlsplit(link).path, headers={"User-Agent": _BROWSER})
    answer = connection.getresponse()
    assert answer.status in {302, 303, 307}
    assert answer.getheader("Location") == "https://example.net/offer"
    connection.close()


@pytest.fixture(scope="module")
def sent(node5: Node, plain: Server) -> dict[str, Any]:
    """A broadcast with a link that was sent to one person, who followed it."""
    who, email = f"rest-{next(_numbers)}", f"rest{next(_numbers)}@example.net"
    node5.track("identify", who, {"email": email})
    body = '<p>Hello {{ customer.id }}</p><a href="https://example.net/offer">go</a>'
    broadcast_id = plain.broadcast({}, subject="Rest", body=body)
    trigger_id = node5.app("triggerBroadcast", broadcast_id, {}, {"ids": [who]})["id"]
    processed(plain, NodeDriver(node5), broadcast_id, trigger_id)
    [mail] = plain.mails(email)
    links = re.findall(r'href="([^"]+/e/c/[^"]+)"', mail.html)
    _follow(plain, links[0])
    return {"who": who, "email": email, "broadcast": broadcast_id, "trigger": trigger_id, "link": links[0]}


def _links(node5: Node, method: str, arguments: tuple[object, ...]) -> list[Any] | None:
    return node5.app(method, *arguments)["links"] or None


def test_messages_with_what_they_belong_to(node5: Node, sent: dict[str, Any]) -> None:
    page = node5.app("getMessages", {"campaign_id": sent["broadcast"], "associations": True})
    [message], [campaign], [action] = page["messages"], page["campaigns"], page["actions"]
    assert (campaign["id"], action["id"]) == (message["broadcast_id"], message["action_id"])
    assert (page["newsletters"], page["contents"]) == ([], [])
    one = node5.app("getMessage", message["id"], {"associations": True})
    assert one == {"message": message, "campaign": campaign, "action": action, "newsletter": None, "content": None}
    assert node5.app("getMessages", {"template_id": action["id"], "limit": 1})["messages"] == [message]
    assert node5.app("getCampaignMessages", sent["broadcast"], {"drafts": True})["messages"] == [message]
    assert node5.app("listNewsletters", {"limit": 5}) == {"newsletters": [], "next": ""}


def test_metrics(node5: Node, plain: Server, sent: dict[str, Any]) -> None:
    number = sent["broadcast"]
    [action] = node5.app("getBroadcastActions", number)["actions"]
    options = {"period": "days", "steps": 3}
    for method, arguments in (
        ("getBroadcastMetrics", (number, options)),
        ("getBroadcastActionMetrics", (number, action["id"], options)),
        ("getCampaignMetrics", (number, {"version": 1, **options})),
        ("getCampaignActionMetrics", (number, action["id"], {"version": 1, **options})),
    ):
        series = node5.app(method, *arguments)["metric"]["series"]
        assert set(series) == set(SERIES), method
        assert series["sent"] == [0, 0, 1], method
    for method, arguments in (
        ("getBroadcastMetricsLinks", (number, options)),
        ("getBroadcastActionMetricsLinks", (number, action["id"], options)),
        ("getCampaignMetricsLinks", (number, options)),
        ("getCampaignActionMetricsLinks", (number, action["id"], options)),
    ):
        links = plain.until(partial(_links, node5, method, arguments), "a click")
        assert links[0]["link"]["href"] == "https://example.net/offer", method
        series = links[0]["metric"]["series"]  # who is as fast as this test may be taken for a machine
        assert [sum(by) for by in zip(series["human_clicked"], series["machine_clicked"], strict=True)] == [0, 0, 1]
    journeys = node5.app(
        "getCampaignJourneyMetrics", number, {"start": 1_700_000_000, "end": 1_800_000_000, "res": "days"}
    )
    assert journeys["journey_metric"].keys() == {
        "started", "activated", "exited_early", "finished", "converted", "never_activated", "messaged",
    }  # fmt: skip


def test_campaigns_and_actions(node5: Node, sent: dict[str, Any]) -> None:
    number = sent["broadcast"]
    campaign = node5.app("getCampaign", number)["campaign"]
    assert campaign in node5.app("listCampaigns")["campaigns"]
    [action] = node5.app("getCampaignActions", number)["actions"]
    assert node5.app("getCampaignAction", number, action["id"]) == {"action": action}
    changed = node5.app("updateBroadcastAction", number, action["id"], {"subject": "Changed"})["action"]
    assert changed["subject"] == "Changed"
    assert node5.app("updateCampaignAction", number, action["id"], {"subject": "Rest"})["action"]["subject"] == "Rest"
    for method in ("getBroadcastActionLanguage", "getCampaignActionLanguage"):
        assert status_of(node5, "app", method, number, action["id"], "fr") == 400
    for method in ("updateBroadcastActionLanguage", "updateCampaignActionLanguage"):
        assert status_of(node5, "app", method, number, action["id"], "fr", {"subject": "x"}) == 400
    assert node5.app("getCampaignMessages", number)["messages"][0]["broadcast_id"] == number


def test_what_a_person_got_and_what_it_said(node5: Node, sent: dict[str, Any]) -> None:
    [message] = node5.app("getCustomerMessages", sent["who"])["messages"]
    assert message["broadcast_id"] == sent["broadcast"]
    archived = node5.app("getArchivedMessage", message["id"])["archived_message"]
    assert archived["subject"] == "Rest"
    assert f"Hello {sent['who']}" in archived["body"]
    preferences = node5.app("getCustomerSubscriptionPreferences", sent["who"])["customer"]
    assert preferences["unsubscribed"] is False
    assert node5.app("getCustomerRelationships", sent["who"])["relationships"] == []


def _is_done(node5: Node, number: int) -> bool | None:
    return True if node5.app("getExport", number)["export"]["status"] == "done" else None


def test_exports(node5: Node, plain: Server, sent: dict[str, Any]) -> None:
    one = {"attribute": {"field": "id", "operator": "eq", "value": sent["who"]}}
    people = node5.app("createCustomersExport", one)["export"]
    messages = node5.app("createDeliveriesExport", "none", {"newsletter_id": None, "campaign_id": sent["broadcast"]})[
        "export"
    ]
    for export, column in ((people, "id"), (messages, "customer_id")):
        plain.until(partial(_is_done, node5, export["id"]), "an export")
        url = node5.app("downloadExport", export["id"])["url"]
        with urlopen(url) as answer:
            rows = list(csv.DictReader(io.TextIOWrapper(answer, "utf-8", newline="")))
        assert [row[column] for row in rows] == [sent["who"]]
    assert {people["id"], messages["id"]} <= {export["id"] for export in node5.app("listExports")["exports"]}


def test_suppression_of_addresses(node5: Node) -> None:
    email = f"bounced{next(_numbers)}@example.net"
    node5.app("createSuppression", "bounces", email)
    assert [one["email"] for one in node5.app("searchSuppression", email)["suppressions"]] == [email]
    assert email in {one["email"] for one in node5.app("getSuppressions", "bounces")["suppressions"]}
    assert email in {
        one["email"] for one in node5.app("getDomainSuppressions", "example.net", "bounces")["suppressions"]
    }
    node5.app("deleteSuppression", "bounces", email)
    assert node5.app("searchSuppression", email)["suppressions"] == []


def test_around_the_workspace(node5: Node, plain: Server) -> None:
    [workspace] = node5.app("listWorkspaces")["workspaces"]
    assert workspace["people"] >= 10_000
    assert node5.app("getIpAddresses") == {"ip_addresses": []}
    made = plain.ask("POST", "/api/clarion/v1/subscription_topics", {"name": "Offers"})["topic"]
    assert node5.app("listSubscriptionTopics") == {"topics": [made]}
    assert node5.app("listSubscriptionChannels") == {"channels": []}


def test_strangers_forms_and_what_others_saw(node5: Node, sent: dict[str, Any]) -> None:
    assert node5.track("trackAnonymous", "a-1", {"name": "came"}) == {}
    assert node5.track("submitForm", "form", {"email": f"form{next(_numbers)}@example.net"}) == {}
    for who in ("m-1", "m-2"):
        node5.track("identify", who, {})
    assert node5.track("mergeCustomers", "id", "m-1", "id", "m-2") == {}
    assert status_of(node5, "app", "getAttributes", "m-2") == 404
    [message] = node5.app("getCustomerMessages", sent["who"])["messages"]
    assert node5.track("reportMetric", {"delivery_id": message["id"], "metric": "delivered"}) == {}
    push = {"delivery_id": message["id"], "event": "opened", "device_id": "t", "timestamp": 1_796_040_000}
    assert node5.track("trackPush", push) == {}
    metrics = node5.app("getMessage", message["id"])["message"]["metrics"]
    assert {"delivered", "opened"} <= metrics.keys()


def test_collections(node5: Node) -> None:
    name = f"collection {next(_numbers)}"
    made = node5.app("createCollection", {"name": name, "data": [{"city": "Oslo"}]})["collection"]
    assert made.keys() == {"id", "name", "rows", "bytes", "schema", "created_at", "updated_at"}
    assert node5.app("getCollection", made["id"]) == {"collection": made}
    assert made in node5.app("listCollections")["collections"]
    assert node5.app("updateCollection", made["id"], {"name": f"{name} b"})["collection"]["rows"] == 1
    node5.app("updateCollectionContent", made["id"], [{"city": "Bergen"}, {"city": "Bodø"}])
    assert node5.app("getCollectionContent", made["id"]) == [{"city": "Bergen"}, {"city": "Bodø"}]
    node5.app("deleteCollection", made["id"])
    assert status_of(node5, "app", "getCollection", made["id"]) == 404


def test_an_import(node5: Node, plain: Server, files: Files) -> None:
    who = f"imported-{next(_numbers)}"
    url = files.put(f"{who}.csv", f"id,plan\n{who},paid\n,nobody\n")
    asked = {"type": "people", "name": "I", "data_file_url": url, "identifier": "id"}
    made = node5.app("createImport", asked)["import"]

    def over() -> dict[str, Any] | None:
        found = node5.app("getImport", made["id"])["import"]
        return dict(found) if found["state"] in {"imported", "failed"} else None

    done = plain.until(over, "the import")
    assert (done["state"], done["error"], done["rows_imported"]) == ("imported", "", 1)
    assert node5.app("getAttributes", who)["customer"]["attributes"]["plan"] == "paid"


def test_sender_identities(node5: Node, plain: Server, sent: dict[str, Any]) -> None:
    body = {"name": "Acme", "email": "news@acme.example"}
    made = plain.ask("POST", "/api/clarion/v1/sender_identities", body)["sender_identity"]
    assert node5.app("getSenderIdentities", {"limit": 10, "sort": "desc"})["sender_identities"][0] == made
    assert node5.app("getSenderIdentity", made["id"])["sender_identity"] == made
    [action] = node5.app("getBroadcastActions", sent["broadcast"])["actions"]
    changed = node5.app("updateBroadcastAction", sent["broadcast"], action["id"], {"from_id": made["id"]})["action"]
    assert (changed["from"], changed["from_id"]) == (made["address"], made["id"])
    used = node5.app("getSenderIdentityUsedBy", made["id"])["used_by"]
    assert used["campaigns"] == [sent["broadcast"]]


def test_languages(node5: Node, plain: Server, sent: dict[str, Any]) -> None:
    [action] = node5.app("getBroadcastActions", sent["broadcast"])["actions"]
    ours = f"/api/clarion/v1/broadcasts/{sent['broadcast']}/actions/{action['id']}/languages/de"
    plain.ask("PUT", ours, {"subject": "Hallo"})
    for resource in ("Broadcast", "Campaign"):
        arguments = (sent["broadcast"], action["id"], "de")
        assert node5.app(f"get{resource}ActionLanguage", *arguments)["action"]["subject"] == "Hallo"
        changed = node5.app(f"update{resource}ActionLanguage", *arguments, {"subject": "Hallo"})["action"]
        assert (changed["language"], changed["subject"]) == ("de", "Hallo")
        with pytest.raises(NodeError, match="no variant in this language"):
            node5.app(f"get{resource}ActionLanguage", *arguments[:2], "fr")


def test_activities(node5: Node, plain: Server, sent: dict[str, Any]) -> None:
    node5.track("track", sent["who"], {"name": "bought", "data": {"what": "tea"}})
    found = node5.app("getCustomerActivities", sent["who"], {"limit": 50})["activities"]
    kinds = [one["type"] for one in found]
    assert kinds[0] == "event"
    assert found[0]["data"] == {"what": "tea"}
    assert {"profile_create", "sent_email", "clicked_email"} <= set(kinds)
    [one] = node5.app("listActivities", {"limit": 1, "type": "event", "name": "bought"})["activities"]
    assert one == found[0]


def test_preferences_of_a_person(node5: Node, plain: Server, sent: dict[str, Any]) -> None:
    told = node5.app("getSubscriptionCenterToken", sent["who"])
    assert told["token"]


def test_objects(node5: Node, plain: Server, sent: dict[str, Any]) -> None:
    related = {
        "action": "add_relationships",
        "relationships": [{"identifiers": {"object_type_id": "1", "object_id": "acme"}}],
    }
    node5.track("identify", sent["who"], {"cio_relationships": related})
    [one] = node5.app("getCustomerRelationships", sent["who"], {"limit": 5})["cio_relationships"]
    number = one["identifiers"]["cio_object_id"]
    for arguments in (("1", "acme"), ("1", number, "cio_object_id")):
        found = node5.app("getObjectAttributes", *arguments)["object"]
        assert found["identifiers"]["object_id"] == "acme"
    [person] = node5.app("getObjectRelationships", "1", "acme", {"limit": 5})["cio_relationships"]
    assert person["identifiers"]["id"] == sent["who"]
    assert {"id": "1", "name": "1", "objects": 1} in node5.app("listObjectTypes")["types"]
