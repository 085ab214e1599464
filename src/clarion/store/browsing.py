# SPDX-License-Identifier: Apache-2.0
"""Looking at people rather than sending to them: pages, searches while typing, samples. All bounded, all by index."""

import random
from collections.abc import Iterator

from clarion.domain.people import IdKind, Person, Reference, person_id_of
from clarion.store import numbers, people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction

_BEYOND = "\U0010ffff"  # after any letter an address may go on with
_NONE_BEFORE = 2**62


def newest(tx: Transaction, workspace: Workspace, *, before: int | None = None, most: int = 50) -> list[Person]:
    """A page of people, newest first, before one of them by number."""
    lowest, highest = numbers.person_range(workspace.workspace_id)
    rows = tx.all("people_before", before=min(before or _NONE_BEFORE, highest + 1), lowest=lowest, most=most)
    return [people.of_row(row) for row in rows]


def search(tx: Transaction, workspace: Workspace, text: str, most: int = 20) -> list[Person]:
    """Whose id or cio_id it is, then whose address begins so."""
    text = text.strip()
    if not text or "\0" in text:
        return []
    found: dict[int, Person] = {}
    references = [Reference(IdKind.ID, text)]
    if person_id_of(text) is not None:
        references.append(Reference(IdKind.CIO_ID, text))
    for reference in references:
        for person in people.find(tx, workspace, reference):
            found[person.person_id] = person
    prefix = text.casefold()
    rows = tx.all(
        "people_by_email_prefix",
        workspace_id=workspace.workspace_id,
        prefix=prefix,
        beyond=prefix + _BEYOND,
        most=most,
    )
    for row in rows:
        person = people.of_row(row)
        found.setdefault(person.person_id, person)
    return list(found.values())[:most]


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
