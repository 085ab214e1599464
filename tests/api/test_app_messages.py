# SPDX-License-Identifier: Apache-2.0
"""Lists of messages and one message (contract §5.5, §5.6, §7.4)."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest
from tests.store.ledgers import FAR, Played, held, new_trigger
from tests.support.audience import add_people, person_id, playing

from clarion.api.calls import Api
from clarion.domain.broadcasts import EmailContent
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State, public_id
from clarion.domain.people import cio_id
from clarion.store import broadcasts, deliveries, ledger, people
from clarion.store.access import Workspace
from clarion.store.deliveries import Stretch, Wanted
from clarion.store.engine import Store

from .conftest import Client


def settle(played: Played, seqs: Iterable[int], state: State, reason: Reason | None = None, **more: Any) -> None:
    outcomes = [Outcome(played.key(seq), state, reason, **more) for seq in seqs]
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=0))


async def every_page(client: Client, target: str, limit: int) -> list[Any]:
    """All messages of a list, page by page."""
    found: list[Any] = []
    start = ""
    while True:
        page = (await client("GET", f"{target}limit={limit}&start={start}")).json
        assert len(page["messages"]) <= limit
        found += page["messages"]
        start = page["next"]
        if not start:
            return found


def place(message: dict[str, Any]) -> int:
    """Which person of the audience a message is for."""
    return int(message["customer_id"].removeprefix("p"))


async def test_sent_message_has_the_shape_of_the_contract(
    client: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.SENT, words="250 ok", recipient="P One <p1@x.test>")
    public = public_id(played.key(1), api.secret)
    shown = (await client("GET", f"/v1/messages/{public}")).json["message"]
    created, sent = shown["metrics"]["created"], shown["metrics"]["sent"]
    assert created <= sent
    assert shown == {
        "id": public,
        "deduplicate_id": f"{public}:{sent}",
        "type": "email",
        "customer_id": "p1",
        "customer_identifiers": {"email": "p1@x.test", "id": "p1", "cio_id": cio_id(person_id(workspace, 1))},
        "recipient": "P One <p1@x.test>",
        "subject": "Hi",
        "created": created,
        "metrics": {"created": created, "attempted": sent, "sent": sent},
        "failure_message": None,
        "newsletter_id": None,
        "broadcast_id": played.broadcast.broadcast_id,
        "transactional_message_id": None,
        "campaign_id": None,
        "content_id": None,
        "action_id": played.action_ids[0],
        "parent_action_id": None,
        "trigger_event_id": None,
        "msg_template_id": played.action_ids[0],
        "message_template_id": played.action_ids[0],
        "forgotten": False,
        "clarion": {
            "state": "sent",
            "reason": None,
            "trigger_id": played.trigger_id,
            "attempts": 1,
            "next_attempt_at": None,
        },
    }
    tracked = await client("GET", f"/v1/messages/{public}?get_tracked_responses=true")
    assert tracked.json["message"] == {**shown, "tracked_responses": {}}
    assert (await client("GET", "/v1/messages")).json == {"messages": [shown], "next": ""}


@pytest.mark.parametrize(
    ("outcome", "metrics", "failure"),
    [
        ((State.FAILED, Reason.REFUSED, "550 no"), {"created", "attempted", "failed"}, "refused the message: 550 no"),
        ((State.FAILED, Reason.GAVE_UP, None), {"created", "attempted", "failed"}, "every attempt failed"),
        ((State.SKIPPED, Reason.DELETED, None), {"created", "undeliverable"}, "was deleted"),
        ((State.STOPPED, Reason.BROADCAST_STOPPED, None), {"created", "undeliverable"}, "the broadcast was stopped"),
        ((State.IN_DOUBT, Reason.NO_ANSWER, "eof"), {"created", "attempted"}, "but no answer came: eof"),
    ],
)
async def test_what_was_not_sent_says_why(
    outcome: tuple[State, Reason, str | None],
    metrics: set[str],
    failure: str,
    client: Client,
    store: Store,
    workspace: Workspace,
) -> None:
    state, reason, words = outcome
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], state, reason, words=words, counted=state not in {State.SKIPPED, State.STOPPED})
    (message,) = (await client("GET", "/v1/messages")).json["messages"]
    assert message["metrics"].keys() == metrics
    assert message["failure_message"].endswith(failure) or failure in message["failure_message"]
    assert (message["clarion"]["state"], message["clarion"]["reason"]) == (state.word, reason.value)


async def test_waiting_for_a_retry_is_no_failure(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.QUEUED, words="451 later", due_ms=FAR)
    (message,) = (await client("GET", "/v1/messages")).json["messages"]
    assert message["metrics"].keys() == {"created", "attempted"}
    assert message["failure_message"] is None
    assert message["clarion"]["next_attempt_at"] == FAR // 1000
    assert message["clarion"]["attempts"] == 1


async def test_person_who_is_gone_has_only_the_cio_id(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    settle(played, [1], State.SENT, recipient="p1@x.test")
    number = person_id(workspace, 1)
    store.write(lambda tx: people.delete(tx, number))
    (message,) = (await client("GET", "/v1/messages")).json["messages"]
    assert message["customer_id"] is None
    assert message["customer_identifiers"] == {"email": None, "id": None, "cio_id": cio_id(number)}
    assert message["recipient"] == "p1@x.test"
    assert message["forgotten"] is True


async def test_subject_with_liquid_is_not_shown_as_if_it_were_the_mail(
    client: Client, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 1)
    made = store.write(lambda tx: broadcasts.create(tx, workspace, "S", recipients={}))
    store.write(lambda tx: broadcasts.add_action(tx, made, "A", EmailContent(subject="Hi {{customer.name}}")))
    stored = store.read(lambda tx: broadcasts.get(tx, workspace, made.broadcast_id))
    assert stored is not None
    trigger_id = store.write(lambda tx: new_trigger(tx, workspace, stored))
    store.write(lambda tx: held(tx, trigger_id))
    played = Played(store, workspace, stored, trigger_id)
    played.freeze(1, 1)
    assert (await client("GET", "/v1/messages")).json["messages"][0]["subject"] is None


async def test_pages_cover_everything_once_newest_trigger_first(
    client: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 5)
    first, second = playing(store, workspace, size=5, actions=2), playing(store, workspace, size=4)
    wanted = [public_id(second.key(seq), api.secret) for seq in range(1, 5)] + [
        public_id(first.key(seq, action), api.secret) for seq in range(1, 6) for action in (0, 1)
    ]
    for limit in (1, 3, 4, 14, 1000):
        found = await every_page(client, "/v1/messages?", limit)
        assert [message["id"] for message in found] == wanted
    of_first = f"/v1/broadcasts/{first.broadcast.broadcast_id}/messages?"
    assert [message["id"] for message in await every_page(client, of_first, 3)] == wanted[4:]


async def test_narrowed_by_broadcast_trigger_and_action(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 2)
    first, second = playing(store, workspace, size=2, actions=2), playing(store, workspace, size=2)
    campaign = f"/v1/messages?campaign_id={first.broadcast.broadcast_id}"

    async def count(target: str) -> int:
        answer = await client("GET", target)
        assert answer.status == 200
        return len(answer.json["messages"])

    assert await count(campaign) == 4
    assert await count(f"{campaign}&trigger_id={first.trigger_id}") == 4
    assert await count(f"{campaign}&trigger_id={second.trigger_id}") == 0
    assert await count(f"{campaign}&action_id={first.action_ids[1]}") == 2
    assert await count(f"/v1/messages?action_id={second.action_ids[0]}") == 2
    assert await count("/v1/messages?campaign_id=9999") == 0
    assert await count("/v1/messages?newsletter_id=1") == 0


async def test_narrowed_by_metric_state_and_type(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 8)
    played = playing(store, workspace, size=8)
    settle(played, [1, 2], State.SENT)
    settle(played, [3], State.FAILED, Reason.REFUSED)
    settle(played, [4], State.FAILED, Reason.GAVE_UP)
    settle(played, [5], State.SKIPPED, Reason.UNSUBSCRIBED, counted=False)
    settle(played, [6], State.IN_DOUBT, Reason.NO_ANSWER)
    settle(played, [7], State.QUEUED, due_ms=FAR)
    base = f"/v1/broadcasts/{played.broadcast.broadcast_id}/messages?"
    expected = {
        "metric=created": {1, 2, 3, 4, 5, 6, 7, 8},
        "metric=attempted": {1, 2, 3, 4, 6, 7},
        "metric=sent": {1, 2},
        "metric=failed": {3, 4},
        "metric=undeliverable": {5},
        "metric=drafted": set(),
        "metric=opened": set(),
        "state=sent": {1, 2},
        "state=failed": {3, 4},
        "state=attempted": {6, 7},
        "state=drafted": set(),
        "metric=sent&state=failed": set(),
        "drafts=true": set(),
        "drafts=false": {1, 2, 3, 4, 5, 6, 7, 8},
        "type=email": {1, 2, 3, 4, 5, 6, 7, 8},
        "type=push": set(),
    }
    for query, seqs in expected.items():
        for limit in (1, 50):
            found = await every_page(client, f"{base}{query}&", limit)
            assert [place(message) for message in found] == sorted(seqs), query


async def test_narrowed_by_time(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    playing(store, workspace, size=1)
    created = (await client("GET", "/v1/messages")).json["messages"][0]["created"]
    for query, count in (
        (f"start_ts={created}&end_ts={created}", 1),
        (f"start_ts={created + 1}", 0),
        (f"end_ts={created - 1}", 0),
        (f"start_ts={created + 1}&end_ts={created - 1}", 0),
    ):
        assert len((await client("GET", f"/v1/messages?{query}")).json["messages"]) == count, query


@pytest.mark.parametrize(
    "query",
    [
        "trigger_id=1",
        "campaign_id=x",
        "limit=0",
        "limit=1001",
        "limit=many",
        "start=nonsense",
        "metric=loved",
        "state=queued",
        "type=fax",
        "drafts=maybe",
        "start_ts=yesterday",
    ],
)
async def test_wrong_query_is_400(query: str, client: Client) -> None:
    assert (await client("GET", f"/v1/messages?{query}")).status == 400


async def test_other_workspaces_see_nothing(
    client: Client, id_client: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    public = public_id(played.key(1), api.secret)
    assert (await client("GET", f"/v1/messages/{public}")).status == 200
    assert (await id_client("GET", f"/v1/messages/{public}")).status == 404
    assert (await id_client("GET", "/v1/messages")).json["messages"] == []
    of_broadcast = f"/v1/messages?campaign_id={played.broadcast.broadcast_id}"
    assert (await id_client("GET", of_broadcast)).json["messages"] == []


async def test_unknown_message_is_404(client: Client, api: Api) -> None:
    for public in ("nonsense", public_id(DeliveryKey(1, 1, 1), api.secret), "%3D%3D"):
        assert (await client("GET", f"/v1/messages/{public}")).status == 404


def test_page_reads_a_bounded_stretch_of_a_large_audience(store: Store, workspace: Workspace) -> None:
    """What is rare and has no reason is found over several pages; none of them reads everything."""
    stretch = Stretch(query_people=10, page_people=30)
    played = Played.sending(store, workspace, people=100, size=50, actions=2)
    rare = [played.key(95), played.key(95, 1)]
    played.settle([played.key(seq, n) for seq in range(1, 101) for n in (0, 1) if seq != 95], State.SENT)
    wanted = Wanted(states=frozenset({State.QUEUED}))
    found: list[DeliveryKey] = []
    after: DeliveryKey | None = None
    pages = 0
    while pages == 0 or after is not None:
        page = store.read(
            partial(deliveries.page, workspace=workspace, wanted=wanted, after=after, most=1, stretch=stretch)
        )
        found += [item.key for item in page.items]
        pages += 1
        after = page.next
    assert found == rare
    assert pages > 3


def test_many_triggers_are_walked_in_stretches(store: Store, workspace: Workspace) -> None:
    stretch = Stretch(query_triggers=2, page_triggers=3)
    played = [Played.sending(store, workspace, people=2) for _ in range(5)]
    played[0].settle([played[0].key(2)], State.FAILED, Reason.REFUSED)
    wanted = Wanted(states=frozenset({State.FAILED}))
    first = store.read(lambda tx: deliveries.page(tx, workspace, wanted, after=None, most=10, stretch=stretch))
    assert first.items == ()
    assert first.next is not None
    second = store.read(lambda tx: deliveries.page(tx, workspace, wanted, after=first.next, most=10, stretch=stretch))
    assert [item.key for item in second.items] == [played[0].key(2)]
    assert second.next is None


async def test_what_messages_belong_to_stands_beside_them(
    client: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 2)
    played, other = playing(store, workspace, size=2), playing(store, workspace, size=1)
    broadcast_id, action_id = played.broadcast.broadcast_id, played.action_ids[0]
    plain = (await client("GET", "/v1/messages")).json
    assert set(plain) == {"messages", "next"}
    beside = (await client("GET", "/v1/messages?associations=true")).json
    assert beside["messages"] == plain["messages"]
    assert [one["id"] for one in beside["campaigns"]] == [broadcast_id, other.broadcast.broadcast_id]
    assert beside["campaigns"][0] == (await client("GET", f"/v1/campaigns/{broadcast_id}")).json["campaign"]
    action = (await client("GET", f"/v1/broadcasts/{broadcast_id}/actions/{action_id}")).json["action"]
    assert beside["actions"][0] == action
    assert (beside["newsletters"], beside["contents"]) == ([], [])
    nothing = (await client("GET", "/v1/messages?associations=true&newsletter_id=1")).json
    assert (nothing["messages"], nothing["campaigns"]) == ([], [])
    one = (await client("GET", f"/v1/messages/{public_id(played.key(1), api.secret)}?associations=true")).json
    assert (one["campaign"], one["action"]) == (beside["campaigns"][0], action)
    assert (one["newsletter"], one["content"]) == (None, None)


async def test_a_message_is_the_one_of_its_action(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1, actions=2)
    one, two = played.action_ids
    for asked, expected in (
        (f"template_id={one}", {one}),
        (f"template_id={two}&action_id={two}", {two}),
        (f"template_id={two}&action_id={one}", set()),
        ("template_id=999", set()),
    ):
        found = (await client("GET", f"/v1/messages?{asked}")).json["messages"]
        assert {message["msg_template_id"] for message in found} == expected
    assert (await client("GET", "/v1/messages?template_id=x")).status == 400


async def test_what_never_left_was_not_attempted(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 2)
    played = playing(store, workspace, size=2)
    settle(played, [1], State.FAILED, Reason.RENDER_FAILED, words="no such variable")
    settle(played, [2], State.FAILED, Reason.REFUSED, words="550 no")
    (found,) = (await client("GET", "/v1/messages?metric=attempted")).json["messages"]
    assert place(found) == 2
    never, _ = (await client("GET", "/v1/messages?metric=failed")).json["messages"]
    assert never["metrics"].keys() == {"created", "failed"}


async def test_drafts_are_listed_where_they_are_asked_for(client: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 3)
    played = playing(store, workspace, size=3)
    settle(played, [2], State.DRAFTED, counted=False)

    async def found(target: str) -> list[int]:
        return [place(message) for message in (await client("GET", target)).json["messages"]]

    assert await found("/v1/messages") == [1, 3]
    assert await found("/v1/messages?drafts=false") == [1, 3]
    for asked in ("drafts=true", "metric=drafted"):
        assert await found(f"/v1/messages?{asked}") == [2]
    number = played.broadcast.broadcast_id
    assert await found(f"/v1/broadcasts/{number}/messages") == [1, 2, 3]
    assert await found(f"/v1/campaigns/{number}/messages") == [1, 3]
    assert await found(f"/v1/campaigns/{number}/messages?drafts=true") == [1, 2, 3]
