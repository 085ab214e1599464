# SPDX-License-Identifier: Apache-2.0
"""Several operating-system processes on one PostgreSQL: one rate and one pause for all, and an end in good order."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from tests.support.postgres_cluster import free_port

from .actors import wait_for
from .campaign import Campaign, Plan

pytestmark = [pytest.mark.crash, pytest.mark.postgres, pytest.mark.timeout(120)]

RATE, SECONDS = 60, 6.0
DRAIN = 3.0  # `worker.drain_seconds`
Make = Callable[..., Campaign]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Campaigns without kills; the test itself calls."""
    made: list[Campaign] = []

    def campaign(workers: int, **environment: str) -> Campaign:
        plan = Plan(kills=0, seed=31, people=3_000, workers=workers, slow_ms=5.0, refused_permille=0)
        made.append(Campaign(plan, tmp_path, environment=environment))
        wait_for(lambda: _answers(made[-1]))
        return made[-1]

    yield campaign
    for one in made:
        one.close()


def _answers(campaign: Campaign) -> bool:
    try:
        return bool(campaign.call("GET", "/readyz"))
    except OSError:
        return False


def begin(campaign: Campaign, rate: int | None = None) -> int:
    """A trigger to everybody; with a rate it gets that before anything of it is sent."""
    number = int(
        campaign.call("POST", f"/v1/campaigns/{campaign.broadcasts[0]}/triggers", {"data": {"word": "w"}})["id"]
    )
    if rate is not None:
        body = {"rate": {"messages": rate, "per": "second"}}
        campaign.call("PUT", f"/api/clarion/v1/triggers/{number}/control", body)
    return number


def state(campaign: Campaign, number: int) -> dict[str, int]:
    found = campaign.call("GET", f"/api/clarion/v1/triggers/{number}")["trigger"]
    assert found["accounted"]
    return {name: n for name, n in found["states"].items() if n}


def holders(campaign: Campaign) -> set[str]:
    """The processes that hold a slice."""
    with psycopg.connect(campaign.url) as connection:
        rows = connection.execute("SELECT DISTINCT split_part(owner, '/', 2) FROM slice WHERE owner IS NOT NULL")
        return {str(row[0]) for row in rows}


def test_the_rate_of_a_trigger_holds_in_sum_and_a_pause_stops_all_processes(make: Make) -> None:
    campaign = make(2)
    workers = {str(actor.pid) for actor in campaign.actors[1:]}
    number = begin(campaign, RATE)
    wait_for(lambda: campaign.sent() > 0)
    campaign.until(time.monotonic() + 2.0)  # what was granted before the rate was set is gone by then
    first, began, worked = campaign.sent(), time.monotonic(), set[str]()
    # Which process gets a slice is a race; both do in time, and the sum holds however long that takes.
    while (passed := time.monotonic() - began) < SECONDS or (worked != workers and passed < 5 * SECONDS):
        worked |= holders(campaign)
        campaign.until(time.monotonic() + 0.02)
    passed = time.monotonic() - began
    sent = campaign.sent() - first
    assert worked == workers, "both were at it"
    assert RATE * (passed - 2) <= sent <= RATE * (passed + 2), f"{sent} in {passed:.1f} s"

    campaign.call("POST", f"/api/clarion/v1/triggers/{number}/pause")
    campaign.until(time.monotonic() + 1.0)
    reached = campaign.sent()
    campaign.until(time.monotonic() + 2.0)
    assert campaign.sent() == reached, "a second after the pause nobody sends"
    assert not holders(campaign)

    campaign.call("PUT", f"/api/clarion/v1/triggers/{number}/control", {"rate": None})
    campaign.call("POST", f"/api/clarion/v1/triggers/{number}/resume")
    wait_for(lambda: state(campaign, number) == {"sent": campaign.plan.people})
    assert campaign.sent() == campaign.plan.people


def drained(campaign: Campaign) -> None:
    """SIGTERM to a worker that keeps two processes: it ends in time, in order, and leaves nothing in hand."""
    (supervisor,) = campaign.actors[1:]
    began = time.monotonic()
    assert supervisor.stop(DRAIN + 5.0) == 0, supervisor.log.read_text("utf-8")[-2_000:]
    assert time.monotonic() - began < DRAIN + 4.0
    assert not holders(campaign)
    assert not list((campaign.data / "flights").glob("*.flight")), "every record is settled"
    assert "killed" not in supervisor.log.read_text("utf-8")


def test_sigterm_during_a_pause(make: Make) -> None:
    campaign = make(1, CLARION_WORKER_PROCESSES="2")
    number = begin(campaign, RATE)
    wait_for(lambda: campaign.sent() > RATE)
    campaign.call("POST", f"/api/clarion/v1/triggers/{number}/pause")
    drained(campaign)  # at once: the pause may not have been heard yet
    reached = state(campaign, number)
    assert set(reached) == {"queued", "sent"}
    assert reached["sent"] == campaign.sent()


def test_sigterm_while_everything_is_paused(make: Make) -> None:
    campaign = make(1, CLARION_WORKER_PROCESSES="2")
    number = begin(campaign)
    wait_for(lambda: campaign.sent() > 100)
    campaign.call("POST", f"/api/clarion/v1/triggers/{number}/pause")
    wait_for(lambda: not holders(campaign))
    drained(campaign)
    reached = state(campaign, number)
    assert reached["sent"] == campaign.sent()


def test_sigterm_while_the_provider_is_away(make: Make) -> None:
    campaign = make(1, CLARION_WORKER_PROCESSES="2", CLARION_SMTP_PORT=str(free_port()))
    number = begin(campaign)
    (supervisor,) = campaign.actors[1:]
    wait_for(lambda: supervisor.log.read_text("utf-8").count("provider.away") >= 2)
    drained(campaign)
    assert state(campaign, number) == {"queued": campaign.plan.people}
