# SPDX-License-Identifier: Apache-2.0
"""A rolling upgrade seen by the older worker: it goes on while the schema expands, and stops when it is told to."""

import asyncio

from tests.support.jobs import LostJobs

from clarion.pipeline.upgrade import watch
from clarion.store.engine import Store
from clarion.store.migrate import Migration, migrate, migrations, newest, step

from .providers import Hangs, Scripted
from .stage import Stage, until

EXPANSION = """
ALTER TABLE delivery ADD COLUMN extra bigint;
ALTER TABLE slice ADD COLUMN extra bigint NOT NULL DEFAULT 7;
ALTER TABLE broadcast_trigger ADD COLUMN extra text;
ALTER TABLE person ADD COLUMN extra text;
CREATE TABLE fresh (a bigint PRIMARY KEY);
"""


def of_the_next_release(store: Store) -> list[Migration]:
    """What a newer program knows."""
    contract = step(9_002, "9002_less.sql", "-- contract: 9001\nALTER TABLE person DROP COLUMN extra;")
    return [*migrations(store.engine), step(9_001, "9001_more.sql", EXPANSION), contract]


async def test_an_older_worker_goes_on_while_the_schema_expands(stage: Stage) -> None:
    stage.crowd(40)
    broadcast = stage.broadcast()
    first = stage.trigger(broadcast)
    provider = Scripted(usual=Hangs(handed=False))
    async with stage.working(stage.worker(provider, LostJobs())) as stopping:
        watching = asyncio.create_task(watch(stage.store, stopping, seconds=0.02))
        await asyncio.wait_for(provider.reached.wait(), 20)
        newer = of_the_next_release(stage.store)
        assert await asyncio.to_thread(migrate, stage.store, newer) == ["9001_more.sql"]
        provider.usual = None
        provider.release.set()
        second = await asyncio.to_thread(stage.trigger, broadcast)
        await stage.finished(first)
        await stage.finished(second)
        assert not stopping.is_set()
    assert await watching is None
    assert [stage.sums(first), stage.sums(second)] == [{"sent": 40}, {"sent": 40}]


async def test_a_worker_that_has_become_too_old_drains_and_says_why(stage: Stage) -> None:
    stage.crowd(40)
    trigger_id = stage.trigger(stage.broadcast())
    provider = Scripted(usual=Hangs(handed=True))
    migrate(stage.store, of_the_next_release(stage.store))

    async def told(seconds: float) -> None:
        await until(watching.done)
        provider.release.set()  # what is out is answered while the program drains

    async with stage.working(stage.worker(provider, LostJobs())) as stopping:
        watching = asyncio.create_task(watch(stage.store, stopping, seconds=0.02))
        await asyncio.wait_for(provider.reached.wait(), 20)
        loop = asyncio.get_running_loop()

        def pause(seconds: float) -> None:
            asyncio.run_coroutine_threadsafe(told(seconds), loop).result(20)

        newer = of_the_next_release(stage.store)
        taken = await asyncio.to_thread(lambda: migrate(stage.store, newer, contract=True, pause=pause))
        assert taken == ["9002_less.sql"]
        assert stopping.is_set()
    knows = newest(stage.store.engine)
    assert await watching == (
        f"this program knows the database's schema up to step {knows}, it must know step 9001: update it"
    )
    # It stopped in the middle: what was out is accounted for, nothing is in doubt, a newer program goes on.
    counts = {int(row["state"]): int(row["n"]) for row in states(stage, trigger_id)}
    assert counts[1] == len(provider.taken) < 40
    assert set(counts) == {0, 1}
    async with stage.working(stage.worker(Scripted(), LostJobs())) as stopping:
        watching = asyncio.create_task(watch(stage.store, stopping, seconds=0.02, knows=9_002))
        await stage.finished(trigger_id)
    assert await watching is None
    assert stage.sums(trigger_id) == {"sent": 40}


def states(stage: Stage, trigger_id: int) -> list[dict[str, int]]:
    text = "SELECT state, COUNT(*) AS n FROM delivery WHERE trigger_id = :t GROUP BY state"
    return [dict(row) for row in stage.select(text, t=trigger_id)]
