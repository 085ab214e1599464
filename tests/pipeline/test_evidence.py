# SPDX-License-Identifier: Apache-2.0
"""What a worker says of the records that others left."""

from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.support.jobs import LostJobs

from clarion.pipeline.claim import ChunkRules, claim
from clarion.pipeline.flight import FlightRecord
from clarion.pipeline.retry import RetryPolicy
from clarion.store import control

from .providers import Scripted
from .stage import LEASE, Stage, until


def let_go(folder: Path, owner: str) -> Path:
    record = FlightRecord(folder, owner)
    record.abandon()
    return record.path


def is_gone(path: Path) -> bool:
    return not path.exists()


@pytest.mark.parametrize(("alive", "word"), [(False, "worker.died"), (True, "flight_record.abandoned")])
async def test_a_record_that_is_still_needed_is_spoken_of_once(stage: Stage, alive: bool, word: str) -> None:
    flights, owner = stage.folder / "flights", "host/1/other"
    stage.crowd(3)
    trigger_id = stage.trigger(stage.broadcast())
    await stage.resolver().run_once(trigger_id)
    record, retry = FlightRecord(flights, f"{owner}/1"), RetryPolicy()
    rules = ChunkRules(10, LEASE, record.prepare)
    assert stage.store.write(lambda tx: claim(tx, owner=f"{owner}/1", flights=flights, retry=retry, rules=rules))
    record.activate()
    record.abandon()
    # Nobody may take the slice, so the record stays.
    assert stage.store.write(lambda tx: control.pause(tx, trigger_id, "Ann"))
    presence = FlightRecord(flights, owner) if alive else None
    with capture_logs() as logs:
        async with stage.working(stage.worker(Scripted(), LostJobs())):
            for no in range(3):  # each is gone after another look
                path = let_go(flights, f"host/2/later/{no}")
                await until(partial(is_gone, path))
            assert record.path.exists()
            assert stage.store.write(lambda tx: control.resume(tx, trigger_id, "Ann"))
            await stage.finished(trigger_id)
            await until(lambda: not record.path.exists())
    said = [line["event"] for line in logs if line.get("owner") == f"{owner}/1"]
    assert said == [word]
    assert stage.sums(trigger_id) == {"sent": 3}
    if presence is not None:
        presence.close()
