# SPDX-License-Identifier: Apache-2.0
"""What happened to people, as the App API tells it (contract §7.1)."""

from typing import Any

import pytest
from tests.support.audience import add_people, playing

from clarion.api.calls import Api
from clarion.domain.deliveries import Reason, State, public_id
from clarion.domain.metrics import Feedback, Metric
from clarion.pipeline import feedback
from clarion.store import activities
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.tracking import person

from .conftest import Client
from .test_app_messages import settle


async def kinds(client: Client, target: str) -> list[str]:
    """The types of every activity of a list, newest first, page by page."""
    found, start = [], ""
    while True:
        page = (await client("GET", f"{target}{'&' if '?' in target else '?'}limit=3&start={start}")).json
        found += [one["type"] for one in page["activities"]]
        if not (start := page["next"]):
            return found


async def test_what_is_done_to_a_person_is_told(client: Client, track: Client) -> None:
    await track("PUT", "/api/v1/customers/ada", {"email": "ada@x.test", "plan": "free"})
    await track("PUT", "/api/v1/customers/ada", {"plan": "pro", "age": 36})
    await track("PUT", "/api/v1/customers/ada", {"plan": "pro"})  # nothing changed
    await track("POST", "/api/v1/customers/ada/events", {"name": "bought", "data": {"what": "tea"}})
    await track("POST", "/api/v1/customers/ada/events", {"name": "/home", "type": "page"})
    await track("PUT", "/api/v1/customers/ada/devices", {"device": {"id": "t1", "platform": "ios"}})
    await track("DELETE", "/api/v1/customers/ada/devices/t1")
    await track("PUT", "/api/v1/customers/bob", {"email": "bob@x.test"})
    await track("PUT", "/api/v1/customers/bob", {"email": "ada@x.test"})
    target = "/v1/customers/ada/activities"
    assert await kinds(client, target) == [
        "device_change", "device_change", "page", "event", "attribute_change", "profile_create",
    ]  # fmt: skip
    found = (await client("GET", f"{target}?limit=100")).json["activities"]
    assert found[4]["data"] == {"plan": {"from": "free", "to": "pro"}, "age": {"from": None, "to": 36}}
    assert found[5]["data"]["plan"] == {"from": None, "to": "free"}
    assert (found[3]["name"], found[3]["data"]) == ("bought", {"what": "tea"})
    assert found[0]["customer_identifiers"]["email"] == "ada@x.test"
    assert found[0]["customer_id"] == "ada"
    assert await kinds(client, f"{target}?type=event") == ["event"]
    assert await kinds(client, f"{target}?name=bought") == ["event"]
    assert await kinds(client, f"{target}?id_type=email".replace("ada/", "ada%40x.test/")) == await kinds(
        client, target
    )
    everybody = await kinds(client, "/v1/activities")
    assert everybody[0] == "failed_attribute_change"
    assert len(everybody) == 8
    assert await kinds(client, "/v1/activities?type=profile_create") == ["profile_create"] * 2
    assert await kinds(client, "/v1/activities?customer_id=ada") == await kinds(client, target)


async def test_those_who_are_gone_are_told_of_when_asked(client: Client, track: Client) -> None:
    for name in ("ada", "bob", "eve"):
        await track("PUT", f"/api/v1/customers/{name}", {"n": 1})
    await track("DELETE", "/api/v1/customers/bob")
    await track("POST", "/api/v1/merge_customers", {"primary": {"id": "ada"}, "secondary": {"id": "eve"}})
    gone = await kinds(client, "/v1/activities?deleted=true")
    assert gone == ["profile_delete", "profile_create"]  # what happened to eve happened to ada
    told = await kinds(client, "/v1/customers/ada/activities")
    assert told.count("profile_merge") == 1
    assert told.count("profile_create") == 2  # hers, and those of who is her now
    assert (await client("GET", "/v1/customers/bob/activities")).status == 404


async def test_anonymous_events_come_with_a_word(client: Client, track: Client) -> None:
    await track("POST", "/api/v1/events", {"name": "looked", "anonymous_id": "x1"})
    await track("PUT", "/api/v1/customers/ada", {"anonymous_id": "x1"})
    assert "anon_merge" in await kinds(client, "/v1/customers/ada/activities")


async def test_what_became_of_messages_is_among_a_persons(
    client: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.SENT)
    store.write(lambda tx: feedback.record(tx, Feedback(played.key(1), Metric.OPENED)))
    found = (await client("GET", "/v1/customers/p1/activities")).json["activities"]
    assert {one["type"] for one in found} == {"attempted_email", "sent_email", "opened_email"}
    assert {one["delivery_id"] for one in found} == {public_id(played.key(1), api.secret)}
    assert {one["delivery_type"] for one in found} == {"email"}
    assert await kinds(client, "/v1/customers/p1/activities?type=opened_email") == ["opened_email"]
    again = (await client("GET", "/v1/customers/p1/activities")).json["activities"]
    assert again == found  # the same names each time


@pytest.mark.parametrize("query", ["start=x", "limit=0", "limit=1000", "start=" + "Z" * 26])
async def test_a_wrong_query_is_400(client: Client, track: Client, query: str) -> None:
    assert (await client("GET", f"/v1/activities?{query}")).status == 400


async def test_an_erasure_and_time_take_it_away(
    client: Client, manage: Client, track: Client, store: Store, workspace: Workspace
) -> None:
    for name in ("ada", "bob"):
        await track("PUT", f"/api/v1/customers/{name}", {"secret": "s"})
    await manage("POST", "/api/clarion/v1/people/erase", {"id": "ada"})

    def left() -> list[Any]:
        return store.read(lambda tx: tx.composed("SELECT id FROM activity", {}))

    assert len(left()) == 1
    now_ms = store.read(lambda tx: tx.now_ms())
    assert list(activities.clear(store, now_ms - activities.KEPT_MS)) == []
    assert list(activities.clear(store, now_ms + 1)) == [1]
    assert left() == []


