# SPDX-License-Identifier: Apache-2.0
"""People named one by one, by id or e-mail: who is meant, and what is wrong with a line (contract §2.1, §2.3, §3.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from clarion.domain.entries import EntryValue
from clarion.domain.people import email_key
from clarion.domain.triggers import Flags
from clarion.pipeline.data_file import Entry as FileEntry
from clarion.store import people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.triggers import Entry, LineError

_EMPTY = b"{}"
_SHOWN = 150


class Line(NamedTuple):
    """One line of the caller: its number from 1, and an entry or the sentence why it is none."""

    no: int
    value: EntryValue | FileEntry | str


@dataclass(frozen=True, slots=True)
class Named:
    """Who a stretch of lines names. `malformed` and `missing` count the errors that no flag excuses."""

    entries: tuple[Entry, ...]
    errors: tuple[LineError, ...]
    malformed: int
    missing: int


def name_people(
    tx: Transaction, workspace: Workspace, lines: Sequence[Line], flags: Flags, *, first_entry: int
) -> Named:
    """Look the lines' people up; entries are numbered from `first_entry`.

    A line that names nobody is an error, excused by the `…_ignore_missing` flags; an e-mail that belongs to
    several people is one, unless `email_add_duplicates` adds them all. Every error is listed either way: a
    line is never dropped in silence.
    """
    by_id = people.numbers_by_id(tx, workspace, _ids(lines))
    by_email = people.numbers_by_email(tx, workspace, _emails(lines))
    found: list[tuple[int, int, str | None]] = []
    errors: list[LineError] = []
    malformed = missing = 0
    for no, value in lines:
        if isinstance(value, str):
            errors.append(LineError(no, value))
            malformed += 1
            continue
        data = None if value.data == _EMPTY else value.data.decode()
        own_id = value.id
        if own_id is not None:
            if own_id in by_id:
                found.append((no, by_id[own_id], data))
            else:
                errors.append(LineError(no, f'customer id "{own_id[:_SHOWN]}" not found'))
                missing += not flags.id_ignore_missing
            continue
        email = value.email or ""
        several = by_email.get(email_key(email), ())
        if len(several) > 1 and not flags.email_add_duplicates:
            errors.append(LineError(no, f'email "{email[:_SHOWN]}" matches more than one customer'))
            missing += 1
            continue
        if not several:
            errors.append(LineError(no, f'email "{email[:_SHOWN]}" not found'))
            missing += not flags.email_ignore_missing
        found += [(no, person_id, data) for person_id in several]
    entries = tuple(Entry(number, *one) for number, one in enumerate(found, start=first_entry))
    return Named(entries, tuple(errors), malformed, missing)


def _ids(lines: Iterable[Line]) -> list[str]:
    return [value.id for _, value in lines if not isinstance(value, str) and value.id is not None]


def _emails(lines: Iterable[Line]) -> list[str]:
    return [value.email for _, value in lines if not isinstance(value, str) and value.email is not None]
