# SPDX-License-Identifier: Apache-2.0
"""What is removed with time: accounts, data, events; what stays: triggers, counters, everything unfinished."""

import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from tests.support.jobs import LostJobs

from clarion.domain.attachments import AttachedFile, hash_of
from clarion.domain.deliveries import DeliveryKey, Reason
from clarion.domain.errors import Conflict, Permanent, Unknown
from clarion.domain.triggers import Repeat
from clarion.pipeline import again, doubt, preview, retention
from clarion.pipeline.doubt import Decision
from clarion.pipeline.edit import apply_content
from clarion.pipeline.prepared import Prepared
from clarion.pipeline.retention import RetentionRules
from clarion.pipeline.tracing import UNTRACED
from clarion.store import acted, attachments, broadcasts, deliveries, ledger, people
from clarion.store import again as repeats
from clarion.store import retention as removal
from clarion.store.deliveries import Wanted
from clarion.store.engine import Transaction
from clarion.store.people import PersonEvent

from .providers import Fails, Scripted
from .stage import SIGN, Stage, until

DAY = 86_400_000
EVERYTHING = RetentionRules(accounts_days=100, data_days=50, events_days=10)


async def sent(stage: Stage, body: dict[str, Any] | None = None, provider: Scripted | None = None) -> int:
    """A trigger that was worked to its end."""
    trigger_id = stage.trigger(stage.broadcast(), body)
    async with stage.working(stage.worker(provider or Scripted(), LostJobs())):
        await stage.finished(trigger_id)
    return trigger_id


def age(stage: Stage, trigger_id: int, days: int) -> None:
    """As if it had ended so long ago."""
    by = f"UPDATE broadcast_trigger SET processed_ms = processed_ms - {days * DAY} WHERE trigger_id = {trigger_id};"
    stage.store.script(by)


def left(stage: Stage, trigger_id: int) -> dict[str, int]:
    """Rows of a trigger by table."""
    tables = ("delivery", "trigger_entry", "trigger_error", "slice")
    return {
        table: int(stage.select(f"SELECT COUNT(*) AS n FROM {table} WHERE trigger_id = :t", t=trigger_id)[0]["n"])
        for table in tables
    }


def named(*names: str) -> dict[str, Any]:
    return {
        "per_user_data": [{"id": name, "data": {"code": f"secret-{name}"}} for name in names],
        "id_ignore_missing": True,
    }


async def tidy(stage: Stage, rules: RetentionRules = EVERYTHING) -> dict[str, int]:
    return await retention.tidy(stage.store, rules, asyncio.Event())


async def test_accounts_of_old_triggers_go_and_their_counters_stay(stage: Stage) -> None:
    stage.crowd(25)
    old = await sent(stage, named(*[f"p{n}" for n in range(1, 26)], "nobody"))
    young = await sent(stage)
    before = stage.store.read(lambda tx: ledger.counts(tx, old))
    age(stage, old, 101)
    age(stage, young, 99)
    assert (await tidy(stage))["accounts"] > 25
    assert left(stage, old) == {"delivery": 0, "trigger_entry": 0, "trigger_error": 0, "slice": 0}
    assert left(stage, young)["delivery"] == 25
    assert stage.store.read(lambda tx: ledger.counts(tx, old)) == before != []
    gone = stage.get(old)
    assert (gone.state.value, gone.audience, gone.data, gone.echo) == ("done", 25, {}, {})
    assert stage.store.read(lambda tx: removal.removed(tx, old)).details_ms is not None
    assert stage.store.read(lambda tx: removal.removed(tx, young)).details_ms is None
    listed = stage.store.read(lambda tx: deliveries.page(tx, stage.workspace, Wanted(), after=None, most=100))
    assert {item.key.trigger_id for item in listed.items} == {young}
    assert (await tidy(stage))["accounts"] == 0


