# SPDX-License-Identifier: Apache-2.0
"""What one delivery went through: attempts with their answers, the end, and the calls of reporting webhooks."""

from typing import Any

import pytest
from tests.store.ledgers import Played
from tests.support.audience import add_people, playing

from clarion.api.calls import Api
from clarion.domain.causes import answer_of
from clarion.domain.deliveries import Outcome, Reason, State, public_id
from clarion.domain.metrics import Feedback, Metric
from clarion.domain.reporting import EVENTS, Answered
from clarion.pipeline import feedback
from clarion.pipeline.compose import Sign
from clarion.pipeline.reporting import Telling
from clarion.store import ledger, reporting
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.reporting import Webhook

from .conftest import Client


def tried(played: Played, seq: int, state: State, words: str, reason: Reason | None = None) -> None:
    outcome = Outcome(played.key(seq), state, reason, words, f"p{seq}@x.test")
    played.store.write(lambda tx: ledger.settle(tx, played.trigger_id, [outcome], shard=0, by="mail-1/4711"))


def hook(store: Store, workspace: Workspace, name: str) -> None:
    def work(tx: Transaction) -> None:
        number, url = reporting.new_number(tx), f"https://{name}.test/events"
        events = tuple(sorted(EVENTS))
        reporting.insert(tx, Webhook(number, workspace.workspace_id, name, url, events, False, False, False, "s"))

    store.write(work)


async def told(store: Store, answers: list[Answered]) -> None:
    """Every webhook has its turn, as if none had to wait, until all that waits was taken."""

    async def post(url: str, body: bytes, headers: dict[str, str]) -> Answered:
        return answers.pop(0) if answers else Answered(204, "No Content", 3)

    telling = Telling(store, Sign(b"s" * 32, "https://clarion.test"), post)
    while await telling.turn():
        store.script("UPDATE reporting_webhook SET due_ms = 0;")


async def shown(manage: Client, api: Api, played: Played, seq: int) -> list[dict[str, Any]]:
    target = f"/api/clarion/v1/deliveries/{public_id(played.key(seq), api.secret)}"
    found: list[dict[str, Any]] = (await manage("GET", target)).json["delivery"]["timeline"]
    return found


async def test_each_attempt_has_the_answer_and_the_worker(
    manage: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 6)
    played = playing(store, workspace)
    for words in ("451 4.7.1 try again later", "connection refused"):
        tried(played, 1, State.QUEUED, words)
    waiting = await shown(manage, api, played, 1)
    assert [moment["what"] for moment in waiting] == ["matched", "attempt", "attempt"]
    tried(played, 1, State.SENT, "250 2.0.0 queued as 7F")
    tried(played, 2, State.QUEUED, "451 later")
    tried(played, 2, State.FAILED, "550 5.1.1 nobody here", Reason.REFUSED)
    sent, failed = await shown(manage, api, played, 1), await shown(manage, api, played, 2)
    assert [(moment["what"], moment["words"]) for moment in sent] == [
        ("matched", None),
        ("attempt", "451 4.7.1 try again later"),
        ("attempt", "connection refused"),
        ("sent", "250 2.0.0 queued as 7F"),
    ]
    first, second, end = (moment["detail"] for moment in sent[1:])
    assert (first["code"], first["text"], first["worker"]) == (451, "4.7.1 try again later", "mail-1/4711")
    assert (second["code"], second["text"], second["result"]) == (None, "connection refused", "retry")
    assert (end["code"], end["text"]) == (250, "2.0.0 queued as 7F")
    assert [moment["what"] for moment in failed] == ["matched", "attempt", "failed"], "the last attempt is the end"
    assert failed[-1]["detail"]["code"] == 550
    assert failed[-1]["detail"]["worker"] == "mail-1/4711"


async def test_attempts_from_before_they_were_kept_are_counted(
    manage: Client, api: Api, store: Store, workspace: Workspace
) -> None:
    add_people(store, workspace, 1)
    played = playing(store, workspace, size=1)
    for words in ("451 one", "451 two"):
        tried(played, 1, State.QUEUED, words)
    store.script("DELETE FROM delivery_event;")
    tried(played, 1, State.SENT, "250 ok")
    found = await shown(manage, api, played, 1)
    assert [(moment["at"] is None, moment["what"], moment["words"]) for moment in found] == [
        (False, "matched", None),
        (True, "attempts", "2 earlier attempts failed"),
        (False, "sent", "250 ok"),
    ]


async def test_calls_of_webhooks_for_this_delivery_and_no_other(
    manage: Client, api: Api, store: Store, workspace: Workspace, id_only: tuple[Workspace, object]
) -> None:
    add_people(store, workspace, 6)
    hook(store, workspace, "warehouse")
    hook(store, id_only[0], "stranger")
    played = playing(store, workspace)
    tried(played, 2, State.SENT, "250 ok")
    tried(played, 1, State.SENT, "250 ok")
    found = await shown(manage, api, played, 1)
    (waits,) = [moment["detail"] for moment in found if moment["what"] == "report"]
    assert (waits["event"], waits["result"], waits["status"]) == ("email_sent", "waiting", None)
    # The other one's call comes first and is taken; then this one's is refused once, and answered in vain once.
    await told(store, [Answered(200, "OK", 2), Answered(503, "Service Unavailable", 9), Answered(None, "no answer", 7)])
    bounced = Feedback(played.key(1), Metric.BOUNCED, at_ms=1, detail={"failure_message": "gone"})
    store.write(lambda tx: feedback.record(tx, bounced))
    await told(store, [])
    calls = [moment for moment in await shown(manage, api, played, 1) if moment["what"] == "report"]
    assert [
        (call["detail"]["event"], call["detail"]["result"], call["detail"]["attempt"], call["detail"]["status"])
        for call in calls
    ] == [
        ("email_sent", "failed", 1, 503),
        ("email_sent", "failed", 2, None),
        ("email_sent", "taken", 3, 204),
        ("email_bounced", "taken", 1, 204),
    ], "also of what was heard long after it happened"
    assert {call["detail"]["endpoint"] for call in calls} == {"https://warehouse.test/events"}
    assert calls[0]["words"] == "Service Unavailable"
    other = [moment["detail"] for moment in await shown(manage, api, played, 2) if moment["what"] == "report"]
    assert [(call["result"], call["attempt"], call["status"]) for call in other] == [("taken", 1, 200)]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ("550 5.1.1 nobody", 550, "5.1.1 nobody"),
        ("250-first\nsecond", 250, "first\nsecond"),
        ("406 You tried", 406, "You tried"),
        ("1234", 1234, ""),
        ("12 monkeys", None, "12 monkeys"),
        ("connection lost", None, "connection lost"),
        (None, None, ""),
    ],
)
def test_code_and_text_of_an_answer(words: str | None, code: int | None, text: str) -> None:
    assert answer_of(words) == (code, text)
