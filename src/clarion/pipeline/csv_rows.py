# SPDX-License-Identifier: Apache-2.0
"""A CSV file of people, events, objects or relationships: lines, columns, what each row asks for (contract §7.11)."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

import msgspec

from clarion.domain.errors import RequestError
from clarion.domain.objects import ChangeObject, ObjectName, Relate, Relation
from clarion.domain.operations import Event, Identify
from clarion.domain.people import MAX_ID_BYTES, IdKind, Reference, check_attributes, looks_like_email, person_id_of
from clarion.pipeline.csv_values import ColumnType, value_of

DELIMITERS = (",", ";", "\t")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_QUOTED = re.compile(r'"[^"]*"?')
Imported = Identify | Event | Relate | ChangeObject
_LONGEST_LINE = 1_000_000
_MAX_EVENT_NAME_BYTES = 100
_LATEST = 253_402_300_799
_ABOUT_OBJECTS = ("object", "relationship")
_NEEDED = {"event": ("name",), "relationship": ("object_id",)}


class BadFile(Exception):
    """The file as a whole cannot be read as what it should be; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read. `columns`: other names for some of its columns, None leaves one out; the rest is named as
    in the file. `object_type_id`: of all objects; None where rows name their own. `types` of attributes that are no
    texts."""

    kind: str
    identifier: str
    who: str
    columns: Mapping[str, str | None] = field(default_factory=dict)
    import_id: int = 0
    object_type_id: str | None = None
    types: Mapping[str, ColumnType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line says: the attribute that each column is, None for one that is left out; what lies between
    fields."""

    columns: list[str | None]
    delimiter: str


class Source(Protocol):
    """Where lines come from: a file, or something like it."""

    def readline(self, most: int, /) -> bytes:
        """The next line with its end, at most so many bytes of it; empty at the end."""


class Lines:
    """Lines of a file as text, with the byte and the number behind the last one."""

    def __init__(self, file: Source, position: int, number: int = 0) -> None:
        self._file = file
        self.position = position
        self.number = number

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(_LONGEST_LINE + 1):
            if len(line) > _LONGEST_LINE:
                raise BadFile(f"line {self.number + 1} is longer than {_LONGEST_LINE} bytes")
            bare = line.removeprefix(b"\xef\xbb\xbf") if self.position == 0 else line
            self.position += len(line)
            self.number += 1
            try:
                yield bare.decode()
            except UnicodeDecodeError:
                utf_16 = self.number == 1 and line.startswith(_UTF_16)
                hint = ": the file is UTF-16, save it as UTF-8" if utf_16 else ""
                raise BadFile(f"line {self.number} is not UTF-8{hint}") from None


def delimiter_of(first: str) -> str:
    """What lies between the fields of a first line: the comma, the semicolon or the tab, whichever it has most of
    outside quotes."""
    bare = _QUOTED.sub("", first)
    return max(DELIMITERS, key=bare.count)


def names(lines: Lines) -> tuple[list[str], str]:
    """The columns as the first line names them, and what lies between them; no columns for an empty file."""
    every = iter(lines)
    first = next(every, "")
    delimiter = delimiter_of(first)
    reader = csv.reader(chain([first], every), strict=True, delimiter=delimiter)
    return [name.strip() for name in next(reader, [])], delimiter


def header(lines: Lines, reading: Reading) -> Header:
    """What the first line says.

    Raises:
        BadFile: it lacks a column that is needed, or names one twice.
    """
    try:
        named, delimiter = names(lines)
    except csv.Error as error:
        raise BadFile(f"the first line is not CSV: {error}") from None
    columns = [reading.columns.get(name, name) for name in named]
    needed = list(_NEEDED.get(reading.kind, ()))
    if reading.kind == "object":
        needed.append("object_id" if "object_id" in columns else "id")
    else:
        needed.append(reading.identifier)
    if reading.kind in _ABOUT_OBJECTS and reading.object_type_id is None:
        needed.append("object_type_id")
    for name in needed:
        if name not in columns:
            raise BadFile(f"the first line names the columns: {name!r} is missing")
    taken = [name for name in columns if name is not None]
    if len(set(named)) < len(named) or len(set(taken)) < len(taken):
        raise BadFile("the first line names a column twice")
    return Header(columns, delimiter)


def rows(lines: Lines, head: Header) -> Iterator[dict[str, str] | None]:
    """Each row by column; None for one with another number of fields. Empty lines are passed over."""
    try:
        for fields in csv.reader(iter(lines), strict=True, delimiter=head.delimiter):
            if fields:
                yield _named(head.columns, fields) if len(fields) == len(head.columns) else None
    except csv.Error as error:
        raise BadFile(f"line {lines.number} is not CSV: {error}") from None


def _named(columns: list[str | None], fields: list[str]) -> dict[str, str]:
    return {name: value for name, value in zip(columns, fields, strict=True) if name is not None}


