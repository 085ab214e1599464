# SPDX-License-Identifier: Apache-2.0
"""People named one by one, by id or e-mail: who is meant, and what is wrong with a line (contract §2.1, §2.3, §3.3)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clarion.domain.entries import EntryValue
from clarion.domain.people import email_key
from clarion.domain.triggers import Flags
from clarion.pipeline.data_file import Entry as FileEntry
from clarion.store import people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.entries import Entries
from clarion.store.triggers import LineError

_EMPTY = b"{}"
_SHOWN = 150
_NO_ID = 'customer id "{}" not found'
_NO_EMAIL = 'email "{}" not found'
_SHARED_EMAIL = 'email "{}" matches more than one customer'


Line = tuple[int, EntryValue | FileEntry | str]
"""One line of the caller: its number from 1, and an entry or the sentence why it is none."""


@dataclass(frozen=True, slots=True)
class Named:
    """Who a stretch of lines names. `malformed` and `missing` count the errors that no flag excuses."""

    entries: Entries
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
    line: list[int] = []
    named: list[int] = []
    own_data: list[bytes | None] = []
    errors: list[LineError] = []
    malformed = missing = 0
    for no, value in lines:
        if isinstance(value, str):
            errors.append(LineError(no, value))
            malformed += 1
            continue
        several: Sequence[int]
        if value.id is not None:
            number = by_id.get(value.id)
            several = () if number is None else (number,)
            excused, words = flags.id_ignore_missing, _NO_ID
        else:
            several = by_email.get(email_key(value.email or ""), ())
            excused, words = flags.email_ignore_missing, _NO_EMAIL
            if len(several) > 1 and not flags.email_add_duplicates:
                several, excused, words = (), False, _SHARED_EMAIL
        if not several:
            errors.append(LineError(no, words.format((value.id or value.email or "")[:_SHOWN])))
            missing += not excused
        data = None if value.data == _EMPTY else value.data
        for person_id in several:
            line.append(no)
            named.append(person_id)
            own_data.append(data)
    return Named(Entries(first_entry, line, named, own_data), tuple(errors), malformed, missing)


def _ids(lines: Iterable[Line]) -> list[str]:
    return [value.id for _, value in lines if not isinstance(value, str) and value.id is not None]


def _emails(lines: Iterable[Line]) -> list[str]:
    return [value.email for _, value in lines if not isinstance(value, str) and value.email is not None]
