# SPDX-License-Identifier: Apache-2.0
"""What deciding about a few people costs: it does not depend on a segment's size, nor on what statistics know of it."""

from functools import partial

import psycopg
import pytest

from clarion.domain.people import Person
from clarion.domain.segment_rules import MessageMetric
from clarion.store import people, segment_rules, segments
from clarion.store.access import Workspace
from clarion.store.engine import Store
from clarion.store.numbers import PersonNumbers
from clarion.store.people import encode
from clarion.store.postgres import PostgresStore
from clarion.store.segment_rules import Due

from .costs import cost

PEOPLE, FEW = 20_000, 10
FAR = 2**50


@pytest.fixture
def large(store: Store, workspace: Workspace) -> tuple[int, list[int]]:
    """A segment with everybody in it, all of whom are due, made behind the planner's back; and its people."""
    numbers = PersonNumbers(store).take(workspace.workspace_id, PEOPLE)
    crowd = [Person(number, f"p{no}", None, {}, {}, 0) for no, number in enumerate(numbers)]
    store.write(partial(people.insert, workspace=workspace, people=crowd))
    known = store.write(lambda tx: segments.create(tx, workspace, "Known", "")).segment_id
    watched = "INSERT INTO watched_message (broadcast_id, person_id, metric, action_id, at_ms) "
    rows = f"{watched} SELECT %d, person_id, '{MessageMetric.SENT}', 1, 1 FROM person;\n"
    store.write(lambda tx: segments.add(tx, known, numbers))
    store.write(lambda tx: segment_rules.note_due(tx, (Due(number, known, FAR) for number in numbers)))
    store.script(rows % 1)
    if isinstance(store, PostgresStore):
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE segment_member, segment_due, watched_message, person")
    unknown = store.write(lambda tx: segments.create(tx, workspace, "Unknown", "")).segment_id
    store.write(lambda tx: segments.add(tx, unknown, numbers))
    store.write(lambda tx: segment_rules.note_due(tx, (Due(number, unknown, 1) for number in numbers)))
    store.script(rows % 2)
    return unknown, list(numbers)


def test_a_few_people_cost_what_they_are(store: Store, large: tuple[int, list[int]]) -> None:
    segment_id, numbers = large
    few = encode(numbers[5_000 : 5_000 + FEW])
    looks: dict[str, dict[str, str | int]] = {
        "memberships_among": {"segment_ids": encode([segment_id]), "person_ids": few},
        "remove_members": {"segment_id": segment_id, "person_ids": few},
        "messages_of_people": {"broadcast_ids": "[2]", "person_ids": few},
        "take_segment_due": {"person_ids": few},
    }
    found = {name: cost(store, name, parameters) for name, parameters in looks.items()}
    limit = FEW * (15 if store.engine == "postgres" else 100)  # pages: two of an index's levels, one of the table …
    assert max(found.values()) < limit, found
    assert min(found.values()) > 0, found
