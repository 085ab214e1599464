# SPDX-License-Identifier: Apache-2.0
"""Writing broadcasts through the management API."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from clarion.api import application
from clarion.api.calls import Api
from clarion.domain.broadcasts import BroadcastState, DoubtPolicy, freeze
from clarion.domain.triggers import Flags, Selector, TriggerState
from clarion.pipeline.review import review
from clarion.store import access, broadcasts, segments, snippets, triggers
from clarion.store.access import Keys, Workspace
from clarion.store.engine import Store

from .conftest import Client

ALL = "/api/clarion/v1/broadcasts"
EMAIL: dict[str, Any] = {
    "name": "Welcome",
    "subject": "Hi {{customer.name | default: 'you'}}",
    "body": "<p>Hi <a href='{% unsubscribe_url %}'>no more</a>",
    "from": "Acme <news@acme.test>",
}


async def create(manage: Client, **more: Any) -> dict[str, Any]:
    answer = await manage("POST", ALL, {"name": "Spring", **more})
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.json["broadcast"]
    return made


async def test_new_broadcast_is_a_draft_with_defaults(manage: Client) -> None:
    made = await create(manage)
    created, updated = made.pop("created_at"), made.pop("updated_at")
    assert created == updated > 1_700_000_000
    assert made == {
        "id": made["id"],
        "kind": "broadcast",
        "name": "Spring",
        "trigger_name": None,
        "state": "draft",
        "recipients": {},
        "topic_id": None,
        "language_attribute": "language",
        "doubt_policy": "hold",
        "tags": [],
        "goal": None,
        "exit_when": "never",
        "ignores_message_limit": False,
        "archived": False,
        "version": 1,
        "changed_by": None,
        "first_started_at": None,
        "actions": [],
    }
    shown = await manage("GET", f"{ALL}/{made['id']}")
    assert shown.json["broadcast"]["name"] == "Spring"
    assert [item["id"] for item in (await manage("GET", ALL)).json["broadcasts"]] == [made["id"]]


async def test_new_broadcast_with_everything(manage: Client) -> None:
    recipients = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}
    made = await create(
        manage,
        recipients=recipients,
        doubt_policy="resend",
        tags=["a", "b", "a"],
        actions=[
            EMAIL,
            {**EMAIL, "sending_state": "off", "tracked": False, "headers": [{"name": "X-A", "value": "1"}]},
        ],
    )
    assert made["recipients"] == recipients
    assert (made["doubt_policy"], made["tags"]) == ("resend", ["a", "b"])
    first, second = made["actions"]
    assert first["subject"] == EMAIL["subject"]
    assert first["from"] == "Acme <news@acme.test>"
    assert first["recipient"] == "{{customer.email}}"
    assert (first["sending_state"], second["sending_state"]) == ("automatic", "off")
    assert second["headers"] == [{"name": "X-A", "value": "1"}]
    assert (first["tracked"], second["tracked"]) == (True, False)
    (listed,) = (await manage("GET", ALL)).json["broadcasts"]
    assert listed["actions"][0] == {name: first[name] for name in ("id", "kind", "name", "sending_state")}
    more = {name: listed.pop(name) for name in ("last_trigger", "running_triggers", "sent_by_day")}
    assert more == {"last_trigger": None, "running_triggers": 0, "sent_by_day": [0] * 14}
    assert {**listed, "actions": made["actions"]} == made


async def test_edit_changes_only_what_it_mentions(manage: Client) -> None:
    made = await create(manage, tags=["a"], actions=[EMAIL])
    path = f"{ALL}/{made['id']}"
    changed = (await manage("PATCH", path, {"name": "Summer"})).json["broadcast"]
    assert (changed["name"], changed["tags"]) == ("Summer", ["a"])
    assert changed["actions"] == made["actions"]

    action = f"{path}/actions/{made['actions'][0]['id']}"
    edited = await manage("PATCH", action, {"subject": "Bye", "send_to_unsubscribed": True})
    assert edited.status == 200
    shown = edited.json["action"]
    assert (shown["subject"], shown["send_to_unsubscribed"]) == ("Bye", True)
    assert (shown["body"], shown["tracked"]) == (EMAIL["body"], True)
    assert not (await manage("PATCH", action, {"tracked": False})).json["action"]["tracked"]
    assert (await manage("PATCH", action, {"fake_bcc": True})).json["action"]["fake_bcc"]
    assert not (await manage("PATCH", action, {"name": "Welcome"})).json["action"]["tracked"]

    added = await manage("POST", f"{path}/actions", {"name": "More"})
    assert added.status == 201
    actions = (await manage("GET", path)).json["broadcast"]["actions"]
    assert [item["name"] for item in actions] == ["Welcome", "More"]

    assert (await manage("DELETE", action)).status == 204
    assert (await manage("DELETE", action)).status == 404
    actions = (await manage("GET", path)).json["broadcast"]["actions"]
    assert [item["id"] for item in actions] == [added.json["action"]["id"]]


async def test_edits_at_once_are_all_kept(manage: Client) -> None:
    made = await create(manage)
    path = f"{ALL}/{made['id']}"
    answers = await asyncio.gather(
        manage("PATCH", path, {"name": "Summer"}),
        manage("PATCH", path, {"tags": ["t"]}),
        manage("POST", f"{path}/actions", EMAIL),
    )
    assert {answer.status for answer in answers} <= {200, 201}
    shown = (await manage("GET", path)).json["broadcast"]
    assert (shown["name"], shown["tags"], len(shown["actions"])) == ("Summer", ["t"], 1)


async def test_every_fault_of_a_body_is_named(manage: Client) -> None:
    answer = await manage(
        "POST",
        ALL,
        {
            "name": " ",
            "colour": "red",
            "recipients": {"attribute": {"field": "x", "operator": "like"}},
            "doubt_policy": "guess",
            "tags": ["ok", 7],
            "actions": [
                {"subject": 1, "headers": [{"name": "", "value": None, "a/b": 1}], "sending_state": True},
                "mail",
                {
                    "kind": "pigeon",
                    "send_to_unsubscribed": "yes",
                    "tracked": 1,
                    "body": "x" * 1_000_001,
                    "subject": "é" * 501,
                },
            ],
        },
    )
    assert answer.status == 422
    found = {error["source"]["pointer"].removeprefix("/data/attributes") for error in answer.json["errors"]}
    assert found == {
        "/name",
        "/colour",
        "/recipients/attribute/operator",
        "/doubt_policy",
        "/tags/1",
        "/actions/0/subject",
        "/actions/0/headers/0/name",
        "/actions/0/headers/0/value",
        "/actions/0/headers/0/a~1b",
        "/actions/0/sending_state",
        "/actions/1",
        "/actions/2/kind",
        "/actions/2/send_to_unsubscribed",
        "/actions/2/tracked",
        "/actions/2/body",
        "/actions/2/subject",
    }
    assert (await manage("GET", ALL)).json["broadcasts"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": None}, 422),
        ([], 400),
        (b"{", 400),
        ({"name": "x", "recipients": None}, 422),
        ({"name": "x", "tags": "a"}, 422),
        ({"name": "x", "tags": ["t"] * 51}, 422),
        ({"name": "x", "actions": [{}] * 51}, 422),
        ({"name": "é" * 128}, 422),
        ({"name": "x", "doubt_policy": ["hold"]}, 422),
    ],
)
async def test_bad_bodies(body: object, status: int, manage: Client) -> None:
    assert (await manage("POST", ALL, body)).status == status


async def test_managing_needs_the_scope(client: Client, nobody: Client, id_client: Client, manage: Client) -> None:
    made = await create(manage)
    assert (await nobody("GET", ALL)).status == 401
    assert (await client("GET", ALL)).status == 401
    assert (await client("POST", f"{ALL}/{made['id']}/activate")).status == 401


async def test_other_workspaces_broadcasts_do_not_exist(manage: Client, store: Store) -> None:
    other = store.write(lambda tx: access.create_workspace(tx, "Else", "id", access.random_keys()))
    foreign = store.write(lambda tx: broadcasts.create(tx, other, "Theirs", recipients={}))
    path = f"{ALL}/{foreign.broadcast_id}"
    for method, target in (
        ("GET", path),
        ("PATCH", path),
        ("POST", f"{path}/actions"),
        ("GET", f"{path}/review"),
        ("POST", f"{path}/activate"),
        ("POST", f"{path}/stop"),
        ("POST", f"{path}/duplicate"),
    ):
        assert (await manage(method, target, {})).status == 404, target


async def test_activation_refuses_with_every_problem(manage: Client) -> None:
    made = await create(
        manage,
        recipients={"segment": {"id": 77}},
        actions=[{"subject": "{{ customer.name", "body": " ", "from": "nobody", "reply_to": "x", "cc": "a@b.test, c"}],
    )
    path, action = f"{ALL}/{made['id']}", made["actions"][0]["id"]
    found = (await manage("GET", f"{path}/review")).json
    assert found["ready"] is False
    fields = {problem["field"] for problem in found["problems"]}
    here = f"actions/{action}"
    assert fields == {
        "recipients", f"{here}/subject", f"{here}/body", f"{here}/from", f"{here}/reply_to", f"{here}/cc",
    }  # fmt: skip
    (subject,) = (problem for problem in found["problems"] if problem["field"].endswith("subject"))
    assert (subject["line"], subject["column"]) == (1, 1)

    refused = await manage("POST", f"{path}/activate")
    assert refused.status == 422
    assert len(refused.json["errors"]) == len(found["problems"])
    assert refused.json["errors"][0]["source"]["pointer"].endswith("/recipients")
    assert "line 1, column 1" in refused.body.decode()
    assert (await manage("GET", path)).json["broadcast"]["state"] == "draft"


async def test_life_of_a_broadcast(manage: Client, client: Client) -> None:
    made = await create(manage, actions=[EMAIL])
    path = f"{ALL}/{made['id']}"
    found = (await manage("GET", f"{path}/review")).json
    assert (found["ready"], found["problems"]) == (True, [])
    assert all(warning["quiet"] for warning in found["warnings"])
    running = await manage("POST", f"{path}/activate")
    assert running.status == 200
    assert running.json["broadcast"]["state"] == "running"
    started = running.json["broadcast"]["first_started_at"]
    assert started is not None
    assert (await manage("POST", f"{path}/activate")).status == 200
    stopped = await manage("POST", f"{path}/stop")
    assert stopped.json["broadcast"]["state"] == "stopped"
    assert stopped.json["stopped_triggers"] == 0
    again = await manage("POST", f"{path}/activate")
    assert again.json["broadcast"]["state"] == "running"
    assert again.json["broadcast"]["first_started_at"] == started
    assert (await client("GET", f"/v1/broadcasts/{made['id']}")).json["broadcast"]["active"] is True


async def test_stopping_a_draft_leaves_a_draft(manage: Client) -> None:
    made = await create(manage)
    stopped = await manage("POST", f"{ALL}/{made['id']}/stop", {})
    assert stopped.json["broadcast"]["state"] == "draft"


@pytest.mark.parametrize(("choice", "expected"), [("stop", "stopped"), ("finish", "queued"), (None, "stopped")])
async def test_stop_decides_about_unfinished_triggers(
    choice: str | None, expected: str, manage: Client, store: Store, workspace: Workspace
) -> None:
    made = await create(manage, actions=[EMAIL])
    path = f"{ALL}/{made['id']}"
    await manage("POST", f"{path}/activate")
    stored = store.read(lambda tx: broadcasts.get(tx, workspace, made["id"]))
    assert stored is not None
    trigger_id = store.write(
        lambda tx: triggers.create(
            tx,
            workspace,
            made["id"],
            selector=Selector.DEFAULT,
            condition={},
            echo={},
            data={},
            flags=Flags(),
            content_hash=triggers.save_content(tx, freeze(stored, {})),
            resolve_until=1,
        )
    )
    stopped = await manage("POST", f"{path}/stop", None if choice is None else {"running_triggers": choice})
    assert stopped.json["broadcast"]["state"] == "stopped"
    assert stopped.json["stopped_triggers"] == int(expected == "stopped")
    trigger = store.read(lambda tx: triggers.get(tx, trigger_id))
    assert trigger is not None
    assert trigger.state is TriggerState(expected)


async def test_stop_refuses_unknown_choices(manage: Client) -> None:
    made = await create(manage)
    for body in ({"running_triggers": "pause"}, {"triggers": "stop"}):
        assert (await manage("POST", f"{ALL}/{made['id']}/stop", body)).status == 422


async def test_running_broadcast_cannot_be_edited_into_a_broken_one(manage: Client) -> None:
    made = await create(manage, actions=[EMAIL])
    path = f"{ALL}/{made['id']}"
    action = f"{path}/actions/{made['actions'][0]['id']}"
    await manage("POST", f"{path}/activate")
    refused = await manage("PATCH", action, {"subject": "{% if %}"})
    assert refused.status == 422
    assert refused.json["errors"][0]["source"]["pointer"].endswith("/subject")
    assert (await manage("DELETE", action)).status == 422
    assert (await manage("PATCH", path, {"recipients": {"segment": {"id": 5}}})).status == 422
    assert (await manage("PATCH", action, {"subject": "Fine"})).status == 200


async def test_old_problems_do_not_keep_anybody_from_mending(
    manage: Client, store: Store, workspace: Workspace
) -> None:
    segment = store.write(lambda tx: segments.create(tx, workspace, "S", ""))
    recipients = {"segment": {"id": segment.segment_id}}
    made = await create(manage, actions=[EMAIL], recipients=recipients)
    path = f"{ALL}/{made['id']}"
    assert (await manage("POST", f"{path}/activate")).status == 200
    store.write(lambda tx: segments.delete(tx, workspace, segment.segment_id))
    assert (await manage("PATCH", path, {"name": "Still editable"})).status == 200
    assert (await manage("GET", f"{path}/review")).json["ready"] is False


async def test_duplicate_is_an_inactive_copy(manage: Client) -> None:
    recipients = {"attribute": {"field": "plan", "operator": "exists"}}
    source = await create(
        manage, recipients=recipients, doubt_policy="resend", tags=["t"], actions=[EMAIL, {**EMAIL, "name": "2"}]
    )
    await manage("POST", f"{ALL}/{source['id']}/activate")
    answer = await manage("POST", f"{ALL}/{source['id']}/duplicate")
    assert answer.status == 201
    copy = answer.json["broadcast"]
    assert copy["id"] != source["id"]
    assert (copy["name"], copy["state"], copy["first_started_at"]) == ("[COPY] Spring", "draft", None)
    assert (copy["recipients"], copy["doubt_policy"], copy["tags"]) == (recipients, "resend", ["t"])
    own = {"id", "created_at", "updated_at"}
    for before, after in zip(source["actions"], copy["actions"], strict=True):
        assert before["id"] != after["id"]
        assert {k: v for k, v in before.items() if k not in own} == {k: v for k, v in after.items() if k not in own}
    assert (await manage("GET", ALL)).json["broadcasts"][0]["id"] == copy["id"]


async def test_duplicate_takes_no_fields(manage: Client) -> None:
    source = await create(manage)
    answer = await manage("POST", f"{ALL}/{source['id']}/duplicate", {"name": "zz"})
    assert answer.status == 422
    assert answer.error == "name: unknown key; known: none"
    assert len((await manage("GET", ALL)).json["broadcasts"]) == 1
    assert (await manage("POST", f"{ALL}/{source['id']}/duplicate", {})).status == 201


async def loud(manage: Client, made: dict[str, Any]) -> list[dict[str, Any]]:
    """Warnings of a review that are no settings."""
    found = (await manage("GET", f"{ALL}/{made['id']}/review")).json["warnings"]
    return [warning for warning in found if not warning["quiet"]]


async def test_review_warns_about_what_is_easily_overlooked(manage: Client, store: Store, workspace: Workspace) -> None:
    store.write(lambda tx: snippets.save(tx, workspace, "foot", "{{customer.town}} {% unsubscribe_url %}"))
    body = (
        "{{customer.name}} {{customer.plan | default: 'free'}} {% if customer.age %}{{customer.age}}{% endif %}"
        "{{trigger.voucher}} {{customer.email}} {{customer.id}} {{customer.cio_id}} {{snippets.foot}}"
    )
    made = await create(manage, actions=[{**EMAIL, "body": body}, {**EMAIL, "body": "<p>Hi"}])
    warnings = await loud(manage, made)
    first, second = (f"actions/{action['id']}/body" for action in made["actions"])
    assert {(item["field"], item["message"].split()[0]) for item in warnings} == {
        (first, "customer.name"),  # the fallback in the subject does not help the body
        (first, "customer.town"),
        (first, "trigger.voucher"),
        (second, "the"),
    }


async def test_each_language_needs_its_way_to_unsubscribe(manage: Client) -> None:
    made = await create(manage, actions=[{**EMAIL, "body": "<p>Hi {% unsubscribe_url %}", "subject": "Hi"}])
    action = f"actions/{made['actions'][0]['id']}"
    assert await loud(manage, made) == []
    for language, body in (("de", "<p>Hallo"), ("fr", "<p>Salut {% unsubscribe %}")):
        await manage("PUT", f"{ALL}/{made['id']}/{action}/languages/{language}", {"body": body})
    (told,) = await loud(manage, made)
    assert told["field"] == f"{action}/languages/de/body"


async def test_review_tells_where_styles_are_not_inlined(manage: Client) -> None:
    unsubscribe = "{% unsubscribe %}"
    bodies = (
        "<style>{% if 1 %}p{a:b}{% endif %}</style><p>",
        "<style>p{a:b}</style><p class='{{ customer.id }}'>",
        "<style>p{a:b}</style><p>",
    )
    made = await create(manage, actions=[{**EMAIL, "body": body + unsubscribe, "subject": "Hi"} for body in bodies])
    first, second, _ = (f"actions/{action['id']}/body" for action in made["actions"])
    warnings = await loud(manage, made)
    told = {item["field"]: item["message"] for item in warnings}
    assert told.keys() == {first, second}
    assert told[first].endswith("Liquid in a style sheet is more than the value of a property")
    assert "an element has a class" in told[second]
    action = f"{ALL}/{made['id']}/actions/{made['actions'][0]['id']}"
    assert (await manage("PATCH", action, {"inline_css": False})).json["action"]["inline_css"] is False
    warnings = await loud(manage, made)
    assert [item["field"] for item in warnings] == [second]


async def test_review_of_what_cannot_be_sent(manage: Client, store: Store, workspace: Workspace) -> None:
    nothing = await create(manage)
    off = await create(manage, actions=[{**EMAIL, "sending_state": "off", "subject": "{{"}])
    draft = await create(manage, kind="transactional", actions=[{**EMAIL, "sending_state": "draft"}])
    missing = await create(
        manage, actions=[{**EMAIL, "body": "{{snippets.nope}}", "headers": [{"name": "To", "value": "x"}]}]
    )

    async def fields(made: dict[str, Any]) -> list[str]:
        found = (await manage("GET", f"{ALL}/{made['id']}/review")).json
        return [problem["field"] for problem in found["problems"]]

    assert await fields(nothing) == ["actions"]
    assert await fields(off) == ["actions"]
    assert await fields(draft) == []
    here = f"actions/{missing['actions'][0]['id']}"
    assert sorted(await fields(missing)) == [f"{here}/body", f"{here}/headers/To"]
    stored = store.read(lambda tx: broadcasts.get(tx, workspace, off["id"], None))
    assert stored is not None
    assert stored.state is BroadcastState.DRAFT
    assert not review(stored, snippets={}, segment_ids=()).ready


@pytest.mark.parametrize("default", list(DoubtPolicy))
async def test_the_policy_about_doubt_is_the_providers_unless_the_call_names_one(
    api: Api, keys: Keys, workspace: Workspace, default: DoubtPolicy
) -> None:
    options = replace(api.options, doubt_policy=default)
    manage = Client(application.build(replace(api, options=options)), f"Bearer {keys.manage_key}")
    assert (await create(manage))["doubt_policy"] == default.value
    for named in DoubtPolicy:
        made = await create(manage, doubt_policy=named.value)
        assert made["doubt_policy"] == named.value
        assert (await manage("PATCH", f"{ALL}/{made['id']}", {"name": "X"})).json["broadcast"][
            "doubt_policy"
        ] == named.value
