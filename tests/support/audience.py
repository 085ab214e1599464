# SPDX-License-Identifier: Apache-2.0
"""A trigger with people who exist, so that lists and pages have somebody to show."""

from tests.store.ledgers import Played

from clarion.domain.people import Person
from clarion.store import numbers, people
from clarion.store.access import Workspace
from clarion.store.engine import Store


def person_id(workspace: Workspace, seq: int) -> int:
    """The number that `Played` gives to place `seq` of an audience."""
    return numbers.person_range(workspace.workspace_id)[0] + seq


def add_people(store: Store, workspace: Workspace, count: int) -> None:
    """The first people of an audience: id ``p1``, address ``p1@x.test`` and so on."""
    made = [
        Person(person_id(workspace, seq), f"p{seq}", f"p{seq}@x.test", {"name": f"P{seq}"}, {}, 0)
        for seq in range(1, count + 1)
    ]
    store.write(lambda tx: people.insert(tx, workspace, made))


def playing(store: Store, workspace: Workspace, *, size: int = 6, actions: int = 1) -> Played:
    """A trigger that is sending to the first `size` people."""
    return Played.sending(store, workspace, people=size, actions=actions)
