# SPDX-License-Identifier: Apache-2.0
"""Editing actions, campaign names, a person's messages, what a message said, snippets in use (contract §5, §7)."""

from typing import Any

import pytest
from tests.support.audience import add_people, playing

from clarion.api.calls import Api
from clarion.domain.deliveries import State, public_id
from clarion.store import people
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client
from .test_app_messages import every_page, settle


async def test_an_action_is_changed_and_shown_as_it_is(client: Client, store: Store, workspace: Workspace) -> None:
    played = playing(store, workspace, size=1)
    one = f"/v1/broadcasts/{played.broadcast.broadcast_id}/actions/{played.action_ids[0]}"
    before = (await client("GET", one)).json["action"]
    headers = [{"name": "X-A", "value": "1"}]
    edit = {"subject": "New {{ customer.id }}", "preheader_text": "Look", "headers": headers, "sending_state": "off"}
    after = (await client("PUT", one, edit)).json["action"]
    assert after["subject"] == "New {{ customer.id }}"
    assert after["preheader_text"] == "Look"
    assert after["headers"] == '[{"name":"X-A","value":"1"}]'
    assert after["sending_state"] == "off"
    assert after["body"] == before["body"]
    again = (await client("PUT", one, after)).json["action"]  # what was read may be sent back
    assert {**again, "updated": 0, "deduplicate_id": ""} == {**after, "updated": 0, "deduplicate_id": ""}
    campaign = one.replace("broadcasts", "campaigns")
    assert (await client("GET", campaign)).json["action"] == again
    assert (await client("GET", f"{campaign}/language/")).json["action"] == again
    assert (await client("PUT", f"{one}/language/", {"body": "<p>x</p>"})).json["action"]["body"] == "<p>x</p>"
    for method in ("GET", "PUT"):
        assert (await client(method, f"{one}/language/fr", {})).status == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"subject": 5}, "subject"),
        ({"headers": "not json"}, "headers"),
        ({"headers": [{"name": ""}]}, "headers"),
        ({"sending_state": "maybe"}, "sending_state"),
        ({"from_id": 7}, "from_id"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
async def test_a_wrong_edit_is_named_and_changes_nothing(
    client: Client, store: Store, workspace: Workspace, body: Any, field: str
) -> None:
    played = playing(store, workspace, size=1)
    one = f"/v1/broadcasts/{played.broadcast.broadcast_id}/actions/{played.action_ids[0]}"
    before = (await client("GET", one)).json
    refused = await client("PUT", one, body)
    assert refused.status == 422
    assert field in refused.error
    assert (await client("GET", one)).json == before
    assert (await client("PUT", one.rpartition("/")[0] + "/999999", {})).status == 404


async def test_broadcasts_are_found_as_campaigns(client: Client, store: Store, workspace: Workspace) -> None:
    played = playing(store, workspace, size=1)
    number = played.broadcast.broadcast_id
    campaign = (await client("GET", f"/v1/campaigns/{number}")).json["campaign"]
    assert campaign["id"] == number
    assert (await client("GET", "/v1/campaigns")).json["campaigns"] == [campaign]
    assert (await client("GET", f"/v1/campaigns/{number}/actions")).json == (
        await client("GET", f"/v1/broadcasts/{number}/actions")
    ).json
    assert (await client("GET", "/v1/campaigns/999999")).status == 404


async def test_the_messages_of_a_person_newest_first(
    client: Client, track: Client, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 3)
    plays = [playing(store, workspace, size=3) for _ in range(5)]
    settle(plays[0], [2], State.SENT, words="250 ok", recipient="p2@x.test")
    one = "/v1/customers/p2/messages?"
    found = await every_page(client, one, 2)
    assert [message["clarion"]["trigger_id"] for message in found] == [play.trigger_id for play in plays[::-1]]
    assert {message["customer_id"] for message in found} == {"p2"}
    assert found[-1]["metrics"]["sent"]
    assert (await client("GET", f"{one}end_ts=1000")).json == {"messages": [], "next": ""}
    assert (await client("GET", "/v1/customers/nobody/messages")).status == 404
    await track("POST", "/api/v1/merge_customers", {"primary": {"id": "p1"}, "secondary": {"id": "p2"}})
    assert len(await every_page(client, "/v1/customers/p1/messages?", 3)) == 10


async def test_what_a_message_said(client: Client, api: Api, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.SENT, words="250 ok", recipient="p1@x.test")
    public = public_id(played.key(1), api.secret)
    target = f"/v1/messages/{public}/archived_message"
    shown = (await client("GET", target)).json["archived_message"]
    assert shown["id"] == public
    assert shown["subject"] == "Hi"
    assert shown["recipient"] == "p1@x.test"
    assert not shown["forgotten"]
    assert shown["headers"] == "[]"
    (number,) = store.read(lambda tx: people.numbers_by_id(tx, workspace, ["p1"])).values()
    store.write(lambda tx: people.delete(tx, number))
    gone = (await client("GET", target)).json["archived_message"]
    assert gone["forgotten"]
    assert gone["body"] == ""
    assert (await client("GET", "/v1/messages/nothing/archived_message")).status == 404


async def test_a_snippet_that_another_one_needs_stays(client: Client) -> None:
    for name, value in (("inner", "x"), ("outer", "{{ snippets.inner }}")):
        assert (await client("POST", "/v1/snippets", {"name": name, "value": value})).status == 200
    refused = await client("DELETE", "/v1/snippets/inner")
    assert refused.status == 400
    assert "unable to delete snippet in use" in refused.error
    for name in ("outer", "inner"):
        assert (await client("DELETE", f"/v1/snippets/{name}")).status == 204


async def test_around_the_workspace(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 3)
    played = playing(store, workspace, size=3)
    settle(played, [1, 2], State.SENT, words="250 ok", recipient="p@x.test")
    (shown,) = (await client("GET", "/v1/workspaces")).json["workspaces"]
    assert (shown["id"], shown["people"], shown["messages_sent"]) == (workspace.workspace_id, 3, 2)
    assert (await client("GET", "/v1/info/ip_addresses")).json == {"ip_addresses": []}
    assert (await client("GET", "/v1/object_types")).json == {"types": []}
    assert (await client("GET", "/v1/subscription_topics")).json == {"topics": []}
    person = (await client("GET", "/v1/customers/p1/subscription_preferences")).json["customer"]
    assert (person["id"], person["unsubscribed"], person["topics"]) == ("p1", False, [])
    assert (await client("GET", "/v1/customers/p1/relationships")).json["relationships"] == []
