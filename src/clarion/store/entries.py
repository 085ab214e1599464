# SPDX-License-Identifier: Apache-2.0
"""People named one by one: stored as a trigger's entries, read back in their order when its audience is frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clarion.store.engine import Transaction
from clarion.store.slices import LedgerFault

UNSUBSCRIBED, WITHOUT_EMAIL, VANISHED, REPEATED = 1, 2, 4, 8


class Entry(NamedTuple):
    """A person named one by one: `entry` counts people, `line` the caller's lines; `data` is JSON text."""

    entry: int
    line: int
    person_id: int
    data: str | None


@dataclass(frozen=True, slots=True)
class Entries:
    """People named one by one as columns, numbered from `first` on: there may be millions."""

    first: int
    line: Sequence[int] = ()
    person_id: Sequence[int] = ()
    data: Sequence[bytes | None] = ()

    @classmethod
    def of(cls, rows: Sequence[Entry]) -> "Entries":
        """The same from rows that are numbered one after the other."""
        if not rows:
            return NOBODY
        data = [None if row.data is None else row.data.encode() for row in rows]
        return cls(rows[0].entry, [row.line for row in rows], [row.person_id for row in rows], data)

    def __len__(self) -> int:
        return len(self.line)

    def rows(self) -> tuple[Entry, ...]:
        """One by one."""
        data = [None if own is None else own.decode() for own in self.data]
        return tuple(map(Entry, range(self.first, self.first + len(self)), self.line, self.person_id, data))


NOBODY = Entries(1)


def add(tx: Transaction, trigger_id: int, entries: Entries) -> None:
    """Store people named one by one."""
    if entries:
        entry = range(entries.first, entries.first + len(entries))
        columns = {"entry": entry, "line": entries.line, "person_id": entries.person_id}
        tx.load("insert_entries", columns, entries.data, trigger_id=trigger_id)


def names_repeat(tx: Transaction, trigger_id: int) -> bool:
    """Whether anybody is named more than once."""
    return tx.one("repeated_name", trigger_id=trigger_id) is not None


def named_people(
    tx: Transaction, trigger_id: int, *, after: int, upto: int, repeats: bool
) -> tuple[list[int], dict[int, int]]:
    """person_ids of the entries after number `after` to `upto`, in order, and by place what is to be said of some now.

    That is a sum of the constants above. `repeats` as `names_repeat` answered: looking for the same name before each
    one costs more than all the rest.

    Raises:
        LedgerFault: not all of these entries are there.
    """
    query = "named_people" if repeats else "people_named_once"
    rows = tx.tuples(query, trigger_id=trigger_id, after=after, upto=upto)
    if len(rows) != upto - after:
        raise LedgerFault(f"entries of trigger {trigger_id} are missing between {after} and {upto}")
    return [row[1] for row in rows], {place: row[2] for place, row in enumerate(rows) if row[2]}
