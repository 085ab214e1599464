# SPDX-License-Identifier: Apache-2.0
"""A disk that really is full in mid-send, under whole processes: they say so, wait, and go on when there is room."""

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .actors import wait_for
from .campaign import Campaign, Plan

pytestmark = [pytest.mark.crash, pytest.mark.timeout(200)]

FULL_SECONDS = 12.0
_BUSY = 0.35  # of a processor
_LINES = 60  # said by one process in that time, about whatever fails


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB, in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system of its own")
    command = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=755", "tmpfs", str(disk)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(ballast: Path) -> None:
    """Until not another page goes on the disk that this file is on."""
    descriptor = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for size in (1 << 16, 1 << 12):
            while True:
                try:
                    os.write(descriptor, bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC  # noqa: PT017 - it is how this ends
                    break
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_disk_that_fills_up_in_mid_send_loses_nobody(engine: str, tmp_path: Path, small_disk: Path) -> None:
    """On SQLite the database is on it, on both engines the flight records."""
    said: list[str] = []
    plan = Plan(engine, kills=0, seed=21, people=400, workers=2, open_triggers=2)
    campaign = Campaign(plan, tmp_path, said.append, disk=small_disk)
    ballast = small_disk / "ballast"
    try:
        senders = campaign.actors[1:] or campaign.actors
        with campaign.under_load():
            wait_for(lambda: campaign.sent() > 100)
            fill(ballast)
            began = time.monotonic()
            lines = {actor.name: actor.log.read_bytes().count(b"\n") for actor in senders}
            before = {actor.name: (actor.pid, actor.cpu_seconds) for actor in senders}
            while time.monotonic() - began < FULL_SECONDS:
                campaign.until(time.monotonic() + 0.2)
                fill(ballast)  # also what was given free by whoever closed a file
            for actor in senders:
                pid, seconds = before[actor.name]
                assert actor.pid == pid, "it ended"
                assert (actor.cpu_seconds - seconds) / FULL_SECONDS < _BUSY, "it does not wait, it spins"
                text = actor.log.read_text("utf-8", "replace")
                assert "disk is full" in text or "No space left" in text, text[-2_000:]
                assert text.count("\n") - lines[actor.name] < _LINES, text[-4_000:]
            stopped_at = campaign.sent()
            campaign.until(time.monotonic() + 1.0)
            assert campaign.sent() == stopped_at, "what cannot be noted is not sent"
            ballast.unlink()
            wait_for(lambda: campaign.sent() > stopped_at + 100)
        found = campaign.finish()
        assert campaign.verdict(found), "\n".join(said)
        assert not any(actor.ended for actor in campaign.actors)
    finally:
        campaign.close()
    assert (found.lost, found.doubled, found.in_doubt, found.repeated) == (0, 0, 0, 0)
