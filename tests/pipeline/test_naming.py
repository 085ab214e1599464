# SPDX-License-Identifier: Apache-2.0
"""Lines and the people they name: who is meant, what is wrong, and what the flags excuse."""

from pathlib import Path

import pytest

from clarion.domain.entries import EntryValue
from clarion.domain.triggers import Flags
from clarion.pipeline.naming import Named, name_people
from clarion.store import access
from clarion.store.engine import Store
from clarion.store.entries import Entry
from clarion.store.triggers import LineError

from .stage import Stage

EXCUSED = Flags(email_ignore_missing=True, id_ignore_missing=True)


@pytest.fixture
def shared(store: Store, tmp_path: Path) -> Stage:
    """A workspace where several people may have the same address."""
    made = store.write(lambda tx: access.create_workspace(tx, "Legacy", "id", access.random_keys()))
    return Stage(store, made, tmp_path)


def by_id(value: str, data: bytes = b"{}") -> EntryValue:
    return EntryValue(value, None, data)


def by_email(value: str, data: bytes = b"{}") -> EntryValue:
    return EntryValue(None, value, data)


def name(stage: Stage, *values: EntryValue | str, flags: Flags | None = None, first: int = 1, line: int = 1) -> Named:
    lines = list(enumerate(values, start=line))
    return stage.store.read(lambda tx: name_people(tx, stage.workspace, lines, flags or Flags(), first_entry=first))


def test_by_id_and_by_address(stage: Stage) -> None:
    wiley, road = stage.person("Wiley", "Wíley@X.test"), stage.person("road", None)
    named = name(stage, by_email("wÍLEY@x.TEST", b'{"a":1}'), by_id("road"), by_id("Wiley"), first=41, line=7)
    assert named.entries.rows() == (Entry(41, 7, wiley, '{"a":1}'), Entry(42, 8, road, None), Entry(43, 9, wiley, None))
    assert (named.errors, named.malformed, named.missing) == ((), 0, 0)


def test_case_counts_in_ids_and_one_kind_is_not_the_other(stage: Stage) -> None:
    stage.person("Wiley", "road@x.test")
    named = name(stage, by_id("wiley"), by_id("road@x.test"), by_email("Wiley"), by_id(" Wiley"))
    assert named.entries.rows() == ()
    assert [error.text for error in named.errors] == [
        'customer id "wiley" not found',
        'customer id "road@x.test" not found',
        'email "Wiley" not found',
        'customer id " Wiley" not found',
    ]


def test_nobody_is_found_in_another_workspace(stage: Stage, shared: Stage) -> None:
    stage.person("wiley")
    assert name(shared, by_id("wiley"), by_email("wiley@x.test")).missing == 2


@pytest.mark.parametrize(
    ("flags", "missing"),
    [
        (Flags(), 2),
        (Flags(id_ignore_missing=True), 1),
        (Flags(email_ignore_missing=True), 1),
        (Flags(email_add_duplicates=True), 2),
        (EXCUSED, 0),
    ],
)
def test_missing_people_are_listed_and_excused_by_their_own_flag(stage: Stage, flags: Flags, missing: int) -> None:
    stage.person("wiley")
    named = name(stage, by_id("a"), by_email("b@x.test"), by_id("wiley"), "invalid json", flags=flags)
    assert named.errors == (
        LineError(1, 'customer id "a" not found'),
        LineError(2, 'email "b@x.test" not found'),
        LineError(4, "invalid json"),
    )
    assert (named.missing, named.malformed) == (missing, 1)
    assert [entry.line for entry in named.entries.rows()] == [3]


def test_an_address_of_several(shared: Stage) -> None:
    people = [shared.person(str(n), "road@x.test") for n in range(3)]
    alone = shared.person("alone")
    lines = (by_email("ROAD@x.test", b'{"n":1}'), by_id("alone"))
    for flags in (Flags(), EXCUSED):
        named = name(shared, *lines, flags=flags)
        assert named.errors == (LineError(1, 'email "ROAD@x.test" matches more than one customer'),)
        assert (named.missing, [entry.person_id for entry in named.entries.rows()]) == (1, [alone])
    named = name(shared, *lines, flags=Flags(email_add_duplicates=True))
    assert (named.errors, named.missing) == ((), 0)
    assert sorted(entry.person_id for entry in named.entries.rows()[:3]) == people
    assert [(entry.entry, entry.line) for entry in named.entries.rows()] == [(1, 1), (2, 1), (3, 1), (4, 2)]
    assert [entry.data for entry in named.entries.rows()] == ['{"n":1}'] * 3 + [None]


@pytest.mark.parametrize("value", ["x" * 5_000, '"; DROP TABLE person; --', "%s :id {0}", "\u2028\x7f", "😀", "-0"])
def test_odd_names_are_looked_up_like_any(stage: Stage, value: str) -> None:
    assert name(stage, by_id(value), by_email(value)).missing == 2
    number = stage.person(value[:100], None)
    assert [entry.person_id for entry in name(stage, by_id(value[:100])).entries.rows()] == [number]


def test_long_names_are_shown_in_part(stage: Stage) -> None:
    named = name(stage, by_id("x" * 5_000), by_email("y" * 5_000))
    assert [len(error.text) for error in named.errors] == [150 + 24, 150 + 18]


def test_nothing_names_nobody(stage: Stage) -> None:
    named = name(stage)
    assert (len(named.entries), named.errors, named.malformed, named.missing) == (0, (), 0, 0)
