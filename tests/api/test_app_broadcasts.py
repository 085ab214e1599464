# SPDX-License-Identifier: Apache-2.0
"""Reading broadcasts and their actions with Customer.io's calls (contract §5.1-5.3)."""

import json

from clarion.domain.broadcasts import Broadcast, BroadcastState, DoubtPolicy, EmailContent
from clarion.store import broadcasts
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction

from .conftest import Client

CONTENT = EmailContent(
    subject="Hi {{customer.name}}",
    body="<p>Hi",
    preheader="soon",
    sender="Acme <a@acme.test>",
    reply_to="r@acme.test",
    cc="c@acme.test",
    bcc="b@acme.test",
    headers=(("X-A", "1"), ("X-B", '"ü"')),
)


def make(store: Store, workspace: Workspace, name: str = "Spring", *, running: bool = False) -> Broadcast:
    def work(tx: Transaction) -> Broadcast:
        made = broadcasts.create(
            tx, workspace, name, recipients={}, doubt_policy=DoubtPolicy.HOLD, tags=("news", "2026")
        )
        broadcasts.add_action(tx, made, "First", CONTENT)
        broadcasts.add_action(tx, made, "Second", EmailContent(), send_to_unsubscribed=True)
        if running:
            broadcasts.set_state(tx, made.broadcast_id, BroadcastState.RUNNING)
        stored = broadcasts.get(tx, workspace, made.broadcast_id)
        assert stored is not None
        return stored

    return store.write(work)


async def test_broadcast_has_the_shape_of_the_contract(client: Client, store: Store, workspace: Workspace) -> None:
    made = make(store, workspace)
    actions = [{"id": action.action_id, "type": "email"} for action in made.actions]
    expected = {
        "id": made.broadcast_id,
        "deduplicate_id": f"{made.broadcast_id}:{made.updated_ms // 1000}",
        "name": "Spring",
        "type": "triggered_broadcast",
        "created": made.created_ms // 1000,
        "updated": made.updated_ms // 1000,
        "active": False,
        "state": "draft",
        "actions": actions,
        "msg_template_ids": actions,
        "first_started": 0,
        "created_by": "",
        "tags": ["news", "2026"],
        "filter_segment_ids": [],
    }
    one = await client("GET", f"/v1/broadcasts/{made.broadcast_id}")
    assert one.status == 200
    assert one.json == {"broadcast": expected}
    assert (await client("GET", "/v1/broadcasts")).json == {"broadcasts": [expected]}


async def test_running_one_is_active_and_a_stopped_one_reads_as_draft(
    client: Client, store: Store, workspace: Workspace
) -> None:
    made = make(store, workspace, running=True)
    path = f"/v1/broadcasts/{made.broadcast_id}"
    running = (await client("GET", path)).json["broadcast"]
    assert (running["state"], running["active"]) == ("running", True)
    assert running["first_started"] > 1_700_000_000
    store.write(lambda tx: broadcasts.set_state(tx, made.broadcast_id, BroadcastState.STOPPED))
    stopped = (await client("GET", path)).json["broadcast"]
    assert (stopped["state"], stopped["active"]) == ("draft", False)
    assert stopped["first_started"] == running["first_started"]


async def test_list_is_newest_first_and_keeps_to_its_workspace(
    client: Client, id_client: Client, store: Store, workspace: Workspace
) -> None:
    first, second = make(store, workspace), make(store, workspace, "Summer")
    listed = (await client("GET", "/v1/broadcasts")).json["broadcasts"]
    assert [item["id"] for item in listed] == [second.broadcast_id, first.broadcast_id]
    assert (await id_client("GET", "/v1/broadcasts")).json == {"broadcasts": []}
    for rest in ("", "/actions", f"/actions/{first.actions[0].action_id}", "/messages"):
        assert (await id_client("GET", f"/v1/broadcasts/{first.broadcast_id}{rest}")).status == 404


