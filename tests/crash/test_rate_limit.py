# SPDX-License-Identifier: Apache-2.0
"""The rate limit of a provider over four processes, of which one is killed: as the mail server sees it."""

from pathlib import Path

import pytest

from .actors import wait_for
from .campaign import Campaign, Plan
from .timed_sink import times

pytestmark = [pytest.mark.crash, pytest.mark.postgres, pytest.mark.timeout(120)]

PER_SECOND = 500
PEOPLE = 2_500


def most_in_a_second(at_ns: list[int]) -> int:
    """In any second, whenever it begins."""
    most = first = 0
    for last, at in enumerate(at_ns):
        while at_ns[first] <= at - 1_000_000_000:
            first += 1
        most = max(most, last - first + 1)
    return most


def begin(campaign: Campaign) -> int:
    path = f"/v1/campaigns/{campaign.broadcasts[0]}/triggers"
    number = int(campaign.call("POST", path, {"data": {"word": "w"}})["id"])
    campaign.accepted.add(number)
    return number


def answers(campaign: Campaign) -> bool:
    try:
        return bool(campaign.call("GET", "/readyz"))
    except OSError:
        return False


def test_the_limit_of_a_provider_holds_over_all_processes_and_the_death_of_one(tmp_path: Path) -> None:
    plan = Plan(kills=0, seed=31, people=PEOPLE, workers=4, sink="tests.crash.timed_sink")
    campaign = Campaign(plan, tmp_path, environment={"CLARION_EMAIL_PER_SECOND": str(PER_SECOND)})
    sink = tmp_path / "sink"
    try:
        wait_for(lambda: answers(campaign))
        number = begin(campaign)
        wait_for(lambda: campaign.sent() > PER_SECOND)
        progress = campaign.call("GET", f"/api/clarion/v1/triggers/{number}/progress")["trigger"]
        assert [(held["what"], held["words"]) for held in progress["held_back"]] == [("limit", "email/smtp")]
        wait_for(lambda: campaign.sent() == PEOPLE)
        arrived = times(sink)
        assert most_in_a_second(arrived) <= PER_SECOND * 1.01
        assert PEOPLE / (arrived[-1] - arrived[0]) * 1e9 > PER_SECOND / 4, "it is a limit, not a standstill"

        begin(campaign)
        wait_for(lambda: campaign.sent() > PEOPLE + PER_SECOND)
        campaign.actors[1].kill()
        found = campaign.finish()  # which starts it again
        assert most_in_a_second(times(sink)) <= PER_SECOND * 1.01
        assert not found.faults
        assert (found.lost, found.doubled) == (0, 0)
        assert found.in_doubt <= plan.in_the_air
        assert found.messages >= 2 * PEOPLE - plan.in_the_air
    finally:
        campaign.close()