async def test_marks_of_performed_actions_go_with_their_accounts(stage: Stage) -> None:
    stage.crowd(2)
    old, young = await sent(stage), await sent(stage)
    keys = [key for trigger_id in (old, young) for key in stage.keys(trigger_id)]
    assert stage.store.write(lambda tx: acted.mark(tx, keys)) == set(keys)
    age(stage, old, 101)
    await tidy(stage)
    assert stage.store.write(lambda tx: acted.mark(tx, keys)) == set(stage.keys(young)) ^ set(keys)


async def test_nothing_is_removed_without_a_limit(stage: Stage) -> None:
    stage.crowd(3)
    old = await sent(stage)
    age(stage, old, 10_000)
    of_segments = ("segment_changes", "deleted_segments", "watched_messages")
    kinds = ("accounts", "data", "activities", *of_segments, "forgotten", "attachments", "in_app")
    assert await tidy(stage, RetentionRules()) == dict.fromkeys(kinds, 0)
    assert stage.sums(old) == {"sent": 3}


async def test_what_is_in_doubt_or_unfinished_stays(stage: Stage) -> None:
    stage.crowd(4)
    doubtful = await sent(stage, provider=Scripted({"p2@x.test": [Fails(Unknown("gone"), handed=True)]}))
    waiting = stage.trigger(stage.broadcast())
    age(stage, doubtful, 1_000)
    await tidy(stage)
    assert stage.sums(doubtful) == {"sent": 3, "in_doubt no_answer": 1}
    assert stage.get(waiting).state.value == "queued"


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5])
async def test_a_removal_that_died_is_gone_on_with(stage: Stage, steps: int) -> None:
    stage.crowd(12)
    old = await sent(stage, named(*[f"p{n}" for n in range(1, 13)]))
    age(stage, old, 101)
    dying = removal.clear_accounts(stage.store, stage.store.read(lambda tx: tx.now_ms()) - 100 * DAY, batch=4)
    for _ in range(steps):
        assert next(dying) > 0
    dying.close()
    # Even when the setting was taken back meanwhile: half a list is of no use to anybody.
    await tidy(stage, RetentionRules() if steps else EVERYTHING)
    assert set(left(stage, old).values()) == {0}


async def test_a_trigger_that_is_reopened_in_time_keeps_everything(stage: Stage) -> None:
    stage.crowd(5)
    old = await sent(stage)
    age(stage, old, 101)
    found: list[int] = []

    class Between:
        """A store where somebody sends again between the look and the mark."""

        engine = stage.store.engine

        def read(self, work: Any) -> Any:
            result = stage.store.read(work)
            if not found:
                found.append(old)
                stage.store.script(f"UPDATE broadcast_trigger SET state = 'sending' WHERE trigger_id = {old};")
            return result

        def write(self, work: Any) -> Any:
            return stage.store.write(work)

    between: Any = Between()
    assert list(removal.clear_accounts(between, 2**60)) == []
    assert left(stage, old)["delivery"] == 5


async def test_own_data_goes_and_the_mail_cannot_be_shown_with_other_content(stage: Stage) -> None:
    stage.crowd(3)
    old = await sent(stage, {**named("p1", "p2", "p3"), "data": {"coupon": "X"}})
    key = DeliveryKey(old, 1, int(stage.rows(old)[0]["action_id"]))
    show = preview.Preview(stage.store, SIGN)
    assert show(key) is not None
    age(stage, old, 51)
    assert (await tidy(stage))["data"] > 0
    assert stage.select("SELECT data FROM trigger_entry WHERE data IS NOT NULL") == []
    assert stage.get(old).data == {}
    assert show(key) is None
    assert stage.sums(old) == {"sent": 3}


async def test_what_is_in_doubt_is_not_repeated_without_its_data(stage: Stage) -> None:
    stage.crowd(3)
    silent = Scripted({"p2@x.test": [Fails(Unknown("gone"), handed=True)]})
    old = await sent(stage, {**named("p1", "p2", "p3"), "data": {"coupon": "X"}}, silent)
    age(stage, old, 51)
    assert (await tidy(stage))["data"] > 0
    with pytest.raises(Conflict, match="the data of the trigger were removed"):
        doubt.settle_all(stage.store, stage.workspace, old, Decision.RESEND)
    assert stage.sums(old) == {"sent": 2, "in_doubt no_answer": 1}
    assert doubt.settle_all(stage.store, stage.workspace, old, Decision.SENT).settled == 1
    assert stage.sums(old) == {"sent": 2, "sent resolved_as_sent": 1}


