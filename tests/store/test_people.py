# SPDX-License-Identifier: Apache-2.0
"""People, devices, events, suppression, segments, snippets: found, changed and gone on both engines alike."""

import sqlite3
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest

from clarion.domain.people import Device, IdKind, Person, Reference, cio_id, merge
from clarion.store import access, people, segments, snippets
from clarion.store.access import Workspace
from clarion.store.engine import Store, Transaction
from clarion.store.numbers import PersonNumbers
from clarion.store.people import PersonEvent

from .ledgers import together


@pytest.fixture
def numbers(store: Store) -> PersonNumbers:
    return PersonNumbers(store)


@pytest.fixture
def shared(store: Store) -> Workspace:
    """A workspace where several people may have one address."""
    return store.write(lambda tx: access.create_workspace(tx, "Shared", "id", access.random_keys()))


def person(number: int, id: str | None = None, email: str | None = None, **attributes: Any) -> Person:  # noqa: A002
    return Person(number, id, email, merge({}, attributes), dict.fromkeys(attributes, 5), 0)


def add(store: Store, workspace: Workspace, *some: Person) -> None:
    store.write(lambda tx: people.insert(tx, workspace, some))


def found(store: Store, workspace: Workspace, kind: IdKind, value: str) -> list[Person]:
    return store.read(lambda tx: people.find(tx, workspace, Reference(kind, value)))


