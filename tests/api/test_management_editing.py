# SPDX-License-Identifier: Apache-2.0
"""Broadcasts as several people edit them: versions, presence, goals, the archive, the list; trying a trigger call."""

from dataclasses import replace
from typing import Any

import pytest

from clarion.api import application
from clarion.api.calls import Api
from clarion.store.engine import Store

from .conftest import Client

_ROOT = "/api/clarion/v1"
_MAIL = {
    "subject": "{{ trigger.headline }}",
    "body": "{% for deal in trigger.deals %}{{ deal.title }} {{ deal.price | currency }}{% endfor %} "
    "{{ trigger.on.day | date: '%d' }} {% unsubscribe %}",
    "from": "Acme <news@example.com>",
}


async def make(manage: Client, **more: Any) -> int:
    made = await manage("POST", f"{_ROOT}/broadcasts", {"name": "Spring", "actions": [_MAIL], **more})
    assert made.status == 201, made.body
    return int(made.json["broadcast"]["id"])


async def test_each_change_is_a_version_and_a_stale_edit_is_refused(manage: Client) -> None:
    number = await make(manage)
    before = (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]
    first = await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"name": "Summer", "version": before["version"]})
    assert first.json["broadcast"]["version"] == before["version"] + 1
    assert first.json["broadcast"]["changed_by"] == "Management"
    stale = await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"name": "Autumn", "version": before["version"]})
    assert stale.status == 409
    assert "Management has changed it meanwhile" in stale.error
    action = before["actions"][0]["id"]
    path = f"{_ROOT}/broadcasts/{number}/actions/{action}"
    assert (await manage("PATCH", path, {"subject": "x", "version": before["version"]})).status == 409
    changed = await manage("PATCH", path, {"subject": "Hi", "version": before["version"] + 1})
    assert changed.json["version"] == before["version"] + 2
    assert (await manage("PATCH", path, {"subject": "Hello"})).status == 200, "without a version the last one wins"
    assert (await manage("PATCH", path, {"version": "one"})).status == 422


@pytest.mark.parametrize(
    ("goal", "field"),
    [
        ({"kind": "event"}, "event"),
        ({"kind": "dance", "event": "x"}, "kind"),
        ({"kind": "enters_segment"}, "segment_id"),
        ({"kind": "event", "event": "buy", "window_days": 91}, "window_days"),
        ({"kind": "event", "event": "buy", "counted_from": "seen"}, "counted_from"),
        ({"kind": "event", "event": "buy", "colour": 1}, "colour"),
        ({"kind": "event", "event": 7}, "event"),
    ],
)
async def test_a_goal_that_is_wrong_is_refused_by_field(goal: dict[str, Any], field: str, manage: Client) -> None:
    number = await make(manage)
    refused = await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"goal": goal})
    assert refused.status == 422
    pointers = [one["source"]["pointer"] for one in refused.json["errors"]]
    assert f"/data/attributes/goal/{field}" in pointers


async def test_goal_and_exit_are_kept_shown_and_copied(manage: Client) -> None:
    goal = {"kind": "event", "event": "purchase", "property_name": "plan", "property_value": "pro", "window_days": 30}
    number = await make(manage, goal=goal, exit_when="goal")
    shown = (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]
    assert shown["goal"] == goal | {"segment_id": None, "counted_from": "sent"}
    assert shown["exit_when"] == "goal"
    copy = (await manage("POST", f"{_ROOT}/broadcasts/{number}/duplicate")).json["broadcast"]
    assert (copy["goal"], copy["exit_when"], copy["name"]) == (shown["goal"], "goal", "[COPY] Spring")
    always = await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"goal": goal | {"window_days": None}})
    assert always.json["broadcast"]["goal"]["window_days"] is None
    gone = await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"goal": None})
    assert gone.json["broadcast"]["goal"] is None


async def test_the_archive_takes_what_does_not_run(manage: Client, client: Client) -> None:
    number = await make(manage)
    await manage("POST", f"{_ROOT}/broadcasts/{number}/activate")
    assert (await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"archived": True})).status == 422
    await manage("POST", f"{_ROOT}/broadcasts/{number}/stop")
    assert (await manage("PATCH", f"{_ROOT}/broadcasts/{number}", {"archived": True})).status == 200
    listed = (await manage("GET", f"{_ROOT}/broadcasts")).json
    assert (listed["broadcasts"], listed["counts"]["archived"]) == ([], 1)
    only = (await manage("GET", f"{_ROOT}/broadcasts?archived=only")).json["broadcasts"]
    assert [one["id"] for one in only] == [number]
    assert len((await client("GET", "/v1/broadcasts")).json["broadcasts"]) == 1, "Customer.io's list knows no archive"


