# SPDX-License-Identifier: Apache-2.0
"""Triggers for operators: sums, lists of accounts, decisions about those in doubt."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import pytest
from tests.store.ledgers import FAR, ONLY_POSTGRES, Played, together
from tests.support.audience import add_people, person_id, playing

from clarion.api.calls import Api
from clarion.domain.deliveries import DeliveryKey, Outcome, Reason, State, public_id
from clarion.domain.people import cio_id
from clarion.domain.triggers import TriggerState
from clarion.pipeline import doubt
from clarion.pipeline.doubt import Decision
from clarion.store import ledger, people, triggers
from clarion.store.access import Workspace
from clarion.store.engine import Store

from .conftest import Client


def path(played: Played) -> str:
    return f"/api/clarion/v1/triggers/{played.trigger_id}"


def settle(played: Played, seqs: Iterable[int], state: State, reason: Reason | None = None, **more: Any) -> None:
    outcomes = [Outcome(played.key(seq), state, reason, **more) for seq in seqs]
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, outcomes, shard=0))


def in_doubt(store: Store, workspace: Workspace, people: int = 6) -> Played:
    """Everybody is in doubt, and all slices are closed."""
    played = playing(store, workspace, size=people)
    for no in range(len(played.slices())):
        claim = played.sure_claim(no)
        played.settle([played.key(seq) for seq in range(claim.lo, claim.hi + 1)], State.IN_DOUBT, Reason.NO_ANSWER)
        assert played.give_back(claim)
    assert played.trigger().state is TriggerState.DONE
    played.check()
    return played


async def test_trigger_says_what_became_of_everybody(manage: Client, store: Store, workspace: Workspace) -> None:
    played = playing(store, workspace, size=6, actions=2)
    settle(played, [1, 2], State.SENT)
    settle(played, [3], State.FAILED, Reason.REFUSED)
    settle(played, [4], State.IN_DOUBT, Reason.NO_ANSWER)
    shown = (await manage("GET", path(played))).json["trigger"]
    states = {"queued": 8, "sent": 2, "failed": 1, "skipped": 0, "drafted": 0, "stopped": 0, "in_doubt": 1}
    assert shown["states"] == states
    assert shown["reasons"] == {"failed": {"refused": 1}, "in_doubt": {"no_answer": 1}}
    assert shown["accounted"] is True
    assert (shown["state"], shown["audience"], shown["recipients"], shown["failure"]) == ("sending", 6, 6, None)
    assert shown["doubt_policy"] == "hold"
    first, second = shown["actions"]
    assert [first["id"], second["id"]] == played.action_ids
    assert first["states"] == {**states, "queued": 2}
    assert second["states"]["queued"] == 6
    assert second["reasons"] == {}
    assert shown["progress"]["accounts"] == 12
    assert shown["progress"]["finished"] == 3
    assert shown["progress"]["open_slices"] == 2
    assert shown["processed_at"] is None


async def test_accounts_by_state_in_pages(manage: Client, api: Api, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 6)
    played = playing(store, workspace, size=6)
    settle(played, [2, 4], State.FAILED, Reason.REFUSED, words="550 no", recipient="p@x.test")
    settle(played, [5], State.FAILED, Reason.GAVE_UP)
    settle(played, [6], State.QUEUED, due_ms=FAR, words="451 later")
    target = f"{path(played)}/deliveries"
    first = (await manage("GET", f"{target}?state=failed&limit=2")).json
    rest = (await manage("GET", f"{target}?state=failed&limit=2&start={first['next']}")).json
    assert rest["next"] == ""
    found = [*first["deliveries"], *rest["deliveries"]]
    assert [item["id"] for item in found] == [public_id(played.key(seq), api.secret) for seq in (2, 4, 5)]
    assert [item["person"]["id"] for item in found] == ["p2", "p4", "p5"]
    shown = found[0]
    assert (shown["state"], shown["reason"], shown["words"]) == ("failed", "refused", "550 no")
    assert (shown["meaning"], shown["recipient"]) == ("the receiving server refused the message", "p@x.test")
    assert (shown["attempts"], shown["next_attempt_at"]) == (1, None)
    queued = (await manage("GET", f"{target}?state=queued")).json["deliveries"]
    assert [item["next_attempt_at"] for item in queued] == [None, None, FAR // 1000]
    assert len((await manage("GET", target)).json["deliveries"]) == 6
    assert (await manage("GET", f"{target}?action_id=9999")).json["deliveries"] == []
    assert (await manage("GET", f"{target}?state=lost")).status == 400


async def test_person_who_is_gone_is_shown_by_cio_id(manage: Client, store: Store, workspace: Workspace) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    number = person_id(workspace, 1)
    store.write(lambda tx: people.delete(tx, number))
    (shown,) = (await manage("GET", f"{path(played)}/deliveries")).json["deliveries"]
    assert shown["person"] == {"email": None, "id": None, "cio_id": cio_id(number)}


@pytest.mark.parametrize(
    ("decision", "state", "reason"),
    [
        ("sent", State.SENT, "resolved_as_sent"),
        ("failed", State.FAILED, "resolved_as_failed"),
        ("resend", State.QUEUED, "no_answer"),
    ],
)
async def test_deciding_about_all(
    decision: str, state: State, reason: str, manage: Client, store: Store, workspace: Workspace
) -> None:
    played = in_doubt(store, workspace)
    answer = await manage("POST", f"{path(played)}/in_doubt", {"as": decision, "delivery_ids": "all"})
    assert answer.json == {"settled": 6, "not_in_doubt": []}
    assert set(played.states().values()) == {state}
    assert {row["reason"] for row in played.rows()} == {reason}
    played.check()
    resent = decision == "resend"
    assert played.trigger().state is (TriggerState.SENDING if resent else TriggerState.DONE)
    assert {row["attempts"] for row in played.rows()} == {1}
    if resent:  # workers find it
        for no in (0, 1):
            assert played.send_all(played.sure_claim(no))
        assert set(played.states().values()) == {State.SENT}
        assert played.trigger().state is TriggerState.DONE
        played.check()
    again = await manage("POST", f"{path(played)}/in_doubt", {"as": decision, "delivery_ids": "all"})
    assert again.json["settled"] == 0


async def test_deciding_about_some_names_those_that_were_not_in_doubt(
    manage: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    played = in_doubt(store, workspace)
    played.settle([played.key(1)], State.SENT, Reason.RESOLVED_AS_SENT, source=State.IN_DOUBT)
    ids = [public_id(played.key(seq), api.secret) for seq in (1, 2, 5)]
    ids.append(public_id(DeliveryKey(played.trigger_id, 99, played.action_ids[0]), api.secret))
    answer = await manage("POST", f"{path(played)}/in_doubt", {"as": "resend", "delivery_ids": [*ids, ids[1]]})
    assert answer.json["settled"] == 2
    assert sorted(answer.json["not_in_doubt"]) == sorted([ids[0], ids[3]])
    states = played.states()
    assert [states[played.key(seq)] for seq in range(1, 7)] == [
        State.SENT, State.QUEUED, State.IN_DOUBT, State.IN_DOUBT, State.QUEUED, State.IN_DOUBT,
    ]  # fmt: skip
    played.check()


async def test_nothing_of_a_stopped_trigger_is_sent_again(manage: Client, store: Store, workspace: Workspace) -> None:
    played = playing(store, workspace)
    settle(played, [1], State.IN_DOUBT, Reason.NO_ANSWER)
    store.write(lambda tx: triggers.stop_all(tx, played.broadcast.broadcast_id))
    target = f"{path(played)}/in_doubt"
    assert (await manage("POST", target, {"as": "resend", "delivery_ids": "all"})).status == 409
    assert played.states()[played.key(1)] is State.IN_DOUBT
    assert (await manage("POST", target, {"as": "failed", "delivery_ids": "all"})).json["settled"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"as": "sent"},
        {"delivery_ids": "all"},
        {"as": "lost", "delivery_ids": "all"},
        {"as": "sent", "delivery_ids": "some"},
        {"as": "sent", "delivery_ids": ["nonsense"]},
        {"as": "sent", "delivery_ids": [1]},
        {"as": "sent", "delivery_ids": "all", "why": "x"},
        {"as": "sent", "delivery_ids": ["x"] * 10_001},
    ],
)
async def test_faulty_decisions(body: dict[str, object], manage: Client, store: Store, workspace: Workspace) -> None:
    played = in_doubt(store, workspace)
    assert (await manage("POST", f"{path(played)}/in_doubt", body)).status == 422
    assert set(played.states().values()) == {State.IN_DOUBT}


async def test_ids_of_another_trigger_are_refused(manage: Client, api: Api, store: Store, workspace: Workspace) -> None:
    played, other = in_doubt(store, workspace), in_doubt(store, workspace)
    ids = [public_id(other.key(1), api.secret)]
    answer = await manage("POST", f"{path(played)}/in_doubt", {"as": "sent", "delivery_ids": ids})
    assert answer.status == 422
    assert answer.json["errors"][0]["source"]["pointer"].endswith("/delivery_ids/0")


async def test_other_workspaces_and_scopes_see_nothing(
    manage: Client, client: Client, store: Store, id_only: tuple[Workspace, Any]
) -> None:
    played = in_doubt(store, id_only[0])
    body = {"as": "sent", "delivery_ids": "all"}
    assert (await manage("GET", path(played))).status == 404
    assert (await manage("GET", f"{path(played)}/deliveries")).status == 404
    assert (await manage("POST", f"{path(played)}/in_doubt", body)).status == 404
    assert (await manage("POST", f"{path(played)}/in_doubt", {**body, "delivery_ids": []})).status == 404
    assert (await client("GET", path(played))).status == 401
    assert set(played.states().values()) == {State.IN_DOUBT}


def test_batches_each_commit(store: Store, workspace: Workspace) -> None:
    """A crash between two batches leaves the first decided and the rest in doubt; the same call goes on."""
    played = in_doubt(store, workspace, people=10)
    keys = [played.key(seq) for seq in range(1, 5)]
    store.write(lambda tx: doubt.settle_batch(tx, workspace, played.trigger_id, Decision.RESEND, keys))
    played.check()
    assert sum(state is State.IN_DOUBT for state in played.states().values()) == 6
    assert doubt.settle_all(store, workspace, played.trigger_id, Decision.RESEND, batch=4).settled == 6
    assert set(played.states().values()) == {State.QUEUED}
    played.check()


@ONLY_POSTGRES
def test_two_people_deciding_at_once_decide_once_each_account(store: Store, workspace: Workspace) -> None:
    played = in_doubt(store, workspace, people=60)
    keys = [played.key(seq) for seq in range(1, 61)]
    done = together(
        *(
            lambda decision=decision: doubt.settle_some(store, workspace, played.trigger_id, decision, keys).settled
            for decision in (Decision.SENT, Decision.RESEND, Decision.FAILED)
        )
    )
    assert sum(done) == 60
    played.check()


async def test_number_that_cannot_exist_is_not_found(manage: Client) -> None:
    for number in ("9" * 18, "9" * 19, "9" * 400):
        assert (await manage("GET", f"/api/clarion/v1/triggers/{number}")).status == 404, number
    for other in ("9" * 19 + "x", "-1", "\u0663"):
        answer = await manage("GET", f"/api/clarion/v1/triggers/{quote(other)}")
        assert answer.status == 400
        assert "must be a number" in answer.error
