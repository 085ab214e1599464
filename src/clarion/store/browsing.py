# SPDX-License-Identifier: Apache-2.0
"""Looking at people rather than sending to them: pages, searches while typing, samples. All bounded."""

import random
from collections.abc import Iterator

from clarion.domain.people import Person, email_key
from clarion.store import numbers, people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_BEYOND = "\U0010ffff"  # after any letter an address may go on with


def beginning_with_id(
    tx: Transaction, workspace: Workspace, prefix: str, reached: str, most: int
) -> list[tuple[str, Person]]:
    """People whose id begins so, by id, behind one; with the place of each."""
    rows = tx.all(
        "people_by_id_prefix",
        workspace_id=workspace.workspace_id,
        prefix=prefix,
        reached=reached,
        beyond=prefix + _BEYOND,
        most=most,
    )
    return [(str(row["id"]), people.of_row(row)) for row in rows]


def beginning_with_email(
    tx: Transaction, workspace: Workspace, prefix: str, reached: tuple[str, int], most: int
) -> list[tuple[tuple[str, int], Person]]:
    """People whose address begins so, by address, behind one (address and number); with the place of each."""
    key, number = reached
    rows = tx.all(
        "people_by_email_prefix",
        workspace_id=workspace.workspace_id,
        reached=max(key, prefix),
        after=number,
        beyond=prefix + _BEYOND,
        most=most,
    )
    found = [people.of_row(row) for row in rows]
    return [((email_key(person.email or ""), person.person_id), person) for person in found]


def sample(
    tx: Transaction, workspace: Workspace, dice: random.Random, *, places: int, at_each: int
) -> Iterator[list[Person]]:
    """Groups of neighbours from random places among the workspace's people, each person at most once."""
    lowest, _ = numbers.person_range(workspace.workspace_id)
    last = people.last_person(tx, workspace)
    if last < lowest:
        return
    seen: set[int] = set()
    for place in range(places):
        after = lowest - 1 if place == 0 and last - lowest < at_each else dice.randint(lowest - 1, last - 1)
        rows = tx.all("people_after", after=after, until=last, most=at_each)
        group = [person for row in rows if (person := people.of_row(row)).person_id not in seen]
        seen.update(person.person_id for person in group)
        if group:
            yield group


def stretch(tx: Transaction, *, after: int, until: int) -> list[Person]:
    """Everybody with `after` < person_id <= `until`."""
    return [people.of_row(row) for row in tx.all("people_after", after=after, until=until, most=until - after)]


def numbers_between(tx: Transaction, *, after: int, until: int, most: int) -> list[int]:
    """The numbers of the first `most` of them, ascending."""
    return [int(number) for (number,) in tx.tuples("numbers_between", after=after, until=until, most=most)]