async def test_the_list_is_searched_and_tells_the_last_trigger(manage: Client, client: Client, track: Client) -> None:
    number, other = await make(manage, tags=["news"]), await make(manage, name="Winter")
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})
    await manage("POST", f"{_ROOT}/broadcasts/{number}/activate")
    trigger = (await client("POST", f"/v1/campaigns/{number}/triggers", {"ids": ["p1"]})).json["id"]
    by_name = {one["name"]: one for one in (await manage("GET", f"{_ROOT}/broadcasts")).json["broadcasts"]}
    last = by_name["Spring"]["last_trigger"]
    assert (last["id"], last["state"], by_name["Spring"]["running_triggers"]) == (trigger, "queued", 1)
    assert len(by_name["Spring"]["sent_by_day"]) == 14
    assert (by_name["Winter"]["last_trigger"], by_name["Winter"]["running_triggers"]) == (None, 0)

    async def found(query: str) -> list[int]:
        return [one["id"] for one in (await manage("GET", f"{_ROOT}/broadcasts?{query}")).json["broadcasts"]]

    assert await found("search=WINT") == [other]
    assert await found(f"search={number}") == [number]
    assert await found("state=running") == [number]
    assert await found("tag=news") == [number]
    assert await found(f"id={other}") == [other]
    for wrong in ("state=dancing", "archived=maybe", "kind=inline", "limit=0", "start=x", "id=x"):
        assert (await manage("GET", f"{_ROOT}/broadcasts?{wrong}")).status == 400


async def test_the_list_goes_on_page_by_page_and_reads_no_texts(manage: Client, store: Store) -> None:
    made = [await make(manage, name=f"{'even' if no % 2 == 0 else 'odd'} {no}") for no in range(7)]
    store.script("UPDATE action SET content = 'what is not read need not be right'")
    seen: list[int] = []
    following: Any = 10**9
    for _ in range(4):
        page = (await manage("GET", f"{_ROOT}/broadcasts?limit=2&start={following}")).json
        seen += [one["id"] for one in page["broadcasts"]]
        following = page["next"]
    assert (seen, following) == (sorted(made, reverse=True), None)
    evens = (await manage("GET", f"{_ROOT}/broadcasts?limit=2&search=EVEN")).json
    assert [one["name"] for one in evens["broadcasts"]] == ["even 6", "even 4"]
    rest = (await manage("GET", f"{_ROOT}/broadcasts?limit=2&search=EVEN&start={evens['next']}")).json
    assert [one["name"] for one in rest["broadcasts"]] == ["even 2", "even 0"]
    assert rest["next"] is None
    assert rest["counts"] == {"draft": 7, "running": 0, "stopped": 0, "archived": 0}
    assert evens["broadcasts"][0]["actions"][0]["kind"] == "email"


async def test_who_has_it_open_is_told_to_the_others(manage: Client) -> None:
    number = await make(manage)
    alone = (await manage("POST", f"{_ROOT}/broadcasts/{number}/editing")).json
    assert alone["others"] == []
    assert alone["version"] >= 1
    assert (await manage("POST", f"{_ROOT}/broadcasts/9999/editing")).status == 404


