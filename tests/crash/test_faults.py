# SPDX-License-Identifier: Apache-2.0
"""The world fails, the processes stay: each fault is waited for, and everything goes on by itself afterwards."""

import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from clarion.domain.deliveries import State

from .actors import wait_for
from .campaign import LEASE_SECONDS, Campaign, Plan
from .conftest import Site, wait_until_finished
from .test_killed_at_each_point import check_sums

pytestmark = [pytest.mark.crash, pytest.mark.timeout(200)]

_BUSY = 0.35  # of a processor: a process that only waits needs far less, one that spins needs all of it


@pytest.mark.postgres
def test_a_database_that_is_gone_is_waited_for(tmp_path: Path) -> None:
    outage = float(os.environ.get("OUTAGE_SECONDS", 3 * LEASE_SECONDS))
    said: list[str] = []
    campaign = Campaign(Plan(kills=0, seed=5, people=400, workers=2), tmp_path, said.append)
    try:
        workers = campaign.actors[1:]
        with campaign.under_load():
            wait_for(lambda: campaign.sent() > 100)
            before = {actor.name: (actor.pid, actor.cpu_seconds) for actor in campaign.actors}
            assert campaign.cluster is not None
            campaign.cluster.kill()
            campaign.until(time.monotonic() + outage)
            for actor in workers:
                pid, seconds = before[actor.name]
                assert actor.pid == pid, "it ended"
                assert (actor.cpu_seconds - seconds) / outage < _BUSY, "it does not wait, it spins"
            campaign.cluster.start()
            sent = campaign.sent()
            wait_for(lambda: campaign.sent() > sent + 100)
        found = campaign.finish()
        assert campaign.verdict(found), "\n".join(said)
        assert all(actor.pid == before[actor.name][0] or not actor.running for actor in workers)
    finally:
        campaign.close()
    assert (found.lost, found.doubled, found.in_doubt, found.repeated) == (0, 0, 0, 0), (
        "nobody died: nobody is in doubt"
    )


@pytest.mark.postgres
@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("offset", ["+1d", "-1d"])
def test_a_worker_whose_clock_is_wrong_by_a_day_works_like_any_other(tmp_path: Path, offset: str) -> None:
    said: list[str] = []
    wrong = {"LD_PRELOAD": "/usr/$LIB/faketime/libfaketime.so.1", "DONT_FAKE_MONOTONIC": "1", "FAKETIME": offset}
    plan = Plan(kills=6, seed=6, people=200, workers=2, pause=0.8, open_triggers=2)
    campaign = Campaign(plan, tmp_path, said.append, environment=wrong)
    try:
        found = campaign.run()
        assert campaign.verdict(found), "\n".join(said)
    finally:
        campaign.close()
    assert found.messages >= plan.people


def test_a_full_disk_is_waited_for(site: Site, tmp_path: Path) -> None:
    """The flight record, the captured mail and, on SQLite, the database find no room until there is some again."""
    trigger_id = site.trigger({})
    log = tmp_path / "worker.log"
    site.environment["CLARION_WORKER_RETRY_DELAYS_SECONDS"] = ",".join(["0.5"] * 200)
    with log.open("wb") as output:  # what the worker says must not be in the way of what is tested
        teller = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=output)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores SIGXFSZ, so that writing beyond the limit fails as on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, limits[1]))
    try:
        worker = site.start(output=teller.stdin)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    # Without a flight record nothing is sent; SQLite has no room even for which accounts there are.
    wait_for(lambda: sum(log.read_bytes().count(word) for word in (b"File too large", b"worker.not_started")) > 2)
    assert worker.poll() is None, log.read_text("utf-8")[-2_000:]
    assert set(site.accounts(trigger_id).values()) <= {State.QUEUED}
    resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, limits)
    wait_until_finished(site.store, trigger_id, worker)
    site.stop(worker)
    teller.communicate()
    assert check_sums(site, trigger_id)[State.SENT] == len(site.captured()) == site.captured().total()
