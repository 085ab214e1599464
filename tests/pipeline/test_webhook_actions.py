# SPDX-License-Identifier: Apache-2.0
"""Webhook actions through the ledger: beside e-mails, while one of the two providers is away, and as drafts."""

import json
import time
from collections import Counter

import pytest
from tests.support.jobs import driver

from clarion.channels.base import Capabilities, Source
from clarion.domain.broadcasts import EmailContent, Method, WebhookCall
from clarion.domain.deliveries import DeliveryKey, Reason, State
from clarion.domain.errors import Permanent, SendError, Temporary, Unknown
from clarion.domain.messages import CallMessage
from clarion.pipeline import drafting
from clarion.pipeline.preview import Preview
from clarion.pipeline.reporting import Telling
from clarion.rendering.webhook import RenderedWebhook
from clarion.store import metrics
from clarion.store.jobs import Jobs

from .letters import action, messages, row
from .slow import Slow
from .stage import MAIL, SIGN, Stage, until
from .test_reporting import Endpoints, hook
from .test_worker_control import RULES

CALL = EmailContent(
    body='{"who": "{{customer.id}}", "sale": {{trigger.sale | default: false}}}',
    headers=(("X-Plan", "{{customer.plan | default: 'none'}}"),),
    webhook=WebhookCall("https://hooks.test/{{customer.id | url_encode}}", Method.PUT),
)


class Called:
    """A provider of webhooks. `answers`: by the person's id, each attempt's; without one it is taken."""

    name = "called"
    capabilities = Capabilities(channel="webhook", connections=4)

    def __init__(self, **answers: list[SendError]) -> None:
        self.answers = answers
        self.taken: list[CallMessage] = []

    async def deliver(self, source: Source) -> None:
        while (handover := source.take()) is not None:
            message = handover.message
            assert isinstance(message, CallMessage)
            if not handover.begin():
                handover.untouched()
                continue
            waiting = self.answers.get(message.url.rpartition("/")[2])
            if waiting:
                handover.failed(waiting.pop(0))
            else:
                self.taken.append(message)
                handover.sent("200 thanks")

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def jobs(stage: Stage, store_url: str) -> Jobs:
    return driver(stage.store, store_url)


def test_a_call_is_made_for_a_person() -> None:
    made = messages(action(CALL, kind="webhook"), data={"sale": True}).compose(
        DeliveryKey(5, 9, 1), row(attributes='{"plan":"pro"}', email=None), suppressed=False
    )
    assert isinstance(made, CallMessage)
    assert (made.url, made.method, made.headers) == (
        "https://hooks.test/p9", Method.PUT, (("X-Plan", "pro"), ("Content-Type", "application/json")),
    )  # fmt: skip
    assert json.loads(made.body) == {"who": "p9", "sale": True}
    assert made.delivery_id


def test_a_call_is_kept_as_a_draft_and_comes_back_the_same() -> None:
    made = messages(action(CALL, kind="webhook")).compose(DeliveryKey(5, 9, 1), row(), suppressed=False)
    assert isinstance(made, CallMessage)
    kept = drafting.kept(made)
    assert (kept.recipient, kept.subject) == ("https://hooks.test/p9", "PUT https://hooks.test/p9")
    assert drafting.restored(kept.message) == made


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (EmailContent(webhook=WebhookCall("{{customer.nowhere}}")), Reason.RENDER_FAILED),
        (EmailContent(webhook=WebhookCall("{{trigger.url}}")), Reason.INVALID_ADDRESS),
        (EmailContent(body="{% if %}", webhook=WebhookCall("https://x.test")), Reason.RENDER_FAILED),
    ],
    ids=["no value", "no url", "broken"],
)
def test_what_can_not_be_called_says_why(content: EmailContent, reason: Reason) -> None:
    data = {"url": "ftp://x.test"}
    made = messages(action(content, kind="webhook"), data=data).compose(DeliveryKey(5, 9, 1), row(), suppressed=False)
    assert not isinstance(made, CallMessage)
    assert (made.state, made.reason) == (State.FAILED, reason)  # type: ignore[union-attr]


