# SPDX-License-Identifier: Apache-2.0
"""A worker is killed while it keeps drafts, and again while it sends them: nobody lost, nobody twice."""

from collections import Counter
from dataclasses import replace

import pytest

from clarion.domain.broadcasts import SendingState
from clarion.domain.deliveries import DeliveryKey, State
from clarion.pipeline.drafting import decide_all
from clarion.store import broadcasts, drafts
from clarion.store.drafts import Of
from clarion.store.engine import Transaction

from .conftest import PEOPLE, Site
from .test_killed_at_each_point import check_sums

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

FAR_MS = 2**60


def keep_as_drafts(site: Site) -> None:
    """From now on the broadcast's message is kept instead of sent."""

    def work(tx: Transaction) -> None:
        broadcast = broadcasts.get(tx, site.workspace, site.broadcast_id)
        assert broadcast is not None
        broadcasts.update_action(tx, replace(broadcast.actions[0], sending_state=SendingState.DRAFT))

    site.store.write(work)


def waiting(site: Site) -> list[DeliveryKey]:
    return [one.key for one in site.store.read(lambda tx: drafts.page(tx, site.workspace, most=10 * PEOPLE))]


def in_state(site: Site, trigger_id: int, state: State) -> list[DeliveryKey]:
    return sorted(key for key, found in site.accounts(trigger_id).items() if found is state)


@pytest.mark.parametrize(
    ("keeping", "sending", "doubted"),
    [
        ("send.composed:30", "send.composed:30", 0),
        ("record.before_commit:1", "send.answered:9", 0),  # drafts are stored, and not committed with their accounts
        ("record.before_commit:3", "send.handed_over:9", 1),
        ("record.after_commit:2", "record.before_commit:2", 0),
    ],
)
def test_drafts_are_kept_once_and_sent_once(site: Site, keeping: str, sending: str, doubted: int) -> None:
    keep_as_drafts(site)
    trigger_id = site.trigger({"data": {"word": "kept"}})

    site.killed_at(keeping)
    assert waiting(site) == in_state(site, trigger_id, State.DRAFTED), "neither is ever without the other"
    assert len(waiting(site)) < PEOPLE
    site.finish(trigger_id)

    assert check_sums(site, trigger_id) == {State.DRAFTED: PEOPLE}
    assert waiting(site) == sorted(site.accounts(trigger_id))
    assert site.captured().total() == 0

    of_trigger = Of(trigger_id=trigger_id)
    assert decide_all(site.store, site.workspace, of_trigger, send=True, until_ms=FAR_MS).done == PEOPLE
    site.killed_at(sending)
    assert waiting(site) == []
    site.finish(trigger_id)

    sent = Counter({State.SENT: PEOPLE - doubted, State.IN_DOUBT: doubted})
    assert check_sums(site, trigger_id) == +sent
    captured = site.captured()
    assert set(captured.values()) == {1}, "somebody was sent twice"
    assert set(in_state(site, trigger_id, State.SENT)) <= set(captured), "recorded but not sent"
    assert set(captured) | set(in_state(site, trigger_id, State.IN_DOUBT)) == set(site.accounts(trigger_id)), "lost"
