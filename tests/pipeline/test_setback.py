# SPDX-License-Identifier: Apache-2.0
"""An error that nobody foresaw costs its own slice time, and no other; it is told, but not over and over."""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.jobs import driver

from clarion.domain.broadcasts import EmailContent
from clarion.pipeline import setback
from clarion.pipeline.meter import Unmetered
from clarion.pipeline.resolve import Sizes
from clarion.pipeline.setback import Setbacks, Telling, cause_of
from clarion.store.engine import Store
from clarion.store.jobs import Jobs

from .providers import Scripted
from .stage import MAIL, Stage, until

pytestmark = pytest.mark.timeout(120)

SEVERAL = Sizes(range_people=20, slice_people=5)
OTHER = EmailContent(subject="Another", body="<p>Another</p>", sender="Acme <news@acme.test>")


@pytest.fixture
def jobs(store: Store, store_url: str) -> Jobs:
    return driver(store, store_url)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Count(Unmetered):
    """Counts what was put off."""

    def __init__(self) -> None:
        self.put_off = 0

    def slice_put_off(self) -> None:
        self.put_off += 1


def raised(error: Exception) -> Exception:
    """The error, as it is once it was raised."""
    with suppress(type(error)):
        raise error
    return error


# -- what is decided -------------------------------------------------------------------------------------------


def test_pauses_double_up_to_the_longest_and_end_when_it_works() -> None:
    setbacks = Setbacks()
    assert [setbacks.pause("a", 5.0) for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert setbacks.pause("b", 5.0) == 1.0, "each has its own"
    setbacks.worked("a")
    assert setbacks.pause("a", 5.0) == 1.0


def test_a_rest_is_over_after_its_pause() -> None:
    clock = Clock()
    setbacks = Setbacks(clock)
    seen = [setbacks.resting, setbacks.rest(60.0), setbacks.resting]
    clock.now += 1.0
    seen += [setbacks.resting, setbacks.rest(60.0), setbacks.resting]
    assert seen == [False, 1.0, True, False, 2.0, True]


def test_a_cause_is_told_at_once_and_then_more_and_more_seldom() -> None:
    clock = Clock()
    telling = Telling(clock)
    told = []
    for second in range(3_600):
        times = telling.again("cause")
        if times is not None:
            told.append((second, times))
        clock.now += 1.0
    assert told[:4] == [(0, 1), (30, 30), (90, 60), (210, 120)]
    assert len(told) == 8, "eight lines in an hour of one failure a second"
    assert telling.again("another cause") == 1
    clock.now += 3 * setback.TOLD_SELDOM_SECONDS
    assert telling.again("cause") == 1, "it was gone for long: it is news"


def test_the_line_that_raised_tells_causes_apart_not_the_words() -> None:
    errors = [raised(ValueError(f"account {n}")) for n in range(2)]
    assert cause_of(errors[0]) == cause_of(errors[1])
    assert cause_of(errors[0]) != cause_of(raised(KeyError("a")))
    assert cause_of(errors[0]) != cause_of(ValueError("never raised"))


# -- whole workers ---------------------------------------------------------------------------------------------


def poison(store: Store, table: str, condition: str) -> None:
    """From now on the database refuses an update of a table's row under this condition, as a defect would."""
    if store.engine == "postgres":
        store.script(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN RAISE EXCEPTION ''poison''; END';"
            f"CREATE TRIGGER poison BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION poison();"
        )
    else:
        store.script(
            f"CREATE TRIGGER poison BEFORE UPDATE ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, 'poison'); END;"
        )


def remedy(store: Store, table: str) -> None:
    store.script(f"DROP TRIGGER poison ON {table};" if store.engine == "postgres" else "DROP TRIGGER poison;")


async def put_off_and_not_spinning(stage: Stage, count: Count, healthy: int, people: int) -> None:
    """The healthy trigger is finished; the failing one is tried again, at growing intervals."""
    await stage.finished(healthy)
    assert stage.sent(healthy) == people
    await until(lambda: count.put_off >= 2)
    began, before = time.monotonic(), count.put_off
    await until(lambda: time.monotonic() > began + 3.0)
    assert count.put_off - before <= 3, "it does not spin"


def told(logs: list[Any]) -> Counter[str]:
    return Counter(line["event"] for line in logs if line["log_level"] in {"error", "warning"})


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        pytest.param("slice", "NEW.trigger_id = {} AND NEW.owner IS NOT NULL", id="claiming"),
        pytest.param("delivery", "NEW.trigger_id = {} AND NEW.state = 1", id="recording"),
    ],
)
async def test_a_slice_that_cannot_be_worked_is_put_off_and_others_go_on(
    stage: Stage, jobs: Jobs, table: str, condition: str
) -> None:
    stage.crowd(20)
    provider, count = Scripted(), Count()
    failing = stage.trigger(stage.broadcast(MAIL), jobs=jobs)
    poison(stage.store, table, condition.format(failing))
    with capture_logs() as logs:
        async with stage.working(stage.worker(provider, jobs, sizes=SEVERAL, meter=count)):
            await until(lambda: count.put_off > 0)
            healthy = await asyncio.to_thread(stage.trigger, stage.broadcast(OTHER), None, jobs)
            await put_off_and_not_spinning(stage, count, healthy, 20)
            remedy(stage.store, table)
            await stage.finished(failing)
            await until(lambda: len(list((stage.folder / "flights").iterdir())) == 1)  # the worker's own, no slice's
    assert stage.sums(failing) == stage.sums(healthy) == {"sent": 20}, "nobody is in doubt, nobody is lost"
    assert len(provider.taken) == len({message.delivery_id for message in provider.taken}) == 40
    assert told(logs)["slice.put_off"] <= 2, "the cause is told, and not each time"
    assert not {"job.failed", "reconcile.failed", "sending.held_up"} & set(told(logs))


