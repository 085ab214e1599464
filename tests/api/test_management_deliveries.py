# SPDX-License-Identifier: Apache-2.0
"""Failures in groups, accounts as CSV, deliveries by state, reason and person, and one of them in full."""

import csv
import io
from collections.abc import Iterable
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from tests.store.ledgers import Played
from tests.support.audience import add_people, person_id, playing

from clarion.api.calls import Api
from clarion.domain.deliveries import Outcome, Reason, State, public_id
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.people import cio_id
from clarion.store import causes, feedback, ledger, outlets
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client

ROOT = "/api/clarion/v1"


def settle(played: Played, seqs: Iterable[int], state: State, reason: Reason | None = None, words: str = "") -> None:
    outcomes = [Outcome(played.key(seq), state, reason, words.format(seq) or None, f"p{seq}@x.test") for seq in seqs]
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=0))


def failing(store: Store, workspace: Workspace) -> Played:
    """Ten people: 1-5 unknown, 6-7 spam, 8 could not be rendered, 9 in doubt, 10 sent."""
    add_people(store, workspace, 10)
    played = playing(store, workspace, size=10)
    settle(played, range(1, 6), State.FAILED, Reason.REFUSED, "550 <p{0}@x.test> unknown, or =1")
    settle(played, (6, 7), State.FAILED, Reason.REFUSED, "554 spam")
    settle(played, (8,), State.FAILED, Reason.RENDER_FAILED, "customer.name is missing")
    settle(played, (9,), State.IN_DOUBT, Reason.NO_ANSWER)
    settle(played, (10,), State.SENT, None, "250 ok")
    return played


async def test_failures_in_groups(manage: Client, api: Api, store: Store, workspace: Workspace) -> None:
    played = failing(store, workspace)
    groups = (await manage("GET", f"{ROOT}/triggers/{played.trigger_id}/causes")).json["groups"]
    unknown = "550 [address] unknown, or =1"
    assert [(group["state"], group["reason"], group["cause"], group["accounts"]) for group in groups] == [
        ("failed", "refused", unknown, 5),
        ("failed", "refused", "554 spam", 2),
        ("failed", "render_failed", "customer.name is missing", 1),
        ("in_doubt", "no_answer", "", 1),
    ]
    assert groups[0]["examples"] == [public_id(played.key(seq), api.secret) for seq in (1, 2, 3)]
    assert all(group["exact"] for group in groups)
    assert groups[0]["meaning"] == "the receiving server refused the message"


def test_looking_at_words_ends(store: Store, workspace: Workspace) -> None:
    played = failing(store, workspace)
    groups = store.read(lambda tx: causes.groups(tx, played.trigger_id, most=3))
    found = [(group.reason, group.cause is None, group.accounts, group.exact) for group in groups]
    assert found[:2] == [("refused", True, 4, True), ("refused", False, 3, False)]
    assert sum(n for _, _, n, _ in found) == 9