async def test_a_repeat_that_nobody_began_in_time_is_not_sent_without_its_data(stage: Stage) -> None:
    stage.crowd(3)
    failing = Scripted({"p2@x.test": [Fails(Permanent("550 no", Reason.REFUSED))]})
    old = await sent(stage, named("p1", "p2", "p3"), failing)
    ask_again(stage, old)
    age(stage, old, 51)
    assert (await tidy(stage))["data"] > 0
    assert again.work_off(stage.store) == 0
    assert not stage.store.read(repeats.waiting)
    assert stage.sums(old) == {"sent": 2, "failed refused": 1}


async def test_killed_in_the_middle_nobody_is_sent_it_without_its_data(stage: Stage, store_url: str) -> None:
    stage.crowd(3)
    failing = Scripted({"p2@x.test": [Fails(Permanent("550 no", Reason.REFUSED))]})
    old = await sent(stage, named("p1", "p2", "p3"), failing)
    age(stage, old, 51)
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", _KILLED, store_url], capture_output=True, timeout=50, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(stage.select("SELECT 1 FROM trigger_entry WHERE data IS NOT NULL")) == 3
    with pytest.raises(Conflict, match="the data of the trigger were removed"):
        ask_again(stage, old)
    # The next turn goes on, though the limit is gone from the settings.
    assert (await tidy(stage, RetentionRules()))["data"] > 0
    assert stage.select("SELECT 1 FROM trigger_entry WHERE data IS NOT NULL") == []
    assert (await tidy(stage, RetentionRules()))["data"] == 0


_KILLED = """
import asyncio, sys
from clarion.pipeline.failpoint import signal_at
from clarion.pipeline.retention import RetentionRules, tidy
from clarion.store.opening import open_store
store = open_store(sys.argv[1])
asyncio.run(tidy(store, RetentionRules(data_days=50), asyncio.Event(), signal_at("retention.data_marked")))
"""


async def test_events_go_by_their_own_time(stage: Stage) -> None:
    numbers = stage.crowd(3)
    now = stage.store.read(lambda tx: tx.now_ms())

    def add(tx: Transaction) -> None:
        for number in numbers:
            for days in (1, 9, 11, 400):
                at = now - days * DAY
                people.add_events(tx, [PersonEvent(number, f"e{days}", at, "event", "x", {})])

    stage.store.write(add)
    for batch in (1, 5):
        for _ in removal.clear_events(stage.store, now - 10 * DAY, batch):
            pass
        rows = stage.select("SELECT person_id, event_id FROM person_event ORDER BY 1, 2")
        assert [(row["person_id"], row["event_id"]) for row in rows] == [
            (number, event) for number in numbers for event in ("e1", "e9")
        ]


async def test_one_process_at_a_time_and_a_failure_is_tried_again(stage: Stage) -> None:
    turns = await asyncio.gather(*[asyncio.to_thread(removal.take_turn, stage.store, "t", 60_000) for _ in range(4)])
    assert sorted(turns) == [False, False, False, True]
    calls: list[int] = []

    def drop(before_ms: int) -> int:
        calls.append(before_ms)
        if len(calls) == 1:
            raise OSError("no such file")
        return 0

    stopping = asyncio.Event()
    rules = RetentionRules(outbox_days=1, every_seconds=0, look_seconds=0.01)
    running = asyncio.create_task(retention.run(stage.store, rules, stopping, drop_mail=drop))
    await until(lambda: len(calls) > 1)
    stopping.set()
    await asyncio.wait_for(running, 10)
    now = stage.store.read(lambda tx: tx.now_ms())
    assert abs(now - DAY - calls[0]) < 60_000


