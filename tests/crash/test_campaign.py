# SPDX-License-Identifier: Apache-2.0
"""A small campaign of random kills on each engine, and whether its judge would notice a broken promise."""

from collections import Counter
from pathlib import Path

import pytest

from clarion.domain.deliveries import State, public_id

from .campaign import Campaign, Plan
from .conftest import Site
from .judge import judge

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(
            Plan(kills=15, seed=11, people=240, pause=0.8, workers=2), marks=pytest.mark.postgres, id="postgres"
        ),
        pytest.param(
            Plan(kills=8, seed=13, people=240, pause=0.8, workers=2, provider="postmark"),
            marks=pytest.mark.postgres,
            id="postgres through Postmark",
        ),
        pytest.param(
            Plan(kills=8, seed=14, people=240, pause=0.8, workers=2, provider="webhook"),
            marks=pytest.mark.postgres,
            id="postgres, webhooks",
        ),
        pytest.param(Plan("sqlite", kills=4, seed=12, people=240, pause=2.5, open_triggers=2), id="sqlite"),
    ],
)
def test_random_kills_lose_nobody_and_repeat_nothing(plan: Plan, tmp_path: Path) -> None:
    said: list[str] = []
    campaign = Campaign(plan, tmp_path, said.append)
    try:
        found = campaign.run()
        assert campaign.verdict(found), "\n".join(said)
    finally:
        campaign.close()

    assert campaign.struck.total() == plan.kills
    assert campaign.accepted
    assert found.messages >= plan.people
    assert (found.lost, found.doubled) == (0, 0)


def test_the_judge_sees_what_is_lost_doubled_or_invented(site: Site) -> None:
    trigger_id = site.trigger({"data": {"word": "judged"}})
    site.finish(trigger_id)
    keys = sorted(site.accounts(trigger_id))
    honest = Counter(public_id(key, site.secret) for key in keys)
    assert set(site.accounts(trigger_id).values()) == {State.SENT}

    def judged(sink: Counter[str], *accepted: int) -> tuple[int, int, int]:
        found = judge(site.store, [site.broadcast_id], [trigger_id, *accepted], sink)
        return found.lost, found.doubled, len(found.faults)

    first = public_id(keys[0], site.secret)
    assert judged(honest) == (0, 0, 0)
    assert judged(honest - Counter([first])) == (1, 0, 1)
    assert judged(honest + Counter([first])) == (0, 1, 1)
    assert judged(honest + Counter(["invented"])) == (0, 0, 1)
    assert judged(honest, trigger_id + 1) == (1, 0, 1)