async def test_content_that_cannot_be_read_holds_up_nobody_else(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(20)
    provider, count = Scripted(), Count()
    failing = stage.trigger(stage.broadcast(MAIL), jobs=jobs)
    content = stage.get(failing).content_hash
    (row,) = stage.select("SELECT content FROM trigger_content WHERE content_hash = :h", h=content)
    stage.store.script(f"UPDATE trigger_content SET content = 'broken' WHERE content_hash = '{content}';")
    healthy = stage.trigger(stage.broadcast(OTHER), jobs=jobs)
    whole = str(row["content"]).replace("'", "''")
    with capture_logs() as logs:
        async with stage.working(stage.worker(provider, jobs, sizes=SEVERAL, meter=count)):
            await stage.finished(healthy)
            assert stage.get(failing).content_hash == content
            stage.store.script(f"UPDATE trigger_content SET content = '{whole}' WHERE content_hash = '{content}';")
            await stage.finished(failing)
    assert stage.sums(failing) == stage.sums(healthy) == {"sent": 20}
    assert len(provider.taken) == 40
    assert "job.failed" not in told(logs)


async def test_a_flight_folder_that_takes_nothing_makes_sending_rest(stage: Stage, jobs: Jobs) -> None:
    stage.crowd(20)
    provider, count = Scripted(), Count()
    worker = stage.worker(provider, jobs, sizes=SEVERAL, meter=count)
    flights, away = stage.folder / "flights", stage.folder / "moved away"
    with capture_logs() as logs:
        async with stage.working(worker):
            await until(lambda: any(flights.glob("*.flight")))
            flights.rename(away)
            flights.write_bytes(b"a file is in its place")
            trigger_id = await asyncio.to_thread(stage.trigger, stage.broadcast(MAIL), None, jobs)
            await until(lambda: "data_folder.unusable" in told(logs))
            assert not provider.taken
            flights.unlink()
            away.rename(flights)
            await stage.finished(trigger_id)
    assert stage.sums(trigger_id) == {"sent": 20}
    assert (len(provider.taken), count.put_off) == (20, 0), "no slice is to blame"
    assert told(logs)["data_folder.unusable"] == 1