def ask_again(stage: Stage, trigger_id: int, kind: Repeat = Repeat.FAILED) -> int | None:
    trigger = stage.get(trigger_id)
    return stage.store.write(
        lambda tx: again.ask(tx, trigger, kind, (), by="Ann", may_double=True, submit=lambda _, __: None)
    )


@pytest.mark.parametrize(("days", "what"), [(101, "accounts"), (51, "data")])
async def test_what_was_removed_is_not_sent_again(stage: Stage, days: int, what: str) -> None:
    stage.crowd(3)
    old = await sent(stage, None, Scripted({"p2@x.test": [Fails(Permanent("550 no", Reason.REFUSED))]}))
    age(stage, old, days)
    assert (await tidy(stage))[what] >= 0
    for kind in Repeat:
        with pytest.raises(Conflict, match=f"the {what} of the trigger were removed"):
            ask_again(stage, old, kind)
    trigger = stage.get(old)
    with pytest.raises(Conflict, match=f"the {what} of the trigger were removed"):
        stage.store.write(lambda tx: apply_content(tx, stage.workspace, trigger, "Ann"))


async def test_a_repeat_that_retention_came_before_ends_without_anybody(stage: Stage) -> None:
    stage.crowd(3)
    old = await sent(stage, None, Scripted({"p2@x.test": [Fails(Permanent("550 no", Reason.REFUSED))]}))
    age(stage, old, 101)
    before = stage.store.read(lambda tx: ledger.counts(tx, old))
    assert ask_again(stage, old) == 1
    removing = removal.clear_accounts(stage.store, 2**60, batch=1)
    assert next(removing) == 1, "it has begun"
    assert again.work_off(stage.store) == 0
    assert list(removing), "and comes to its end"
    assert stage.get(old).state.value == "done"
    assert left(stage, old)["delivery"] == 0
    assert stage.store.read(lambda tx: ledger.counts(tx, old)) == before
    assert stage.select("SELECT no FROM trigger_again WHERE done_ms IS NULL") == []


async def test_a_file_goes_when_no_message_version_or_trigger_with_its_data_has_it(stage: Stage) -> None:
    stage.crowd(2)
    made = stage.broadcast()
    file = AttachedFile("a.pdf", "application/pdf", 4, hash_of(b"%PDF"))

    def attach(tx: Transaction) -> None:
        attachments.keep(tx, made.workspace_id, b"%PDF")
        broadcasts.update_action(tx, replace(made.actions[0], attachments=(file,)))

    stage.store.write(attach)
    provider = Scripted()
    trigger_id = stage.trigger(made)
    stage.store.write(lambda tx: broadcasts.update_action(tx, made.actions[0]))
    for statement in ("UPDATE attached_file SET named_ms = 0;", "DELETE FROM broadcast_version;"):
        stage.store.script(statement)
    assert (await tidy(stage))["attachments"] == 0
    async with stage.working(stage.worker(provider, LostJobs())):
        await stage.finished(trigger_id)
    assert all(b"a.pdf" in message.content for message in provider.taken)
    assert (await tidy(stage))["attachments"] == 0  # it may be sent again
    age(stage, trigger_id, 51)
    await tidy(stage)  # its data, and then the file, whichever comes first in a turn
    await tidy(stage)
    assert stage.store.read(lambda tx: attachments.content(tx, made.workspace_id, file.hash)) is None
    assert stage.select("SELECT * FROM trigger_file") == []


def test_no_message_is_made_without_its_file(stage: Stage) -> None:
    made = stage.broadcast()
    file = AttachedFile("a.pdf", "application/pdf", 4, hash_of(b"%PDF"))
    stage.store.write(lambda tx: broadcasts.update_action(tx, replace(made.actions[0], attachments=(file,))))
    trigger = stage.get(stage.trigger(made))
    with pytest.raises(AssertionError, match="a file is never removed"):
        Prepared(stage.store, SIGN, UNTRACED).compile(trigger.trigger_id, trigger.content_hash)
