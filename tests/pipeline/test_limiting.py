# SPDX-License-Identifier: Apache-2.0
"""Nobody gets more messages than the workspace's limit, whatever sends them, and who is left out is accounted for."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.broadcasts import Broadcast, SendingState
from clarion.domain.errors import Permanent, Temporary
from clarion.domain.limits import DAY_MS, MessageLimit, Wanted
from clarion.domain.operations import Merge
from clarion.domain.people import IdKind, Reference
from clarion.domain.transactional import Override, SendRequest
from clarion.pipeline import identify, transactional
from clarion.pipeline.drafting import decide_all
from clarion.store import broadcasts, limits
from clarion.store.drafts import Of
from clarion.store.engine import Transaction
from clarion.store.limits import Held
from clarion.store.numbers import PersonNumbers

from .providers import Fails, Scripted
from .stage import MAIL, Stage

ONE_A_WEEK = MessageLimit(1, 7)


def hold(stage: Stage, limit: MessageLimit | None = ONE_A_WEEK) -> None:
    stage.store.write(partial(limits.put, workspace_id=stage.workspace.workspace_id, limit=limit))


async def send(stage: Stage, *to: Broadcast, provider: Scripted | None = None) -> list[dict[str, int]]:
    """Trigger these and send all of it; the sums of each."""
    triggers = [stage.trigger(one) for one in to]
    async with stage.working(stage.worker(provider or Scripted(), LostJobs())):
        for trigger_id in triggers:
            await stage.finished(trigger_id)
    return [stage.sums(trigger_id) for trigger_id in triggers]


def lately(stage: Stage) -> int:
    return int(stage.select("SELECT COUNT(*) AS n FROM person_message")[0]["n"])


async def test_whoever_had_their_messages_is_left_out(stage: Stage) -> None:
    stage.crowd(30)
    hold(stage)
    assert await send(stage, stage.broadcast()) == [{"sent": 30}]
    stage.crowd(5, first=31)
    assert await send(stage, stage.broadcast()) == [{"sent": 5, "skipped message_limit": 30}]
    hold(stage, None)
    assert await send(stage, stage.broadcast()) == [{"sent": 35}]
    assert lately(stage) == 35  # without a limit nothing is written down


async def test_of_several_messages_the_first_ones_go(stage: Stage) -> None:
    stage.crowd(12)
    hold(stage, MessageLimit(2, 1))
    provider = Scripted()
    assert await send(stage, stage.broadcast(MAIL, MAIL, MAIL), provider=provider) == [
        {"sent": 24, "skipped message_limit": 12}
    ]
    assert set(Counter(provider.recipients).values()) == {2}


async def test_several_triggers_at_once_give_nobody_more(stage: Stage) -> None:
    stage.crowd(60)
    hold(stage, MessageLimit(2, 7))
    provider = Scripted()
    triggers = [stage.trigger(stage.broadcast()) for _ in range(4)]
    async with stage.working(*(stage.worker(provider, LostJobs()) for _ in range(3))):
        for trigger_id in triggers:
            await stage.finished(trigger_id)
    assert sum((Counter(stage.sums(one)) for one in triggers), Counter[str]()) == {
        "sent": 120,
        "skipped message_limit": 120,
    }
    assert set(Counter(provider.recipients).values()) == {2}


async def test_a_broadcast_may_be_left_out_of_it_and_counts_all_the_same(stage: Stage) -> None:
    stage.crowd(10)
    hold(stage)
    exempt = stage.broadcast()
    stage.store.write(lambda tx: broadcasts.update(tx, replace(exempt, ignores_limit=True)))
    assert await send(stage, stage.broadcast()) == [{"sent": 10}]
    assert await send(stage, exempt) == [{"sent": 10}]
    assert lately(stage) == 20


async def test_messages_to_one_person_are_neither_limited_nor_counted(stage: Stage) -> None:
    stage.crowd(1)
    hold(stage)
    texts = Override({"recipient": "p1@x.test", "subject": "S", "body": "B", "sender": "n@x.test"})
    request = SendRequest(Reference(IdKind.ID, "p1"), None, texts)
    provider = Scripted()
    for _ in range(2):
        key = stage.store.write(lambda tx: transactional.send(tx, stage.workspace, request, submit=lambda *_: None).key)
        async with stage.working(stage.worker(provider, LostJobs())):
            await stage.finished(key.trigger_id)
    assert len(provider.taken) == 2
    assert await send(stage, stage.broadcast()) == [{"sent": 1}]


async def test_what_failed_counts_for_nothing_and_another_attempt_is_no_other_message(stage: Stage) -> None:
    stage.crowd(2)
    hold(stage)
    refused = Fails(Permanent("550 no", reason="refused"))
    provider = Scripted({"p1@x.test": [refused], "p2@x.test": [Fails(Temporary("451 later"))]})
    assert await send(stage, stage.broadcast(), provider=provider) == [{"sent": 1, "failed refused": 1}]
    assert provider.tried["p2@x.test"] == 2
    assert await send(stage, stage.broadcast()) == [{"sent": 1, "skipped message_limit": 1}]


async def test_a_draft_counts_when_it_goes_out(stage: Stage) -> None:
    stage.crowd(3)
    hold(stage)
    made = stage.broadcast()
    action = replace(made.actions[0], sending_state=SendingState.DRAFT)
    stage.store.write(lambda tx: broadcasts.update_action(tx, action))
    trigger_id = stage.trigger(made)
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(trigger_id)
    assert lately(stage) == 0
    assert await send(stage, stage.broadcast()) == [{"sent": 3}]
    decide_all(stage.store, stage.workspace, Of(trigger_id=trigger_id), until_ms=2**60, send=True)
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"skipped message_limit": 3}


async def test_what_was_counted_before_a_crash_is_sent_by_the_next(stage: Stage) -> None:
    stage.crowd(4)
    hold(stage)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    wanted = [Wanted(int(row["person_id"]), int(row["seq"]), int(row["action_id"])) for row in stage.rows(trigger_id)]

    def reserve(tx: Transaction) -> set[tuple[int, int]]:
        return limits.reserve(tx, stage.workspace, trigger_id, Held(ONE_A_WEEK), wanted)

    assert stage.store.write(reserve) == set()
    async with stage.working(stage.worker(Scripted(), LostJobs())):
        await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 4}


@pytest.mark.parametrize(("ago_ms", "sent"), [(7 * DAY_MS - 60_000, 0), (7 * DAY_MS + 1_000, 3)])
async def test_days_move_along(stage: Stage, ago_ms: int, sent: int) -> None:
    stage.crowd(3)
    hold(stage)
    await send(stage, stage.broadcast())
    text = "UPDATE person_message SET at_ms = at_ms - :ago RETURNING at_ms"
    stage.store.write(lambda tx: tx.composed(text, {"ago": ago_ms}))
    (sums,) = await send(stage, stage.broadcast())
    assert sums.get("sent", 0) == sent
    assert stage.store.write(limits.clear) == 0
    stage.store.write(lambda tx: tx.composed(text, {"ago": 40 * DAY_MS}))
    assert stage.store.write(limits.clear) == 3 + sent


async def test_whoever_was_merged_has_had_the_messages_of_both(stage: Stage) -> None:
    stage.crowd(2)
    hold(stage, MessageLimit(2, 7))
    await send(stage, stage.broadcast())
    merge = Merge(Reference(IdKind.ID, "p1"), Reference(IdKind.ID, "p2"))
    assert identify.perform(stage.store, PersonNumbers(stage.store), stage.workspace, [merge]) == [None]
    assert await send(stage, stage.broadcast()) == [{"skipped message_limit": 1}]
