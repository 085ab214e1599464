# SPDX-License-Identifier: Apache-2.0
"""The history of a broadcast through the management API: looked at, compared, gone back to."""

from typing import Any

import pytest

from clarion.store import access
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_MAIL = {"subject": "One", "body": "<p>Hi</p> {% unsubscribe %}", "from": "Acme <news@example.com>", "name": "Mail"}


async def make(manage: Client, **more: Any) -> int:
    made = await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": [_MAIL], **more})
    assert made.status == 201, made.body
    return int(made.json["broadcast"]["id"])


async def shown(manage: Client, number: int) -> dict[str, Any]:
    return dict((await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"])


async def history(manage: Client, number: int, query: str = "") -> list[dict[str, Any]]:
    return list((await manage("GET", f"{_ROOT}/broadcasts/{number}/versions{query}")).json["versions"])


async def test_changes_are_listed_with_who_and_what(manage: Client, client: Client, track: Client) -> None:
    number = await make(manage)
    (first,) = await history(manage, number)
    assert (first["reason"], first["changed_by"], first["current"], first["changed"]) == (
        "created", "Management", True, [],
    )  # fmt: skip
    action = (await shown(manage, number))["actions"][0]["id"]
    await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"name": "Summer"})
    await manage("PATCH", f"{_ROOT}/broadcasts/{number}/actions/{action}", {"subject": "Two"})
    await manage("PUT", f"{_ROOT}/broadcasts/{number}/actions/{action}/languages/de", {"subject": "Zwei"})
    await manage("POST", f"{_ROOT}/broadcasts/{number}/activate")
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})
    trigger = (await client("POST", f"/v1/campaigns/{number}/triggers", {"ids": ["p1"]})).json["id"]
    await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"name": "Autumn"})
    newest, activated, edited, _ = await history(manage, number)
    assert (newest["reason"], newest["changed"]) == ("edited", ["name"])
    assert (activated["reason"], activated["triggers"], activated["last_trigger_id"]) == ("activated", 1, trigger)
    assert edited["changed"][:2] == ["name", f"actions/{action}/subject"]
    assert f"actions/{action}/languages/de/subject" in edited["changed"]
    one = (await manage("GET", f"{_ROOT}/broadcasts/{number}/versions/{edited['version']}")).json
    assert one["against"] == first["version"]
    assert {"field": "name", "before": "Spring", "after": "Summer"} in one["differences"]
    assert one["broadcast"]["actions"][0]["languages"]["de"]["subject"] == "Zwei"
    assert one["messages"] == {str(action): "Mail"}
    path = f"{_ROOT}/broadcasts/{number}/versions/{first['version']}"
    now = (await manage("GET", f"{path}?against=now")).json
    assert {"field": "name", "before": "Spring", "after": "Autumn"} in now["differences"]
    other = (await manage("GET", f"{path}?against={newest['version']}")).json
    assert {"field": "name", "before": "Autumn", "after": "Spring"} in other["differences"]
    assert (await manage("GET", f"{path}?against=99999")).status == 400
    assert (await manage("GET", f"{path}?against=then")).status == 400
    assert (await manage("GET", f"{_ROOT}/broadcasts/{number}/versions/99999")).status == 404


async def test_the_history_goes_on_page_by_page(manage: Client) -> None:
    number = await make(manage)
    await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"name": "Summer"})
    await manage("POST", f"{_ROOT}/broadcasts/{number}/activate")
    first = (await manage("GET", f"{_ROOT}/broadcasts/{number}/versions?limit=2")).json
    assert [one["reason"] for one in first["versions"]] == ["activated", "edited"]
    rest = (await manage("GET", f"{_ROOT}/broadcasts/{number}/versions?limit=2&start={first['next']}")).json
    assert ([one["reason"] for one in rest["versions"]], rest["next"]) == (["created"], None)


