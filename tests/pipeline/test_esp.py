# SPDX-License-Identifier: Apache-2.0
"""Nothing is sent to an address that is suppressed; a bounce and a complaint suppress one."""

from dataclasses import replace
from functools import partial

import pytest

from clarion.domain.metrics import Feedback, Metric
from clarion.domain.people import IdKind, Reference
from clarion.domain.suppressions import EspKind
from clarion.pipeline.erasure import erase
from clarion.pipeline.feedback import record
from clarion.store import esp
from clarion.store.jobs_inprocess import InProcessJobs

from .providers import Scripted
from .stage import MAIL, Stage


async def test_a_suppressed_address_is_skipped_by_its_name(stage: Stage) -> None:
    stage.crowd(3)
    trigger_id = stage.trigger(stage.broadcast())
    assert await stage.resolver().run_once(trigger_id)
    workspace_id = stage.workspace.workspace_id
    stage.store.write(lambda tx: esp.suppress(tx, workspace_id, EspKind.BLOCKS, "P2@x.test"))
    stage.store.write(lambda tx: esp.suppress(tx, workspace_id + 1, EspKind.BLOCKS, "p3@x.test"))
    provider = Scripted()
    async with stage.working(stage.worker(provider, InProcessJobs(stage.store))):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 2, "skipped esp_suppressed": 1}
    assert sorted(provider.recipients) == ["p1@x.test", "p3@x.test"]


async def test_every_address_of_a_message_is_looked_at(stage: Stage) -> None:
    for name, other in (("p1", "kept"), ("p2", "barred"), ("p3", "kept")):
        stage.person(name, other=f"{other}-{name}@x.test")
    content = replace(
        MAIL, recipient="{{ customer.other }}", cc="boss@x.test, cc-{{ customer.id }}@x.test", bcc="b@x.test"
    )
    trigger_id = stage.trigger(stage.broadcast(content))
    assert await stage.resolver().run_once(trigger_id)
    workspace_id = stage.workspace.workspace_id
    for address in ("barred-p2@x.test", "CC-p1@x.test", "b@x.test", "p3@x.test"):
        stage.store.write(partial(esp.suppress, workspace_id=workspace_id, kind=EspKind.BOUNCES, email=address))
    provider = Scripted()
    async with stage.working(stage.worker(provider, InProcessJobs(stage.store))):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 2, "skipped esp_suppressed": 1}
    assert {message.recipient: message.copies for message in provider.taken} == {
        "kept-p1@x.test": ("boss@x.test",),
        "kept-p3@x.test": ("boss@x.test", "cc-p3@x.test"),
    }


@pytest.mark.parametrize(
    ("metric", "kinds"),
    [(Metric.BOUNCED, [EspKind.BOUNCES]), (Metric.SPAMMED, [EspKind.SPAM_REPORTS]), (Metric.OPENED, [])],
)
async def test_what_is_heard_suppresses_the_address_until_its_owner_is_erased(
    stage: Stage, metric: Metric, kinds: list[EspKind]
) -> None:
    stage.crowd(1)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    (key,) = stage.keys(trigger_id)
    workspace_id = stage.workspace.workspace_id
    for _ in range(2):
        stage.store.write(lambda tx: record(tx, Feedback(key, metric, 5_000, {"failure_message": "no mailbox"})))
    found = stage.store.read(lambda tx: esp.of_address(tx, workspace_id, "p1@x.test"))
    assert [one.kind for one in found] == kinds
    assert all(one.reason == "no mailbox" for one in found)
    erase(stage.store, stage.workspace, Reference(IdKind.ID, "p1"), suppress=False, blank_mail=None)
    assert stage.store.read(lambda tx: esp.of_address(tx, workspace_id, "p1@x.test")) == []


async def test_soft_bounces_are_counted_in_a_row_and_forgotten_with_their_owner(stage: Stage) -> None:
    workspace_id = stage.workspace.workspace_id

    def bounce(email: str) -> int:
        return stage.store.write(lambda tx: esp.soft_bounce(tx, workspace_id, email))

    assert [bounce("P1@x.test"), bounce("p1@x.test"), bounce("p2@x.test")] == [1, 2, 1]
    stage.store.write(lambda tx: esp.end_soft_bounces(tx, workspace_id, "p1@X.test"))
    stage.store.write(lambda tx: esp.end_soft_bounces(tx, workspace_id + 1, "p2@x.test"))
    assert [bounce("p1@x.test"), bounce("p2@x.test")] == [1, 2]
    stage.crowd(1)
    erase(stage.store, stage.workspace, Reference(IdKind.ID, "p1"), suppress=False, blank_mail=None)
    assert [row["email_key"] for row in stage.select("SELECT email_key FROM soft_bounce")] == ["p2@x.test"]
