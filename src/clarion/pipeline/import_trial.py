# SPDX-License-Identifier: Apache-2.0
"""What an import would do, without doing it: whom it would add and change, which rows are wrong. Nothing changes."""

import csv
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from clarion.domain.errors import RequestError
from clarion.domain.operations import Event, Identify
from clarion.domain.people import IdKind, Person, email_key
from clarion.pipeline.csv_rows import BadFile, Lines, Reading, header, meaning, names, rows, sentence
from clarion.store import people
from clarion.store.access import Workspace
from clarion.store.engine import Transaction
from clarion.store.uploads import Upload, UploadedText

_LOOKED_UP = 20_000  # rows whose people are looked up; of the rest only mistakes are told
_AT_ONCE = 1_000
_TOLD = 200
_SECONDS = 10.0
_BETWEEN_LOOKS = 1_000  # rows between two looks at the clock
_SHOWN = 5
AboutPeople = Identify | Event


@dataclass(slots=True)
class Trial:
    """Counts of rows: `new` and `changed` people, `same` as they are, `left_out` by whom the import is for, `wrong`.

    `looked_up`: of how many rows the people were looked up; `errors`: the first wrong rows; `whole` False: the
    time was over before the last row.
    """

    rows: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    left_out: int = 0
    wrong: int = 0
    looked_up: int = 0
    whole: bool = True
    errors: list[tuple[int, str]] = field(default_factory=list)

    def fault(self, line: int, what: str) -> None:
        """A wrong row."""
        self.wrong += 1
        if len(self.errors) < _TOLD:
            self.errors.append((line, what))


@dataclass(frozen=True, slots=True)
class Preview:
    """The head of a file: its columns as they are named, what lies between fields, some rows, and how many there are;
    `counted` False: the time was over, and `rows` is an estimate."""

    columns: list[str]
    delimiter: str
    sample: list[list[str]]
    rows: int
    counted: bool


def preview(
    tx: Transaction, upload: Upload, *, seconds: float = _SECONDS, clock: Callable[[], float] = time.monotonic
) -> Preview:
    """What is in a file.

    Raises:
        BadFile: it is not CSV.
    """
    until = clock() + seconds
    lines = Lines(UploadedText(tx, upload.upload_id), 0)
    try:
        columns, delimiter = names(lines)
        if not any(columns):
            raise BadFile("the first line names the columns: it is empty")
        head = lines.position
        reader = (fields for fields in csv.reader(iter(lines), strict=True, delimiter=delimiter) if fields)
        sample = list(islice(reader, _SHOWN))
        count = len(sample)
        for count, _ in enumerate(reader, start=_SHOWN + 1):
            if count % _BETWEEN_LOOKS == 0 and clock() >= until:
                whole = max(count, round(count * (upload.size - head) / max(1, lines.position - head)))
                return Preview(columns, delimiter, sample, whole, counted=False)
        return Preview(columns, delimiter, sample, count, counted=True)
    except csv.Error as error:
        raise BadFile(f"line {lines.number} is not CSV: {error}") from None


def run(
    tx: Transaction,
    workspace: Workspace,
    upload_id: int,
    reading: Reading,
    *,
    seconds: float = _SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Trial:
    """Read a file that was sent, as the import would, as far as the time allows.

    Raises:
        BadFile: the import would fail as a whole.
    """
    until = clock() + seconds
    trial = Trial()
    lines = Lines(UploadedText(tx, upload_id), 0)
    head = header(lines, reading)
    added: set[str] = set()
    for some in _pieces(_good(lines, rows(lines, head), reading, trial), _AT_ONCE):
        if trial.looked_up < _LOOKED_UP:
            trial.looked_up += len(some)
            found = _found(tx, workspace, some)
            for one in some:
                _tell(trial, reading, one, found.get(_key(one)), added)
        if clock() >= until:
            trial.whole = False
            break
    return trial


def _good(
    lines: Lines, every_row: Iterator[dict[str, str] | None], reading: Reading, trial: Trial
) -> Iterator[AboutPeople]:
    for row in every_row:
        trial.rows += 1
        try:
            one = meaning(reading, row, lines.number)
        except RequestError as error:
            trial.fault(lines.number, sentence(error))
        else:
            if isinstance(one, Identify | Event):
                yield one


def _pieces(every: Iterable[AboutPeople], size: int) -> Iterator[list[AboutPeople]]:
    source = iter(every)
    while some := list(islice(source, size)):
        yield some


def _key(one: AboutPeople) -> str:
    value = one.reference.value
    return email_key(value) if one.reference.kind is IdKind.EMAIL else value


def _found(tx: Transaction, workspace: Workspace, some: Sequence[AboutPeople]) -> dict[str, Person]:
    """Who of these is there, under the key of their row."""
    values = [one.reference.value for one in some]
    if some[0].reference.kind is IdKind.EMAIL:
        numbers = {key: found[0] for key, found in people.numbers_by_email(tx, workspace, values).items()}
    else:
        numbers = people.numbers_by_id(tx, workspace, values)
    known = {one.person_id: one for one in people.by_numbers(tx, workspace, numbers.values())}
    return {key: known[number] for key, number in numbers.items() if number in known}


def _tell(trial: Trial, reading: Reading, one: AboutPeople, person: Person | None, added: set[str]) -> None:
    key = _key(one)
    there = person is not None or key in added
    if (reading.who == "only_new" and there) or (reading.who == "only_existing" and not there):
        trial.left_out += 1
    elif not there:
        trial.new += 1
        added.add(key)
    elif person is None or not isinstance(one, Identify) or _changes(one, person):
        trial.changed += 1
    else:
        trial.same += 1


def _changes(one: Identify, person: Person) -> bool:
    told: dict[str, Any] = {"id": one.id, "email": one.email}
    differs = any(value is not None and value != getattr(person, name) for name, value in told.items())
    return differs or any(person.attributes.get(name) != value for name, value in one.attributes.items())
