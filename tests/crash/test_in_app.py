# SPDX-License-Identifier: Apache-2.0
"""A worker is killed while it keeps in-app messages: each is kept once, and what its app did meanwhile stays."""

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from clarion.domain.broadcasts import DoubtPolicy, EmailContent
from clarion.domain.channels import IN_APP
from clarion.domain.deliveries import DeliveryKey, State, key_of
from clarion.store import broadcasts, in_app
from clarion.store.engine import Transaction

from .conftest import PEOPLE, Site

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]


@pytest.fixture
def policy() -> DoubtPolicy:
    """Kept again it is the same message, so nobody need decide."""
    return DoubtPolicy.RESEND


def keep_instead(site: Site) -> None:
    """From now on the broadcast has an in-app message, and it is kept in the database."""
    site.environment["CLARION_IN_APP_PROVIDER"] = "in_app"

    def work(tx: Transaction) -> None:
        broadcast = broadcasts.get(tx, site.workspace, site.broadcast_id)
        assert broadcast is not None
        broadcasts.delete_action(tx, broadcast.actions[0])
        parts = {**IN_APP.new(), "title": "Hi", "body": "<p>{{ trigger.word }} for {{ customer.id }}</p>"}
        broadcasts.add_action(tx, broadcast, "note", EmailContent(parts_of="in_app", parts=parts))

    site.store.write(work)


def kept(tx: Transaction) -> list[tuple[str, int]]:
    """Whose messages there are, in the order in which they were kept."""
    rows = tx.composed("SELECT delivery_id, person_id FROM in_app_message ORDER BY created_ms, delivery_id", {})
    return [(str(row["delivery_id"]), int(row["person_id"])) for row in rows]


def close(tx: Transaction, messages: list[tuple[str, int]]) -> None:
    """What their readers do."""
    for delivery_id, person_id in messages:
        in_app.dismissed(tx, delivery_id, person_id)


@pytest.mark.parametrize(
    ("failpoint", "elsewhere"),
    [
        ("send.answered:1", False),  # some are kept, and but one of them is answered
        ("record.before_commit:2", True),  # all of a chunk's are answered, none is recorded, and the record is away
    ],
)
def test_each_is_kept_once(site: Site, tmp_path: Path, failpoint: str, elsewhere: bool) -> None:
    keep_instead(site)
    trigger_id = site.trigger({"data": {"word": "shared"}})
    site.killed_at(failpoint)
    early = site.store.read(kept)
    assert early
    site.store.write(partial(close, messages=early))
    site.finish(trigger_id, folder=tmp_path / "another machine" if elsewhere else None)

    accounts = site.accounts(trigger_id)
    assert Counter(accounts.values()) == {State.SENT: PEOPLE}
    found = site.store.read(kept)
    keys: set[DeliveryKey | None] = {key_of(delivery_id, site.secret) for delivery_id, _ in found}
    assert (keys, len(found), {person for _, person in found}) == (set(accounts), PEOPLE, set(site.people))
    waiting = site.store.read(lambda tx: {person for person in site.people if in_app.waiting(tx, person)})
    assert waiting == set(site.people) - {person for _, person in early}, "what was closed does not come back"
