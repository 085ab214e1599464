# SPDX-License-Identifier: Apache-2.0
"""The people that the calls of one transaction name: read together and locked, changed in memory, written together.

Reads whoever some identifiers name, under row locks taken in the order of their numbers, and which identifiers are
blocked: after the locks, so that a suppression that ran meanwhile is seen. Writes at `flush`. Somebody made by another
transaction in between meets the unique index, and the engine runs the whole transaction again.
"""

from collections.abc import Iterable
from typing import NamedTuple

from clarion.domain.people import IdKind, Person, Reference, email_key, person_id_of
from clarion.store import people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction


class _Name(NamedTuple):
    """An identifier as it is compared."""

    kind: IdKind
    value: str


def _name(reference: Reference) -> _Name:
    value = email_key(reference.value) if reference.kind is IdKind.EMAIL else reference.value
    return _Name(reference.kind, value)


class Roster:
    """Of one transaction and one workspace."""

    def __init__(self, tx: Transaction, workspace: Workspace) -> None:
        self._tx = tx
        self._workspace = workspace
        self._asked: set[_Name] = set()
        self._people: dict[int, Person] = {}
        self._by_id: dict[str, int] = {}
        self._by_email: dict[str, list[int]] = {}
        self._blocked: dict[_Name, bool] = {}
        self._new: dict[int, Person] = {}
        self._changed: dict[int, Person] = {}

    def read(self, references: Iterable[Reference]) -> None:
        """Read and lock whoever these name, and which of them are blocked."""
        wanted = {_name(reference) for reference in references} - self._asked
        if not wanted:
            return
        ids = [name.value for name in wanted if name.kind is IdKind.ID]
        emails = [name.value for name in wanted if name.kind is IdKind.EMAIL]
        numbers = [person_id_of(name.value) for name in wanted if name.kind is IdKind.CIO_ID]
        found = people.named(
            self._tx,
            self._workspace,
            ids=ids,
            emails=emails,
            numbers=[number for number in numbers if number is not None],
        )
        for person in found:
            if person.person_id not in self._people:
                self._place(person)
        blocked = people.blocked(self._tx, self._workspace, ids=ids, emails=emails) if ids or emails else set()
        self._blocked |= {name: (name.kind, name.value) in blocked for name in wanted}
        self._asked |= wanted

    def read_in_order(self, references: Iterable[Reference]) -> None:
        """The same for a batch, so that two batches over the same people do not wait for each other in a circle.

        There is no row to lock for those who are yet to be made, so the batches of a workspace that make people go
        one after the other; the batch before this one may have made some.
        """
        references = set(references)
        if not self._are_all_there(references):
            people.lock_newcomers(self._tx, self._workspace)
        self.read(references)

    def _are_all_there(self, references: set[Reference]) -> bool:
        for kind in (IdKind.ID, IdKind.EMAIL):
            values = {_name(one).value for one in references if one.kind is kind}
            if len(people.numbers_of(self._tx, self._workspace, kind, values)) < len(values):
                return False
        return True

    def _place(self, person: Person) -> None:
        before = self._people.get(person.person_id)
        if before is not None:
            if before.id is not None:
                self._by_id.pop(before.id, None)
            if before.email is not None:
                self._by_email[email_key(before.email)].remove(before.person_id)
        self._people[person.person_id] = person
        if person.id is not None:
            self._by_id[person.id] = person.person_id
        if person.email is not None:
            self._by_email.setdefault(email_key(person.email), []).append(person.person_id)

    def owners(self, reference: Reference) -> list[Person]:
        """Everybody whom a reference names, oldest first."""
        self.read([reference])
        kind, value = _name(reference)
        if kind is IdKind.EMAIL:
            return [self._people[number] for number in sorted(self._by_email.get(value, ()))]
        number = self._by_id.get(value) if kind is IdKind.ID else person_id_of(value)
        person = self._people.get(number) if number is not None else None
        return [person] if person is not None else []

    def held(self, reference: Reference) -> Person | None:
        """The person whom a reference names, locked until the transaction ends."""
        found = self.owners(reference)
        return found[0] if found else None

    def is_blocked(self, references: Iterable[Reference]) -> bool:
        """Whether one of these identifiers is suppressed."""
        references = list(references)
        self.read(references)
        return any(self._blocked[_name(one)] for one in references)

    def add(self, person: Person) -> None:
        """A new person."""
        self._place(person)
        self._new[person.person_id] = person

    def update(self, person: Person) -> None:
        """A changed one. Identifiers change at once: in which order they do decides whether they are free."""
        before = self._people[person.person_id]
        self._place(person)
        if person.person_id in self._new:
            self._new[person.person_id] = person
        elif (person.id, person.email) != (before.id, before.email):
            self._changed.pop(person.person_id, None)
            self.flush()
            people.update(self._tx, self._workspace, person)
        else:
            self._changed[person.person_id] = person

    def flush(self) -> None:
        """Write whatever is not written yet."""
        people.insert(self._tx, self._workspace, list(self._new.values()))
        people.update_many(self._tx, self._workspace, [self._changed[number] for number in sorted(self._changed)])
        self._new.clear()
        self._changed.clear()

    def forget(self) -> None:
        """What was read may not be so any more; everything was written before."""
        for known in (self._asked, self._people, self._by_id, self._by_email, self._blocked):
            known.clear()