def _reference(reading: Reading, row: dict[str, str]) -> Reference:
    value = row[reading.identifier].strip()
    if not value:
        raise RequestError("is empty", f"/{reading.identifier}")
    kind = IdKind(reading.identifier)
    if kind is IdKind.EMAIL and not looks_like_email(value):
        raise RequestError("is not an e-mail address", "/email")
    if kind is IdKind.CIO_ID:
        value = value.removeprefix("cio_")
        if person_id_of(value) is None:
            raise RequestError("is not a cio_id", "/cio_id")
    if len(value.encode()) > MAX_ID_BYTES:
        raise RequestError(f"is longer than {MAX_ID_BYTES} bytes", f"/{reading.identifier}")
    return Reference(kind, value)


def _checked(row: dict[str, str]) -> None:
    for name, value in row.items():
        if "\0" in value:
            raise RequestError("contains a NUL character", f"/{name}")


def _person(reading: Reading, row: dict[str, str], line: int) -> Imported:  # noqa: ARG001 - as for events
    _checked(row)
    reference = _reference(reading, row)
    attributes = _typed(reading, row, ("id", "email", "cio_id"))
    check_attributes(attributes)
    other = {name: row[name].strip() for name in ("id", "email") if name != reading.identifier and row.get(name)}
    if "email" in other and not looks_like_email(other["email"]):
        raise RequestError("is not an e-mail address", "/email")
    return Identify(
        reference,
        attributes,
        id=other.get("id"),
        email=other.get("email"),
        update_only=reading.who == "only_existing",
    )


def _typed(reading: Reading, row: dict[str, str], besides: tuple[str, ...]) -> dict[str, Any]:
    """Fields that are not empty, as the types of their columns."""
    return {
        name: value_of(value, reading.types[name], name) if name in reading.types else value
        for name, value in row.items()
        if name not in besides and value != ""
    }


def _event(reading: Reading, row: dict[str, str], line: int) -> Imported:
    _checked(row)
    name = row["name"].strip()
    if not name or len(name.encode()) > _MAX_EVENT_NAME_BYTES:
        raise RequestError(f"must be a text of 1 to {_MAX_EVENT_NAME_BYTES} bytes", "/name")
    at = row.get("timestamp", "").strip()
    if at and not (at.isascii() and at.isdigit() and int(at) <= _LATEST):
        raise RequestError("must be Unix seconds", "/timestamp")
    data = _typed(reading, row, ("id", "email", "cio_id", "name", "timestamp", "data"))
    if row.get("data", "").strip():
        data |= _data(row["data"])
    event_id = f"import-{reading.import_id}-{line}"
    return Event(_reference(reading, row), "event", name, data, event_id=event_id, at=int(at) if at else None)


def _object(reading: Reading, row: dict[str, str], line: int) -> Imported:  # noqa: ARG001 - as for events
    _checked(row)
    column = "object_id" if "object_id" in row else "id"
    name = ObjectName(_type_of(reading, row), _told(row[column], column))
    return ChangeObject(name, _attributes(row, ("object_type_id", column)))


def _relationship(reading: Reading, row: dict[str, str], line: int) -> Imported:  # noqa: ARG001 - as for events
    _checked(row)
    name = ObjectName(_type_of(reading, row), _told(row["object_id"], "object_id"))
    attributes = _attributes(row, ("id", "email", "cio_id", "object_id", "object_type_id"))
    return Relate(_reference(reading, row), (Relation(name, attributes),), add=True)


def _type_of(reading: Reading, row: dict[str, str]) -> str:
    if reading.object_type_id is not None:
        return reading.object_type_id
    return _told(row["object_type_id"], "object_type_id")


def _told(value: str, column: str) -> str:
    told = value.strip()
    if not told or len(told.encode()) > MAX_ID_BYTES:
        raise RequestError(f"must have 1 to {MAX_ID_BYTES} bytes", f"/{column}")
    return told


def _attributes(row: dict[str, str], besides: tuple[str, ...]) -> dict[str, Any]:
    attributes: dict[str, Any] = {key: value for key, value in row.items() if key not in besides and value != ""}
    check_attributes(attributes)
    return attributes


def _data(text: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RequestError("must be a JSON object", "/data")
    return value


_READERS: dict[str, Callable[[Reading, dict[str, str], int], Imported]] = {
    "people": _person,
    "event": _event,
    "object": _object,
    "relationship": _relationship,
}


def meaning(reading: Reading, row: dict[str, str] | None, line: int) -> Imported:
    """What a row asks for.

    Raises:
        RequestError: it is wrong.
    """
    if row is None:
        raise RequestError("the row does not have as many fields as the header")
    return _READERS[reading.kind](reading, row, line)


def sentence(error: RequestError) -> str:
    """What is wrong with a row, for people."""
    problem = error.problems[0]
    field = problem.pointer.strip("/").replace("/", ".")
    return f"{field}: {problem.detail}" if field else problem.detail
