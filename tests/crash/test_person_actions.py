# SPDX-License-Identifier: Apache-2.0
"""A worker is killed while it performs actions on people: each is performed exactly once, and nobody decides."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from clarion.domain.broadcasts import EmailContent
from clarion.domain.deliveries import State
from clarion.pipeline import membership
from clarion.store import broadcasts, people, segments
from clarion.store.engine import Transaction

from .conftest import PEOPLE, Site

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

_TEXTS = {
    "attribute_update": {"attributes": '{"plan": {{ trigger.word }}}', "whom": "self", "identifier": ""},
    "create_event": {"event_name": "offered", "event_data": ""},
}


def perform_instead(site: Site) -> int:
    """From now on the broadcast changes people, and puts them into a segment: which."""

    def work(tx: Transaction) -> int:
        broadcast = broadcasts.get(tx, site.workspace, site.broadcast_id)
        assert broadcast is not None
        broadcasts.delete_action(tx, broadcast.actions[0])
        bare = replace(broadcast, actions=())
        segment_id = segments.create(tx, site.workspace, "Offered", "").segment_id
        texts = {**_TEXTS, "static_seg_update": {"segment_id": str(segment_id), "change": "add"}}
        for kind, parts in texts.items():
            content = EmailContent(parts_of=kind, parts=parts)
            broadcasts.add_action(tx, bare, kind, content, send_to_unsubscribed=True)
        return segment_id

    return site.store.write(work)


def plans(tx: Transaction, site: Site) -> dict[int, str]:
    """Who has which plan by now."""
    rows = tx.composed("SELECT person_id FROM person", {})
    found = people.by_numbers(tx, site.workspace, [int(row["person_id"]) for row in rows])
    return {one.person_id: one.attributes["plan"] for one in found if "plan" in one.attributes}


def meanwhile(tx: Transaction, site: Site, segment_id: int) -> set[int]:
    """What an app writes, and what somebody does by hand, to everybody who was changed already: who that is."""
    early = sorted(plans(tx, site))
    for one in people.by_numbers(tx, site.workspace, early):
        people.update(tx, site.workspace, replace(one, attributes={**one.attributes, "plan": "newer"}))
    inside = [one.person_id for one in segments.members(tx, segment_id, 0, PEOPLE)]
    membership.change(tx, site.workspace, segment_id, sorted({*early} & {*inside}), add=False)
    return {*early} & {*inside}


@pytest.mark.parametrize(
    ("failpoint", "elsewhere"),
    [
        ("send.answered:1", False),  # one action's are committed, and but one of them is answered
        ("record.before_commit:2", False),  # all of a chunk's are answered, and none is recorded
        ("record.before_commit:2", True),  # and the flight record is not to be had
    ],
)
def test_each_is_performed_once(site: Site, tmp_path: Path, failpoint: str, elsewhere: bool) -> None:
    segment_id = perform_instead(site)
    trigger_id = site.trigger({"data": {"word": "pro"}})
    site.killed_at(failpoint)
    early = site.store.write(lambda tx: meanwhile(tx, site, segment_id))
    assert early or failpoint == "send.answered:1"
    site.finish(trigger_id, folder=tmp_path / "another machine" if elsewhere else None)

    assert Counter(site.accounts(trigger_id).values()) == {State.SENT: 3 * PEOPLE}
    rows = site.store.read(lambda tx: tx.composed("SELECT person_id, name FROM person_event", {}))
    assert [str(row["name"]) for row in rows] == ["offered"] * PEOPLE
    assert len({row["person_id"] for row in rows}) == PEOPLE
    told = "SELECT person_id FROM activity WHERE kind = 'attribute_change'"
    changed = [int(row["person_id"]) for row in site.store.read(lambda tx: tx.composed(told, {}))]
    assert len(set(changed)) == len(changed) == PEOPLE, "each once"
    found = site.store.read(lambda tx: plans(tx, site))
    assert {person for person, plan in found.items() if plan == "newer"} >= early, "nothing newer is overwritten"
    inside = {one.person_id for one in site.store.read(lambda tx: segments.members(tx, segment_id, 0, 2 * PEOPLE))}
    assert inside == set(found) - early, "who was taken out meanwhile is not put in again"