async def test_a_device_that_is_only_used_again_is_not_told(client: Client, track: Client) -> None:
    for last_used in (1, 2):
        device = {"id": "t1", "platform": "ios", "last_used": last_used}
        await track("PUT", "/api/v1/customers/ada/devices", {"device": device})
    await track("DELETE", "/api/v1/customers/ada/devices/other")
    assert await kinds(client, "/v1/customers/ada/activities?type=device_change") == ["device_change"]


async def test_what_a_call_could_not_change_is_told_with_what_it_wanted(client: Client, track: Client) -> None:
    await track("PUT", "/api/v1/customers/ada", {"email": "ada@x.test"})
    await track("PUT", "/api/v1/customers/new@x.test", {"id": "ada"})
    [refused] = (await client("GET", "/v1/activities?type=failed_attribute_change")).json["activities"]
    assert refused["data"] == {"email": {"from": "ada@x.test", "to": "new@x.test"}}


async def test_after_a_merge_what_the_second_did_is_whole_and_goes_with_an_erasure(
    client: Client, manage: Client, track: Client, store: Store
) -> None:
    await track("PUT", "/api/v1/customers/eve", {"plan": "free"})
    await track("POST", "/api/v1/customers/eve/events", {"name": "bought", "data": {"what": "tea"}})
    await track("PUT", "/api/v1/customers/ada", {})
    merge = {"type": "person", "action": "merge", "primary": {"id": "ada"}, "secondary": {"id": "eve"}}
    late = {"type": "person", "action": "identify", "identifiers": {"id": "eve"}, "attributes": {"plan": "late"}}
    await track("POST", "/api/v2/batch", {"batch": [late, merge]})
    found = (await client("GET", "/v1/customers/ada/activities?type=event")).json["activities"]
    assert [one["data"] for one in found] == [{"what": "tea"}]
    assert {one["customer_id"] for one in found} == {"ada"}
    assert await kinds(client, "/v1/activities?deleted=true") == []
    await manage("POST", "/api/clarion/v1/people/erase", {"id": "ada"})
    assert store.read(lambda tx: tx.composed("SELECT id FROM activity", {})) == []


async def test_an_erasure_takes_identifiers_out_that_others_were_refused(
    client: Client, manage: Client, track: Client, store: Store
) -> None:
    await track("PUT", "/api/v1/customers/ada", {"email": "Ada@x.test"})
    await track("PUT", "/api/v1/customers/bob", {"email": "ada@X.test"})
    assert await kinds(client, "/v1/customers/bob/activities") == ["failed_attribute_change", "profile_create"]
    await manage("POST", "/api/clarion/v1/people/erase", {"id": "ada"})
    left = store.read(lambda tx: tx.composed("SELECT data FROM activity", {}))
    assert "ada" not in str(left).lower()
    assert await kinds(client, "/v1/customers/bob/activities") == ["profile_create"]


async def test_a_choice_on_a_page_behind_a_link_is_a_change(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.SENT)
    for _ in range(2):
        store.write(lambda tx: person.set_attribute(tx, played.key(1), "unsubscribed", value=True))
    [change] = (await client("GET", "/v1/customers/p1/activities?type=attribute_change")).json["activities"]
    assert change["data"] == {"unsubscribed": {"from": None, "to": True}}
    assert await kinds(client, "/v1/customers/p1/activities?type=unsubscribed_email") == ["unsubscribed_email"]


async def test_messages_are_told_in_customer_ios_words_and_of_older_ones_what_is_new(
    client: Client, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.SENT)
    days = 40 * 86_400_000
    store.script(
        f"UPDATE delivery SET created_ms = created_ms - {days}, attempted_ms = attempted_ms - {days}, "
        f"settled_ms = settled_ms - {days};"
    )
    store.write(lambda tx: feedback.opened(tx, played.key(1), machine=False))
    assert await kinds(client, "/v1/customers/p1/activities") == ["opened_email"]


async def test_activities_of_messages_say_what_their_metrics_say(
    client: Client, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 3)
    played = playing(store, workspace, size=3)
    settle(played, [1], State.FAILED, Reason.RENDER_FAILED, words="no such variable")
    settle(played, [2], State.SKIPPED, Reason.ESP_SUPPRESSED, counted=False)
    settle(played, [3], State.STOPPED, Reason.TRIGGER_STOPPED, counted=False)
    for who, expected in (
        ("p1", ["failed_email"]),
        ("p2", ["dropped_email", "suppressed_email", "undeliverable_email"]),
        ("p3", ["undeliverable_email"]),
    ):
        assert sorted(await kinds(client, f"/v1/customers/{who}/activities")) == expected


async def test_activities_name_the_channel_of_their_message(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.SENT, words="200 thanks")
    call = "UPDATE action SET kind = 'webhook' WHERE action_id = :action_id RETURNING action_id"
    store.write(lambda tx: tx.composed(call, {"action_id": played.action_ids[0]}))
    found = (await client("GET", "/v1/customers/p1/activities")).json["activities"]
    assert {(one["type"], one["delivery_type"]) for one in found} == {
        ("sent_webhook", None),
        ("attempted_webhook", None),
    }
    assert await kinds(client, "/v1/customers/p1/activities?type=sent_webhook") == ["sent_webhook"]