async def test_a_call_is_tried_without_anything_being_sent(manage: Client, client: Client, track: Client) -> None:
    number = await make(manage)
    for no in range(3):
        await track("PUT", f"/api/v1/customers/p{no}", {"email": f"p{no}@example.com"})
    path = f"{_ROOT}/broadcasts/{number}/trigger_check"
    draft = (await manage("POST", path, {})).json
    assert draft["ready"] is False
    assert "not active" in draft["problems"][0]["message"]
    reach = draft["reach"]
    assert (reach["people"], reach["exact"], reach["will_get"], set(reach["left_out"].values())) == (3, True, 3, {0})
    assert draft["data"]["wanted"] == {
        "headline": "headline",
        "deals": [{"title": "title", "price": 1}],
        "on": {"day": 1_796_040_000},
    }
    assert sorted(draft["data"]["missing"]) == ["deals", "headline", "on"]
    await manage("POST", f"{_ROOT}/broadcasts/{number}/activate")
    ready = (await manage("POST", path, {"ids": ["p1"], "data": {"headline": "x", "deals": [], "on": {}}})).json
    assert (ready["ready"], ready["reach"]["people"], ready["data"]["missing"]) == (True, 1, [])
    assert ready["first"]["id"] == "p1"
    await track("PUT", "/api/v1/customers/p0", {"unsubscribed": True})
    assert (await manage("POST", path, {})).json["first"]["id"] == "p1", "who is left out is not shown"
    named = (await manage("POST", path, {"ids": ["p0", "p1", "p1"]})).json
    reach = named["reach"]
    assert (reach["people"], reach["will_get"], reach["left_out"]["unsubscribed"]) == (2, 1, 1)
    assert named["first"]["id"] == "p1"
    assert (await manage("POST", path, {"recipients": {"segment": {"id": 99}}})).json["first"] is None
    strangers = (await manage("POST", path, {"ids": ["p1", "nobody"]})).json
    assert strangers["ready"] is False
    assert strangers["errors"] == ['line 2: customer id "nobody" not found']
    wrong = (await manage("POST", path, {"recipients": {"near": 1}})).json
    assert wrong["problems"][0]["field"].startswith("/recipients")
    no_segment = (await manage("POST", path, {"recipients": {"segment": {"id": 99}}})).json
    assert no_segment["problems"][0]["message"] == "segment 99 does not exist"
    assert (await client("GET", f"/v1/broadcasts/{number}/triggers")).json == {"triggers": []}


async def test_what_waits_between_two_triggers_is_told_before(
    api: Api, manage: Client, track: Client, keys: Any
) -> None:
    number = await make(manage)
    await track("PUT", "/api/v1/customers/p1", {"email": "p1@example.com"})
    await manage("POST", f"{_ROOT}/broadcasts/{number}/activate")
    slow = replace(api, options=replace(api.options, trigger_interval_seconds=10.0, trigger_queue=1))
    patient = Client(application.build(slow), f"Bearer {keys.manage_key}")
    await patient("POST", f"/v1/campaigns/{number}/triggers", {"ids": ["p1"], "data": {"headline": "one"}})
    told = (await patient("POST", f"{_ROOT}/broadcasts/{number}/trigger_check", {"ids": ["p1"]})).json
    assert 0 < told["limits"]["wait_seconds"] <= 10
    assert (told["limits"]["unfinished"], told["limits"]["queue"]) == (1, 1)
    assert any("not finished yet" in problem["message"] for problem in told["problems"])
    samples = (await patient("GET", f"{_ROOT}/broadcasts/{number}/sample_data")).json
    assert samples["earlier"][0]["data"] == {"headline": "one"}
    assert set(samples["wanted"]) == {"headline", "deals", "on"}


async def test_actions_are_put_in_order(manage: Client) -> None:
    number = await make(manage, actions=[{**_MAIL, "name": name} for name in ("a", "b", "c")])
    path = f"{_ROOT}/broadcasts/{number}/actions/order"
    ids = [one["id"] for one in (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]["actions"]]
    wanted = [ids[2], ids[0], ids[1]]
    changed = await manage("PUT", path, {"actions": wanted})
    assert [one["name"] for one in changed.json["broadcast"]["actions"]] == ["c", "a", "b"]
    assert [
        one["id"] for one in (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]["actions"]
    ] == wanted
    added = (await manage("POST", f"{_ROOT}/broadcasts/{number}/actions", {**_MAIL, "name": "d"})).json["action"]["id"]
    after = (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]["actions"]
    assert after[-1]["id"] == added, "a new one stands at the end"
    for wrong in ([], [*ids], [*ids, added, added], ["x"], [True, *ids]):
        assert (await manage("PUT", path, {"actions": wrong})).status == 422


async def test_an_action_is_copied_with_its_languages(manage: Client) -> None:
    number = await make(manage)
    (action,) = (await manage("GET", f"{_ROOT}/broadcasts/{number}")).json["broadcast"]["actions"]
    path = f"{_ROOT}/broadcasts/{number}/actions/{action['id']}"
    await manage("PUT", f"{path}/languages/de", {"subject": "Hallo"})
    made = await manage("POST", f"{path}/duplicate")
    assert made.status == 201
    copy = made.json["action"]
    assert copy["id"] != action["id"]
    assert (copy["body"], copy["languages"]) == (action["body"], ["de"])
    german = await manage("GET", f"{_ROOT}/broadcasts/{number}/actions/{copy['id']}/languages/de")
    assert german.json["content"]["subject"] == "Hallo"
    assert (await manage("POST", f"{_ROOT}/broadcasts/{number}/actions/99999/duplicate")).status == 404
    assert (await manage("POST", f"{path}/duplicate", {"name": "x"})).status == 422