async def test_accounts_of_a_group_as_csv(manage: Client, api: Api, store: Store, workspace: Workspace) -> None:
    played = failing(store, workspace)
    target = f"{ROOT}/triggers/{played.trigger_id}/accounts.csv"
    query = urlencode({"state": "failed", "reason": "refused", "cause": "550 [address] unknown, or =1"})
    answer = await manage("GET", f"{target}?{query}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"trigger-{played.trigger_id}-failed-refused.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [row["id"] for row in rows] == [f"p{seq}" for seq in range(1, 6)]
    assert rows[0]["delivery_id"] == public_id(played.key(1), api.secret)
    assert (rows[0]["recipient"], rows[0]["words"]) == ("p1@x.test", "550 <p1@x.test> unknown, or =1")
    everybody = list(csv.DictReader(io.StringIO((await manage("GET", target)).body.decode())))
    assert [row["id"] for row in everybody] == [f"p{seq}" for seq in range(1, 11)]
    sent = list(csv.DictReader(io.StringIO((await manage("GET", f"{target}?state=sent,in_doubt")).body.decode())))
    assert [row["state"] for row in sent] == ["in_doubt", "sent"]
    assert (await manage("GET", f"{target}?state=lost")).status == 400
    assert (await manage("GET", f"{target}?reason=lost")).status == 400


async def test_send_again_to_a_group(manage: Client, store: Store, workspace: Workspace) -> None:
    played = failing(store, workspace)
    target = f"{ROOT}/triggers/{played.trigger_id}/send_again"
    body: dict[str, Any] = {"to": "failed", "reasons": ["refused"], "cause": "554 spam"}
    asked = (await manage("POST", target, body)).json
    assert asked["accounts"] == 2
    assert (asked["again"][0]["cause"], asked["again"][0]["done"]) == ("554 spam", False)
    shown = (await manage("GET", f"{ROOT}/triggers/{played.trigger_id}/progress")).json["trigger"]
    assert shown["repeating"] is True
    refused = await manage("POST", target, {**body, "reasons": []})
    assert refused.status == 422
    assert refused.json["errors"][0]["source"]["pointer"] == "/data/attributes/cause"


async def test_deliveries_by_reason_and_person(manage: Client, store: Store, workspace: Workspace) -> None:
    played, other = failing(store, workspace), playing(store, workspace, size=2)
    found = (await manage("GET", f"{ROOT}/deliveries?state=failed&reason=refused&limit=4")).json
    assert [item["person"]["id"] for item in found["deliveries"]] == ["p1", "p2", "p3", "p4"]
    rest = (await manage("GET", f"{ROOT}/deliveries?state=failed&reason=refused&limit=4&start={found['next']}")).json
    assert [item["person"]["id"] for item in rest["deliveries"]] == ["p5", "p6", "p7"]
    for person in ("p1", "p1@x.test", f"cio_{cio_id(person_id(workspace, 1))}"):
        mine = (await manage("GET", f"{ROOT}/deliveries?person={quote(person)}")).json["deliveries"]
        assert [(item["trigger_id"], item["state"]) for item in mine] == [
            (other.trigger_id, "queued"),
            (played.trigger_id, "failed"),
        ]
        assert mine[0]["broadcast"]["name"] == "Spring"
        assert mine[0]["action"] == {"id": mine[0]["action_id"], "kind": "email", "name": "Mail 0"}
    failed = (await manage("GET", f"{ROOT}/deliveries?person=p1&state=failed")).json["deliveries"]
    assert [item["trigger_id"] for item in failed] == [played.trigger_id]
    assert (await manage("GET", f"{ROOT}/deliveries?person=nobody")).json["deliveries"] == []
    one = (await manage("GET", f"{ROOT}/deliveries?trigger_id={other.trigger_id}")).json["deliveries"]
    assert len(one) == 2
    assert (await manage("GET", f"{ROOT}/deliveries?trigger_id=999")).json["deliveries"] == []


async def test_one_delivery_in_full(manage: Client, api: Api, store: Store, workspace: Workspace) -> None:
    played = failing(store, workspace)
    key = played.key(10)
    clicked = Feedback(key, Metric.CLICKED, detail={"href": "https://a.test"})
    for heard in (Feedback(key, Metric.OPENED), clicked):
        store.write(partial(feedback.note, heard=heard, at_ms=store.read(lambda tx: tx.now_ms())))
    target = f"{ROOT}/deliveries/{public_id(key, api.secret)}"
    shown = (await manage("GET", target)).json["delivery"]
    assert [moment["what"] for moment in shown["timeline"]] == ["matched", "sent", "opened", "clicked"]
    assert shown["timeline"][1]["words"] == "250 ok"
    assert shown["timeline"][3]["words"] == "https://a.test"
    assert shown["data"] == {"coupon": "X"}
    assert (shown["state"], shown["recipient"], shown["person"]["id"]) == ("sent", "p10@x.test", "p10")
    assert set(shown["heard"]) == {"opened", "clicked"}
    for query in ("heard=opened", "heard=clicked&person=p10", f"heard=opened&trigger_id={played.trigger_id}"):
        found = (await manage("GET", f"{ROOT}/deliveries?{query}")).json["deliveries"]
        assert [item["person"]["id"] for item in found] == ["p10"]
    assert (await manage("GET", f"{ROOT}/deliveries?heard=clicked&person=p1")).json["deliveries"] == []
    assert (await manage("GET", f"{ROOT}/deliveries?heard=shouted")).status == 400
    opened = (await manage("GET", f"{ROOT}/triggers/{played.trigger_id}/accounts.csv?heard=opened")).body.decode()
    assert [row["id"] for row in csv.DictReader(io.StringIO(opened))] == ["p10"]
    message = await manage("GET", f"{target}/html")
    assert b"<p>Hi" in message.body
    assert message.headers["content-security-policy"].startswith("sandbox")
    assert "img-src data:;" in message.headers["content-security-policy"]
    assert "https:" in (await manage("GET", f"{target}/html?images=true")).headers["content-security-policy"]
    assert (await manage("GET", f"{ROOT}/deliveries/AAAA")).status == 404


async def test_delivery_of_another_workspace(
    manage: Client, api: Api, store: Store, id_only: tuple[Workspace, object]
) -> None:
    played = playing(store, id_only[0], size=1)
    target = f"{ROOT}/deliveries/{public_id(played.key(1), api.secret)}"
    assert (await manage("GET", target)).status == 404
    assert (await manage("GET", f"{target}/html")).status == 404


async def test_which_account_carried_a_delivery(manage: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 6)
    played = playing(store, workspace, size=6)
    ses, eu, _ = (
        store.write(partial(outlets.register, channel=channel, name=name))
        for channel, name in (("email", "ses"), ("email", "eu"), ("sms", "eu"))
    )
    for seqs, number in ((range(1, 4), ses), ((5,), eu)):
        sent = [Outcome(played.key(seq), State.SENT, None, "250 ok", f"p{seq}@x.test", outlet=number) for seq in seqs]
        store.write(partial(ledger.settle, trigger_id=played.trigger_id, outcomes=sent, shard=0))

    async def listed(query: str) -> list[tuple[str, str | None]]:
        found = (await manage("GET", f"{ROOT}/deliveries?{query}")).json["deliveries"]
        return [(one["person"]["id"], one["account"]) for one in found]

    assert await listed("") == [("p1", "ses"), ("p2", "ses"), ("p3", "ses"), ("p4", None), ("p5", "eu"), ("p6", None)]
    assert await listed("account=email/eu") == [("p5", "eu")]
    assert await listed("account=ses&state=sent") == [("p1", "ses"), ("p2", "ses"), ("p3", "ses")]
    assert await listed("account=ses&person=p2") == [("p2", "ses")]
    assert await listed("account=ses&person=p5") == []
    assert await listed("account=ses&reason=refused") == []
    assert await listed("account=sms/eu") == []
    for wrong in ("eu", "nobody", "webhook/ses"):
        refused = await manage("GET", f"{ROOT}/deliveries?account={wrong}")
        assert (refused.status, "account" in str(refused.json)) == (400, True), wrong

    target = f"{ROOT}/triggers/{played.trigger_id}"
    (one, *_) = (await manage("GET", f"{target}/deliveries")).json["deliveries"]
    assert one["account"] == "ses"
    answer = await manage("GET", f"{target}/accounts.csv?account=email/ses")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert [(row["id"], row["account"]) for row in rows] == [("p1", "ses"), ("p2", "ses"), ("p3", "ses")]
    everybody = await manage("GET", f"{target}/accounts.csv")
    rows = list(csv.DictReader(io.StringIO(everybody.body.decode())))
    assert [row["account"] for row in rows] == ["ses", "ses", "ses", "", "eu", ""]
    assert (await manage("GET", f"{target}/accounts.csv?account=eu")).status == 400