async def test_both_go_out_and_are_counted(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(50)
    stage.person("mailless", None)
    mail, called = (
        Slow(),
        Called(p3=[Temporary("500 oops")], p4=[Permanent("400 no", "refused")], p5=[Unknown("no answer within 4 s")]),
    )
    broadcast = stage.broadcast(MAIL, CALL)
    trigger_id = stage.trigger(broadcast, {"data": {"sale": True}}, jobs=jobs)
    async with stage.working(stage.worker(mail, jobs, others=(called,), rules=RULES)):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {
        "sent": 50 + 49, "skipped no_address": 1, "failed refused": 1, "in_doubt no_answer": 1,
    }  # fmt: skip
    assert len(mail.taken) == 50
    assert len({message.url for message in called.taken}) == len(called.taken) == 49
    assert {message.workspace_id for message in called.taken} == {stage.workspace.workspace_id}
    _, webhook = broadcast.actions
    hour = int(time.time()) // 3_600
    found = stage.store.read(
        lambda tx: metrics.series(tx, broadcast.broadcast_id, webhook.action_id, [hour - 2, hour + 2])
    )
    assert {name: sum(numbers) for name, numbers in found.items() if name.endswith("xx")} == {
        "2xx": 49, "4xx": 1, "5xx": 1,
    }  # fmt: skip
    assert sum(found["sent"]) == 49


async def test_a_call_is_shown_again(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(1)
    trigger_id = stage.trigger(stage.broadcast(CALL), jobs=jobs)
    async with stage.working(stage.worker(Slow(), jobs, others=(Called(),), rules=RULES)):
        await stage.finished(trigger_id)
    (account,) = stage.rows(trigger_id)
    assert account["recipient"] == "https://hooks.test/p1"
    shown = Preview(stage.store, SIGN).whole(DeliveryKey(trigger_id, account["seq"], account["action_id"]))
    assert isinstance(shown, RenderedWebhook)
    assert json.loads(shown.body) == {"who": "p1", "sale": False}


@pytest.mark.parametrize("mixed", [True, False], ids=["one trigger", "two triggers"])
async def test_calls_go_on_while_mail_waits(stage: Stage, jobs: Jobs, *, mixed: bool) -> None:
    stage.crowd(120)
    mail, called = Slow(retry_after=0.2), Called()
    mail.away = True
    if mixed:
        started = [stage.trigger(stage.broadcast(MAIL, CALL), jobs=jobs)]
    else:
        started = [stage.trigger(stage.broadcast(content), jobs=jobs) for content in (MAIL, CALL)]
    async with stage.working(stage.worker(mail, jobs, others=(called,), rules=RULES)):
        await until(lambda: len(called.taken) >= 120)
        await until(lambda: mail.refused >= 3)
        assert mail.taken == []
        mail.away = False
        for trigger_id in started:
            await stage.finished(trigger_id)
    sums: Counter[str] = sum((Counter(stage.sums(trigger_id)) for trigger_id in started), Counter())
    assert sums == {"sent": 240}
    assert len({message.url for message in called.taken}) == len(called.taken) == 120
    assert len(mail.recipients) == len(mail.taken) == 120
    assert {each["attempts"] for each in stage.select("SELECT attempts FROM delivery")} == {1}


async def test_reporting_tells_of_them_by_their_kind(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(3)
    endpoints = Endpoints()
    hook(stage, "https://told.test", with_content=True)
    trigger_id = stage.trigger(stage.broadcast(MAIL, CALL), jobs=jobs)
    called = Called(p2=[Permanent("410 gone", "refused")], p3=[Temporary("503 later")])
    async with stage.working(stage.worker(Slow(), jobs, others=(called,), rules=RULES)):
        await stage.finished(trigger_id)
    telling = Telling(stage.store, SIGN, endpoints)
    while await telling.turn():
        pass
    told = endpoints.taken["https://told.test"]
    assert Counter(endpoints.metrics("https://told.test")) == {
        "email_sent": 3, "webhook_sent": 2, "webhook_failed": 1, "webhook_attempted": 1,
    }  # fmt: skip
    by_metric = {f"{one['object_type']}_{one['metric']}": one["data"] for one in told}
    assert by_metric["webhook_failed"]["failure_message"].endswith("410 gone")
    sent = by_metric["webhook_sent"]
    assert sent["recipient"].startswith("https://hooks.test/p")
    assert json.loads(sent["content"])["who"] == sent["identifiers"]["id"]
    assert "subject" not in sent