def test_found_by_every_identifier(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    one, two = numbers.take(workspace.workspace_id, 2)
    anna = person(one, "007", "Änna@Example.COM", plan="gold", n=1.5, deep={"a": [1, None, "\0x"]}, quote='"\\')
    add(store, workspace, anna, person(two, "bert"))
    for kind, value in [
        (IdKind.ID, "007"),
        (IdKind.EMAIL, "Änna@Example.COM"),
        (IdKind.EMAIL, "äNNA@example.com"),
        (IdKind.CIO_ID, cio_id(one)),
        (IdKind.CIO_ID, "cio_" + cio_id(one)),
    ]:
        (stored,) = found(store, workspace, kind, value)
        assert replace(stored, created_ms=0) == anna
        assert stored.created_ms > 0
    for kind, value in [
        (IdKind.ID, "7"),
        (IdKind.ID, "BERT"),
        (IdKind.EMAIL, "anna@example.com"),
        (IdKind.EMAIL, "' OR 1=1 --"),
        (IdKind.CIO_ID, "zz"),
        (IdKind.CIO_ID, "fffffffffffffff"),
    ]:
        assert found(store, workspace, kind, value) == []


def test_workspaces_are_apart(store: Store, workspace: Workspace, shared: Workspace, numbers: PersonNumbers) -> None:
    (number,) = numbers.take(workspace.workspace_id)
    add(store, workspace, person(number, "a", "a@x"))
    for kind, value in [(IdKind.ID, "a"), (IdKind.EMAIL, "a@x"), (IdKind.CIO_ID, cio_id(number))]:
        assert len(found(store, workspace, kind, value)) == 1
        assert found(store, shared, kind, value) == []
    assert store.write(lambda tx: people.lock(tx, shared, number)) is None
    assert store.read(lambda tx: people.last_person(tx, workspace)) == number
    assert store.read(lambda tx: people.last_person(tx, shared)) == 0


def test_an_address_belongs_to_one_person(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    one, two = numbers.take(workspace.workspace_id, 2)
    add(store, workspace, person(one, "a", "Straße@x"))
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        add(store, workspace, person(two, "b", "STRASSE@X"))
    assert found(store, workspace, IdKind.ID, "b") == []


def test_an_address_may_be_shared(store: Store, shared: Workspace, numbers: PersonNumbers) -> None:
    one, two = numbers.take(shared.workspace_id, 2)
    add(store, shared, person(two, "b", "A@x"), person(one, "a", "a@X"))
    assert [p.id for p in found(store, shared, IdKind.EMAIL, "a@x")] == ["a", "b"]
    assert store.read(lambda tx: people.numbers_by_email(tx, shared, ["a@X", "A@x", "?"])) == {"a@x": [one, two]}
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        add(store, shared, person(numbers.take(shared.workspace_id)[0], "a"))


def test_many_are_found_at_once(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    taken = numbers.take(workspace.workspace_id, 300)
    add(store, workspace, *[person(number, f'ü"{n}\\', f"P{n}@x.org") for n, number in enumerate(taken)])
    ids = {f'ü"{n}\\': number for n, number in enumerate(taken)}
    assert store.read(lambda tx: people.numbers_by_id(tx, workspace, [*ids, "nobody"])) == ids
    by_email = store.read(lambda tx: people.numbers_by_email(tx, workspace, [f"p{n}@X.org" for n in range(300)]))
    assert by_email == {f"p{n}@x.org": [number] for n, number in enumerate(taken)}
    named = store.read(lambda tx: people.identifiers(tx, [*taken, 1]))
    assert named[taken[3]] == people.Identifiers(taken[3], 'ü"3\\', "P3@x.org")
    assert sorted(named) == taken
    assert store.read(lambda tx: people.numbers_by_id(tx, workspace, [])) == {}


def test_a_concurrent_merge_loses_nothing(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    (number,) = numbers.take(workspace.workspace_id)
    add(store, workspace, person(number, "a"))

    def change(name: str) -> None:
        def work(tx: Transaction) -> None:
            stored = people.lock(tx, workspace, number)
            assert stored is not None
            changed = replace(stored, attributes=merge(stored.attributes, {name: stored.attributes.get(name, 0) + 1}))
            people.update(tx, workspace, changed)

        for _ in range(5):
            store.write(work)

    together(*[lambda name=name: change(name) for name in "abcdef"])
    (stored,) = found(store, workspace, IdKind.ID, "a")
    assert stored.attributes == dict.fromkeys("abcdef", 5)


def test_two_callers_create_one_person(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    def identify(name: str) -> None:
        (number,) = numbers.take(workspace.workspace_id)

        def work(tx: Transaction) -> None:
            known = people.find(tx, workspace, Reference(IdKind.ID, "new"))
            if not known:
                people.insert(tx, workspace, [Person(number, "new", None, {name: 1}, {}, 0)])
                return
            stored = people.lock(tx, workspace, known[0].person_id)
            assert stored is not None
            people.update(tx, workspace, replace(stored, attributes=merge(stored.attributes, {name: 1})))

        store.write(work)

    together(*[lambda name=name: identify(name) for name in "abcd"])
    (stored,) = found(store, workspace, IdKind.ID, "new")
    assert stored.attributes == dict.fromkeys("abcd", 1)


def test_a_change_is_stored_whole(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    (number,) = numbers.take(workspace.workspace_id)
    add(store, workspace, person(number, "a", "a@x", plan="gold"))
    changed = person(number, None, "New@x", unsubscribed="TRUE")
    store.write(lambda tx: people.update(tx, workspace, changed))
    assert found(store, workspace, IdKind.ID, "a") == found(store, workspace, IdKind.EMAIL, "a@x") == []
    (stored,) = found(store, workspace, IdKind.EMAIL, "new@x")
    assert replace(stored, created_ms=0) == changed
    (row,) = store.read(lambda tx: tx.composed("SELECT unsubscribed FROM person", {}))
    assert row["unsubscribed"] == 1


def test_devices_and_events(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    (number,) = numbers.take(workspace.workspace_id)
    add(store, workspace, person(number, "a"))
    phone, tablet = Device("t2", "ios", None, {}), Device("t1", "android", 5, {"v": 1})

    def work(tx: Transaction) -> None:
        for device in (phone, tablet, replace(phone, last_used=9)):
            people.save_device(tx, number, device)
        for name in ("bought", "again"):
            people.add_events(tx, [PersonEvent(number, "e1", 1, "event", name, {"é": 1})] * 2)

    store.write(work)
    assert [row["name"] for row in store.read(lambda tx: tx.composed("SELECT name FROM person_event", {}))] == [
        "bought"
    ]
    assert store.read(lambda tx: people.devices(tx, number)) == [tablet, replace(phone, last_used=9)]
    store.write(lambda tx: people.delete_device(tx, number, "t1"))
    assert [d.token for d in store.read(lambda tx: people.devices(tx, number))] == ["t2"]


def test_suppression(store: Store, workspace: Workspace, shared: Workspace) -> None:
    address, name = Reference(IdKind.EMAIL, "A@X"), Reference(IdKind.ID, "A")

    def work(tx: Transaction) -> None:
        people.suppress(tx, workspace, address, 11)
        people.suppress(tx, workspace, address, 12)  # the first stays
        people.suppress(tx, workspace, name, None)

    store.write(work)

    def check(tx: Transaction) -> None:
        found = people.blocked(tx, workspace, ids=["A", "a"], emails=["a@x", "b@x"])
        assert found == {(IdKind.ID, "A"), (IdKind.EMAIL, "a@x")}
        assert people.blocked(tx, shared, ids=["A"], emails=["a@x"]) == set()
        assert people.suppressed_among(tx, [10, 11, 12]) == {11}

    store.read(check)
    store.write(lambda tx: people.unsuppress(tx, workspace, Reference(IdKind.EMAIL, "a@X")))
    assert store.read(lambda tx: people.blocked(tx, workspace, ids=[], emails=["a@x"])) == set()


def sizes(store: Store, workspace: Workspace) -> dict[str, int]:
    """Each segment's size, once it is certain that it is its number of memberships."""

    def check(tx: Transaction) -> dict[str, int]:
        stored = segments.listing(tx, workspace)
        text = "SELECT COUNT(*) AS n FROM segment_member WHERE segment_id = :segment"
        for segment in stored:
            (row,) = tx.composed(text, {"segment": segment.segment_id})
            assert row["n"] == segment.size
        return {segment.name: segment.size for segment in stored}

    return store.read(check)


def test_sizes_move_with_memberships(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    a, b, c = numbers.take(workspace.workspace_id, 3)
    add(store, workspace, person(a, "a"), person(b, "b", "b@x"), person(c, "c"))
    vip, all_ = (
        store.write(partial(segments.create, workspace=workspace, name=n, description="why")) for n in ("vip", "all")
    )

    def work(tx: Transaction) -> list[list[int]]:
        return [
            segments.add(tx, vip.segment_id, [a, b, a]),
            segments.add(tx, vip.segment_id, [b, c]),
            segments.add(tx, all_.segment_id, [a]),
            segments.add(tx, all_.segment_id, []),
            segments.remove(tx, vip.segment_id, [c, 99]),
            segments.remove(tx, vip.segment_id, [c]),
        ]

    assert store.write(work) == [[a, b], [c], [a], [], [c], []]
    assert sizes(store, workspace) == {"vip": 2, "all": 1}
    assert store.read(lambda tx: segments.of_person(tx, a)) == [
        (vip.segment_id, "vip", "why"),
        (all_.segment_id, "all", "why"),
    ]
    page = store.read(lambda tx: segments.members(tx, vip.segment_id, a, 10))
    assert page == [people.Identifiers(b, "b", "b@x")]

    store.write(lambda tx: people.delete(tx, a))
    assert sizes(store, workspace) == {"vip": 1, "all": 0}
    assert found(store, workspace, IdKind.ID, "a") == []
    assert store.write(lambda tx: segments.delete(tx, workspace, vip.segment_id))
    assert not store.write(lambda tx: segments.delete(tx, workspace, vip.segment_id))
    assert sizes(store, workspace) == {"all": 0}
    assert store.read(lambda tx: segments.of_person(tx, b)) == []


def test_a_person_goes_with_all_they_had(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    one, two = numbers.take(workspace.workspace_id, 2)
    add(store, workspace, person(one, "a"), person(two, "b"))
    for number in (one, two):
        store.write(partial(people.save_device, person_id=number, device=Device("t", "ios", None, {})))
        store.write(partial(people.add_events, events=[PersonEvent(number, "e", 1, "event", "x", {})]))
    store.write(lambda tx: people.delete(tx, one))

    def left(tx: Transaction) -> list[list[int]]:
        tables = ("person", "device", "person_event")
        return [[row["person_id"] for row in tx.composed(f"SELECT person_id FROM {table}", {})] for table in tables]

    assert store.read(left) == [[two]] * 3


def test_sizes_hold_when_all_change_at_once(store: Store, workspace: Workspace, numbers: PersonNumbers) -> None:
    taken = numbers.take(workspace.workspace_id, 12)
    add(store, workspace, *[person(number, str(number)) for number in taken])
    made = [store.write(partial(segments.create, workspace=workspace, name=n, description="")) for n in ("x", "y")]
    ids = [segment.segment_id for segment in made]
    for segment_id in ids:
        store.write(partial(segments.add, segment_id=segment_id, person_ids=taken))

    def remove() -> None:
        for number in taken:
            for segment_id in reversed(ids):
                store.write(partial(segments.remove, segment_id=segment_id, person_ids=[number]))

    def delete() -> None:
        for number in taken[:6]:
            store.write(partial(people.delete, person_id=number))

    together(remove, delete, remove)
    assert sizes(store, workspace) == {"x": 0, "y": 0}


def test_snippets(store: Store, workspace: Workspace, shared: Workspace) -> None:
    def work(tx: Transaction) -> None:
        for name, value in (("b", "1"), ("a", "{{x}} 100% :y"), ("b", "2")):
            assert snippets.save(tx, workspace, name, value).value == value

    store.write(work)
    assert [(s.name, s.value) for s in store.read(lambda tx: snippets.listing(tx, workspace))] == [
        ("a", "{{x}} 100% :y"),
        ("b", "2"),
    ]
    assert store.read(lambda tx: snippets.listing(tx, shared)) == []
    assert not store.write(lambda tx: snippets.delete(tx, shared, "a"))
    assert store.write(lambda tx: snippets.delete(tx, workspace, "a"))
    assert not store.write(lambda tx: snippets.delete(tx, workspace, "a"))