async def test_action_has_the_shape_of_the_contract(client: Client, store: Store, workspace: Workspace) -> None:
    made = make(store, workspace)
    action = made.actions[0]
    path = f"/v1/broadcasts/{made.broadcast_id}/actions"
    shown = (await client("GET", f"{path}/{action.action_id}")).json["action"]
    headers = shown.pop("headers")
    assert isinstance(headers, str)
    assert json.loads(headers) == [{"name": "X-A", "value": "1"}, {"name": "X-B", "value": '"ü"'}]
    assert shown == {
        "id": action.action_id,
        "broadcast_id": made.broadcast_id,
        "deduplicate_id": f"{action.action_id}:{action.updated_ms // 1000}",
        "name": "First",
        "created": action.created_ms // 1000,
        "updated": action.updated_ms // 1000,
        "type": "email",
        "sending_state": "automatic",
        "layout": "",
        "language": "",
        "parent_action_id": None,
        "body": "<p>Hi",
        "body_amp": "",
        "subject": "Hi {{customer.name}}",
        "preheader_text": "soon",
        "recipient": "{{customer.email}}",
        "from": "Acme <a@acme.test>",
        "from_id": None,
        "reply_to": "r@acme.test",
        "reply_to_id": None,
        "cc": "c@acme.test",
        "bcc": "b@acme.test",
        "fake_bcc": False,
        "preprocessor": "",
    }
    listed = (await client("GET", path)).json["actions"]
    assert [item["id"] for item in listed] == [action.action_id for action in made.actions]
    assert listed[1]["headers"] == "[]"


async def test_unknown_and_impossible_ids(client: Client, store: Store, workspace: Workspace) -> None:
    made, other = make(store, workspace), make(store, workspace)
    foreign = other.actions[0].action_id
    assert (await client("GET", "/v1/broadcasts/999")).status == 404
    assert (await client("GET", f"/v1/broadcasts/{made.broadcast_id}/actions/{foreign}")).status == 404
    assert (await client("GET", "/v1/broadcasts/spring")).status == 400
    assert (await client("GET", f"/v1/broadcasts/{made.broadcast_id}/actions/x")).status == 400


async def test_needs_a_key(nobody: Client) -> None:
    assert (await nobody("GET", "/v1/broadcasts")).status == 401


async def test_a_broadcast_names_the_segments_of_its_audience(
    client: Client, store: Store, workspace: Workspace
) -> None:
    def work(tx: Transaction) -> int:
        condition = {"and": [{"segment": {"id": 9}}, {"not": {"segment": {"id": 4}}}]}
        return broadcasts.create(tx, workspace, "Two", recipients=condition).broadcast_id

    number = store.write(work)
    assert (await client("GET", f"/v1/broadcasts/{number}")).json["broadcast"]["filter_segment_ids"] == [4, 9]
    campaign = (await client("GET", f"/v1/campaigns/{number}")).json["campaign"]
    assert campaign["filter_segment_ids"] == [4, 9]
    assert campaign["msg_templates"] == campaign["msg_template_ids"] == []


async def test_there_are_no_newsletters(client: Client) -> None:
    assert (await client("GET", "/v1/newsletters?limit=5")).json == {"newsletters": [], "next": ""}
    assert (await client("GET", "/v1/newsletters/1")).status == 404


async def test_headers_come_in_the_shapes_that_clients_send(client: Client, store: Store, workspace: Workspace) -> None:
    made = make(store, workspace)
    path = f"/v1/broadcasts/{made.broadcast_id}/actions/{made.actions[0].action_id}"
    for headers in ([{"name": "X-A", "value": "1"}], [{"X-A": "1"}], '[{"name":"X-A","value":"1"}]', '[{"X-A":"1"}]'):
        action = (await client("PUT", path, {"headers": headers})).json["action"]
        assert action["headers"] == '[{"name":"X-A","value":"1"}]'


async def test_the_amp_part_is_read_and_written(client: Client, store: Store, workspace: Workspace) -> None:
    made = make(store, workspace)
    path = f"/v1/broadcasts/{made.broadcast_id}/actions/{made.actions[0].action_id}"
    amp = "<html amp4email>{{ customer.id }}</html>"
    assert (await client("PUT", path, {"body_amp": amp})).json["action"]["body_amp"] == amp
    assert (await client("GET", path)).json["action"]["body_amp"] == amp
    assert (await client("PUT", path, {"body_amp": ""})).json["action"]["body_amp"] == ""