async def test_going_back_brings_messages_their_order_and_their_languages_back(manage: Client) -> None:
    number = await make(manage, actions=[{**_MAIL, "name": name} for name in ("a", "b", "c")])
    path = f"{_ROOT}/broadcasts/{number}"
    a, b, c = (one["id"] for one in (await shown(manage, number))["actions"])
    await manage("PUT", f"{path}/actions/{b}/languages/de", {"subject": "Zwei"})
    await manage("POST", f"{path}/activate")
    before = await shown(manage, number)
    (kept, *_) = await history(manage, number)
    await manage("DELETE", f"{path}/actions/{b}")
    await manage("PUT", f"{path}/actions/order", {"actions": [c, a]})
    await manage("PATCH", f"{path}/actions/{a}", {"subject": "Changed"})
    await manage("PATCH", path, {"name": "Summer", "goal": {"kind": "event", "event": "buy"}})
    version = (await shown(manage, number))["version"]
    stale = await manage("POST", f"{path}/versions/{kept['version']}/restore", {"version": version - 1})
    assert stale.status == 409
    back = await manage("POST", f"{path}/versions/{kept['version']}/restore", {"version": version})
    assert back.status == 200, back.body
    assert back.json["left_out"] == []
    after = await shown(manage, number)
    times = ("updated_at", "created_at", "version")
    for one in (before, after, *before["actions"], *after["actions"]):
        for name in times:
            one.pop(name, None)
    assert after == before
    german = await manage("GET", f"{path}/actions/{b}/languages/de")
    assert german.json["content"]["subject"] == "Zwei"
    (newest, *_) = await history(manage, number)
    assert (newest["reason"], newest["restored_from"]) == ("restored", kept["version"])
    assert (await manage("POST", f"{path}/versions/{newest['version']}/restore")).status == 409
    assert (await manage("POST", f"{path}/versions/99999/restore")).status == 404
    assert (await manage("POST", f"{path}/versions/{kept['version']}/restore", {"colour": 1})).status == 422


async def test_what_is_gone_meanwhile_is_left_out_and_told(manage: Client) -> None:
    layout = (await manage("POST", f"{_ROOT}/layouts", {"name": "Frame", "html": "<b>{{ content }}</b>"})).json[
        "layout"
    ]
    sender = {"name": "Acme", "email": "news@example.com"}
    identity = (await manage("POST", f"{_ROOT}/sender_identities", sender)).json["sender_identity"]["id"]
    number = await make(manage)
    path = f"{_ROOT}/broadcasts/{number}"
    action = (await shown(manage, number))["actions"][0]["id"]
    await manage("PATCH", f"{path}/actions/{action}", {"layout_id": layout["id"], "from_id": identity})
    await manage("POST", f"{path}/activate")
    (kept, *_) = await history(manage, number)
    await manage("PATCH", f"{path}/actions/{action}", {"layout_id": None, "from_id": None, "subject": "Plain"})
    assert (await manage("DELETE", f"{_ROOT}/layouts/{layout['id']}")).status == 204
    assert (await manage("DELETE", f"{_ROOT}/sender_identities/{identity}")).status == 204
    back = (await manage("POST", f"{path}/versions/{kept['version']}/restore")).json
    assert [one["field"] for one in back["left_out"]] == [f"actions/{action}/layout_id", f"actions/{action}/from_id"]
    (message,) = back["broadcast"]["actions"]
    assert (message["subject"], message["layout_id"], message["from_id"]) == ("One", None, None)
    assert message["from"] == "Acme <news@example.com>", "the address itself stays"


async def test_a_webhook_that_was_removed_comes_back_as_one(manage: Client) -> None:
    hook = {"kind": "webhook", "name": "Hook", "url": "https://hooks.example/{{ customer.id }}", "body": "{}"}
    number = await make(manage, actions=[_MAIL, hook])
    path = f"{_ROOT}/broadcasts/{number}"
    (made,) = await history(manage, number)
    before = (await shown(manage, number))["actions"][1]
    await manage("DELETE", f"{path}/actions/{before['id']}")
    back = (await manage("POST", f"{path}/versions/{made['version']}/restore")).json["broadcast"]["actions"][1]
    assert (back["id"], back["kind"], back["url"], back["method"]) == (
        before["id"], "webhook", hook["url"], before["method"],
    )  # fmt: skip


async def test_a_running_broadcast_does_not_go_back_to_what_could_not_be_activated(manage: Client) -> None:
    number = await make(manage)
    path = f"{_ROOT}/broadcasts/{number}"
    action = (await shown(manage, number))["actions"][0]["id"]
    await manage("PATCH", f"{path}/actions/{action}", {"body": "{% if %}"})
    (broken, *_) = await history(manage, number)
    await manage("POST", f"{path}/versions/{(await history(manage, number))[-1]['version']}/restore")
    assert (await manage("POST", f"{path}/activate")).status == 200
    refused = await manage("POST", f"{path}/versions/{broken['version']}/restore")
    assert refused.status == 422
    assert (await shown(manage, number))["actions"][0]["body"] == _MAIL["body"]


@pytest.mark.parametrize("path", ["versions", "versions/1", "versions/1/restore"])
async def test_another_workspace_has_no_history_of_it(path: str, manage: Client, app: Any, store: Store) -> None:
    number = await make(manage)
    other = access.random_keys()

    def stranger(tx: Any) -> Workspace:
        return access.create_workspace(tx, "Other", "id_email", other)

    store.write(stranger)
    theirs = Client(app, f"Bearer {other.manage_key}")
    method = "POST" if path.endswith("restore") else "GET"
    assert (await theirs(method, f"{_ROOT}/broadcasts/{number}/{path}")).status == 404
    assert len(await history(manage, number)) == 1
